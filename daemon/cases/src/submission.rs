//! What comes in to be filed: a message or a form entry, read or not.

use domain::{
    Timestamp,
    address::EmailAddress,
    authentication::SenderAuthentication,
    classification::Classification,
    filing::{ReviewReason, Sender},
    ids::{MessageId, ObjectId, VaultKeyId},
    mail::ReadMail,
};

use crate::settings::Settings;

/// Where a submission comes from; its key: the same source is filed once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A message of a mailbox.
    Message(MessageId),
    /// A form entry.
    Form {
        /// The random value of the rendered form.
        key: [u8; 16],
        /// Where the form stood, in the word of the table.
        capture_point: String,
        /// The policy shown beside it.
        policy_version: String,
    },
}

/// What is known of its content.
#[derive(Debug, Clone)]
pub enum Content {
    /// Read and classified.
    Classified {
        /// What was read.
        mail: Box<ReadMail>,
        /// What it is and asks for.
        classification: Box<Classification>,
    },
    /// Not read: a person must open it.
    Unread {
        /// Why: too big, unreadable or quarantined.
        reason: ReviewReason,
        /// The header, where at least that was read.
        header: Option<Box<ReadMail>>,
    },
}

/// A submission to be filed.
#[derive(Debug, Clone)]
pub struct Submission {
    /// Where it comes from.
    pub source: Source,
    /// The server's receipt: the clock starts here (invariant 6).
    pub received_at: Timestamp,
    /// Its raw bytes in the vault; too big ones have none.
    pub object: Option<ObjectId>,
    /// The key of this submission: its content and its reply are sealed under it.
    pub vault_key: VaultKeyId,
    /// What is known about the sender's domain; a form counts as none.
    pub authentication: SenderAuthentication,
    /// Its content.
    pub content: Content,
}

impl Submission {
    /// What was read, if anything was.
    #[must_use]
    pub fn mail(&self) -> Option<&ReadMail> {
        match &self.content {
            Content::Classified { mail, .. } => Some(mail),
            Content::Unread { header, .. } => header.as_deref(),
        }
    }

    /// The classification, if it was read.
    #[must_use]
    pub fn classification(&self) -> Option<&Classification> {
        match &self.content {
            Content::Classified { classification, .. } => Some(classification),
            Content::Unread { .. } => None,
        }
    }

    /// The one sender (invariant 14): exactly one From header with exactly one address.
    #[must_use]
    pub fn requester(&self) -> Option<EmailAddress> {
        EmailAddress::parse(&self.mail()?.requester()?.address).ok()
    }
}

/// How the requester stands to us.
#[must_use]
pub(crate) fn sender<'a>(requester: Option<&'a EmailAddress>, settings: &Settings) -> Sender<'a> {
    match requester {
        None => Sender::NotOne,
        Some(address) if settings.is_own(address) => Sender::Own(address),
        Some(address) => Sender::Outside(address),
    }
}
