//! `consentry restore`: a backup in place of the database, and nothing leaves until a person says so.
//!
//! In this order, each step repeatable: the copy is brought up to this version and given the hold
//! beside its place, then takes it by one rename; objects that the vault lacks are put back, but
//! for those whose keys were destroyed since; the stop journals are replayed. A restore that died
//! anywhere is run again and ends in the same state.

mod placing;

pub use self::placing::clean_up;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use cases::failpoint;
use cases::restoring::{Restored, hold};
use domain::ambient::Clock as _;
use domain::ids::ObjectId;
use store::StoreConfig;
use vault::{ObjectsLocation, Replayed};

use super::backup::{copy_into, manifest::Manifest};
use super::{load_config, told};
use crate::cli::{General, Restore};
use crate::clock::SystemClock;
use crate::house::{House, Schema, open_store};
use crate::{actor, print};

/// Restores, or releases what was restored.
///
/// # Errors
/// [`crate::failure::RefusedByRule`] while a daemon runs, or when the database is newer; whatever
/// cannot be read or written.
pub async fn run(general: General, arguments: Restore) -> anyhow::Result<ExitCode> {
    let actor = actor::name(general.actor.as_deref())?;
    let Some(from) = &arguments.from else {
        return release(&general, &actor, arguments.json).await;
    };
    let config = load_config(&general)?;
    let manifest = Manifest::read(from)?;
    placing::check_keys(&config, &manifest)?;
    // No daemon of this directory begins in between.
    let lock = crate::daemon::lock(&config)?;
    let store = open_store(&config, Schema::Migrate).await?;
    placing::refuse_while_running(&store).await?;
    let backup = manifest.identity()?;
    match config.database.open().map_err(crate::house::as_wrong_use)? {
        StoreConfig::Sqlite { .. } => {
            placing::place(store, &config, &manifest, from, &actor, arguments.replace).await?;
        }
        // The administrator has put it in place with pg_restore.
        StoreConfig::Postgres { .. } => {
            hold(&store, &backup, &actor, SystemClock.now()).await.map_err(told)?;
            store.close().await;
        }
    }
    let house = House::open(config, Schema::Require).await?;
    let mut restored =
        hold(&house.store, &backup, &actor, SystemClock.now()).await.map_err(told)?;
    restored.objects = put_objects(&house, from).await?;
    failpoint::hit("restore_objects");
    let entries = entries(&house, &arguments.journal).await?;
    house.cases.replay(&entries, &actor, &mut restored).await.map_err(told)?;
    failpoint::hit("restore_replayed");
    house.cases.take_up_unknown(&actor, &mut restored).await.map_err(told)?;
    house.cases.finish_restored(&mut restored).await.map_err(told)?;
    house.close().await;
    drop(lock);
    tell(&restored, arguments.json)?;
    Ok(ExitCode::SUCCESS)
}

/// Whether the database may be worked with.
///
/// # Errors
/// [`crate::failure::RefusedByRule`] when it must be restored first, or once more.
pub async fn check_replayed(house: &House) -> anyhow::Result<()> {
    house.cases.check_replayed().await.map_err(told)
}

async fn release(general: &General, actor: &str, as_json: bool) -> anyhow::Result<ExitCode> {
    let house = super::open_house(general).await?;
    house.cases.release(actor).await.map_err(told)?;
    house.close().await;
    if as_json {
        print::json_document(&serde_json::json!({ "released": true }))?;
    } else {
        print::line("mail leaves again")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Puts back the objects that the vault lacks. What is under a key that was destroyed since is not
/// kept: nobody can read it any more.
async fn put_objects(house: &House, from: &Path) -> anyhow::Result<u64> {
    let location = house.config.vault.open().map_err(crate::house::as_wrong_use)?.objects;
    let ObjectsLocation::Directory(root) = location else { return Ok(0) };
    if !from.join("objects.sha256").exists() {
        return Ok(0);
    }
    let from = from.to_owned();
    let put = tokio::task::spawn_blocking(move || copy_into(&from, &root)).await??;
    let mut kept = 0;
    for path in put {
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        let Ok(object) = ObjectId::parse(name) else { continue };
        let key = house.vault.key_of(object).await?;
        if house.vault.key_exists(key).await? {
            kept += 1;
        } else {
            house.vault.delete(object).await?;
        }
    }
    Ok(kept)
}

/// The entries of our own journal and of those that were given, each once, the numbered ones in
/// their order first.
async fn entries(house: &House, others: &[PathBuf]) -> anyhow::Result<Vec<Replayed>> {
    let mut directories = vec![house.config.data_directory.join("stops")];
    directories.extend(others.iter().cloned());
    let read = move || -> anyhow::Result<Vec<Replayed>> {
        let mut entries: Vec<Replayed> = Vec::new();
        for directory in directories {
            let (found, report) = vault::replay(&directory)
                .with_context(|| format!("cannot read the journal in `{}`", directory.display()))?;
            anyhow::ensure!(
                report.damaged_bytes == 0,
                "the stop journal in `{}` is damaged; restore its segment from another copy",
                directory.display()
            );
            for entry in found {
                match entries.iter_mut().find(|known| known.intent.id == entry.intent.id) {
                    Some(known) => known.number = known.number.or(entry.number),
                    None => entries.push(entry),
                }
            }
        }
        entries.sort_by_key(|entry| {
            (entry.number.is_none(), entry.number, entry.intent.at, entry.intent.id)
        });
        Ok(entries)
    };
    tokio::task::spawn_blocking(read).await?
}

fn tell(restored: &Restored, as_json: bool) -> anyhow::Result<()> {
    if as_json {
        print::json_document(&serde_json::to_value(restored)?)?;
        return Ok(());
    }
    print::line(&format!(
        "restored; of {} journal entries {} were known; made again: {} blocks, {} suppressions, \
         {} subscriptions ended, {} lifted, {} people destroyed; {} to be looked at",
        restored.entries,
        restored.known,
        restored.blocks,
        restored.suppressions,
        restored.left,
        restored.lifted,
        restored.erased,
        restored.unsure
    ))?;
    print::line(&format!(
        "{} acts, proofs and kept records came back; {} requests of destroyed people were closed",
        restored.proofs, restored.overtaken
    ))?;
    print::line(&format!(
        "{} deliveries are uncertain, {} campaigns are paused; {} objects put back",
        restored.uncertain, restored.campaigns, restored.objects
    ))?;
    print::line(&format!(
        "of the objects that the database does not know {} are mails to be filed again, {} were of no \
         use and deleted, {} are left",
        restored.taken_up, restored.useless_objects, restored.unknown_objects
    ))?;
    print::line("NOTHING LEAVES until `consentry restore --release`")?;
    Ok(())
}
