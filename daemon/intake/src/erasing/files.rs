//! In a Maildir: found by its name before the flags, or by its bytes; unlinked, and that made
//! durable.

use std::path::Path;

use super::{Fate, Mark};
use crate::{
    error::IntakeError,
    maildir::{Contents, Maildir},
};

/// Destroys the file of a message.
pub(super) async fn erase(root: &Path, mark: &Mark<'_>, limit: u64) -> Result<Fate, IntakeError> {
    let folder = mark.copy.folder.clone();
    let maildir = Maildir::folder(root, &folder);
    let copy = mark.copy.clone();
    let digests = mark.digests.clone();
    let unlinked = tokio::task::spawn_blocking(move || {
        let mark = Mark { digests: &digests, copy: &copy };
        unlink(&maildir, &mark, limit)
    });
    unlinked.await.map_err(std::io::Error::other).flatten().map_err(|error| {
        IntakeError::Maildir { operation: "destroy a file in", folder, kind: error.kind() }
    })?;
    Ok(Fate::Gone)
}

fn unlink(maildir: &Maildir, mark: &Mark<'_>, limit: u64) -> std::io::Result<()> {
    let is_it = |contents: &Contents| match contents {
        Contents::Whole(raw) => mark.is_of(raw),
        Contents::TooBig(head) => mark.is_of_header(head),
        Contents::Vanished => false,
    };
    let key = mark.copy.message.maildir_key.as_deref().unwrap_or("");
    // What was read whole when it came is read whole again, though the limit is lower by now.
    let read = |key: &str| -> std::io::Result<bool> {
        let contents = maildir.read(key, limit)?;
        if matches!(contents, Contents::TooBig(_)) && !is_it(&contents) {
            return Ok(is_it(&maildir.read(key, mark.copy.message.size)?));
        }
        Ok(is_it(&contents))
    };
    match maildir.read(key, 0)? {
        Contents::Vanished => {}
        _ if read(key)? => maildir.remove(key)?,
        // Another mail under its name: the file is looked for by its bytes.
        _ => {
            let entries = maildir.list()?;
            for entry in entries.iter().filter(|entry| entry.size == mark.copy.message.size) {
                if read(&entry.key)? {
                    maildir.remove(&entry.key)?;
                }
            }
        }
    }
    // Also when it was gone: whoever unlinked it may have died before this.
    maildir.sync()
}
