//! What can end a pass over a mailbox. None of these is a message's fault: those are states.

use cases::CasesError;
use store::StoreError;
use vault::VaultError;

use crate::{child::ReaderError, imap::ImapError};

/// An error of `intake`.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// The server, or the way to it.
    #[error(transparent)]
    Imap(#[from] ImapError),
    /// The Maildir cannot be used.
    #[error(
        "cannot {operation} folder `{folder}` of the maildir: {kind}; check `path` and its rights"
    )]
    Maildir {
        /// What was tried.
        operation: &'static str,
        /// The folder's name.
        folder: String,
        /// What the system says.
        kind: std::io::ErrorKind,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The vault.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// Filing, for another reason than the message.
    #[error(transparent)]
    Cases(#[from] CasesError),
    /// The reader child cannot be run.
    #[error(transparent)]
    Reader(#[from] ReaderError),
    /// Another node polls the mailbox.
    #[error("another node polls mailbox `{mailbox}` now; stop it, or wait a minute if it died")]
    Elsewhere {
        /// Its name.
        mailbox: String,
    },
}

impl IntakeError {
    /// Whether the server refused our login: not to be repeated quickly, accounts get locked.
    #[must_use]
    pub fn is_login_refusal(&self) -> bool {
        matches!(self, Self::Imap(ImapError::LoginRefused { .. } | ImapError::NoMechanism { .. }))
    }
}
