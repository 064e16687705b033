//! What people of ours wrote down about a request, sealed under the key of the matter.

use domain::{Timestamp, ids::RequestId};

use crate::{
    error::StoreError,
    session::{Session, Transaction, execute, query_all},
};

/// A note as it stands.
#[derive(Clone)]
pub struct NoteRow {
    /// What it is about: answer, withdrawal, reopening, pause, done, `send_back`.
    pub kind: String,
    /// Sealed; none when it was emptied.
    pub content: Option<Vec<u8>>,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub actor: String,
}

impl std::fmt::Debug for NoteRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NoteRow").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// Writes a note down.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn add(
    transaction: &Transaction,
    request: RequestId,
    kind: &str,
    (content, actor): (&[u8], &str),
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO request_note (request_id, kind, content, at, actor) VALUES ($1, $2, $3, $4, $5)";
    let values = [
        request.0.into(),
        kind.into(),
        content.to_vec().into(),
        now.as_microsecond().into(),
        actor.into(),
    ];
    execute(transaction, sql, values).await?;
    Ok(())
}

/// All notes of a request, oldest first.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn of_request(
    session: &impl Session,
    request: RequestId,
) -> Result<Vec<NoteRow>, StoreError> {
    let sql = "SELECT kind, content, at, actor FROM request_note WHERE request_id = $1 ORDER BY id";
    let rows = query_all(session, sql, [request.0.into()]).await?;
    rows.iter()
        .map(|row| {
            Ok(NoteRow {
                kind: row.get("request_note", "kind")?,
                content: row.get("request_note", "content")?,
                at: row.instant("request_note", "at")?,
                actor: row.get("request_note", "actor")?,
            })
        })
        .collect()
}
