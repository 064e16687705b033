//! The extract from the event log: items а–д of п. 5, and the events of the destruction.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{ActSubject, ExtractLine};

/// The extract from the event log (п. 5). Its text is what is hashed, byte for byte.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extract {
    /// а: whose data; the log knows no names.
    pub subject: String,
    /// б: categories of data.
    pub categories: Vec<String>,
    /// в: the system.
    pub system: String,
    /// г: why.
    pub reason: String,
    /// The law that orders it.
    pub law: String,
    /// д: the day.
    pub destroyed_on: Date,
    /// What the log says, oldest first.
    pub lines: Vec<ExtractLine>,
}

impl Extract {
    /// Its one form as text.
    #[must_use]
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Which items of п. 5 it lacks: they stand in the act (п. 6).
    #[must_use]
    pub fn lacks(&self, subject: &ActSubject) -> Vec<char> {
        let has = [
            ('а', !self.subject.is_empty() && subject.name.is_none()),
            ('б', !self.categories.is_empty()),
            ('в', !self.system.is_empty()),
            ('г', !self.reason.is_empty()),
            ('д', !self.lines.is_empty()),
        ];
        has.into_iter().filter(|(_, has)| !has).map(|(item, _)| item).collect()
    }
}

/// Whose data, as the extract says it: the log knows no names.
pub(super) fn extract_subject(subject: &ActSubject) -> String {
    let digest = subject.digest.as_ref().map(|digest| format!(", HMAC {digest}"));
    format!("{}{}", subject.code, digest.unwrap_or_default())
}

/// SHA-256 of a text, in hex.
pub(super) fn hex_of(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
