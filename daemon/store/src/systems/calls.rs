//! Calls: what one system is told, tried until it is settled.

use domain::{
    Timestamp,
    ids::{BlockId, PlanId, RequestId, SystemCallId, SystemNoticeId, TicketId, VaultKeyId},
    webhook::{CallState, SystemAct},
};

use super::notices::stored;
use crate::{
    error::StoreError,
    row::Row,
    session::{Session, Transaction, query_all, query_one, query_optional},
};

/// A call as it stands. Its payload is sealed.
#[derive(Clone)]
pub struct CallRow {
    /// Its id here.
    pub id: SystemCallId,
    /// The notice it was made of; also its place among the calls about one person.
    pub notice: SystemNoticeId,
    /// Which system.
    pub system: String,
    /// The id that the system hears.
    pub webhook_id: String,
    /// What to do.
    pub act: SystemAct,
    /// Whose data: `contact:12`, `address:3`, `ticket:4`.
    pub subject: String,
    /// In which matter.
    pub ticket: Option<TicketId>,
    /// Of which block.
    pub block: Option<BlockId>,
    /// By which plan of destruction.
    pub plan: Option<PlanId>,
    /// For which request, where it follows from one.
    pub request: Option<RequestId>,
    /// Of publication: which data, as words; empty: all.
    pub data: String,
    /// Of correct and destroy: what is said, sealed under its own key.
    pub payload: Option<Vec<u8>>,
    /// That key.
    pub vault_key: Option<VaultKeyId>,
    /// Where it stands.
    pub state: CallState,
    /// How often it was tried.
    pub attempts: i64,
    /// Not before.
    pub next_try_at: Timestamp,
    /// When it was raised.
    pub raised_at: Timestamp,
    /// After this instant a missing acknowledgement is told.
    pub due_at: Timestamp,
    /// When the system first said that it has it.
    pub told_at: Option<Timestamp>,
    /// When it was settled.
    pub settled_at: Option<Timestamp>,
    /// Who gave it up.
    pub settled_by: Option<String>,
    /// Why.
    pub note: String,
    /// HTTP status of the last answer.
    pub status: Option<i64>,
    /// What went wrong, in one word.
    pub failure: Option<String>,
    /// The id of the last message of the system about it.
    pub heard_id: Option<String>,
}

impl std::fmt::Debug for CallRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CallRow")
            .field("id", &self.id)
            .field("system", &self.system)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// A call to be made.
#[derive(Debug, Clone)]
pub struct NewCall<'a> {
    /// The notice it is made of.
    pub notice: SystemNoticeId,
    /// Which system.
    pub system: &'a str,
    /// The id that the system hears.
    pub webhook_id: &'a str,
    /// What to do.
    pub act: SystemAct,
    /// Whose data.
    pub subject: &'a str,
    /// In which matter.
    pub ticket: Option<TicketId>,
    /// Of which block.
    pub block: Option<BlockId>,
    /// By which plan.
    pub plan: Option<PlanId>,
    /// For which request.
    pub request: Option<RequestId>,
    /// Of publication: which data, as words.
    pub data: &'a str,
    /// What is said, sealed, and its own key.
    pub payload: Option<(&'a [u8], VaultKeyId)>,
    /// When the notice was raised.
    pub raised_at: Timestamp,
    /// After this instant a missing acknowledgement is told.
    pub due_at: Timestamp,
}

const TABLE: &str = "system_call";
const COLUMNS: &str = "id, notice_id, system, webhook_id, COALESCE(further_act, act) AS act, subject, ticket_id, \
                       block_id, plan_id, request_id, data, payload, vault_key_id, state, attempts, next_try_at, raised_at, due_at, told_at, settled_at, \
                       settled_by, note, status, failure, heard_id";

fn read(row: &Row) -> Result<CallRow, StoreError> {
    Ok(CallRow {
        id: SystemCallId(row.get(TABLE, "id")?),
        notice: SystemNoticeId(row.get(TABLE, "notice_id")?),
        system: row.get(TABLE, "system")?,
        webhook_id: row.get(TABLE, "webhook_id")?,
        act: row.parsed(TABLE, "act", SystemAct::from_name)?,
        subject: row.get(TABLE, "subject")?,
        ticket: row.get::<Option<i64>>(TABLE, "ticket_id")?.map(TicketId),
        block: row.get::<Option<i64>>(TABLE, "block_id")?.map(BlockId),
        plan: row.get::<Option<i64>>(TABLE, "plan_id")?.map(PlanId),
        request: row.get::<Option<i64>>(TABLE, "request_id")?.map(RequestId),
        data: row.get(TABLE, "data")?,
        payload: row.get(TABLE, "payload")?,
        vault_key: row.parsed_option(TABLE, "vault_key_id", |text| VaultKeyId::parse(text).ok())?,
        state: row.parsed(TABLE, "state", CallState::from_name)?,
        attempts: row.get(TABLE, "attempts")?,
        next_try_at: row.instant(TABLE, "next_try_at")?,
        raised_at: row.instant(TABLE, "raised_at")?,
        due_at: row.instant(TABLE, "due_at")?,
        told_at: row.instant_option(TABLE, "told_at")?,
        settled_at: row.instant_option(TABLE, "settled_at")?,
        settled_by: row.get(TABLE, "settled_by")?,
        note: row.get(TABLE, "note")?,
        status: row.get(TABLE, "status")?,
        failure: row.get(TABLE, "failure")?,
        heard_id: row.get(TABLE, "heard_id")?,
    })
}

/// Plans a call.
///
/// # Errors
/// [`StoreError::Duplicate`] when this system has one of this notice; [`StoreError::Unavailable`].
pub async fn add(
    transaction: &Transaction,
    call: &NewCall<'_>,
) -> Result<SystemCallId, StoreError> {
    let sql = "INSERT INTO system_call (notice_id, system, webhook_id, act, subject, ticket_id, block_id, plan_id, \
               payload, vault_key_id, state, next_try_at, raised_at, due_at, further_act, request_id, data) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'planned', $11, $11, $12, $13, $14, $15) RETURNING id";
    let (act, further) = stored(call.act);
    let values = [
        call.notice.0.into(),
        call.system.into(),
        call.webhook_id.into(),
        act.into(),
        call.subject.into(),
        call.ticket.map(|id| id.0).into(),
        call.block.map(|id| id.0).into(),
        call.plan.map(|id| id.0).into(),
        call.payload.map(|(payload, _)| payload.to_vec()).into(),
        call.payload.map(|(_, key)| key.to_string()).into(),
        call.raised_at.as_microsecond().into(),
        call.due_at.as_microsecond().into(),
        further.into(),
        call.request.map(|id| id.0).into(),
        call.data.into(),
    ];
    Ok(SystemCallId(query_one(transaction, sql, values).await?.get(TABLE, "id")?))
}

/// Calls of a system whose time has come, oldest first.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn due(
    session: &impl Session,
    system: &str,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<CallRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM system_call WHERE state = 'planned' AND system = $1 AND next_try_at <= $2 \
         ORDER BY notice_id LIMIT $3"
    );
    let values = [system.into(), now.as_microsecond().into(), i64::from(limit).into()];
    query_all(session, &sql, values).await?.iter().map(read).collect()
}

/// All calls of a system about one person, oldest first.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn of_subject(
    session: &impl Session,
    system: &str,
    subject: &str,
) -> Result<Vec<CallRow>, StoreError> {
    let sql =
        format!("SELECT {COLUMNS} FROM system_call WHERE subject = $1 AND system = $2 ORDER BY id");
    query_all(session, &sql, [subject.into(), system.into()]).await?.iter().map(read).collect()
}

/// One call.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn by_id(
    session: &impl Session,
    call: SystemCallId,
) -> Result<Option<CallRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM system_call WHERE id = $1");
    query_optional(session, &sql, [call.0.into()]).await?.as_ref().map(read).transpose()
}

/// The call that a system knows by this id, if it is its own.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn by_webhook_id(
    session: &impl Session,
    system: &str,
    webhook_id: &str,
) -> Result<Option<CallRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM system_call WHERE webhook_id = $1 AND system = $2");
    let values = [webhook_id.into(), system.into()];
    query_optional(session, &sql, values).await?.as_ref().map(read).transpose()
}

/// All calls of a plan of destruction, oldest first.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn of_plan(session: &impl Session, plan: PlanId) -> Result<Vec<CallRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM system_call WHERE plan_id = $1 ORDER BY id");
    query_all(session, &sql, [plan.0.into()]).await?.iter().map(read).collect()
}

/// How many calls of a plan are not settled.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn unsettled(session: &impl Session, plan: PlanId) -> Result<i64, StoreError> {
    let sql = "SELECT COUNT(*) AS n FROM system_call WHERE plan_id = $1 \
               AND state IN ('planned', 'accepted', 'refused')";
    query_one(session, sql, [plan.0.into()]).await?.get(TABLE, "n")
}

/// All calls of a matter, oldest first.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn of_ticket(
    session: &impl Session,
    ticket: TicketId,
) -> Result<Vec<CallRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM system_call WHERE ticket_id = $1 ORDER BY id");
    query_all(session, &sql, [ticket.0.into()]).await?.iter().map(read).collect()
}

/// All calls of this act for a request, oldest first.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn asked_for(
    session: &impl Session,
    request: RequestId,
    act: SystemAct,
) -> Result<Vec<CallRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM system_call WHERE request_id = $1 ORDER BY id");
    let all = query_all(session, &sql, [request.0.into()]).await?;
    let all: Vec<CallRow> = all.iter().map(read).collect::<Result<_, _>>()?;
    Ok(all.into_iter().filter(|call| call.act == act).collect())
}

/// One page of calls, newest first, below `before`; of one system, or of all.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn page(
    session: &impl Session,
    system: Option<&str>,
    before: Option<SystemCallId>,
    limit: u32,
) -> Result<Vec<CallRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM system_call WHERE id < $1 AND ($2 = '' OR system = $2) \
         ORDER BY id DESC LIMIT $3"
    );
    let values = [
        before.map_or(i64::MAX, |id| id.0).into(),
        system.unwrap_or_default().into(),
        i64::from(limit).into(),
    ];
    query_all(session, &sql, values).await?.iter().map(read).collect()
}

/// How many calls of a system are in which state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts {
    /// The system.
    pub system: String,
    /// The state.
    pub state: CallState,
    /// How many.
    pub calls: i64,
}

/// How many calls there are, by system and state.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn counts(session: &impl Session) -> Result<Vec<Counts>, StoreError> {
    let sql = "SELECT system, state, COUNT(*) AS n FROM system_call GROUP BY system, state \
               ORDER BY system, state";
    let rows = query_all(session, sql, []).await?;
    rows.iter()
        .map(|row| {
            Ok(Counts {
                system: row.get(TABLE, "system")?,
                state: row.parsed(TABLE, "state", CallState::from_name)?,
                calls: row.get(TABLE, "n")?,
            })
        })
        .collect()
}

/// What calls for a person: systems with open calls past their time, and with refused ones.
/// Returns (system, late, refused, all that are open).
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn alarming(
    session: &impl Session,
    now: Timestamp,
) -> Result<Vec<(String, i64, i64, i64)>, StoreError> {
    let sql = "SELECT system, COUNT(CASE WHEN state <> 'refused' AND due_at < $1 THEN 1 END) AS late, \
               COUNT(CASE WHEN state = 'refused' THEN 1 END) AS refused, COUNT(*) AS n FROM system_call \
               WHERE state IN ('planned', 'accepted', 'refused') GROUP BY system ORDER BY system";
    let rows = query_all(session, sql, [now.as_microsecond().into()]).await?;
    rows.iter()
        .map(|row| {
            Ok((
                row.get(TABLE, "system")?,
                row.get(TABLE, "late")?,
                row.get(TABLE, "refused")?,
                row.get(TABLE, "n")?,
            ))
        })
        .collect()
}
