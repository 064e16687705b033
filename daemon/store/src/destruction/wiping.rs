//! What a database leaves behind of rows that are gone: pages of its log, dead versions of rows.

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
/// calls, notes): one that is left out would keep what it said.
const TABLES: &str = "SELECT CAST(quote_ident(tablename) AS TEXT) AS name FROM pg_tables \
                      WHERE schemaname = current_schema() ORDER BY tablename";

/// Transactions of this database that still see what was emptied before `$1`: dead rows that they
/// see cannot be removed.
const SEEN: &str = "SELECT COUNT(*) AS n FROM pg_stat_activity WHERE datname = current_database() \
                    AND pid <> pg_backend_pid() AND backend_xmin IS NOT NULL \
                    AND age(backend_xmin) > age(CAST(CAST($1 AS TEXT) AS xid))";

/// Makes the database let go of what was emptied: SQLite folds its log into the file and cuts it
/// to nothing (freed pages are overwritten as they are freed), PostgreSQL removes dead rows.
/// Returns whether all of it was let go; if not (somebody read just then), call it again.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn wipe(store: &Store) -> Result<bool, StoreError> {
    let connection = store.writing();
    match store.dialect() {
        Dialect::Sqlite => {
            let checkpoint = async |sql: &str| -> Result<[i64; 3], StoreError> {
                let statement =
                    sea_orm::Statement::from_string(sea_orm::DbBackend::Sqlite, sql.to_owned());
                let row = connection.query_one_raw(statement).await?;
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
        Dialect::Postgres => {
            // Whoever begins after this transaction sees nothing of what was emptied.
            let sql = "SELECT CAST(CAST(pg_current_xact_id() AS xid) AS TEXT) AS xid";
            let from: String = query_one(store, sql, []).await?.get("pg_class", "xid")?;
            let mut is_seen = true;
            for look in 0..LOOKS {
                let seen = query_one(store, SEEN, [from.clone().into()]).await?;
                is_seen = seen.get::<i64>("pg_stat_activity", "n")? > 0;
                if !is_seen {
                    break;
                }
                if look + 1 < LOOKS {
                    tokio::time::sleep(BETWEEN_LOOKS).await;
                }
            }
            for row in query_all(store, TABLES, []).await? {
                let table: String = row.get("pg_tables", "name")?;
                connection.execute_unprepared(&format!("VACUUM {table}")).await?;
            }
            Ok(!is_seen)
        }
    }
}
