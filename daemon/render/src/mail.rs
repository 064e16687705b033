//! The mails that have a template, and the values each of them prints.
//!
//! `cases` fills a context and writes the rendered mail into the ledger; nothing of the mail
//! that is answered is in any context, so nothing of it can be echoed.

pub mod acknowledgement;
pub mod alarm;
pub mod block_notice;
pub mod case_letter;
pub mod confirmation;
pub(crate) mod sample;

pub use acknowledgement::{AcknowledgedRequest, Acknowledgement};
pub use alarm::Alarm;
pub use block_notice::BlockNotice;
pub use case_letter::{CaseLetter, KeptItem};
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
    /// Was it you? Link and code, to the address on file. Context [`CaseLetter`].
    Challenge,
    /// What is missing before we can answer. Context [`CaseLetter`].
    Missing,
    /// The reasoned notice of an extension (152-FZ art. 20(1), GDPR 12(3)). Context [`CaseLetter`].
    Extension,
    /// A refusal with clause, reasons and remedies. Context [`CaseLetter`].
    Refusal,
    /// What was destroyed, what is kept and why. Context [`CaseLetter`].
    AnswerDestroyed,
    /// The link to the package of an access request. Context [`CaseLetter`].
    AnswerAccess,
    /// What was corrected, or why it was not. Context [`CaseLetter`].
    AnswerCorrected,
    /// What became of a demand to restrict processing. Context [`CaseLetter`].
    AnswerRestricted,
    /// Which processing was stopped, which goes on and on which base. Context [`CaseLetter`].
    AnswerStopped,
    /// What the check of lawfulness found, and what was done. Context [`CaseLetter`].
    AnswerLawfulness,
    /// What was taken down. Context [`CaseLetter`].
    AnswerUnpublished,
    /// A letter that a person of ours wrote. Context [`CaseLetter`].
    Reply,
    /// A block will be lifted (GDPR 18(3)). Context [`CaseLetter`].
    UnblockNotice,
    /// It was not you: the block is lifted. Context [`CaseLetter`].
    Disowned,
    /// The request was taken back. Context [`CaseLetter`].
    TakenBack,
    /// Please show that you may act for this person. Context [`CaseLetter`].
    RepresentativeProof,
    /// To the address on file: somebody acts on your behalf. Context [`CaseLetter`].
    RepresentativeCopy,
    /// To the address on file: what became of what was asked on your behalf. Context [`CaseLetter`].
    RepresentativeAnswer,
    /// To a recipient of the data: what became of them. Context [`CaseLetter`].
    RecipientNotice,
    /// Destruction is not possible in time (152-FZ art. 21(6)). Context [`CaseLetter`].
    Postponed,
    /// To a person concerned by a breach (GDPR 34). Context [`CaseLetter`].
    BreachNotice,
}

impl MailName {
    /// All mails.
    pub const ALL: [Self; 25] = [
        Self::Acknowledgement,
        Self::Alarm,
        Self::BlockNotice,
        Self::Confirmation,
        Self::Challenge,
        Self::Missing,
        Self::Extension,
        Self::Refusal,
        Self::AnswerDestroyed,
        Self::AnswerAccess,
        Self::AnswerCorrected,
        Self::AnswerRestricted,
        Self::AnswerStopped,
        Self::AnswerLawfulness,
        Self::AnswerUnpublished,
        Self::Reply,
        Self::UnblockNotice,
        Self::Disowned,
        Self::TakenBack,
        Self::RepresentativeProof,
        Self::RepresentativeCopy,
        Self::RepresentativeAnswer,
        Self::RecipientNotice,
        Self::Postponed,
        Self::BreachNotice,
    ];

    /// The name in the ledger and of the folder under `templates/mail/<locale>/`.
    #[must_use]
    pub fn folder(self) -> &'static str {
        match self {
            Self::Acknowledgement => "acknowledgement",
            Self::Alarm => "alarm",
            Self::BlockNotice => "block_notice",
            Self::Confirmation => "confirmation",
            Self::Challenge => "challenge",
            Self::Missing => "missing",
            Self::Extension => "extension",
            Self::Refusal => "refusal",
            Self::AnswerDestroyed => "answer_destroyed",
            Self::AnswerAccess => "answer_access",
            Self::AnswerCorrected => "answer_corrected",
            Self::AnswerRestricted => "answer_restricted",
            Self::AnswerStopped => "answer_stopped",
            Self::AnswerLawfulness => "answer_lawfulness",
            Self::AnswerUnpublished => "answer_unpublished",
            Self::Reply => "reply",
            Self::UnblockNotice => "unblock_notice",
            Self::Disowned => "disowned",
            Self::TakenBack => "taken_back",
            Self::RepresentativeProof => "representative_proof",
            Self::RepresentativeCopy => "representative_copy",
            Self::RepresentativeAnswer => "representative_answer",
            Self::RecipientNotice => "recipient_notice",
            Self::Postponed => "postponed",
            Self::BreachNotice => "breach_notice",
        }
    }

    /// Whether the mail has an HTML part. Automatic replies are text alone (RFC 3834).
    pub(crate) fn has_html(self) -> bool {
        !matches!(self, Self::Acknowledgement | Self::Alarm | Self::BlockNotice)
    }

    /// Whether its context is [`CaseLetter`].
    #[must_use]
    pub fn is_of_a_case(self) -> bool {
        !matches!(
            self,
            Self::Acknowledgement | Self::Alarm | Self::BlockNotice | Self::Confirmation
        )
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
