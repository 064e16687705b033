//! What connected systems hold of people, as they answered: sealed, until the package was given.

use domain::{
    Timestamp,
    ids::{RequestId, SystemCallId},
};

use super::calls::CallRow;
use crate::{
    error::StoreError,
    session::{Session, Transaction, execute, query_all, query_one},
};

/// An answer of a system.
#[derive(Clone)]
pub struct ExportRow {
    /// The call that it answers.
    pub call: SystemCallId,
    /// Which system.
    pub system: String,
    /// What it holds, sealed under the key of the matter; none when that is nothing, or destroyed.
    pub content: Option<Vec<u8>>,
    /// It holds nothing of this person.
    pub nothing_held: bool,
    /// Bytes of what it holds, as JSON.
    pub size_bytes: i64,
    /// When it came.
    pub received_at: Timestamp,
    /// When it was destroyed.
    pub destroyed_at: Option<Timestamp>,
}

impl std::fmt::Debug for ExportRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ExportRow")
            .field("call", &self.call)
            .field("system", &self.system)
            .finish_non_exhaustive()
    }
}

/// Writes an answer down; `content` is what the system holds, sealed, with its size in clear; none
/// when it holds nothing. An answer that comes again takes the place of the first.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn keep_export(
    transaction: &Transaction,
    call: &CallRow,
    request: RequestId,
    content: Option<(&[u8], i64)>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO system_export (call_id, request_id, system, content, nothing_held, size_bytes, received_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (call_id) DO UPDATE SET \
               content = excluded.content, nothing_held = excluded.nothing_held, \
               size_bytes = excluded.size_bytes, received_at = excluded.received_at, destroyed_at = NULL";
    let values = [
        call.id.0.into(),
        request.0.into(),
        call.system.as_str().into(),
        content.map(|(sealed, _)| sealed.to_vec()).into(),
        i64::from(content.is_none()).into(),
        content.map_or(0, |(_, size)| size).into(),
        now.as_microsecond().into(),
    ];
    execute(transaction, sql, values).await?;
    Ok(())
}

/// All answers for a request, by system, newest first of each.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn exports_of(
    session: &impl Session,
    request: RequestId,
) -> Result<Vec<ExportRow>, StoreError> {
    const TABLE: &str = "system_export";
    let sql = "SELECT call_id, system, content, nothing_held, size_bytes, received_at, destroyed_at \
               FROM system_export WHERE request_id = $1 ORDER BY system, call_id DESC";
    let rows = query_all(session, sql, [request.0.into()]).await?;
    rows.iter()
        .map(|row| {
            Ok(ExportRow {
                call: SystemCallId(row.get(TABLE, "call_id")?),
                system: row.get(TABLE, "system")?,
                content: row.get(TABLE, "content")?,
                nothing_held: row.get::<i64>(TABLE, "nothing_held")? != 0,
                size_bytes: row.get(TABLE, "size_bytes")?,
                received_at: row.instant(TABLE, "received_at")?,
                destroyed_at: row.instant_option(TABLE, "destroyed_at")?,
            })
        })
        .collect()
}

/// Empties the answers of requests that are over and have no package whose file is still there.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn forget_exports(transaction: &Transaction, now: Timestamp) -> Result<u64, StoreError> {
    let sql = "UPDATE system_export SET content = NULL, destroyed_at = $1 WHERE content IS NOT NULL \
               AND request_id IN (SELECT id FROM request \
               WHERE state IN ('refused', 'answered', 'closed', 'joined', 'withdrawn')) \
               AND request_id NOT IN (SELECT request_id FROM package WHERE destroyed_at IS NULL)";
    execute(transaction, sql, [now.as_microsecond().into()]).await
}

/// Whether there are such answers; asked before a transaction is begun.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn has_exports_to_forget(session: &impl Session) -> Result<bool, StoreError> {
    let sql = "SELECT COUNT(*) AS n FROM system_export WHERE content IS NOT NULL \
               AND request_id IN (SELECT id FROM request \
               WHERE state IN ('refused', 'answered', 'closed', 'joined', 'withdrawn')) \
               AND request_id NOT IN (SELECT request_id FROM package WHERE destroyed_at IS NULL)";
    let n: i64 = query_one(session, sql, []).await?.get("system_export", "n")?;
    Ok(n > 0)
}
