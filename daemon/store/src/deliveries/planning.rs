//! Rows enter the ledger: a mail is planned in the transaction of what it answers.

use domain::{
    Timestamp,
    delivery::{Class, Occasion},
    digest::Digest,
    ids::{AddressId, DeliveryId, SubmissionId, TicketId, VaultKeyId},
};

use crate::{
    error::StoreError,
    session::{Session, Transaction, placeholders, query_one},
};

/// A mail to be planned.
#[derive(Debug, Clone)]
pub struct NewDelivery<'a> {
    /// Its class.
    pub class: Class,
    /// What it is.
    pub occasion: Occasion,
    /// Of an acknowledgement: what it acknowledges.
    pub topic: &'a str,
    /// The ticket it belongs to.
    pub ticket: Option<TicketId>,
    /// The submission it answers.
    pub submission: Option<SubmissionId>,
    /// The recipient.
    pub address: AddressId,
    /// The recipient's stop key.
    pub stop_digest: Digest,
    /// Our Message-ID, without angle brackets.
    pub mail_id: &'a str,
    /// Its digest.
    pub mail_id_digest: Digest,
    /// The sealed [`domain::letter::LetterContent`].
    pub content: &'a [u8],
    /// The key it is sealed under.
    pub vault_key: VaultKeyId,
    /// After this instant it is rejected as expired.
    pub expires_at: Timestamp,
}

/// Plans a mail.
///
/// # Errors
/// [`StoreError::Duplicate`] when the Message-ID is taken.
pub async fn plan(
    transaction: &Transaction,
    delivery: &NewDelivery<'_>,
    now: Timestamp,
) -> Result<DeliveryId, StoreError> {
    let sql = "INSERT INTO delivery (class, purpose_of_mail, topic, ticket_id, submission_id, address_id, stop_digest, \
               mail_id, digest_key, mail_id_digest, content, vault_key_id, rank, state, planned_at, next_try_at, expires_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 'planned', $14, $14, $15) RETURNING id";
    let values = [
        delivery.class.name().into(),
        delivery.occasion.name().into(),
        delivery.topic.into(),
        delivery.ticket.map(|id| id.0).into(),
        delivery.submission.map(|id| id.0).into(),
        delivery.address.0.into(),
        delivery.stop_digest.bytes.to_vec().into(),
        delivery.mail_id.into(),
        i64::from(delivery.mail_id_digest.key.0).into(),
        delivery.mail_id_digest.bytes.to_vec().into(),
        delivery.content.to_vec().into(),
        delivery.vault_key.to_string().into(),
        delivery.class.rank().into(),
        now.as_microsecond().into(),
        delivery.expires_at.as_microsecond().into(),
    ];
    Ok(DeliveryId(query_one(transaction, sql, values).await?.get("delivery", "id")?))
}

/// When this topic was last acknowledged in this ticket, if it was.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn acknowledged_since(
    session: &impl Session,
    ticket: TicketId,
    topic: &str,
    since: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    let sql = "SELECT MAX(planned_at) AS at FROM delivery WHERE purpose_of_mail = 'acknowledgement' \
               AND topic = $1 AND planned_at > $2 AND ticket_id = $3";
    let values = [topic.into(), since.as_microsecond().into(), ticket.0.into()];
    query_one(session, sql, values).await?.instant_option("delivery", "at")
}

/// How many acknowledgements were planned for this stop key since an instant.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn count_since(
    session: &impl Session,
    stop_digests: &[Digest],
    since: Timestamp,
) -> Result<u32, StoreError> {
    let list = placeholders(2, stop_digests.len());
    let sql = format!(
        "SELECT COUNT(*) AS n FROM delivery WHERE purpose_of_mail = 'acknowledgement' \
         AND planned_at > $1 AND campaign_id IS NULL AND stop_digest IN ({list})"
    );
    let values = std::iter::once(since.as_microsecond().into())
        .chain(stop_digests.iter().map(|digest| digest.bytes.to_vec().into()));
    let n: i64 = query_one(session, &sql, values).await?.get("delivery", "n")?;
    Ok(u32::try_from(n).unwrap_or(u32::MAX))
}

/// How many acknowledgements were planned for all people together since an instant.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn count_all_since(session: &impl Session, since: Timestamp) -> Result<i64, StoreError> {
    let sql = "SELECT COUNT(*) AS n FROM delivery WHERE purpose_of_mail = 'acknowledgement' AND planned_at > $1";
    query_one(session, sql, [since.as_microsecond().into()]).await?.get("delivery", "n")
}

/// Whether an acknowledgement of this ticket went out or is on its way: its person has (or will
/// have) number and code.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn is_acknowledged(session: &impl Session, ticket: TicketId) -> Result<bool, StoreError> {
    let sql = "SELECT COUNT(*) AS n FROM delivery WHERE ticket_id = $1 AND purpose_of_mail = 'acknowledgement' \
               AND state IN ('planned', 'claimed', 'deferred', 'accepted', 'uncertain')";
    let n: i64 = query_one(session, sql, [ticket.0.into()]).await?.get("delivery", "n")?;
    Ok(n > 0)
}

/// How many staff mails about a topic were planned since an instant.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn staff_mail_since(
    session: &impl Session,
    topic: &str,
    since: Timestamp,
) -> Result<i64, StoreError> {
    let sql = "SELECT COUNT(*) AS n FROM delivery WHERE purpose_of_mail = 'alarm' AND topic = $1 \
               AND planned_at > $2";
    let values = [topic.into(), since.as_microsecond().into()];
    query_one(session, sql, values).await?.get("delivery", "n")
}
