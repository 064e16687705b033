//! Correcting what is held about a person (152-ФЗ ст. 14 ч. 1, 20 ч. 3, 21 ч. 2; GDPR art. 16).
//!
//! A correction is proposed with its proof, decided on by another person, and applied only while the
//! old value still stands. Pure: which new values are taken, and what a correction would change.

use serde::{Deserialize, Serialize};

use crate::{
    address::EmailAddress,
    block::{BlockState, Field, Scope},
};

/// Longest name, in characters.
pub const LONGEST_NAME: usize = 200;
/// Longest telephone number, in characters.
pub const LONGEST_PHONE: usize = 40;

/// What is sealed of a correction: old, new and what proves it. Personal data; prints nothing.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CorrectionContent {
    /// What stands now; may be empty.
    pub old: String,
    /// What is to stand.
    pub new: String,
    /// What shows that the new value is right, in the words of a person of ours.
    pub proof: String,
}

impl CorrectionContent {
    /// The context under which it is sealed.
    pub const SEAL_CONTEXT: &'static str = "rectification.content";
}

impl std::fmt::Debug for CorrectionContent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CorrectionContent(***)")
    }
}

/// Why a new value is not taken; what was typed is not repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadValue {
    /// Nothing is there.
    #[error("the new value is empty; to have data destroyed is another request")]
    Empty,
    /// Too long.
    #[error("the new value is longer than {0} characters; shorten it")]
    TooLong(usize),
    /// Not one line of text.
    #[error("the new value has control characters; write it on one line")]
    Unprintable,
    /// No address.
    #[error("the new value is no e-mail address; write it as name@domain")]
    NoAddress,
    /// No telephone number.
    #[error("the new value is no telephone number; write digits, spaces and + - ( )")]
    NoPhone,
    /// No change.
    #[error("the new value is the one that stands")]
    Same,
}

/// A new value of a field, checked and trimmed.
///
/// # Errors
/// [`BadValue`].
pub fn checked(field: Field, old: &str, new: &str) -> Result<String, BadValue> {
    let new = new.trim();
    if new.is_empty() {
        return Err(BadValue::Empty);
    }
    if new.chars().any(char::is_control) {
        return Err(BadValue::Unprintable);
    }
    let limited = |most: usize| match new.chars().count() > most {
        true => Err(BadValue::TooLong(most)),
        false => Ok(new.to_owned()),
    };
    let value = match field {
        Field::Name => limited(LONGEST_NAME)?,
        Field::Phone => {
            let is_fit = |c: char| c.is_ascii_digit() || " +-().".contains(c);
            if !new.chars().all(is_fit) || new.chars().filter(char::is_ascii_digit).count() < 5 {
                return Err(BadValue::NoPhone);
            }
            limited(LONGEST_PHONE)?
        }
        Field::Email => {
            EmailAddress::parse(new).map_err(|_| BadValue::NoAddress)?.expose().to_owned()
        }
    };
    if value == old { Err(BadValue::Same) } else { Ok(value) }
}

/// Whether a block of a correction's own ticket ends with the correction: one of fields, or a wider
/// one that nothing but the correction called for. `basis` holds labels with commas or spaces
/// between.
#[must_use]
pub fn ends_block(scope: &Scope, basis: &str, state: &BlockState) -> bool {
    let mut labels = basis.split([',', ' ', '+']).filter(|word| !word.is_empty());
    let of_correction_alone = labels.all(|label| label == "rectification");
    match state {
        BlockState::Lifted { .. } => false,
        BlockState::Active { .. } => match scope {
            Scope::Fields(_) => true,
            Scope::Full | Scope::Marketing | Scope::Purposes(_) => {
                of_correction_alone && !basis.trim().is_empty()
            }
        },
    }
}

/// Whether a field may be edited under these blocks: while it is being checked, or everything is
/// restricted, nobody changes it but by a correction (RULES §1.2).
#[must_use]
pub fn may_edit<'a>(field: Option<Field>, scopes: impl IntoIterator<Item = &'a Scope>) -> bool {
    scopes.into_iter().all(|scope| match scope {
        Scope::Full => false,
        Scope::Fields(fields) => field.is_none_or(|field| !fields.contains(&field)),
        Scope::Marketing | Scope::Purposes(_) => true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_values_are_checked_by_field() {
        fn check(field: Field, new: &str, expected: Result<&str, BadValue>) {
            assert_eq!(checked(field, "old", new), expected.map(str::to_owned), "{field:?}");
        }
        check(Field::Name, " Анна Петрова ", Ok("Анна Петрова"));
        check(Field::Name, "  ", Err(BadValue::Empty));
        check(Field::Name, "old", Err(BadValue::Same));
        check(Field::Name, "a\nb", Err(BadValue::Unprintable));
        check(Field::Name, &"я".repeat(201), Err(BadValue::TooLong(200)));
        check(Field::Phone, "+7 (495) 123-45-67", Ok("+7 (495) 123-45-67"));
        check(Field::Phone, "позвоните", Err(BadValue::NoPhone));
        check(Field::Phone, "12", Err(BadValue::NoPhone));
        check(Field::Email, "anna@mail.example", Ok("anna@mail.example"));
        check(Field::Email, "anna", Err(BadValue::NoAddress));
    }

    #[test]
    fn only_blocks_of_the_correction_end_with_it() {
        let active = BlockState::Active { from_at: jiff::Timestamp::UNIX_EPOCH };
        let fields = Scope::Fields(vec![Field::Name]);
        assert!(ends_block(&fields, "rectification", &active));
        assert!(ends_block(&Scope::Full, "rectification", &active));
        assert!(!ends_block(&Scope::Full, "rectification,erasure", &active));
        assert!(!ends_block(&Scope::Full, "", &active));
    }

    #[test]
    fn a_restricted_field_is_not_edited() {
        let fields = Scope::Fields(vec![Field::Name]);
        assert!(!may_edit(Some(Field::Name), [&fields]));
        assert!(may_edit(Some(Field::Phone), [&fields]));
        assert!(may_edit(None, [&fields, &Scope::Marketing]));
        assert!(!may_edit(None, [&Scope::Full]));
    }
}
