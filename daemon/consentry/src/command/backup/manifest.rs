//! What a backup says of itself: `manifest.json`, written last.

use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::objects::Copied;
use crate::failure::WrongUse;

/// The format that this version writes and reads.
pub const FORMAT: u32 = 1;
/// The file of the database in a backup.
pub const DATABASE: &str = "database.sqlite";
const FILE: &str = "manifest.json";

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The format of the directory.
    pub format: u32,
    /// The version that made it.
    pub version: String,
    /// When.
    pub made_at: Timestamp,
    /// On which node.
    pub node: String,
    /// The database; none where it is PostgreSQL.
    pub database: Option<DatabaseFile>,
    /// Every stop up to this number is in it.
    pub stop_number: i64,
    /// The digest keys under which it was written, by their fingerprints; never the keys.
    pub digest_keys: Vec<KeyPrint>,
    /// The objects; none where they are in a bucket.
    pub objects: Option<Copied>,
}

/// The file of the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatabaseFile {
    /// SHA-256, in hex.
    pub sha256: String,
    /// Its size in bytes.
    pub bytes: u64,
}

/// A digest key, by what tells it from others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyPrint {
    /// Its number.
    pub id: i32,
    /// Its fingerprint, in hex.
    pub fingerprint: String,
}

impl Manifest {
    /// Writes it, durable on return.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, directory: &Path) -> anyhow::Result<()> {
        let path = directory.join(FILE);
        let mut file = std::fs::File::create_new(&path)
            .with_context(|| format!("cannot write `{}`", path.display()))?;
        file.write_all(serde_json::to_string_pretty(self)?.as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        std::fs::File::open(directory)?.sync_all()?;
        Ok(())
    }

    /// Reads it.
    ///
    /// # Errors
    /// [`WrongUse`] when there is none, or of a later format.
    pub fn read(directory: &Path) -> anyhow::Result<Self> {
        let path = directory.join(FILE);
        let wrong = |what: &str| WrongUse(format!("`{}` {what}", path.display()));
        let text = std::fs::read_to_string(&path).map_err(|error| {
            wrong(&format!("cannot be read ({error}); is this a whole backup?"))
        })?;
        let manifest: Self =
            serde_json::from_str(&text).map_err(|_| wrong("is no manifest of a backup"))?;
        if manifest.format > FORMAT {
            return Err(wrong("is of a later version; restore with that version").into());
        }
        Ok(manifest)
    }

    /// Which backup it is: the hash of its database, or of what it says where it has none.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn identity(&self) -> anyhow::Result<String> {
        Ok(match &self.database {
            Some(database) => database.sha256.clone(),
            None => format!("{}/{}", self.node, self.made_at),
        })
    }
}
