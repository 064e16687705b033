//! A disk of a few megabytes that a test can fill to the last byte and empty again.

use std::{
    fs::{self, File},
    io::{ErrorKind, Write as _},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use crate::{child::run, place::Place};

/// A mounted tmpfs; taken down on drop.
#[derive(Debug)]
pub struct SmallDisk {
    path: PathBuf,
}

impl SmallDisk {
    /// Mounts one of so many megabytes in a room of the place.
    ///
    /// # Errors
    /// When the tests may not mount: they need root, and in a container its leave to mount.
    pub fn mount(place: &Place, name: &str, megabytes: u32) -> Result<Self> {
        let path = place.room(name)?;
        run(Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={megabytes}m"), "tmpfs"])
            .arg(&path))
        .context("a full disk cannot be tested without leave to mount; run as root")?;
        Ok(Self { path })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Fills it to the last byte.
    ///
    /// # Errors
    /// When writing fails for another reason than a full disk.
    pub fn fill(&self) -> Result<()> {
        let mut ballast = File::create(self.path.join("ballast"))?;
        for piece in [vec![1_u8; 65_536], vec![1_u8; 512], vec![1_u8]] {
            loop {
                match ballast.write_all(&piece) {
                    Ok(()) => {}
                    Err(error) if error.kind() == ErrorKind::StorageFull => break,
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(())
    }

    /// Gives the space back.
    ///
    /// # Errors
    /// When it was not filled.
    pub fn relieve(&self) -> Result<()> {
        Ok(fs::remove_file(self.path.join("ballast"))?)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = run(Command::new("umount").arg("-l").arg(&self.path));
    }
}
