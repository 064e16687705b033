//! One file of the wire journal.
//!
//! A segment begins with the epoch, synced together with its directory, and is appended to by
//! single writes. A write that fails is cut off again, so that a later one is not hidden behind
//! a torn record.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::JournalError;
use super::record::{Epoch, Record};

const PREFIX: &str = "wire-";
const SUFFIX: &str = ".journal";

#[derive(Debug)]
pub(super) struct Segment {
    number: u64,
    path: PathBuf,
    file: File,
    len: u64,
    /// STARTs in it whose outcome is not yet committed in the database.
    pub(super) open_starts: usize,
}

impl Segment {
    pub(super) fn create(
        directory: &Path,
        number: u64,
        epoch: &Epoch,
    ) -> Result<Self, JournalError> {
        let path = directory.join(format!("{PREFIX}{number:016}{SUFFIX}"));
        let io =
            |source| JournalError::Io { operation: "begin a segment", path: path.clone(), source };
        let file =
            OpenOptions::new().append(true).create_new(true).mode(0o600).open(&path).map_err(io)?;
        let mut segment = Self { number, path: path.clone(), file, len: 0, open_starts: 0 };
        segment.append(&Record::Epoch(epoch.clone()))?;
        segment.file.sync_all().map_err(io)?;
        File::open(directory).and_then(|d| d.sync_all()).map_err(io)?;
        Ok(segment)
    }

    pub(super) fn number(&self) -> u64 {
        self.number
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Appends a record by one write call.
    pub(super) fn append(&mut self, record: &Record) -> Result<(), JournalError> {
        let written = record.frame().and_then(|frame| {
            let count = self.file.write(&frame)?;
            if count < frame.len() {
                return Err(std::io::Error::from(std::io::ErrorKind::StorageFull));
            }
            Ok(frame.len() as u64)
        });
        match written {
            Ok(count) => {
                self.len += count;
                Ok(())
            }
            Err(source) => {
                // Best effort: if the cut fails too, the torn record ends the segment's reading,
                // and what would follow goes to the database directly or settles as uncertain.
                let _ = self.file.set_len(self.len);
                Err(JournalError::Io { operation: "append", path: self.path.clone(), source })
            }
        }
    }

    pub(super) fn remove(&self) -> std::io::Result<()> {
        std::fs::remove_file(&self.path)
    }

    #[cfg(test)]
    pub(super) fn break_writes(&mut self) {
        self.file = File::open(&self.path).expect("the segment exists");
    }
}

/// The segments in `directory`, oldest first.
pub(super) fn list(directory: &Path) -> std::io::Result<Vec<(u64, PathBuf)>> {
    let mut segments = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        let number = name
            .to_str()
            .and_then(|name| name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?.parse().ok());
        if let Some(number) = number {
            segments.push((number, entry.path()));
        }
    }
    segments.sort_unstable();
    Ok(segments)
}
