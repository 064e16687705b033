//! The reader pool: hostile mail is read and classified in processes of its own.
//!
//! The daemon starts its own binary with a hidden subcommand (`consentry reader`), which runs
//! [`reader_main`], a few times, and hands mails to these children through one [`ReaderPool`] that
//! all mailboxes share. A child may use memory and processor time up to a limit and nothing else:
//! no file, no network, no process ([`sandbox`]). It says which mail it begins with, so that it is
//! known which one killed it; that mail is blamed, the others are read by the next child.

mod check;
mod frame;
mod limits;
mod memory;
mod pool;
mod process;
mod sandbox;
mod serve;
mod starter;

use std::{path::PathBuf, sync::Arc, time::Duration};

use domain::{classification::Classification, mail::ReadMail};

pub use self::check::{Implausible, check};
pub use self::frame::BUILD;
pub use self::limits::Limits;
pub use self::pool::{PoolStanding, ReaderPool};
pub use self::serve::{read_in_process, reader_main};

/// What was read of one mail.
pub type Reading = (ReadMail, Classification);

/// How children are started, how many, and how much one may take.
#[derive(Clone)]
pub struct ReaderConfig {
    /// The program: the daemon's own binary.
    pub command: PathBuf,
    /// Its arguments: the hidden subcommand. Everybody on the machine can see them.
    pub arguments: Vec<String>,
    /// What the child must know to judge, as its first frame; seen by nobody else.
    pub greeting: Vec<u8>,
    /// Children at the same time. Default: the cores of the machine, at most 4.
    pub processes: usize,
    /// What the kernel lets one child take.
    pub limits: Limits,
    /// Time for one mail from its beginning; and before that, for the child to get there.
    /// Default 30 s.
    pub time_limit: Duration,
    /// After so many mails a child is replaced. Default 10,000: a start costs as much processor
    /// time as a hundred mails.
    pub mails_per_process: u64,
    /// A child that holds so many bytes more than at its start is replaced. Default 64 MiB.
    pub growth: u64,
}

impl std::fmt::Debug for ReaderConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The greeting holds addresses and the mark of our own mail.
        f.debug_struct("ReaderConfig")
            .field("command", &self.command)
            .field("processes", &self.processes)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl ReaderConfig {
    /// The configuration with the defaults.
    #[must_use]
    pub fn new(command: PathBuf, arguments: Vec<String>) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            command,
            arguments,
            greeting: Vec::new(),
            processes: cores.min(4),
            limits: Limits::default(),
            time_limit: Duration::from_secs(30),
            mails_per_process: 10_000,
            growth: 64 * 1024 * 1024,
        }
    }
}

/// Why a mail was not read.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ReaderError {
    /// The mail killed the child, by a fault or by a limit. It counts as an attempt.
    #[error("the reader died of this mail ({how})")]
    Died {
        /// Exit code or signal, for people.
        how: String,
    },
    /// The child was still at it when its time was over, and was killed. It counts.
    #[error("the reader was still busy after {0:?} and was stopped")]
    TimedOut(Duration),
    /// The child answered what nobody understands or what cannot be. It counts.
    #[error("the reader gave an answer that is not understood")]
    Garbled,
    /// The bytes are no mail. No further attempt is needed.
    #[error("the bytes are no mail: they have no header")]
    Unreadable,
    /// The child could not be started or fed. Nobody's attempt.
    #[error("cannot run the reader: {0}; check memory, process limits and the program file")]
    Unavailable(Arc<std::io::Error>),
}

impl ReaderError {
    /// Whether the mail is to blame, so that its attempt stands.
    #[must_use]
    pub fn counts(&self) -> bool {
        match self {
            Self::Died { .. } | Self::TimedOut(_) | Self::Garbled | Self::Unreadable => true,
            Self::Unavailable(_) => false,
        }
    }

    /// Whether it may have been the machine, which was busy or short of memory, so that a pause
    /// before the next attempt helps.
    #[must_use]
    pub(crate) fn may_be_the_machine(&self) -> bool {
        match self {
            Self::TimedOut(_) => true,
            Self::Died { how } => how == process::KILLED,
            Self::Garbled | Self::Unreadable | Self::Unavailable(_) => false,
        }
    }

    fn unready(why: impl Into<String>) -> Self {
        Self::Unavailable(Arc::new(std::io::Error::other(why.into())))
    }
}
