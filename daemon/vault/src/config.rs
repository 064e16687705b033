//! Where the vault keeps what, as the configuration says.
//!
//! The process fills these from its file and credentials; nothing here reads them yet. Objects
//! may lie where many can read them (they are encrypted), keys may not.

use std::path::PathBuf;

/// How a [`crate::Vault`] is opened.
#[derive(Debug, Clone)]
pub struct VaultConfig {
    /// Where encrypted objects lie.
    pub objects: ObjectsLocation,
    /// Where keys lie, mode 0700. Never in the backups of the database or the objects; several
    /// nodes share it.
    pub keys_directory: PathBuf,
    /// The level of zstd, 1 to 19.
    pub compression_level: i32,
    /// The largest content that is taken in or unpacked, in bytes.
    pub max_object_size: u64,
}

impl VaultConfig {
    /// The default level, that of zstd itself.
    pub const DEFAULT_COMPRESSION_LEVEL: i32 = 3;
    /// The default largest content: twice the largest mail (`mailbox.max_message_size`).
    pub const DEFAULT_MAX_OBJECT_SIZE: u64 = 64 * 1024 * 1024;

    /// Everything in local directories, with the defaults.
    #[must_use]
    pub fn local(objects: impl Into<PathBuf>, keys_directory: impl Into<PathBuf>) -> Self {
        Self {
            objects: ObjectsLocation::Directory(objects.into()),
            keys_directory: keys_directory.into(),
            compression_level: Self::DEFAULT_COMPRESSION_LEVEL,
            max_object_size: Self::DEFAULT_MAX_OBJECT_SIZE,
        }
    }
}

/// Where encrypted objects lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ObjectsLocation {
    /// A directory of one node, or one that all nodes mount.
    Directory(PathBuf),
    /// A bucket of an S3-compatible object storage.
    S3(S3Location),
}

/// A bucket, and how to get at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Location {
    /// Name of the bucket.
    pub bucket: String,
    /// Folder inside the bucket; empty for its root.
    pub prefix: String,
    /// Region of the bucket, such as `ru-central1`.
    pub region: String,
    /// `https://…` of the storage; none for Amazon's own. Plain `http` only to loopback.
    pub endpoint: Option<String>,
    /// How the bucket is named in a request.
    pub addressing: Addressing,
    /// File with the access key id on its first line.
    pub access_key_id_file: PathBuf,
    /// File with the secret access key on its first line.
    pub secret_access_key_file: PathBuf,
}

/// Where the bucket's name stands in the URL of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Addressing {
    /// `https://endpoint/bucket/key`, what most S3-compatible storages want.
    Path,
    /// `https://bucket.endpoint/key`.
    VirtualHost,
}
