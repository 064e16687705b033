//! The keys under which objects are encrypted: one small file each, outside the database.
//!
//! A key is read for each use and wiped after it. There is no cache on purpose: reading 44 bytes
//! costs microseconds, and a cached key would go on opening objects after another process (the
//! command line beside the daemon) had destroyed it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use domain::ids::VaultKeyId;
use zeroize::Zeroizing;

use crate::durable::{self, Incoming, Sync};
use crate::error::VaultError;
use crate::mount;
use crate::shard;

const MAGIC: [u8; 8] = *b"CKEY1\0\0\0";
const FILE_LENGTH: usize = MAGIC.len() + 32 + 4;
const SUFFIX: &str = ".key";

/// 32 secret bytes; wiped when dropped, never printed.
#[derive(Clone)]
pub(crate) struct Key(Zeroizing<[u8; 32]>);

impl Key {
    pub(crate) fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The content of a key file: magic, the key, CRC-32 of both.
    pub(crate) fn to_file(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(FILE_LENGTH));
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(self.bytes());
        let checksum = crc32fast::hash(&bytes);
        bytes.extend_from_slice(&checksum.to_le_bytes());
        bytes
    }

    fn from_file(bytes: &[u8]) -> Option<Self> {
        let (body, checksum) = bytes.split_last_chunk::<4>()?;
        let key = body.strip_prefix(&MAGIC)?.try_into().ok()?;
        (u32::from_le_bytes(*checksum) == crc32fast::hash(body)).then(|| Self::from_bytes(key))
    }
}

/// Why a key file gave no key.
pub(crate) enum NoKey {
    Missing,
    /// Overwritten with zeros: its destruction was cut off before the file was removed.
    Wiped,
    Damaged,
    Io(io::Error),
}

/// Reads a key file.
pub(crate) fn read_file(path: &Path) -> Result<Key, NoKey> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(FILE_LENGTH + 1));
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(NoKey::Missing),
        Err(error) => return Err(NoKey::Io(error)),
    };
    file.take(FILE_LENGTH as u64 + 1).read_to_end(&mut bytes).map_err(NoKey::Io)?;
    if bytes.len() == FILE_LENGTH && bytes.iter().all(|b| *b == 0) {
        return Err(NoKey::Wiped);
    }
    Key::from_file(&bytes).ok_or(NoKey::Damaged)
}

/// The directory of keys.
#[derive(Debug)]
pub(crate) struct Keys {
    root: PathBuf,
    incoming: Incoming,
}

impl Keys {
    /// Makes the directory when missing.
    ///
    /// # Errors
    /// When it cannot be written, or when others than its owner may read it.
    pub(crate) fn open(directory: &Path) -> Result<Self, VaultError> {
        let root = Self::root_in(directory);
        durable::prepare(&root)?;
        check_private(&root)?;
        mount::mark(&root)?;
        let incoming = Incoming::open(&root)?;
        Ok(Self { root, incoming })
    }

    /// Where the keys are below the configured directory.
    pub(crate) fn root_in(directory: &Path) -> PathBuf {
        directory.join("object")
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn path(&self, id: VaultKeyId) -> PathBuf {
        self.root.join(shard::path_of(id.0, SUFFIX))
    }

    /// Writes a new key. Its directory is not yet synced.
    pub(crate) fn create(&self, id: VaultKeyId, key: &Key, sync: Sync) -> Result<(), VaultError> {
        mount::check(&self.root)?;
        let path = self.path(id);
        let done = self.incoming.write(&key.to_file(), sync).and_then(|new| new.name_new(&path));
        match done {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(VaultError::KeyExists(id))
            }
            Err(error) => Err(VaultError::io("write key", &path)(error)),
        }
    }

    /// Writes a new key, or takes the one that an earlier, cut-off attempt wrote under this id.
    pub(crate) fn create_or_load(
        &self,
        id: VaultKeyId,
        key: Key,
        sync: Sync,
    ) -> Result<Key, VaultError> {
        match self.create(id, &key, sync) {
            Ok(()) => return Ok(key),
            Err(VaultError::KeyExists(_)) => {}
            Err(error) => return Err(error),
        }
        // A power cut may leave a file cut short: it was never durable, so nothing durable was
        // encrypted under it. A whole one is synced, since that attempt may not have done it.
        let path = self.path(id);
        let length = fs::metadata(&path).map_err(VaultError::io("inspect key", &path))?.len();
        if length < FILE_LENGTH as u64 {
            fs::remove_file(&path).map_err(VaultError::io("remove torn key", &path))?;
            self.create(id, &key, sync)?;
            return Ok(key);
        }
        let found = self.load(id)?;
        File::open(&path)
            .and_then(|file| file.sync_all())
            .map_err(VaultError::io("sync key", &path))?;
        Ok(found)
    }

    /// Makes the folders' entries of these keys durable.
    pub(crate) fn sync_folders(
        &self,
        ids: impl IntoIterator<Item = VaultKeyId>,
    ) -> Result<(), VaultError> {
        let paths: Vec<PathBuf> = ids.into_iter().map(|id| self.path(id)).collect();
        durable::sync_directories(paths.iter().filter_map(|path| path.parent()))
            .map_err(VaultError::io("sync folders of", &self.root))
    }

    pub(crate) fn load(&self, id: VaultKeyId) -> Result<Key, VaultError> {
        let path = self.path(id);
        read_file(&path).map_err(|reason| match reason {
            // A key that is missing with all others was not destroyed.
            NoKey::Missing => match mount::check(&self.root) {
                Ok(()) => VaultError::KeyDestroyed(id),
                Err(outage) => outage,
            },
            NoKey::Wiped => VaultError::KeyDestroyed(id),
            NoKey::Damaged => VaultError::CorruptKey(path),
            NoKey::Io(error) => VaultError::io("read key", &path)(error),
        })
    }

    /// Overwrites, syncs, removes, syncs: whatever step a crash cuts off, the key is gone or the
    /// call can be repeated.
    pub(crate) fn destroy(&self, id: VaultKeyId) -> Result<(), VaultError> {
        mount::check(&self.root)?;
        let path = self.path(id);
        let done = OpenOptions::new().write(true).open(&path).and_then(|mut file| {
            let length = file.metadata()?.len().max(FILE_LENGTH as u64);
            file.write_all(&vec![0; usize::try_from(length).unwrap_or(FILE_LENGTH)])?;
            file.sync_all()?;
            fs::remove_file(&path)
        });
        match done {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(VaultError::io("destroy key", &path)(error));
            }
            _ => {}
        }
        // Also when it was gone already: the removal itself may not have been durable.
        match path.parent().map_or(Ok(()), durable::sync_directory) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(VaultError::io("sync directory of key", &path)(error))
            }
            _ => Ok(()),
        }
    }
}

/// Refuses a folder of keys that others may read. The keys directory above it may be open: what
/// it holds are two folders with known names.
pub(crate) fn check_private(directory: &Path) -> Result<(), VaultError> {
    let metadata = fs::metadata(directory).map_err(VaultError::io("inspect", directory))?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    let path = directory.display();
    Err(VaultError::Misconfigured(format!(
        "keys directory {path} has mode {mode:04o}, others may read it; run `chmod 700 {path}`"
    )))
}
