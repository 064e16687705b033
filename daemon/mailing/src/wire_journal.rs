//! The wire journal: what this node said to a relay, in a local append-only file.
//!
//! Step START and END of the flow `out` (DESIGN §3 "One delivery"). Dispatch writes START before
//! `MAIL FROM` and END after the final reply; at the next start the journal is read first and
//! settles the rows that the dead process had claimed. One process holds the directory by a lock
//! for its whole life. START and END are one write call each and are not synced: they survive
//! the death of the process; that of the machine is told by the boot id in the epoch.

mod record;
mod segment;
mod settlement;

use std::collections::VecDeque;
use std::fs::{DirBuilder, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

pub use record::{Attempt, BootId, Epoch, EpochId, Record, Start};
pub use settlement::{Settlement, Verdict};

use crate::outcome::Outcome;
use segment::Segment;

/// A segment that has grown past this many bytes is followed by a new one.
const SEGMENT_BYTES: u64 = 4 * 1024 * 1024;

/// Why the wire journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Another process holds the lock.
    #[error(
        "the wire journal `{path}` is in use by another process; two daemons of one node must not share it, give each its own state directory"
    )]
    Locked {
        /// The directory.
        path: PathBuf,
    },
    /// The file system refused.
    #[error(
        "cannot {operation} in the wire journal `{path}`: {source}; sending stands still until there is room and the directory is ours, then start again"
    )]
    Io {
        /// What was tried.
        operation: &'static str,
        /// Where.
        path: PathBuf,
        /// What it said.
        source: std::io::Error,
    },
    /// An earlier write failed, so nothing more may be started.
    #[error("the wire journal failed before; no mail is started until the daemon starts again")]
    Stopped,
}

/// A journal whose past was read and whose rows are not settled yet: nothing can be started.
#[derive(Debug)]
pub struct SettlingJournal {
    directory: PathBuf,
    lock: File,
    past: Vec<(u64, PathBuf)>,
}

/// The journal of the running process.
#[derive(Debug)]
pub struct WireJournal {
    directory: PathBuf,
    epoch: Epoch,
    segment_bytes: u64,
    /// The segments of earlier processes, all settled.
    past: Vec<PathBuf>,
    inner: Mutex<Inner>,
    /// Held, never read: the lock goes with the process.
    _lock: File,
}

#[derive(Debug)]
struct Inner {
    /// Oldest first; the last one is written to. Never empty.
    segments: VecDeque<Segment>,
    /// Set by the first failed write; START is refused from then on.
    stopped: bool,
}

/// A START that was written. It is given back by [`WireJournal::durable`] once the outcome (or
/// the row's return) is committed in the database; while it is not, its segment stays.
#[derive(Debug)]
#[must_use = "a segment stays until each of its starts is reported durable"]
pub struct Started {
    segment: u64,
    attempt: Attempt,
}

impl Started {
    /// The attempt that was started.
    #[must_use]
    pub fn attempt(&self) -> Attempt {
        self.attempt
    }
}

/// Locks the journal in `directory` (made if missing, mode 0700) and reads what earlier
/// processes of this node left there.
///
/// # Errors
/// [`JournalError::Locked`] when another process has it, [`JournalError::Io`] when it cannot be
/// read. A torn record at the end of a segment is absent, not an error.
pub fn open(directory: &Path) -> Result<(SettlingJournal, Settlement), JournalError> {
    let io = |operation, source| JournalError::Io { operation, path: directory.into(), source };
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(|e| io("make the directory", e))?;
    let lock = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(directory.join("lock"))
        .map_err(|e| io("open the lock", e))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(std::fs::TryLockError::WouldBlock) => {
            return Err(JournalError::Locked { path: directory.into() });
        }
        Err(std::fs::TryLockError::Error(e)) => return Err(io("take the lock", e)),
    }
    let past = segment::list(directory).map_err(|e| io("list the segments", e))?;
    let mut settlement = Settlement::default();
    for (_, path) in &past {
        let bytes = std::fs::read(path).map_err(|e| io("read a segment", e))?;
        settlement.read_segment(&bytes);
    }
    Ok((SettlingJournal { directory: directory.into(), lock, past }, settlement))
}

impl SettlingJournal {
    /// Begins this process' epoch: writes and syncs it. To be called only once everything that
    /// [`open`] told is committed in the database. The past stays until
    /// [`WireJournal::forget_past`].
    ///
    /// # Errors
    /// [`JournalError::Io`] when the epoch cannot be made durable.
    pub fn begin(self, epoch: Epoch) -> Result<WireJournal, JournalError> {
        self.begin_with_segments_of(epoch, SEGMENT_BYTES)
    }

    fn begin_with_segments_of(
        self,
        epoch: Epoch,
        segment_bytes: u64,
    ) -> Result<WireJournal, JournalError> {
        let number = self.past.last().map_or(1, |(last, _)| last + 1);
        let first = Segment::create(&self.directory, number, &epoch)?;
        let inner = Inner { segments: VecDeque::from([first]), stopped: false };
        Ok(WireJournal {
            directory: self.directory,
            epoch,
            segment_bytes,
            past: self.past.into_iter().map(|(_, path)| path).collect(),
            inner: Mutex::new(inner),
            _lock: self.lock,
        })
    }
}

impl WireJournal {
    /// The epoch that every claim of this process records.
    #[must_use]
    pub fn epoch(&self) -> &Epoch {
        &self.epoch
    }

    /// Removes what earlier processes left: to be called once the database knows this epoch, by
    /// which the next start knows its predecessor.
    ///
    /// # Errors
    /// [`JournalError::Io`]: the rest stays, and is settled again without effect.
    pub fn forget_past(&self) -> Result<(), JournalError> {
        for path in &self.past {
            match std::fs::remove_file(path) {
                Ok(()) => {}
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(source) => {
                    return Err(JournalError::Io {
                        operation: "remove a settled segment",
                        path: path.clone(),
                        source,
                    });
                }
            }
        }
        Ok(())
    }

    /// Writes START; only after it returned may the first byte of the mail's envelope be sent.
    ///
    /// # Errors
    /// The mail must not be sent; all further starts are refused with [`JournalError::Stopped`].
    pub fn start(&self, start: &Start) -> Result<Started, JournalError> {
        let mut inner = self.inner();
        if inner.stopped {
            return Err(JournalError::Stopped);
        }
        if inner.current().len() >= self.segment_bytes {
            let number = inner.current().number() + 1;
            match Segment::create(&self.directory, number, &self.epoch) {
                Ok(next) => inner.segments.push_back(next),
                Err(error) => {
                    inner.stopped = true;
                    return Err(error);
                }
            }
            inner.remove_durable();
        }
        let written = inner.current().append(&Record::Start(start.clone()));
        if let Err(error) = written {
            inner.stopped = true;
            return Err(error);
        }
        let segment = inner.current();
        segment.open_starts += 1;
        Ok(Started { segment: segment.number(), attempt: start.attempt })
    }

    /// Writes END. The outcome must reach the database whether or not this succeeds.
    ///
    /// # Errors
    /// The outcome is to be committed at once, and nothing more may be started.
    pub fn end(&self, started: &Started, outcome: &Outcome) -> Result<(), JournalError> {
        let mut inner = self.inner();
        let record = Record::End { attempt: started.attempt, outcome: outcome.clone() };
        let written = inner.current().append(&record);
        if written.is_err() {
            inner.stopped = true;
        }
        written
    }

    /// Tells that the outcomes of these starts are committed in the database; segments that are
    /// no longer needed go, oldest first. A segment that cannot be removed stays for the next
    /// start, which settles it again without effect.
    pub fn durable(&self, starts: impl IntoIterator<Item = Started>) {
        let mut inner = self.inner();
        for started in starts {
            if let Some(segment) =
                inner.segments.iter_mut().find(|segment| segment.number() == started.segment)
            {
                segment.open_starts = segment.open_starts.saturating_sub(1);
            }
        }
        inner.remove_durable();
    }

    /// Whether an earlier write failed and nothing more is started.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.inner().stopped
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // A panic between two writes leaves whole records behind, so the state is still true.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes every later write fail, as a full disk does.
    #[cfg(test)]
    pub(crate) fn break_writes(&self) {
        self.inner().current().break_writes();
    }
}

impl Inner {
    fn current(&mut self) -> &mut Segment {
        self.segments.back_mut().expect("a journal is made with a segment and keeps its last")
    }

    /// Only a prefix goes: an END may stand in a later segment than its START.
    fn remove_durable(&mut self) {
        while self.segments.len() > 1 && self.segments[0].open_starts == 0 {
            if self.segments[0].remove().is_err() {
                return;
            }
            self.segments.pop_front();
        }
    }
}

#[cfg(test)]
mod tests;
