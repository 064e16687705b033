//! Mail in from a Maildir: the embedded default, and what a local delivery agent fills.
//!
//! Called by the poller. A mail's key is its folder and its file name before ":"; the name after
//! it holds flags that other programs change. Files in `new/` and `cur/` are listed, `tmp/` never.
//! Marking moves a file from `new/` to `cur/` and keeps its flags; a file is only
//! deleted (`erasing`) when what came with it was destroyed.

use std::{
    ffi::OsStr,
    fs, io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use io::Read as _;
use jiff::Timestamp;

/// The name of a Maildir's main folder.
pub const INBOX: &str = "INBOX";

/// One folder of a Maildir.
#[derive(Debug, Clone)]
pub struct Maildir {
    root: PathBuf,
}

/// A file in the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The file name before ":".
    pub key: String,
    /// Its size in bytes.
    pub size: u64,
    /// The delivery time in the name, else the file's time.
    pub received_at: Timestamp,
    /// Where it is now.
    path: PathBuf,
}

/// What became of an attempt to read a file.
#[derive(Debug)]
pub enum Contents {
    /// Its bytes.
    Whole(Vec<u8>),
    /// It is longer than the limit; only its first part, at most 1 MiB, with the header.
    TooBig(Vec<u8>),
    /// It is gone.
    Vanished,
}

/// As much of a file that is too big as is read.
const HEAD: u64 = 1024 * 1024;

impl Maildir {
    /// A folder of the Maildir at `root`: [`INBOX`] is the root itself, another folder stands in
    /// `.Name` beside its `cur` (Maildir++).
    #[must_use]
    pub fn folder(root: &Path, name: &str) -> Self {
        if name.eq_ignore_ascii_case(INBOX) {
            Self { root: root.to_owned() }
        } else {
            Self { root: root.join(format!(".{}", name.replace('/', "."))) }
        }
    }

    /// Makes the three directories, if they are missing.
    ///
    /// # Errors
    /// What the file system says.
    pub fn create(&self) -> io::Result<()> {
        ["tmp", "new", "cur"].iter().try_for_each(|dir| fs::create_dir_all(self.root.join(dir)))
    }

    /// All mails, in the order of their receipt; a file seen in both directories is one.
    ///
    /// # Errors
    /// What the file system says; a missing folder is an error, since an empty answer would hide
    /// a file system that is not mounted.
    pub fn list(&self) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for dir in ["new", "cur"] {
            for file in fs::read_dir(self.root.join(dir))? {
                let file = file?;
                // It may have been moved in this moment; the next walk sees it.
                let Ok(about) = file.metadata() else { continue };
                let name = file.file_name();
                if !about.is_file() || name.as_encoded_bytes().starts_with(b".") {
                    continue;
                }
                let key = key_of(&name);
                let modified = about.modified().ok().and_then(|at| Timestamp::try_from(at).ok());
                let received_at = delivery_time(&key).or(modified).unwrap_or(Timestamp::UNIX_EPOCH);
                entries.push(Entry { key, size: about.len(), received_at, path: file.path() });
            }
        }
        entries.sort_by(|a, b| (a.received_at, &a.key).cmp(&(b.received_at, &b.key)));
        let mut seen = std::collections::HashSet::new();
        entries.retain(|entry| seen.insert(entry.key.clone()));
        Ok(entries)
    }

    /// Reads a mail, wherever its file is by now, if it is not longer than `limit` bytes.
    ///
    /// # Errors
    /// What the file system says; that is nobody's attempt.
    pub fn read(&self, key: &str, limit: u64) -> io::Result<Contents> {
        // Once more, if the file was moved between finding and opening it.
        for _ in 0..3 {
            // A listing may miss a file that is renamed meanwhile: a second look decides.
            let found = self.find(key)?.map_or_else(|| self.find(key), |path| Ok(Some(path)))?;
            let Some(path) = found else { return Ok(Contents::Vanished) };
            let opened = fs::OpenOptions::new()
                .read(true)
                .custom_flags(i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or(0))
                .open(&path);
            let file = match opened {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            let is_too_big = file.metadata()?.len() > limit;
            let mut bytes = Vec::new();
            file.take(if is_too_big { HEAD } else { limit }).read_to_end(&mut bytes)?;
            return Ok(if is_too_big { Contents::TooBig(bytes) } else { Contents::Whole(bytes) });
        }
        Ok(Contents::Vanished)
    }

    /// Moves a mail from `new/` to `cur/`; one that is in `cur/` or gone needs nothing.
    ///
    /// # Errors
    /// What the file system says.
    pub fn mark(&self, key: &str) -> io::Result<()> {
        let new = self.root.join("new");
        let Some(path) = find_in(&new, key)? else { return Ok(()) };
        let name = path.file_name().unwrap_or_default();
        let mut target = name.to_os_string();
        if !name.as_encoded_bytes().contains(&b':') {
            target.push(":2,");
        }
        match fs::rename(&path, self.root.join("cur").join(target)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Unlinks the file of a mail wherever it is by now; one that is gone is fine. The caller has
    /// compared its bytes, and calls [`Maildir::sync`] after it.
    ///
    /// # Errors
    /// What the file system says.
    pub fn remove(&self, key: &str) -> io::Result<()> {
        // Another program may rename it meanwhile, to set a flag.
        for _ in 0..10 {
            let Some(path) = self.find(key)?.map_or_else(|| self.find(key), |p| Ok(Some(p)))?
            else {
                return Ok(());
            };
            match fs::remove_file(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                unlinked => return unlinked,
            }
        }
        Err(io::ErrorKind::ResourceBusy.into())
    }

    /// Makes what was unlinked durable.
    ///
    /// # Errors
    /// What the file system says.
    pub fn sync(&self) -> io::Result<()> {
        ["new", "cur"].iter().try_for_each(|dir| fs::File::open(self.root.join(dir))?.sync_all())
    }

    fn find(&self, key: &str) -> io::Result<Option<PathBuf>> {
        match find_in(&self.root.join("new"), key)? {
            Some(path) => Ok(Some(path)),
            None => find_in(&self.root.join("cur"), key),
        }
    }
}

/// Finds the file of a key: by name where it has no flags or none are set, else by looking.
fn find_in(dir: &Path, key: &str) -> io::Result<Option<PathBuf>> {
    for name in [key.to_owned(), format!("{key}:2,"), format!("{key}:2,S")] {
        let path = dir.join(&name);
        if !key.contains('/') && path.symlink_metadata().is_ok_and(|about| about.is_file()) {
            return Ok(Some(path));
        }
    }
    for file in fs::read_dir(dir)? {
        let file = file?;
        if key_of(&file.file_name()) == key {
            return Ok(Some(file.path()));
        }
    }
    Ok(None)
}

/// The key of a file; a name that is no UTF-8 has a key all the same.
fn key_of(name: &OsStr) -> String {
    let name = name.to_string_lossy();
    name.split(':').next().unwrap_or("").to_owned()
}

/// Delivery agents begin the name with the seconds since 1970; `M` in the middle part counts
/// microseconds.
fn delivery_time(key: &str) -> Option<Timestamp> {
    let mut parts = key.split('.');
    let seconds: i64 = parts.next().filter(|part| part.len() <= 11)?.parse().ok()?;
    // Before 1990 there was no Maildir: the number means something else.
    if seconds < 631_152_000 {
        return None;
    }
    let micros = parts.next().and_then(|middle| {
        let digits = middle.split('M').nth(1)?;
        let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        digits[..end].parse::<i64>().ok().filter(|micros| *micros < 1_000_000)
    });
    let micros = seconds.checked_mul(1_000_000)?.checked_add(micros.unwrap_or(0))?;
    Timestamp::from_microsecond(micros).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> (tempfile::TempDir, Maildir) {
        let dir = tempfile::tempdir().expect("a directory");
        let maildir = Maildir::folder(dir.path(), INBOX);
        maildir.create().expect("made");
        (dir, maildir)
    }

    #[test]
    fn mails_of_new_and_cur_are_listed_in_the_order_of_receipt() {
        let (dir, maildir) = folder();
        fs::write(dir.path().join("cur/1700000002.M5P1.host:2,RS"), "b").expect("written");
        fs::write(dir.path().join("new/1700000001.M000123P9_7.host,S=4"), "mail").expect("written");
        fs::write(dir.path().join("new/strange-name"), "c").expect("written");
        fs::write(dir.path().join("tmp/1700000000.x"), "never").expect("written");
        fs::write(dir.path().join("new/.hidden"), "never").expect("written");
        std::os::unix::fs::symlink("/etc/passwd", dir.path().join("new/1.link")).expect("linked");
        let entries = maildir.list().expect("listed");
        let keys: Vec<&str> = entries.iter().map(|e| e.key.as_str()).collect();
        assert_eq!(
            keys,
            ["1700000001.M000123P9_7.host,S=4", "1700000002.M5P1.host", "strange-name"]
        );
        assert_eq!(entries[0].received_at.as_microsecond(), 1_700_000_001_000_123);
        assert_eq!(entries[0].size, 4);
        assert!(entries[2].received_at.as_second() > 1_700_000_000, "the file's own time");
    }

    #[test]
    fn marking_moves_once_and_keeps_flags() {
        let (dir, maildir) = folder();
        fs::write(dir.path().join("new/1700000001.a.host"), "x").expect("written");
        fs::write(dir.path().join("new/1700000002.b.host:2,F"), "y").expect("written");
        for key in ["1700000001.a.host", "1700000002.b.host", "1700000003.gone"] {
            maildir.mark(key).expect("marked");
            maildir.mark(key).expect("again");
        }
        assert!(dir.path().join("cur/1700000001.a.host:2,").exists());
        assert!(dir.path().join("cur/1700000002.b.host:2,F").exists());
        assert_eq!(maildir.list().expect("listed").len(), 2);
    }

    #[test]
    fn a_mail_is_read_wherever_it_went_and_a_missing_one_has_vanished() {
        let (dir, maildir) = folder();
        fs::write(dir.path().join("cur/1700000001.a.host:2,FRS"), "text").expect("written");
        let read = |limit| maildir.read("1700000001.a.host", limit).expect("read");
        assert!(matches!(read(4), Contents::Whole(bytes) if bytes == b"text"));
        assert!(matches!(read(3), Contents::TooBig(bytes) if bytes == b"text"));
        assert!(matches!(maildir.read("1.gone", 9).expect("read"), Contents::Vanished));
        assert!(Maildir::folder(dir.path(), "Other").list().is_err());
        let name = Maildir::folder(dir.path(), "a/../b");
        assert!(!name.root.components().any(|c| c == std::path::Component::ParentDir));
    }
}
