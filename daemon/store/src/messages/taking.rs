//! Messages whose bytes a restore found in the vault: no place has them, as far as we know.
//!
//! They stand in a folder of their own that nothing walks, without UID and file name. Where the
//! same bytes are found on the server later, that is a copy of this message.

use domain::{
    Timestamp,
    digest::Digest,
    ids::{MailboxId, MessageId},
};

use super::{MessageRow, NewMessage};
use crate::{
    error::StoreError,
    mailboxes,
    session::{Transaction, change_one, execute, query_one},
};

/// The folder of what was found in the vault.
const FOLDER: &str = "consentry:vault";

impl MessageRow {
    /// Whether it was found in the vault, and no place is known to have it.
    #[must_use]
    pub fn is_taken_up(&self) -> bool {
        self.uid.is_none() && self.maildir_key.is_none()
    }
}

/// Records a message whose bytes are in the vault, to be read next. No copy of it is known that
/// would have to be destroyed with it.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn take_up(
    transaction: &Transaction,
    mailbox: MailboxId,
    message: &NewMessage,
    digest: Digest,
    now: Timestamp,
) -> Result<MessageId, StoreError> {
    let folder = mailboxes::ensure_folder(transaction, mailbox, FOLDER).await?;
    let sql = "INSERT INTO message (mailbox_id, folder_id, size_bytes, received_at, discovered_at, state, object_id, \
               vault_key_id, digest_key, raw_digest, copy_gone_at) \
               VALUES ($1, $2, $3, $4, $5, 'raw_stored', $6, $7, $8, $9, $5) RETURNING id";
    let values = [
        mailbox.0.into(),
        folder.id.0.into(),
        i64::try_from(message.size).unwrap_or(i64::MAX).into(),
        message.received_at.as_microsecond().into(),
        now.as_microsecond().into(),
        message.object.to_string().into(),
        message.vault_key.to_string().into(),
        i64::from(digest.key.0).into(),
        digest.bytes.to_vec().into(),
    ];
    Ok(MessageId(query_one(transaction, sql, values).await?.get("message", "id")?))
}

/// What was taken up and is filed is done with: there is no place to tell. Returns how many.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn settle_taken_up(
    transaction: &Transaction,
    mailbox: MailboxId,
) -> Result<u64, StoreError> {
    let sql = "UPDATE message SET state = 'moved' WHERE mailbox_id = $1 AND state = 'filed' \
               AND folder_id IN (SELECT id FROM mailbox_folder WHERE mailbox_id = $1 AND name = $2)";
    execute(transaction, sql, [mailbox.0.into(), FOLDER.into()]).await
}

/// It was destroyed with its sender, before it could be filed again. Copies of it that are found
/// are destroyed, too.
///
/// # Errors
/// [`StoreError::Conflict`] when it was filed meanwhile.
pub async fn mark_destroyed(
    transaction: &Transaction,
    message: MessageId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE message SET state = 'moved', object_id = NULL, vault_key_id = NULL, reading_by = NULL, \
               reading_alone = 0, filed_at = $2, erase_asked_at = $2, copy_gone_at = $2 \
               WHERE id = $1 AND state NOT IN ('filed', 'moved')";
    change_one(transaction, "message", sql, [message.0.into(), now.as_microsecond().into()]).await
}
