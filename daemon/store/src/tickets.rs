//! Tickets: opened, joined, found by number, thread or address, listed by key.

use domain::{
    Timestamp,
    digest::Digest,
    ids::{AddressId, ContactId, PolicyId, TicketId, VaultKeyId},
    language::Locale,
    ticket::{Lane, TicketState},
};

use crate::{
    error::StoreError,
    row::Row,
    session::{
        Session, Transaction, change_one, placeholders, query_all, query_one, query_optional,
    },
};

/// A ticket as it stands.
#[derive(Debug, Clone)]
pub struct TicketRow {
    /// Its id.
    pub id: TicketId,
    /// The number that people quote.
    pub number: String,
    /// Digest of the status code.
    pub status_code: Digest,
    /// Where it stands.
    pub state: TicketState,
    /// Who works on it.
    pub lane: Lane,
    /// Whom it is with.
    pub address: Option<AddressId>,
    /// The contact, if exactly one has the address.
    pub contact: Option<ContactId>,
    /// The language we answer in.
    pub locale: Locale,
    /// Why a person must look: words separated by spaces.
    pub review: String,
    /// A ticket that may be the same matter.
    pub linked: Option<TicketId>,
    /// Receipt of the first submission.
    pub opened_at: Timestamp,
    /// Receipt of the last submission.
    pub last_word_at: Timestamp,
    /// What is special about what was written: words separated by spaces.
    pub special: String,
    /// The policy in force when it was opened.
    pub policy: Option<PolicyId>,
    /// The key of what people of ours write about this matter, while no contact is known.
    pub vault_key: Option<VaultKeyId>,
}

/// The lane `policy` is written as `ordinary` with a topic: the column of older versions knows no
/// other word.
const COLUMNS: &str = "id, number, digest_key, status_code_digest, state, \
                       CASE WHEN lane = 'ordinary' AND topic = 'policy' THEN 'policy' ELSE lane END AS lane, \
                       CASE WHEN EXISTS (SELECT 1 FROM address WHERE address.id = ticket.address_id \
                       AND address.erased_at IS NOT NULL) THEN NULL ELSE address_id END AS address_id, \
                       contact_id, locale, review, linked_ticket_id, opened_at, last_word_at, closed_at, \
                       special, policy_id, vault_key_id";

/// A lane as its two columns.
fn lane_and_topic(lane: Lane) -> (&'static str, &'static str) {
    match lane {
        Lane::Policy => (Lane::Ordinary.name(), "policy"),
        Lane::Privacy | Lane::Authority | Lane::Ordinary | Lane::Unreadable => (lane.name(), ""),
    }
}

fn read(row: &Row) -> Result<TicketRow, StoreError> {
    let last_word_at = row.instant("ticket", "last_word_at")?;
    let closed_at = row.instant_option("ticket", "closed_at")?;
    let state = row.parsed("ticket", "state", |word| match (word, closed_at) {
        ("open", None) => Some(TicketState::Open),
        ("waiting", None) => Some(TicketState::Waiting { since_at: last_word_at }),
        ("closed", Some(at)) => Some(TicketState::Closed { at }),
        _ => None,
    })?;
    Ok(TicketRow {
        id: TicketId(row.get("ticket", "id")?),
        number: row.get("ticket", "number")?,
        status_code: row.digest("ticket", "digest_key", "status_code_digest")?,
        state,
        lane: row.parsed("ticket", "lane", Lane::from_name)?,
        address: row.get::<Option<i64>>("ticket", "address_id")?.map(AddressId),
        contact: row.get::<Option<i64>>("ticket", "contact_id")?.map(ContactId),
        locale: row.parsed("ticket", "locale", Locale::from_code)?,
        review: row.get("ticket", "review")?,
        linked: row.get::<Option<i64>>("ticket", "linked_ticket_id")?.map(TicketId),
        opened_at: row.instant("ticket", "opened_at")?,
        last_word_at,
        special: row.get("ticket", "special")?,
        policy: row.get::<Option<i64>>("ticket", "policy_id")?.map(PolicyId),
        vault_key: row
            .parsed_option("ticket", "vault_key_id", |text| VaultKeyId::parse(text).ok())?,
    })
}

/// A ticket to be opened.
#[derive(Debug, Clone)]
pub struct NewTicket<'a> {
    /// A fresh number.
    pub number: &'a str,
    /// Digest of the status code.
    pub status_code: Digest,
    /// Who works on it.
    pub lane: Lane,
    /// Whom it is with.
    pub address: Option<AddressId>,
    /// The contact, if exactly one has the address.
    pub contact: Option<ContactId>,
    /// The language we answer in.
    pub locale: Locale,
    /// Why a person must look.
    pub review: &'a str,
    /// A ticket that may be the same matter.
    pub linked: Option<TicketId>,
    /// Receipt of the submission.
    pub opened_at: Timestamp,
    /// What is special about what was written.
    pub special: &'a str,
    /// The policy in force.
    pub policy: Option<PolicyId>,
}

/// Opens a ticket.
///
/// # Errors
/// [`StoreError::Duplicate`] when the number is taken: draw another.
pub async fn open(
    transaction: &Transaction,
    ticket: &NewTicket<'_>,
) -> Result<TicketId, StoreError> {
    let sql = "INSERT INTO ticket (number, digest_key, status_code_digest, state, lane, address_id, contact_id, \
               locale, review, linked_ticket_id, opened_at, last_word_at, topic, special, policy_id) \
               VALUES ($1, $2, $3, 'open', $4, $5, $6, $7, $8, $9, $10, $10, $11, $12, $13) RETURNING id";
    let (lane, topic) = lane_and_topic(ticket.lane);
    let values = [
        ticket.number.into(),
        i64::from(ticket.status_code.key.0).into(),
        ticket.status_code.bytes.to_vec().into(),
        lane.into(),
        ticket.address.map(|id| id.0).into(),
        ticket.contact.map(|id| id.0).into(),
        ticket.locale.code().into(),
        ticket.review.into(),
        ticket.linked.map(|id| id.0).into(),
        ticket.opened_at.as_microsecond().into(),
        topic.into(),
        ticket.special.into(),
        ticket.policy.map(|id| id.0).into(),
    ];
    Ok(TicketId(query_one(transaction, sql, values).await?.get("ticket", "id")?))
}

/// The person said another word: the ticket is open (again), the lane never falls back to
/// ordinary, and the reasons for review are added.
///
/// # Errors
/// [`StoreError::Conflict`] when the ticket is gone.
pub async fn hear(
    transaction: &Transaction,
    ticket: &TicketRow,
    lane: Lane,
    review: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    let lane = match (ticket.lane, lane) {
        (held, Lane::Ordinary | Lane::Unreadable) => held,
        (Lane::Authority, Lane::Privacy | Lane::Policy) => Lane::Authority,
        (Lane::Privacy, Lane::Policy) => Lane::Privacy,
        (_, lane @ (Lane::Privacy | Lane::Authority | Lane::Policy)) => lane,
    };
    let (lane, topic) = lane_and_topic(lane);
    let mut words: Vec<&str> = ticket.review.split(' ').filter(|word| !word.is_empty()).collect();
    for word in review.split(' ').filter(|word| !word.is_empty()) {
        if !words.contains(&word) {
            words.push(word);
        }
    }
    let last_word_at = at.max(ticket.last_word_at);
    // What people of ours work on (a breach, what is over) stays that, whoever writes into it.
    let sql = "UPDATE ticket SET state = 'open', closed_at = NULL, lane = $2, review = $3, last_word_at = $4, \
               topic = CASE WHEN topic IN ('incident', 'retention') THEN topic ELSE $6 END WHERE id = $1 AND state = $5";
    let values = [
        ticket.id.0.into(),
        lane.into(),
        words.join(" ").into(),
        last_word_at.as_microsecond().into(),
        ticket.state.name().into(),
        topic.into(),
    ];
    change_one(transaction, "ticket", sql, values).await
}

/// Writes down what is special about what was written.
///
/// # Errors
/// [`StoreError::Conflict`] when it is no longer what was read.
pub async fn set_special(
    transaction: &Transaction,
    ticket: &TicketRow,
    words: &str,
) -> Result<(), StoreError> {
    let sql = "UPDATE ticket SET special = $3 WHERE id = $1 AND special = $2";
    let values = [ticket.id.0.into(), ticket.special.as_str().into(), words.into()];
    change_one(transaction, "ticket", sql, values).await
}

/// Adds a word to the reasons for which a person must look.
///
/// # Errors
/// [`StoreError::Conflict`] when the reasons are no longer those that were read.
pub async fn add_review(
    transaction: &Transaction,
    ticket: &TicketRow,
    word: &str,
) -> Result<(), StoreError> {
    if ticket.review.split(' ').any(|held| held == word) {
        return Ok(());
    }
    let review = format!("{} {word}", ticket.review);
    let sql = "UPDATE ticket SET review = $3 WHERE id = $1 AND review = $2";
    let values =
        [ticket.id.0.into(), ticket.review.as_str().into(), review.trim().to_owned().into()];
    change_one(transaction, "ticket", sql, values).await
}

/// The ticket with this number.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn by_number(
    session: &impl Session,
    number: &str,
) -> Result<Option<TicketRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM ticket WHERE number = $1");
    query_optional(session, &sql, [number.into()]).await?.as_ref().map(read).transpose()
}

/// Tickets of an address, newest first, at most 50.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn of_address(
    session: &impl Session,
    address: AddressId,
) -> Result<Vec<TicketRow>, StoreError> {
    let sql =
        format!("SELECT {COLUMNS} FROM ticket WHERE address_id = $1 ORDER BY id DESC LIMIT 50");
    query_all(session, &sql, [address.0.into()]).await?.iter().map(read).collect()
}

/// Tickets in which one of these Message-IDs stands, as a mail received or sent.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn by_mail_ids(
    session: &impl Session,
    mail_ids: &[Digest],
) -> Result<Vec<TicketRow>, StoreError> {
    if mail_ids.is_empty() {
        return Ok(Vec::new());
    }
    let list = placeholders(1, mail_ids.len());
    let sql = format!(
        "SELECT {COLUMNS} FROM ticket WHERE id IN ( \
           SELECT ticket_id FROM submission WHERE mail_id_digest IN ({list}) \
           UNION SELECT ticket_id FROM delivery WHERE campaign_id IS NULL AND mail_id_digest IN ({list})) \
         ORDER BY id DESC"
    );
    let values = mail_ids.iter().map(|digest| digest.bytes.to_vec().into());
    query_all(session, &sql, values).await?.iter().map(read).collect()
}

/// One page of tickets, newest first, below `before`.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn page(
    session: &impl Session,
    before: Option<TicketId>,
    limit: u32,
) -> Result<Vec<TicketRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM ticket WHERE id < $1 ORDER BY id DESC LIMIT $2");
    let values = [before.map_or(i64::MAX, |id| id.0).into(), i64::from(limit).into()];
    query_all(session, &sql, values).await?.iter().map(read).collect()
}

/// One page of the tickets of a lane, newest first, below `before`.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn page_of_lane(
    session: &impl Session,
    lane: Lane,
    before: Option<TicketId>,
    limit: u32,
) -> Result<Vec<TicketRow>, StoreError> {
    let (column, topic) = lane_and_topic(lane);
    let of_policy = if topic.is_empty() { "topic <> 'policy'" } else { "topic = 'policy'" };
    let sql = format!(
        "SELECT {COLUMNS} FROM ticket WHERE id < $1 AND lane = $3 AND {of_policy} ORDER BY id DESC LIMIT $2"
    );
    let before = before.map_or(i64::MAX, |id| id.0);
    let values = [before.into(), i64::from(limit).into(), column.into()];
    query_all(session, &sql, values).await?.iter().map(read).collect()
}

/// How many tickets stand in each state, as (state, number).
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn counts(session: &impl Session) -> Result<Vec<(String, i64)>, StoreError> {
    let sql = "SELECT state, COUNT(*) AS n FROM ticket GROUP BY state ORDER BY state";
    let rows = query_all(session, sql, []).await?;
    rows.iter().map(|row| Ok((row.get("ticket", "state")?, row.get("ticket", "n")?))).collect()
}

/// The ticket with this id.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn by_id(session: &impl Session, id: TicketId) -> Result<Option<TicketRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM ticket WHERE id = $1");
    query_optional(session, &sql, [id.0.into()]).await?.as_ref().map(read).transpose()
}

/// Gives a ticket a new status code: nobody was ever told the one it has.
///
/// # Errors
/// [`StoreError::Conflict`] when it has another one by now.
pub async fn renew_status_code(
    transaction: &Transaction,
    ticket: &TicketRow,
    status_code: Digest,
) -> Result<(), StoreError> {
    let sql = "UPDATE ticket SET digest_key = $3, status_code_digest = $4 \
               WHERE id = $1 AND status_code_digest = $2";
    let values = [
        ticket.id.0.into(),
        ticket.status_code.bytes.to_vec().into(),
        i64::from(status_code.key.0).into(),
        status_code.bytes.to_vec().into(),
    ];
    change_one(transaction, "ticket", sql, values).await
}

/// Gives a matter its key, unless it has one; returns the one it has.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn give_key(
    transaction: &Transaction,
    ticket: TicketId,
    fresh: VaultKeyId,
) -> Result<VaultKeyId, StoreError> {
    let sql = "UPDATE ticket SET vault_key_id = COALESCE(vault_key_id, $2) WHERE id = $1 \
               AND (vault_key_id IS NOT NULL OR NOT EXISTS (SELECT 1 FROM request \
               JOIN plan ON plan.request_id = request.id AND plan.state = 'closed' \
               WHERE request.ticket_id = ticket.id)) RETURNING id, vault_key_id";
    let values = [ticket.0.into(), fresh.to_string().into()];
    let row = query_optional(transaction, sql, values).await?;
    let row = row.ok_or(StoreError::Conflict { what: "ticket" })?;
    row.parsed("ticket", "vault_key_id", |text| VaultKeyId::parse(text).ok())
}

/// Changes the state of a ticket that is still in `from`.
///
/// # Errors
/// [`StoreError::Conflict`] when it is not.
pub async fn change_state(
    transaction: &Transaction,
    ticket: TicketId,
    from: TicketState,
    to: TicketState,
) -> Result<(), StoreError> {
    let closed_at = match to {
        TicketState::Closed { at } => Some(at.as_microsecond()),
        TicketState::Open | TicketState::Waiting { .. } => None,
    };
    let sql = "UPDATE ticket SET state = $3, closed_at = $4 WHERE id = $1 AND state = $2";
    let values = [ticket.0.into(), from.name().into(), to.name().into(), closed_at.into()];
    change_one(transaction, "ticket", sql, values).await
}
