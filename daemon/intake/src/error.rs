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
    /// The server lists a mail and does not give it out.
    #[error("the server does not give out a mail that it lists; look for it in the mailbox")]
    NotGiven,
    /// A defect of this program ended the pass.
    #[error("a defect ended the pass over the mailbox; report it with the lines before this one")]
    Panicked,
    /// Another node polls the mailbox.
    #[error("another node polls mailbox `{mailbox}` now; stop it, or wait a minute if it died")]
    Elsewhere {
        /// Its name.
        mailbox: String,
    },
}

impl IntakeError {
    /// Whether only one folder or mail is at fault, and all others can be gone on with.
    #[must_use]
    pub fn is_local(&self) -> bool {
        matches!(
            self,
            Self::Imap(ImapError::Refused { .. }) | Self::Maildir { .. } | Self::NotGiven
        )
    }

    /// Whether the connection to the server was lost over it.
    #[must_use]
    pub fn breaks_connection(&self) -> bool {
        matches!(self, Self::Imap(error) if !error.leaves_connection())
    }

    /// Whether the login was refused for what the secret is, not for how the server does now.
    #[must_use]
    pub fn needs_new_secret(&self) -> bool {
        const PASSING: [&str; 3] = ["UNAVAILABLE", "INUSE", "LIMIT"];
        matches!(self, Self::Imap(ImapError::LoginRefused { code, .. })
            if !PASSING.contains(&code.as_str()))
    }

    /// Whether the server refused our login: not to be repeated quickly, accounts get locked.
    #[must_use]
    pub fn is_login_refusal(&self) -> bool {
        matches!(self, Self::Imap(ImapError::LoginRefused { .. } | ImapError::NoMechanism { .. }))
    }
}
