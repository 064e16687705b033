//! Whether a directory of the vault is the one that was made, or an empty place where it is not
//! mounted.
//!
//! Each root gets a mark when it is first made. Without it, "there is no such file" says nothing
//! of the file: it is an outage, never the loss of a mail or the destruction of a key.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::durable;
use crate::error::VaultError;

/// The mark's file name.
pub(crate) const MARK: &str = ".consentry-vault";

/// Refuses a pair of roots of which one holds files and the other one was never made: most likely
/// its file system is not mounted.
pub(crate) fn check_pair(objects: &Path, keys: &Path) -> Result<(), VaultError> {
    let (empty, used) = match (is_made(objects)?, is_made(keys)?) {
        (false, true) if holds_files(keys)? => (objects, keys),
        (true, false) if holds_files(objects)? => (keys, objects),
        // Both, none, or a first start that was cut off.
        (_, _) => return Ok(()),
    };
    Err(VaultError::Misconfigured(format!(
        "`{empty}` is empty while `{used}` is in use; mount its file system or restore its backup, \
         or, if it is meant to be empty, run `touch {empty}/{MARK}` as the daemon's user",
        empty = empty.display(),
        used = used.display()
    )))
}

fn is_made(root: &Path) -> Result<bool, VaultError> {
    let marked = root.join(MARK).try_exists().map_err(VaultError::io("look at directory", root))?;
    Ok(marked || holds_files(root)?)
}

/// Whether there is a folder of files in it, which all have short hexadecimal names.
fn holds_files(root: &Path) -> Result<bool, VaultError> {
    let entries = match fs::read_dir(root) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(VaultError::io("look at directory", root)(error)),
    };
    for entry in entries {
        let name = entry.map_err(VaultError::io("look at directory", root))?.file_name();
        if name.as_encoded_bytes().iter().all(u8::is_ascii_hexdigit) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Marks a root, once.
pub(crate) fn mark(root: &Path) -> Result<(), VaultError> {
    let path = root.join(MARK);
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
    let done = match made {
        Ok(mut file) => file
            .write_all(b"Kept by Consentry: while this file is missing, the vault is out.\n")
            .and_then(|()| file.sync_all())
            .and_then(|()| durable::sync_directory(root)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    };
    done.map_err(VaultError::io("mark directory", root))
}

/// Says that a root is the marked one; called wherever a file was not found.
pub(crate) fn check(root: &Path) -> Result<(), VaultError> {
    let there = root.join(MARK).try_exists().and_then(|there| {
        if there {
            Ok(())
        } else {
            Err(io::Error::new(
                io::ErrorKind::NotFound,
                "its mark is missing, so it may not be mounted",
            ))
        }
    });
    there.map_err(VaultError::io("use directory", root))
}
