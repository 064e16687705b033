//! One claim inside a ticket, with its own clock, from receipt to a proven end.

mod overtaken;
pub mod repeated;

use crate::words::{InvalidTransition, words};

pub use overtaken::{Ended, Overtaken, overtaken};

/// Where a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RequestState {
    /// Filed; nothing was blocked for it.
    Received,
    /// Filed, and the person's data were blocked for it.
    Blocked,
    /// Waiting for proof of who asks.
    Identity,
    /// A person decides.
    UnderReview,
    /// To be carried out.
    Approved,
    /// Not to be carried out, with clause and reasons.
    Refused,
    /// Being carried out, step by step.
    Executing,
    /// Carried out, and verified by asking again.
    Verified,
    /// The person has the answer.
    Answered,
    /// The end.
    Closed,
    /// The end: part of another request of the same matter.
    Joined,
    /// The end: the person took it back, or never asked (then it was misread).
    Withdrawn,
}

words!(RequestState {
    Received => "received", Blocked => "blocked", Identity => "identity",
    UnderReview => "under_review", Approved => "approved", Refused => "refused",
    Executing => "executing", Verified => "verified", Answered => "answered",
    Closed => "closed", Joined => "joined", Withdrawn => "withdrawn",
});

/// A step of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RequestStep {
    /// Data are blocked for it.
    Block,
    /// The person is asked to prove who asks.
    AskIdentity,
    /// Identity is settled, or not needed: a person looks.
    Review,
    /// A person approves.
    Approve,
    /// A person refuses.
    Refuse,
    /// The plan begins.
    Execute,
    /// Every step was verified.
    Verify,
    /// The answer went out.
    Answer,
    /// All that was asked was done at once, with the block itself: stop of advertising.
    Settle,
    /// All is done.
    Close,
    /// It is the same matter as another request.
    Join,
    /// The person takes it back.
    Withdraw,
    /// The letter never asked for it: the machine read it wrongly.
    Misread,
    /// The person, or a superior, says it was not right.
    Reopen,
    /// What was approved was changed since, or shall be looked at again before it begins.
    SendBack,
    /// A destruction that the restored database does not know of ended the matter: the person is
    /// gone, and nobody is left to be answered.
    Overtake,
}

words!(RequestStep {
    Block => "block", AskIdentity => "ask_identity", Review => "review", Approve => "approve",
    Refuse => "refuse", Execute => "execute", Verify => "verify", Answer => "answer",
    Settle => "settle", Close => "close", Join => "join", Withdraw => "withdraw", Misread => "misread",
    Reopen => "reopen", SendBack => "send_back", Overtake => "overtake",
});

impl RequestState {
    /// The state after `step`.
    ///
    /// # Errors
    /// [`InvalidTransition`] when the step does not leave this state.
    pub fn after(self, step: RequestStep) -> Result<Self, InvalidTransition> {
        use RequestState as S;
        use RequestStep as Step;
        let next = match (step, self) {
            (Step::Block, S::Received) => S::Blocked,
            (Step::AskIdentity, S::Received | S::Blocked | S::UnderReview) => S::Identity,
            // What was approved is no longer what is there: a person looks again.
            (Step::Review, S::Received | S::Blocked | S::Identity | S::Approved) => S::UnderReview,
            (Step::Approve, S::UnderReview) => S::Approved,
            (Step::Refuse, S::UnderReview | S::Identity) => S::Refused,
            (Step::Execute, S::Approved) => S::Executing,
            (Step::Verify, S::Executing) => S::Verified,
            (Step::Answer, S::Verified | S::Refused) => S::Answered,
            (Step::Settle, S::Received | S::Blocked) => S::Answered,
            (Step::Close, S::Answered) => S::Closed,
            (Step::Join, S::Received | S::Blocked | S::Identity | S::UnderReview) => S::Joined,
            // Once something was destroyed it cannot be taken back.
            (
                Step::Withdraw,
                S::Received | S::Blocked | S::Identity | S::UnderReview | S::Approved,
            ) => S::Withdrawn,
            // Once a person looks at it, or decided on it, it ends by a decision alone.
            (Step::Misread, S::Received | S::Blocked | S::Identity) => S::Withdrawn,
            // Verified: what was sent is taken back before its answer counts.
            (Step::Reopen, S::Verified | S::Refused | S::Answered | S::Closed | S::Withdrawn) => {
                S::UnderReview
            }
            (Step::SendBack, S::Approved) => S::UnderReview,
            (
                Step::Overtake,
                S::Received
                | S::Blocked
                | S::Identity
                | S::UnderReview
                | S::Approved
                | S::Refused
                | S::Executing
                | S::Verified
                | S::Answered,
            ) => S::Closed,
            (
                Step::Block
                | Step::AskIdentity
                | Step::Review
                | Step::Approve
                | Step::Refuse
                | Step::Execute
                | Step::Verify
                | Step::Answer
                | Step::Settle
                | Step::Close
                | Step::Join
                | Step::Withdraw
                | Step::Misread
                | Step::Reopen
                | Step::SendBack
                | Step::Overtake,
                _,
            ) => {
                return Err(InvalidTransition {
                    machine: "request",
                    from: self.name(),
                    step: step.name(),
                });
            }
        };
        Ok(next)
    }

    /// The step as a transition that the store will take, if whoever takes it may.
    ///
    /// # Errors
    /// [`StepError`]: the machine does not know the step here, or it is not theirs to take.
    pub fn step(self, step: RequestStep, by: Warrant) -> Result<Transition, StepError> {
        if !by.covers(step) {
            return Err(StepError::NotTheirs { step: step.name(), by: by.name() });
        }
        Ok(Transition { from: self, to: self.after(step)?, step })
    }

    /// Whether the request still asks for something to be done.
    #[must_use]
    pub fn is_open(self) -> bool {
        !matches!(self, Self::Closed | Self::Joined | Self::Withdrawn)
    }
}

/// By what right a step is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Warrant {
    /// By what a person sent us, and nothing else: protective, reversible steps (invariant 4).
    Submission,
    /// By the daemon, carrying out what a person of ours decided.
    Daemon,
    /// By a named person of ours.
    Person,
}

words!(Warrant { Submission => "submission", Daemon => "daemon", Person => "person" });

impl Warrant {
    /// Whether this step may be taken so.
    #[must_use]
    pub fn covers(self, step: RequestStep) -> bool {
        use RequestStep as Step;
        match step {
            Step::Block | Step::AskIdentity | Step::Join => true,
            // Carrying out, and telling what was done: after a decision only, by the machine.
            Step::Review
            | Step::Execute
            | Step::Verify
            | Step::Answer
            | Step::Settle
            | Step::Close
            | Step::SendBack => self != Self::Submission,
            // Overtaken: by whoever restores, for what was decided and done before.
            Step::Approve
            | Step::Refuse
            | Step::Withdraw
            | Step::Misread
            | Step::Reopen
            | Step::Overtake => self == Self::Person,
        }
    }
}

/// A legal step from one state to the next; made by [`RequestState::step`] alone, so that the
/// store can take no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transition {
    from: RequestState,
    to: RequestState,
    step: RequestStep,
}

impl Transition {
    /// The state it leaves.
    #[must_use]
    pub fn from(self) -> RequestState {
        self.from
    }

    /// The state it reaches.
    #[must_use]
    pub fn to(self) -> RequestState {
        self.to
    }

    /// The step.
    #[must_use]
    pub fn step(self) -> RequestStep {
        self.step
    }
}

/// Why a step is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StepError {
    /// The machine does not know it here.
    #[error(transparent)]
    Machine(#[from] InvalidTransition),
    /// It is not theirs to take.
    #[error("the step {step} cannot be taken by a {by}: it needs a person")]
    NotTheirs {
        /// The step.
        step: &'static str,
        /// By what right it was tried.
        by: &'static str,
    },
}

/// What came of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// All that was asked was done.
    Done,
    /// Part of it is kept, for the reasons that the answer names.
    PartlyKept,
    /// Made anonymous in place of destroyed.
    Anonymised,
    /// We hold nothing of this person.
    NothingHeld,
    /// What the person claimed was not confirmed.
    NotConfirmed,
    /// Refused with clause and reasons.
    Refused,
    /// The person took it back.
    Withdrawn,
    /// The letter never asked for it.
    Misread,
    /// It went on as part of another request.
    Joined,
}

words!(Outcome {
    Done => "done", PartlyKept => "partly_kept", Anonymised => "anonymised",
    NothingHeld => "nothing_held", NotConfirmed => "not_confirmed", Refused => "refused",
    Withdrawn => "withdrawn", Misread => "misread", Joined => "joined",
});

/// On whose behalf a request is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Requester {
    /// The person whose data they are.
    Subject,
    /// Somebody on that person's behalf.
    Representative,
    /// A regulator, court, police or prosecutor.
    Authority,
}

words!(Requester {
    Subject => "subject", Representative => "representative", Authority => "authority",
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_executed_without_a_persons_approval() {
        for state in RequestState::ALL {
            let executed = state.after(RequestStep::Execute);
            assert_eq!(executed.is_ok(), *state == RequestState::Approved, "{state:?}");
            let approved = state.after(RequestStep::Approve);
            assert_eq!(approved.is_ok(), *state == RequestState::UnderReview, "{state:?}");
        }
    }

    #[test]
    fn a_request_reaches_its_proven_end() {
        use RequestStep::{Answer, Approve, AskIdentity, Block, Close, Execute, Review, Verify};
        let end = [Block, AskIdentity, Review, Approve, Execute, Verify, Answer, Close]
            .into_iter()
            .try_fold(RequestState::Received, RequestState::after);
        assert_eq!(end, Ok(RequestState::Closed));
        assert!(!RequestState::Closed.is_open());
    }

    #[test]
    fn what_a_person_looks_at_or_decided_on_is_not_undone_as_misread() {
        use RequestState::{Blocked, Identity, Received};
        for state in RequestState::ALL {
            let misread = state.after(RequestStep::Misread);
            let unworked = [Received, Blocked, Identity].contains(state);
            assert_eq!(misread.is_ok(), unworked, "{state:?}");
        }
    }

    #[test]
    fn no_path_from_mail_alone_leads_to_an_act() {
        let mut reached = vec![RequestState::Received];
        while let Some(next) = reached.iter().find_map(|state| {
            let steps = RequestStep::ALL.iter();
            let mut next = steps.filter_map(|step| state.step(*step, Warrant::Submission).ok());
            next.find(|step| !reached.contains(&step.to())).map(Transition::to)
        }) {
            reached.push(next);
        }
        for state in [RequestState::Approved, RequestState::Refused, RequestState::Executing] {
            assert!(!reached.contains(&state), "{state:?}");
        }
        assert!(!reached.contains(&RequestState::Verified));
        assert!(!reached.contains(&RequestState::Withdrawn));
    }

    #[test]
    fn the_daemon_alone_decides_nothing() {
        for step in [RequestStep::Approve, RequestStep::Refuse, RequestStep::Withdraw] {
            assert!(!Warrant::Daemon.covers(step) && !Warrant::Submission.covers(step));
        }
    }

    #[test]
    fn only_what_is_open_is_overtaken_and_only_by_a_person() {
        for state in RequestState::ALL {
            let overtaken = state.step(RequestStep::Overtake, Warrant::Person);
            assert_eq!(overtaken.is_ok(), state.is_open(), "{state:?}");
            for warrant in [Warrant::Submission, Warrant::Daemon] {
                assert!(state.step(RequestStep::Overtake, warrant).is_err(), "{state:?}");
            }
        }
    }

    #[test]
    fn what_is_being_destroyed_cannot_be_taken_back() {
        assert!(RequestState::Executing.after(RequestStep::Withdraw).is_err());
        assert!(RequestState::Verified.after(RequestStep::Withdraw).is_err());
    }
}
