//! The mails that have a template, and the values each of them prints.
//!
//! `cases` fills a context and writes the rendered mail into the ledger; nothing of the mail
//! that is answered is in any context, so nothing of it can be echoed.

pub mod acknowledgement;
pub mod alarm;
pub mod block_notice;
pub mod confirmation;
pub(crate) mod sample;

pub use acknowledgement::{AcknowledgedRequest, Acknowledgement};
pub use alarm::Alarm;
pub use block_notice::BlockNotice;
pub use confirmation::{Confirmation, Wish};

/// A mail of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MailName {
    /// The automatic reply of filing; context [`Acknowledgement`].
    Acknowledgement,
    /// A staff mail that somebody must act; context [`Alarm`].
    Alarm,
    /// To the address on file: a block was set by a mail we could not verify; context
    /// [`BlockNotice`].
    BlockNotice,
    /// The one mail of a double opt-in; context [`Confirmation`].
    Confirmation,
}

impl MailName {
    /// All mails.
    pub const ALL: [Self; 4] =
        [Self::Acknowledgement, Self::Alarm, Self::BlockNotice, Self::Confirmation];

    /// The name in the ledger and of the folder under `templates/mail/<locale>/`.
    #[must_use]
    pub fn folder(self) -> &'static str {
        match self {
            Self::Acknowledgement => "acknowledgement",
            Self::Alarm => "alarm",
            Self::BlockNotice => "block_notice",
            Self::Confirmation => "confirmation",
        }
    }

    /// Whether the mail has an HTML part. Automatic replies are text alone (RFC 3834).
    pub(crate) fn has_html(self) -> bool {
        match self {
            Self::Acknowledgement | Self::Alarm | Self::BlockNotice => false,
            Self::Confirmation => true,
        }
    }
}

/// A mail ready for the ledger.
#[derive(Clone, PartialEq, Eq)]
pub struct RenderedMail {
    /// The subject: one line, no control characters, not encoded.
    pub subject: String,
    /// The text part, lines ended by LF.
    pub text: String,
    /// The HTML part, if the mail has one.
    pub html: Option<String>,
}

impl std::fmt::Debug for RenderedMail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RenderedMail").field("text_bytes", &self.text.len()).finish_non_exhaustive()
    }
}
