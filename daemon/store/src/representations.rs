//! Who may act for a person, on which paper, until when.

use domain::{
    Timestamp,
    identity::RepresentationKind,
    ids::{AddressId, ContactId, RepresentationId, TicketId},
};
use jiff::civil::Date;

use crate::{
    error::StoreError,
    row::Row,
    session::{Session, Transaction, change_one, query_all, query_one, query_optional},
};

/// A representation as it stands.
#[derive(Clone)]
pub struct RepresentationRow {
    /// Its id.
    pub id: RepresentationId,
    /// The ticket in which it was shown.
    pub ticket: TicketId,
    /// For whom, if a contact.
    pub contact: Option<ContactId>,
    /// By what right.
    pub kind: RepresentationKind,
    /// The paper's number, date, issuer; sealed under the key of the matter.
    pub paper: Vec<u8>,
    /// The last day on which it holds; none: until it is revoked.
    pub valid_until: Option<Date>,
    /// Who of ours saw the paper.
    pub attested_by: String,
    /// When.
    pub attested_at: Timestamp,
    /// Who revoked it, and when.
    pub revoked: Option<(Timestamp, String)>,
}

impl std::fmt::Debug for RepresentationRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RepresentationRow").field("id", &self.id).finish_non_exhaustive()
    }
}

impl RepresentationRow {
    /// Whether it holds on that day.
    #[must_use]
    pub fn holds_on(&self, day: Date) -> bool {
        self.revoked.is_none() && self.valid_until.is_none_or(|last| day <= last)
    }
}

/// A representation to be written down.
#[derive(Clone)]
pub struct NewRepresentation<'a> {
    /// The ticket in which it was shown.
    pub ticket: TicketId,
    /// For whom, if a contact.
    pub contact: Option<ContactId>,
    /// By what right.
    pub kind: RepresentationKind,
    /// The paper, sealed under the key of the matter.
    pub paper: &'a [u8],
    /// The last day on which it holds.
    pub valid_until: Option<Date>,
    /// Who of ours saw the paper.
    pub attested_by: &'a str,
}

impl std::fmt::Debug for NewRepresentation<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewRepresentation").field("ticket", &self.ticket).finish_non_exhaustive()
    }
}

/// Writes a representation down.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn add(
    transaction: &Transaction,
    new: &NewRepresentation<'_>,
    now: Timestamp,
) -> Result<RepresentationId, StoreError> {
    let sql = "INSERT INTO representation (ticket_id, contact_id, kind, paper, valid_until_on, attested_by, \
               attested_at) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id";
    let values = [
        new.ticket.0.into(),
        new.contact.map(|id| id.0).into(),
        new.kind.name().into(),
        new.paper.to_vec().into(),
        new.valid_until.map(|date| date.to_string()).into(),
        new.attested_by.into(),
        now.as_microsecond().into(),
    ];
    Ok(RepresentationId(query_one(transaction, sql, values).await?.get("representation", "id")?))
}

fn read(row: &Row) -> Result<RepresentationRow, StoreError> {
    let revoked_at = row.instant_option("representation", "revoked_at")?;
    let revoked_by: Option<String> = row.get("representation", "revoked_by")?;
    Ok(RepresentationRow {
        id: RepresentationId(row.get("representation", "id")?),
        ticket: TicketId(row.get("representation", "ticket_id")?),
        contact: row.get::<Option<i64>>("representation", "contact_id")?.map(ContactId),
        kind: row.parsed("representation", "kind", RepresentationKind::from_name)?,
        paper: row.get("representation", "paper")?,
        valid_until: row
            .parsed_option("representation", "valid_until_on", |text| text.parse().ok())?,
        attested_by: row.get("representation", "attested_by")?,
        attested_at: row.instant("representation", "attested_at")?,
        revoked: revoked_at.zip(revoked_by),
    })
}

/// All representations of a ticket, oldest first.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn of_ticket(
    session: &impl Session,
    ticket: TicketId,
) -> Result<Vec<RepresentationRow>, StoreError> {
    let sql = "SELECT id, ticket_id, contact_id, kind, paper, valid_until_on, attested_by, attested_at, \
               revoked_at, revoked_by FROM representation WHERE ticket_id = $1 ORDER BY id";
    query_all(session, sql, [ticket.0.into()]).await?.iter().map(read).collect()
}

/// The representation of a ticket that holds on `today` (in the organisation's zone), the newest
/// if several do.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn in_force(
    session: &impl Session,
    ticket: TicketId,
    today: Date,
) -> Result<Option<RepresentationRow>, StoreError> {
    let rows = of_ticket(session, ticket).await?;
    Ok(rows.into_iter().rev().find(|row| row.holds_on(today)))
}

/// The address to which the last letter of this topic in a ticket went that the relay did not
/// refuse: the person represented.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn told_address(
    session: &impl Session,
    ticket: TicketId,
    topic: &str,
) -> Result<Option<AddressId>, StoreError> {
    let sql = "SELECT address_id FROM delivery WHERE ticket_id = $1 AND topic = $2 \
               AND state NOT IN ('rejected', 'withheld') ORDER BY id DESC LIMIT 1";
    let row = query_optional(session, sql, [ticket.0.into(), topic.into()]).await?;
    let address = row.map(|row| row.get::<Option<i64>>("delivery", "address_id")).transpose()?;
    Ok(address.flatten().map(AddressId))
}

/// Revokes a representation.
///
/// # Errors
/// [`StoreError::Conflict`] when it was revoked before, or is not of this ticket.
pub async fn revoke(
    transaction: &Transaction,
    ticket: TicketId,
    id: RepresentationId,
    by: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE representation SET revoked_at = $3, revoked_by = $4 \
               WHERE id = $1 AND ticket_id = $2 AND revoked_at IS NULL";
    let values = [id.0.into(), ticket.0.into(), now.as_microsecond().into(), by.into()];
    change_one(transaction, "representation", sql, values).await
}
