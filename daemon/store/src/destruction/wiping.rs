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
    session::{query_all, query_one},
};

/// How long whoever reads an older state of the database is waited for: looks, and time between
/// them.
const LOOKS: usize = 20;
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// Every table of ours. A destruction writes to most of them, some by the hands of others (tasks,
/// calls, notes): one that is left out would keep what it said. What is sealed opens nowhere once
/// its key is destroyed, so a large table is written anew only if it holds words in clear: names,
/// addresses, evidence, what people of ours wrote.
const TABLES: &str = "SELECT CAST(quote_ident(relname) AS TEXT) AS name, CAST(CASE WHEN \
                      pg_total_relation_size(oid) < 67108864 OR relname IN ('address', 'contact', 'consent_event', \
                      'opt_in', 'block', 'decision', 'legal_hold') THEN 1 ELSE 0 END AS BIGINT) AS is_rewritten \
                      FROM pg_class WHERE relkind = 'r' AND relnamespace = CAST(current_schema() AS regnamespace) \
                      ORDER BY relname";

/// Transactions of this database that still see what was emptied before `$1`: dead rows that they
/// see cannot be removed.
const SEEN: &str = "SELECT COUNT(*) AS n FROM pg_stat_activity WHERE datname = current_database() \
                    AND pid <> pg_backend_pid() AND backend_xmin IS NOT NULL \
                    AND age(backend_xmin) > age(CAST(CAST($1 AS TEXT) AS xid))";

/// What the server keeps, as far as our role can ask.
const BEHIND: &str = "SELECT current_setting('wal_recycle') AS recycle, current_setting('archive_mode') AS archive, \
    CAST(CASE WHEN (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) OR (\
    has_function_privilege('pg_switch_wal()', 'execute') AND EXISTS (SELECT 1 FROM pg_roles AS of \
    WHERE of.rolname = 'pg_checkpoint' AND pg_has_role(of.oid, 'usage'))) THEN 1 ELSE 0 END AS BIGINT) AS may_checkpoint, \
    CAST(CASE WHEN pg_has_role(datdba, 'usage') THEN 1 ELSE 0 END AS BIGINT) AS is_owner \
    FROM pg_database WHERE datname = current_database()";

/// Makes the database let go of what was emptied: SQLite folds its log into the file and cuts it
/// to nothing (freed pages are overwritten as they are freed), PostgreSQL writes its tables anew and
/// ends its log segment. Returns whether all of it was let go; if not (somebody read just then),
/// call it again.
///
/// # Errors
/// [`StoreError::Unavailable`], also when somebody holds a table for longer than three seconds.
pub async fn wipe(store: &Store) -> Result<bool, StoreError> {
    match store.dialect() {
        Dialect::Sqlite => fold_log(store).await,
        Dialect::Postgres => {
            if is_seen(store).await? {
                // Written anew now, a table would keep what they see.
                return Ok(false);
            }
            rewrite_tables(store).await?;
            Ok(true)
        }
    }
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

async fn rewrite_tables(store: &Store) -> Result<(), StoreError> {
    let connection = store.upkeeping();
    for row in query_all(store, TABLES, []).await? {
        let table: String = row.get("pg_class", "name")?;
        let how = match row.get::<i64>("pg_class", "is_rewritten")? {
            0 => "VACUUM",
            // The planner's samples of a column are words of it, too.
            _ => "VACUUM (FULL, ANALYZE)",
        };
        connection.execute_unprepared(&format!("{how} {table}")).await?;
    }
    // Passed over with a notice where the database is not ours.
    connection.execute_unprepared("VACUUM (FULL) pg_statistic").await?;
    // What the log holds goes with a checkpoint: now, where we may; else with the next.
    for now in ["SELECT pg_switch_wal()", "CHECKPOINT"] {
        if let Err(error) = connection.execute_unprepared(now).await {
            tracing::debug!(error = %StoreError::from(error), "the log goes with the next checkpoint");
        }
    }
    Ok(())
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
    Ok(behind)
}
