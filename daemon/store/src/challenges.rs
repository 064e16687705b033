//! Challenges: asked of the address on file, found by the digest of their link or by ticket.

use domain::{
    Timestamp,
    challenge::{Challenge, ChallengeState},
    digest::Digest,
    ids::{AddressId, ChallengeId, DeliveryId, RequestId, TicketId},
};

use crate::{
    error::StoreError,
    row::Row,
    session::{
        Session, Transaction, change_one, execute, placeholders, query_all, query_one,
        query_optional,
    },
};

/// A challenge as it stands.
#[derive(Debug, Clone)]
pub struct ChallengeRow {
    /// Its id.
    pub id: ChallengeId,
    /// The ticket it is asked for.
    pub ticket: TicketId,
    /// The address it was sent to.
    pub address: AddressId,
    /// The digest of the code to be typed.
    pub code: Digest,
    /// Its letter, if that was planned.
    pub delivery: Option<DeliveryId>,
    /// Where it stands.
    pub challenge: Challenge,
    /// When it was asked.
    pub asked_at: Timestamp,
    /// By whom; `filing` for the automatic one.
    pub asked_by: String,
    /// The newest request that there was when it was asked; zero when there was none.
    pub newest: RequestId,
    /// When it was settled.
    pub settled_at: Option<Timestamp>,
}

const COLUMNS: &str = "id, ticket_id, address_id, digest_key, code_digest, delivery_id, state, tries_left, \
                       asked_at, asked_by, newest_request, expires_at, settled_at";

fn read(row: &Row) -> Result<ChallengeRow, StoreError> {
    let tries: i64 = row.get("challenge", "tries_left")?;
    Ok(ChallengeRow {
        id: ChallengeId(row.get("challenge", "id")?),
        ticket: TicketId(row.get("challenge", "ticket_id")?),
        address: AddressId(row.get("challenge", "address_id")?),
        code: row.digest("challenge", "digest_key", "code_digest")?,
        delivery: row.get::<Option<i64>>("challenge", "delivery_id")?.map(DeliveryId),
        challenge: Challenge {
            state: row.parsed("challenge", "state", ChallengeState::from_name)?,
            tries_left: u32::try_from(tries).unwrap_or(0),
            expires_at: row.instant("challenge", "expires_at")?,
        },
        asked_at: row.instant("challenge", "asked_at")?,
        asked_by: row.get("challenge", "asked_by")?,
        newest: RequestId(row.get("challenge", "newest_request")?),
        settled_at: row.instant_option("challenge", "settled_at")?,
    })
}

/// A challenge to be asked.
#[derive(Debug, Clone)]
pub struct NewChallenge<'a> {
    /// The ticket.
    pub ticket: TicketId,
    /// The address on file.
    pub address: AddressId,
    /// The digest of the link's token.
    pub token: Digest,
    /// The digest of the code, under the same key.
    pub code: Digest,
    /// Where it stands at first.
    pub challenge: Challenge,
    /// By whom it is asked.
    pub asked_by: &'a str,
}

/// Writes a challenge down.
///
/// # Errors
/// [`StoreError::Duplicate`] while another one of the ticket is open: make that void first.
pub async fn ask(
    transaction: &Transaction,
    new: &NewChallenge<'_>,
    now: Timestamp,
) -> Result<ChallengeId, StoreError> {
    let sql = "INSERT INTO challenge (ticket_id, address_id, digest_key, token_digest, code_digest, state, \
               tries_left, asked_at, asked_by, expires_at, newest_request) \
               SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, COALESCE(MAX(id), 0) FROM request \
               WHERE ticket_id = $1 RETURNING id";
    let values = [
        new.ticket.0.into(),
        new.address.0.into(),
        i64::from(new.token.key.0).into(),
        new.token.bytes.to_vec().into(),
        new.code.bytes.to_vec().into(),
        new.challenge.state.name().into(),
        i64::from(new.challenge.tries_left).into(),
        now.as_microsecond().into(),
        new.asked_by.into(),
        new.challenge.expires_at.as_microsecond().into(),
    ];
    Ok(ChallengeId(query_one(transaction, sql, values).await?.get("challenge", "id")?))
}

/// Writes down which letter carries a challenge.
///
/// # Errors
/// [`StoreError::Conflict`] when it is gone.
pub async fn set_delivery(
    transaction: &Transaction,
    challenge: ChallengeId,
    delivery: DeliveryId,
) -> Result<(), StoreError> {
    let sql = "UPDATE challenge SET delivery_id = $2 WHERE id = $1";
    change_one(transaction, "challenge", sql, [challenge.0.into(), delivery.0.into()]).await
}

/// The challenge whose link has this token, given its digests under every key.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn by_token(
    session: &impl Session,
    digests: &[Digest],
) -> Result<Option<ChallengeRow>, StoreError> {
    let list = placeholders(1, digests.len());
    let sql = format!("SELECT {COLUMNS} FROM challenge WHERE token_digest IN ({list})");
    let values = digests.iter().map(|digest| digest.bytes.to_vec().into());
    query_optional(session, &sql, values).await?.as_ref().map(read).transpose()
}

/// The open challenge of a ticket, expired or not.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn open_of(
    session: &impl Session,
    ticket: TicketId,
) -> Result<Option<ChallengeRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM challenge WHERE ticket_id = $1 AND state = 'open'");
    query_optional(session, &sql, [ticket.0.into()]).await?.as_ref().map(read).transpose()
}

/// All challenges of a ticket, oldest first.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn of_ticket(
    session: &impl Session,
    ticket: TicketId,
) -> Result<Vec<ChallengeRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM challenge WHERE ticket_id = $1 ORDER BY id");
    query_all(session, &sql, [ticket.0.into()]).await?.iter().map(read).collect()
}

/// Challenges whose time ran out unanswered at `now`, and of which nobody was told.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn run_out(
    session: &impl Session,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<ChallengeRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM challenge WHERE state = 'open' AND expired_at IS NULL AND expires_at <= $1 \
         ORDER BY expires_at, id LIMIT $2"
    );
    let values = [now.as_microsecond().into(), i64::from(limit).into()];
    query_all(session, &sql, values).await?.iter().map(read).collect()
}

/// Notes that a challenge ran out unanswered; false when it was settled, or noted before.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn note_expired(
    transaction: &Transaction,
    challenge: ChallengeId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let sql = "UPDATE challenge SET expired_at = $2 \
               WHERE id = $1 AND state = 'open' AND expired_at IS NULL AND expires_at <= $2";
    let values = [challenge.0.into(), now.as_microsecond().into()];
    Ok(execute(transaction, sql, values).await? == 1)
}

/// How many challenges this address got after `since`.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn asked_since(
    session: &impl Session,
    address: AddressId,
    since: Timestamp,
) -> Result<i64, StoreError> {
    let sql = "SELECT COUNT(*) AS n FROM challenge WHERE address_id = $1 AND asked_at > $2";
    let values = [address.0.into(), since.as_microsecond().into()];
    query_one(session, sql, values).await?.get("challenge", "n")
}

/// Takes a challenge from `from` to `to`, as the machine decided.
///
/// # Errors
/// [`StoreError::Conflict`] when somebody else was first.
pub async fn change(
    transaction: &Transaction,
    challenge: ChallengeId,
    from: &Challenge,
    to: &Challenge,
    now: Timestamp,
) -> Result<(), StoreError> {
    let settled_at = (to.state != ChallengeState::Open).then_some(now.as_microsecond());
    let sql = "UPDATE challenge SET state = $4, tries_left = $5, settled_at = $6 \
               WHERE id = $1 AND state = $2 AND tries_left = $3";
    let values = [
        challenge.0.into(),
        from.state.name().into(),
        i64::from(from.tries_left).into(),
        to.state.name().into(),
        i64::from(to.tries_left).into(),
        settled_at.into(),
    ];
    change_one(transaction, "challenge", sql, values).await
}

/// Whether the person on file disowned this matter and has not answered a challenge since.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn is_disowned(session: &impl Session, ticket: TicketId) -> Result<bool, StoreError> {
    let sql = "SELECT COUNT(*) AS n FROM challenge AS c WHERE c.ticket_id = $1 AND c.state = 'disowned' \
               AND NOT EXISTS (SELECT 1 FROM challenge AS later WHERE later.ticket_id = c.ticket_id \
               AND later.state = 'answered' AND later.settled_at > c.settled_at)";
    let n: i64 = query_one(session, sql, [ticket.0.into()]).await?.get("challenge", "n")?;
    Ok(n > 0)
}

/// Locks a ticket until the transaction ends, so that two who ask at once ask once.
///
/// # Errors
/// [`StoreError::Conflict`] when the ticket is gone.
pub async fn lock_ticket(transaction: &Transaction, ticket: TicketId) -> Result<(), StoreError> {
    let sql = "UPDATE ticket SET state = state WHERE id = $1";
    match execute(transaction, sql, [ticket.0.into()]).await? {
        0 => Err(StoreError::Conflict { what: "ticket" }),
        _ => Ok(()),
    }
}
