//! Blocks: set, found by stop key or contact, lifted with a name and a reason.

mod standing;

use domain::{
    Timestamp,
    authentication::SenderAuthentication,
    block::{BlockState, Effective, Field, Purpose, Scope},
    digest::Digest,
    ids::{AddressId, BlockId, ContactId, SubmissionId, TicketId},
};

use crate::{
    error::StoreError,
    row::Row,
    session::{
        Session, Transaction, blobs, change_one, is_one_of_blobs, is_one_of_numbers, numbers,
        query_all, query_one, query_optional,
    },
};

pub use standing::{
    Notice, Words, add_exception, close_reminder, exception_of, notice_of, notices_that_arrived,
    remind, to_be_reminded_of, words_of, write_basis, write_notice,
};

/// A block as it stands.
#[derive(Debug, Clone)]
pub struct BlockRow {
    /// Its id.
    pub id: BlockId,
    /// What it covers.
    pub scope: Scope,
    /// The address it was set for.
    pub address: Option<AddressId>,
    /// The stop key it matches by.
    pub stop_digest: Option<Digest>,
    /// The contact it restricts.
    pub contact: Option<ContactId>,
    /// The ticket it came from.
    pub ticket: Option<TicketId>,
    /// The submission it came from.
    pub submission: Option<SubmissionId>,
    /// For what: labels, or the words of a person of ours.
    pub basis: String,
    /// Where it stands.
    pub state: BlockState,
}

/// A block to be set.
#[derive(Debug, Clone)]
pub struct NewBlock<'a> {
    /// What it covers.
    pub scope: &'a Scope,
    /// The address it is for.
    pub address: Option<AddressId>,
    /// The stop key of that address.
    pub stop_digest: Option<Digest>,
    /// The contact, if exactly one has the address.
    pub contact: Option<ContactId>,
    /// The ticket it comes from.
    pub ticket: Option<TicketId>,
    /// The submission it comes from.
    pub submission: Option<SubmissionId>,
    /// For what.
    pub basis: &'a str,
    /// What was known about the sender's domain.
    pub authentication: SenderAuthentication,
}

const COLUMNS: &str = "id, scope, purposes, fields, address_id, digest_key, stop_digest, contact_id, ticket_id, \
                       submission_id, basis, state, from_at, lifted_at, lifted_by, lift_reason";

/// Sets a block.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn set(
    transaction: &Transaction,
    block: &NewBlock<'_>,
    now: Timestamp,
) -> Result<BlockId, StoreError> {
    let (purposes, fields) = match block.scope {
        Scope::Purposes(purposes) => (to_json(purposes)?, "[]".to_owned()),
        Scope::Fields(fields) => ("[]".to_owned(), to_json(fields)?),
        Scope::Full | Scope::Marketing => ("[]".to_owned(), "[]".to_owned()),
    };
    let sql = "INSERT INTO block (scope, purposes, fields, address_id, digest_key, stop_digest, contact_id, \
               ticket_id, submission_id, basis, authentication, state, from_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'active', $12) RETURNING id";
    let values = [
        block.scope.name().into(),
        purposes.into(),
        fields.into(),
        block.address.map(|id| id.0).into(),
        block.stop_digest.map(|digest| i64::from(digest.key.0)).into(),
        block.stop_digest.map(|digest| digest.bytes.to_vec()).into(),
        block.contact.map(|id| id.0).into(),
        block.ticket.map(|id| id.0).into(),
        block.submission.map(|id| id.0).into(),
        block.basis.into(),
        block.authentication.name().into(),
        now.as_microsecond().into(),
    ];
    Ok(BlockId(query_one(transaction, sql, values).await?.get("block", "id")?))
}

fn to_json(words: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(words).map_err(|_| StoreError::Defect("a scope cannot be written".into()))
}

fn read(row: &Row) -> Result<BlockRow, StoreError> {
    let purposes =
        row.parsed("block", "purposes", |text| serde_json::from_str::<Vec<Purpose>>(text).ok())?;
    let fields =
        row.parsed("block", "fields", |text| serde_json::from_str::<Vec<Field>>(text).ok())?;
    let from_at = row.instant("block", "from_at")?;
    let lifted_at = row.instant_option("block", "lifted_at")?;
    let by: Option<String> = row.get("block", "lifted_by")?;
    let reason: Option<String> = row.get("block", "lift_reason")?;
    let has_digest = row.get::<Option<Vec<u8>>>("block", "stop_digest")?.is_some();
    Ok(BlockRow {
        id: BlockId(row.get("block", "id")?),
        scope: row.parsed("block", "scope", |word| match word {
            "full" => Some(Scope::Full),
            "marketing" => Some(Scope::Marketing),
            "purposes" => Some(Scope::Purposes(purposes)),
            "fields" => Some(Scope::Fields(fields)),
            _ => None,
        })?,
        address: row.get::<Option<i64>>("block", "address_id")?.map(AddressId),
        stop_digest: has_digest
            .then(|| row.digest("block", "digest_key", "stop_digest"))
            .transpose()?,
        contact: row.get::<Option<i64>>("block", "contact_id")?.map(ContactId),
        ticket: row.get::<Option<i64>>("block", "ticket_id")?.map(TicketId),
        submission: row.get::<Option<i64>>("block", "submission_id")?.map(SubmissionId),
        basis: row.get("block", "basis")?,
        state: row.parsed("block", "state", |word| match (word, lifted_at, by, reason) {
            ("active", None, None, None) => Some(BlockState::Active { from_at }),
            ("lifted", Some(lifted_at), Some(by), Some(reason)) => {
                Some(BlockState::Lifted { from_at, lifted_at, by, reason })
            }
            _ => None,
        })?,
    })
}

/// The blocks that hold for an address (by stop key, under any digest key) or a contact.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn active_for(
    session: &impl Session,
    stop_digests: &[Digest],
    contacts: &[ContactId],
) -> Result<Vec<BlockRow>, StoreError> {
    active_rows(session, stop_digests, contacts).await?.iter().map(read).collect()
}

/// What all blocks of an address (its stop key under every digest key) and of contacts hold
/// together.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn effective(
    session: &impl Session,
    stop_digests: &[Digest],
    contacts: &[ContactId],
) -> Result<Effective, StoreError> {
    let rows = active_for(session, stop_digests, contacts).await?;
    Ok(Effective::of(rows.iter().map(|row| &row.scope)))
}

async fn active_rows(
    session: &impl Session,
    stop_digests: &[Digest],
    contacts: &[ContactId],
) -> Result<Vec<Row>, StoreError> {
    let dialect = session.dialect();
    let sql = format!(
        "SELECT {COLUMNS} FROM block WHERE state = 'active' AND stop_digest {} \
         UNION SELECT {COLUMNS} FROM block WHERE state = 'active' AND contact_id {} ORDER BY id",
        is_one_of_blobs(1, dialect),
        is_one_of_numbers(2, dialect)
    );
    let values = [
        blobs(stop_digests.iter().map(|digest| digest.bytes.as_slice()), dialect),
        numbers(contacts.iter().map(|contact| contact.0), dialect),
    ];
    query_all(session, &sql, values).await
}

/// Whom an active block concerns, also when it says what nobody understands.
pub(crate) struct Holding {
    pub(crate) stop_digest: Option<Vec<u8>>,
    pub(crate) contact: Option<ContactId>,
    pub(crate) scope: Result<Scope, StoreError>,
}

/// As [`active_for`]; a block that does not fit spoils no other.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub(crate) async fn holding(
    session: &impl Session,
    stop_digests: &[Digest],
    contacts: &[ContactId],
) -> Result<Vec<Holding>, StoreError> {
    let rows = active_rows(session, stop_digests, contacts).await?;
    rows.iter()
        .map(|row| {
            Ok(Holding {
                stop_digest: row.get("block", "stop_digest")?,
                contact: row.get::<Option<i64>>("block", "contact_id")?.map(ContactId),
                scope: read(row).map(|block| block.scope),
            })
        })
        .collect()
}

/// How many full blocks were set since an instant for senders whose domain did not vouch.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn full_since(session: &impl Session, since: Timestamp) -> Result<i64, StoreError> {
    let sql = "SELECT COUNT(*) AS n FROM block WHERE from_at > $1 AND scope = 'full' \
               AND authentication <> 'pass' AND submission_id IS NOT NULL";
    query_one(session, sql, [since.as_microsecond().into()]).await?.get("block", "n")
}

/// One block.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn by_id(session: &impl Session, block: BlockId) -> Result<Option<BlockRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM block WHERE id = $1");
    query_optional(session, &sql, [block.0.into()]).await?.as_ref().map(read).transpose()
}

/// All blocks of a ticket, oldest first.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn of_ticket(
    session: &impl Session,
    ticket: TicketId,
) -> Result<Vec<BlockRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM block WHERE ticket_id = $1 ORDER BY id");
    query_all(session, &sql, [ticket.0.into()]).await?.iter().map(read).collect()
}

/// The active blocks that submissions set in a ticket, oldest first, each with what was known of
/// the sender's domain.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn active_of_submissions(
    session: &impl Session,
    ticket: TicketId,
) -> Result<Vec<(BlockRow, SenderAuthentication)>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS}, authentication FROM block WHERE ticket_id = $1 AND state = 'active' \
         AND submission_id IS NOT NULL ORDER BY id"
    );
    let rows = query_all(session, &sql, [ticket.0.into()]).await?;
    rows.iter()
        .map(|row| {
            let word = |word: &str| SenderAuthentication::from_name(word);
            Ok((read(row)?, row.parsed("block", "authentication", word)?))
        })
        .collect()
}

/// One page of blocks, newest first, below `before`.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn page(
    session: &impl Session,
    before: Option<BlockId>,
    limit: u32,
) -> Result<Vec<BlockRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM block WHERE id < $1 ORDER BY id DESC LIMIT $2");
    let values = [before.map_or(i64::MAX, |id| id.0).into(), i64::from(limit).into()];
    query_all(session, &sql, values).await?.iter().map(read).collect()
}

/// Writes down that a block was lifted: the reason as a word of ours, and sealed what a person of
/// ours said.
///
/// # Errors
/// [`StoreError::Conflict`] when it is not active any more.
pub async fn lift(
    transaction: &Transaction,
    block: BlockId,
    by: &str,
    (reason, words): (&str, Option<&[u8]>),
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE block SET state = 'lifted', lifted_at = $2, lifted_by = $3, lift_reason = $4, \
               lift_words = $5 WHERE id = $1 AND state = 'active'";
    let values = [
        block.0.into(),
        now.as_microsecond().into(),
        by.into(),
        reason.into(),
        words.map(<[u8]>::to_vec).into(),
    ];
    change_one(transaction, "block", sql, values).await
}
