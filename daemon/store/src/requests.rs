//! Requests and their duties: opened with their clock, read for tickets and reminders.

mod events;
mod outcomes;

use domain::{
    Timestamp,
    clock::{Duty, Events},
    ids::{DeliveryId, DutyId, RequestId, TicketId},
    regime::{DutyName, RequestName},
    request::{Outcome, RequestState, Requester, Transition},
};

use sea_orm::Value;

use crate::{
    error::StoreError,
    row::Row,
    session::{Session, Transaction, execute, placeholders, query_all, query_one, query_optional},
};

pub use events::*;
pub use outcomes::*;

/// A request as it stands.
#[derive(Debug, Clone)]
pub struct RequestRow {
    /// Its id.
    pub id: RequestId,
    /// The ticket it belongs to.
    pub ticket: TicketId,
    /// What is asked.
    pub name: RequestName,
    /// The regime whose clock runs, such as `ru-152fz`.
    pub regime: String,
    /// The version of the regime it was reckoned by.
    pub regime_version: String,
    /// Article and part.
    pub law: String,
    /// On whose behalf.
    pub requester: Requester,
    /// Where it stands.
    pub state: RequestState,
    /// The server's receipt of the submission that opened it.
    pub received_at: Timestamp,
    /// When the person supplied the confirming facts.
    pub facts_received_at: Option<Timestamp>,
    /// When we found that the processing is unlawful, or that data leaked.
    pub detected_at: Option<Timestamp>,
    /// When the purpose was achieved.
    pub achieved_at: Option<Timestamp>,
    /// Since when its clock rests.
    pub paused_at: Option<Timestamp>,
    /// What came of it.
    pub outcome: Option<Outcome>,
    /// The request as part of which it went on.
    pub joined_to: Option<RequestId>,
    /// When its state last changed.
    pub changed_at: Timestamp,
    /// The letter that answers it.
    pub answer: Option<DeliveryId>,
}

impl RequestRow {
    /// The events from which its duties count.
    #[must_use]
    pub fn events(&self) -> Events {
        Events {
            received_at: self.received_at,
            facts_received_at: self.facts_received_at,
            detected_at: self.detected_at,
            achieved_at: self.achieved_at,
        }
    }
}

const COLUMNS: &str = "request.id, ticket_id, name, regime, regime_version, law, requester, request.state, \
                       received_at, facts_received_at, detected_at, achieved_at, paused_at, outcome, joined_to, \
                       changed_at, answer_id";

/// A duty as it stands.
#[derive(Debug, Clone)]
pub struct DutyRow {
    /// Its id.
    pub id: DutyId,
    /// The request that owes it.
    pub request: RequestId,
    /// What is owed, such as `answer`.
    pub name: String,
    /// The rule, as regime@version/row.
    pub rule: String,
    /// The event it counts from.
    pub counts_from: String,
    /// The last instant the law allows; none while the event has not come.
    pub legal_due_at: Option<Timestamp>,
    /// The instant that alarms use.
    pub safe_due_at: Option<Timestamp>,
    /// The legal date, ISO.
    pub legal_due_on: Option<String>,
    /// The safe date, ISO.
    pub safe_due_on: Option<String>,
    /// Whether calendar data were missing.
    pub provisional: bool,
    /// When it was done.
    pub done_at: Option<Timestamp>,
    /// When the event it counts from came.
    pub started_at: Option<Timestamp>,
    /// Whether it was lengthened.
    pub extended: bool,
    /// How much of its time had passed at the last reminder, in percent.
    pub reminded: i64,
    /// How long its clock has rested, in microseconds.
    pub paused_for: i64,
}

/// A request to be opened.
#[derive(Debug, Clone)]
pub struct NewRequest<'a> {
    /// The ticket.
    pub ticket: TicketId,
    /// What is asked.
    pub name: RequestName,
    /// The regime's id.
    pub regime: &'a str,
    /// Its version.
    pub regime_version: &'a str,
    /// Article and part.
    pub law: &'a str,
    /// On whose behalf.
    pub requester: Requester,
    /// Received, or blocked when filing set a block for it.
    pub state: RequestState,
    /// The server's receipt.
    pub received_at: Timestamp,
    /// What is owed.
    pub duties: &'a [Duty],
    /// Duties that this very transaction fulfils, such as the stop of advertising by its block.
    pub done: &'a [DutyName],
}

/// Opens a request with its duties and the start of its clock.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn open(
    transaction: &Transaction,
    request: &NewRequest<'_>,
    now: Timestamp,
) -> Result<RequestId, StoreError> {
    let sql = "INSERT INTO request (ticket_id, name, regime, regime_version, law, requester, state, \
               received_at, changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id";
    let values = [
        request.ticket.0.into(),
        request.name.name().into(),
        request.regime.into(),
        request.regime_version.into(),
        request.law.into(),
        request.requester.name().into(),
        request.state.name().into(),
        request.received_at.as_microsecond().into(),
        now.as_microsecond().into(),
    ];
    let id = RequestId(query_one(transaction, sql, values).await?.get("request", "id")?);
    add_duties(transaction, id, request, now).await?;
    let sql = "INSERT INTO clock_event (request_id, act, at, actor, reason) \
               VALUES ($1, 'start', $2, 'filing', 'receipt')";
    execute(transaction, sql, [id.0.into(), request.received_at.as_microsecond().into()]).await?;
    Ok(id)
}

/// All duties by one statement: each statement costs a change of threads.
async fn add_duties(
    transaction: &Transaction,
    id: RequestId,
    request: &NewRequest<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    if request.duties.is_empty() {
        return Ok(());
    }
    let mut values: Vec<Value> = Vec::new();
    let mut rows = Vec::new();
    for duty in request.duties {
        let done_at = request.done.contains(&duty.name).then_some(now);
        rows.push(format!("({})", placeholders(values.len() + 1, 11)));
        values.extend::<[Value; 11]>([
            id.0.into(),
            duty.name.name().into(),
            duty.rule.to_string().into(),
            duty.counts_from.name().into(),
            duty.legal_due.map(Timestamp::as_microsecond).into(),
            duty.safe_due.map(Timestamp::as_microsecond).into(),
            duty.legal_on.map(|date| date.to_string()).into(),
            duty.safe_on.map(|date| date.to_string()).into(),
            i64::from(duty.provisional).into(),
            done_at.map(Timestamp::as_microsecond).into(),
            duty.started_at.map(Timestamp::as_microsecond).into(),
        ]);
    }
    let sql = format!(
        "INSERT INTO duty (request_id, name, rule, counts_from, legal_due_at, safe_due_at, \
         legal_due_on, safe_due_on, provisional, done_at, started_at) VALUES {}",
        rows.join(", ")
    );
    execute(transaction, &sql, values).await?;
    Ok(())
}

/// All requests of a ticket, oldest first.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn of_ticket(
    session: &impl Session,
    ticket: TicketId,
) -> Result<Vec<RequestRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM request WHERE ticket_id = $1 ORDER BY id");
    query_all(session, &sql, [ticket.0.into()]).await?.iter().map(read_request).collect()
}

fn read_request(row: &Row) -> Result<RequestRow, StoreError> {
    Ok(RequestRow {
        id: RequestId(row.get("request", "id")?),
        ticket: TicketId(row.get("request", "ticket_id")?),
        name: row.parsed("request", "name", RequestName::from_name)?,
        regime: row.get("request", "regime")?,
        regime_version: row.get("request", "regime_version")?,
        law: row.get("request", "law")?,
        requester: row.parsed("request", "requester", Requester::from_name)?,
        state: row.parsed("request", "state", RequestState::from_name)?,
        received_at: row.instant("request", "received_at")?,
        facts_received_at: row.instant_option("request", "facts_received_at")?,
        detected_at: row.instant_option("request", "detected_at")?,
        achieved_at: row.instant_option("request", "achieved_at")?,
        paused_at: row.instant_option("request", "paused_at")?,
        outcome: row.parsed_option("request", "outcome", Outcome::from_name)?,
        joined_to: row.get::<Option<i64>>("request", "joined_to")?.map(RequestId),
        changed_at: row.instant("request", "changed_at")?,
        answer: row.get::<Option<i64>>("request", "answer_id")?.map(DeliveryId),
    })
}

/// The request with this id.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn by_id(
    session: &impl Session,
    id: RequestId,
) -> Result<Option<RequestRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM request WHERE id = $1");
    query_optional(session, &sql, [id.0.into()]).await?.as_ref().map(read_request).transpose()
}

/// All duties of a ticket's requests, earliest first, undated ones last.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn duties_of_ticket(
    session: &impl Session,
    ticket: TicketId,
) -> Result<Vec<DutyRow>, StoreError> {
    let sql = "SELECT duty.id, duty.request_id, duty.name, duty.rule, duty.counts_from, duty.legal_due_at, \
               duty.safe_due_at, duty.legal_due_on, duty.safe_due_on, duty.provisional, duty.done_at, \
               duty.started_at, duty.extended, duty.reminded, duty.paused_for FROM duty JOIN request ON request.id = duty.request_id WHERE request.ticket_id = $1 \
               ORDER BY duty.safe_due_at IS NULL, duty.safe_due_at, duty.id";
    query_all(session, sql, [ticket.0.into()]).await?.iter().map(read_duty).collect()
}

pub(crate) fn read_duty(row: &Row) -> Result<DutyRow, StoreError> {
    Ok(DutyRow {
        id: DutyId(row.get("duty", "id")?),
        request: RequestId(row.get("duty", "request_id")?),
        name: row.get("duty", "name")?,
        rule: row.get("duty", "rule")?,
        counts_from: row.get("duty", "counts_from")?,
        legal_due_at: row.instant_option("duty", "legal_due_at")?,
        safe_due_at: row.instant_option("duty", "safe_due_at")?,
        legal_due_on: row.get("duty", "legal_due_on")?,
        safe_due_on: row.get("duty", "safe_due_on")?,
        provisional: row.get::<i64>("duty", "provisional")? != 0,
        done_at: row.instant_option("duty", "done_at")?,
        started_at: row.instant_option("duty", "started_at")?,
        extended: row.get::<i64>("duty", "extended")? != 0,
        reminded: row.get("duty", "reminded")?,
        paused_for: row.get("duty", "paused_for")?,
    })
}

/// How many open duties are overdue at `now`, and when the next one is due.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn overdue(
    session: &impl Session,
    now: Timestamp,
) -> Result<(i64, Option<Timestamp>), StoreError> {
    let sql = "SELECT CAST(COALESCE(SUM(CASE WHEN duty.safe_due_at < $1 THEN 1 ELSE 0 END), 0) AS BIGINT) AS n, \
               MIN(CASE WHEN duty.safe_due_at >= $1 THEN duty.safe_due_at END) AS next_at \
               FROM duty JOIN request ON request.id = duty.request_id \
               WHERE duty.done_at IS NULL AND request.state NOT IN ('closed', 'joined', 'withdrawn')";
    let row = query_one(session, sql, [now.as_microsecond().into()]).await?;
    Ok((row.get("duty", "n")?, row.instant_option("duty", "next_at")?))
}

/// Advances a request by one legal step; no other can be made.
///
/// # Errors
/// [`StoreError::Conflict`] when it is no longer in the state that the step leaves.
pub async fn change_state(
    transaction: &Transaction,
    request: RequestId,
    step: Transition,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (from, to) = (step.from(), step.to());
    let sql = "UPDATE request SET state = $3, changed_at = $4 WHERE id = $1 AND state = $2";
    let values =
        [request.0.into(), from.name().into(), to.name().into(), now.as_microsecond().into()];
    crate::session::change_one(transaction, "request", sql, values).await
}

/// Open requests that have a date reckoned without calendar data, after `after`, oldest first, at
/// most `limit`.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn with_provisional(
    session: &impl Session,
    after: RequestId,
    limit: u32,
) -> Result<Vec<RequestRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM request WHERE id > $1 AND state NOT IN ('closed', 'joined', 'withdrawn') \
         AND EXISTS (SELECT 1 FROM duty WHERE duty.request_id = request.id AND provisional = 1 \
         AND done_at IS NULL) ORDER BY id LIMIT $2"
    );
    let rows = query_all(session, &sql, [after.0.into(), i64::from(limit).into()]).await?;
    rows.iter().map(read_request).collect()
}

/// Gives a provisional duty of a request its dates anew; one that is done or was dated for good
/// meanwhile keeps its own. Returns whether it was there.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn redate(
    transaction: &Transaction,
    request: RequestId,
    duty: &Duty,
) -> Result<bool, StoreError> {
    let sql = "UPDATE duty SET legal_due_at = $4, safe_due_at = $5, legal_due_on = $6, safe_due_on = $7, \
               provisional = $8 WHERE request_id = $1 AND name = $2 AND counts_from = $3 \
               AND provisional = 1 AND done_at IS NULL";
    let values = [
        request.0.into(),
        duty.name.name().into(),
        duty.counts_from.name().into(),
        duty.legal_due.map(Timestamp::as_microsecond).into(),
        duty.safe_due.map(Timestamp::as_microsecond).into(),
        duty.legal_on.map(|date| date.to_string()).into(),
        duty.safe_on.map(|date| date.to_string()).into(),
        i64::from(duty.provisional).into(),
    ];
    Ok(execute(transaction, sql, values).await? > 0)
}
