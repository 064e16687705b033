//! Lists and their consent texts, as people of ours make them.
//!
//! A text is never changed: a new wording is a new version, and what was consented to stays as it
//! was. Every text names the advertiser (38-FZ art. 18).

use domain::{
    block::Purpose,
    ids::{ConsentTextId, ListId},
    language::Locale,
};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use store::{
    StoreError,
    consent_texts::{ConsentTextRow, NewText},
    lists::{ListCounts, ListRow, NewList},
};

use crate::{Cases, CasesError};

/// Longest name of a list: it becomes part of a List-Id and of stop words.
const LONGEST_NAME: usize = 40;
/// The languages of pages and mails.
const LOCALES: [Locale; 2] = [Locale::Ru, Locale::En];
/// Longest title and advertiser.
const LONGEST_LINE: usize = 200;
/// Longest text or policy, in bytes.
pub(crate) const LONGEST_BODY: usize = 200_000;

/// A list to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListToAdd {
    /// Its name: 1 to 40 of `a` to `z`, digits and hyphens; never reused.
    pub name: String,
    /// Its purpose.
    pub purpose: Purpose,
    /// Its title in Russian.
    pub title_ru: String,
    /// Its title in English.
    pub title_en: String,
    /// Who advertises.
    pub advertiser: String,
    /// Who may subscribe.
    pub entrance: Entrance,
}

/// Who may subscribe to a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entrance {
    /// Anybody, on the page.
    Open,
    /// Only whom we import.
    Closed,
}

/// A list with its texts and how many subscriptions it has.
#[derive(Debug, Clone)]
pub struct ListView {
    /// Its row.
    pub row: ListRow,
    /// Its subscriptions, counted.
    pub counts: ListCounts,
    /// Its consent texts, every version.
    pub texts: Vec<ConsentTextRow>,
    /// What keeps an open one from being shown; of a closed or archived one nothing is told.
    pub lacking: Vec<Lacking>,
}

/// Why a list that is meant to be open is not, in one language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lacking {
    /// The language.
    pub locale: Locale,
    /// What is not there.
    pub what: Missing,
}

/// What a list needs before anybody can subscribe to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// A consent text in that language.
    ConsentText,
    /// A version of the policy that holds now, in that language.
    Policy,
}

impl Missing {
    /// The word for programs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ConsentText => "consent_text",
            Self::Policy => "policy",
        }
    }
}

impl ListView {
    /// The languages in which anybody can subscribe to it now.
    #[must_use]
    pub fn open_in(&self) -> Vec<Locale> {
        if !self.is_meant_to_be_open() {
            return Vec::new();
        }
        let mut locales = LOCALES.to_vec();
        locales.retain(|locale| self.lacking.iter().all(|lacking| lacking.locale != *locale));
        locales
    }

    fn is_meant_to_be_open(&self) -> bool {
        self.row.is_open && self.row.archived_at.is_none()
    }
}

/// A consent text that was written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextAdded {
    /// Its row.
    pub id: ConsentTextId,
    /// Its number.
    pub version: i64,
    /// SHA-256 of its words in UTF-8.
    pub sha256: [u8; 32],
}

impl Cases {
    /// Makes a list.
    ///
    /// # Errors
    /// [`CasesError::Refused`] when name, purpose, titles or advertiser cannot stand, or the name
    /// was ever used.
    pub async fn add_list(&self, list: &ListToAdd, actor: &str) -> Result<ListId, CasesError> {
        check(list)?;
        let now = self.parts.clock.now();
        let new = NewList {
            name: &list.name,
            purpose: list.purpose,
            title_ru: list.title_ru.trim(),
            title_en: list.title_en.trim(),
            advertiser: list.advertiser.trim(),
            is_open: list.entrance == Entrance::Open,
            created_by: actor,
        };
        let transaction = self.store().begin().await?;
        let id = match store::lists::add(&transaction, &new, now).await {
            Err(StoreError::Duplicate { .. }) => {
                let reason = format!("the name `{}` was used before: choose another", list.name);
                return Err(CasesError::Refused { rule: "list_exists", reason });
            }
            other => other?,
        };
        let detail = json!({ "name": list.name, "purpose": list.purpose.name() });
        let subject = format!("list:{id}");
        store::audit::append(&transaction, actor, "made", &subject, &detail, now).await?;
        transaction.commit().await?;
        Ok(id)
    }

    /// All lists, by name.
    ///
    /// # Errors
    /// [`CasesError::Store`].
    pub async fn lists(&self) -> Result<Vec<ListView>, CasesError> {
        let mut views = Vec::new();
        for row in store::lists::all(self.store()).await? {
            views.push(self.view_of(row).await?);
        }
        Ok(views)
    }

    /// One list.
    ///
    /// # Errors
    /// [`CasesError::NotFound`].
    pub async fn list(&self, name: &str) -> Result<ListView, CasesError> {
        let row = store::lists::by_name(self.store(), name).await?;
        self.view_of(row.ok_or_else(|| unknown(name))?).await
    }

    async fn view_of(&self, row: ListRow) -> Result<ListView, CasesError> {
        let counts = store::lists::counts(self.store(), row.id).await?;
        let texts = store::consent_texts::of_list(self.store(), row.id).await?;
        let mut view = ListView { row, counts, texts, lacking: Vec::new() };
        if view.is_meant_to_be_open() {
            view.lacking = self.lacking(&view.texts).await?;
        }
        Ok(view)
    }

    async fn lacking(&self, texts: &[ConsentTextRow]) -> Result<Vec<Lacking>, CasesError> {
        let now = self.parts.clock.now();
        let mut lacking = Vec::new();
        for locale in LOCALES {
            if !texts.iter().any(|text| text.locale == locale) {
                lacking.push(Lacking { locale, what: Missing::ConsentText });
            }
            if store::policies::current(self.store(), locale, now).await?.is_none() {
                lacking.push(Lacking { locale, what: Missing::Policy });
            }
        }
        Ok(lacking)
    }

    /// Ends a list: it is not shown any more and its name is not used again.
    ///
    /// # Errors
    /// [`CasesError::NotFound`]; [`CasesError::Refused`] when it is archived already, or by
    /// `list_in_use` while a campaign of it waits for its time or goes out.
    pub async fn archive_list(&self, name: &str, actor: &str) -> Result<(), CasesError> {
        let now = self.parts.clock.now();
        let transaction = self.store().begin().await?;
        let row = store::lists::by_name(&transaction, name).await?;
        let row = row.ok_or_else(|| unknown(name))?;
        store::lists::lock(&transaction, row.id).await?;
        if row.archived_at.is_some() {
            return Err(archived(name));
        }
        let campaigns = store::lists::campaigns_under_way(&transaction, row.id).await?;
        if !campaigns.is_empty() {
            let names = campaigns.join("`, `");
            let reason = format!("campaigns of this list are under way: cancel `{names}` first");
            return Err(CasesError::Refused { rule: "list_in_use", reason });
        }
        store::lists::archive(&transaction, row.id, now).await?;
        let subject = format!("list:{}", row.id);
        store::audit::append(&transaction, actor, "archived", &subject, &json!({}), now).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Writes the next version of a list's consent text, word for word.
    ///
    /// # Errors
    /// [`CasesError::NotFound`]; [`CasesError::Refused`] when the text is empty, too long, the
    /// same as the last version or does not name the advertiser, or the list is archived.
    pub async fn add_consent_text(
        &self,
        list: &str,
        locale: Locale,
        body: &str,
        actor: &str,
    ) -> Result<TextAdded, CasesError> {
        check_body("consent_text", body)?;
        let now = self.parts.clock.now();
        let transaction = self.store().begin().await?;
        let row = store::lists::by_name(&transaction, list).await?;
        let row = row.ok_or_else(|| unknown(list))?;
        if row.archived_at.is_some() {
            return Err(archived(list));
        }
        if !squeezed(body).contains(&squeezed(&row.advertiser)) {
            let reason = format!(
                "the text does not name the advertiser `{}` (38-FZ art. 18): write it out in full",
                row.advertiser
            );
            return Err(CasesError::Refused { rule: "text_names_advertiser", reason });
        }
        let sha256: [u8; 32] = Sha256::digest(body.as_bytes()).into();
        let newest = store::consent_texts::newest(&transaction, row.id, locale).await?;
        if newest.is_some_and(|newest| newest.sha256 == sha256) {
            let reason = "it is the last version, word for word".to_owned();
            return Err(CasesError::Refused { rule: "text_unchanged", reason });
        }
        let text = NewText { body, advertiser: &row.advertiser, sha256, created_by: actor };
        let (id, version) =
            store::consent_texts::add(&transaction, row.id, locale, &text, now).await?;
        let detail = json!({
            "list": row.id, "version": version, "locale": locale.code(), "sha256": hex::encode(sha256),
        });
        let subject = format!("consent_text:{id}");
        store::audit::append(&transaction, actor, "made", &subject, &detail, now).await?;
        transaction.commit().await?;
        Ok(TextAdded { id, version, sha256 })
    }
}

fn check(list: &ListToAdd) -> Result<(), CasesError> {
    let refuse = |rule, reason: &str| Err(CasesError::Refused { rule, reason: reason.to_owned() });
    let is_word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let name = &list.name;
    let fits = (1..=LONGEST_NAME).contains(&name.len())
        && name.bytes().all(is_word)
        && !name.starts_with('-')
        && !name.ends_with('-');
    if !fits {
        return refuse("list_name", "a name is 1 to 40 of a-z, 0-9 and hyphens between them");
    }
    if matches!(list.purpose, Purpose::Feedback | Purpose::TrainingAccess) {
        return refuse(
            "list_purpose",
            "a list is for newsletter, partner_offers, research or training_mail",
        );
    }
    for line in [&list.title_ru, &list.title_en, &list.advertiser] {
        let length = line.trim().chars().count();
        if !(1..=LONGEST_LINE).contains(&length) || line.chars().any(char::is_control) {
            return refuse(
                "list_words",
                "titles and advertiser are one line of 1 to 200 characters each",
            );
        }
    }
    Ok(())
}

/// Whether a text can be shown and hashed as it is.
pub(crate) fn check_body(rule: &'static str, body: &str) -> Result<(), CasesError> {
    let odd = |c: char| (c.is_control() && !matches!(c, '\n' | '\r' | '\t')) || c == '\u{feff}';
    let reason = if body.trim().is_empty() {
        "it is empty"
    } else if body.len() > LONGEST_BODY {
        "it is longer than 200,000 bytes"
    } else if body.chars().any(odd) {
        "it has control characters or a byte order mark: save it as plain UTF-8"
    } else {
        return Ok(());
    };
    Err(CasesError::Refused { rule, reason: reason.to_owned() })
}

/// Lower case with single spaces, so that a line break inside a name does not hide it.
fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

fn unknown(name: &str) -> CasesError {
    CasesError::NotFound { what: "list", id: name.to_owned() }
}

fn archived(name: &str) -> CasesError {
    let reason = format!("the list `{name}` is archived: make another");
    CasesError::Refused { rule: "list_is_archived", reason }
}
