//! A limit for what the database is asked: a connection that is half dead never answers.

use std::future::Future;
use std::time::Duration;

use store::StoreError;
use tokio::time::timeout;

/// Waits for an answer of the database no longer than `limit`. What was asked is then undone, or
/// done without our knowing: every caller can do it again.
pub(super) async fn in_time<T, E: From<StoreError>>(
    limit: Duration,
    asked: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    match timeout(limit, asked).await {
        Ok(answered) => answered,
        Err(_) => Err(StoreError::Unavailable("no answer in time".to_owned()).into()),
    }
}
