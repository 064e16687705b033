//! What only one node does at a time, by a lease that must be renewed.
//!
//! Leases alone use the database's time on PostgreSQL, where several machines with several
//! clocks compete; on SQLite the clock that the caller passes.

use std::time::Duration;

use domain::Timestamp;

use crate::{
    connect::{Dialect, Store},
    error::StoreError,
    session::execute,
};

/// The database's own clock, microseconds since 1970.
pub(crate) const POSTGRES_NOW: &str = "(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::BIGINT";

/// The clock by which leases are counted, as an SQL expression.
pub(crate) fn clock(dialect: Dialect, now: Timestamp) -> String {
    match dialect {
        Dialect::Postgres => POSTGRES_NOW.to_owned(),
        Dialect::Sqlite => now.as_microsecond().to_string(),
    }
}

/// Takes or renews a lease; `true` when `owner` has it now.
///
/// # Errors
/// [`StoreError::Unavailable`]: then the caller does not have it.
pub async fn hold(
    store: &Store,
    name: &str,
    owner: &str,
    length: Duration,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let transaction = store.begin().await?;
    let clock = clock(store.dialect(), now);
    let micros = i64::try_from(length.as_micros()).unwrap_or(i64::MAX / 4);
    let sql = format!(
        "INSERT INTO lease (name, owner, until_at) VALUES ($1, $2, {clock} + $3) \
         ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, until_at = excluded.until_at \
         WHERE lease.owner = excluded.owner OR lease.until_at < {clock}"
    );
    let changed = execute(&transaction, &sql, [name.into(), owner.into(), micros.into()]).await?;
    transaction.commit().await?;
    Ok(changed == 1)
}

/// Gives a lease back, if `owner` has it.
///
/// # Errors
/// [`StoreError::Unavailable`]: it then runs out by itself.
pub async fn release(store: &Store, name: &str, owner: &str) -> Result<(), StoreError> {
    let transaction = store.begin().await?;
    let sql = "DELETE FROM lease WHERE name = $1 AND owner = $2";
    execute(&transaction, sql, [name.into(), owner.into()]).await?;
    transaction.commit().await
}

/// Ends every lease, nodes' own included. Only for a copy of a database that nobody works with: its
/// leases are those of the moment in which it was made.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn end_all(store: &Store) -> Result<(), StoreError> {
    let transaction = store.begin().await?;
    execute(&transaction, "DELETE FROM lease", []).await?;
    execute(&transaction, "UPDATE node SET leased_until_at = 0", []).await?;
    transaction.commit().await
}

/// Ends the leases of earlier runs of a node, whose owners are `node/…`. Only for a caller that
/// knows those runs to be dead: it has the lock on the node's data directory.
///
/// # Errors
/// [`StoreError::Unavailable`]: they then run out by themselves.
pub async fn end_runs_of(store: &Store, node: &str) -> Result<(), StoreError> {
    let transaction = store.begin().await?;
    let sql = "DELETE FROM lease WHERE substr(owner, 1, $1) = $2";
    let prefix = format!("{node}/");
    let length = i32::try_from(prefix.chars().count()).unwrap_or(i32::MAX);
    execute(&transaction, sql, [length.into(), prefix.into()]).await?;
    transaction.commit().await
}
