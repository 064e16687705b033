//! Breaches: opened with their request, filled in, told, closed.

use domain::{
    Timestamp,
    ids::{AddressId, IncidentId, RequestId, TicketId, VaultKeyId},
    incident::IncidentState,
};

use crate::{
    error::StoreError,
    row::Row,
    session::{Session, Transaction, change_one, execute, query_all, query_one, query_optional},
};

/// An incident as it stands.
#[derive(Debug, Clone)]
pub struct IncidentRow {
    /// Its id.
    pub id: IncidentId,
    /// Its request.
    pub request: RequestId,
    /// Where it stands.
    pub state: IncidentState,
    /// From when both clocks count.
    pub detected_at: Timestamp,
    /// What is written down, sealed.
    pub content: Option<Vec<u8>>,
    /// Under which key.
    pub vault_key: VaultKeyId,
    /// Who opened it.
    pub opened_by: String,
    /// When.
    pub opened_at: Timestamp,
    /// When the first notice went out.
    pub notified_at: Option<Timestamp>,
    /// When the second one did.
    pub reported_at: Option<Timestamp>,
    /// When GosSOPKA was told.
    pub sopka_told_at: Option<Timestamp>,
    /// When the supervisory authority was (GDPR 33).
    pub dpa_told_at: Option<Timestamp>,
    /// When the people were (GDPR 34), first.
    pub people_told_at: Option<Timestamp>,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// When anything of it last changed.
    pub changed_at: Timestamp,
}

const COLUMNS: &str = "id, request_id, state, detected_at, content, vault_key_id, opened_by, opened_at, notified_at, \
                       reported_at, sopka_told_at, dpa_told_at, people_told_at, closed_at, changed_at";

fn read(row: &Row) -> Result<IncidentRow, StoreError> {
    Ok(IncidentRow {
        id: IncidentId(row.get("incident", "id")?),
        request: RequestId(row.get("incident", "request_id")?),
        state: row.parsed("incident", "state", IncidentState::from_name)?,
        detected_at: row.instant("incident", "detected_at")?,
        content: row.get("incident", "content")?,
        vault_key: row.parsed("incident", "vault_key_id", |text| VaultKeyId::parse(text).ok())?,
        opened_by: row.get("incident", "opened_by")?,
        opened_at: row.instant("incident", "opened_at")?,
        notified_at: row.instant_option("incident", "notified_at")?,
        reported_at: row.instant_option("incident", "reported_at")?,
        sopka_told_at: row.instant_option("incident", "sopka_told_at")?,
        dpa_told_at: row.instant_option("incident", "dpa_told_at")?,
        people_told_at: row.instant_option("incident", "people_told_at")?,
        closed_at: row.instant_option("incident", "closed_at")?,
        changed_at: row.instant("incident", "changed_at")?,
    })
}

/// An incident to be opened.
#[derive(Debug, Clone)]
pub struct NewIncident<'a> {
    /// Its request.
    pub request: RequestId,
    /// From when both clocks count.
    pub detected_at: Timestamp,
    /// What is written down, sealed.
    pub content: &'a [u8],
    /// Under which key.
    pub vault_key: VaultKeyId,
    /// Who opens it.
    pub by: &'a str,
}

/// Opens an incident.
///
/// # Errors
/// [`StoreError::Duplicate`] when the request has one.
pub async fn open(
    transaction: &Transaction,
    new: &NewIncident<'_>,
    now: Timestamp,
) -> Result<IncidentId, StoreError> {
    let sql = "INSERT INTO incident (request_id, state, detected_at, content, vault_key_id, opened_by, opened_at, \
               changed_at) VALUES ($1, 'open', $2, $3, $4, $5, $6, $6) RETURNING id";
    let values = [
        new.request.0.into(),
        new.detected_at.as_microsecond().into(),
        new.content.to_vec().into(),
        new.vault_key.to_string().into(),
        new.by.into(),
        now.as_microsecond().into(),
    ];
    Ok(IncidentId(query_one(transaction, sql, values).await?.get("incident", "id")?))
}

/// One incident.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn by_id(
    session: &impl Session,
    id: IncidentId,
) -> Result<Option<IncidentRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM incident WHERE id = $1");
    query_optional(session, &sql, [id.0.into()]).await?.as_ref().map(read).transpose()
}

/// One page, newest first, below `before`.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn page(
    session: &impl Session,
    before: Option<IncidentId>,
    limit: u32,
) -> Result<Vec<IncidentRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM incident WHERE id < $1 ORDER BY id DESC LIMIT $2");
    let values = [before.map_or(i64::MAX, |id| id.0).into(), i64::from(limit).into()];
    query_all(session, &sql, values).await?.iter().map(read).collect()
}

/// Writes down what is known now.
///
/// # Errors
/// [`StoreError::Conflict`] when somebody else wrote meanwhile, or it is closed.
pub async fn set_content(
    transaction: &Transaction,
    incident: &IncidentRow,
    content: &[u8],
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE incident SET content = $3, changed_at = $4 \
               WHERE id = $1 AND changed_at = $2 AND state <> 'closed'";
    let values = [
        incident.id.0.into(),
        incident.changed_at.as_microsecond().into(),
        content.to_vec().into(),
        later(incident, now).as_microsecond().into(),
    ];
    change_one(transaction, "incident", sql, values).await
}

/// A step of the machine, with the instant that it notes.
///
/// # Errors
/// [`StoreError::Conflict`] when it is no longer in the state it was read in.
pub async fn step(
    transaction: &Transaction,
    incident: &IncidentRow,
    to: IncidentState,
    (at, by): (Timestamp, &str),
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE incident SET state = $3, changed_at = $5, \
               notified_at = CASE WHEN $3 = 'notified' THEN $4 ELSE notified_at END, \
               reported_at = CASE WHEN $3 = 'reported' THEN $4 ELSE reported_at END, \
               closed_at = CASE WHEN $3 = 'closed' THEN $4 ELSE closed_at END, \
               closed_by = CASE WHEN $3 = 'closed' THEN $6 ELSE closed_by END \
               WHERE id = $1 AND state = $2";
    let values = [
        incident.id.0.into(),
        incident.state.name().into(),
        to.name().into(),
        at.as_microsecond().into(),
        later(incident, now).as_microsecond().into(),
        by.into(),
    ];
    change_one(transaction, "incident", sql, values).await
}

/// Who else is told of a breach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlsoTold {
    /// GosSOPKA (152-ФЗ ст. 19 ч. 12).
    Sopka,
    /// The supervisory authority (GDPR 33).
    Authority,
    /// The people (GDPR 34).
    People,
}

/// Notes that somebody was told; the first instant stays.
///
/// # Errors
/// [`StoreError::Conflict`] when the incident is closed.
pub async fn note_told(
    transaction: &Transaction,
    incident: &IncidentRow,
    whom: AlsoTold,
    at: Timestamp,
    now: Timestamp,
) -> Result<(), StoreError> {
    let column = match whom {
        AlsoTold::Sopka => "sopka_told_at",
        AlsoTold::Authority => "dpa_told_at",
        AlsoTold::People => "people_told_at",
    };
    let sql = format!(
        "UPDATE incident SET {column} = COALESCE({column}, $2), changed_at = $3 \
         WHERE id = $1 AND state <> 'closed'"
    );
    let values = [
        incident.id.0.into(),
        at.as_microsecond().into(),
        later(incident, now).as_microsecond().into(),
    ];
    change_one(transaction, "incident", &sql, values).await
}

/// Every change gives a later instant, so that two who wrote at once are told apart.
fn later(incident: &IncidentRow, now: Timestamp) -> Timestamp {
    let next = incident.changed_at.as_microsecond() + 1;
    now.max(Timestamp::from_microsecond(next).unwrap_or(now))
}

/// Fulfils one duty of one regime.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn fulfil(
    transaction: &Transaction,
    request: RequestId,
    duty: &str,
    regime: &str,
    at: Timestamp,
) -> Result<u64, StoreError> {
    let sql = "UPDATE duty SET done_at = $4 WHERE request_id = $1 AND name = $2 AND rule LIKE $3 \
               AND done_at IS NULL";
    let rule = format!("{regime}@%");
    let values = [request.0.into(), duty.into(), rule.into(), at.as_microsecond().into()];
    execute(transaction, sql, values).await
}

/// Whether this address was written to about this incident.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn is_told(
    session: &impl Session,
    ticket: TicketId,
    address: AddressId,
) -> Result<bool, StoreError> {
    let sql = "SELECT id FROM delivery WHERE ticket_id = $1 AND address_id = $2 AND topic = 'breach_notice' LIMIT 1";
    Ok(query_optional(session, sql, [ticket.0.into(), address.0.into()]).await?.is_some())
}

/// How many addresses were written to, and how many of these letters a relay took.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn letters(session: &impl Session, ticket: TicketId) -> Result<(i64, i64), StoreError> {
    let sql = "SELECT COUNT(*) AS planned, CAST(COALESCE(SUM(CASE WHEN state = 'accepted' THEN 1 ELSE 0 END), 0) AS BIGINT) AS taken \
               FROM delivery WHERE ticket_id = $1 AND topic = 'breach_notice'";
    let row = query_one(session, sql, [ticket.0.into()]).await?;
    Ok((row.get("delivery", "planned")?, row.get("delivery", "taken")?))
}
