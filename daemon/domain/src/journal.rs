//! What the stop journal holds of a stop: who by digests, what by words, and its number.
//!
//! Filing and the console make an intent before they commit a stop; the vault appends it to the
//! journal outside the database; the database gives back what the journal lacks. None of these
//! types can carry an address: digests are keyed, and scope words cannot spell one.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::digest::AddressDigests;
use crate::ids::{JournalEntryId, StopNumber};

/// Whether mail is to halt, may go again, or whose data are gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopAct {
    /// A block, suppression, withdrawal, unsubscribe, pause or cancel.
    Stop,
    /// An earlier stop of the same digests and scope ends.
    Lift,
    /// The data of the address were erased.
    Erasure,
}

impl StopAct {
    /// The word under which the act is stored.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Lift => "lift",
            Self::Erasure => "erasure",
        }
    }

    /// Reads a stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Stop, Self::Lift, Self::Erasure].into_iter().find(|act| act.word() == word)
    }
}

/// What a stop covers, in our own words, such as `full`, `marketing`, `purposes:newsletter`,
/// `suppression:erased` or `campaign:17`.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ScopeWords(String);

/// A text is not made of scope words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "scope words are 1 to {} characters of a-z, 0-9, space and `_:,.-`",
    ScopeWords::MAX_LENGTH
)]
pub struct InvalidScopeWords;

impl ScopeWords {
    /// The longest text allowed, in bytes.
    pub const MAX_LENGTH: usize = 256;

    /// Reads scope words.
    ///
    /// # Errors
    /// [`InvalidScopeWords`] when the text is empty, too long, or has any other character:
    /// without `@` and letters of other scripts no address or name of a person gets in.
    pub fn parse(text: &str) -> Result<Self, InvalidScopeWords> {
        let allowed = |b: u8| {
            b.is_ascii_lowercase()
                || b.is_ascii_digit()
                || matches!(b, b' ' | b'_' | b':' | b',' | b'.' | b'-')
        };
        let fits = (1..=Self::MAX_LENGTH).contains(&text.len());
        if fits && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidScopeWords)
        }
    }

    /// The words as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ScopeWords {
    type Error = InvalidScopeWords;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<ScopeWords> for String {
    fn from(words: ScopeWords) -> Self {
        words.0
    }
}

impl fmt::Display for ScopeWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ScopeWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ScopeWords({})", self.0)
    }
}

/// A stop that is about to be committed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopIntent {
    /// The id that journal and database share.
    pub id: JournalEntryId,
    /// When it was decided.
    pub at: Timestamp,
    /// What it does.
    pub act: StopAct,
    /// Whom it concerns, under every digest key in use; may be empty (a campaign's cancel).
    pub digests: Vec<AddressDigests>,
    /// What it covers.
    pub scope: ScopeWords,
}

/// A stop that the database has committed, with the number it got there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommittedStop {
    /// Its place in the one sequence of all stops.
    pub number: StopNumber,
    /// What was intended, and done.
    pub intent: StopIntent,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scope_words_cannot_spell_an_address() {
        for text in ["full", "purposes:newsletter,partner_offers", "campaign:17"] {
            assert_eq!(ScopeWords::parse(text).expect("allowed").as_str(), text);
        }
        let long = "a".repeat(ScopeWords::MAX_LENGTH + 1);
        for text in ["", "a@b.example", "Anna", "анна", "a\nb", long.as_str()] {
            assert_eq!(ScopeWords::parse(text), Err(InvalidScopeWords), "{text}");
        }
        assert!(serde_json::from_str::<ScopeWords>("\"a@b.example\"").is_err());
    }
}
