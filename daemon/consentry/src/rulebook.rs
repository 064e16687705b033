//! The rules as files: regimes, working calendars, language packs, templates, the form's rules.
//!
//! Built in, and widened or replaced by an operator's directories. Loaded by every command that
//! decides something; all mistakes of all files are told at once, with exit code 2.

use std::path::Path;
use std::sync::Arc;

use classify::{LazyPacks, OwnText, Packs};
use domain::calendar::WorkingCalendar;
use domain::language::Locale;
use domain::regime::{Regime, RequestName};
use domain::retention::RetentionTable;
use jiff::civil::Date;
use render::{OverrideFile, Renderer};
use web::FormRules;

use crate::config::Config;
use crate::failure::WrongUse;

const REGIMES: [(&str, &str); 2] = [
    ("ru-152fz.toml", include_str!("../../../config/regimes/ru-152fz.toml")),
    ("eu-gdpr.toml", include_str!("../../../config/regimes/eu-gdpr.toml")),
];
const CALENDARS: [(&str, &str); 2] = [
    ("ru.toml", include_str!("../../../config/calendars/ru.toml")),
    ("eu.toml", include_str!("../../../config/calendars/eu.toml")),
];

const RETENTION: &str = include_str!("../../../config/retention.toml");

/// All rules, read and checked.
#[derive(Debug, Clone)]
pub struct Rulebook {
    /// Every version of every regime.
    pub regimes: Vec<Regime>,
    /// The working calendars.
    pub calendars: Vec<WorkingCalendar>,
    /// The language packs.
    pub packs: Arc<LazyPacks>,
    /// The templates.
    pub renderer: Arc<Renderer>,
    /// How the form is guarded.
    pub form: FormRules,
    /// What is kept how long.
    pub retention: RetentionTable,
}

impl Rulebook {
    /// Reads everything that the configuration names.
    ///
    /// # Errors
    /// [`WrongUse`] lists every mistake of every file.
    pub fn load(config: &Config) -> Result<Self, WrongUse> {
        let mut problems = Vec::new();
        let rules = &config.rules;
        let regimes = load_regimes(rules.regimes_directory.as_deref(), &mut problems);
        let calendars = load_calendars(rules.calendars_directory.as_deref(), &mut problems);
        check_uses(config, &regimes, &calendars, &mut problems);
        let packs = keep(lazy_packs(rules.classifier_directory.as_deref()), &mut problems);
        let renderer = keep(load_templates(rules.templates_directory.as_deref()), &mut problems);
        let retention = keep(load_retention(config.retention.file.as_deref()), &mut problems);
        let form = keep(load_form(config.web.feedback_form.as_deref()), &mut problems);
        match (packs, renderer, form, retention) {
            (Some(packs), Some(renderer), Some(form), Some(retention)) if problems.is_empty() => {
                Ok(Self {
                    regimes,
                    calendars,
                    packs: Arc::new(packs),
                    renderer: Arc::new(renderer),
                    form,
                    retention,
                })
            }
            _ => Err(WrongUse(format!(
                "the rules have {} error(s):\n  {}",
                problems.len(),
                problems.join("\n  ")
            ))),
        }
    }

    /// What runs out soon, for alarms: calendars without days ahead, regimes due for review.
    #[must_use]
    pub fn due_for_care(&self, today: Date) -> Vec<(String, String)> {
        let mut care = Vec::new();
        for regime in &self.regimes {
            let id = regime.id();
            if regime.review_on().is_some_and(|review_on| review_on <= today) {
                let detail = format!("the regime `{id}` was to be compared with the law by now");
                care.push((format!("regime_review/{id}"), detail));
            }
            let calendar =
                self.calendars.iter().find(|calendar| calendar.id() == regime.calendar());
            // Thirty days and ten working days fit into three months, holidays included.
            if calendar.is_some_and(|calendar| calendar.days_covered_after(today) < 90) {
                let name = regime.calendar();
                let detail = format!(
                    "the working calendar `{name}` ends within 90 days; deadlines beyond are provisional until its next year is added"
                );
                care.push((format!("calendar_coverage/{name}"), detail));
            }
        }
        care.sort();
        care.dedup();
        care
    }
}

fn keep<T>(loaded: Result<T, Vec<String>>, problems: &mut Vec<String>) -> Option<T> {
    loaded.map_err(|found| problems.extend(found)).ok()
}

fn load_regimes(directory: Option<&Path>, problems: &mut Vec<String>) -> Vec<Regime> {
    let mut regimes: Vec<Regime> = Vec::new();
    for (name, text) in texts(&REGIMES, directory, problems) {
        match Regime::parse(&text) {
            Ok(regime) => {
                regimes.retain(|known| {
                    known.id() != regime.id() || known.version() != regime.version()
                });
                regimes.push(regime);
            }
            Err(error) => problems.extend(error.problems.iter().map(|p| format!("{name}: {p}"))),
        }
    }
    regimes
}

fn load_calendars(directory: Option<&Path>, problems: &mut Vec<String>) -> Vec<WorkingCalendar> {
    let mut calendars: Vec<WorkingCalendar> = Vec::new();
    for (name, text) in texts(&CALENDARS, directory, problems) {
        match WorkingCalendar::parse(&text) {
            Ok(calendar) => {
                calendars.retain(|known| known.id() != calendar.id());
                calendars.push(calendar);
            }
            Err(error) => problems.extend(error.problems.iter().map(|p| format!("{name}: {p}"))),
        }
    }
    calendars
}

fn check_uses(
    config: &Config,
    regimes: &[Regime],
    calendars: &[WorkingCalendar],
    problems: &mut Vec<String>,
) {
    for id in &config.rules.regimes {
        if !regimes.iter().any(|regime| regime.id() == id) {
            let known: Vec<&str> = regimes.iter().map(|regime| regime.id().as_str()).collect();
            problems.push(format!(
                "`regimes.use` has `{id}`, which no file has; known are {}",
                known.join(", ")
            ));
        }
    }
    for regime in regimes {
        if !calendars.iter().any(|calendar| calendar.id() == regime.calendar()) {
            problems.push(format!(
                "the regime `{}` wants the calendar `{}`, which no file has; add it",
                regime.id(),
                regime.calendar()
            ));
        }
    }
}

/// The built-in language packs, compiled when they are first used; those that an operator widens
/// are compiled here, so that a mistake stops the start.
fn lazy_packs(directory: Option<&Path>) -> Result<LazyPacks, Vec<String>> {
    match directory {
        None => Ok(LazyPacks::default()),
        Some(directory) => load_packs(Some(directory)).map(LazyPacks::from),
    }
}

/// The language packs, widened by the files of a directory.
///
/// # Errors
/// Every mistake of every file.
pub fn load_packs(directory: Option<&Path>) -> Result<Packs, Vec<String>> {
    parse_packs(&pack_texts(directory)?)
}

/// The files of a directory of language packs, as they stand.
///
/// # Errors
/// Every file that cannot be read.
pub fn pack_texts(directory: Option<&Path>) -> Result<Vec<(String, String)>, Vec<String>> {
    let mut problems = Vec::new();
    let own = texts(&[], directory, &mut problems);
    if problems.is_empty() { Ok(own) } else { Err(problems) }
}

/// The language packs, widened by the texts of files.
///
/// # Errors
/// Every mistake of every file.
pub fn parse_packs(own: &[(String, String)]) -> Result<Packs, Vec<String>> {
    let own: Vec<(&str, &str)> =
        own.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    Packs::load(&own).map_err(|error| error.0)
}

fn load_retention(file: Option<&Path>) -> Result<RetentionTable, Vec<String>> {
    let (name, text) = match file {
        None => ("retention.toml".to_owned(), RETENTION.to_owned()),
        Some(file) => {
            let name = file.display().to_string();
            let text = std::fs::read_to_string(file).map_err(|error| {
                vec![format!("`retention.file` names `{name}`, which cannot be read: {error}")]
            })?;
            (name, text)
        }
    };
    let parsed = RetentionTable::parse(&text);
    parsed.map_err(|problems| problems.iter().map(|p| format!("{name}: {p}")).collect())
}

fn load_form(file: Option<&Path>) -> Result<FormRules, Vec<String>> {
    let Some(file) = file else {
        return FormRules::parse(FormRules::BUILT_IN).map_err(|error| error.problems);
    };
    let name = file.display();
    let text = std::fs::read_to_string(file).map_err(|error| {
        vec![format!("`web.feedback_form` names `{name}`, which cannot be read: {error}")]
    })?;
    let parsed = FormRules::parse(&text);
    parsed.map_err(|error| error.problems.iter().map(|p| format!("{name}: {p}")).collect())
}

/// What our own mails say, for the classifier to know it when it comes back. Templates that
/// cannot be read are left out here: [`Rulebook::load`] tells of them.
pub fn own_text(templates_directory: Option<&Path>) -> OwnText {
    let mut files = Vec::new();
    if let Some(directory) = templates_directory
        && collect_templates(directory, "", &mut files).is_err()
    {
        files.clear();
    }
    let mut sources = render::mail_sources(&files);
    sources.extend(render::wording::owed_sources());
    let requests = RequestName::ALL.iter().flat_map(|name| {
        [Locale::Ru, Locale::En].map(|locale| render::wording::request(*name, locale))
    });
    OwnText::from_sources(sources.iter().map(String::as_str)).with_pieces(requests)
}

fn load_templates(directory: Option<&Path>) -> Result<Renderer, Vec<String>> {
    let mut files = Vec::new();
    if let Some(directory) = directory {
        collect_templates(directory, "", &mut files).map_err(|error| {
            let name = directory.display();
            vec![format!(
                "cannot read the templates in `{name}`: {error}; check `templates.directory`"
            )]
        })?;
    }
    Renderer::new(&files).map_err(|error| vec![error.to_string()])
}

fn collect_templates(
    directory: &Path,
    prefix: &str,
    files: &mut Vec<OverrideFile>,
) -> std::io::Result<()> {
    let mut entries: Vec<_> = std::fs::read_dir(directory)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let own_name = entry.file_name().to_string_lossy().into_owned();
        if own_name.starts_with('.') {
            continue;
        }
        let name = format!("{prefix}{own_name}");
        if entry.file_type()?.is_dir() {
            collect_templates(&entry.path(), &format!("{name}/"), files)?;
        } else {
            files.push(OverrideFile { name, text: std::fs::read_to_string(entry.path())? });
        }
    }
    Ok(())
}

/// The built-in texts, then the `*.toml` of a directory in the order of their names.
fn texts(
    built_in: &[(&str, &str)],
    directory: Option<&Path>,
    problems: &mut Vec<String>,
) -> Vec<(String, String)> {
    let mut texts: Vec<(String, String)> =
        built_in.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    let Some(directory) = directory else { return texts };
    let read = || -> std::io::Result<Vec<(String, String)>> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(directory)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "toml") {
                found.push((path.display().to_string(), std::fs::read_to_string(&path)?));
            }
        }
        found.sort();
        Ok(found)
    };
    match read() {
        Ok(found) => texts.extend(found),
        Err(error) => problems.push(format!(
            "cannot read the directory `{}`: {error}; check its path and rights",
            directory.display()
        )),
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::EXAMPLE;

    fn config_with(addition: &str) -> Config {
        Config::parse(&EXAMPLE.replace("[regimes]\n", &format!("[regimes]\n{addition}\n")))
            .unwrap_or_else(|problems| panic!("{problems:#?}"))
    }

    #[test]
    fn the_built_in_rules_are_in_order() {
        let book = Rulebook::load(&config_with("")).expect("in order");
        assert_eq!((book.regimes.len(), book.calendars.len()), (2, 2));
    }

    #[test]
    fn mistakes_of_all_files_are_told_at_once() {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::write(dir.path().join("a.toml"), "id = 3\n").expect("written");
        std::fs::write(dir.path().join("b.toml"), "colour = 'red'\n").expect("written");
        let path = dir.path().display();
        let config = config_with(&format!("use = [\"mars\"]\ndirectory = \"{path}\""));
        let told = Rulebook::load(&config).expect_err("three mistakes").to_string();
        for part in ["a.toml: `id`", "b.toml: `colour`", "`regimes.use` has `mars`"] {
            assert!(told.contains(part), "{part} is not in {told}");
        }
    }

    #[test]
    fn a_calendar_that_runs_out_and_a_review_that_is_due_are_told() {
        let book = Rulebook::load(&config_with("")).expect("in order");
        let names = |date: Date| -> Vec<String> {
            book.due_for_care(date).into_iter().map(|(name, _)| name).collect()
        };
        assert!(names(jiff::civil::date(2026, 11, 22)).is_empty());
        let later = names(jiff::civil::date(2027, 11, 22));
        assert!(later.contains(&"regime_review/ru-152fz".to_owned()), "{later:?}");
        assert!(later.contains(&"calendar_coverage/ru".to_owned()), "{later:?}");
    }
}
