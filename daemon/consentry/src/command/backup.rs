//! `consentry backup`: the database and the objects into a directory, while the daemon runs.
//!
//! Never the keys and never the stop journal: a key in the same set would open the mail of people
//! who were destroyed after it was made, and a journal in it would be as old as the rest, where the
//! point of a journal is to know what came after. The manifest comes last; a directory without one
//! is no backup.

pub mod manifest;
mod objects;

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use domain::ambient::Clock as _;
use serde_json::json;
use store::StoreConfig;
use vault::ObjectsLocation;

use self::manifest::{DATABASE, DatabaseFile, FORMAT, KeyPrint, Manifest};
use super::open_house;
use crate::cli::{Backup, General};
use crate::clock::SystemClock;
use crate::failure::{RefusedByRule, WrongUse};
use crate::house::House;
use crate::{actor, print};

pub use self::objects::{copy_into, hash_file};

/// Makes a backup.
///
/// # Errors
/// When the directory is not empty or anything cannot be read or written.
pub async fn run(general: General, arguments: Backup) -> anyhow::Result<ExitCode> {
    let actor = actor::name(general.actor.as_deref())?;
    let house = open_house(&general).await?;
    let to = arguments.to;
    prepare(&to)?;
    keep_apart(&house, &to)?;
    // The number first: what comes between it and the copy is in the copy and in the journal.
    let stop_number = store::stops::last_number(&house.store).await?;
    let digest_keys = store::digest_keys::known(&house.store).await?;
    let database = copy_database(&house, &to).await?;
    let copied = match &house.config.vault.open().map_err(crate::house::as_wrong_use)?.objects {
        ObjectsLocation::Directory(root) => {
            let (root, to) = (root.clone(), to.clone());
            let link = arguments.link;
            let copying = tokio::task::spawn_blocking(move || objects::copy_all(&root, &to, link));
            Some(copying.await??)
        }
        // A bucket is copied by its storage; the list says what belongs to this backup.
        ObjectsLocation::S3(_) => None,
    };
    let now = SystemClock.now();
    let manifest = Manifest {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        made_at: now,
        node: house.config.node.as_str().to_owned(),
        database: database.clone(),
        stop_number: stop_number.0,
        digest_keys: digest_keys
            .iter()
            .map(|(id, print)| KeyPrint { id: id.0, fingerprint: hex::encode(print) })
            .collect(),
        objects: copied,
    };
    manifest.write(&to)?;
    let transaction = house.store.begin().await?;
    let detail =
        json!({ "objects": copied.map(|copied| copied.count), "stop_number": stop_number });
    store::audit::append(&transaction, &actor, "backed_up", "database", &detail, now).await?;
    transaction.commit().await?;
    house.close().await;
    if arguments.json {
        print::json_document(&serde_json::to_value(&manifest)?)?;
    } else {
        tell(&to, &manifest)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn tell(to: &Path, manifest: &Manifest) -> anyhow::Result<()> {
    let at = to.display();
    match &manifest.database {
        Some(database) => print::line(&format!("{at}/{DATABASE}: {} bytes", database.bytes))?,
        None => print::line(
            "the database is PostgreSQL: copy it now with `pg_dump --format=custom`, after this \
             command and not before it",
        )?,
    }
    match manifest.objects {
        Some(copied) => {
            print::line(&format!(
                "{at}/objects: {} objects, {} bytes",
                copied.count, copied.bytes
            ))?;
        }
        None => print::line("the objects are in a bucket: copy it with the means of its storage")?,
    }
    print::line(
        "keys and stop journal are not in it; copy them to another place (docs/backup.md)",
    )?;
    Ok(())
}

/// SQLite writes its own copy; PostgreSQL has its own means.
async fn copy_database(house: &House, to: &Path) -> anyhow::Result<Option<DatabaseFile>> {
    let own = house.config.database.open().map_err(crate::house::as_wrong_use)?;
    if matches!(own, StoreConfig::Postgres { .. }) {
        return Ok(None);
    }
    let path = to.join(DATABASE);
    house.store.snapshot(&path).await.context("cannot copy the database")?;
    let hashed = tokio::task::spawn_blocking(move || {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
        std::fs::File::open(&path)?.sync_all()?;
        hash_file(&path)
    });
    let (sha256, bytes) = hashed.await??;
    Ok(Some(DatabaseFile { sha256, bytes }))
}

/// A new directory, closed to others.
fn prepare(to: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(to);
    made.with_context(|| format!("cannot make the directory `{}`", to.display()))?;
    if std::fs::read_dir(to)?.next().is_some() {
        let told =
            format!("`{}` is not empty; a backup goes into a directory of its own", to.display());
        return Err(WrongUse(told).into());
    }
    Ok(())
}

/// A backup inside the data or keys directory would be lost, or be read, with them.
fn keep_apart(house: &House, to: &Path) -> anyhow::Result<()> {
    let to = to.canonicalize()?;
    for own in [&house.config.data_directory, &house.config.vault.keys_directory] {
        if own.canonicalize().is_ok_and(|own| to.starts_with(own)) {
            let reason = format!(
                "`{}` lies inside `{}`, what it is to be a backup of; choose another disk",
                to.display(),
                own.display()
            );
            return Err(RefusedByRule { rule: "backup_lies_elsewhere", reason }.into());
        }
    }
    Ok(())
}
