//! Who reads a message now, and whose fault it is when the reading does not end.
//!
//! An attempt is counted before the bytes are parsed. It stands when the reader child died; it is
//! given back when the daemon died or the database was out, but a message that was read alone at
//! ten such deaths is to blame after all (DESIGN §3).

use domain::{
    ids::{MailboxId, MessageId},
    message::{LONE_DEATHS_PER_ATTEMPT, MAX_ATTEMPTS, MessageState},
};

use super::{COLUMNS, MessageRow, ids, read};
use crate::{
    error::StoreError,
    session::{Session, Transaction, execute, placeholders, query_all, query_optional},
};

/// Whether a message is read with others in one go, or alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Company {
    /// One of several.
    Batch,
    /// Alone, since it is under suspicion.
    Alone,
}

/// Messages of the mailbox that wait to be read, after `after`: those above suspicion first
/// within their order.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn to_read(
    session: &impl Session,
    mailbox: MailboxId,
    after: MessageId,
    limit: u32,
) -> Result<Vec<MessageRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM message WHERE mailbox_id = $1 AND state = 'raw_stored' AND id > $2 \
         ORDER BY id LIMIT $3"
    );
    let values = [mailbox.0.into(), after.0.into(), i64::from(limit).into()];
    query_all(session, &sql, values).await?.iter().map(read).collect()
}

/// Messages that could not be read and are not filed yet.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn to_file_unread(
    session: &impl Session,
    mailbox: MailboxId,
    after: MessageId,
    limit: u32,
) -> Result<Vec<MessageRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM message WHERE mailbox_id = $1 AND state IN ('unreadable', 'quarantined') \
         AND id > $2 ORDER BY id LIMIT $3"
    );
    let values = [mailbox.0.into(), after.0.into(), i64::from(limit).into()];
    query_all(session, &sql, values).await?.iter().map(read).collect()
}

/// Counts an attempt of each message, before its bytes are parsed. Returns those that were still
/// waiting; the others belong to somebody else.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn begin_reading(
    transaction: &Transaction,
    messages: &[MessageId],
    owner: &str,
    company: Company,
) -> Result<Vec<MessageId>, StoreError> {
    let alone = i64::from(company == Company::Alone);
    let sql = format!(
        "UPDATE message SET attempts = attempts + 1, reading_by = $1, reading_alone = $2 \
         WHERE state = 'raw_stored' AND id IN ({}) RETURNING id",
        placeholders(3, messages.len())
    );
    let values = [owner.into(), alone.into()].into_iter().chain(ids(messages));
    let rows = query_all(transaction, &sql, values).await?;
    rows.iter().map(|row| Ok(MessageId(row.get("message", "id")?))).collect()
}

/// Gives attempts back: the reading did not end, and no message is to blame.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn give_back(
    transaction: &Transaction,
    messages: &[MessageId],
    owner: &str,
) -> Result<u64, StoreError> {
    let sql = format!(
        "UPDATE message SET attempts = CASE WHEN attempts > 0 THEN attempts - 1 ELSE 0 END, reading_by = NULL \
         WHERE state = 'raw_stored' AND reading_by = $1 AND id IN ({})",
        placeholders(2, messages.len())
    );
    execute(transaction, &sql, std::iter::once(owner.into()).chain(ids(messages))).await
}

/// Lets the attempt stand: the message killed its reader, or cannot be filed. From now on it is
/// read alone; after its last attempt it is quarantined. Returns the state it is in now.
///
/// # Errors
/// [`StoreError::Unavailable`]; [`StoreError::Conflict`] when `owner` is not reading it: another
/// run has taken it over.
pub async fn fail_reading(
    transaction: &Transaction,
    message: MessageId,
    owner: &str,
    failure: &str,
) -> Result<MessageState, StoreError> {
    let sql = "UPDATE message SET reading_by = NULL, reading_alone = 1, failure = $2, \
               state = CASE WHEN attempts >= $3 THEN 'quarantined' ELSE state END \
               WHERE id = $1 AND state = 'raw_stored' AND reading_by = $4 RETURNING id, state";
    let values = [message.0.into(), failure.into(), i64::from(MAX_ATTEMPTS).into(), owner.into()];
    let row = query_optional(transaction, sql, values)
        .await?
        .ok_or(StoreError::Conflict { what: "message" })?;
    row.parsed("message", "state", MessageState::from_name)
}

/// The bytes are there, but they are no mail, or are not to be had any more. Nothing changes while
/// another run than `owner` reads them.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn mark_unreadable(
    transaction: &Transaction,
    message: MessageId,
    owner: &str,
    failure: &str,
) -> Result<u64, StoreError> {
    let sql = "UPDATE message SET state = 'unreadable', reading_by = NULL, failure = $2 \
               WHERE id = $1 AND state = 'raw_stored' AND COALESCE(reading_by, $3) = $3";
    execute(transaction, sql, [message.0.into(), failure.into(), owner.into()]).await
}

/// Cleans up after daemons that died while they read (whoever holds the mailbox's lease may say
/// so), and after a failed pass of our own. Attempts are given back; what a dead daemon was
/// reading is read alone from now on, and of every ten deaths with a message alone one attempt
/// stands. Returns how many messages other daemons left.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn recover(
    transaction: &Transaction,
    mailbox: MailboxId,
    owner: &str,
) -> Result<u64, StoreError> {
    let own = "UPDATE message SET attempts = CASE WHEN attempts > 0 THEN attempts - 1 ELSE 0 END, reading_by = NULL \
               WHERE mailbox_id = $1 AND state = 'raw_stored' AND reading_by = $2";
    execute(transaction, own, [mailbox.0.into(), owner.into()]).await?;
    let others = format!(
        "UPDATE message SET attempts = CASE \
         WHEN reading_alone = 1 AND (lone_deaths + 1) % {LONE_DEATHS_PER_ATTEMPT} = 0 THEN attempts \
         WHEN attempts > 0 THEN attempts - 1 ELSE 0 END, \
         lone_deaths = lone_deaths + reading_alone, reading_alone = 1, reading_by = NULL \
         WHERE mailbox_id = $1 AND state = 'raw_stored' AND reading_by IS NOT NULL"
    );
    let left = execute(transaction, &others, [mailbox.0.into()]).await?;
    let spent = "UPDATE message SET state = 'quarantined' \
                 WHERE mailbox_id = $1 AND state = 'raw_stored' AND attempts >= $2";
    execute(transaction, spent, [mailbox.0.into(), i64::from(MAX_ATTEMPTS).into()]).await?;
    Ok(left)
}
