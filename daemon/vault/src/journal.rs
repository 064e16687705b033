//! The stop journal: every stop, lift and erasure, outside the database, digests only.
//!
//! The order of a stop is: [`StopJournal::append`] (one sync for the whole batch) → commit →
//! [`StopJournal::committed`] (no sync of its own). If it cannot be written the stop commits all
//! the same, with an alarm, and [`StopJournal::catch_up`] brings it in from the database later.
//! After a restore, [`replay`] tells every stop there ever was; an intent without a number may
//! or may not have been committed and is a stop to be looked at. A directory holds the segments
//! of one or more nodes; the daemon and the command line of a node write the same ones.

mod error;
mod index;
mod record;
mod replay;
mod segment;
mod writer;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::ids::{JournalEntryId, StopNumber};
use domain::journal::{CommittedStop, StopIntent};

use record::Record;
use writer::Writer;

pub use error::JournalError;
pub use replay::{Replayed, replay};

/// A handle to the journal of this node; clones share it.
#[derive(Debug, Clone)]
pub struct StopJournal(Arc<Mutex<Writer>>);

/// What was found in the segments.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JournalReport {
    /// Segments read.
    pub segments: usize,
    /// Intents read, doubles included.
    pub intents: usize,
    /// Intents without a commit: in flight when the process died, or failed in the database.
    pub without_commit: usize,
    /// Bytes of records that a crash cut short, after the last whole one; they never counted.
    pub torn_bytes: u64,
    /// Bytes in the middle that cannot be read: the disk damaged them. Alarm, and restore the
    /// segment from a backup, or catch up from the database from number 0.
    pub damaged_bytes: u64,
}

/// What [`StopJournal::catch_up`] had to write.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CaughtUp {
    /// Stops the journal did not have at all.
    pub stops: usize,
    /// Stops of which only the commit was missing.
    pub commits: usize,
}

impl StopJournal {
    /// Segments are closed at this size.
    pub const SEGMENT_SIZE: u64 = 16 * 1024 * 1024;

    /// Opens the journal of `node` in `directory`, which is made when missing (mode 0700); cuts
    /// off what a crash left half-written.
    ///
    /// # Errors
    /// When the node's name is no file name, the directory cannot be written, or another process
    /// keeps the lock for long.
    pub async fn open(directory: &Path, node: &str) -> Result<(Self, JournalReport), JournalError> {
        Self::open_with_segment_size(directory, node, Self::SEGMENT_SIZE).await
    }

    /// As [`StopJournal::open`], with another size of segments, in bytes.
    ///
    /// # Errors
    /// As [`StopJournal::open`].
    pub async fn open_with_segment_size(
        directory: &Path,
        node: &str,
        segment_size: u64,
    ) -> Result<(Self, JournalReport), JournalError> {
        let (directory, node) = (directory.to_owned(), node.to_owned());
        let (writer, report) =
            run_blocking(move || Writer::open(&directory, &node, segment_size)).await?;
        Ok((Self(Arc::new(Mutex::new(writer))), report))
    }

    /// Writes intents, all durable on return with one sync; none counts when it fails. To be
    /// called before the transaction commits.
    ///
    /// # Errors
    /// When the journal cannot be written; commit all the same, raise the alarm, catch up later.
    pub async fn append(&self, intents: &[StopIntent]) -> Result<(), JournalError> {
        if intents.is_empty() {
            return Ok(());
        }
        let records: Vec<Record> = intents.iter().map(Record::intent).collect();
        self.blocking(move |writer| writer.append_synced(records)).await
    }

    /// Notes the numbers that intents got by their commit. Survives a crash of the process; a
    /// power cut may take it, which only makes them stops to be looked at, or to be caught up.
    ///
    /// # Errors
    /// When the journal cannot be written; the next catching up makes up for it.
    pub async fn committed(
        &self,
        commits: &[(JournalEntryId, StopNumber)],
    ) -> Result<(), JournalError> {
        let commits = commits.to_vec();
        self.blocking(move |writer| writer.append_commits(&commits)).await
    }

    /// Makes noted numbers durable; to be called now and then, and at the end.
    ///
    /// # Errors
    /// When the disk does not take them.
    pub async fn flush(&self) -> Result<(), JournalError> {
        self.blocking(Writer::flush).await
    }

    /// The number up to which the journal is known to hold every stop of the database; what is
    /// after it is to be offered to [`StopJournal::catch_up`].
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub async fn caught_up_to(&self) -> Result<StopNumber, JournalError> {
        self.blocking(Writer::caught_up_to).await
    }

    /// Writes what the journal lacks of these stops, which are **all** stops of the database
    /// after [`StopJournal::caught_up_to`] up to and including `through`. Durable on return.
    ///
    /// # Errors
    /// When the journal cannot be written.
    pub async fn catch_up(
        &self,
        stops: Vec<CommittedStop>,
        through: StopNumber,
    ) -> Result<CaughtUp, JournalError> {
        self.blocking(move |writer| writer.catch_up(&stops, through)).await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Writer) -> Result<T, JournalError> + Send + 'static,
    ) -> Result<T, JournalError> {
        let writer = Arc::clone(&self.0);
        run_blocking(move || job(&mut lock(&writer))).await
    }
}

/// A panic elsewhere leaves no half-done state: each write starts by reading what is there.
fn lock(writer: &Mutex<Writer>) -> MutexGuard<'_, Writer> {
    writer.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn run_blocking<T: Send + 'static>(
    job: impl FnOnce() -> Result<T, JournalError> + Send + 'static,
) -> Result<T, JournalError> {
    match tokio::task::spawn_blocking(job).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(JournalError::ShuttingDown),
        },
    }
}

#[cfg(test)]
mod tests;
