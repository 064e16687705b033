//! The nightly look at what is kept: who has no purpose left, what is over, what was done.
//!
//! Called by `cases` alone. Whatever a legal hold covers, or a destruction that stands, is in no
//! answer; what is pruned is pruned by one statement, or first as a file and then in its row.

use domain::{
    Timestamp,
    ids::{AddressId, ContactId, ObjectId, SubmissionId, TicketId, VaultKeyId},
    language::Locale,
    retention::PersonFacts,
};

use crate::{
    connect::Dialect,
    error::StoreError,
    row::Row,
    session::{Session, Transaction, change_one, execute, query_all, query_one, query_optional},
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

/// A file in the vault that is over.
#[derive(Debug, Clone, Copy)]
pub struct OldFile {
    /// The submission that it is of.
    pub submission: SubmissionId,
    /// The file.
    pub object: ObjectId,
    /// The key of a mail of which no ticket came; it is destroyed with the file.
    pub vault_key: Option<VaultKeyId>,
}

fn read_file(row: &Row) -> Result<OldFile, StoreError> {
    let object = row.parsed("submission", "object_id", |text| ObjectId::parse(text).ok())?;
    let key =
        row.parsed_option("submission", "vault_key_id", |text| VaultKeyId::parse(text).ok())?;
    Ok(OldFile { submission: SubmissionId(row.get("submission", "id")?), object, vault_key: key })
}

const OLD_RAW: &str = "submission.object_id IS NOT NULL AND submission.channel = 'message' \
     AND submission.received_at < $1 AND ticket.state = 'closed'";

/// Original mails of closed tickets that came before an instant, after `after`.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn raw_mail(
    session: &impl Session,
    before: Timestamp,
    after: SubmissionId,
    limit: u32,
) -> Result<Vec<OldFile>, StoreError> {
    let sql = format!(
        "SELECT submission.id, submission.object_id, submission.vault_key_id FROM submission \
         JOIN ticket ON ticket.id = submission.ticket_id \
         WHERE submission.id > $2 AND {OLD_RAW} AND NOT {HELD} ORDER BY submission.id LIMIT $3"
    );
    let values = [before.as_microsecond().into(), after.0.into(), i64::from(limit).into()];
    query_all(session, &sql, values).await?.iter().map(read_file).collect()
}

/// Whether the original of a submission may still be destroyed: its ticket is closed and nothing
/// holds it.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn is_still_over(
    session: &impl Session,
    file: &OldFile,
    before: Timestamp,
) -> Result<bool, StoreError> {
    let sql = format!(
        "SELECT submission.id FROM submission JOIN ticket ON ticket.id = submission.ticket_id \
         WHERE submission.id = $2 AND {OLD_RAW} AND NOT {HELD}"
    );
    let values = [before.as_microsecond().into(), file.submission.0.into()];
    Ok(query_optional(session, &sql, values).await?.is_some())
}

/// The file of a submission is gone.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn forget_raw(transaction: &Transaction, file: &OldFile) -> Result<bool, StoreError> {
    let object = file.object.to_string();
    let sql = "UPDATE submission SET object_id = NULL WHERE id = $1 AND object_id = $2";
    let changed =
        execute(transaction, sql, [file.submission.0.into(), object.as_str().into()]).await?;
    let sql = "UPDATE message SET object_id = NULL WHERE submission_id = $1 AND object_id = $2";
    execute(transaction, sql, [file.submission.0.into(), object.into()]).await?;
    Ok(changed == 1)
}

/// Mails of which no ticket came, received before an instant, after `after`.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn noted_mail(
    session: &impl Session,
    before: Timestamp,
    after: SubmissionId,
    limit: u32,
) -> Result<Vec<OldFile>, StoreError> {
    let sql = "SELECT id, object_id, vault_key_id FROM submission WHERE id > $2 AND ticket_id IS NULL \
               AND channel = 'message' AND object_id IS NOT NULL AND received_at < $1 AND unkeyed = 0 \
               AND NOT EXISTS (SELECT 1 FROM contact WHERE contact.vault_key_id = submission.vault_key_id) \
               ORDER BY id LIMIT $3";
    let values = [before.as_microsecond().into(), after.0.into(), i64::from(limit).into()];
    query_all(session, sql, values).await?.iter().map(read_file).collect()
}

/// File, text and key of a mail without a ticket are gone; that there was one stays.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn forget_noted(transaction: &Transaction, file: &OldFile) -> Result<bool, StoreError> {
    let object = file.object.to_string();
    let sql = "UPDATE submission SET object_id = NULL, content = NULL, vault_key_id = NULL \
               WHERE id = $1 AND object_id = $2 AND ticket_id IS NULL";
    let changed =
        execute(transaction, sql, [file.submission.0.into(), object.as_str().into()]).await?;
    let sql = "UPDATE message SET object_id = NULL, vault_key_id = NULL \
               WHERE submission_id = $1 AND object_id = $2";
    execute(transaction, sql, [file.submission.0.into(), object.into()]).await?;
    Ok(changed == 1)
}

/// A condition on `delivery` that its letter is over.
fn old_letters() -> String {
    format!(
        "delivery.content IS NOT NULL AND delivery.settled_at < $1 \
         AND delivery.state IN ('accepted', 'rejected', 'withheld') \
         AND EXISTS (SELECT 1 FROM ticket WHERE ticket.id = delivery.ticket_id AND ticket.state = 'closed' AND NOT {HELD})"
    )
}

/// What is emptied by one statement each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Emptied {
    /// Texts of our letters in closed tickets.
    Letters,
    /// What mail servers replied.
    DeliveryStatus,
    /// Network address and browser of confirmed subscriptions.
    WebEvidence,
}

impl Emptied {
    /// Table, condition with `$1` for the instant, and what is set.
    fn parts(self) -> (&'static str, String, &'static str) {
        match self {
            Self::Letters => ("delivery", old_letters(), "content = NULL"),
            Self::DeliveryStatus => (
                "delivery",
                "delivery.reply_text IS NOT NULL AND delivery.settled_at < $1 \
                 AND delivery.state IN ('accepted', 'rejected', 'withheld')"
                    .to_owned(),
                "reply_text = NULL",
            ),
            Self::WebEvidence => (
                "opt_in",
                "opt_in.confirmed_at < $1 AND (opt_in.evidence <> '{}' OR opt_in.name <> '')"
                    .to_owned(),
                "evidence = '{}', name = ''",
            ),
        }
    }
}

/// How many there are to be emptied.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn to_empty(
    session: &impl Session,
    what: Emptied,
    before: Timestamp,
) -> Result<u64, StoreError> {
    let (table, condition, _) = what.parts();
    let sql = format!("SELECT COUNT(*) AS n FROM {table} WHERE {condition}");
    let row = query_one(session, &sql, [before.as_microsecond().into()]).await?;
    Ok(u64::try_from(row.get::<i64>(table, "n")?).unwrap_or(0))
}

/// Empties at most `limit` of them; returns how many.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn empty(
    transaction: &Transaction,
    what: Emptied,
    before: Timestamp,
    limit: u32,
) -> Result<u64, StoreError> {
    let (table, condition, set) = what.parts();
    let sql = format!(
        "UPDATE {table} SET {set} WHERE id IN (SELECT id FROM {table} WHERE {condition} ORDER BY id LIMIT $2)"
    );
    let values = [before.as_microsecond().into(), i64::from(limit).into()];
    let changed = execute(transaction, &sql, values).await?;
    if what == Emptied::DeliveryStatus && changed > 0 {
        let sql = "UPDATE delivery_attempt SET reply_text = NULL WHERE reply_text IS NOT NULL AND ended_at < $1 \
                   AND EXISTS (SELECT 1 FROM delivery WHERE delivery.id = delivery_attempt.delivery_id \
                   AND delivery.reply_text IS NULL)";
        execute(transaction, sql, [before.as_microsecond().into()]).await?;
    }
    Ok(changed)
}

/// One look of the past.
#[derive(Debug, Clone)]
pub struct RunRow {
    /// When.
    pub ran_at: Timestamp,
    /// What it did: JSON of numbers.
    pub counts: String,
}

/// The last look.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn last_run(session: &impl Session) -> Result<Option<RunRow>, StoreError> {
    let sql = "SELECT ran_at, counts FROM retention_run ORDER BY ran_at DESC, id DESC LIMIT 1";
    let row = query_optional(session, sql, []).await?;
    row.map(|row| {
        Ok(RunRow {
            ran_at: row.instant("retention_run", "ran_at")?,
            counts: row.get("retention_run", "counts")?,
        })
    })
    .transpose()
}

/// Notes what a look did.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn note_run(
    transaction: &Transaction,
    counts: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO retention_run (ran_at, counts) VALUES ($1, $2)";
    execute(transaction, sql, [now.as_microsecond().into(), counts.into()]).await?;
    Ok(())
}
