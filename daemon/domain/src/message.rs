//! One inbound mail on its way: discovered → raw stored → read → classified → filed → moved.
//!
//! The side states (too big, unreadable, quarantined) are filed as a ticket for a person and
//! moved like the others; the ends are moved and vanished. Every arrow is idempotent.

use crate::words::{InvalidTransition, words};

/// Where a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MessageState {
    /// Its UID or file name was seen; nothing was fetched.
    Discovered,
    /// The raw bytes are durable in the vault.
    RawStored,
    /// The bytes were read into a mail (in the child; not stored as a state of its own).
    Read,
    /// The mail was classified (in the child; not stored as a state of its own).
    Classified,
    /// Ticket, block and reply are committed.
    Filed,
    /// The server's copy was flagged or moved. The end.
    Moved,
    /// Over `mailbox.max_message_size`: only the header was fetched.
    TooBig,
    /// The bytes are there, but no mail could be read from them.
    Unreadable,
    /// It killed its reader three times.
    Quarantined,
    /// Gone from the mailbox before it was fetched. The end, unless it comes back.
    Vanished,
}

words!(MessageState {
    Discovered => "discovered", RawStored => "raw_stored", Read => "read",
    Classified => "classified", Filed => "filed", Moved => "moved", TooBig => "too_big",
    Unreadable => "unreadable", Quarantined => "quarantined", Vanished => "vanished",
});

/// A step of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageStep {
    /// The raw bytes were made durable.
    StoreRaw,
    /// The size is over the limit.
    FindTooBig,
    /// The child read it.
    Read,
    /// The child could not make a mail of it.
    FailToRead,
    /// Its attempts are spent.
    Quarantine,
    /// It was classified.
    Classify,
    /// The filing transaction commits.
    File,
    /// The same bytes were filed from this mailbox before: only the copy is moved.
    RecogniseCopy,
    /// The server's copy was flagged or moved.
    Move,
    /// It is gone from the mailbox.
    Vanish,
    /// It is there again, before it was ever fetched.
    Reappear,
}

impl MessageState {
    /// The state after `step`.
    ///
    /// # Errors
    /// [`InvalidTransition`] when the step does not leave this state.
    pub fn after(self, step: MessageStep) -> Result<Self, InvalidTransition> {
        use MessageStep as Step;
        let next = match (self, step) {
            (Self::Discovered, Step::StoreRaw) => Self::RawStored,
            (Self::Discovered, Step::FindTooBig) => Self::TooBig,
            // What vanished after it was filed needs no moving; its ticket stands.
            (Self::Discovered | Self::Filed, Step::Vanish) => Self::Vanished,
            (Self::RawStored, Step::Read) => Self::Read,
            // A mail that the server does not give out is unreadable as well.
            (Self::Discovered | Self::RawStored, Step::FailToRead) => Self::Unreadable,
            // Renumbered back, or found by a second look: it was never fetched.
            (Self::Vanished, Step::Reappear) => Self::Discovered,
            (Self::RawStored, Step::Quarantine) => Self::Quarantined,
            (Self::RawStored, Step::RecogniseCopy) => Self::Filed,
            (Self::Read, Step::Classify) => Self::Classified,
            (
                Self::Classified | Self::TooBig | Self::Unreadable | Self::Quarantined,
                Step::File,
            ) => Self::Filed,
            (Self::Filed, Step::Move) => Self::Moved,
            (
                Self::Discovered
                | Self::RawStored
                | Self::Read
                | Self::Classified
                | Self::Filed
                | Self::Moved
                | Self::TooBig
                | Self::Unreadable
                | Self::Quarantined
                | Self::Vanished,
                _,
            ) => {
                return Err(InvalidTransition {
                    machine: "message",
                    from: self.name(),
                    step: step.verb(),
                });
            }
        };
        Ok(next)
    }

    /// Whether nothing more happens to the message.
    #[must_use]
    pub fn is_end(self) -> bool {
        matches!(self, Self::Moved | Self::Vanished)
    }
}

impl MessageStep {
    fn verb(self) -> &'static str {
        match self {
            Self::StoreRaw => "have its raw bytes stored",
            Self::FindTooBig => "be found too big",
            Self::Read => "be read",
            Self::FailToRead => "fail to be read",
            Self::Quarantine => "be quarantined",
            Self::Classify => "be classified",
            Self::File => "be filed",
            Self::RecogniseCopy => "be recognised as a copy",
            Self::Move => "be moved",
            Self::Vanish => "vanish",
            Self::Reappear => "reappear",
        }
    }
}

/// How many times a message may kill its reader before it is quarantined.
pub const MAX_ATTEMPTS: u32 = 3;
/// How many deaths of the daemon with this message read alone count as one attempt.
pub const LONE_DEATHS_PER_ATTEMPT: u32 = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_goes_the_whole_way_and_no_further() {
        use MessageStep::{Classify, File, Move, Read, StoreRaw};
        let end = [StoreRaw, Read, Classify, File, Move]
            .into_iter()
            .try_fold(MessageState::Discovered, MessageState::after)
            .expect("the straight way");
        assert_eq!(end, MessageState::Moved);
        assert!(end.is_end());
        assert!(end.after(File).is_err());
    }

    #[test]
    fn what_cannot_be_read_is_filed_all_the_same() {
        use MessageStep::{FailToRead, File, FindTooBig, Move, Quarantine, StoreRaw};
        for way in [vec![FindTooBig], vec![StoreRaw, FailToRead], vec![StoreRaw, Quarantine]] {
            let side = way.into_iter().try_fold(MessageState::Discovered, MessageState::after);
            let filed =
                side.and_then(|state| state.after(File)).and_then(|state| state.after(Move));
            assert_eq!(filed, Ok(MessageState::Moved));
        }
    }

    #[test]
    fn nothing_is_moved_before_it_is_filed() {
        for state in MessageState::ALL {
            let moved = state.after(MessageStep::Move);
            assert_eq!(moved.is_ok(), *state == MessageState::Filed, "{state:?}");
        }
    }
}
