//! The act of destruction and the extract from the log: what proves that a person's data are gone.
//!
//! Order of Roskomnadzor of 28.10.2022 № 179: an act with items а–к (п. 3), an extract from the
//! event log with items а–д (п. 5); what the extract lacks stands in the act (п. 6); both are kept
//! for three years (п. 8). The executor of a plan says what it did ([`ActFacts`]); `cases` adds
//! what the house says of itself and stores both documents as one record.

mod categories;
mod extract;
mod house;
mod number;
mod record;

use std::fmt;

use jiff::{Timestamp, ToSpan, civil::Date};
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::ids::{AuditEventId, ContactId};
use crate::words::words;

pub use categories::categories_of;
pub use extract::Extract;
pub use house::{ActHouse, Lack, SubjectShown};
pub use number::{ActNumber, InvalidActNumber};
pub use record::{Act, ActKind, NoAct};

/// How data were done away with (item з).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Destroyed: rows removed, keys destroyed.
    Destroy,
    /// What tells who it was is destroyed; what counts stays.
    Anonymise,
}

words!(Method { Destroy => "destroy", Anonymise => "anonymise" });

/// Whose data were destroyed (item в): a name, or other information that tells whose.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActSubject {
    /// The code by which the records of the house know this person, such as `contact-17`.
    pub code: String,
    /// The first bytes of the keyed digest of the address, in hex: who has the key can tell
    /// whether an address is the one meant; nobody else can.
    pub digest: Option<String>,
    /// The full name; only where the administrator chose names for acts.
    pub name: Option<String>,
}

impl fmt::Debug for ActSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ActSubject({}, ***)", self.code)
    }
}

impl ActSubject {
    /// The person known as a contact, or else by the number of a ticket; `stop` is the keyed
    /// digest of the address.
    #[must_use]
    pub fn new(contact: Option<ContactId>, ticket_number: &str, stop: Option<Digest>) -> Self {
        let code = contact.map_or_else(|| ticket_number.to_owned(), |id| format!("contact-{id}"));
        let digest = stop.map(|stop| {
            let short: String = stop.bytes[..8].iter().map(|byte| format!("{byte:02x}")).collect();
            format!("{}:{short}", stop.key.0)
        });
        Self { code, digest, name: None }
    }

    /// With the full name, which the act shows only where the administrator chose names.
    #[must_use]
    pub fn named(self, name: Option<String>) -> Self {
        Self { name: name.filter(|name| !name.trim().is_empty()), ..self }
    }
}

/// Somebody with name and address: a processor (item б).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActParty {
    /// Its name.
    pub name: String,
    /// Its address.
    pub address: String,
}

/// Somebody who destroyed (item г).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActPerson {
    /// The word by which the audit log knows them.
    pub actor: String,
    /// Full name, from the configuration.
    pub name: String,
    /// Post, from the configuration.
    pub post: String,
}

/// Somebody who was given the data, or has them in a system of ours, and was told that they are
/// destroyed (152-FZ art. 20(3), GDPR art. 19).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActInformed {
    /// The name.
    pub name: String,
    /// `system`, `processor`, `third_party` or `authority`.
    pub role: String,
    /// When it was told; none while it was not.
    pub told_at: Option<Timestamp>,
    /// When it said that it is done.
    pub acknowledged_at: Option<Timestamp>,
    /// What became of it where it was not acknowledged, in one word: `sent`, `impossible`,
    /// `dropped` …
    pub state: String,
}

/// What became of one kind of record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActPart {
    /// The kind, in the word of the plan: `contact`, `raw_mail` …
    pub part: String,
    /// `destroy`, `anonymise`, `keep` or `tell`.
    pub action: String,
    /// How many there were when it was done: those that are destroyed and those that are kept.
    pub found: i64,
    /// How many were destroyed or made anonymous.
    pub done: i64,
    /// How many are kept.
    pub kept: i64,
    /// Why they are kept, in one word; empty when none are.
    pub basis: String,
    /// The law that says so.
    pub law: String,
    /// The last day on which they are kept.
    pub keep_until_on: Option<Date>,
    /// When it was done.
    pub done_at: Option<Timestamp>,
}

/// What the executor of a plan knows once all is done and verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActFacts {
    /// The number of the ticket.
    pub ticket_number: String,
    /// The regimes that protect this person, such as `ru-152fz`; `eu-gdpr` among them asks for
    /// an English record beside the act.
    pub regimes: Vec<String>,
    /// Whose data, without the name (that comes from before the destruction).
    pub subject: ActSubject,
    /// Processors on whose systems data were destroyed too.
    pub processors: Vec<ActParty>,
    /// Who was told of the destruction: connected systems, processors, other recipients.
    pub informed: Vec<ActInformed>,
    /// Who decided and carried out, as the audit log knows them.
    pub executed_by: Vec<String>,
    /// Categories of data, as words; empty: those of the parts.
    pub categories: Vec<String>,
    /// How.
    pub method: Method,
    /// With what; empty: the product itself with its version.
    pub tool: String,
    /// Why: the word of the request, such as `erasure`.
    pub reason: String,
    /// The law that orders it, such as `152-FZ art. 21(5)`.
    pub law: String,
    /// When everything was asked for once more.
    pub asked_again_at: Option<Timestamp>,
    /// When the last part was destroyed.
    pub destroyed_at: Timestamp,
    /// What became of what.
    pub parts: Vec<ActPart>,
}

/// The last day on which an act and its extract are kept: three years from the destruction
/// (order 179, п. 8), the end of February clamped.
#[must_use]
pub fn kept_until(destroyed_on: Date) -> Date {
    destroyed_on.saturating_add(3.years())
}

/// A line of the log extract: one event of the audit log about this destruction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExtractLine {
    /// Its row in the audit log.
    pub event: AuditEventId,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// What was done.
    pub act: String,
    /// To what, as `thing:id`.
    pub about: String,
    /// More: ids, words and counts, as JSON.
    pub detail: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_told_by_code_and_part_of_a_digest() {
        let digest = Digest { key: crate::digest::DigestKeyId(1), bytes: [0xab; 32] };
        let subject = ActSubject::new(Some(ContactId(17)), "CT-1", Some(digest));
        assert_eq!(subject.code, "contact-17");
        assert_eq!(subject.digest.as_deref(), Some("1:abababababababab"));
        let named = subject.named(Some("Анна Орлова".into()));
        assert!(!format!("{named:?}").contains("Орлова"));
    }

    #[test]
    fn three_years_after_a_leap_day_is_the_end_of_february() {
        let leap = jiff::civil::date(2028, 2, 29);
        assert_eq!(kept_until(leap), jiff::civil::date(2031, 2, 28));
    }
}
