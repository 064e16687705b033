//! Which vault key belongs to which subject, and what is still under the key of its message.

use domain::ids::{ContactId, DeliveryId, ObjectId, SubmissionId, TicketId, VaultKeyId};

use crate::{
    error::StoreError,
    row::Row,
    session::{Session, Transaction, change_one, query_all, query_one, query_optional},
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

/// A contact whose data are being destroyed: its key goes with them, and what arrives meanwhile
/// must not; nor a matter that a plan which waits does not show.
const IS_DESTROYED: &str = "EXISTS (SELECT 1 FROM plan WHERE plan.contact_id = contact.id \
                            AND (plan.state IN ('executing', 'executed', 'verified') \
                            OR plan.state IN ('proposed', 'approved') \
                            AND ',' || REPLACE(REPLACE(plan.tickets, '[', ''), ']', '') || ',' \
                            NOT LIKE '%,' || CAST(ticket.id AS TEXT) || ',%'))";

/// Submissions of a known subject that are not under its key yet and of which no answer is under
/// way (dispatch must be able to open what it has claimed). Not of a subject whose data are being
/// destroyed.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn unkeyed(session: &impl Session, limit: u32) -> Result<Vec<Unkeyed>, StoreError> {
    let sql = format!(
        "SELECT submission.id AS id, submission.object_id, submission.vault_key_id, submission.content, \
               contact.id AS contact_id, contact.vault_key_id AS subject_key \
               FROM submission JOIN ticket ON ticket.id = submission.ticket_id \
               JOIN contact ON contact.id = ticket.contact_id \
               WHERE submission.unkeyed = 1 AND submission.vault_key_id IS NOT NULL \
               AND NOT EXISTS (SELECT 1 FROM delivery WHERE delivery.submission_id = submission.id \
               AND delivery.state IN ('planned', 'claimed', 'deferred')) \
               AND NOT {IS_DESTROYED} ORDER BY submission.id LIMIT $1"
    );
    let rows = query_all(session, &sql, [i64::from(limit).into()]).await?;
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

/// The key of a contact, if it was made already.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn of_contact(
    session: &impl Session,
    contact: ContactId,
) -> Result<Option<VaultKeyId>, StoreError> {
    let sql = "SELECT id, vault_key_id FROM contact WHERE id = $1";
    let row = query_optional(session, sql, [contact.0.into()]).await?;
    let key = row.map(|row| {
        row.parsed_option("contact", "vault_key_id", |text| VaultKeyId::parse(text).ok())
    });
    Ok(key.transpose()?.flatten())
}

/// Whether the data of the contact of a ticket are being destroyed now, or will be without this
/// ticket.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn is_destroyed(session: &impl Session, ticket: TicketId) -> Result<bool, StoreError> {
    let sql = format!(
        "SELECT COUNT(*) AS n FROM ticket JOIN contact ON contact.id = ticket.contact_id \
         WHERE ticket.id = $1 AND {IS_DESTROYED}"
    );
    let n: i64 = query_one(session, &sql, [ticket.0.into()]).await?.get("plan", "n")?;
    Ok(n > 0)
}

/// Gives a contact its key, unless it has one; returns the one it has.
///
/// # Errors
/// [`StoreError::Conflict`] when the contact is gone, anonymous or being destroyed: a key given
/// now would outlive it. [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn give(
    transaction: &Transaction,
    contact: ContactId,
    fresh: VaultKeyId,
) -> Result<VaultKeyId, StoreError> {
    let sql = "UPDATE contact SET vault_key_id = COALESCE(vault_key_id, $2) WHERE id = $1 \
               AND anonymised_at IS NULL AND NOT EXISTS (SELECT 1 FROM plan WHERE plan.contact_id = contact.id \
               AND plan.state IN ('executing', 'executed', 'verified')) RETURNING id, vault_key_id";
    let values = [contact.0.into(), fresh.to_string().into()];
    let row = query_optional(transaction, sql, values).await?;
    key(&row.ok_or(StoreError::Conflict { what: "contact" })?, "contact")
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
    // Asked again: a destruction may have begun since this submission was found.
    let sql = format!(
        "UPDATE submission SET vault_key_id = $3, content = $4, unkeyed = 0, old_vault_key_id = $2 \
         WHERE id = $1 AND vault_key_id = $2 AND unkeyed = 1 AND NOT EXISTS (SELECT 1 FROM ticket \
         JOIN contact ON contact.id = ticket.contact_id \
         WHERE ticket.id = submission.ticket_id AND {IS_DESTROYED})"
    );
    let values = [
        submission.0.into(),
        from.to_string().into(),
        to.to_string().into(),
        content.map(<[u8]>::to_vec).into(),
    ];
    change_one(transaction, "submission", &sql, values).await?;
    // Asked after the row is ours: a correction may have planned a letter under the old key since
    // this submission was found.
    let sql = "SELECT COUNT(*) AS n FROM delivery WHERE submission_id = $1 AND vault_key_id = $2 \
               AND state IN ('planned', 'claimed', 'deferred')";
    let values = [submission.0.into(), from.to_string().into()];
    let under_way: i64 = query_one(transaction, sql, values).await?.get("delivery", "n")?;
    if under_way > 0 {
        return Err(StoreError::Conflict { what: "submission" });
    }
    Ok(())
}

/// The keys of messages that were moved under their subjects' keys and must still be destroyed.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn left_over(
    session: &impl Session,
    limit: u32,
) -> Result<Vec<(SubmissionId, VaultKeyId)>, StoreError> {
    let sql = "SELECT id, old_vault_key_id FROM submission WHERE old_vault_key_id IS NOT NULL ORDER BY id LIMIT $1";
    let rows = query_all(session, sql, [i64::from(limit).into()]).await?;
    rows.iter()
        .map(|row| {
            let key =
                row.parsed("submission", "old_vault_key_id", |text| VaultKeyId::parse(text).ok())?;
            Ok((SubmissionId(row.get("submission", "id")?), key))
        })
        .collect()
}

/// Forgets the key of a message, after it was destroyed.
///
/// # Errors
/// [`StoreError::Conflict`] when another key stands there.
pub async fn forget_old(
    transaction: &Transaction,
    submission: SubmissionId,
    key: VaultKeyId,
) -> Result<(), StoreError> {
    let sql =
        "UPDATE submission SET old_vault_key_id = NULL WHERE id = $1 AND old_vault_key_id = $2";
    let values = [submission.0.into(), key.to_string().into()];
    change_one(transaction, "submission", sql, values).await
}

/// Writes down that a mail's content is under another key now.
///
/// # Errors
/// [`StoreError::Conflict`] when the mail is under way: dispatch needs what it has claimed.
pub async fn move_letter(
    transaction: &Transaction,
    delivery: DeliveryId,
    to: VaultKeyId,
    content: &[u8],
) -> Result<(), StoreError> {
    let sql = "UPDATE delivery SET vault_key_id = $2, content = $3 WHERE id = $1 \
               AND state NOT IN ('planned', 'claimed', 'deferred')";
    let values = [delivery.0.into(), to.to_string().into(), content.to_vec().into()];
    change_one(transaction, "delivery", sql, values).await
}
