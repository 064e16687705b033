//! Which messages are to be fetched, and what a server that fails at one of them costs the others.
//!
//! Called by `intake`. A message at which fetching failed is fetched alone and after all others
//! from then on, so that one mail on which the server breaks never starves those behind it; a
//! message at which it failed too often is given up and becomes a ticket for a person.

use domain::ids::{FolderId, MailboxId, MessageId};

use super::{COLUMNS, MessageRow, ids, read};
use crate::{
    error::StoreError,
    session::{Session, Transaction, execute, placeholders, query_all},
};

/// Messages of a folder whose bytes are to be fetched, or (too big) their header, after `after`;
/// those left out at which fetching failed before.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn to_fetch(
    session: &impl Session,
    mailbox: MailboxId,
    folder: FolderId,
    after: MessageId,
    limit: u32,
) -> Result<Vec<MessageRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM message WHERE mailbox_id = $1 AND state IN ('discovered', 'too_big') \
         AND folder_id = $2 AND fetch_failures = 0 AND id > $3 ORDER BY id LIMIT $4"
    );
    let values = [mailbox.0.into(), folder.0.into(), after.0.into(), i64::from(limit).into()];
    query_all(session, &sql, values).await?.iter().map(read).collect()
}

/// Messages of a folder at which fetching failed before, those with the fewest failures first:
/// one that breaks the connection each time does not keep the others from their turn.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn suspects(
    session: &impl Session,
    mailbox: MailboxId,
    folder: FolderId,
    limit: u32,
) -> Result<Vec<MessageRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM message WHERE mailbox_id = $1 AND state IN ('discovered', 'too_big') \
         AND folder_id = $2 AND fetch_failures > 0 ORDER BY fetch_failures, id LIMIT $3"
    );
    let values = [mailbox.0.into(), folder.0.into(), i64::from(limit).into()];
    query_all(session, &sql, values).await?.iter().map(read).collect()
}

/// Counts that fetching these failed.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn count_fetch_failure(
    transaction: &Transaction,
    messages: &[MessageId],
    failure: &str,
) -> Result<u64, StoreError> {
    let sql = format!(
        "UPDATE message SET fetch_failures = fetch_failures + 1, failure = $1 \
         WHERE state IN ('discovered', 'too_big') AND id IN ({})",
        placeholders(2, messages.len())
    );
    execute(transaction, &sql, std::iter::once(failure.into()).chain(ids(messages))).await
}

/// The server does not give the bytes out: there will be no object, and a person must look.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn give_up_fetching(
    transaction: &Transaction,
    message: MessageId,
) -> Result<u64, StoreError> {
    let sql = "UPDATE message SET state = 'unreadable', object_id = NULL \
               WHERE id = $1 AND state = 'discovered'";
    execute(transaction, sql, [message.0.into()]).await
}
