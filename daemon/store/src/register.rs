//! The register of appeals (журнал учёта обращений): a view of requests as inspectors ask for it.
//!
//! Read from the tables that the requests live in, so that nobody can write into it. Every row
//! survives a destruction; the address is then gone, and with it what could name the person.

use domain::{
    Timestamp,
    act::ActNumber,
    address::EmailAddress,
    ids::{ContactId, PlanId, RequestId, TicketId},
    regime::RequestName,
    request::{Outcome, RequestState, Requester},
};

use crate::{
    error::StoreError,
    row::Row,
    session::{Session, query_all, query_optional},
};

/// A line of the register.
#[derive(Clone)]
pub struct RegisterRow {
    /// The request: its running number.
    pub request: RequestId,
    /// Its ticket.
    pub ticket: TicketId,
    /// The number that the person was told.
    pub number: String,
    /// When it was received.
    pub received_at: Timestamp,
    /// What is asked.
    pub name: RequestName,
    /// Article and part on which it rests.
    pub law: String,
    /// On whose behalf.
    pub requester: Requester,
    /// Where it stands.
    pub state: RequestState,
    /// The contact, while there is one.
    pub contact: Option<ContactId>,
    /// Who wrote, while the address is there. Personal data.
    pub address: Option<EmailAddress>,
    /// What came of it.
    pub outcome: Option<Outcome>,
    /// When the answer left.
    pub answered_at: Option<Timestamp>,
    /// When an extension was granted.
    pub extended_at: Option<Timestamp>,
    /// The act of destruction.
    pub act: Option<ActNumber>,
    /// Who decided.
    pub decided_by: Option<String>,
    /// The article of a refusal.
    pub clause: Option<String>,
}

impl std::fmt::Debug for RegisterRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RegisterRow({})", self.request)
    }
}

/// A duty in the register.
#[derive(Debug, Clone)]
pub struct RegisterDuty {
    /// Of which request.
    pub request: RequestId,
    /// What is owed.
    pub name: String,
    /// The last legal day, ISO; none while the event it counts from has not come.
    pub legal_due_on: Option<String>,
    /// The same for what is owed in hours.
    pub legal_due_at: Option<Timestamp>,
    /// When it was done.
    pub done_at: Option<Timestamp>,
}

fn read(row: &Row) -> Result<RegisterRow, StoreError> {
    const TABLE: &str = "request";
    // An emptied address is none.
    let address: Option<String> = row.get(TABLE, "email")?;
    Ok(RegisterRow {
        request: RequestId(row.get(TABLE, "id")?),
        ticket: TicketId(row.get(TABLE, "ticket_id")?),
        number: row.get(TABLE, "number")?,
        received_at: row.instant(TABLE, "received_at")?,
        name: row.parsed(TABLE, "name", RequestName::from_name)?,
        law: row.get(TABLE, "law")?,
        requester: row.parsed(TABLE, "requester", Requester::from_name)?,
        state: row.parsed(TABLE, "state", RequestState::from_name)?,
        contact: row.get::<Option<i64>>(TABLE, "contact_id")?.map(ContactId),
        address: address.and_then(|text| EmailAddress::parse(&text).ok()),
        outcome: row.parsed_option(TABLE, "outcome", Outcome::from_name)?,
        answered_at: row.instant_option(TABLE, "answered_at")?,
        extended_at: row.instant_option(TABLE, "extended_at")?,
        act: row.parsed_option(TABLE, "act_number", |text| ActNumber::parse(text).ok())?,
        decided_by: row.get(TABLE, "decided_by")?,
        clause: row.get(TABLE, "clause")?,
    })
}

/// The requests received in `[from, until)` (not matters of our own: breaches, purposes that are
/// over) after the request `after`, in the order of their
/// numbers, at most `limit`.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn page(
    session: &impl Session,
    (from, until): (Timestamp, Timestamp),
    after: RequestId,
    limit: u32,
) -> Result<Vec<RegisterRow>, StoreError> {
    let sql = "SELECT request.id AS id, request.ticket_id AS ticket_id, ticket.number AS number, request.received_at AS received_at, \
         request.name AS name, request.law AS law, request.requester AS requester, request.state AS state, \
         ticket.contact_id AS contact_id, address.email AS email, request.outcome AS outcome, \
         COALESCE(answer.settled_at, CASE WHEN request.state IN ('answered', 'closed') \
           AND request.answer_id IS NULL THEN request.changed_at END) AS answered_at, \
         (SELECT MAX(settled_at) FROM extension WHERE extension.request_id = request.id AND extension.state = 'granted') \
           AS extended_at, \
         (SELECT MIN(kept_record.number) FROM kept_record JOIN plan ON plan.id = kept_record.plan_id \
           WHERE plan.request_id = request.id AND kept_record.kind = 'act') AS act_number, \
         decision.decided_by AS decided_by, decision.clause AS clause \
         FROM request JOIN ticket ON ticket.id = request.ticket_id \
         LEFT JOIN address ON address.id = ticket.address_id \
         LEFT JOIN delivery AS answer ON answer.id = request.answer_id AND answer.state = 'accepted' \
         LEFT JOIN decision ON decision.request_id = request.id AND decision.state = 'decided' \
         WHERE request.received_at >= $1 AND request.received_at < $2 AND request.id > $3 \
         AND ticket.topic NOT IN ('incident', 'retention') \
         ORDER BY request.id LIMIT $4";
    let values = [
        from.as_microsecond().into(),
        until.as_microsecond().into(),
        after.0.into(),
        i64::from(limit).into(),
    ];
    query_all(session, sql, values).await?.iter().map(read).collect()
}

/// The duties of the requests from `first` to `last`, by request and date.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn duties(
    session: &impl Session,
    first: RequestId,
    last: RequestId,
) -> Result<Vec<RegisterDuty>, StoreError> {
    let sql = "SELECT id, request_id, name, legal_due_on, legal_due_at, done_at FROM duty \
               WHERE request_id BETWEEN $1 AND $2 ORDER BY request_id, legal_due_at, id";
    let rows = query_all(session, sql, [first.0.into(), last.0.into()]).await?;
    rows.iter()
        .map(|row| {
            Ok(RegisterDuty {
                request: RequestId(row.get("duty", "request_id")?),
                name: row.get("duty", "name")?,
                legal_due_on: row.get("duty", "legal_due_on")?,
                legal_due_at: row.instant_option("duty", "legal_due_at")?,
                done_at: row.instant_option("duty", "done_at")?,
            })
        })
        .collect()
}

/// Names and addresses of the processors that were told to destroy for a plan (item б of its act).
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn processors_of(
    session: &impl Session,
    plan: PlanId,
) -> Result<Vec<(String, String)>, StoreError> {
    let sql = "SELECT DISTINCT recipient.title AS title, recipient.postal_address AS postal_address FROM recipient \
               JOIN recipient_notice ON recipient_notice.recipient_id = recipient.id \
               JOIN plan ON plan.id = $1 AND (recipient_notice.plan_id = plan.id \
                 OR recipient_notice.request_id = plan.request_id) \
               WHERE recipient.role = 'processor' AND recipient_notice.act = 'destroy' ORDER BY title";
    let rows = query_all(session, sql, [plan.0.into()]).await?;
    rows.iter()
        .map(|row| Ok((row.get("recipient", "title")?, row.get("recipient", "postal_address")?)))
        .collect()
}

/// Who decided on a request.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn decided_by(
    session: &impl Session,
    request: RequestId,
) -> Result<Option<String>, StoreError> {
    let sql = "SELECT decided_by FROM decision WHERE request_id = $1 AND state = 'decided' ORDER BY id DESC LIMIT 1";
    let row = query_optional(session, sql, [request.0.into()]).await?;
    row.map_or(Ok(None), |row| row.get("decision", "decided_by"))
}

/// Somebody who was told of a destruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Informed {
    /// Its title in the register of recipients, or its name in the configuration.
    pub name: String,
    /// `system`, or the role of a recipient.
    pub role: String,
    /// Where it stands, in the word of the call or notice.
    pub state: String,
    /// When it was told.
    pub told_at: Option<Timestamp>,
    /// When it said that it is done.
    pub acknowledged_at: Option<Timestamp>,
}

/// Who was told to destroy for a plan: connected systems and recipients, by their names.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn informed_of(
    session: &impl Session,
    plan: PlanId,
) -> Result<Vec<Informed>, StoreError> {
    let sql = "SELECT system AS name, 'system' AS role, state, told_at, \
               CASE WHEN state = 'acknowledged' THEN settled_at END AS acknowledged_at, 0 AS place \
               FROM system_call WHERE plan_id = $1 AND act = 'destroy' \
               UNION ALL \
               SELECT recipient.title, recipient.role, notice.state, \
               CASE WHEN notice.state IN ('sent', 'acknowledged') \
                 THEN COALESCE(letter.settled_at, notice.settled_at) END, \
               CASE WHEN notice.state = 'acknowledged' THEN notice.settled_at END, 1 \
               FROM recipient_notice AS notice JOIN recipient ON recipient.id = notice.recipient_id \
               JOIN plan ON plan.id = $1 AND (notice.plan_id = plan.id OR notice.request_id = plan.request_id) \
               LEFT JOIN delivery AS letter ON letter.id = notice.delivery_id AND letter.state = 'accepted' \
               WHERE notice.act = 'destroy' ORDER BY place, name";
    const TABLE: &str = "recipient_notice";
    let rows = query_all(session, sql, [plan.0.into()]).await?;
    rows.iter()
        .map(|row| {
            Ok(Informed {
                name: row.get(TABLE, "name")?,
                role: row.get(TABLE, "role")?,
                state: row.get(TABLE, "state")?,
                told_at: row.instant_option(TABLE, "told_at")?,
                acknowledged_at: row.instant_option(TABLE, "acknowledged_at")?,
            })
        })
        .collect()
}
