//! What somebody must look at; shown by `status` until it is cleared.

use domain::Timestamp;

use crate::{
    error::StoreError,
    session::{Session, Transaction, execute, query_all},
};

/// An alarm that stands.
#[derive(Debug, Clone)]
pub struct AlarmRow {
    /// What, in one word or `word/name`.
    pub name: String,
    /// What to do about it; never personal data.
    pub detail: String,
    /// Since when.
    pub since_at: Timestamp,
}

/// Raises an alarm, or keeps the one that stands.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn raise(
    transaction: &Transaction,
    name: &str,
    detail: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO alarm (name, detail, since_at, seen_at) VALUES ($1, $2, $3, $3) \
               ON CONFLICT (name) DO UPDATE SET detail = excluded.detail, seen_at = excluded.seen_at, \
               since_at = CASE WHEN alarm.cleared_at IS NULL THEN alarm.since_at ELSE excluded.since_at END, \
               cleared_at = NULL";
    execute(transaction, sql, [name.into(), detail.into(), now.as_microsecond().into()]).await?;
    Ok(())
}

/// Clears an alarm; one that does not stand is fine.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn clear(
    transaction: &Transaction,
    name: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE alarm SET cleared_at = $2 WHERE name = $1 AND cleared_at IS NULL";
    execute(transaction, sql, [name.into(), now.as_microsecond().into()]).await?;
    Ok(())
}

/// All alarms that stand, oldest first.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn standing(session: &impl Session) -> Result<Vec<AlarmRow>, StoreError> {
    let sql =
        "SELECT name, detail, since_at FROM alarm WHERE cleared_at IS NULL ORDER BY since_at, name";
    let rows = query_all(session, sql, []).await?;
    rows.iter()
        .map(|row| {
            Ok(AlarmRow {
                name: row.get("alarm", "name")?,
                detail: row.get("alarm", "detail")?,
                since_at: row.instant("alarm", "since_at")?,
            })
        })
        .collect()
}
