//! One mailbox and everything that polling it needs.
//!
//! Made by the process from its configuration, one for each `[[mailbox]]`; handed to `poll`.

use std::{path::PathBuf, sync::Arc, time::Duration};

use cases::Cases;
use domain::{
    Timestamp,
    ambient::{Clock, Entropy, random_bytes},
    ids::{ObjectId, VaultKeyId},
};
use store::Store;

use crate::{authenticate::Authenticator, child::ReaderPool, imap::ImapConfig};

/// Where mail is read from.
#[derive(Debug, Clone)]
pub enum MailSource {
    /// An IMAP server.
    Imap {
        /// The server and the login.
        server: ImapConfig,
        /// The folders to read; the server's junk folder is read besides.
        folders: Vec<String>,
        /// Where filed mail is moved, if anywhere.
        move_to: Option<String>,
    },
    /// A Maildir.
    Maildir {
        /// The directory that holds `new` and `cur`.
        path: PathBuf,
        /// The folders to read; `INBOX` is the directory itself.
        folders: Vec<String>,
    },
}

/// A mailbox as configured.
#[derive(Debug, Clone)]
pub struct Mailbox {
    /// Its name in tables and logs.
    pub name: String,
    /// Where it is.
    pub source: MailSource,
    /// How often to look where nothing wakes us.
    pub poll_interval: Duration,
    /// Of a larger mail only the header is read, in bytes.
    pub max_message_size: u64,
}

impl Mailbox {
    /// Its kind in the word of the table.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.source {
            MailSource::Imap { .. } => "imap",
            MailSource::Maildir { .. } => "maildir",
        }
    }
}

/// Says that a supervised loop still turns; called at least every half minute.
pub type Beat = Arc<dyn Fn() + Send + Sync>;

/// A mailbox with what polling it needs. Cheap to clone.
#[derive(Clone)]
pub struct MailboxTask {
    /// The mailbox.
    pub mailbox: Mailbox,
    /// Where mails become tickets; the database and the vault come with it.
    pub cases: Cases,
    /// Who checks the senders.
    pub authenticator: Authenticator,
    /// The children that read mail; one pool for all mailboxes.
    pub reader: ReaderPool,
    /// This run of the daemon, unlike any other: its epoch. It owns leases and attempts.
    pub owner: String,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// The watchdog's pulse.
    pub beat: Beat,
}

impl std::fmt::Debug for MailboxTask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MailboxTask").field("mailbox", &self.mailbox.name).finish_non_exhaustive()
    }
}

impl MailboxTask {
    pub(crate) fn store(&self) -> &Store {
        self.cases.store()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn new_object(&self, now: Timestamp) -> ObjectId {
        ObjectId::new(now, random_bytes(self.entropy.as_ref()))
    }

    pub(crate) fn new_key(&self, now: Timestamp) -> VaultKeyId {
        VaultKeyId::new(now, random_bytes(self.entropy.as_ref()))
    }

    /// A number below `bound` that nobody can foresee, for jitter.
    pub(crate) fn random_below(&self, bound: u64) -> u64 {
        let drawn = u64::from_le_bytes(random_bytes(self.entropy.as_ref()));
        if bound == 0 { 0 } else { drawn % bound }
    }
}
