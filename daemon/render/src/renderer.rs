//! The renderer: built once at start, shared by every thread that writes to people.
//!
//! An operator's overrides are compiled and tried with sample values here, so a broken template
//! stops the start and not a letter that is owed by Friday.

use domain::language::Locale;
use serde::Serialize;
use serde_json::{Value, json};

use crate::assets;
use crate::campaign::CampaignTemplate;
use crate::checker::Allowance;
use crate::engine::{self, Engine, is_invisible};
use crate::error::RenderError;
use crate::folding::fold;
use crate::mail::{MailName, RenderedMail, sample};
use crate::page::PageName;
use crate::words;

const LOCALES: [Locale; 2] = [Locale::Ru, Locale::En];
const PARTIALS: &[&str] = &["head", "foot"];
const PARTIALS_FOLDER: &str = "page/parts/";
/// What the HTML of all letters shares: the style down to the first heading, and the foot.
const LETTER_PARTIALS: &[&str] = &["letter_top", "letter_foot_ru", "letter_foot_en"];
const LETTER_PARTIALS_FOLDER: &str = "mail/parts/";
const WORDS_FOLDER: &str = "page/words/";

/// One file of an operator's template directory.
#[derive(Debug, Clone)]
pub struct OverrideFile {
    /// Its path inside that directory, with `/`: `mail/ru/acknowledgement/body.txt.hbs`.
    pub name: String,
    /// Its content.
    pub text: String,
}

/// All templates.
#[derive(Debug)]
pub struct Renderer {
    engine: Engine,
    /// Page words per locale, in the order of `LOCALES`.
    words: Vec<Value>,
}

impl Renderer {
    /// No rendered text is longer, in bytes.
    pub const OUTPUT_LIMIT: usize = engine::OUTPUT_LIMIT;

    /// Takes the built-in templates, each replaced by its override if there is one, compiles the
    /// overrides, and renders every mail that they touch with sample values. (The built-in ones
    /// are compiled when they are first used, and tried by the tests.)
    ///
    /// # Errors
    /// [`RenderError`] of the first file that is refused.
    pub fn new(overrides: &[OverrideFile]) -> Result<Self, RenderError> {
        for file in overrides {
            if !assets::names().any(|name| name == file.name) {
                return Err(RenderError::UnknownTemplate { name: file.name.clone() });
            }
        }
        let own = |name: &str| overrides.iter().find(|file| file.name == name);
        let mut engine = Engine::default();
        for file in assets::names().filter(|name| name.ends_with(".hbs")) {
            let name = file.trim_end_matches(".hbs");
            let text = own(&file).map(|own| own.text.as_str());
            engine.add(registered_name(name), &file, text, allowance(name))?;
        }
        let mut words = Vec::new();
        for locale in LOCALES {
            let file = format!("{WORDS_FOLDER}{}.toml", locale.code());
            let mut base = words::read(&file, &assets::built_in(&file)?)?;
            if let Some(own) = own(&file) {
                words::lay_over(&file, &mut base, words::read(&file, &own.text)?)?;
            }
            words.push(base);
        }
        let renderer = Self { engine, words };
        renderer.try_mails(|folder| {
            let parts = LETTER_PARTIALS_FOLDER;
            overrides
                .iter()
                .any(|file| file.name.starts_with(folder) || file.name.starts_with(parts))
        })?;
        Ok(renderer)
    }

    /// Renders a mail. `context` is the struct of that name in [`crate::mail`].
    ///
    /// # Errors
    /// [`RenderError`]: a value is missing, a limit is passed, the subject breaks the line.
    pub fn mail(
        &self,
        name: MailName,
        locale: Locale,
        context: &impl Serialize,
    ) -> Result<RenderedMail, RenderError> {
        let folder = format!("mail/{}/{}", locale.code(), name.folder());
        let values = to_values(&folder, context)?;
        let subject_name = format!("{folder}/subject.txt");
        let subject = self.engine.render(&subject_name, &values)?;
        let subject = header_value(&subject_name, subject.trim())?;
        let text = fold(&self.engine.render(&format!("{folder}/body.txt"), &values)?);
        let html = match name.has_html() {
            true => Some(self.engine.render(&format!("{folder}/body.html"), &values)?),
            false => None,
        };
        Ok(RenderedMail { subject, text, html })
    }

    /// A layout of campaigns, with marks where the mails differ.
    pub(crate) fn campaign_layout(
        &self,
        file: &str,
        locale: Locale,
        values: &Value,
    ) -> Result<String, RenderError> {
        self.engine.render(&format!("mail/{}/campaign/{file}", locale.code()), values)
    }

    /// Renders a page. The template sees the fields of `context`, and `words` of the locale.
    ///
    /// # Errors
    /// [`RenderError`]: a value is missing or a limit is passed.
    pub fn page(
        &self,
        name: PageName,
        locale: Locale,
        context: &impl Serialize,
    ) -> Result<String, RenderError> {
        let name = format!("page/{}.html", name.file());
        let mut values = to_values(&name, context)?;
        if let Value::Object(fields) = &mut values {
            fields.insert("words".to_owned(), self.words_of(locale).clone());
            fields.insert("locale".to_owned(), json!(locale.code()));
        }
        self.engine.render(&name, &values)
    }

    /// One word of the pages by its dotted path, such as `errors.email_missing`.
    #[must_use]
    pub fn word(&self, locale: Locale, path: &str) -> Option<&str> {
        words::find(self.words_of(locale), path)
    }

    fn words_of(&self, locale: Locale) -> &Value {
        static NONE: Value = Value::Null;
        let place = LOCALES.iter().position(|known| *known == locale);
        place.and_then(|place| self.words.get(place)).unwrap_or(&NONE)
    }

    fn try_mails(&self, is_tried: impl Fn(&str) -> bool) -> Result<(), RenderError> {
        for locale in LOCALES {
            for name in MailName::ALL {
                if !is_tried(&format!("mail/{}/{}/", locale.code(), name.folder())) {
                    continue;
                }
                for context in sample::contexts(name, locale) {
                    self.mail(name, locale, &context)?;
                }
            }
            if is_tried(&format!("mail/{}/campaign/", locale.code())) {
                CampaignTemplate::try_layouts(self, locale)?;
            }
        }
        Ok(())
    }
}

/// A text that goes into a header of a mail: one line, nothing invisible in it.
fn header_value(name: &str, value: &str) -> Result<String, RenderError> {
    let breaks = |c: char| is_invisible(c) || matches!(c, '\u{2028}' | '\u{2029}');
    if value.is_empty() || value.chars().any(breaks) {
        return Err(RenderError::HeaderValue { name: name.to_owned() });
    }
    Ok(value.to_owned())
}

fn to_values(name: &str, context: &impl Serialize) -> Result<Value, RenderError> {
    serde_json::to_value(context).map_err(|_| RenderError::Failed {
        name: name.to_owned(),
        reason: "the context cannot be turned into values",
    })
}

/// Pages and the HTML of mails may use their partials; partials none, so there can be no cycle. The
/// body of a campaign comes into its layout as it is: it was checked, and is HTML in one of the two.
fn allowance(name: &str) -> Allowance {
    let is_page = name.starts_with("page/") && !name.starts_with(PARTIALS_FOLDER);
    let is_layout = name.starts_with("mail/") && name.contains("/campaign/layout.");
    let is_letter = name.starts_with("mail/") && name.ends_with("/body.html");
    Allowance {
        partials: match (is_page, is_letter) {
            (true, _) => PARTIALS,
            (false, true) => LETTER_PARTIALS,
            (false, false) => &[],
        },
        safe_values: if is_layout { &["body"] } else { &[] },
    }
}

/// Partials are called by their bare name, everything else by its path.
fn registered_name(name: &str) -> &str {
    let partial = name.strip_prefix(PARTIALS_FOLDER);
    match partial.or_else(|| name.strip_prefix(LETTER_PARTIALS_FOLDER)) {
        Some(partial) => partial.trim_end_matches(".html"),
        None => name,
    }
}

#[cfg(test)]
mod tests;
