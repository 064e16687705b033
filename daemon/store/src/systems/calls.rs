//! Calls: what one system is told, tried until it is settled.

use domain::{
    Timestamp,
    ids::{BlockId, PlanId, SystemCallId, SystemNoticeId, TicketId, VaultKeyId},
    webhook::{CallState, SystemAct},
};

use crate::{
    error::StoreError,
    row::Row,
    session::{
        Session, Transaction, change_one, execute, placeholders, query_all, query_one,
        query_optional,
    },
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
    /// What is said, sealed, and its own key.
    pub payload: Option<(&'a [u8], VaultKeyId)>,
    /// When the notice was raised.
    pub raised_at: Timestamp,
    /// After this instant a missing acknowledgement is told.
    pub due_at: Timestamp,
}

const TABLE: &str = "system_call";
const COLUMNS: &str = "id, notice_id, system, webhook_id, act, subject, ticket_id, block_id, plan_id, payload, \
                       vault_key_id, state, attempts, next_try_at, raised_at, due_at, told_at, settled_at, \
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
               payload, vault_key_id, state, next_try_at, raised_at, due_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'planned', $11, $11, $12) RETURNING id";
    let values = [
        call.notice.0.into(),
        call.system.into(),
        call.webhook_id.into(),
        call.act.name().into(),
        call.subject.into(),
        call.ticket.map(|id| id.0).into(),
        call.block.map(|id| id.0).into(),
        call.plan.map(|id| id.0).into(),
        call.payload.map(|(payload, _)| payload.to_vec()).into(),
        call.payload.map(|(_, key)| key.to_string()).into(),
        call.raised_at.as_microsecond().into(),
        call.due_at.as_microsecond().into(),
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

/// Counts a try before it is made: whoever dies on the way tries again at `next_try_at`.
///
/// # Errors
/// [`StoreError::Conflict`] when another node was first.
pub async fn claim(
    transaction: &Transaction,
    call: &CallRow,
    next_try_at: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE system_call SET attempts = attempts + 1, next_try_at = $3 \
               WHERE id = $1 AND state = 'planned' AND attempts = $2";
    let values = [call.id.0.into(), call.attempts.into(), next_try_at.as_microsecond().into()];
    change_one(transaction, "call", sql, values).await
}

/// Looks at a call again later: it is not its turn yet.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn postpone(
    transaction: &Transaction,
    call: SystemCallId,
    next_try_at: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE system_call SET next_try_at = $2 WHERE id = $1 AND state = 'planned'";
    execute(transaction, sql, [call.0.into(), next_try_at.as_microsecond().into()]).await?;
    Ok(())
}

/// Whatever waited for a call about this person is looked at now.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn wake(
    transaction: &Transaction,
    system: &str,
    subject: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE system_call SET next_try_at = $3 WHERE subject = $1 AND system = $2 \
               AND state = 'planned' AND attempts = 0";
    let values = [subject.into(), system.into(), now.as_microsecond().into()];
    execute(transaction, sql, values).await?;
    Ok(())
}

/// What was heard of a call.
#[derive(Debug, Clone, Copy)]
pub struct Hearing<'a> {
    /// Where the call stands now: planned when it is to be tried again.
    pub to: CallState,
    /// HTTP status, if there was an answer.
    pub status: Option<i64>,
    /// What went wrong, in one word.
    pub failure: Option<&'a str>,
    /// Of a message of the system's own: its id.
    pub heard_id: Option<&'a str>,
}

/// Writes down what was heard of a call that is in one of the states `from`. What was said goes
/// with the settlement; its key is for [`keys_left`].
///
/// # Errors
/// [`StoreError::Conflict`] when it is in none of them.
pub async fn settle(
    transaction: &Transaction,
    call: SystemCallId,
    from: &[CallState],
    hearing: Hearing<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = format!(
        "UPDATE system_call SET state = $2, status = COALESCE($3, status), failure = $4, \
         heard_id = COALESCE($5, heard_id), \
         told_at = CASE WHEN $2 IN ('accepted', 'acknowledged') THEN COALESCE(told_at, $6) ELSE told_at END, \
         settled_at = CASE WHEN $2 IN ('acknowledged', 'moot') THEN $6 ELSE NULL END, \
         payload = CASE WHEN $2 IN ('acknowledged', 'moot') THEN NULL ELSE payload END \
         WHERE id = $1 AND state IN ({})",
        placeholders(7, from.len())
    );
    let values = [
        call.0.into(),
        hearing.to.name().into(),
        hearing.status.into(),
        hearing.failure.map(str::to_owned).into(),
        hearing.heard_id.map(str::to_owned).into(),
        now.as_microsecond().into(),
    ];
    let values = values.into_iter().chain(from.iter().map(|state| state.name().into()));
    change_one(transaction, "call", &sql, values).await
}

/// Writes down that a call is not needed any more.
///
/// # Errors
/// [`StoreError::Conflict`] when it was settled or accepted meanwhile.
pub async fn make_moot(
    transaction: &Transaction,
    call: SystemCallId,
    why: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let hearing = Hearing { to: CallState::Moot, status: None, failure: Some(why), heard_id: None };
    settle(transaction, call, &[CallState::Planned, CallState::Refused], hearing, now).await
}

/// A person has it tried again.
///
/// # Errors
/// [`StoreError::Conflict`] when it is settled.
pub async fn retry(
    transaction: &Transaction,
    call: SystemCallId,
    due_at: Timestamp,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE system_call SET state = 'planned', next_try_at = $2, due_at = $3, failure = NULL \
               WHERE id = $1 AND state IN ('planned', 'accepted', 'refused')";
    let values = [call.0.into(), now.as_microsecond().into(), due_at.as_microsecond().into()];
    change_one(transaction, "call", sql, values).await
}

/// A person gives it up.
///
/// # Errors
/// [`StoreError::Conflict`] when it is settled.
pub async fn drop_call(
    transaction: &Transaction,
    call: SystemCallId,
    by: &str,
    reason: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE system_call SET state = 'dropped', settled_at = $2, settled_by = $3, note = $4, \
               payload = NULL WHERE id = $1 AND state IN ('planned', 'accepted', 'refused')";
    let values = [call.0.into(), now.as_microsecond().into(), by.into(), reason.into()];
    change_one(transaction, "call", sql, values).await
}

/// Keys of settled calls that must still be destroyed.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn keys_left(
    session: &impl Session,
    limit: u32,
) -> Result<Vec<(SystemCallId, VaultKeyId)>, StoreError> {
    let sql = "SELECT id, vault_key_id FROM system_call WHERE payload IS NULL AND vault_key_id IS NOT NULL \
               ORDER BY id LIMIT $1";
    let rows = query_all(session, sql, [i64::from(limit).into()]).await?;
    rows.iter()
        .map(|row| {
            let key = row.parsed(TABLE, "vault_key_id", |text| VaultKeyId::parse(text).ok())?;
            Ok((SystemCallId(row.get(TABLE, "id")?), key))
        })
        .collect()
}

/// Forgets a key that was destroyed.
///
/// # Errors
/// [`StoreError::Conflict`] when another key stands there.
pub async fn forget_key(
    transaction: &Transaction,
    call: SystemCallId,
    key: VaultKeyId,
) -> Result<(), StoreError> {
    let sql = "UPDATE system_call SET vault_key_id = NULL WHERE id = $1 AND vault_key_id = $2 AND payload IS NULL";
    change_one(transaction, "call", sql, [call.0.into(), key.to_string().into()]).await
}
