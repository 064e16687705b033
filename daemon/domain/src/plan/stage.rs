//! Where a plan stands, and what is done next: each stage may be repeated, none may be left out.

use crate::words::{InvalidTransition, words};

/// Where a plan stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PlanState {
    /// Made; nobody decided.
    Proposed,
    /// A person decided that it is to be carried out.
    Approved,
    /// Being carried out.
    Executing,
    /// Carried out; what is left is counted.
    Executed,
    /// Proven: nothing is left but what the plan keeps.
    Verified,
    /// The end: the answer has left, and the address to which it went is gone.
    Closed,
    /// The end: another plan took its place, or none is needed.
    Void,
}

words!(PlanState {
    Proposed => "proposed", Approved => "approved", Executing => "executing",
    Executed => "executed", Verified => "verified", Closed => "closed", Void => "void",
});

/// What is to be done next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Nobody mails the person any more: suppression, stop, open mail withheld.
    Protect,
    /// Connected systems and recipients are told.
    Tell,
    /// What is kept is sealed, and all rows are emptied, in one transaction.
    Rows,
    /// Objects and keys of the vault are destroyed.
    Objects,
    /// The copies on the mail server are gone.
    Copies,
    /// Everything is asked again.
    Verify,
    /// The act is made, the answer planned.
    Answer,
    /// After the answer has left: the address to which it went, the letter and its key.
    Close,
    /// Nothing.
    Done,
}

words!(Stage {
    Protect => "protect", Tell => "tell", Rows => "rows", Objects => "objects",
    Copies => "copies", Verify => "verify", Answer => "answer", Close => "close", Done => "done",
});

impl Stage {
    /// The stage after this one; none after the end.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        match self {
            Self::Protect => Some(Self::Tell),
            Self::Tell => Some(Self::Rows),
            Self::Rows => Some(Self::Objects),
            Self::Objects => Some(Self::Copies),
            Self::Copies => Some(Self::Verify),
            Self::Verify => Some(Self::Answer),
            Self::Answer => Some(Self::Close),
            Self::Close => Some(Self::Done),
            Self::Done => None,
        }
    }

    /// The state of a plan of which this stage is next.
    #[must_use]
    pub fn state(self) -> PlanState {
        match self {
            Self::Protect | Self::Tell | Self::Rows | Self::Objects | Self::Copies => {
                PlanState::Executing
            }
            Self::Verify => PlanState::Executed,
            Self::Answer | Self::Close => PlanState::Verified,
            Self::Done => PlanState::Closed,
        }
    }
}

impl PlanState {
    /// Whether the plan may be carried out from its first stage.
    ///
    /// # Errors
    /// [`InvalidTransition`] when it was begun, or is void.
    pub fn begin(self) -> Result<Self, InvalidTransition> {
        match self {
            Self::Proposed | Self::Approved => Ok(Self::Executing),
            Self::Executing | Self::Executed | Self::Verified | Self::Closed | Self::Void => {
                Err(InvalidTransition { machine: "plan", from: self.name(), step: "begin" })
            }
        }
    }

    /// Whether it may be put aside for another.
    ///
    /// # Errors
    /// [`InvalidTransition`] once something may have been destroyed.
    pub fn void(self) -> Result<Self, InvalidTransition> {
        match self {
            Self::Proposed | Self::Approved => Ok(Self::Void),
            Self::Executing | Self::Executed | Self::Verified | Self::Closed | Self::Void => {
                Err(InvalidTransition { machine: "plan", from: self.name(), step: "void" })
            }
        }
    }

    /// Whether it stands: only one does for a request.
    #[must_use]
    pub fn is_standing(self) -> bool {
        self != Self::Void
    }
}
