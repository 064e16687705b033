//! Decisions on requests: proposed by one, decided by one; and what they are about.

use domain::{
    Timestamp,
    decision::{DecisionState, Verdict},
    ids::{ContactId, DecisionId, RequestId, TicketId},
    people::Acting,
    regime::RequestName,
    request::repeated::Earlier,
};

use crate::{
    error::StoreError,
    row::Row,
    session::{Session, Transaction, change_one, execute, query_all, query_one, query_optional},
};

/// A decision as it stands.
#[derive(Debug, Clone)]
pub struct DecisionRow {
    /// Its id.
    pub id: DecisionId,
    /// The request.
    pub request: RequestId,
    /// What is decided.
    pub verdict: Verdict,
    /// SHA-256 over what is decided on.
    pub subject: [u8; 32],
    /// Of a refusal: article and part.
    pub clause: String,
    /// Of a refusal: the reasons, sealed under the key of the matter.
    pub reasons: Option<Vec<u8>>,
    /// Whether another person than the proposer decides.
    pub four_eyes: bool,
    /// Where it stands.
    pub state: DecisionState,
    /// Who proposed it.
    pub proposed_by: String,
    /// Under which account of the machine, where it is known and not shared.
    pub account: Option<String>,
    /// When.
    pub proposed_at: Timestamp,
    /// Who decided it.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<Timestamp>,
}

impl DecisionRow {
    /// Who proposed it, as they acted.
    #[must_use]
    pub fn proposer(&self) -> Acting<'_> {
        Acting { name: &self.proposed_by, account: self.account.as_deref() }
    }
}

const COLUMNS: &str = "id, request_id, verdict, subject_hash, clause, reasons, four_eyes, state, proposed_by, \
                       proposed_at, decided_by, decided_at, account";

fn read(row: &Row) -> Result<DecisionRow, StoreError> {
    Ok(DecisionRow {
        id: DecisionId(row.get("decision", "id")?),
        request: RequestId(row.get("decision", "request_id")?),
        verdict: row.parsed("decision", "verdict", Verdict::from_name)?,
        subject: row.sha256("decision", "subject_hash")?,
        clause: row.get("decision", "clause")?,
        reasons: row.get("decision", "reasons")?,
        four_eyes: row.get::<i64>("decision", "four_eyes")? != 0,
        state: row.parsed("decision", "state", DecisionState::from_name)?,
        proposed_by: row.get("decision", "proposed_by")?,
        proposed_at: row.instant("decision", "proposed_at")?,
        decided_by: row.get("decision", "decided_by")?,
        decided_at: row.instant_option("decision", "decided_at")?,
        account: row.get("decision", "account")?,
    })
}

/// A decision to be proposed.
#[derive(Debug, Clone)]
pub struct NewDecision<'a> {
    /// The request.
    pub request: RequestId,
    /// What is decided.
    pub verdict: Verdict,
    /// SHA-256 over what is decided on.
    pub subject: [u8; 32],
    /// Of a refusal: article and part.
    pub clause: &'a str,
    /// Of a refusal: the sealed reasons.
    pub reasons: Option<&'a [u8]>,
    /// Whether another person decides.
    pub four_eyes: bool,
    /// Who proposes, and under which account of the machine.
    pub proposed_by: Acting<'a>,
}

/// Proposes a decision.
///
/// # Errors
/// [`StoreError::Duplicate`] when one stands for the request.
pub async fn propose(
    transaction: &Transaction,
    new: &NewDecision<'_>,
    now: Timestamp,
) -> Result<DecisionId, StoreError> {
    let sql = "INSERT INTO decision (request_id, verdict, subject_hash, clause, reasons, four_eyes, state, \
               proposed_by, proposed_at, account) VALUES ($1, $2, $3, $4, $5, $6, 'proposed', $7, $8, $9) \
               RETURNING id";
    let values = [
        new.request.0.into(),
        new.verdict.name().into(),
        new.subject.to_vec().into(),
        new.clause.into(),
        new.reasons.map(<[u8]>::to_vec).into(),
        i64::from(new.four_eyes).into(),
        new.proposed_by.name.into(),
        now.as_microsecond().into(),
        new.proposed_by.account.map(str::to_owned).into(),
    ];
    Ok(DecisionId(query_one(transaction, sql, values).await?.get("decision", "id")?))
}

/// The decision that stands for a request: proposed, or decided.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn standing(
    session: &impl Session,
    request: RequestId,
) -> Result<Option<DecisionRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM decision WHERE request_id = $1 AND state <> 'void'");
    query_optional(session, &sql, [request.0.into()]).await?.as_ref().map(read).transpose()
}

/// All decisions of a request, oldest first.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn of_request(
    session: &impl Session,
    request: RequestId,
) -> Result<Vec<DecisionRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM decision WHERE request_id = $1 ORDER BY id");
    query_all(session, &sql, [request.0.into()]).await?.iter().map(read).collect()
}

/// Decides a proposed decision.
///
/// # Errors
/// [`StoreError::Conflict`] when somebody else decided it, or it is void.
pub async fn decide(
    transaction: &Transaction,
    decision: DecisionId,
    by: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE decision SET state = 'decided', decided_by = $2, decided_at = $3 \
               WHERE id = $1 AND state = 'proposed'";
    let values = [decision.0.into(), by.into(), now.as_microsecond().into()];
    change_one(transaction, "decision", sql, values).await
}

/// The decision of a request holds no more; returns how many stood (none is fine).
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn void(transaction: &Transaction, request: RequestId) -> Result<u64, StoreError> {
    let sql = "UPDATE decision SET state = 'void' WHERE request_id = $1 AND state <> 'void'";
    execute(transaction, sql, [request.0.into()]).await
}

/// A plan, a correction or a package that waits to be decided on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    /// What identifies its content, in a fixed order.
    pub content: Vec<u8>,
    /// Who made it.
    pub made_by: String,
}

/// The plan of destruction that stands for a request: its hash and its maker.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn plan_of(
    session: &impl Session,
    request: RequestId,
) -> Result<Option<([u8; 32], String)>, StoreError> {
    let sql = "SELECT id, hash, made_by FROM plan WHERE request_id = $1 AND state <> 'void'";
    let row = query_optional(session, sql, [request.0.into()]).await?;
    row.map(|row| Ok((row.sha256("plan", "hash")?, row.get("plan", "made_by")?))).transpose()
}

/// The package of a request that stands last: its SHA-256 and its maker.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn package_of(
    session: &impl Session,
    request: RequestId,
) -> Result<Option<([u8; 32], String)>, StoreError> {
    let sql = "SELECT id, sha256, made_by FROM package WHERE request_id = $1 \
               AND state NOT IN ('void', 'expired') ORDER BY id DESC LIMIT 1";
    let row = query_optional(session, sql, [request.0.into()]).await?;
    row.map(|row| Ok((row.sha256("package", "sha256")?, row.get("package", "made_by")?)))
        .transpose()
}

/// The corrections of a request that stand, oldest first.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn corrections_of(
    session: &impl Session,
    request: RequestId,
) -> Result<Vec<Prepared>, StoreError> {
    let sql = "SELECT id, contact_id, field, old_digest, made_by FROM rectification \
               WHERE request_id = $1 AND state <> 'void' ORDER BY id";
    let rows = query_all(session, sql, [request.0.into()]).await?;
    rows.iter()
        .map(|row| {
            let (id, contact): (i64, i64) =
                (row.get("rectification", "id")?, row.get("rectification", "contact_id")?);
            let field: String = row.get("rectification", "field")?;
            let old: Vec<u8> = row.get("rectification", "old_digest")?;
            // A correction is never changed: another one is another row.
            let mut content = format!("{id}/{contact}/{field}/").into_bytes();
            content.extend(old);
            Ok(Prepared { content, made_by: row.get("rectification", "made_by")? })
        })
        .collect()
}

/// The requests of this name that the same person made within a span (the end is not in it) and to
/// which information was given: of the ticket's contact from any of its addresses, or of the same
/// address. Refused ones gave none.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn answered_earlier(
    session: &impl Session,
    (name, ticket): (RequestName, TicketId),
    (since, before): (Timestamp, Timestamp),
) -> Result<Vec<Earlier>, StoreError> {
    let sql = "SELECT request.id, request.received_at FROM request JOIN ticket ON ticket.id = request.ticket_id \
               JOIN ticket own ON own.id = $2 WHERE request.name = $1 AND request.received_at >= $3 \
               AND request.received_at < $4 AND request.state IN ('answered', 'closed') \
               AND (request.outcome IS NULL OR request.outcome IN ('done', 'partly_kept', 'nothing_held')) \
               AND (ticket.contact_id = own.contact_id OR ticket.address_id = own.address_id \
               OR ticket.address_id IN (SELECT address_id FROM contact_address \
               WHERE contact_id = own.contact_id)) ORDER BY request.received_at, request.id";
    let values = [
        name.name().into(),
        ticket.0.into(),
        since.as_microsecond().into(),
        before.as_microsecond().into(),
    ];
    let rows = query_all(session, sql, values).await?;
    rows.iter()
        .map(|row| {
            let request = RequestId(row.get("request", "id")?);
            Ok(Earlier { request, received_at: row.instant("request", "received_at")? })
        })
        .collect()
}

/// How many legal holds stand for a ticket or its contact.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn holds_on(
    session: &impl Session,
    ticket: TicketId,
    contact: Option<ContactId>,
) -> Result<i64, StoreError> {
    let sql = "SELECT COUNT(*) AS n FROM legal_hold WHERE lifted_at IS NULL \
               AND (ticket_id = $1 OR contact_id = $2)";
    let values = [ticket.0.into(), contact.map(|contact| contact.0).into()];
    query_one(session, sql, values).await?.get("legal_hold", "n")
}
