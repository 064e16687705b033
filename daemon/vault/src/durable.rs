//! Files that are there after a power cut: private directories, new files, syncs.
//!
//! Everything here blocks and is called from the blocking pool. A file is durable when its data
//! and its directory are synced; a directory, when its parent is.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::error::VaultError;

/// Makes a directory and its missing parents, all with mode 0700 and durable.
pub(crate) fn create_directory(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    if let Some(parent) = parent {
        create_directory(parent)?;
    }
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => sync_directory(parent.unwrap_or(Path::new("."))),
        // Another writer was faster.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
}

/// Whether a file is synced at once, or later together with others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sync {
    /// Synced when written; its directory is the caller's duty.
    Now,
    /// [`sync_filesystems`] follows.
    Later,
}

/// Runs a change of a directory entry; makes the target's directory when it is missing.
fn with_parent(target: &Path, change: impl Fn() -> io::Result<()>) -> io::Result<()> {
    match change() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            create_directory(target.parent().unwrap_or(Path::new(".")))?;
            change()
        }
        other => other,
    }
}

/// The folder where files are written before they get their names. On the same file system as
/// their final place.
#[derive(Debug)]
pub(crate) struct Incoming {
    directory: PathBuf,
    next: AtomicU64,
}

/// A file that is written but has no name yet; it is removed when dropped before it got one.
#[derive(Debug)]
pub(crate) struct Unnamed {
    /// None once the file has its name.
    path: Option<PathBuf>,
}

impl Incoming {
    /// How old a leftover must be to be surely nobody's: no write takes as long.
    const LEFTOVER_AGE: Duration = Duration::from_secs(3600);

    /// Makes `incoming` inside `root`, and removes what a crash left there long ago. Younger
    /// files may belong to another process that is writing right now.
    pub(crate) fn open(root: &Path) -> Result<Self, VaultError> {
        let directory = root.join("incoming");
        let now = prepare(&directory)?;
        let entries =
            fs::read_dir(&directory).map_err(VaultError::io("read directory", &directory))?;
        for entry in entries.flatten() {
            let written = entry.metadata().and_then(|metadata| metadata.modified());
            let age = written.ok().and_then(|written| now.duration_since(written).ok());
            if age.is_some_and(|age| age > Self::LEFTOVER_AGE) {
                let _ = fs::remove_file(entry.path());
            }
        }
        Ok(Self { directory, next: AtomicU64::new(0) })
    }

    /// Writes bytes into a new file of mode 0600.
    pub(crate) fn write(&self, bytes: &[u8], sync: Sync) -> io::Result<Unnamed> {
        let (mut file, path) = loop {
            let next = self.next.fetch_add(1, Ordering::Relaxed);
            // The address of this struct tells two handles of one process apart; what is taken
            // all the same is a leftover, or belongs to a process in another container.
            let name = format!("{}-{:p}-{next}", std::process::id(), self);
            let path = self.directory.join(name);
            match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
                Ok(file) => break (file, path),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        };
        let unnamed = Unnamed { path: Some(path) };
        file.write_all(bytes)?;
        if sync == Sync::Now {
            file.sync_all()?;
        }
        Ok(unnamed)
    }
}

impl Unnamed {
    /// Gives the file its name, replacing what had it.
    pub(crate) fn replace(mut self, target: &Path) -> io::Result<()> {
        if let Some(path) = &self.path {
            with_parent(target, || fs::rename(path, target))?;
        }
        self.path = None;
        Ok(())
    }

    /// Gives the file its name unless that is taken (`AlreadyExists`).
    pub(crate) fn name_new(self, target: &Path) -> io::Result<()> {
        match &self.path {
            Some(path) => with_parent(target, || fs::hard_link(path, target)),
            None => Ok(()),
        }
    }
}

impl Drop for Unnamed {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            let _ = fs::remove_file(path);
        }
    }
}

/// Makes the entries of a directory durable.
pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Makes the entries of several directories of one file system durable.
pub(crate) fn sync_directories<'a>(paths: impl IntoIterator<Item = &'a Path>) -> io::Result<()> {
    let paths: Vec<&Path> = paths.into_iter().collect::<BTreeSet<&Path>>().into_iter().collect();
    match paths.as_slice() {
        [] => Ok(()),
        [one] => sync_directory(one),
        [one, two] => sync_directory(one).and_then(|()| sync_directory(two)),
        [one, ..] => sync_filesystems(&[one]),
    }
}

/// Makes everything durable on the file systems that hold these paths, each synced once.
///
/// One `syncfs` costs about as much as one `fsync`; a batch of hundreds of small files would
/// otherwise wait for one journal commit of the file system after the other. Since Linux 5.8 it
/// reports errors of writing back (syncfs(2)).
pub(crate) fn sync_filesystems(paths: &[&Path]) -> io::Result<()> {
    let mut synced = BTreeSet::new();
    for path in paths {
        let directory = File::open(path)?;
        if synced.insert(directory.metadata()?.dev()) {
            rustix::fs::syncfs(&directory)?;
        }
    }
    Ok(())
}

/// Makes the directory when missing and proves that it can be written.
///
/// Returns the file system's own time, for judging the age of leftovers.
pub(crate) fn prepare(path: &Path) -> Result<std::time::SystemTime, VaultError> {
    create_directory(path).map_err(VaultError::io("create directory", path))?;
    let probe: PathBuf = path.join(format!(".probe-{}", std::process::id()));
    let time =
        match OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&probe) {
            Ok(mut file) => file.write_all(b"probe").and_then(|()| file.metadata()?.modified()),
            Err(error) => Err(error),
        };
    let _ = fs::remove_file(&probe);
    time.map_err(VaultError::io("write to directory", path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn new_directories_and_files_are_private() {
        let root = tempfile::tempdir().expect("directory");
        let incoming = Incoming::open(&root.path().join("objects")).expect("opened");
        let file = root.path().join("a/b/c");
        let write = |bytes: &[u8]| incoming.write(bytes, Sync::Now).expect("written");
        write(b"x").name_new(&file).expect("named");
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode(&root.path().join("a")), 0o700);
        assert_eq!(mode(&root.path().join("a/b")), 0o700);
        assert_eq!(mode(&file), 0o600);
        let again = write(b"y").name_new(&file).expect_err("exists");
        assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&file).expect("read"), b"x");
        write(b"z").replace(&file).expect("replaced");
        assert_eq!(fs::read(&file).expect("read"), b"z");
        let left = fs::read_dir(root.path().join("objects/incoming")).expect("read").count();
        assert_eq!(left, 0);
    }

    #[test]
    fn only_old_leftovers_of_a_crash_are_removed() {
        let root = tempfile::tempdir().expect("directory");
        let incoming = Incoming::open(root.path()).expect("opened");
        let [old, young] = ["old", "young"].map(|name| incoming.directory.join(name));
        let file = File::create(&old).expect("made");
        let hours_ago =
            file.metadata().and_then(|m| m.modified()).expect("time") - 2 * Incoming::LEFTOVER_AGE;
        file.set_modified(hours_ago).expect("aged");
        fs::write(&young, b"").expect("made");
        Incoming::open(root.path()).expect("opened again");
        assert!(!old.exists() && young.exists());
    }

    #[test]
    fn a_directory_that_is_a_file_is_said_with_its_remedy() {
        let root = tempfile::tempdir().expect("directory");
        let file = root.path().join("objects");
        fs::write(&file, b"").expect("written");
        let message = prepare(&file).expect_err("refused").to_string();
        assert!(message.contains("objects") && message.contains("check the disk"), "{message}");
    }
}
