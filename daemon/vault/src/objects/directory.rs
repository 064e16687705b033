//! Objects in a local directory: one file each, in folders by age and chance.
//!
//! Everything here blocks. A file appears by rename, so a reader sees the old bytes or the new
//! ones, whole; leftovers of a crash stay in `incoming` and are swept at the next start.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use domain::ids::ObjectId;

use crate::durable::{self, Incoming, Sync, Unnamed};
use crate::error::VaultError;
use crate::mount;
use crate::shard;

const SUFFIX: &str = ".obj";

/// The directory.
#[derive(Debug)]
pub(crate) struct Directory {
    root: PathBuf,
    incoming: Incoming,
}

impl Directory {
    pub(crate) fn open(root: &Path) -> Result<Self, VaultError> {
        durable::prepare(root)?;
        mount::mark(root)?;
        Ok(Self { root: root.to_owned(), incoming: Incoming::open(root)? })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    fn path(&self, object: ObjectId) -> PathBuf {
        self.root.join(shard::path_of(object.0, SUFFIX))
    }

    pub(super) fn stage(&self, bytes: &[u8], sync: Sync) -> Result<Unnamed, VaultError> {
        self.incoming.write(bytes, sync).map_err(VaultError::io("write object into", &self.root))
    }

    /// Names the files and syncs each touched folder once. The data must be synced before.
    pub(crate) fn publish(&self, files: Vec<(ObjectId, Unnamed)>) -> Result<(), VaultError> {
        let mut paths = Vec::with_capacity(files.len());
        for (object, file) in files {
            let path = self.path(object);
            file.replace(&path).map_err(VaultError::io("name object", &path))?;
            paths.push(path);
        }
        durable::sync_directories(paths.iter().filter_map(|path| path.parent()))
            .map_err(VaultError::io("sync folders of", &self.root))
    }

    pub(crate) fn exists(&self, object: ObjectId) -> Result<bool, VaultError> {
        let path = self.path(object);
        let there = path.try_exists().map_err(VaultError::io("look for object", &path))?;
        if !there {
            mount::check(&self.root)?;
        }
        Ok(there)
    }

    /// The first `limit` bytes of an object, or none when there is no such object.
    pub(crate) fn read(&self, object: ObjectId, limit: u64) -> Result<Option<Vec<u8>>, VaultError> {
        let path = self.path(object);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                mount::check(&self.root)?;
                return Ok(None);
            }
            Err(error) => return Err(VaultError::io("open object", &path)(error)),
        };
        let length = file.metadata().map_or(0, |metadata| metadata.len()).min(limit);
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
        file.take(limit).read_to_end(&mut bytes).map_err(VaultError::io("read object", &path))?;
        Ok(Some(bytes))
    }

    /// Removes an object; that it is gone already is fine.
    pub(crate) fn delete(&self, object: ObjectId) -> Result<(), VaultError> {
        // Where it is not mounted nothing would be removed.
        mount::check(&self.root)?;
        let path = self.path(object);
        let removed = fs::remove_file(&path).or_else(forgive_absence);
        let synced = || path.parent().map_or(Ok(()), durable::sync_directory);
        removed
            .and_then(|()| synced().or_else(forgive_absence))
            .map_err(VaultError::io("delete object", &path))
    }

    /// The ids of all objects, oldest folder first.
    pub(crate) fn list(&self) -> Result<Vec<ObjectId>, VaultError> {
        mount::check(&self.root)?;
        let mut objects = Vec::new();
        for span in folders(&self.root)? {
            for part in folders(&span)? {
                for name in names(&part)? {
                    objects.extend(shard::id_in(&name, SUFFIX).map(ObjectId));
                }
            }
        }
        objects.sort_unstable();
        Ok(objects)
    }
}

fn forgive_absence(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

/// The folders inside a folder that have names of ours.
fn folders(path: &Path) -> Result<Vec<PathBuf>, VaultError> {
    let ours = |name: &String| name.len() <= 5 && name.bytes().all(|b| b.is_ascii_hexdigit());
    Ok(names(path)?.into_iter().filter(ours).map(|name| path.join(name)).collect())
}

fn names(path: &Path) -> Result<Vec<String>, VaultError> {
    let entries = fs::read_dir(path).map_err(VaultError::io("read directory", path))?;
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(VaultError::io("read directory", path))?;
        names.extend(entry.file_name().into_string());
    }
    Ok(names)
}
