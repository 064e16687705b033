//! What must outlive a destruction, beside the database: sealed records as files of their own.
//!
//! A backup is older than what was proven after it was made. A restore therefore finds acts, proofs
//! of consent and what a law keeps here. The content is sealed; names are ids of keys.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use crate::durable;

/// The directory of such files.
#[derive(Debug, Clone)]
pub struct ProofFiles(PathBuf);

impl ProofFiles {
    /// Files in `directory`, which is made with the first of them.
    #[must_use]
    pub fn new(directory: &Path) -> Self {
        Self(directory.to_owned())
    }

    /// Writes a file in place of an older one; durable on return.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn keep(&self, name: &str, bytes: &[u8]) -> std::io::Result<()> {
        durable::create_directory(&self.0)?;
        let target = self.0.join(format!("{name}.json"));
        let incoming = self.0.join(format!("{name}.incoming"));
        let mut file = std::fs::File::create(&incoming)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&incoming, &target)?;
        durable::sync_directory(&self.0)
    }

    /// The names of all files and what is in them, in the order of their names.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn all(&self) -> std::io::Result<Vec<(String, Vec<u8>)>> {
        let listed = match std::fs::read_dir(&self.0) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            listed => listed?,
        };
        let mut paths = Vec::new();
        for one in listed {
            let path = one?.path();
            if path.extension().is_some_and(|end| end == "json") {
                paths.push(path);
            }
        }
        paths.sort();
        let named = paths.into_iter().map(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            std::fs::read(path).map(|bytes| (name, bytes))
        });
        named.collect()
    }

    /// Removes a file; none is none.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn remove(&self, name: &str) -> std::io::Result<()> {
        match std::fs::remove_file(self.0.join(format!("{name}.json"))) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            done => {
                done?;
                durable::sync_directory(&self.0)
            }
        }
    }
}
