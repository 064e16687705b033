//! How a request ends: its clock stops, what came of it, which letter answers, what is done.

use domain::{
    Timestamp,
    ids::{DeliveryId, RequestId},
    regime::DutyName,
    request::{Outcome, Requester},
};

use crate::{
    error::StoreError,
    session::{Transaction, change_one, execute, placeholders},
};

/// Writes down that the clock of a request stopped, by whom and why (one word).
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn stop_clock(
    transaction: &Transaction,
    request: RequestId,
    actor: &str,
    reason: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO clock_event (request_id, act, at, actor, reason) \
               VALUES ($1, 'stop', $2, $3, $4)";
    let values = [request.0.into(), now.as_microsecond().into(), actor.into(), reason.into()];
    execute(transaction, sql, values).await?;
    Ok(())
}

/// Writes down on whose behalf an open request really is.
///
/// # Errors
/// [`StoreError::Conflict`] when it is not open any more.
pub async fn change_requester(
    transaction: &Transaction,
    request: RequestId,
    requester: Requester,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE request SET requester = $2, changed_at = $3 WHERE id = $1 \
               AND state NOT IN ('closed', 'joined', 'withdrawn')";
    let values = [request.0.into(), requester.name().into(), now.as_microsecond().into()];
    change_one(transaction, "request", sql, values).await
}

/// Writes down what came of a request.
///
/// # Errors
/// [`StoreError::Conflict`] when it is gone.
pub async fn set_outcome(
    transaction: &Transaction,
    request: RequestId,
    outcome: Outcome,
) -> Result<(), StoreError> {
    let sql = "UPDATE request SET outcome = $2 WHERE id = $1";
    let values = [request.0.into(), outcome.name().into()];
    change_one(transaction, "request", sql, values).await
}

/// Writes down which letter answers a request.
///
/// # Errors
/// [`StoreError::Conflict`] when it is gone.
pub async fn set_answer(
    transaction: &Transaction,
    request: RequestId,
    answer: DeliveryId,
) -> Result<(), StoreError> {
    let sql = "UPDATE request SET answer_id = $2 WHERE id = $1";
    change_one(transaction, "request", sql, [request.0.into(), answer.0.into()]).await
}

/// Marks the open duties of these names as done; returns how many.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn fulfil(
    transaction: &Transaction,
    request: RequestId,
    duties: &[DutyName],
    now: Timestamp,
) -> Result<u64, StoreError> {
    if duties.is_empty() {
        return Ok(0);
    }
    let sql = format!(
        "UPDATE duty SET done_at = $2 WHERE request_id = $1 AND done_at IS NULL AND name IN ({})",
        placeholders(3, duties.len())
    );
    let values = [request.0.into(), now.as_microsecond().into()]
        .into_iter()
        .chain(duties.iter().map(|duty| duty.name().into()));
    execute(transaction, &sql, values).await
}
