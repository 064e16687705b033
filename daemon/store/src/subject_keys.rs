//! Which vault key belongs to which subject, and what is still under the key of its message.

use domain::ids::{ContactId, DeliveryId, ObjectId, SubmissionId, VaultKeyId};

use crate::{
    error::StoreError,
    row::Row,
    session::{Session, Transaction, change_one, query_all, query_one},
};

/// A submission of a known subject that is still under the key of its message.
#[derive(Clone)]
pub struct Unkeyed {
    /// The submission.
    pub submission: SubmissionId,
    /// Whose it is.
    pub contact: ContactId,
    /// The subject's key, if it was made already.
    pub subject_key: Option<VaultKeyId>,
    /// The raw object.
    pub object: Option<ObjectId>,
    /// The key it is under now.
    pub key: VaultKeyId,
    /// Its sealed content.
    pub content: Option<Vec<u8>>,
}

impl std::fmt::Debug for Unkeyed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Unkeyed").field("submission", &self.submission).finish_non_exhaustive()
    }
}

fn key(row: &Row, table: &'static str) -> Result<VaultKeyId, StoreError> {
    row.parsed(table, "vault_key_id", |text| VaultKeyId::parse(text).ok())
}

/// Submissions in tickets of exactly one known contact that are not under the contact's key yet.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn unkeyed(session: &impl Session, limit: u32) -> Result<Vec<Unkeyed>, StoreError> {
    let sql = "SELECT submission.id AS id, submission.object_id, submission.vault_key_id, submission.content, \
               contact.id AS contact_id, contact.vault_key_id AS subject_key \
               FROM submission JOIN ticket ON ticket.id = submission.ticket_id \
               JOIN contact ON contact.id = ticket.contact_id \
               WHERE submission.vault_key_id IS NOT NULL \
               AND (contact.vault_key_id IS NULL OR contact.vault_key_id <> submission.vault_key_id) \
               ORDER BY submission.id LIMIT $1";
    let rows = query_all(session, sql, [i64::from(limit).into()]).await?;
    rows.iter()
        .map(|row| {
            Ok(Unkeyed {
                submission: SubmissionId(row.get("submission", "id")?),
                contact: ContactId(row.get("contact", "contact_id")?),
                subject_key: row
                    .parsed_option("contact", "subject_key", |text| VaultKeyId::parse(text).ok())?,
                object: row
                    .parsed_option("submission", "object_id", |text| ObjectId::parse(text).ok())?,
                key: key(row, "submission")?,
                content: row.get("submission", "content")?,
            })
        })
        .collect()
}

/// Gives a contact its key, unless it has one; returns the one it has.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn give(
    transaction: &Transaction,
    contact: ContactId,
    fresh: VaultKeyId,
) -> Result<VaultKeyId, StoreError> {
    let sql = "UPDATE contact SET vault_key_id = COALESCE(vault_key_id, $2) WHERE id = $1 \
               RETURNING id, vault_key_id";
    let row = query_one(transaction, sql, [contact.0.into(), fresh.to_string().into()]).await?;
    key(&row, "contact")
}

/// Sealed contents of the mails that answer a submission, with their Message-IDs.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn letters_of(
    session: &impl Session,
    submission: SubmissionId,
) -> Result<Vec<(DeliveryId, String, Vec<u8>)>, StoreError> {
    let sql = "SELECT id, mail_id, content FROM delivery WHERE submission_id = $1 AND content IS NOT NULL";
    let rows = query_all(session, sql, [submission.0.into()]).await?;
    rows.iter()
        .map(|row| {
            Ok((
                DeliveryId(row.get("delivery", "id")?),
                row.get("delivery", "mail_id")?,
                row.get("delivery", "content")?,
            ))
        })
        .collect()
}

/// Writes down that a submission is under another key now.
///
/// # Errors
/// [`StoreError::Conflict`] when it is no longer under `from`.
pub async fn move_submission(
    transaction: &Transaction,
    submission: SubmissionId,
    from: VaultKeyId,
    to: VaultKeyId,
    content: Option<&[u8]>,
) -> Result<(), StoreError> {
    let sql =
        "UPDATE submission SET vault_key_id = $3, content = $4 WHERE id = $1 AND vault_key_id = $2";
    let values = [
        submission.0.into(),
        from.to_string().into(),
        to.to_string().into(),
        content.map(<[u8]>::to_vec).into(),
    ];
    change_one(transaction, "submission", sql, values).await
}

/// Writes down that a mail's content is under another key now.
///
/// # Errors
/// [`StoreError::Conflict`] when the row is gone.
pub async fn move_letter(
    transaction: &Transaction,
    delivery: DeliveryId,
    to: VaultKeyId,
    content: &[u8],
) -> Result<(), StoreError> {
    let sql = "UPDATE delivery SET vault_key_id = $2, content = $3 WHERE id = $1";
    let values = [delivery.0.into(), to.to_string().into(), content.to_vec().into()];
    change_one(transaction, "delivery", sql, values).await
}
