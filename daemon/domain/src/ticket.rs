//! The conversation with one person about one matter: open → waiting → closed, and reopened.

use jiff::Timestamp;

use crate::words::{InvalidTransition, words};

/// Where a ticket stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TicketState {
    /// It is our turn.
    Open,
    /// It is the person's turn, since an instant.
    Waiting {
        /// When we asked.
        since_at: Timestamp,
    },
    /// Done, until somebody says another word.
    Closed {
        /// When it was closed.
        at: Timestamp,
    },
}

impl TicketState {
    /// The word of the state, as in the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Waiting { .. } => "waiting",
            Self::Closed { .. } => "closed",
        }
    }

    /// We asked the person something.
    ///
    /// # Errors
    /// [`InvalidTransition`] unless open.
    pub fn wait(self, now: Timestamp) -> Result<Self, InvalidTransition> {
        match self {
            Self::Open => Ok(Self::Waiting { since_at: now }),
            Self::Waiting { .. } | Self::Closed { .. } => Err(self.refuse("wait")),
        }
    }

    /// The person wrote, or somebody reopens by hand: from every state it becomes open.
    #[must_use]
    pub fn hear(self) -> Self {
        match self {
            Self::Open | Self::Waiting { .. } | Self::Closed { .. } => Self::Open,
        }
    }

    /// The matter is done.
    ///
    /// # Errors
    /// [`InvalidTransition`] when closed already.
    pub fn close(self, now: Timestamp) -> Result<Self, InvalidTransition> {
        match self {
            Self::Open | Self::Waiting { .. } => Ok(Self::Closed { at: now }),
            Self::Closed { .. } => Err(self.refuse("be closed")),
        }
    }

    fn refuse(self, step: &'static str) -> InvalidTransition {
        InvalidTransition { machine: "ticket", from: self.name(), step }
    }
}

/// Which people work on a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lane {
    /// A request about personal data.
    Privacy,
    /// Written by a regulator, court, police or prosecutor.
    Authority,
    /// A question about the privacy policy (policy clause 7.1): not a request, with a lane of its own.
    Policy,
    /// Anything else.
    Ordinary,
    /// Could not be read by the machine: a person must open it.
    Unreadable,
}

words!(Lane {
    Privacy => "privacy", Authority => "authority", Policy => "policy",
    Ordinary => "ordinary", Unreadable => "unreadable",
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_ticket_is_reopened_by_the_next_word() {
        let now = Timestamp::UNIX_EPOCH;
        let closed = TicketState::Open.wait(now).and_then(|t| t.close(now)).expect("legal way");
        assert_eq!(closed, TicketState::Closed { at: now });
        assert_eq!(closed.hear(), TicketState::Open);
        assert!(closed.close(now).is_err());
        assert!(closed.wait(now).is_err());
    }
}
