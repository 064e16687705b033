//! Duties of requests: dated anew, lengthened, reminded of, listed by what is due first.

use domain::{
    Timestamp,
    clock::Duty,
    ids::{DutyId, RequestId, TicketId},
    regime::RequestName,
    request::RequestState,
};

use crate::{
    error::StoreError,
    requests::{DutyRow, read_duty},
    row::Row,
    session::{Session, Transaction, change_one, execute, query_all, query_one, query_optional},
};

const COLUMNS: &str = "duty.id, duty.request_id, duty.name, duty.rule, duty.counts_from, duty.legal_due_at, \
                       duty.safe_due_at, duty.legal_due_on, duty.safe_due_on, duty.provisional, duty.done_at, \
                       duty.started_at, duty.extended, duty.reminded, duty.paused_for";

/// All duties of a request, earliest first, undated ones last.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn of_request(
    session: &impl Session,
    request: RequestId,
) -> Result<Vec<DutyRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM duty WHERE duty.request_id = $1 \
         ORDER BY duty.safe_due_at IS NULL, duty.safe_due_at, duty.id"
    );
    query_all(session, &sql, [request.0.into()]).await?.iter().map(read_duty).collect()
}

/// One duty.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn by_id(session: &impl Session, duty: DutyId) -> Result<Option<DutyRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM duty WHERE duty.id = $1");
    query_optional(session, &sql, [duty.0.into()]).await?.as_ref().map(read_duty).transpose()
}

/// Gives an open duty its dates anew, by event, extension or rest of the clock. The reminders
/// begin anew with another date.
///
/// # Errors
/// [`StoreError::Conflict`] when it was done, or lengthened, meanwhile.
pub async fn redate(
    transaction: &Transaction,
    before: &DutyRow,
    duty: &Duty,
    paused_for: i64,
) -> Result<(), StoreError> {
    let is_later = duty.safe_due != before.safe_due_at;
    let sql = "UPDATE duty SET legal_due_at = $2, safe_due_at = $3, legal_due_on = $4, safe_due_on = $5, \
               provisional = $6, started_at = $7, extended = $8, paused_for = $9, rule = $10, \
               reminded = CASE WHEN $11 = 1 THEN 0 ELSE reminded END \
               WHERE id = $1 AND done_at IS NULL AND extended = $12 AND paused_for = $13";
    let values = [
        before.id.0.into(),
        duty.legal_due.map(Timestamp::as_microsecond).into(),
        duty.safe_due.map(Timestamp::as_microsecond).into(),
        duty.legal_on.map(|date| date.to_string()).into(),
        duty.safe_on.map(|date| date.to_string()).into(),
        i64::from(duty.provisional).into(),
        duty.started_at.map(Timestamp::as_microsecond).into(),
        i64::from(duty.extended).into(),
        paused_for.into(),
        duty.rule.to_string().into(),
        i64::from(is_later).into(),
        i64::from(before.extended).into(),
        before.paused_for.into(),
    ];
    change_one(transaction, "duty", sql, values).await
}

/// The duties of these names are owed again; returns how many.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn owe_again(
    transaction: &Transaction,
    request: RequestId,
    names: &[&str],
) -> Result<u64, StoreError> {
    let list = crate::session::placeholders(2, names.len());
    let sql = format!(
        "UPDATE duty SET done_at = NULL, reminded = 0 WHERE request_id = $1 AND name IN ({list})"
    );
    let values = std::iter::once(request.0.into()).chain(names.iter().map(|name| (*name).into()));
    execute(transaction, &sql, values).await
}

/// Notes how much of a duty's time people were reminded of; `false` when another node was first.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn remind(
    transaction: &Transaction,
    duty: DutyId,
    from: i64,
    to: i64,
) -> Result<bool, StoreError> {
    let sql = "UPDATE duty SET reminded = $3 WHERE id = $1 AND reminded = $2 AND done_at IS NULL";
    Ok(execute(transaction, sql, [duty.0.into(), from.into(), to.into()]).await? == 1)
}

/// A duty that is owed, with its request and ticket.
#[derive(Debug, Clone)]
pub struct OwedRow {
    /// The duty.
    pub duty: DutyRow,
    /// What was asked.
    pub name: RequestName,
    /// Where the request stands.
    pub state: RequestState,
    /// When it was received.
    pub received_at: Timestamp,
    /// Since when its clock rests.
    pub paused_at: Option<Timestamp>,
    /// Its ticket.
    pub ticket: TicketId,
    /// The ticket's number.
    pub number: String,
}

fn read_owed(row: &Row) -> Result<OwedRow, StoreError> {
    Ok(OwedRow {
        duty: read_duty(row)?,
        name: row.parsed("request", "request_name", RequestName::from_name)?,
        state: row.parsed("request", "request_state", RequestState::from_name)?,
        received_at: row.instant("request", "received_at")?,
        paused_at: row.instant_option("request", "paused_at")?,
        ticket: TicketId(row.get("request", "ticket_id")?),
        number: row.get("ticket", "number")?,
    })
}

/// All duties with a date that are owed by requests that are not over, earliest first; `page` is
/// the offset and the number of rows.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn owed(
    session: &impl Session,
    (after, limit): ((i64, DutyId), u32),
) -> Result<Vec<OwedRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS}, request.name AS request_name, request.state AS request_state, request.received_at, \
         request.paused_at, request.ticket_id, ticket.number FROM duty JOIN request ON request.id = duty.request_id \
         JOIN ticket ON ticket.id = request.ticket_id WHERE duty.done_at IS NULL AND duty.safe_due_at IS NOT NULL \
         AND request.state NOT IN ('closed', 'joined', 'withdrawn') \
         AND (duty.safe_due_at > $1 OR (duty.safe_due_at = $1 AND duty.id > $2)) \
         ORDER BY duty.safe_due_at, duty.id LIMIT $3"
    );
    let values = [after.0.into(), after.1.0.into(), i64::from(limit).into()];
    query_all(session, &sql, values).await?.iter().map(read_owed).collect()
}

/// A destruction that was put off, and is not over.
#[derive(Debug, Clone)]
pub struct PostponedRow {
    /// The plan.
    pub id: i64,
    /// Its request.
    pub request: RequestId,
    /// Its ticket.
    pub ticket: TicketId,
    /// When the request was received.
    pub received_at: Timestamp,
    /// The last instant.
    pub until: Timestamp,
}

/// All destructions that were put off and are not over.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn postponed(session: &impl Session) -> Result<Vec<PostponedRow>, StoreError> {
    let sql = "SELECT plan.id, plan.request_id, request.ticket_id, request.received_at, plan.postponed_to_at FROM plan \
               JOIN request ON request.id = plan.request_id WHERE plan.postponed_to_at IS NOT NULL \
               AND plan.state NOT IN ('verified', 'closed', 'void') ORDER BY plan.id";
    let rows = query_all(session, sql, []).await?;
    rows.iter()
        .map(|row| {
            Ok(PostponedRow {
                id: row.get("plan", "id")?,
                request: RequestId(row.get("plan", "request_id")?),
                ticket: TicketId(row.get("request", "ticket_id")?),
                received_at: row.instant("request", "received_at")?,
                until: row.instant("plan", "postponed_to_at")?,
            })
        })
        .collect()
}

/// Stops of advertising that were asked for before `received` and have no effect yet, and those
/// that had one since `done_since`, but more than `within` microseconds after their receipt.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn late_stops(
    session: &impl Session,
    received: Timestamp,
    (within, done_since): (i64, Timestamp),
) -> Result<(i64, i64), StoreError> {
    let sql = "SELECT CAST(COALESCE(SUM(CASE WHEN duty.done_at IS NULL THEN 1 ELSE 0 END), 0) AS BIGINT) AS waiting, \
               CAST(COALESCE(SUM(CASE WHEN duty.done_at IS NOT NULL THEN 1 ELSE 0 END), 0) AS BIGINT) AS late \
               FROM duty JOIN request ON request.id = duty.request_id WHERE request.name = 'stop_marketing' \
               AND duty.name = 'stop' AND ((duty.done_at IS NULL AND request.received_at < $1 \
               AND request.state NOT IN ('closed', 'joined', 'withdrawn')) \
               OR (duty.done_at >= $3 AND duty.done_at > request.received_at + $2))";
    let values =
        [received.as_microsecond().into(), within.into(), done_since.as_microsecond().into()];
    let row = query_one(session, sql, values).await?;
    Ok((row.get("duty", "waiting")?, row.get("duty", "late")?))
}

/// How many messages were seen before an instant and are not filed: any of them may ask for a
/// stop.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn unfiled_since(session: &impl Session, seen: Timestamp) -> Result<i64, StoreError> {
    let sql = "SELECT COUNT(*) AS n FROM message WHERE state NOT IN ('moved', 'vanished') \
               AND state IN ('discovered', 'raw_stored', 'too_big', 'unreadable', 'quarantined') \
               AND discovered_at < $1";
    query_one(session, sql, [seen.as_microsecond().into()]).await?.get("message", "n")
}
