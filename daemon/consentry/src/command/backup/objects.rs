//! The objects of a local vault: encrypted files, copied or linked under the same names.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The directory of the objects in a backup.
pub const OBJECTS: &str = "objects";
/// Lists every object with its hash, as `sha256sum --check` reads it.
pub const LIST: &str = "objects.sha256";

/// What was copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Copied {
    /// How many objects.
    pub count: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Copies or links every object into the backup, with the list of their hashes.
///
/// # Errors
/// When a file cannot be read or written.
pub fn copy_all(root: &Path, to: &Path, link: bool) -> anyhow::Result<Copied> {
    let target = to.join(OBJECTS);
    let mut copied = Copied::default();
    let mut list = String::new();
    for path in objects_in(root)? {
        let Ok(relative) = path.strip_prefix(root) else { continue };
        let new = target.join(relative);
        make_directory(new.parent().unwrap_or(&target))?;
        let linked = link && fs::hard_link(&path, &new).is_ok();
        if !linked {
            match fs::copy(&path, &new) {
                // Destroyed since it was listed.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => {
                    return Err(error).with_context(|| format!("cannot copy `{}`", path.display()));
                }
                Ok(_) => File::open(&new)?.sync_all()?,
            }
        }
        let (sha256, bytes) = hash_file(&new)?;
        list.push_str(&format!("{sha256}  {OBJECTS}/{}\n", relative.display()));
        copied.count += 1;
        copied.bytes += bytes;
    }
    let list_path = to.join(LIST);
    fs::write(&list_path, list)?;
    File::open(&list_path)?.sync_all()?;
    Ok(copied)
}

/// Puts the objects of a backup back where the vault lacks them; what is there is newer and stays.
/// Every object is checked against the list. Returns the names of those that were put back.
///
/// # Errors
/// When a file is damaged, or cannot be read or written.
pub fn copy_into(from: &Path, root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let list =
        fs::read_to_string(from.join(LIST)).context("cannot read the list of the objects")?;
    let mut put = Vec::new();
    for line in list.lines() {
        let Some((sha256, name)) = line.split_once("  ") else { continue };
        let Some(relative) = name.strip_prefix("objects/").filter(|name| !name.contains(".."))
        else {
            continue;
        };
        let (source, target) = (from.join(name), root.join(relative));
        if target.exists() {
            continue;
        }
        let (found, _) = hash_file(&source)?;
        anyhow::ensure!(found == sha256, "`{}` is damaged; take another backup", source.display());
        make_directory(target.parent().unwrap_or(root))?;
        let incoming = target.with_extension("restoring");
        fs::copy(&source, &incoming)
            .with_context(|| format!("cannot write `{}`", incoming.display()))?;
        File::open(&incoming)?.sync_all()?;
        fs::rename(&incoming, &target)?;
        put.push(target);
    }
    for directory in
        put.iter().filter_map(|path| path.parent()).collect::<std::collections::BTreeSet<_>>()
    {
        File::open(directory)?.sync_all()?;
    }
    Ok(put)
}

/// SHA-256 of a file in hex, and its size.
///
/// # Errors
/// When it cannot be read.
pub fn hash_file(path: &Path) -> anyhow::Result<(String, u64)> {
    let mut file = File::open(path).with_context(|| format!("cannot open `{}`", path.display()))?;
    let (mut hasher, mut bytes) = (Sha256::new(), 0);
    let mut piece = vec![0; 1024 * 1024];
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            return Ok((hex::encode(hasher.finalize()), bytes));
        }
        hasher.update(&piece[..read]);
        bytes += read as u64;
    }
}

fn make_directory(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// All objects, two folders down.
fn objects_in(root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![(root.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        let entries =
            fs::read_dir(&folder).with_context(|| format!("cannot read `{}`", folder.display()))?;
        for entry in entries {
            let path = entry?.path();
            if depth < 2 && path.is_dir() {
                folders.push((path, depth + 1));
            } else if depth == 2 && path.extension().is_some_and(|end| end == "obj") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
