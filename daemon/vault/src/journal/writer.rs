//! The writing side: one append at a time, across the processes of a node.
//!
//! The lock is taken for each append, not for the life of the process, since the daemon and the
//! command line both write stops. Under the lock a writer first reads what others appended (and
//! follows them to a newer segment), cuts a tail that a crash tore, and then appends.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::ids::{JournalEntryId, StopNumber};
use domain::journal::CommittedStop;

use super::error::JournalError;
use super::index::Index;
use super::record::Record;
use super::segment::{self, Segment};
use super::{CaughtUp, JournalReport};
use crate::durable;

/// How long a writer waits for another process: 2,500 tries, 2 ms apart.
const LOCK_TRIES: u32 = 2_500;
const LOCK_PAUSE: Duration = Duration::from_millis(2);

/// The state behind a [`super::StopJournal`].
#[derive(Debug)]
pub(super) struct Writer {
    directory: PathBuf,
    node: String,
    segment_size: u64,
    /// Carries the lock; holds nothing.
    lock: File,
    /// The segment being written, and its number.
    segment: Segment,
    number: u64,
    index: Index,
    /// Whether something was written since the last sync.
    unsynced: bool,
}

impl Writer {
    pub(super) fn open(
        directory: &Path,
        node: &str,
        segment_size: u64,
    ) -> Result<(Self, JournalReport), JournalError> {
        segment::check_node(node)?;
        durable::create_directory(directory).map_err(JournalError::io("create", directory))?;
        let lock_path = directory.join(format!("{node}.lock"));
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&lock_path)
            .map_err(JournalError::io("open the lock of", &lock_path))?;
        acquire(&lock, directory)?;
        let numbers = numbers(directory, node)?;
        let first = numbers.first().copied().unwrap_or(1);
        let mut writer = Self {
            directory: directory.to_owned(),
            node: node.to_owned(),
            segment_size,
            lock,
            segment: Segment::open(segment::path(directory, node, first))?,
            number: first,
            index: Index::default(),
            unsynced: false,
        };
        let mut report = JournalReport { segments: numbers.len().max(1), ..Default::default() };
        let followed = writer.follow(&mut report);
        let released = writer.release();
        followed.and(released)?;
        writer.index.synced();
        report.intents = writer.index.intents;
        report.without_commit = writer.index.without_commit();
        Ok((writer, report))
    }

    pub(super) fn append_synced(&mut self, records: Vec<Record>) -> Result<(), JournalError> {
        self.locked(|writer| {
            writer.write(&records)?;
            writer.sync()
        })
    }

    pub(super) fn append_commits(
        &mut self,
        commits: &[(JournalEntryId, StopNumber)],
    ) -> Result<(), JournalError> {
        self.locked(|writer| {
            let records: Vec<Record> = commits
                .iter()
                .filter(|(id, number)| {
                    writer.index.has_open(*id) || !writer.index.has_number(*number)
                })
                .map(|(id, number)| Record::Committed { id: *id, number: *number })
                .collect();
            writer.write(&records)
        })
    }

    pub(super) fn catch_up(
        &mut self,
        stops: &[CommittedStop],
        through: StopNumber,
    ) -> Result<CaughtUp, JournalError> {
        self.locked(|writer| {
            let mut done = CaughtUp::default();
            let mut records = Vec::new();
            for CommittedStop { number, intent } in stops {
                if writer.index.has_number(*number) {
                    continue;
                }
                if writer.index.has_open(intent.id) {
                    done.commits += 1;
                } else {
                    done.stops += 1;
                    records.push(Record::intent(intent));
                }
                records.push(Record::Committed { id: intent.id, number: *number });
            }
            if through > writer.index.mark() {
                records.push(Record::CaughtUp { through });
            }
            writer.write(&records)?;
            writer.sync()?;
            Ok(done)
        })
    }

    pub(super) fn flush(&mut self) -> Result<(), JournalError> {
        self.locked(Self::sync_rest)
    }

    pub(super) fn caught_up_to(&mut self) -> Result<StopNumber, JournalError> {
        self.locked(|writer| Ok(writer.index.mark()))
    }

    /// Runs a change under the lock, after reading what others wrote.
    fn locked<T>(
        &mut self,
        change: impl FnOnce(&mut Self) -> Result<T, JournalError>,
    ) -> Result<T, JournalError> {
        acquire(&self.lock, &self.directory)?;
        let done = self.follow(&mut JournalReport::default()).and_then(|()| change(self));
        // The outcome of the change counts, not that of the release: closing the file, at the
        // latest, releases the lock.
        let _ = self.release();
        done
    }

    /// Reads on to the end of the newest segment, and cuts its torn tail.
    fn follow(&mut self, report: &mut JournalReport) -> Result<(), JournalError> {
        loop {
            let (scan, torn) = self.segment.read_on()?;
            scan.records.iter().for_each(|record| self.index.note(record));
            report.damaged_bytes += scan.damaged as u64;
            report.torn_bytes += torn;
            let newer = numbers(&self.directory, &self.node)?
                .into_iter()
                .find(|number| *number > self.number);
            match newer {
                Some(number) => self.turn_to(number)?,
                None if torn > 0 => return self.segment.cut(),
                None => return Ok(()),
            }
        }
    }

    fn write(&mut self, records: &[Record]) -> Result<(), JournalError> {
        if records.is_empty() {
            return Ok(());
        }
        let mut bytes = Vec::new();
        records.iter().for_each(|record| record.write(&mut bytes));
        let full = self.segment.end.saturating_add(bytes.len() as u64) > self.segment_size;
        if full && !self.segment.is_empty() {
            // Numbers noted without a sync must not stay behind unsynced.
            self.sync_rest()?;
            self.turn_to(self.number + 1)?;
        }
        self.segment.append(&bytes)?;
        self.unsynced = true;
        records.iter().for_each(|record| self.index.note(record));
        Ok(())
    }

    fn turn_to(&mut self, number: u64) -> Result<(), JournalError> {
        self.segment = Segment::open(segment::path(&self.directory, &self.node, number))?;
        self.number = number;
        Ok(())
    }

    fn sync_rest(&mut self) -> Result<(), JournalError> {
        if self.unsynced { self.sync() } else { Ok(()) }
    }

    fn sync(&mut self) -> Result<(), JournalError> {
        match self.segment.sync() {
            Ok(()) => {
                self.unsynced = false;
                self.index.synced();
                Ok(())
            }
            Err(error) => {
                // The kernel may drop what it could not write and call the next sync a success,
                // so this file is not trusted again (fsync(2), EIO): a new segment follows, and
                // what was not synced is asked from the database again.
                self.index.fall_back();
                self.unsynced = false;
                self.turn_to(self.number + 1)?;
                Err(error)
            }
        }
    }

    fn release(&self) -> Result<(), JournalError> {
        self.lock.unlock().map_err(JournalError::io("unlock", &self.directory))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Best effort: without it the next start asks the database for some numbers again.
        if self.unsynced {
            let _ = self.segment.sync();
        }
    }
}

fn acquire(lock: &File, directory: &Path) -> Result<(), JournalError> {
    for _ in 0..LOCK_TRIES {
        match lock.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            Err(TryLockError::Error(error)) => {
                return Err(JournalError::io("lock", directory)(error));
            }
        }
    }
    Err(JournalError::Locked(directory.to_owned()))
}

/// The numbers of a node's segments, ascending.
fn numbers(directory: &Path, node: &str) -> Result<Vec<u64>, JournalError> {
    let segments = segment::all(directory)?.into_iter();
    Ok(segments.filter(|(of, _, _)| of == node).map(|(_, number, _)| number).collect())
}
