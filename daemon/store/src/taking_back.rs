//! Requests that one of ours says were taken back, until another confirms it.

use domain::{Timestamp, ids::RequestId, people::Acting};

use crate::{
    error::StoreError,
    session::{Session, Transaction, change_one, execute, query_optional},
};

/// One that waits to be confirmed.
#[derive(Debug, Clone)]
pub struct TakingBackRow {
    /// Its id.
    pub id: i64,
    /// Who wrote it down.
    pub proposed_by: String,
    /// Under which account of the machine, where it is known and not shared.
    pub account: Option<String>,
}

impl TakingBackRow {
    /// Who wrote it down, as they acted.
    #[must_use]
    pub fn proposer(&self) -> Acting<'_> {
        Acting { name: &self.proposed_by, account: self.account.as_deref() }
    }
}

/// Writes down that a request was taken back.
///
/// # Errors
/// [`StoreError::Duplicate`] when that waits to be confirmed already.
pub async fn propose(
    transaction: &Transaction,
    request: RequestId,
    by: Acting<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO taking_back (request_id, proposed_by, account, proposed_at, state) \
               VALUES ($1, $2, $3, $4, 'proposed')";
    let values = [
        request.0.into(),
        by.name.into(),
        by.account.map(str::to_owned).into(),
        now.as_microsecond().into(),
    ];
    execute(transaction, sql, values).await?;
    Ok(())
}

/// What waits to be confirmed for a request.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn standing(
    session: &impl Session,
    request: RequestId,
) -> Result<Option<TakingBackRow>, StoreError> {
    let sql = "SELECT id, proposed_by, account FROM taking_back \
               WHERE request_id = $1 AND state = 'proposed'";
    let row = query_optional(session, sql, [request.0.into()]).await?;
    row.map(|row| {
        Ok(TakingBackRow {
            id: row.get("taking_back", "id")?,
            proposed_by: row.get("taking_back", "proposed_by")?,
            account: row.get("taking_back", "account")?,
        })
    })
    .transpose()
}

/// Somebody confirmed it.
///
/// # Errors
/// [`StoreError::Conflict`] when it does not wait any more.
pub async fn confirm(
    transaction: &Transaction,
    id: i64,
    by: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE taking_back SET state = 'done', decided_by = $2, decided_at = $3 \
               WHERE id = $1 AND state = 'proposed'";
    let values = [id.into(), by.into(), now.as_microsecond().into()];
    change_one(transaction, "taking_back", sql, values).await
}

/// It holds no more, whatever waited; none is fine.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn void(transaction: &Transaction, request: RequestId) -> Result<(), StoreError> {
    let sql = "UPDATE taking_back SET state = 'void' WHERE request_id = $1 AND state = 'proposed'";
    execute(transaction, sql, [request.0.into()]).await?;
    Ok(())
}
