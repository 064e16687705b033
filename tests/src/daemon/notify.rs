//! The receiving end of sd_notify(3): how a test knows that the daemon is up, turning, or ending.

use std::{
    os::unix::net::UnixDatagram,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Result;

use crate::wait::wait_until;

/// A socket for `NOTIFY_SOCKET` and everything that came in by it.
#[derive(Debug)]
pub struct Notifications {
    socket: UnixDatagram,
    path: PathBuf,
    said: Vec<String>,
}

impl Notifications {
    /// Opens the socket in `dir`.
    ///
    /// # Errors
    /// When the path is too long or taken.
    pub fn open(dir: &Path, name: &str) -> Result<Self> {
        let path = dir.join(name);
        let _ = std::fs::remove_file(&path);
        let socket = UnixDatagram::bind(&path)?;
        socket.set_nonblocking(true)?;
        Ok(Self { socket, path, said: Vec::new() })
    }

    /// For the environment of the daemon.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Everything said so far, one assignment each, such as `READY=1`.
    pub fn said(&mut self) -> &[String] {
        let mut datagram = [0; 4096];
        while let Ok(size) = self.socket.recv(&mut datagram) {
            let text = String::from_utf8_lossy(&datagram[..size]).into_owned();
            self.said.extend(text.lines().map(ToOwned::to_owned));
        }
        &self.said
    }

    /// Waits until an assignment was said.
    ///
    /// # Errors
    /// After `limit`, or at once when `alive` fails.
    pub fn wait_said(
        &mut self,
        assignment: &str,
        limit: Duration,
        mut alive: impl FnMut() -> Result<()>,
    ) -> Result<()> {
        wait_until(&format!("the daemon says {assignment}"), limit, || {
            let said = self.said().iter().any(|line| line == assignment);
            if !said {
                alive()?;
            }
            Ok(said)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_is_heard_once_and_kept() -> Result<()> {
        let dir = tempfile::tempdir()?;
        let mut heard = Notifications::open(dir.path(), "notify")?;
        let sender = UnixDatagram::unbound()?;
        sender.send_to(b"READY=1\nSTATUS=up", heard.path())?;
        heard.wait_said("READY=1", Duration::from_secs(5), || Ok(()))?;
        sender.send_to(b"STOPPING=1", heard.path())?;
        assert_eq!(heard.said(), ["READY=1", "STATUS=up", "STOPPING=1"]);
        Ok(())
    }
}
