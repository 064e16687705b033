//! Segments: the numbered files of a node's journal, `<node>.<number>.stops`.
//!
//! A segment begins with a line that names the format. Segments are only ever appended to and
//! never removed: a restore from an old backup needs them all.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::error::JournalError;
use super::record::{self, Scan};
use crate::durable;

/// The first bytes of every segment.
const HEADER: &[u8; 16] = b"consentry stops\n";
const SUFFIX: &str = ".stops";

/// Checks that a node's name can be part of a file name.
pub(super) fn check_node(node: &str) -> Result<(), JournalError> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    let fits = (1..=64).contains(&node.len()) && !node.starts_with('.');
    if fits && node.bytes().all(allowed) {
        Ok(())
    } else {
        Err(JournalError::NodeName(node.to_owned()))
    }
}

pub(super) fn path(directory: &Path, node: &str, number: u64) -> PathBuf {
    directory.join(format!("{node}.{number:06}{SUFFIX}"))
}

/// All segments of a directory as (node, number, path), in order.
pub(super) fn all(directory: &Path) -> Result<Vec<(String, u64, PathBuf)>, JournalError> {
    let mut segments = Vec::new();
    for entry in fs::read_dir(directory).map_err(JournalError::io("read", directory))? {
        let path = entry.map_err(JournalError::io("read", directory))?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let parts = name
            .and_then(|name| name.strip_suffix(SUFFIX))
            .and_then(|name| name.rsplit_once('.'))
            .and_then(|(node, number)| Some((node.to_owned(), number.parse().ok()?)));
        segments.extend(parts.map(|(node, number)| (node, number, path)));
    }
    segments.sort();
    Ok(segments)
}

/// A segment that is open for reading and appending.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) path: PathBuf,
    pub(super) file: File,
    /// Where the last record that was read or written ends.
    pub(super) end: u64,
}

impl Segment {
    /// Opens a segment, or makes it, durable with its header; nothing is read yet. The caller
    /// holds the lock of the node.
    pub(super) fn open(path: PathBuf) -> Result<Self, JournalError> {
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&path)
            .map_err(JournalError::io("open", &path))?;
        let length = file.metadata().map_err(JournalError::io("inspect", &path))?.len();
        let header = HEADER.len() as u64;
        if length < header {
            // New, or cut short by a crash in this very place.
            let directory = path.parent().unwrap_or(Path::new("."));
            file.set_len(0)
                .and_then(|()| file.write_all(HEADER))
                .and_then(|()| file.sync_all())
                .and_then(|()| durable::sync_directory(directory))
                .map_err(JournalError::io("create", &path))?;
        } else {
            let mut found = [0; HEADER.len()];
            file.read_exact_at(&mut found, 0).map_err(JournalError::io("read", &path))?;
            if found != *HEADER {
                return Err(JournalError::NoJournal(path));
            }
        }
        Ok(Self { path, file, end: header })
    }

    /// Reads the whole records behind `end`, and moves `end` behind them.
    ///
    /// Returns them and how many bytes follow that are no whole record.
    pub(super) fn read_on(&mut self) -> Result<(Scan, u64), JournalError> {
        let reading = || JournalError::io("read", &self.path);
        let length = self.file.metadata().map_err(reading())?.len();
        let mut bytes = vec![0; usize::try_from(length.saturating_sub(self.end)).unwrap_or(0)];
        self.file.read_exact_at(&mut bytes, self.end).map_err(reading())?;
        let scan = record::scan(&bytes);
        if let Some(at) = scan.unreadable {
            let path = self.path.clone();
            return Err(JournalError::Unreadable { path, at: self.end + at as u64 });
        }
        let torn = (bytes.len() - scan.end) as u64;
        self.end += scan.end as u64;
        Ok((scan, torn))
    }

    /// Cuts off what is behind `end`.
    pub(super) fn cut(&self) -> Result<(), JournalError> {
        self.file
            .set_len(self.end)
            .and_then(|()| self.file.sync_all())
            .map_err(JournalError::io("cut the torn tail of", &self.path))
    }

    /// Appends bytes; `end` moves only when all are written.
    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<(), JournalError> {
        if let Err(error) = self.file.write_all(bytes) {
            // Whatever of it is in the file is torn; the next writer cuts it if this fails.
            let _ = self.file.set_len(self.end);
            return Err(JournalError::io("append to", &self.path)(error));
        }
        self.end += bytes.len() as u64;
        Ok(())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.end <= HEADER.len() as u64
    }

    pub(super) fn sync(&self) -> Result<(), JournalError> {
        self.file.sync_data().map_err(JournalError::io("sync", &self.path))
    }
}

/// Reads a segment that others may be writing, and changes nothing.
pub(super) fn read_only(path: &Path) -> Result<(Scan, u64), JournalError> {
    let bytes = fs::read(path).map_err(JournalError::io("read", path))?;
    let Some(body) = bytes.strip_prefix(HEADER) else {
        // A crash while the segment was being made.
        if HEADER.starts_with(&bytes) {
            return Ok((Scan::default(), bytes.len() as u64));
        }
        return Err(JournalError::NoJournal(path.to_owned()));
    };
    let scan = record::scan(body);
    if let Some(at) = scan.unreadable {
        return Err(JournalError::Unreadable {
            path: path.to_owned(),
            at: (HEADER.len() + at) as u64,
        });
    }
    let torn = (body.len() - scan.end) as u64;
    Ok((scan, torn))
}
