//! What happens to a request beside its steps: events, rests of the clock, joining, and what
//! waits for the daemon to be settled.

use domain::{
    Timestamp,
    ids::{RequestId, TicketId},
    regime::{CountsFrom, RequestName},
    request::RequestState,
};

use super::{COLUMNS, RequestRow, read_request};
use crate::{
    error::StoreError,
    session::{Session, Transaction, change_one, execute, query_all, query_one},
};

/// Notes when an event of an open request came; `before` is what was written down.
///
/// # Errors
/// [`StoreError::Conflict`] when somebody else noted it meanwhile, or the request is over.
pub async fn set_event(
    transaction: &Transaction,
    request: RequestId,
    event: CountsFrom,
    before: Option<Timestamp>,
    at: Timestamp,
) -> Result<(), StoreError> {
    let column = match event {
        CountsFrom::Receipt => {
            return Err(StoreError::Defect("the receipt of a request is never changed".to_owned()));
        }
        CountsFrom::FactsReceived => "facts_received_at",
        CountsFrom::Detection => "detected_at",
        CountsFrom::Achieved => "achieved_at",
    };
    let sql = format!(
        "UPDATE request SET {column} = $2 WHERE id = $1 AND COALESCE({column}, -1) = $3 \
         AND state NOT IN ('closed', 'joined', 'withdrawn')"
    );
    let before = before.map_or(-1, Timestamp::as_microsecond);
    let values = [request.0.into(), at.as_microsecond().into(), before.into()];
    change_one(transaction, "request", &sql, values).await
}

/// The clock of an open request rests from now on.
///
/// # Errors
/// [`StoreError::Conflict`] when it rests already, or the request is over.
pub async fn pause(
    transaction: &Transaction,
    request: RequestId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE request SET paused_at = $2 WHERE id = $1 AND paused_at IS NULL \
               AND state NOT IN ('closed', 'joined', 'withdrawn')";
    change_one(transaction, "request", sql, [request.0.into(), now.as_microsecond().into()]).await
}

/// The clock goes on; `since` is since when it rested.
///
/// # Errors
/// [`StoreError::Conflict`] when it does not rest since then.
pub async fn resume(
    transaction: &Transaction,
    request: RequestId,
    since: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE request SET paused_at = NULL WHERE id = $1 AND paused_at = $2";
    change_one(transaction, "request", sql, [request.0.into(), since.as_microsecond().into()]).await
}

/// Writes down what happened to the clock: `start`, `pause`, `resume`, `extend`; the reason is a
/// word, never what somebody wrote.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn note_clock(
    transaction: &Transaction,
    request: RequestId,
    act: &str,
    (actor, reason): (&str, &str),
    at: Timestamp,
) -> Result<(), StoreError> {
    let sql =
        "INSERT INTO clock_event (request_id, act, at, actor, reason) VALUES ($1, $2, $3, $4, $5)";
    let values =
        [request.0.into(), act.into(), at.as_microsecond().into(), actor.into(), reason.into()];
    execute(transaction, sql, values).await?;
    Ok(())
}

/// Writes down as part of which request another one goes on.
///
/// # Errors
/// [`StoreError::Conflict`] when it is gone.
pub async fn set_joined(
    transaction: &Transaction,
    request: RequestId,
    to: RequestId,
) -> Result<(), StoreError> {
    let sql = "UPDATE request SET joined_to = $2 WHERE id = $1";
    change_one(transaction, "request", sql, [request.0.into(), to.0.into()]).await
}

/// Forgets outcome and answer of a request that is looked at again.
///
/// # Errors
/// [`StoreError::Conflict`] when it is gone.
pub async fn begin_again(transaction: &Transaction, request: RequestId) -> Result<(), StoreError> {
    let sql = "UPDATE request SET outcome = NULL, answer_id = NULL WHERE id = $1";
    change_one(transaction, "request", sql, [request.0.into()]).await
}

/// Requests that the daemon may take a step further: those with an answer, those that are
/// answered, and stops of advertising whose stop is done; after `after`, at most `limit`.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn to_settle(
    session: &impl Session,
    after: RequestId,
    limit: u32,
) -> Result<Vec<RequestRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM request WHERE request.id > $1 AND (request.state = 'answered' \
         OR (request.state IN ('verified', 'refused') AND request.answer_id IS NOT NULL) \
         OR (request.state IN ('received', 'blocked') AND request.name = 'stop_marketing' \
             AND NOT EXISTS (SELECT 1 FROM duty WHERE duty.request_id = request.id AND done_at IS NULL))) \
         ORDER BY request.id LIMIT $2"
    );
    let rows = query_all(session, &sql, [after.0.into(), i64::from(limit).into()]).await?;
    rows.iter().map(read_request).collect()
}

/// How many requests of a ticket are open.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn open_of_ticket(session: &impl Session, ticket: TicketId) -> Result<i64, StoreError> {
    let sql = "SELECT COUNT(*) AS n FROM request WHERE ticket_id = $1 \
               AND state NOT IN ('closed', 'joined', 'withdrawn')";
    query_one(session, sql, [ticket.0.into()]).await?.get("request", "n")
}

/// One page of requests with the numbers of their tickets, newest first; only those of a name and
/// in a state, where given.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn page(
    session: &impl Session,
    (name, state): (Option<RequestName>, Option<RequestState>),
    before: Option<RequestId>,
    limit: u32,
) -> Result<Vec<(RequestRow, String)>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS}, (SELECT number FROM ticket WHERE ticket.id = request.ticket_id) AS ticket_number \
         FROM request WHERE request.id < $1 \
         AND ($3 = '' OR request.name = $3) AND ($4 = '' OR request.state = $4) \
         ORDER BY request.id DESC LIMIT $2"
    );
    let values = [
        before.map_or(i64::MAX, |id| id.0).into(),
        i64::from(limit).into(),
        name.map_or("", RequestName::name).into(),
        state.map_or("", RequestState::name).into(),
    ];
    let rows = query_all(session, &sql, values).await?;
    rows.iter().map(|row| Ok((read_request(row)?, row.get("ticket", "ticket_number")?))).collect()
}
