//! Which data a request wants taken down, as words.

use domain::ids::RequestId;

use crate::{
    error::StoreError,
    session::{Session, Transaction, change_one, query_one},
};

/// Which data, as words; empty: all.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn published(session: &impl Session, request: RequestId) -> Result<String, StoreError> {
    let sql = "SELECT published FROM request WHERE id = $1";
    query_one(session, sql, [request.0.into()]).await?.get("request", "published")
}

/// Writes down which data.
///
/// # Errors
/// [`StoreError::Conflict`] when there is no such request.
pub async fn set_published(
    transaction: &Transaction,
    request: RequestId,
    words: &str,
) -> Result<(), StoreError> {
    let sql = "UPDATE request SET published = $2 WHERE id = $1";
    change_one(transaction, "request", sql, [request.0.into(), words.into()]).await
}
