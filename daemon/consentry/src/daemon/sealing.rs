//! The sealing of the audit log, and its head anchored outside the database (invariant 13).
//!
//! Every few seconds what is unsealed becomes a batch; the head goes into a file of the data
//! directory. One node seals at a time, by a lease; each writes its own anchor. `audit verify`
//! holds the chain against the anchor: a chain that was cut or rewritten as a whole contradicts.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use store::Store;
use store::audit::{Head, Verified};

use super::heartbeat::Pulse;
use crate::house::House;

/// How often to look.
const EVERY: Duration = Duration::from_secs(3);
const LEASE: Duration = Duration::from_secs(60);
/// Events in one batch.
const BATCH: u32 = 1000;

/// The file with the head of the chain.
#[derive(Debug, Clone)]
pub struct Anchor {
    path: PathBuf,
}

/// What the anchor says about the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnchorState {
    /// The anchored head stands in the chain.
    Agrees,
    /// There is no anchor yet.
    Absent,
    /// The chain is not the one that was anchored.
    Contradicts,
}

impl AnchorState {
    /// One word, for programs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Agrees => "agrees",
            Self::Absent => "absent",
            Self::Contradicts => "contradicts",
        }
    }

    /// A sentence, for people.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Agrees => "agrees",
            Self::Absent => "there is none yet",
            Self::Contradicts => "CONTRADICTS: the chain was cut or rewritten",
        }
    }
}

impl Anchor {
    /// The anchor in a data directory.
    #[must_use]
    pub fn in_directory(directory: &Path) -> Self {
        Self { path: directory.join("audit-head") }
    }

    /// Writes the head, durably and as a whole.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, head: Head) -> std::io::Result<()> {
        use std::io::Write as _;
        let new = self.path.with_extension("new");
        let mut file = std::fs::File::create(&new)?;
        writeln!(file, "{} {}", head.batch, hex::encode(head.hash))?;
        file.sync_all()?;
        std::fs::rename(&new, &self.path)?;
        if let Some(directory) = self.path.parent() {
            std::fs::File::open(directory)?.sync_all()?;
        }
        Ok(())
    }

    fn read(&self) -> anyhow::Result<Option<Head>> {
        let text = match std::fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).context("cannot read the anchor of the audit log"),
        };
        let head = text.split_once(' ').and_then(|(batch, hash)| {
            let mut bytes = [0; 32];
            hex::decode_to_slice(hash.trim(), &mut bytes).ok()?;
            Some(Head { batch: batch.parse().ok()?, hash: bytes })
        });
        let path = self.path.display();
        head.map(Some).with_context(|| format!("`{path}` is no anchor; restore it from a backup"))
    }

    /// Holds a verified chain against the anchor.
    ///
    /// # Errors
    /// When the anchor cannot be read.
    pub async fn compare(&self, store: &Store, found: &Verified) -> anyhow::Result<AnchorState> {
        let Some(anchored) = self.read()? else { return Ok(AnchorState::Absent) };
        let known = match anchored.batch {
            0 => return Ok(AnchorState::Agrees),
            batch if batch > found.batches => return Ok(AnchorState::Contradicts),
            batch => store::audit::hash_of(store, batch).await?,
        };
        Ok(if known == Some(anchored.hash) {
            AnchorState::Agrees
        } else {
            AnchorState::Contradicts
        })
    }
}

/// Seals until told to stop, and once more at the end.
///
/// # Errors
/// When the anchor cannot be written, or the database fails for good.
pub async fn run(house: &House, pulse: &Pulse) -> anyhow::Result<()> {
    let anchor = Anchor::in_directory(&house.config.data_directory);
    let owner = house.config.node.as_str();
    let clock = crate::house::clock();
    loop {
        let goes_on = pulse.rest(EVERY).await;
        let now = clock.now();
        if store::leases::hold(&house.store, "audit", owner, LEASE, now).await? {
            while let Some(head) = store::audit::seal(&house.store, BATCH, clock.now()).await? {
                anchor
                    .write(head)
                    .context("cannot anchor the audit log; check the data directory")?;
            }
        }
        if !goes_on {
            store::leases::release(&house.store, "audit", owner).await?;
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_anchor_is_read_as_it_was_written() {
        let dir = tempfile::tempdir().expect("a directory");
        let anchor = Anchor::in_directory(dir.path());
        assert_eq!(anchor.read().expect("readable"), None);
        let head = Head { batch: 7, hash: [9; 32] };
        anchor.write(head).expect("written");
        assert_eq!(anchor.read().expect("readable"), Some(head));
        std::fs::write(dir.path().join("audit-head"), "junk").expect("written");
        assert!(anchor.read().is_err());
    }
}
