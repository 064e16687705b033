//! The daemons that share this database: their lease, their end, and what they leave behind.
//!
//! A node keeps its lease while it runs; the claims it made are settled by itself at its next
//! start, or by an administrator who retires it. Leases use the database's clock.

use std::time::Duration;

use domain::Timestamp;

use crate::{
    deliveries::{self, GiveUp},
    error::StoreError,
    leases::clock,
    row::Row,
    session::{Session, Transaction, change_one, execute, query_all, query_optional},
};

/// A node as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeRow {
    /// Its name, unique.
    pub name: String,
    /// The boot of its machine.
    pub boot_id: String,
    /// Its epoch in its wire journal.
    pub epoch: String,
    /// The version it runs.
    pub version: String,
    /// Since when.
    pub started_at: Timestamp,
    /// Until when it counts as alive.
    pub leased_until_at: Timestamp,
    /// Whether the lease runs by the database's clock.
    pub is_alive: bool,
    /// When it was retired.
    pub retired_at: Option<Timestamp>,
}

/// A node that starts.
#[derive(Debug, Clone, Copy)]
pub struct StartingNode<'a> {
    /// Its name.
    pub name: &'a str,
    /// The boot of its machine.
    pub boot_id: &'a str,
    /// Its new epoch.
    pub epoch: &'a str,
    /// The version it runs.
    pub version: &'a str,
}

fn columns(session: &impl Session, now: Timestamp) -> String {
    format!(
        "id, name, boot_id, epoch, version, started_at, leased_until_at, retired_at, \
         CASE WHEN leased_until_at > {} THEN 1 ELSE 0 END AS alive",
        clock(session.dialect(), now)
    )
}

fn read(row: &Row) -> Result<NodeRow, StoreError> {
    // PostgreSQL gives a CASE of literals as a 32-bit number.
    let alive = row
        .get::<i64>("node", "alive")
        .or_else(|_| row.get::<i32>("node", "alive").map(i64::from))?;
    Ok(NodeRow {
        name: row.get("node", "name")?,
        boot_id: row.get("node", "boot_id")?,
        epoch: row.get("node", "epoch")?,
        version: row.get("node", "version")?,
        started_at: row.instant("node", "started_at")?,
        leased_until_at: row.instant("node", "leased_until_at")?,
        is_alive: alive == 1,
        retired_at: row.instant_option("node", "retired_at")?,
    })
}

/// The node of this name, if it ever ran.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn by_name(
    session: &impl Session,
    name: &str,
    now: Timestamp,
) -> Result<Option<NodeRow>, StoreError> {
    let sql = format!("SELECT {} FROM node WHERE name = $1", columns(session, now));
    query_optional(session, &sql, [name.into()]).await?.as_ref().map(read).transpose()
}

/// All nodes, by name.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn all(session: &impl Session, now: Timestamp) -> Result<Vec<NodeRow>, StoreError> {
    let sql = format!("SELECT {} FROM node ORDER BY name", columns(session, now));
    query_all(session, &sql, []).await?.iter().map(read).collect()
}

/// Writes down that a node starts, with its first lease. The caller has made sure that its
/// predecessor is dead and settled.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn register(
    transaction: &Transaction,
    node: StartingNode<'_>,
    lease: Duration,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = format!(
        "INSERT INTO node (name, boot_id, epoch, version, started_at, leased_until_at) \
         VALUES ($1, $2, $3, $4, $5, {} + $6) ON CONFLICT (name) DO UPDATE SET \
         boot_id = excluded.boot_id, epoch = excluded.epoch, version = excluded.version, \
         started_at = excluded.started_at, leased_until_at = excluded.leased_until_at, \
         retired_at = NULL, retired_by = NULL",
        clock(transaction.dialect(), now)
    );
    let values = [
        node.name.into(),
        node.boot_id.into(),
        node.epoch.into(),
        node.version.into(),
        now.as_microsecond().into(),
        micros(lease).into(),
    ];
    execute(transaction, &sql, values).await?;
    Ok(())
}

/// Renews the lease of a running node.
///
/// # Errors
/// [`StoreError::Conflict`] when another process runs under its name or it was retired: it must
/// not start anything more.
pub async fn renew(
    transaction: &Transaction,
    name: &str,
    epoch: &str,
    lease: Duration,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = format!(
        "UPDATE node SET leased_until_at = {} + $3 WHERE name = $1 AND epoch = $2 AND retired_at IS NULL",
        clock(transaction.dialect(), now)
    );
    let values = [name.into(), epoch.into(), micros(lease).into()];
    change_one(transaction, "the node's lease", &sql, values).await
}

/// Ends the lease of a node that stops in order.
///
/// # Errors
/// [`StoreError::Unavailable`]: it then runs out by itself.
pub async fn leave(
    transaction: &Transaction,
    name: &str,
    epoch: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = format!(
        "UPDATE node SET leased_until_at = {} WHERE name = $1 AND epoch = $2",
        clock(transaction.dialect(), now)
    );
    execute(transaction, &sql, [name.into(), epoch.into()]).await?;
    Ok(())
}

/// An administrator says that a node never comes back: what it holds becomes uncertain. Returns
/// how many rows that were.
///
/// # Errors
/// [`StoreError::Conflict`] while its lease runs, when it was retired before, or when there is
/// none of this name.
pub async fn retire(
    transaction: &Transaction,
    name: &str,
    by: &str,
    now: Timestamp,
    again_at: Timestamp,
) -> Result<usize, StoreError> {
    let sql = format!(
        "UPDATE node SET retired_at = $2, retired_by = $3 \
         WHERE name = $1 AND retired_at IS NULL AND leased_until_at <= {}",
        clock(transaction.dialect(), now)
    );
    let values = [name.into(), now.as_microsecond().into(), by.into()];
    change_one(transaction, "the node (its lease must have run out)", &sql, values).await?;
    deliveries::give_up(transaction, name, GiveUp::All, now, again_at).await
}

/// The names of nodes other than `asking` whose lease ran out at least `since` ago while they hold
/// rows, retired or not.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn dead_with_rows(
    session: &impl Session,
    asking: &str,
    since: Duration,
    now: Timestamp,
) -> Result<Vec<String>, StoreError> {
    let sql = format!(
        "SELECT id, name FROM node WHERE name <> $2 AND leased_until_at <= {} - $1 AND EXISTS \
         (SELECT 1 FROM delivery WHERE delivery.node = node.name AND delivery.state = 'claimed') ORDER BY name",
        clock(session.dialect(), now)
    );
    let rows = query_all(session, &sql, [micros(since).into(), asking.into()]).await?;
    rows.iter().map(|row| row.get("node", "name")).collect()
}

fn micros(length: Duration) -> i64 {
    i64::try_from(length.as_micros()).unwrap_or(i64::MAX / 4)
}
