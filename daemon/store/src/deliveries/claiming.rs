//! A node takes due rows to send them, and the facts that the gate asks for.
//!
//! Called by dispatch inside one short transaction: the stop counter is read first, then rows are
//! claimed, then the facts are read, so that a stop is either seen here or moves the counter.

use std::{collections::HashMap, time::Duration};

use domain::{
    Timestamp,
    address::EmailAddress,
    block::Scope,
    delivery::{Class, Occasion, Resent},
    digest::Digest,
    gate::{Suppressed, SuppressionReason},
    ids::{AddressId, ContactId, DeliveryId, TicketId, VaultKeyId},
    language::Locale,
};
use sea_orm::Value;

use crate::{
    blocks,
    connect::Dialect,
    deliveries::misfits::{self, Misfit},
    error::StoreError,
    leases::clock,
    row::Row,
    session::{Session, Transaction, placeholders, query_all, query_one, query_optional},
};

/// A claimed row with everything that its mail is made of.
#[derive(Debug, Clone)]
pub struct ClaimedDelivery {
    /// Its id.
    pub id: DeliveryId,
    /// Its class.
    pub class: Class,
    /// What it is.
    pub occasion: Occasion,
    /// The ticket it belongs to.
    pub ticket: Option<TicketId>,
    /// The recipient's row.
    pub address: AddressId,
    /// The recipient in clear, for the wire.
    pub recipient: EmailAddress,
    /// Our Message-ID, without angle brackets.
    pub mail_id: String,
    /// The sealed content; none once its key was destroyed.
    pub content: Option<Vec<u8>>,
    /// The key it is sealed under.
    pub vault_key: Option<VaultKeyId>,
    /// The language of the ticket.
    pub locale: Option<Locale>,
    /// The attempt that this claim is for, from 1.
    pub attempt: u32,
    /// When it was planned: the Date of every attempt.
    pub planned_at: Timestamp,
    /// After this instant it is rejected as expired.
    pub expires_at: Timestamp,
    /// Whether it went out a second time after an uncertain attempt.
    pub resent: Resent,
}

/// Which process claims.
#[derive(Debug, Clone, Copy)]
pub struct Claimant<'a> {
    /// The node's name.
    pub node: &'a str,
    /// Its epoch in the wire journal.
    pub epoch: &'a str,
}

const DUE: &str = "state IN ('planned', 'deferred') AND next_try_at <= $1";

/// Whether anything is due.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn is_any_due(session: &impl Session, now: Timestamp) -> Result<bool, StoreError> {
    let sql =
        format!("SELECT COUNT(*) AS n FROM (SELECT id FROM delivery WHERE {DUE} LIMIT 1) AS due");
    let n: i64 =
        query_one(session, &sql, [now.as_microsecond().into()]).await?.get("delivery", "n")?;
    Ok(n > 0)
}

/// When the next row becomes due, if one waits.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn next_due_at(session: &impl Session) -> Result<Option<Timestamp>, StoreError> {
    let sql = "SELECT MIN(next_try_at) AS at FROM delivery WHERE state IN ('planned', 'deferred')";
    query_one(session, sql, []).await?.instant_option("delivery", "at")
}

/// Claims up to `limit` due rows, most urgent first, for `lease`; none when the claimant is
/// retired, replaced or without a lease. A row that does not fit is put aside with an alarm.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn claim(
    transaction: &Transaction,
    claimant: Claimant<'_>,
    limit: u32,
    lease: Duration,
    now: Timestamp,
) -> Result<Vec<ClaimedDelivery>, StoreError> {
    if !may_claim(transaction, claimant, now).await? {
        return Ok(Vec::new());
    }
    let dialect = transaction.dialect();
    let chosen =
        format!("SELECT id FROM delivery WHERE {DUE} ORDER BY rank, next_try_at, id LIMIT $2");
    let chosen = match dialect {
        Dialect::Sqlite => format!("id IN ({chosen})"),
        // As an array the choice is made once; with IN the planner walks all finished rows.
        Dialect::Postgres => format!("id = ANY(ARRAY({chosen} FOR UPDATE SKIP LOCKED))"),
    };
    let until = format!("{} + $5", clock(dialect, now));
    let sql = format!(
        "UPDATE delivery SET state = 'claimed', attempt = attempt + 1, node = $3, epoch = $4, \
         leased_until_at = {until} WHERE {chosen} AND state IN ('planned', 'deferred') RETURNING id"
    );
    let micros = i64::try_from(lease.as_micros()).unwrap_or(i64::MAX / 4);
    let values = [
        now.as_microsecond().into(),
        i64::from(limit).into(),
        claimant.node.into(),
        claimant.epoch.into(),
        micros.into(),
    ];
    let rows = query_all(transaction, &sql, values).await?;
    let ids = rows.iter().map(|row| row.get("delivery", "id")).collect::<Result<Vec<i64>, _>>()?;
    claimed(transaction, &ids, now).await
}

/// Whether the node's row allows a claim. On PostgreSQL the row is held until the claim is
/// committed, so that whoever retires the node finds what it claimed.
async fn may_claim(
    transaction: &Transaction,
    claimant: Claimant<'_>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let dialect = transaction.dialect();
    let held = match dialect {
        // The one writer holds everything.
        Dialect::Sqlite => "",
        Dialect::Postgres => "FOR SHARE",
    };
    let sql = format!(
        "SELECT id FROM node WHERE name = $1 AND epoch = $2 AND retired_at IS NULL \
         AND leased_until_at > {} {held}",
        clock(dialect, now)
    );
    let values = [claimant.node.into(), claimant.epoch.into()];
    Ok(query_optional(transaction, &sql, values).await?.is_some())
}

async fn claimed(
    transaction: &Transaction,
    ids: &[i64],
    now: Timestamp,
) -> Result<Vec<ClaimedDelivery>, StoreError> {
    let sql = format!(
        "SELECT d.id, d.class, d.purpose_of_mail, d.ticket_id, d.address_id, a.email, d.mail_id, d.content, \
         d.vault_key_id, t.locale, d.attempt, d.planned_at, d.expires_at, d.resent \
         FROM delivery d LEFT JOIN address a ON a.id = d.address_id LEFT JOIN ticket t ON t.id = d.ticket_id \
         WHERE d.id IN ({}) ORDER BY d.rank, d.next_try_at, d.id",
        placeholders(1, ids.len())
    );
    let rows = query_all(transaction, &sql, ids.iter().map(|id| Value::from(*id))).await?;
    let mut fitting = Vec::with_capacity(rows.len());
    for row in &rows {
        match read(row) {
            Ok(delivery) => fitting.push(delivery),
            Err(error) => misfits::park(transaction, &Misfit::of(row, error)?, now).await?,
        }
    }
    misfits::fit(transaction, fitting.iter().map(|delivery| delivery.id), now).await?;
    Ok(fitting)
}

/// The sealed content of a mail as it stands now.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn content_of(
    session: &impl Session,
    delivery: DeliveryId,
) -> Result<Option<Vec<u8>>, StoreError> {
    let sql = "SELECT id, content FROM delivery WHERE id = $1";
    match query_optional(session, sql, [delivery.0.into()]).await? {
        Some(row) => row.get("delivery", "content"),
        None => Ok(None),
    }
}

fn read(row: &Row) -> Result<ClaimedDelivery, StoreError> {
    Ok(ClaimedDelivery {
        id: DeliveryId(row.get("delivery", "id")?),
        class: row.parsed("delivery", "class", Class::from_name)?,
        occasion: row.parsed("delivery", "purpose_of_mail", Occasion::from_name)?,
        ticket: row.get::<Option<i64>>("delivery", "ticket_id")?.map(TicketId),
        address: AddressId(row.get("delivery", "address_id")?),
        recipient: row.parsed("delivery", "email", |text| EmailAddress::parse(text).ok())?,
        mail_id: row.get("delivery", "mail_id")?,
        content: row.get("delivery", "content")?,
        vault_key: row
            .parsed_option("delivery", "vault_key_id", |text| VaultKeyId::parse(text).ok())?,
        locale: row.parsed_option("delivery", "locale", Locale::from_code)?,
        attempt: attempt(row)?,
        planned_at: row.instant("delivery", "planned_at")?,
        expires_at: row.instant("delivery", "expires_at")?,
        resent: resent(row)?,
    })
}

pub(super) fn attempt(row: &Row) -> Result<u32, StoreError> {
    let attempt: i64 = row.get("delivery", "attempt")?;
    u32::try_from(attempt).map_err(|_| row.misfit("delivery", "attempt"))
}

pub(super) fn resent(row: &Row) -> Result<Resent, StoreError> {
    match row.get::<i64>("delivery", "resent")? {
        0 => Ok(Resent::Never),
        1 => Ok(Resent::Once),
        _ => Err(row.misfit("delivery", "resent")),
    }
}

/// A recipient whose standing is asked: the stop key digested under every key there is.
#[derive(Debug, Clone)]
pub struct Recipient {
    /// The address.
    pub address: AddressId,
    /// Digests of its stop key, under all keys.
    pub stop_digests: Vec<Digest>,
}

/// What holds for a recipient.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// Scopes of the active blocks of the address or of a contact that has it.
    pub blocks: Vec<Scope>,
    /// The active suppressions of the address.
    pub suppressions: Vec<Suppressed>,
}

/// What holds for each recipient, in three queries for all of them.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn standings(
    session: &impl Session,
    recipients: &[Recipient],
    now: Timestamp,
) -> Result<HashMap<AddressId, Standing>, StoreError> {
    let digests: Vec<Digest> =
        recipients.iter().flat_map(|recipient| recipient.stop_digests.iter().copied()).collect();
    let people = contacts_of(session, recipients).await?;
    let all_people: Vec<ContactId> = people.iter().map(|(_, contact)| *contact).collect();
    let blocks = blocks::active_for(session, &digests, &all_people).await?;
    let suppressions = suppressions_of(session, &digests, now).await?;
    let mut standings: HashMap<AddressId, Standing> = HashMap::with_capacity(recipients.len());
    for recipient in recipients {
        let theirs =
            |digest: &Digest| recipient.stop_digests.iter().any(|own| own.bytes == digest.bytes);
        let has = |contact: ContactId| people.contains(&(recipient.address, contact));
        let standing = standings.entry(recipient.address).or_default();
        standing.blocks = blocks
            .iter()
            .filter(|block| {
                block.stop_digest.as_ref().is_some_and(theirs) || block.contact.is_some_and(has)
            })
            .map(|block| block.scope.clone())
            .collect();
        standing.suppressions = suppressions
            .iter()
            .filter(|(digest, _)| recipient.stop_digests.iter().any(|own| own.bytes == *digest))
            .map(|(_, suppressed)| *suppressed)
            .collect();
    }
    Ok(standings)
}

async fn contacts_of(
    session: &impl Session,
    recipients: &[Recipient],
) -> Result<Vec<(AddressId, ContactId)>, StoreError> {
    let sql = format!(
        "SELECT address_id, contact_id FROM contact_address WHERE address_id IN ({})",
        placeholders(1, recipients.len())
    );
    let values = recipients.iter().map(|recipient| Value::from(recipient.address.0));
    let rows = query_all(session, &sql, values).await?;
    rows.iter()
        .map(|row| {
            Ok((
                AddressId(row.get("contact_address", "address_id")?),
                ContactId(row.get("contact_address", "contact_id")?),
            ))
        })
        .collect()
}

async fn suppressions_of(
    session: &impl Session,
    digests: &[Digest],
    now: Timestamp,
) -> Result<Vec<([u8; 32], Suppressed)>, StoreError> {
    let sql = format!(
        "SELECT id, digest_key, stop_digest, reason, since_at FROM suppression WHERE lifted_at IS NULL \
         AND (until_at IS NULL OR until_at > $1) AND stop_digest IN ({})",
        placeholders(2, digests.len())
    );
    let values = std::iter::once(Value::from(now.as_microsecond()))
        .chain(digests.iter().map(|digest| Value::from(digest.bytes.to_vec())));
    let rows = query_all(session, &sql, values).await?;
    rows.iter()
        .map(|row| {
            let digest = row.digest("suppression", "digest_key", "stop_digest")?;
            let reason = row.parsed("suppression", "reason", SuppressionReason::from_name)?;
            let since_at = row.instant("suppression", "since_at")?;
            Ok((digest.bytes, Suppressed { reason, since_at }))
        })
        .collect()
}
