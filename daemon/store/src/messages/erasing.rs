//! The copies on the mail server that are to be destroyed, and those that are gone.
//!
//! Called by `intake` at the end of a pass. A destruction asks for it (`erase_asked_at`); the row
//! stays as it is, so that the same bytes, put into the mailbox again by another client, are known
//! and destroyed again. Every try is counted; a failed one waits before the next.

use domain::{
    Timestamp,
    digest::Digest,
    ids::{MailboxId, MessageId},
};

use super::{COLUMNS, MessageRow, read};
use crate::{
    error::StoreError,
    session::{Session, Transaction, execute, query_all, query_one, query_optional},
};

/// The task of a person who must remove a copy by hand.
const TASK: &str = "erase_mail_copy";

/// A copy that is to be destroyed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyRow {
    /// The message.
    pub message: MessageRow,
    /// The name of the folder in which it was found.
    pub folder: String,
    /// By what its bytes are known; none when they were never had.
    pub digest: Option<Digest>,
    /// Tries that failed.
    pub failures: u32,
    /// The first message with the same bytes, if this is a copy of one.
    pub same_as: Option<MessageId>,
}

/// Asks for the copies of what was asked for: the same bytes, found once more. Returns how many.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn ask_copies(
    transaction: &Transaction,
    mailbox: MailboxId,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let sql = "UPDATE message SET erase_asked_at = $2 WHERE mailbox_id = $1 AND same_as IS NOT NULL \
               AND erase_asked_at IS NULL AND EXISTS (SELECT 1 FROM message AS first \
               WHERE first.id = message.same_as AND first.erase_asked_at IS NOT NULL)";
    execute(transaction, sql, [mailbox.0.into(), now.as_microsecond().into()]).await
}

/// Copies of a mailbox whose turn it is, after `after`.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn to_erase(
    session: &impl Session,
    mailbox: MailboxId,
    now: Timestamp,
    after: MessageId,
    limit: u32,
) -> Result<Vec<CopyRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS}, digest_key, raw_digest, erase_failures, same_as, \
         (SELECT name FROM mailbox_folder WHERE mailbox_folder.id = message.folder_id) AS folder_name \
         FROM message WHERE mailbox_id = $1 AND erase_asked_at IS NOT NULL AND copy_gone_at IS NULL \
         AND (erase_next_at IS NULL OR erase_next_at <= $2) AND id > $3 ORDER BY id LIMIT $4"
    );
    let values =
        [mailbox.0.into(), now.as_microsecond().into(), after.0.into(), i64::from(limit).into()];
    let rows = query_all(session, &sql, values).await?;
    rows.iter()
        .map(|row| {
            let failures: i64 = row.get("message", "erase_failures")?;
            let has_digest = row.get::<Option<Vec<u8>>>("message", "raw_digest")?.is_some();
            Ok(CopyRow {
                message: read(row)?,
                folder: row.get("mailbox_folder", "folder_name")?,
                digest: has_digest
                    .then(|| row.digest("message", "digest_key", "raw_digest"))
                    .transpose()?,
                failures: u32::try_from(failures).unwrap_or(u32::MAX),
                same_as: row.get::<Option<i64>>("message", "same_as")?.map(MessageId),
            })
        })
        .collect()
}

/// The copy is gone, and nobody has to look for it any more. Returns whether that was not known.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn mark_gone(
    transaction: &Transaction,
    message: MessageId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let sql = "UPDATE message SET copy_gone_at = $2, erase_next_at = NULL, erase_failure = NULL \
               WHERE id = $1 AND erase_asked_at IS NOT NULL AND copy_gone_at IS NULL";
    let values = [message.0.into(), now.as_microsecond().into()];
    let is_news = execute(transaction, sql, values).await? == 1;
    let sql = "UPDATE task SET done_at = $3, done_by = 'consentry' \
               WHERE name = $1 AND detail = $2 AND done_at IS NULL";
    let values = [TASK.into(), detail(message).into(), now.as_microsecond().into()];
    execute(transaction, sql, values).await?;
    Ok(is_news)
}

/// A try failed, for a reason in one word; the next one is not before `next_at`.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn count_failure(
    transaction: &Transaction,
    message: MessageId,
    failure: &str,
    next_at: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE message SET erase_failures = erase_failures + 1, erase_failure = $2, \
               erase_next_at = $3 WHERE id = $1 AND copy_gone_at IS NULL";
    let values = [message.0.into(), failure.into(), next_at.as_microsecond().into()];
    execute(transaction, sql, values).await?;
    Ok(())
}

/// Opens the task of a person who must remove the copy by hand, unless it is open.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn ask_person(
    transaction: &Transaction,
    message: MessageId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "SELECT id FROM task WHERE name = $1 AND detail = $2 AND done_at IS NULL LIMIT 1";
    let open = query_optional(transaction, sql, [TASK.into(), detail(message).into()]).await?;
    if open.is_none() {
        crate::tasks::open(transaction, TASK, None, None, &detail(message), now).await?;
    }
    Ok(())
}

fn detail(message: MessageId) -> String {
    format!("message {message}")
}

/// How many copies of a mailbox are still there after so many tries.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn stuck(
    session: &impl Session,
    mailbox: MailboxId,
    failures: u32,
) -> Result<u64, StoreError> {
    let sql = "SELECT COUNT(*) AS n FROM message WHERE mailbox_id = $1 AND erase_asked_at IS NOT NULL \
               AND copy_gone_at IS NULL AND erase_failures >= $2";
    let values = [mailbox.0.into(), i64::from(failures).into()];
    let n: i64 = query_one(session, sql, values).await?.get("message", "n")?;
    Ok(u64::try_from(n).unwrap_or(0))
}
