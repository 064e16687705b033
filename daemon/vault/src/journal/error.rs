//! What can go wrong with the stop journal.
//!
//! A journal that cannot be written never holds a stop back: the caller commits, raises the
//! alarm with this message, and catches up later.

use std::io;
use std::path::{Path, PathBuf};

/// Why the stop journal could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The disk does not work, or is full.
    #[error(
        "cannot {operation} stop journal {}: {source}; free space or mend the disk, stops are caught up afterwards", .path.display()
    )]
    Unavailable {
        /// What was tried.
        operation: &'static str,
        /// On which file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another process keeps the lock.
    #[error(
        "stop journal {} is locked by another process for seconds; look for a `consentry` that hangs", .0.display()
    )]
    Locked(PathBuf),
    /// A whole record that this version cannot read.
    #[error(
        "stop journal {} has a record at byte {at} that this version cannot read; use the version that wrote it, or a newer one", .path.display()
    )]
    Unreadable {
        /// The segment.
        path: PathBuf,
        /// Where the record begins.
        at: u64,
    },
    /// A segment does not begin like one.
    #[error("{} is no stop journal; move it away", .0.display())]
    NoJournal(PathBuf),
    /// The name of the node cannot be part of a file name.
    #[error(
        "node name `{0}` is not 1 to 64 characters of a-z, A-Z, 0-9, `.`, `_` and `-`; set `node.name`"
    )]
    NodeName(String),
    /// The process ends; nothing was written.
    #[error("the process is ending, the stop journal takes nothing more; start it again")]
    ShuttingDown,
}

impl JournalError {
    pub(super) fn io(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Unavailable { operation, path, source }
    }
}
