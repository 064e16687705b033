//! What can go wrong in the vault, by what the caller can do about it.
//!
//! `Unavailable` is an outage: try again later, nobody's attempt is counted. The others are
//! final for the object they name. No variant carries content; ids and paths only.

use std::io;
use std::path::{Path, PathBuf};

use domain::digest::DigestKeyId;
use domain::ids::{ObjectId, VaultKeyId};

/// Why the vault could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// There is no object of that id.
    #[error("object {0} is not in the vault; check that `vault.objects` is the right place")]
    NotFound(ObjectId),
    /// The key is gone, and with it everything that was encrypted under it.
    #[error(
        "key {0} is not in the vault: it was destroyed, or `vault.keys_directory` is not the right directory"
    )]
    KeyDestroyed(VaultKeyId),
    /// A key of that id is there already; a key is never replaced.
    #[error("key {0} exists already; make a new id")]
    KeyExists(VaultKeyId),
    /// An object of that id, with other content, is there already.
    #[error("object {0} exists already with other content; make a new id")]
    Occupied(ObjectId),
    /// The bytes of the object are not those that were written, or belong to another id.
    #[error("object {0} is damaged; restore it from a backup of the objects")]
    Corrupt(ObjectId),
    /// A sealed value is damaged, or was sealed in another context.
    #[error("a sealed value is damaged or belongs elsewhere; restore its row from a backup")]
    CorruptSealed,
    /// A key file is damaged.
    #[error("key file {} is damaged; restore it from a backup of the keys", .0.display())]
    CorruptKey(PathBuf),
    /// The content is larger than the vault would read back.
    #[error(
        "content of {size} bytes is over the limit of {limit} bytes; raise `vault.max_object_size`"
    )]
    TooLarge {
        /// Size of the content, at least.
        size: u64,
        /// The limit in force.
        limit: u64,
    },
    /// There is no digest key of that number.
    #[error(
        "digest key {} is not in the keys directory; restore `digest/` from a backup of the keys", .0.0
    )]
    NoDigestKey(DigestKeyId),
    /// The configuration cannot work.
    #[error("{0}")]
    Misconfigured(String),
    /// The disk or the object storage does not work now.
    #[error("cannot {operation} {place}: {source}; {}", remedy(source.as_ref()))]
    Unavailable {
        /// What was tried.
        operation: &'static str,
        /// On what: a path, or a key in the bucket.
        place: String,
        /// What the system said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl VaultError {
    /// Whether the same call may succeed once disk or storage work again.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    pub(crate) fn io(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let place = path.display().to_string();
        move |source| Self::Unavailable { operation, place, source: Box::new(source) }
    }
}

/// What an operator does about an outage.
fn remedy(source: &(dyn std::error::Error + 'static)) -> &'static str {
    match source.downcast_ref::<io::Error>().map(io::Error::kind) {
        Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) => {
            "free space on that file system"
        }
        Some(io::ErrorKind::PermissionDenied) => "let the daemon's user own that path",
        Some(io::ErrorKind::ReadOnlyFilesystem) => {
            "make the path writable (ReadWritePaths or StateDirectory of the unit)"
        }
        Some(_) => "check the disk and the path",
        None => "check `vault.objects` and that the object storage answers",
    }
}
