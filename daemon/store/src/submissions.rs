//! Submissions: what people sent, each filed exactly once.

use domain::{
    Timestamp,
    authentication::SenderAuthentication,
    digest::{Digest, DigestKeyId},
    ids::{AddressId, DeliveryId, MessageId, ObjectId, SubmissionId, TicketId, VaultKeyId},
};

use crate::{
    error::StoreError,
    row::Row,
    session::{
        Session, Transaction, change_one, execute, placeholders, query_all, query_one,
        query_optional,
    },
};

/// A submission to be written down.
#[derive(Clone)]
pub struct NewSubmission<'a> {
    /// The message it came as; a form entry has none.
    pub message: Option<MessageId>,
    /// The random value of the form; a message has none.
    pub form_key: Option<[u8; 16]>,
    /// The ticket it opened or joined.
    pub ticket: Option<TicketId>,
    /// The one sender.
    pub address: Option<AddressId>,
    /// The server's receipt.
    pub received_at: Timestamp,
    /// The raw bytes or the form entry in the vault.
    pub object: Option<ObjectId>,
    /// The key of the object and of `content`.
    pub vault_key: Option<VaultKeyId>,
    /// Sealed: from, subject, new text, classification with its words.
    pub content: Option<&'a [u8]>,
    /// The digest key of `mail_id`.
    pub digest_key: DigestKeyId,
    /// Digest of the Message-ID.
    pub mail_id: Option<Digest>,
    /// What is known about the sender's domain.
    pub authentication: SenderAuthentication,
    /// The kind's word, or `unread`.
    pub kind: &'a str,
    /// ISO 639-1.
    pub language: Option<&'a str>,
    /// Labels and marks in auto or suggest as JSON without words.
    pub labels: &'a str,
    /// Where a form stood.
    pub capture_point: Option<&'a str>,
    /// The policy shown beside a form.
    pub policy_version: Option<&'a str>,
    /// Whether its ticket belongs to a known subject, under whose key it is to be moved.
    pub of_known_subject: bool,
}

impl std::fmt::Debug for NewSubmission<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewSubmission").field("message", &self.message).finish_non_exhaustive()
    }
}

/// Writes a submission down.
///
/// # Errors
/// [`StoreError::Duplicate`] when the message or the form was filed before.
pub async fn add(
    transaction: &Transaction,
    submission: &NewSubmission<'_>,
    now: Timestamp,
) -> Result<SubmissionId, StoreError> {
    let sql = "INSERT INTO submission (channel, message_id, form_key, ticket_id, address_id, received_at, filed_at, \
               object_id, vault_key_id, content, digest_key, mail_id_digest, authentication, kind, language, labels, \
               capture_point, policy_version, unkeyed) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) \
               RETURNING id";
    let channel = if submission.message.is_some() { "message" } else { "form" };
    let values = [
        channel.into(),
        submission.message.map(|id| id.0).into(),
        submission.form_key.map(|key| key.to_vec()).into(),
        submission.ticket.map(|id| id.0).into(),
        submission.address.map(|id| id.0).into(),
        submission.received_at.as_microsecond().into(),
        now.as_microsecond().into(),
        submission.object.map(|id| id.to_string()).into(),
        submission.vault_key.map(|id| id.to_string()).into(),
        submission.content.map(<[u8]>::to_vec).into(),
        i64::from(submission.digest_key.0).into(),
        submission.mail_id.map(|digest| digest.bytes.to_vec()).into(),
        submission.authentication.name().into(),
        submission.kind.into(),
        submission.language.into(),
        submission.labels.into(),
        submission.capture_point.into(),
        submission.policy_version.into(),
        i64::from(submission.of_known_subject).into(),
    ];
    Ok(SubmissionId(query_one(transaction, sql, values).await?.get("submission", "id")?))
}

/// Notes that a submission answers or reports on a confirmation mail, the first of these that is
/// one: it is destroyed with it.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn link_to_confirmation(
    transaction: &Transaction,
    submission: SubmissionId,
    mails: &[DeliveryId],
) -> Result<(), StoreError> {
    if mails.is_empty() {
        return Ok(());
    }
    let list = placeholders(2, mails.len());
    let sql = format!(
        "UPDATE submission SET confirmation_id = (SELECT MIN(id) FROM delivery \
         WHERE id IN ({list}) AND class = 'confirmation') WHERE id = $1"
    );
    let values = std::iter::once(submission.0.into()).chain(mails.iter().map(|id| id.0.into()));
    change_one(transaction, "submission", &sql, values).await
}

/// What came back of a confirmation mail and is noted without a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConfirmationAnswer {
    /// Its row.
    pub id: SubmissionId,
    /// Its raw bytes.
    pub object: Option<ObjectId>,
    /// The key of those and of its content.
    pub vault_key: Option<VaultKeyId>,
}

/// What came back of a confirmation mail, oldest first.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn answers_to(
    session: &impl Session,
    mail: DeliveryId,
) -> Result<Vec<ConfirmationAnswer>, StoreError> {
    let sql = "SELECT id, object_id, vault_key_id FROM submission WHERE confirmation_id = $1 \
               AND ticket_id IS NULL ORDER BY id";
    let rows = query_all(session, sql, [mail.0.into()]).await?;
    rows.iter()
        .map(|row| {
            Ok(ConfirmationAnswer {
                id: SubmissionId(row.get("submission", "id")?),
                object: row
                    .parsed_option("submission", "object_id", |text| ObjectId::parse(text).ok())?,
                vault_key: row.parsed_option("submission", "vault_key_id", |text| {
                    VaultKeyId::parse(text).ok()
                })?,
            })
        })
        .collect()
}

/// Empties a submission whose bytes and key are destroyed: that something came stays, nothing of
/// what it said.
///
/// # Errors
/// [`StoreError::Conflict`] when it is gone.
pub async fn empty(transaction: &Transaction, submission: SubmissionId) -> Result<(), StoreError> {
    // The digest of its bytes stays: the same message met again must not be stored anew.
    let sql = "UPDATE message SET object_id = NULL, vault_key_id = NULL WHERE submission_id = $1";
    execute(transaction, sql, [submission.0.into()]).await?;
    let sql = "UPDATE correction SET note = NULL WHERE submission_id = $1 AND note IS NOT NULL";
    execute(transaction, sql, [submission.0.into()]).await?;
    let sql = "UPDATE submission SET object_id = NULL, vault_key_id = NULL, content = NULL, \
               mail_id_digest = NULL, confirmation_id = NULL WHERE id = $1";
    change_one(transaction, "submission", sql, [submission.0.into()]).await
}

/// Marks a message as filed, in the transaction that files it.
///
/// # Errors
/// [`StoreError::Conflict`] when it is not waiting to be filed: it was filed before.
pub async fn mark_message_filed(
    transaction: &Transaction,
    message: MessageId,
    submission: SubmissionId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE message SET state = 'filed', submission_id = $2, filed_at = $3, reading_by = NULL \
               WHERE id = $1 AND state IN ('raw_stored', 'too_big', 'unreadable', 'quarantined')";
    let values = [message.0.into(), submission.0.into(), now.as_microsecond().into()];
    change_one(transaction, "message", sql, values).await
}

/// A submission as it stands.
#[derive(Clone)]
pub struct SubmissionRow {
    /// Its id.
    pub id: SubmissionId,
    /// `message` or `form`.
    pub channel: String,
    /// The message it came as; a form entry has none.
    pub message: Option<MessageId>,
    /// The random value of the form; a message has none.
    pub form_key: Option<[u8; 16]>,
    /// Where a form stood.
    pub capture_point: Option<String>,
    /// The policy shown beside a form.
    pub policy_version: Option<String>,
    /// The ticket it belongs to.
    pub ticket: Option<TicketId>,
    /// The one sender.
    pub address: Option<AddressId>,
    /// The server's receipt.
    pub received_at: Timestamp,
    /// What is known about the sender's domain.
    pub authentication: SenderAuthentication,
    /// The kind's word, or `unread`.
    pub kind: String,
    /// ISO 639-1.
    pub language: Option<String>,
    /// Labels and marks as JSON.
    pub labels: String,
    /// The raw object.
    pub object: Option<ObjectId>,
    /// The key of those and of the content.
    pub vault_key: Option<VaultKeyId>,
    /// Sealed content.
    pub content: Option<Vec<u8>>,
}

impl std::fmt::Debug for SubmissionRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SubmissionRow")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

const COLUMNS: &str = "id, channel, message_id, form_key, capture_point, policy_version, ticket_id, address_id, \
                       received_at, authentication, kind, language, labels, object_id, vault_key_id, content";

fn read(row: &Row) -> Result<SubmissionRow, StoreError> {
    Ok(SubmissionRow {
        id: SubmissionId(row.get("submission", "id")?),
        channel: row.get("submission", "channel")?,
        message: row.get::<Option<i64>>("submission", "message_id")?.map(MessageId),
        form_key: form_key(row)?,
        capture_point: row.get("submission", "capture_point")?,
        policy_version: row.get("submission", "policy_version")?,
        address: row.get::<Option<i64>>("submission", "address_id")?.map(AddressId),
        ticket: row.get::<Option<i64>>("submission", "ticket_id")?.map(TicketId),
        received_at: row.instant("submission", "received_at")?,
        authentication: row.parsed(
            "submission",
            "authentication",
            SenderAuthentication::from_name,
        )?,
        kind: row.get("submission", "kind")?,
        language: row.get("submission", "language")?,
        labels: row.get("submission", "labels")?,
        object: row.parsed_option("submission", "object_id", |text| ObjectId::parse(text).ok())?,
        vault_key: row
            .parsed_option("submission", "vault_key_id", |text| VaultKeyId::parse(text).ok())?,
        content: row.get("submission", "content")?,
    })
}

fn form_key(row: &Row) -> Result<Option<[u8; 16]>, StoreError> {
    let bytes: Option<Vec<u8>> = row.get("submission", "form_key")?;
    let key = bytes.map(|bytes| bytes.try_into().map_err(|_| row.misfit("submission", "form_key")));
    key.transpose()
}

/// The submission with this id.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn by_id(
    session: &impl Session,
    submission: SubmissionId,
) -> Result<Option<SubmissionRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM submission WHERE id = $1");
    query_optional(session, &sql, [submission.0.into()]).await?.as_ref().map(read).transpose()
}

/// Keeps a submission under its key until the transaction ends, so that what is sealed under the
/// key now can be opened afterwards.
///
/// # Errors
/// [`StoreError::Conflict`] when it is under another key by now, or was emptied.
pub async fn hold_key(
    transaction: &Transaction,
    submission: SubmissionId,
    key: VaultKeyId,
) -> Result<(), StoreError> {
    let sql = "UPDATE submission SET vault_key_id = $2 WHERE id = $1 AND vault_key_id = $2";
    let values = [submission.0.into(), key.to_string().into()];
    change_one(transaction, "submission", sql, values).await
}

/// The submission that a message became.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn of_message(
    session: &impl Session,
    message: MessageId,
) -> Result<Option<SubmissionRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM submission WHERE message_id = $1");
    query_optional(session, &sql, [message.0.into()]).await?.as_ref().map(read).transpose()
}

/// The submission that a form entry became.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn of_form(
    session: &impl Session,
    form_key: [u8; 16],
) -> Result<Option<SubmissionRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM submission WHERE form_key = $1");
    query_optional(session, &sql, [form_key.to_vec().into()]).await?.as_ref().map(read).transpose()
}

/// All submissions of a ticket, oldest first.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn of_ticket(
    session: &impl Session,
    ticket: TicketId,
) -> Result<Vec<SubmissionRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM submission WHERE ticket_id = $1 ORDER BY id");
    query_all(session, &sql, [ticket.0.into()]).await?.iter().map(read).collect()
}
