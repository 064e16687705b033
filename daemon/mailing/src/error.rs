//! What can go wrong around sending, apart from the fate of one mail.
//!
//! The fate of one mail is an [`crate::Outcome`], never an error. An error here says that the
//! relay, the journal, a key or a letter is not as it must be; no variant holds an address.

use std::path::PathBuf;

/// A failure of mailing that concerns more than the one mail, or that kept it from being built.
#[derive(Debug, thiserror::Error)]
pub enum MailingError {
    /// The relay cannot be used now: the rows stay as they were.
    #[error(transparent)]
    Relay(#[from] crate::smtp::RelayTrouble),
    /// The wire journal cannot be read or written: nothing may be sent.
    #[error(transparent)]
    Journal(#[from] crate::wire_journal::JournalError),
    /// A letter cannot be put on the wire as it is.
    #[error(transparent)]
    Letter(#[from] crate::letter::LetterError),
    /// A signing key cannot be used.
    #[error(transparent)]
    Dkim(#[from] crate::dkim::DkimError),
    /// A Maildir cannot be written.
    #[error(
        "cannot write the Maildir `{path}`: {source}; check that the directory exists and is ours"
    )]
    Maildir {
        /// The directory.
        path: PathBuf,
        /// What the file system said.
        source: std::io::Error,
    },
    /// The configuration of a relay contradicts itself.
    #[error("relay `{relay}`: {problem}")]
    Config {
        /// Its name in the configuration.
        relay: String,
        /// What is wrong, and the remedy.
        problem: String,
    },
    /// The database cannot be used, or holds what does not fit.
    #[error(transparent)]
    Store(#[from] store::StoreError),
    /// Another process runs under this node's name.
    #[error("another daemon runs as node `{0}`; give each its own `node.name` and state directory")]
    NodeInUse(String),
    /// The node was retired, or its lease was taken over.
    #[error(
        "node `{0}` was retired or replaced while it ran; nothing more is sent, start it again"
    )]
    LeaseLost(String),
    /// The sending of a mail panicked: a defect of this program.
    #[error("the sending of a mail broke off; the next start settles it; please report this")]
    BrokenOff,
    /// The daemon was told to stop before sending began.
    #[error("stopped before sending began")]
    Stopped,
}
