//! Who the person of a request is: the contact, the addresses that are nobody else's, the tickets.

use domain::{
    digest::{AddressDigests, Digest},
    ids::{AddressId, ContactId, RequestId, TicketId},
    plan::Whose,
    regime::RequestName,
};
use sea_orm::Value;

use super::{spell, values};
use crate::{
    error::StoreError,
    session::{Session, placeholders, query_all, query_one, query_optional},
};

/// The person of a matter.
#[derive(Debug, Clone)]
pub struct Found {
    /// Contact, own addresses, tickets.
    pub whose: Whose,
    /// Addresses that another contact has, too: only the link goes.
    pub shared: Vec<AddressId>,
}

/// By whom a person is looked for.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    /// The contact.
    pub contact: Option<ContactId>,
    /// The address of the ticket.
    pub address: Option<AddressId>,
    /// The ticket.
    pub ticket: TicketId,
}

/// How many contacts have an address.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn known(session: &impl Session, address: AddressId) -> Result<i64, StoreError> {
    let sql = "SELECT COUNT(*) AS n FROM contact_address WHERE address_id = $1";
    query_one(session, sql, [address.0.into()]).await?.get("contact_address", "n")
}

/// Everything by which the rows of a person are known.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn find(session: &impl Session, by: Known) -> Result<Found, StoreError> {
    let contact = by.contact.map_or(0, |id| id.0);
    let sql = "SELECT address.id, (SELECT COUNT(*) FROM contact_address AS other \
               WHERE other.address_id = address.id AND other.contact_id <> $1) AS others FROM address \
               WHERE erased_at IS NULL AND (address.id = $2 \
               OR address.id IN (SELECT address_id FROM contact_address WHERE contact_id = $1)) ORDER BY address.id";
    let values = [contact.into(), by.address.map_or(0, |id| id.0).into()];
    let (mut own, mut shared) = (Vec::new(), Vec::new());
    for row in query_all(session, sql, values).await? {
        let id = AddressId(row.get("address", "id")?);
        if row.get::<i64>("address", "others")? == 0 { own.push(id) } else { shared.push(id) }
    }
    let mut whose = Whose { contact: by.contact, addresses: own, tickets: vec![by.ticket] };
    let sql = "SELECT id FROM ticket WHERE contact_id = $1 UNION SELECT id FROM ticket WHERE address_id {addresses} \
               AND (contact_id IS NULL OR contact_id = $1) UNION SELECT id FROM ticket WHERE id {tickets} ORDER BY id";
    let dialect = session.dialect();
    let rows = query_all(session, &spell(sql, dialect), super::values(&whose, 0, dialect)).await?;
    let ids = rows.iter().map(|row| Ok(TicketId(row.get("ticket", "id")?)));
    whose.tickets = ids.collect::<Result<_, StoreError>>()?;
    Ok(Found { whose, shared })
}

/// How many legal holds stand for the person or for one of the tickets.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn standing_holds(session: &impl Session, whose: &Whose) -> Result<u32, StoreError> {
    let sql = "SELECT COUNT(*) AS n FROM legal_hold WHERE lifted_at IS NULL \
               AND (contact_id = $1 OR ticket_id {tickets})";
    let dialect = session.dialect();
    let row = query_one(session, &spell(sql, dialect), values(whose, 0, dialect)).await?;
    Ok(u32::try_from(row.get::<i64>("legal_hold", "n")?).unwrap_or(u32::MAX))
}

/// The requests of the person's tickets that are neither this one nor at their end, with whether
/// they can still join another.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn other_requests(
    session: &impl Session,
    whose: &Whose,
    request: RequestId,
) -> Result<Vec<(RequestId, RequestName)>, StoreError> {
    let sql = "SELECT id, name FROM request WHERE ticket_id {tickets} AND id <> $4 \
               AND state NOT IN ('answered', 'closed', 'joined', 'withdrawn') ORDER BY id";
    let dialect = session.dialect();
    let rows = query_all(session, &spell(sql, dialect), values(whose, request.0, dialect)).await?;
    rows.iter()
        .map(|row| {
            let name = row.parsed("request", "name", RequestName::from_name)?;
            Ok((RequestId(row.get("request", "id")?), name))
        })
        .collect()
}

/// Whether one of these addresses was erased before.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn erased_before(
    session: &impl Session,
    digests: &[AddressDigests],
) -> Result<bool, StoreError> {
    let keys: Vec<Digest> = digests.iter().map(|digests| digests.stop).collect();
    let sql = format!(
        "SELECT id FROM suppression WHERE lifted_at IS NULL AND reason = 'erased' AND stop_digest IN ({}) LIMIT 1",
        placeholders(1, keys.len())
    );
    let values: Vec<Value> = keys.iter().map(|digest| digest.bytes.to_vec().into()).collect();
    Ok(query_optional(session, &sql, values).await?.is_some())
}
