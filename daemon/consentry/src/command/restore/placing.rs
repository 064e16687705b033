//! The copy of the database takes its place: whole, held, or not at all.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use cases::failpoint;
use cases::restoring::hold;
use domain::ambient::Clock as _;
use store::{Store, StoreConfig};
use vault::Digests;

use crate::clock::{SystemClock, SystemEntropy};
use crate::command::backup::{
    hash_file,
    manifest::{DATABASE, Manifest},
};
use crate::command::told;
use crate::config::Config;
use crate::failure::{RefusedByRule, WrongUse};
use crate::house::as_wrong_use;

/// The digest keys of the backup must be ours: without them no stop matches anybody any more.
///
/// # Errors
/// [`WrongUse`] naming the key that is missing or another one.
pub(super) fn check_keys(config: &Config, manifest: &Manifest) -> anyhow::Result<()> {
    let digests = Digests::open(&config.vault.keys_directory, &SystemEntropy)?;
    for print in &manifest.digest_keys {
        let own = digests.fingerprint(domain::digest::DigestKeyId(print.id)).ok();
        if own.is_none_or(|own| hex::encode(own.bytes) != print.fingerprint) {
            return Err(WrongUse(format!(
                "digest key {} in `{}` is not the one of the backup; put the keys in place first",
                print.id,
                config.vault.keys_directory.display()
            ))
            .into());
        }
    }
    Ok(())
}

/// # Errors
/// [`RefusedByRule`] naming the node that runs.
pub(super) async fn refuse_while_running(store: &Store) -> anyhow::Result<()> {
    let nodes = store::nodes::all(store, SystemClock.now()).await?;
    if let Some(node) = nodes.iter().find(|node| node.is_alive && node.retired_at.is_none()) {
        let reason = format!("node `{}` holds its lease; stop every daemon first", node.name);
        return Err(RefusedByRule { rule: "node_is_alive", reason }.into());
    }
    Ok(())
}

/// Puts the copy in place of the database, with the hold in it; nothing where it stands already.
pub(super) async fn place(
    present: Store,
    config: &Config,
    manifest: &Manifest,
    from: &Path,
    actor: &str,
    replace: bool,
) -> anyhow::Result<()> {
    let backup = manifest.identity()?;
    if is_placed(&present, &backup).await? {
        present.close().await;
        return Ok(());
    }
    refuse_newer(&present, manifest, replace).await?;
    // Its log is folded into it, so that no page of it is ever read into the copy.
    present.close().await;
    let StoreConfig::Sqlite { path } = config.database.open().map_err(as_wrong_use)? else {
        return Ok(());
    };
    let source = from.join(DATABASE);
    let database = manifest
        .database
        .as_ref()
        .ok_or_else(|| WrongUse("this backup holds no database: it is of PostgreSQL".to_owned()))?;
    let (sha256, _) = hash_file(&source)?;
    anyhow::ensure!(
        sha256 == database.sha256,
        "`{}` is damaged; take another backup",
        source.display()
    );
    let beside = beside(&path);
    remove(&beside)?;
    fs::copy(&source, &beside).with_context(|| format!("cannot write `{}`", beside.display()))?;
    failpoint::hit("restore_copied");
    let copy = Store::open(&StoreConfig::Sqlite { path: beside.clone() }).await?;
    copy.migrate().await.context("cannot migrate the copy")?;
    hold(&copy, &backup, actor, SystemClock.now()).await.map_err(told)?;
    store::leases::end_all(&copy).await?;
    copy.close().await;
    File::open(&beside)?.sync_all()?;
    failpoint::hit("restore_held");
    remove_log(&path)?;
    failpoint::hit("restore_cleared");
    fs::rename(&beside, &path)
        .with_context(|| format!("cannot put the copy in place of `{}`", path.display()))?;
    if let Some(directory) = path.parent() {
        File::open(directory)?.sync_all()?;
    }
    failpoint::hit("restore_placed");
    Ok(())
}

/// Where the copy is made ready.
fn beside(path: &Path) -> PathBuf {
    path.with_extension("restoring")
}

/// Removes what a restore that died left beside the database: a copy with people who were destroyed
/// since. The backup is still there to be restored. Returns whether there was one.
///
/// # Errors
/// When it cannot be removed.
pub fn clean_up(config: &Config) -> anyhow::Result<bool> {
    let StoreConfig::Sqlite { path } = config.database.open().map_err(as_wrong_use)? else {
        return Ok(false);
    };
    let beside = beside(&path);
    let is_there = beside.exists();
    remove(&beside).with_context(|| format!("cannot remove `{}`", beside.display()))?;
    Ok(is_there)
}

async fn is_placed(present: &Store, backup: &str) -> anyhow::Result<bool> {
    let standing = store::restorations::standing(present).await?;
    Ok(standing.is_some_and(|standing| {
        serde_json::from_str::<cases::restoring::Restored>(&standing.counts)
            .is_ok_and(|held| held.backup == backup)
    }))
}

/// What came after the backup would be lost: that is said by who restores, not assumed.
async fn refuse_newer(present: &Store, manifest: &Manifest, replace: bool) -> anyhow::Result<()> {
    let stop = store::stops::last_number(present).await?;
    let is_newer = stop.0 > manifest.stop_number
        || store::audit::last_at(present).await?.is_some_and(|at| at > manifest.made_at);
    if is_newer && !replace {
        let reason = format!(
            "the database was written after {} when the backup was made; with --replace that is lost",
            manifest.made_at
        );
        return Err(RefusedByRule { rule: "database_is_newer", reason }.into());
    }
    Ok(())
}

fn remove(path: &Path) -> std::io::Result<()> {
    remove_log(path)?;
    forgive(fs::remove_file(path))
}

fn remove_log(path: &Path) -> std::io::Result<()> {
    for end in ["-wal", "-shm", "-journal"] {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        forgive(fs::remove_file(name))?;
    }
    Ok(())
}

fn forgive(removed: std::io::Result<()>) -> std::io::Result<()> {
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
