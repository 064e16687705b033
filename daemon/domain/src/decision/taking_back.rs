//! A request is taken back by what the person wrote or said, and two of ours say so: one alone
//! ends none.

use super::DecisionError;
use crate::people::{Acting, is_same_person};

/// By what we know that the person takes the request back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// A later letter or form entry of theirs in the same matter, which one of ours read and named.
    Submission,
    /// One of ours wrote down how they said so.
    Note,
    /// By nothing. An answered challenge is none: it confirms the request.
    None,
}

/// What follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TakingBack {
    /// The request ends.
    Ends,
    /// It waits for another of ours.
    Waits,
}

/// What follows from the word that there is; `waiting` is who wrote it down before.
///
/// # Errors
/// [`DecisionError::Unheard`] when there is no word at all, [`DecisionError::SamePerson`] or
/// [`DecisionError::SameAccount`] when one person would be both.
pub fn take_back(
    word: Word,
    waiting: Option<Acting<'_>>,
    actor: Acting<'_>,
    four_eyes: bool,
) -> Result<TakingBack, DecisionError> {
    match (word, waiting) {
        (Word::Submission | Word::Note, _) if !four_eyes => Ok(TakingBack::Ends),
        (_, Some(first)) => {
            if four_eyes && is_same_person(first.name, actor.name) {
                return Err(DecisionError::SamePerson);
            }
            if four_eyes && actor.account.is_some() && first.account == actor.account {
                return Err(DecisionError::SameAccount);
            }
            Ok(TakingBack::Ends)
        }
        (Word::Submission | Word::Note, None) => Ok(TakingBack::Waits),
        (Word::None, None) => Err(DecisionError::Unheard),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_ours_alone_ends_no_request() {
        let by = |name| Acting { name, account: None };
        let at = |account| Acting { name: "boris", account: Some(account) };
        let check = |word, waiting, actor, four_eyes| take_back(word, waiting, actor, four_eyes);
        let (anna, boris) = (by("anna"), by("boris"));
        assert_eq!(check(Word::None, None, anna, true), Err(DecisionError::Unheard));
        for word in [Word::Submission, Word::Note] {
            assert_eq!(check(word, None, anna, true), Ok(TakingBack::Waits), "{word:?}");
        }
        for word in [Word::None, Word::Note, Word::Submission] {
            let again = check(word, Some(anna), by("\u{410}nn\u{430}"), true);
            assert_eq!(again, Err(DecisionError::SamePerson), "{word:?}");
            assert_eq!(check(word, Some(anna), boris, true), Ok(TakingBack::Ends), "{word:?}");
        }
        let first = Acting { name: "anna", account: Some("office") };
        assert_eq!(
            check(Word::None, Some(first), at("office"), true),
            Err(DecisionError::SameAccount)
        );
        assert_eq!(check(Word::None, Some(first), at("boris"), true), Ok(TakingBack::Ends));
        // Who decides alone by configuration does here, too, and still has to say how.
        for word in [Word::Submission, Word::Note] {
            assert_eq!(check(word, None, anna, false), Ok(TakingBack::Ends), "{word:?}");
        }
        assert_eq!(check(Word::None, None, anna, false), Err(DecisionError::Unheard));
    }
}
