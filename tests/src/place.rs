//! Where a test lives: a temporary directory that servers under other users may enter, and ports.
//!
//! A port is reserved by a locked file for the whole life of its owner, so that two tests that
//! run at the same time never get the same one and a server that restarts finds its port free.

use std::{
    fs::{self, File},
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};

use crate::wait::{LONG, wait_until};

/// A temporary directory, removed on drop; kept when `CONSENTRY_KEEP_TESTS` is set.
#[derive(Debug)]
pub struct Place {
    dir: Option<tempfile::TempDir>,
    path: PathBuf,
}

impl Place {
    /// Makes an empty directory that every user may enter.
    ///
    /// # Errors
    /// When the temporary directory of the machine cannot be written.
    pub fn new() -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("consentry-test-").tempdir()?;
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755))?;
        Ok(Self { path: dir.path().to_owned(), dir: Some(dir) })
    }

    /// The directory itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A directory inside, made when it is missing, which every user may enter.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn room(&self, name: &str) -> Result<PathBuf> {
        let path = self.path.join(name);
        fs::create_dir_all(&path)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
        Ok(path)
    }

    /// Writes a file inside and returns its path.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> Result<PathBuf> {
        let path = self.path.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }
}

/// Writes a file that nobody else may read, as the daemon wants its secrets.
///
/// # Errors
/// When it cannot be written.
pub fn write_secret(path: &Path, content: impl AsRef<[u8]>) -> Result<()> {
    fs::write(path, content)?;
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(0o600))?)
}

impl Drop for Place {
    fn drop(&mut self) {
        if std::env::var_os("CONSENTRY_KEEP_TESTS").is_some()
            && let Some(dir) = self.dir.take()
        {
            eprintln!("kept {}", dir.keep().display());
        }
    }
}

/// A loopback port that belongs to its owner until drop.
#[derive(Debug)]
pub struct Port {
    number: u16,
    _lock: File,
}

/// Below the range from which the kernel takes the ports of outgoing connections.
const FIRST: u16 = 21_000;
const COUNT: u16 = 9_000;

impl Port {
    /// Reserves a port on which nobody listens.
    ///
    /// # Errors
    /// When none of the range is free.
    pub fn reserve() -> Result<Self> {
        let dir = std::env::temp_dir().join("consentry-test-ports");
        fs::create_dir_all(&dir)?;
        let _ = fs::set_permissions(&dir, fs::Permissions::from_mode(0o1777));
        let start = std::process::id() as u16 % COUNT;
        for step in 0..COUNT {
            let number = FIRST + (start + step) % COUNT;
            let Ok(lock) = File::create(dir.join(number.to_string())) else { continue };
            if lock.try_lock().is_ok() && TcpListener::bind(("127.0.0.1", number)).is_ok() {
                return Ok(Self { number, _lock: lock });
            }
        }
        bail!("no free port from {FIRST} on; end the servers that hold them")
    }

    /// The number.
    #[must_use]
    pub fn number(&self) -> u16 {
        self.number
    }

    /// Waits until nobody listens: the children of a killed server hold its port for a moment.
    ///
    /// # Errors
    /// When somebody listens still after a while.
    pub fn wait_free(&self) -> Result<()> {
        wait_until("the port of the killed server is free", LONG, || {
            Ok(TcpListener::bind(("127.0.0.1", self.number)).is_ok())
        })
    }
}

/// Whether the tests run as root, as which servers change to users of their own.
#[must_use]
pub fn runs_as_root() -> bool {
    rustix::process::geteuid().is_root()
}
