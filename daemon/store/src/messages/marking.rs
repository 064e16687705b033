//! filed → moved: which server copies are to be marked or moved, and where they went.
//!
//! Called by `intake` after the filing committed.

use domain::ids::{FolderId, MailboxId, MessageId};
use sea_orm::Value;

use super::{COLUMNS, MessageRow, ids, read};
use crate::{
    error::StoreError,
    session::{Session, Transaction, change_one, execute, placeholders, query_all},
};

/// Filed messages of a folder whose copy on the server is still to be marked or moved.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn to_move(
    session: &impl Session,
    mailbox: MailboxId,
    folder: FolderId,
    limit: u32,
) -> Result<Vec<MessageRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM message WHERE mailbox_id = $1 AND state = 'filed' AND folder_id = $2 \
         ORDER BY id LIMIT $3"
    );
    let values = [mailbox.0.into(), folder.0.into(), i64::from(limit).into()];
    query_all(session, &sql, values).await?.iter().map(read).collect()
}

/// Where a message went on the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovedTo {
    /// The folder.
    pub folder: String,
    /// UIDVALIDITY and UID there, if the server told them.
    pub uid: Option<(u32, u32)>,
}

/// The server's copies were marked where they are.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn mark_moved_in_place(
    transaction: &Transaction,
    messages: &[MessageId],
) -> Result<u64, StoreError> {
    let mut changed = 0;
    for chunk in messages.chunks(500) {
        let sql = format!(
            "UPDATE message SET state = 'moved' WHERE state = 'filed' AND id IN ({})",
            placeholders(1, chunk.len())
        );
        changed += execute(transaction, &sql, ids(chunk)).await?;
    }
    Ok(changed)
}

/// The server copied it, and the original is still to be removed: the copying is not repeated.
///
/// # Errors
/// [`StoreError::Conflict`] when the message is not `filed`.
pub async fn note_copied(
    transaction: &Transaction,
    message: MessageId,
    target: &MovedTo,
) -> Result<(), StoreError> {
    let sql = "UPDATE message SET moved_folder = $2, moved_uid_validity = $3, moved_uid = $4 \
               WHERE id = $1 AND state = 'filed'";
    change_one(transaction, "message", sql, values_of(message, target)).await
}

/// The server's copy was moved.
///
/// # Errors
/// [`StoreError::Conflict`] when the message is not `filed`.
pub async fn mark_moved(
    transaction: &Transaction,
    message: MessageId,
    target: &MovedTo,
) -> Result<(), StoreError> {
    let sql = "UPDATE message SET state = 'moved', moved_folder = $2, moved_uid_validity = $3, moved_uid = $4 \
               WHERE id = $1 AND state = 'filed'";
    change_one(transaction, "message", sql, values_of(message, target)).await
}

fn values_of(message: MessageId, target: &MovedTo) -> [Value; 4] {
    [
        message.0.into(),
        target.folder.as_str().into(),
        target.uid.map(|(validity, _)| i64::from(validity)).into(),
        target.uid.map(|(_, uid)| i64::from(uid)).into(),
    ]
}
