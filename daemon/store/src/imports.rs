//! Runs of `contact import`: the row of a run, what is known of the addresses of a chunk of its
//! file, the chunk written in bulk, and the attestation of its paper rows.
//!
//! Called by `cases::contacts`, one transaction a chunk. What follows from the facts is decided
//! there; here they are read and written.

mod attesting;
mod bulk;
mod facts;
mod writing;

use std::collections::BTreeMap;

use domain::{
    Timestamp,
    block::Purpose,
    ids::{ImportId, ListId},
};

use crate::{
    connect::Dialect,
    error::StoreError,
    row::Row,
    session::{Session, Transaction, change_one, execute, query_all, query_one, query_optional},
};

pub use attesting::{Attestation, Attesting, attest_chunk, list_without_text};
pub use facts::{AddressFacts, Asked, ContactFacts, EventFacts, StandingFacts, facts, lock};
pub use writing::{
    Fill, Place, Writes, WrittenAddress, WrittenConsent, WrittenContact, WrittenSubscription, write,
};

/// A list that an import may name.
#[derive(Debug, Clone)]
pub struct ImportList {
    /// Its id.
    pub id: ListId,
    /// Its name.
    pub name: String,
    /// What its mail is for.
    pub purpose: Purpose,
}

/// The lists that are not archived, by name.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn lists(session: &impl Session) -> Result<BTreeMap<String, ImportList>, StoreError> {
    let sql = "SELECT id, name, purpose FROM list WHERE archived_at IS NULL";
    let rows = query_all(session, sql, []).await?;
    rows.iter()
        .map(|row| {
            let name: String = row.get("list", "name")?;
            let purpose = row.parsed("list", "purpose", Purpose::from_name)?;
            let id = ListId(row.get("list", "id")?);
            Ok((name.clone(), ImportList { id, name, purpose }))
        })
        .collect()
}

/// What tells one run from another.
#[derive(Debug, Clone)]
pub struct NewImport<'a> {
    /// Who imports.
    pub actor: &'a str,
    /// The file.
    pub file_sha256: [u8; 32],
    /// How it is read, as JSON without personal data.
    pub mapping: &'a str,
    /// The list for rows that name none.
    pub list: Option<ListId>,
}

/// A run as it stands.
#[derive(Debug, Clone)]
pub struct ImportRow {
    /// Its id.
    pub id: ImportId,
    /// Who imports.
    pub actor: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// How many rows were taken, left and refused, as JSON.
    pub counts: String,
    /// Who attested its paper rows.
    pub attested_by: Option<String>,
    /// When that was done.
    pub attested_at: Option<Timestamp>,
}

const COLUMNS: &str = "id, actor, started_at, finished_at, counts, attested_by, attested_at";

fn read(row: &Row) -> Result<ImportRow, StoreError> {
    Ok(ImportRow {
        id: ImportId(row.get("contact_import", "id")?),
        actor: row.get("contact_import", "actor")?,
        started_at: row.instant("contact_import", "started_at")?,
        finished_at: row.instant_option("contact_import", "finished_at")?,
        counts: row.get("contact_import", "counts")?,
        attested_by: row.get("contact_import", "attested_by")?,
        attested_at: row.instant_option("contact_import", "attested_at")?,
    })
}

/// One run.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn by_id(
    session: &impl Session,
    import: ImportId,
) -> Result<Option<ImportRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM contact_import WHERE id = $1");
    query_optional(session, &sql, [import.0.into()]).await?.as_ref().map(read).transpose()
}

/// The unfinished run of the same person over the same file in the same way, if there is one: it
/// was killed and goes on.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn unfinished(
    session: &impl Session,
    import: &NewImport<'_>,
) -> Result<Option<ImportRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM contact_import WHERE finished_at IS NULL AND actor = $1 \
         AND file_sha256 = $2 AND mapping = $3 ORDER BY id DESC LIMIT 1"
    );
    let values = [import.actor.into(), import.file_sha256.to_vec().into(), import.mapping.into()];
    query_optional(session, &sql, values).await?.as_ref().map(read).transpose()
}

/// Begins a run.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn begin(
    transaction: &Transaction,
    import: &NewImport<'_>,
    now: Timestamp,
) -> Result<ImportId, StoreError> {
    let sql = "INSERT INTO contact_import (actor, file_sha256, mapping, list_id, started_at) \
               VALUES ($1, $2, $3, $4, $5) RETURNING id";
    let values = [
        import.actor.into(),
        import.file_sha256.to_vec().into(),
        import.mapping.into(),
        import.list.map(|list| list.0).into(),
        now.as_microsecond().into(),
    ];
    Ok(ImportId(query_one(transaction, sql, values).await?.get("contact_import", "id")?))
}

/// Writes down how far a run has come: part of the transaction of each chunk. `before` is what
/// the row said when the chunk was begun, so that two processes cannot both go on with one run.
///
/// # Errors
/// [`StoreError::Conflict`] when another process goes on with this run.
pub async fn advance(
    transaction: &Transaction,
    import: ImportId,
    before: &str,
    counts: &str,
) -> Result<(), StoreError> {
    let sql = "UPDATE contact_import SET counts = $2 WHERE id = $1 AND counts = $3 AND finished_at IS NULL";
    let values = [import.0.into(), counts.into(), before.into()];
    change_one(transaction, "the import", sql, values).await
}

/// Ends a run.
///
/// # Errors
/// [`StoreError::Conflict`] when it has ended.
pub async fn finish(
    transaction: &Transaction,
    import: ImportId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE contact_import SET finished_at = $2 WHERE id = $1 AND finished_at IS NULL";
    change_one(transaction, "the import", sql, [import.0.into(), now.as_microsecond().into()]).await
}

/// The number of the last stop: read before the facts of a chunk.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn last_stop(session: &impl Session) -> Result<i64, StoreError> {
    let sql = "SELECT value FROM stop_sequence WHERE id = 1";
    query_one(session, sql, []).await?.get("stop_sequence", "value")
}

/// The number of the last stop, with the door held shut: until this transaction ends no further
/// stop can commit. Asked just before a chunk commits, so that no stop falls between its facts
/// and its rows. SQLite has one writer and needs no lock.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn last_stop_held(transaction: &Transaction) -> Result<i64, StoreError> {
    let sql = match transaction.dialect() {
        Dialect::Sqlite => "SELECT value FROM stop_sequence WHERE id = 1",
        Dialect::Postgres => "SELECT value FROM stop_sequence WHERE id = 1 FOR SHARE",
    };
    query_one(transaction, sql, []).await?.get("stop_sequence", "value")
}

/// How the one writer of SQLite works: as always, or on very many rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// SQLite's own limits.
    Usual,
    /// 64 MiB of pages kept, the log folded in less often: indexes over digests grow everywhere
    /// at once.
    Bulk,
}

/// Sets the pace of this process's writer; PostgreSQL has none to set.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn set_pace(transaction: &Transaction, pace: Pace) -> Result<(), StoreError> {
    if transaction.dialect() == Dialect::Sqlite {
        let settings = match pace {
            Pace::Usual => ["PRAGMA cache_size = -2000", "PRAGMA wal_autocheckpoint = 1000"],
            Pace::Bulk => ["PRAGMA cache_size = -65536", "PRAGMA wal_autocheckpoint = 16000"],
        };
        for setting in settings {
            query_all(transaction, setting, []).await?;
        }
    }
    Ok(())
}

/// Lets the planner know the tables after many rows came; harmless when it is left out.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn refresh_statistics(transaction: &Transaction) -> Result<(), StoreError> {
    if transaction.dialect() == Dialect::Postgres {
        for table in ["contact", "address", "contact_address", "subscription", "consent_event"] {
            execute(transaction, &format!("ANALYZE {table}"), []).await?;
        }
    }
    Ok(())
}
