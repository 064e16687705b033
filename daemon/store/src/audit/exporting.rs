//! What an export of the log about one person needs: whom the log may name, and whole batches.

use domain::{
    audit::AuditEvent,
    digest::Digest,
    ids::{AddressId, ContactId, PlanId, TicketId},
};

use super::{events_of, hash};
use crate::{
    error::StoreError,
    session::{Session, query_all},
};

/// A sealed batch; with its events where they were asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedBatch {
    /// Its number.
    pub batch: i64,
    /// The hash before it.
    pub previous: [u8; 32],
    /// Its hash.
    pub hash: [u8; 32],
    /// Its events in order.
    pub events: Option<Vec<AuditEvent>>,
}

/// The batches from `first` to the last one; those in `whole` with their events.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn batches_from(
    session: &impl Session,
    first: i64,
    whole: &[i64],
) -> Result<Vec<SealedBatch>, StoreError> {
    let sql = "SELECT id, previous_hash, hash FROM audit_batch WHERE id >= $1 ORDER BY id";
    let mut batches = Vec::new();
    for row in query_all(session, sql, [first.into()]).await? {
        let batch: i64 = row.get("audit_batch", "id")?;
        let events = match whole.contains(&batch) {
            true => Some(events_of(session, batch).await?.0),
            false => None,
        };
        let (previous, hash) = (hash(&row, "previous_hash")?, hash(&row, "hash")?);
        batches.push(SealedBatch { batch, previous, hash, events });
    }
    Ok(batches)
}

/// The plans of destruction by which a person is known who is destroyed: by the id of the contact,
/// and by the keyed digests of the address, which outlive it in suppressions and in what is kept.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn plans_of(
    session: &impl Session,
    contacts: &[ContactId],
    stops: &[Digest],
) -> Result<Vec<PlanId>, StoreError> {
    let mut plans = Vec::new();
    for contact in contacts {
        let sql = "SELECT id FROM plan WHERE contact_id = $1";
        for row in query_all(session, sql, [contact.0.into()]).await? {
            plans.push(PlanId(row.get("plan", "id")?));
        }
    }
    for stop in stops {
        let sql = "SELECT plan_id AS id FROM kept_record WHERE stop_digest = $1 AND plan_id IS NOT NULL \
                   UNION SELECT plan.id FROM suppression JOIN plan \
                   ON suppression.source = 'plan:' || CAST(plan.id AS TEXT) WHERE stop_digest = $1";
        for row in query_all(session, sql, [stop.bytes.to_vec().into()]).await? {
            plans.push(PlanId(row.get("plan", "id")?));
        }
    }
    plans.sort_unstable();
    plans.dedup();
    Ok(plans)
}

/// Every `thing:id` by which the log may name a person: contact, addresses, tickets, and what hangs
/// on them. What a destruction took away is not found any more; the log is, by the ids given.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn subjects_of(
    session: &impl Session,
    contacts: &[ContactId],
    addresses: &[AddressId],
    tickets: &[TicketId],
) -> Result<Vec<String>, StoreError> {
    // Ids are numbers of ours: nothing of them could be SQL.
    let list = |ids: Vec<i64>| match ids.is_empty() {
        true => "NULL".to_owned(),
        false => ids.iter().map(i64::to_string).collect::<Vec<_>>().join(","),
    };
    let contacts = list(contacts.iter().map(|id| id.0).collect());
    let mut addresses = addresses.iter().map(|id| id.0).collect::<Vec<_>>();
    let sql =
        format!("SELECT address_id AS id FROM contact_address WHERE contact_id IN ({contacts})");
    for row in query_all(session, &sql, []).await? {
        addresses.push(row.get("contact_address", "id")?);
    }
    let addresses = list(addresses);
    let given = list(tickets.iter().map(|id| id.0).collect());
    let tickets = format!(
        "SELECT id FROM ticket WHERE id IN ({given}) OR contact_id IN ({contacts}) OR address_id IN ({addresses})"
    );
    let requests = format!("SELECT id FROM request WHERE ticket_id IN ({tickets})");
    let plans = format!("SELECT id FROM plan WHERE request_id IN ({requests})");
    let mut subjects = Vec::new();
    for (thing, sql) in [
        ("contact", format!("SELECT id FROM contact WHERE id IN ({contacts})")),
        ("address", format!("SELECT id FROM address WHERE id IN ({addresses})")),
        ("ticket", tickets.clone()),
        ("request", requests.clone()),
        ("plan", plans.clone()),
        ("kept_record", format!("SELECT id FROM kept_record WHERE plan_id IN ({plans})")),
        (
            "block",
            format!(
                "SELECT id FROM block WHERE ticket_id IN ({tickets}) OR contact_id IN ({contacts})"
            ),
        ),
        ("submission", format!("SELECT id FROM submission WHERE ticket_id IN ({tickets})")),
        (
            "delivery",
            format!(
                "SELECT id FROM delivery WHERE ticket_id IN ({tickets}) OR address_id IN ({addresses})"
            ),
        ),
        (
            "subscription",
            format!(
                "SELECT id FROM subscription WHERE contact_id IN ({contacts}) OR address_id IN ({addresses})"
            ),
        ),
        (
            "consent",
            format!(
                "SELECT id FROM consent_event WHERE contact_id IN ({contacts}) OR address_id IN ({addresses})"
            ),
        ),
        ("challenge", format!("SELECT id FROM challenge WHERE ticket_id IN ({tickets})")),
        ("legal_hold", format!("SELECT id FROM legal_hold WHERE ticket_id IN ({tickets})")),
    ] {
        for row in query_all(session, &sql, []).await? {
            let id: i64 = row.get("audit_event", "id")?;
            subjects.push(format!("{thing}:{id}"));
        }
    }
    // A contact that is destroyed has events all the same.
    for contact in contacts.split(',').filter(|id| *id != "NULL") {
        let name = format!("contact:{contact}");
        if !subjects.contains(&name) {
            subjects.push(name);
        }
    }
    Ok(subjects)
}
