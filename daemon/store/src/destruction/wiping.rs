//! What a database leaves behind of rows that are gone: pages of its log, dead versions of rows.
//!
//! SQLite overwrites what it frees, so its log alone is folded and cut. PostgreSQL frees without
//! overwriting: a table is written anew (`VACUUM (FULL)`) so that no file of it holds what was
//! emptied, and its log goes with the next checkpoint, unless the server keeps old segments for
//! reuse ([`keeps_behind`]).

use std::time::Duration;

use sea_orm::ConnectionTrait as _;

use crate::{
    connect::{Dialect, Store},
    error::StoreError,
    row::Row,
    session::{query_all, query_one},
};

/// How long whoever reads an older state of the database is waited for: looks, and time between
/// them.
const LOOKS: usize = 20;
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// Every table of ours. A destruction writes to most of them, some by the hands of others (tasks,
/// calls, replies of servers, notes): one that is left out would keep what it said in clear. Only
/// what nobody ever empties, and what holds ids and digests alone, is not written anew once it is
/// large.
const TABLES: &str = "SELECT CAST(quote_ident(relname) AS TEXT) AS name, pg_total_relation_size(oid) AS size, \
                      CAST(CASE WHEN pg_total_relation_size(oid) > 67108864 AND relname IN ('audit_event', 'audit_batch', \
                      'stop', 'suppression', 'clock_event') THEN 0 ELSE 1 END AS BIGINT) AS is_rewritten, \
                      pg_size_bytes(COALESCE(NULLIF(current_setting('consentry.rewrite_up_to', true), ''), '1GB')) \
                      AS most FROM pg_class WHERE relkind = 'r' \
                      AND relnamespace = CAST(current_schema() AS regnamespace) ORDER BY relname";

/// Transactions that still see what was emptied before `$1`, or of which nobody knows yet whether
/// they did it: dead rows that they see cannot be removed. Those of standbys and replication slots
/// hold every database.
const SEEN: &str = "SELECT (SELECT COUNT(*) FROM pg_stat_activity WHERE (datname = current_database() OR datname IS NULL) \
    AND pid <> pg_backend_pid() \
    AND GREATEST(age(backend_xmin), age(backend_xid)) > age(CAST(CAST($1 AS TEXT) AS xid))) \
    + (SELECT COUNT(*) FROM pg_prepared_xacts WHERE database = current_database() \
    AND age(transaction) > age(CAST(CAST($1 AS TEXT) AS xid))) \
    + (SELECT COUNT(*) FROM pg_replication_slots \
    WHERE GREATEST(age(xmin), age(catalog_xmin)) > age(CAST(CAST($1 AS TEXT) AS xid))) AS n";

/// Who may be in the way of the next wipe for long. What others began may be hidden from our role;
/// it is told by its age in transactions then.
const WAYS: &str = "SELECT (SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() \
    AND pid <> pg_backend_pid() AND (backend_xmin IS NOT NULL OR backend_xid IS NOT NULL) \
    AND COALESCE(xact_start < now() - interval '10 minutes', GREATEST(age(backend_xmin), age(backend_xid)) > 10000)) \
    AS open, (SELECT COUNT(*) FROM pg_prepared_xacts WHERE database = current_database()) AS prepared";

/// What the server keeps, as far as our role can ask.
const BEHIND: &str = "SELECT current_setting('wal_recycle') AS recycle, current_setting('archive_mode') AS archive, \
    CAST(CASE WHEN (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) OR (\
    has_function_privilege('pg_switch_wal()', 'execute') AND EXISTS (SELECT 1 FROM pg_roles AS of \
    WHERE of.rolname = 'pg_checkpoint' AND pg_has_role(of.oid, 'usage'))) THEN 1 ELSE 0 END AS BIGINT) AS may_checkpoint, \
    CAST(CASE WHEN pg_has_role(datdba, 'usage') THEN 1 ELSE 0 END AS BIGINT) AS is_owner, \
    (SELECT COUNT(*) FROM pg_replication_slots) AS slots, (SELECT COUNT(*) FROM pg_stat_replication) AS standbys, \
    pg_size_bytes(COALESCE(current_setting('wal_keep_size', true), '0')) AS wal_kept \
    FROM pg_database WHERE datname = current_database()";

/// Whether the database let go of what was emptied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wiped {
    /// All of it is gone.
    Gone,
    /// Somebody sees an older state, a standby or a replication slot too; to be called again.
    Seen,
    /// These tables are too large to be locked while they are written anew; all others are.
    TooLarge(Vec<String>),
}

/// Makes the database let go of what was emptied: SQLite folds its log into the file and cuts it
/// to nothing (freed pages are overwritten as they are freed), PostgreSQL writes its tables anew and
/// ends its log segment. Returns whether all of it was let go; if not, call it again.
///
/// # Errors
/// [`StoreError::Unavailable`], also when somebody holds a table for longer than three seconds.
pub async fn wipe(store: &Store) -> Result<bool, StoreError> {
    Ok(wipe_all(store).await? == Wiped::Gone)
}

/// The same, and says what was in the way.
///
/// # Errors
/// As [`wipe`].
pub async fn wipe_all(store: &Store) -> Result<Wiped, StoreError> {
    match store.dialect() {
        Dialect::Sqlite => Ok(if fold_log(store).await? { Wiped::Gone } else { Wiped::Seen }),
        Dialect::Postgres => {
            if is_seen(store).await? {
                // Written anew now, a table would keep what they see.
                return Ok(Wiped::Seen);
            }
            let large = rewrite_tables(store).await?;
            Ok(if large.is_empty() { Wiped::Gone } else { Wiped::TooLarge(large) })
        }
    }
}

/// Tables that are larger than what may be written anew: 1 GiB, or what the administrator has set
/// for the database (`consentry.rewrite_up_to`). None on SQLite.
///
/// # Errors
/// [`StoreError::Unavailable`]; [`StoreError::Defect`] when what is set is no size.
pub async fn too_large(store: &Store) -> Result<Vec<String>, StoreError> {
    if store.dialect() == Dialect::Sqlite {
        return Ok(Vec::new());
    }
    let tables = tables(store).await?.into_iter();
    Ok(tables.filter(|table| table.way == Way::TooLarge).map(|table| table.name).collect())
}

/// What is done about a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Rewrite,
    Vacuum,
    TooLarge,
}

struct Table {
    name: String,
    way: Way,
}

async fn tables(store: &Store) -> Result<Vec<Table>, StoreError> {
    let table = |row: &Row| -> Result<Table, StoreError> {
        let (size, most): (i64, i64) = (row.get("pg_class", "size")?, row.get("pg_class", "most")?);
        let way = match row.get::<i64>("pg_class", "is_rewritten")? {
            0 => Way::Vacuum,
            _ if size > most => Way::TooLarge,
            _ => Way::Rewrite,
        };
        Ok(Table { name: row.get("pg_class", "name")?, way })
    };
    query_all(store, TABLES, []).await?.iter().map(table).collect()
}

async fn fold_log(store: &Store) -> Result<bool, StoreError> {
    let checkpoint = async |sql: &str| -> Result<[i64; 3], StoreError> {
        let statement = sea_orm::Statement::from_string(sea_orm::DbBackend::Sqlite, sql.to_owned());
        let row = store.writing().query_one_raw(statement).await?;
        let column = |n| row.as_ref().and_then(|row| row.try_get_by_index(n).ok());
        Ok([0, 1, 2].map(|n| column(n).unwrap_or(-1)))
    };
    // Waits for nobody: a reader of an older state would hold up every writer, too.
    let [_, log, folded] = checkpoint("PRAGMA wal_checkpoint(PASSIVE)").await?;
    if folded < log {
        return Ok(false);
    }
    // Its first column says whether somebody was in the way.
    let [busy, ..] = checkpoint("PRAGMA wal_checkpoint(TRUNCATE)").await?;
    Ok(busy == 0)
}

/// Whether somebody still sees what was emptied before now; waited for, a little.
async fn is_seen(store: &Store) -> Result<bool, StoreError> {
    // Whoever begins after this transaction sees nothing of what was emptied.
    let sql = "SELECT CAST(CAST(pg_current_xact_id() AS xid) AS TEXT) AS xid";
    let from: String = query_one(store, sql, []).await?.get("pg_class", "xid")?;
    for look in 0..LOOKS {
        let seen = query_one(store, SEEN, [from.clone().into()]).await?;
        if seen.get::<i64>("pg_stat_activity", "n")? == 0 {
            return Ok(false);
        }
        if look + 1 < LOOKS {
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }
    Ok(true)
}

/// Returns the tables that were too large.
async fn rewrite_tables(store: &Store) -> Result<Vec<String>, StoreError> {
    let connection = store.upkeeping();
    let mut large = Vec::new();
    for Table { name, way } in tables(store).await? {
        let how = match way {
            Way::Vacuum => "VACUUM",
            // The planner's samples of a column are words of it, too.
            Way::Rewrite => "VACUUM (FULL, ANALYZE)",
            Way::TooLarge => {
                large.push(name);
                continue;
            }
        };
        connection.execute_unprepared(&format!("{how} {name}")).await?;
    }
    // Passed over with a notice where the database is not ours.
    connection.execute_unprepared("VACUUM (FULL) pg_statistic").await?;
    // What the log holds goes with a checkpoint: now, where we may; else with the next.
    for now in ["SELECT pg_switch_wal()", "CHECKPOINT"] {
        if let Err(error) = connection.execute_unprepared(now).await {
            tracing::debug!(error = %StoreError::from(error), "the log goes with the next checkpoint");
        }
    }
    Ok(large)
}

/// What of emptied rows PostgreSQL keeps after [`wipe`], each with what an administrator does about
/// it; nothing on SQLite.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn keeps_behind(store: &Store) -> Result<Vec<&'static str>, StoreError> {
    if store.dialect() == Dialect::Sqlite {
        return Ok(Vec::new());
    }
    let row = query_one(store, BEHIND, []).await?;
    let mut behind = Vec::new();
    if row.get::<String>("pg_settings", "recycle")? != "off" {
        behind.push(
            "segments of the log are kept for reuse with what they held until they are written \
             over; set `wal_recycle = off`",
        );
    }
    if row.get::<String>("pg_settings", "archive")? != "off" {
        behind.push(
            "the archive of the log holds what was destroyed for as long as it is kept; shorten that",
        );
    }
    if row.get::<i64>("pg_roles", "may_checkpoint")? == 0 {
        behind.push(
            "the log is let go of with the next checkpoint, not at once; GRANT pg_checkpoint, and \
             EXECUTE ON FUNCTION pg_switch_wal(), to our role",
        );
    }
    if row.get::<i64>("pg_database", "is_owner")? == 0 {
        behind.push(
            "samples of the planner (pg_statistic) cannot be written anew by our role; make it the \
             owner of the database",
        );
    }
    if row.get::<i64>("pg_replication_slots", "slots")? > 0 {
        behind.push(
            "replication slots keep the log, and rows that are gone, until whoever reads them has \
             caught up; drop those that nobody reads (`pg_drop_replication_slot`)",
        );
    }
    if row.get::<i64>("pg_stat_replication", "standbys")? > 0 {
        behind.push(
            "standbys and receivers of the log hold copies and a log of their own, which this server \
             does not wipe; set them as this one",
        );
    }
    if row.get::<i64>("pg_settings", "wal_kept")? > 0 {
        behind.push(
            "the last segments of the log are kept for standbys with what they held; set \
             `wal_keep_size = 0`",
        );
    }
    Ok(behind)
}

/// What would be in the way of a wipe now, each with what an administrator does about it; nothing
/// on SQLite. The wipe itself waits for it.
///
/// # Errors
/// As [`too_large`].
pub async fn in_the_way(store: &Store) -> Result<Vec<String>, StoreError> {
    if store.dialect() == Dialect::Sqlite {
        return Ok(Vec::new());
    }
    let mut told = Vec::new();
    let row = query_one(store, WAYS, []).await?;
    if row.get::<i64>("pg_stat_activity", "open")? > 0 {
        told.push(
            "a transaction is open for more than ten minutes and sees what was destroyed since; end \
             it (`pg_stat_activity`)"
                .to_owned(),
        );
    }
    if row.get::<i64>("pg_prepared_xacts", "prepared")? > 0 {
        told.push(
            "a prepared transaction waits and keeps rows that are gone; `COMMIT PREPARED` or \
             `ROLLBACK PREPARED` (`pg_prepared_xacts`)"
                .to_owned(),
        );
    }
    let large = too_large(store).await?;
    if !large.is_empty() {
        told.push(format!("{}: {TOO_LARGE}", large.join(", ")));
    }
    Ok(told)
}

/// What an administrator does about tables that are too large.
pub const TOO_LARGE: &str = "too large to be locked while written anew, so what was emptied there stays in its \
    file; at a quiet hour, with as much free disk as the table takes: `ALTER DATABASE … SET \
    consentry.rewrite_up_to = '20GB'`, and start the daemon again";
