//! What becomes of a request whose person was destroyed after the backup that was restored.
//!
//! The stop journal says that the destruction was decided and begun; the act, if it came back, that
//! it was carried out and proven. What became of each single request meanwhile stands nowhere: a
//! destruction waits for what had to be answered first, so it was answered, or never proven. What
//! that leaves open is for a person to look at, and never said to be done.

use crate::{
    plan::Method,
    regime::{DutyName, RequestName},
};

use super::Outcome;

/// What is known of the destruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// How it was done.
    pub method: Method,
    /// Whether a law keeps part of it.
    pub is_partly_kept: bool,
    /// Whether its act came back: every step was carried out and verified.
    pub is_proven: bool,
}

/// What becomes of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overtaken {
    /// What came of it.
    pub outcome: Outcome,
    /// What the destruction fulfilled.
    pub duties: &'static [DutyName],
    /// Whether a person must look: nobody here knows whether the answer went out.
    pub needs_look: bool,
}

/// Done with the data, whatever was asked.
const BY_DESTRUCTION: &[DutyName] = &[DutyName::Stop, DutyName::Destroy];
/// Done when the act of it stands: it is drawn up with the answer.
const BY_PROOF: &[DutyName] =
    &[DutyName::Stop, DutyName::Destroy, DutyName::Check, DutyName::Decide, DutyName::Notify];

/// What becomes of an open request; none when it is not the person's own matter and goes on.
#[must_use]
pub fn overtaken(name: RequestName, ended: Ended) -> Option<Overtaken> {
    use RequestName as N;
    match name {
        // A destruction is what was asked, or is more than was asked.
        N::Erasure
        | N::ConsentWithdrawal
        | N::Objection
        | N::UnlawfulProcessing
        | N::Achieved
        | N::Restriction
        | N::StopMarketing
        | N::StopPublication => Some(Overtaken {
            outcome: match ended.method {
                _ if ended.is_partly_kept => Outcome::PartlyKept,
                Method::Destroy => Outcome::Done,
                Method::Anonymise => Outcome::Anonymised,
            },
            duties: if ended.is_proven { BY_PROOF } else { BY_DESTRUCTION },
            needs_look: !ended.is_proven,
        }),
        // The data that it asks about, or disputes, are gone.
        N::Rectification | N::Access | N::AutomatedDecision | N::Unread => Some(Overtaken {
            outcome: if ended.is_partly_kept { Outcome::PartlyKept } else { Outcome::NothingHeld },
            duties: BY_DESTRUCTION,
            needs_look: true,
        }),
        // Somebody else asks, or it is about many.
        N::AuthorityRequest | N::AuthorityBlock | N::Breach => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROVEN: Ended = Ended { method: Method::Destroy, is_partly_kept: false, is_proven: true };

    fn check(name: RequestName, ended: Ended, outcome: Outcome, needs_look: bool) {
        let becomes = overtaken(name, ended).expect("it is over");
        assert_eq!((becomes.outcome, becomes.needs_look), (outcome, needs_look), "{name:?}");
        assert!(becomes.duties.contains(&DutyName::Destroy));
        assert!(!becomes.duties.contains(&DutyName::Answer), "no journal knows of the answer");
    }

    #[test]
    fn the_outcome_says_what_was_done_with_the_data() {
        let unproven = Ended { is_proven: false, ..PROVEN };
        let anonymous = Ended { method: Method::Anonymise, ..PROVEN };
        let kept = Ended { is_partly_kept: true, ..PROVEN };
        check(RequestName::Erasure, PROVEN, Outcome::Done, false);
        check(RequestName::Erasure, unproven, Outcome::Done, true);
        check(RequestName::ConsentWithdrawal, anonymous, Outcome::Anonymised, false);
        check(RequestName::Objection, kept, Outcome::PartlyKept, false);
        check(RequestName::Access, PROVEN, Outcome::NothingHeld, true);
        check(RequestName::Rectification, kept, Outcome::PartlyKept, true);
    }

    #[test]
    fn what_others_ask_goes_on() {
        for name in
            [RequestName::AuthorityRequest, RequestName::AuthorityBlock, RequestName::Breach]
        {
            assert_eq!(overtaken(name, PROVEN), None, "{name:?}");
        }
    }
}
