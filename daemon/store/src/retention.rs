//! The nightly look at what is kept: who has no purpose left, what is over, what was done.
//!
//! Called by `cases` alone. Whatever a legal hold covers, or a destruction that stands, is in no
//! answer; what is pruned is pruned some rows at a time.

mod debts;
mod pruning;

use domain::{
    ids::{AddressId, ContactId, TicketId},
    language::Locale,
    retention::PersonFacts,
};

use crate::{
    connect::Dialect,
    error::StoreError,
    row::Row,
    session::{Session, Transaction, change_one, query_all, query_one, query_optional},
};

pub use debts::{VaultDebt, settle_debts, vault_debts};
pub(crate) use pruning::await_holds;
pub use pruning::{
    Emptied, OldFiles, RunRow, empty, forget_files, last_run, note_run, old_files, to_empty,
};

/// Of whom the data are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Person {
    /// A contact.
    Contact(ContactId),
    /// An address that no contact has.
    Address(AddressId),
}

/// A person with what is known of them.
#[derive(Debug, Clone, Copy)]
pub struct PersonRow {
    /// Whom.
    pub person: Person,
    /// The address of their last ticket, or their only one.
    pub address: Option<AddressId>,
    /// The language of their last ticket.
    pub locale: Option<Locale>,
    /// Their last closed ticket.
    pub last_ticket: Option<TicketId>,
    /// What stands and what is over.
    pub facts: PersonFacts,
}

/// A condition on `ticket` that a legal hold or a standing destruction speaks of it.
const HELD: &str = "(EXISTS (SELECT 1 FROM legal_hold WHERE legal_hold.lifted_at IS NULL \
       AND (legal_hold.ticket_id = ticket.id OR legal_hold.contact_id = ticket.contact_id)) \
     OR EXISTS (SELECT 1 FROM plan JOIN request ON request.id = plan.request_id \
       WHERE plan.state NOT IN ('void', 'closed') \
       AND (request.ticket_id = ticket.id OR plan.contact_id = ticket.contact_id)))";

/// The addresses of all whom a legal hold covers: what has no ticket is theirs by the address.
const HELD_ADDRESSES: &str = "(SELECT contact_address.address_id FROM legal_hold \
       JOIN contact_address ON contact_address.contact_id = legal_hold.contact_id WHERE legal_hold.lifted_at IS NULL \
     UNION SELECT ticket.address_id FROM legal_hold JOIN ticket ON ticket.id = legal_hold.ticket_id \
       WHERE legal_hold.lifted_at IS NULL AND ticket.address_id IS NOT NULL \
     UNION SELECT contact_address.address_id FROM legal_hold JOIN ticket ON ticket.id = legal_hold.ticket_id \
       JOIN contact_address ON contact_address.contact_id = ticket.contact_id WHERE legal_hold.lifted_at IS NULL)";

/// The facts of one kind of person, `whom` being a condition with `$1`.
fn facts_sql(of_contact: bool) -> String {
    let (table, tickets, subscriptions) = if of_contact {
        ("contact", "ticket.contact_id = contact.id", "subscription.contact_id = contact.id")
    } else {
        (
            "address",
            "ticket.contact_id IS NULL AND ticket.address_id = address.id",
            "subscription.address_id = address.id",
        )
    };
    let holds = if of_contact {
        "SELECT COUNT(*) FROM legal_hold WHERE legal_hold.lifted_at IS NULL AND (legal_hold.contact_id = contact.id \
         OR legal_hold.ticket_id IN (SELECT id FROM ticket WHERE ticket.contact_id = contact.id))"
    } else {
        "SELECT COUNT(*) FROM legal_hold WHERE legal_hold.lifted_at IS NULL AND legal_hold.ticket_id IN \
         (SELECT id FROM ticket WHERE ticket.contact_id IS NULL AND ticket.address_id = address.id)"
    };
    let plan_of = if of_contact { "plan.contact_id = contact.id OR " } else { "" };
    let blocks = if of_contact {
        "block.contact_id = contact.id"
    } else {
        "block.stop_digest = address.stop_digest"
    };
    format!(
        "SELECT {table}.id AS id, \
         (SELECT COUNT(*) FROM ticket WHERE {tickets} AND ticket.state <> 'closed') AS open_tickets, \
         (SELECT MAX(ticket.closed_at) FROM ticket WHERE {tickets}) AS last_closed_at, \
         (SELECT COUNT(*) FROM subscription WHERE {subscriptions} AND subscription.state <> 'unsubscribed') AS standing, \
         (SELECT MAX(subscription.since_at) FROM subscription WHERE {subscriptions} AND subscription.state = 'unsubscribed') AS left_at, \
         ({holds}) AS holds, \
         (SELECT COUNT(*) FROM plan JOIN request ON request.id = plan.request_id WHERE plan.state NOT IN ('void', 'closed') \
            AND ({plan_of}request.ticket_id IN (SELECT id FROM ticket WHERE {tickets}))) AS plans, \
         (SELECT COUNT(*) FROM block WHERE block.state = 'active' AND block.scope = 'full' AND {blocks}) AS blocks, \
         (SELECT MAX(ticket.id) FROM ticket WHERE {tickets}) AS last_ticket \
         FROM {table} "
    )
}

fn read(row: &Row, of_contact: bool) -> Result<PersonRow, StoreError> {
    let count = |column: &str| -> Result<u32, StoreError> {
        Ok(u32::try_from(row.get::<i64>("person", column)?).unwrap_or(u32::MAX))
    };
    let id: i64 = row.get("person", "id")?;
    Ok(PersonRow {
        person: match of_contact {
            true => Person::Contact(ContactId(id)),
            false => Person::Address(AddressId(id)),
        },
        address: (!of_contact).then_some(AddressId(id)),
        locale: None,
        last_ticket: row.get::<Option<i64>>("person", "last_ticket")?.map(TicketId),
        facts: PersonFacts {
            open_tickets: count("open_tickets")?,
            last_closed_at: row.instant_option("person", "last_closed_at")?,
            standing_subscriptions: count("standing")?,
            left_at: row.instant_option("person", "left_at")?,
            holds: count("holds")?,
            standing_plans: count("plans")?,
            standing_blocks: count("blocks")?,
        },
    })
}

/// One page of contacts with a ticket that is closed or a list that they left, after `after`.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn contacts(
    session: &impl Session,
    after: ContactId,
    limit: u32,
) -> Result<Vec<PersonRow>, StoreError> {
    let sql = format!(
        "{} WHERE contact.id > $1 AND (EXISTS (SELECT 1 FROM ticket WHERE ticket.contact_id = contact.id AND ticket.state = 'closed') \
         OR EXISTS (SELECT 1 FROM subscription WHERE subscription.contact_id = contact.id AND subscription.state = 'unsubscribed')) \
         ORDER BY contact.id LIMIT $2",
        facts_sql(true)
    );
    let rows = query_all(session, &sql, [after.0.into(), i64::from(limit).into()]).await?;
    rows.iter().map(|row| read(row, true)).collect()
}

/// One page of addresses that no contact has and that have a closed ticket, after `after`.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn strangers(
    session: &impl Session,
    after: AddressId,
    limit: u32,
) -> Result<Vec<PersonRow>, StoreError> {
    let sql = format!(
        "{} WHERE address.id > $1 AND address.erased_at IS NULL \
         AND NOT EXISTS (SELECT 1 FROM contact_address WHERE contact_address.address_id = address.id) \
         AND EXISTS (SELECT 1 FROM ticket WHERE ticket.contact_id IS NULL AND ticket.address_id = address.id AND ticket.state = 'closed') \
         ORDER BY address.id LIMIT $2",
        facts_sql(false)
    );
    let rows = query_all(session, &sql, [after.0.into(), i64::from(limit).into()]).await?;
    rows.iter().map(|row| read(row, false)).collect()
}

/// One person as they stand in this transaction, with what a ticket about them needs.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn person(
    transaction: &Transaction,
    person: Person,
) -> Result<Option<PersonRow>, StoreError> {
    let (of_contact, id) = match person {
        Person::Contact(id) => (true, id.0),
        Person::Address(id) => (false, id.0),
    };
    // Two looks at once meet at this row.
    if transaction.dialect() == Dialect::Postgres {
        let table = if of_contact { "contact" } else { "address" };
        let sql = format!("SELECT id FROM {table} WHERE id = $1 FOR UPDATE");
        query_optional(transaction, &sql, [id.into()]).await?;
    }
    let table = if of_contact { "contact" } else { "address" };
    let sql = format!("{} WHERE {table}.id = $1", facts_sql(of_contact));
    let Some(row) = query_optional(transaction, &sql, [id.into()]).await? else { return Ok(None) };
    let mut found = read(&row, of_contact)?;
    if let Some(ticket) = found.last_ticket
        && let Some(ticket) = crate::tickets::by_id(transaction, ticket).await?
    {
        found.locale = Some(ticket.locale);
        found.address = found.address.or(ticket.address);
    }
    if found.address.is_none() {
        let sql = "SELECT MIN(address_id) AS id FROM contact_address WHERE contact_id = $1";
        let row = query_one(transaction, sql, [id.into()]).await?;
        found.address = row.get::<Option<i64>>("contact_address", "id")?.map(AddressId);
    }
    Ok(Some(found))
}

/// The topic of a ticket on which people of our own work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// A breach.
    Incident,
    /// A purpose that was achieved.
    Retention,
}

impl Topic {
    /// The word of the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Incident => "incident",
            Self::Retention => "retention",
        }
    }
}

/// Says what a new ticket in the lane `ordinary` is about.
///
/// # Errors
/// [`StoreError::Conflict`] when it is in another lane.
pub async fn set_topic(
    transaction: &Transaction,
    ticket: TicketId,
    topic: Topic,
) -> Result<(), StoreError> {
    let sql = "UPDATE ticket SET topic = $2 WHERE id = $1 AND lane = 'ordinary' AND topic = ''";
    change_one(transaction, "ticket", sql, [ticket.0.into(), topic.name().into()]).await
}
