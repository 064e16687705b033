//! Why something is kept: the input of a plan.

use jiff::civil::Date;

use super::Part;
use crate::words::words;

/// Why a part is kept, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Basis {
    /// A law orders that it is kept for some time.
    Statutory,
    /// So that the address is not mailed again (38-FZ art. 18(1)).
    Suppression,
    /// So that we can show that consent was given (152-FZ art. 9(3)).
    ProofOfConsent,
    /// So that we can show that it was destroyed (152-FZ art. 21(7)).
    ProofOfDestruction,
    /// So that the answer can be sent; destroyed once it has left.
    Answer,
    /// The person has begun a new matter with us.
    NewMatter,
}

words!(Basis {
    Statutory => "statutory", Suppression => "suppression", ProofOfConsent => "proof_of_consent",
    ProofOfDestruction => "proof_of_destruction", Answer => "answer", NewMatter => "new_matter",
});

/// A rule by which a part is kept: of a law that retains it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keep {
    /// What.
    pub part: Part,
    /// Why.
    pub basis: Basis,
    /// Article and part, such as `402-FZ art. 29(1)`.
    pub law: String,
    /// The last day; open when the law names none.
    pub until: Option<Date>,
}

/// Why a rule cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeepError {
    /// Not of the form PART=LAW,UNTIL.
    #[error(
        "write what is kept as PART=LAW,UNTIL, for example `contact=402-FZ art. 29(1),2031-12-31`"
    )]
    Form,
    /// The part cannot be kept by such a rule.
    #[error("only these can be kept by a law: contact, submissions, letters, consents")]
    Part,
    /// No law is named.
    #[error("name the article that orders it")]
    Law,
    /// The date is none.
    #[error("write the last day as YYYY-MM-DD")]
    Until,
}

impl Keep {
    /// Reads `PART=LAW,UNTIL`.
    ///
    /// # Errors
    /// [`KeepError`] naming what does not fit.
    pub fn parse(text: &str) -> Result<Self, KeepError> {
        let (part, rest) = text.split_once('=').ok_or(KeepError::Form)?;
        let (law, until) = rest.rsplit_once(',').ok_or(KeepError::Form)?;
        let part = Part::from_name(part.trim()).ok_or(KeepError::Part)?;
        if !Part::KEEPABLE.contains(&part) {
            return Err(KeepError::Part);
        }
        let law = law.trim();
        if law.is_empty() || law.chars().count() > 200 {
            return Err(KeepError::Law);
        }
        let until = until.trim().parse().map_err(|_| KeepError::Until)?;
        Ok(Self { part, basis: Basis::Statutory, law: law.to_owned(), until: Some(until) })
    }
}
