//! "Was it you?", asked of the address on file: open → answered | disowned | spent | void.
//!
//! A challenge is answered once, by whoever reads the mailbox: the link's button or the typed
//! code. Opening a link, quoting it and sending it back are no answers (invariants 11 and 14);
//! no mail reaches this machine at all.

use jiff::{Timestamp, ToSpan};

use crate::words::words;

/// How long a challenge stands.
pub const CHALLENGE_HOURS: i64 = 7 * 24;

/// How often its code may be typed wrongly.
pub const CHALLENGE_TRIES: u32 = 5;

/// Where a challenge stands, as in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChallengeState {
    /// It waits for its answer, or its time has run out unanswered.
    Open,
    /// "It was me."
    Answered,
    /// "This was not me."
    Disowned,
    /// It was typed wrongly too often, from when the link died with its code; none becomes so now.
    Spent,
    /// A newer one stands in its place, or nothing is to be asked any more.
    Void,
}

words!(ChallengeState {
    Open => "open", Answered => "answered", Disowned => "disowned", Spent => "spent",
    Void => "void",
});

/// What happens to a challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChallengeStep {
    /// The button "it was me", or the right code with it.
    Answer,
    /// The button "this was not me".
    Disown,
    /// A code that is not its code.
    Mistype,
    /// Another challenge takes its place.
    Void,
}

words!(ChallengeStep {
    Answer => "answer", Disown => "disown", Mistype => "mistype", Void => "void",
});

/// A challenge as far as the machine needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Challenge {
    /// Where it stands.
    pub state: ChallengeState,
    /// How many wrong codes are left; with none its code is dead. Its link lives on: whoever knows
    /// no more than the number of a ticket cannot take the question from the person.
    pub tries_left: u32,
    /// At this instant it has expired.
    pub expires_at: Timestamp,
}

/// Why a challenge takes no step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChallengeError {
    /// Its seven days are over.
    #[error("the challenge has expired; ask again")]
    Expired,
    /// It was answered, disowned, spent or replaced before: it is good for one answer.
    #[error("the challenge is {} already", .0.name())]
    Settled(ChallengeState),
}

impl Challenge {
    /// A fresh one.
    #[must_use]
    pub fn asked(now: Timestamp) -> Self {
        Self {
            state: ChallengeState::Open,
            tries_left: CHALLENGE_TRIES,
            expires_at: now + CHALLENGE_HOURS.hours(),
        }
    }

    /// Whether it still waits for its answer.
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.state == ChallengeState::Open && now < self.expires_at
    }

    /// Where it stands at `now`, in a word: `expired` when its time ran out unanswered.
    #[must_use]
    pub fn word(&self, now: Timestamp) -> &'static str {
        match self.state {
            ChallengeState::Open if now >= self.expires_at => "expired",
            state => state.name(),
        }
    }

    /// Whether its code can still be typed.
    #[must_use]
    pub fn takes_code(&self, now: Timestamp) -> bool {
        self.is_open(now) && self.tries_left > 0
    }

    /// The challenge after `step`.
    ///
    /// # Errors
    /// [`ChallengeError`]: settled or expired. One that has expired can still be made void.
    pub fn after(self, step: ChallengeStep, now: Timestamp) -> Result<Self, ChallengeError> {
        if self.state != ChallengeState::Open {
            return Err(ChallengeError::Settled(self.state));
        }
        if now >= self.expires_at && step != ChallengeStep::Void {
            return Err(ChallengeError::Expired);
        }
        let (state, tries_left) = match step {
            ChallengeStep::Answer => (ChallengeState::Answered, self.tries_left),
            ChallengeStep::Disown => (ChallengeState::Disowned, self.tries_left),
            ChallengeStep::Void => (ChallengeState::Void, self.tries_left),
            ChallengeStep::Mistype => (ChallengeState::Open, self.tries_left.saturating_sub(1)),
        };
        Ok(Self { state, tries_left, ..self })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn now() -> Timestamp {
        "2026-12-04T09:00:00Z".parse().expect("an instant")
    }

    #[test]
    fn it_expires_at_its_instant() {
        let challenge = Challenge::asked(now());
        let last = challenge.expires_at - 1.microsecond();
        assert!(challenge.after(ChallengeStep::Answer, last).is_ok());
        let late = challenge.after(ChallengeStep::Answer, challenge.expires_at);
        assert_eq!(late, Err(ChallengeError::Expired));
        assert!(!challenge.is_open(challenge.expires_at));
        assert_eq!(
            (challenge.word(last), challenge.word(challenge.expires_at)),
            ("open", "expired")
        );
        let void = challenge.after(ChallengeStep::Void, last).expect("replaced");
        assert_eq!(void.word(challenge.expires_at), "void");
        assert!(challenge.after(ChallengeStep::Void, challenge.expires_at).is_ok());
    }

    #[test]
    fn the_fifth_wrong_code_kills_the_code_and_not_the_link() {
        let mut challenge = Challenge::asked(now());
        for left in [4, 3, 2, 1, 0, 0] {
            assert_eq!(challenge.takes_code(now()), challenge.tries_left > 0);
            challenge = challenge.after(ChallengeStep::Mistype, now()).expect("counted");
            assert_eq!((challenge.state, challenge.tries_left), (ChallengeState::Open, left));
        }
        assert!(!challenge.takes_code(now()) && challenge.is_open(now()));
        let pressed = challenge.after(ChallengeStep::Disown, now()).expect("the link lives");
        assert_eq!(pressed.state, ChallengeState::Disowned);
    }

    proptest! {
        #[test]
        fn whatever_happens_it_is_answered_at_most_once_and_in_time_only(
            steps in proptest::collection::vec((0_usize..4, 0_i64..(9 * 24)), 0..24),
        ) {
            let mut challenge = Challenge::asked(now());
            let mut at = now();
            let (mut wrong, mut settled) = (0, 0);
            for (step, hours) in steps {
                let step = ChallengeStep::ALL[step];
                at += (hours / 4).hours();
                let before = challenge;
                match challenge.after(step, at) {
                    Ok(next) => {
                        prop_assert!(before.state == ChallengeState::Open);
                        wrong += u32::from(step == ChallengeStep::Mistype);
                        settled += u32::from(next.state != ChallengeState::Open);
                        if next.state == ChallengeState::Answered {
                            prop_assert!(step == ChallengeStep::Answer && before.is_open(at));
                        }
                        prop_assert_eq!(next.tries_left, CHALLENGE_TRIES.saturating_sub(wrong));
                        prop_assert!(next.state != ChallengeState::Spent);
                        challenge = next;
                    }
                    Err(_) => prop_assert!(!before.is_open(at)),
                }
                prop_assert!(settled <= 1);
            }
        }
    }
}
