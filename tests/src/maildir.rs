//! Maildirs: handing a mail in as an MTA does, and reading what lies there.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, chown},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use anyhow::Result;

/// Makes `cur`, `new` and `tmp`.
///
/// # Errors
/// When a directory cannot be made.
pub fn make(path: &Path) -> Result<()> {
    for room in ["cur", "new", "tmp"] {
        fs::create_dir_all(path.join(room))?;
    }
    Ok(())
}

/// Puts `raw` into `new`, as delivered `seconds` after 1970, and returns its path.
///
/// # Errors
/// When a file cannot be written.
pub fn deliver(path: &Path, raw: &[u8], seconds: i64) -> Result<PathBuf> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    make(path)?;
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("{seconds}.M{number}P{}Q{number}.test", std::process::id());
    let (waiting, delivered) = (path.join("tmp").join(&name), path.join("new").join(&name));
    fs::write(&waiting, raw)?;
    fs::rename(&waiting, &delivered)?;
    Ok(delivered)
}

/// All mails of `new` and `cur`, in the order of their file names.
///
/// # Errors
/// When a file cannot be read.
pub fn mails(path: &Path) -> Result<Vec<Vec<u8>>> {
    let mut paths = Vec::new();
    for room in ["new", "cur"] {
        let Ok(entries) = fs::read_dir(path.join(room)) else { continue };
        for entry in entries {
            paths.push(entry?.path());
        }
    }
    paths.sort_by_key(|path| path.file_name().map(ToOwned::to_owned));
    paths.iter().map(|path| Ok(fs::read(path)?)).collect()
}

/// Gives a directory and all in it to one user, so that a server under that user may write.
///
/// # Errors
/// When the tests may not change owners.
pub fn give(path: &Path, uid: u32, gid: u32) -> Result<()> {
    chown(path, Some(uid), Some(gid))?;
    if path.is_dir() {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
        for entry in fs::read_dir(path)? {
            give(&entry?.path(), uid, gid)?;
        }
    }
    Ok(())
}
