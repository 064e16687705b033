//! Plans on their way: each change is one of the state, or the step, that was read.

use domain::{
    Timestamp,
    ids::{ContactId, PlanId, RequestId},
    plan::{Part, PlanState, Stage},
};

use super::PlanRow;
use crate::{
    error::StoreError,
    session::{Session, Transaction, change_one, execute, query_all, query_one, query_optional},
};

/// Takes a plan from one stage to the next, with the state that belongs to it. Its failures are
/// forgotten, but for those of a proof that failed: they count until it succeeds.
///
/// # Errors
/// [`StoreError::Conflict`] when another node did it.
pub async fn advance(
    transaction: &Transaction,
    plan: &PlanRow,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(next) = plan.stage.next() else { return Err(StoreError::Conflict { what: "plan" }) };
    let instant = match plan.stage {
        Stage::Protect => ", started_at = $6",
        Stage::Copies => ", executed_at = $6",
        Stage::Verify => ", verified_at = $6",
        Stage::Close => ", closed_at = $6",
        Stage::Tell | Stage::Rows | Stage::Objects | Stage::Answer | Stage::Done => "",
    };
    let sql = format!(
        "UPDATE plan SET stage = $4, state = $5, next_try_at = NULL{instant}, \
         failures = CASE WHEN stage IN ('rows', 'objects', 'copies') THEN failures ELSE 0 END, \
         failure = CASE WHEN stage IN ('rows', 'objects', 'copies') THEN failure ELSE NULL END \
         WHERE id = $1 AND stage = $2 AND state = $3"
    );
    let mut values = vec![
        plan.id.0.into(),
        plan.stage.name().into(),
        plan.state.name().into(),
        next.name().into(),
        next.state().name().into(),
    ];
    if !instant.is_empty() {
        values.push(now.as_microsecond().into());
    }
    change_one(transaction, "plan", &sql, values).await
}

/// Takes a plan whose proof failed back to the stage that empties the rows; what it has in the
/// vault is destroyed again, too.
///
/// # Errors
/// [`StoreError::Conflict`] when another node moved it.
pub async fn empty_again(transaction: &Transaction, plan: &PlanRow) -> Result<(), StoreError> {
    let sql =
        "UPDATE plan SET stage = 'rows', state = $4 WHERE id = $1 AND stage = $2 AND state = $3";
    let values = [
        plan.id.0.into(),
        plan.stage.name().into(),
        plan.state.name().into(),
        Stage::Rows.state().name().into(),
    ];
    change_one(transaction, "plan", sql, values).await?;
    let sql = "UPDATE plan_object SET destroyed_at = NULL WHERE plan_id = $1";
    execute(transaction, sql, [plan.id.0.into()]).await?;
    Ok(())
}

/// Puts a plan aside that was not begun, with the decision on it.
///
/// # Errors
/// [`StoreError::Conflict`] when it was begun meanwhile.
pub async fn void(
    transaction: &Transaction,
    plan: PlanId,
    from: PlanState,
) -> Result<(), StoreError> {
    let sql = "UPDATE plan SET state = 'void' WHERE id = $1 AND state = $2";
    change_one(transaction, "plan", sql, [plan.0.into(), from.name().into()]).await?;
    let sql = "UPDATE decision SET state = 'void' WHERE state <> 'void' \
               AND request_id = (SELECT request_id FROM plan WHERE id = $1)";
    execute(transaction, sql, [plan.0.into()]).await?;
    Ok(())
}

/// The hash on which a request was decided to be carried out.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn approved_hash(
    session: &impl Session,
    request: RequestId,
) -> Result<Option<[u8; 32]>, StoreError> {
    let sql = "SELECT id, subject_hash FROM decision WHERE request_id = $1 AND verdict = 'approve' \
               AND state = 'decided'";
    let row = query_optional(session, sql, [request.0.into()]).await?;
    row.map(|row| row.sha256("decision", "subject_hash")).transpose()
}

/// Writes down what became of one part.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn settle_step(
    transaction: &Transaction,
    plan: PlanId,
    part: Part,
    (done, kept): (i64, i64),
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE plan_step SET state = 'done', done = $3, kept = $4, done_at = $5, failure = NULL \
               WHERE plan_id = $1 AND part = $2";
    let values =
        [plan.0.into(), part.name().into(), done.into(), kept.into(), now.as_microsecond().into()];
    execute(transaction, sql, values).await?;
    Ok(())
}

/// Writes down that of one part something is left.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn fail_step(
    transaction: &Transaction,
    plan: PlanId,
    part: Part,
    failure: &str,
) -> Result<(), StoreError> {
    let sql =
        "UPDATE plan_step SET state = 'failed', failure = $3 WHERE plan_id = $1 AND part = $2";
    execute(transaction, sql, [plan.0.into(), part.name().into(), failure.into()]).await?;
    Ok(())
}

/// Counts a failure of the stage at hand; returns how many there are.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn fail(
    transaction: &Transaction,
    plan: PlanId,
    failure: &str,
    next_try_at: Timestamp,
) -> Result<i64, StoreError> {
    let sql = "UPDATE plan SET failures = failures + 1, failure = $2, next_try_at = $3 WHERE id = $1 \
               RETURNING failures";
    let values = [plan.0.into(), failure.into(), next_try_at.as_microsecond().into()];
    query_one(transaction, sql, values).await?.get("plan", "failures")
}

/// Lets a plan wait for something that comes by itself; no failure.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn wait(
    transaction: &Transaction,
    plan: PlanId,
    what: &str,
    next_try_at: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE plan SET looks = CASE WHEN failure = $2 THEN looks + 1 ELSE 1 END, \
               failure = $2, next_try_at = $3 WHERE id = $1";
    let values = [plan.0.into(), what.into(), next_try_at.as_microsecond().into()];
    execute(transaction, sql, values).await?;
    Ok(())
}

/// Plans that ended and of which the database still has to let go, oldest first.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn to_wipe(session: &impl Session) -> Result<Vec<PlanId>, StoreError> {
    let sql = "SELECT id FROM plan WHERE state = 'closed' AND wiped_at IS NULL ORDER BY id";
    let rows = query_all(session, sql, []).await?;
    rows.iter().map(|row| Ok(PlanId(row.get("plan", "id")?))).collect()
}

/// Writes down that the database let go of what these plans emptied.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn wiped(
    transaction: &Transaction,
    plans: &[PlanId],
    now: Timestamp,
) -> Result<(), StoreError> {
    for plan in plans {
        let sql = "UPDATE plan SET wiped_at = $2 WHERE id = $1 AND wiped_at IS NULL";
        execute(transaction, sql, [plan.0.into(), now.as_microsecond().into()]).await?;
    }
    Ok(())
}

/// Puts a destruction off.
///
/// # Errors
/// [`StoreError::Conflict`] when it was begun meanwhile or is void.
pub async fn postpone(
    transaction: &Transaction,
    plan: PlanId,
    until: Timestamp,
    by: &str,
    reason: &[u8],
) -> Result<(), StoreError> {
    let sql = "UPDATE plan SET postponed_to_at = $2, postponed_by = $3, postponed_reason = $4 \
               WHERE id = $1 AND state IN ('proposed', 'approved', 'executing', 'executed')";
    let values = [plan.0.into(), until.as_microsecond().into(), by.into(), reason.to_vec().into()];
    change_one(transaction, "plan", sql, values).await
}

/// Writes down as part of which request another one went on.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn join_request(
    transaction: &Transaction,
    other: RequestId,
    request: RequestId,
) -> Result<(), StoreError> {
    let sql = "UPDATE request SET joined_to = $2 WHERE id = $1";
    execute(transaction, sql, [other.0.into(), request.0.into()]).await?;
    Ok(())
}

/// An open request for erasure of a contact, if there is one.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn open_erasure_of(
    session: &impl Session,
    contact: ContactId,
) -> Result<Option<RequestId>, StoreError> {
    let sql = "SELECT request.id FROM request JOIN ticket ON ticket.id = request.ticket_id \
               WHERE ticket.contact_id = $1 AND request.name = 'erasure' \
               AND request.state NOT IN ('refused', 'answered', 'closed', 'joined', 'withdrawn') \
               ORDER BY request.id LIMIT 1";
    let row = query_optional(session, sql, [contact.0.into()]).await?;
    row.map(|row| Ok(RequestId(row.get("request", "id")?))).transpose()
}
