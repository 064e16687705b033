//! Mailboxes and their folders: where mail is read from, how far the walk has come, how it goes.
//!
//! Called by `intake` while it polls, and by `status`. A folder's `next_uid` is moved in the
//! transaction that records the messages below it, so that none is skipped.

use domain::{
    Timestamp,
    ids::{FolderId, MailboxId},
};

use crate::{
    error::StoreError,
    row::Row,
    session::{Session, Transaction, execute, query_all, query_one, query_optional},
};

/// A folder as the walk left it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderRow {
    /// Its id.
    pub id: FolderId,
    /// The UIDVALIDITY under which `next_uid` counts; none before the first walk, and for a
    /// Maildir.
    pub uid_validity: Option<u32>,
    /// Every UID below this one is recorded.
    pub next_uid: u32,
    /// The last walk met an answer that nobody understands: it goes mail by mail.
    pub is_walked_singly: bool,
}

/// A mailbox as it stands, for `status`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailboxRow {
    /// Its id.
    pub id: MailboxId,
    /// Its configured name.
    pub name: String,
    /// `imap` or `maildir`.
    pub kind: String,
    /// The last poll that went through.
    pub polled_at: Option<Timestamp>,
    /// Since when polling fails.
    pub failing_since_at: Option<Timestamp>,
    /// Why, in words without personal data.
    pub failure: Option<String>,
    /// Messages that are recorded and not yet filed.
    pub waiting: u64,
}

/// The mailbox of this name, made when it is new.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn ensure(
    transaction: &Transaction,
    name: &str,
    kind: &str,
) -> Result<MailboxId, StoreError> {
    let sql = "INSERT INTO mailbox (name, kind) VALUES ($1, $2) \
               ON CONFLICT (name) DO UPDATE SET kind = excluded.kind RETURNING id";
    let row = query_one(transaction, sql, [name.into(), kind.into()]).await?;
    Ok(MailboxId(row.get("mailbox", "id")?))
}

/// The mailbox of this name, if it was ever read.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn named(session: &impl Session, name: &str) -> Result<Option<MailboxId>, StoreError> {
    let sql = "SELECT id FROM mailbox WHERE name = $1";
    let row = query_optional(session, sql, [name.into()]).await?;
    row.map(|row| row.get("mailbox", "id").map(MailboxId)).transpose()
}

/// The folder of this name, made when it is new.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn ensure_folder(
    transaction: &Transaction,
    mailbox: MailboxId,
    name: &str,
) -> Result<FolderRow, StoreError> {
    let sql = "INSERT INTO mailbox_folder (mailbox_id, name) VALUES ($1, $2) \
               ON CONFLICT (mailbox_id, name) DO UPDATE SET name = excluded.name \
               RETURNING id, uid_validity, next_uid, is_walked_singly";
    let row = query_one(transaction, sql, [mailbox.0.into(), name.into()]).await?;
    read_folder(&row)
}

fn read_folder(row: &Row) -> Result<FolderRow, StoreError> {
    let misfit = |what: &str| StoreError::Inconsistent {
        table: "mailbox_folder",
        row: "?".to_owned(),
        what: format!("column {what} does not fit"),
    };
    let uid_validity: Option<i64> = row.get("mailbox_folder", "uid_validity")?;
    let next_uid: i64 = row.get("mailbox_folder", "next_uid")?;
    Ok(FolderRow {
        id: FolderId(row.get("mailbox_folder", "id")?),
        uid_validity: uid_validity
            .map(|value| u32::try_from(value).map_err(|_| misfit("uid_validity")))
            .transpose()?,
        next_uid: u32::try_from(next_uid).map_err(|_| misfit("next_uid"))?,
        is_walked_singly: row.get::<i64>("mailbox_folder", "is_walked_singly")? != 0,
    })
}

/// Begins the walk anew under another UIDVALIDITY: all UIDs known before are void (RFC 3501
/// §2.3.1.1). What was recorded and not fetched, or filed and not marked, has vanished under its
/// old UID; the new walk finds it again and knows it by its bytes. Returns how many those were.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn begin_validity(
    transaction: &Transaction,
    folder: FolderId,
    uid_validity: u32,
) -> Result<u64, StoreError> {
    let validity = i64::from(uid_validity);
    let sql = "UPDATE mailbox_folder SET uid_validity = $2, next_uid = 1 WHERE id = $1";
    execute(transaction, sql, [folder.0.into(), validity.into()]).await?;
    let sql = "UPDATE message SET state = 'vanished' \
               WHERE folder_id = $1 AND uid_validity <> $2 AND state IN ('discovered', 'filed')";
    execute(transaction, sql, [folder.0.into(), validity.into()]).await
}

/// Moves the walk on: every UID below `next_uid` is recorded. It never goes back.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn advance(
    transaction: &Transaction,
    folder: FolderId,
    next_uid: u32,
) -> Result<(), StoreError> {
    let sql = "UPDATE mailbox_folder SET next_uid = $2 WHERE id = $1 AND next_uid < $2";
    execute(transaction, sql, [folder.0.into(), i64::from(next_uid).into()]).await?;
    Ok(())
}

/// Notes that the walk broke at an answer that nobody understands: the next one goes mail by mail.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn walk_singly(transaction: &Transaction, folder: FolderId) -> Result<(), StoreError> {
    let sql = "UPDATE mailbox_folder SET is_walked_singly = 1 WHERE id = $1";
    execute(transaction, sql, [folder.0.into()]).await?;
    Ok(())
}

/// Notes that a folder was walked to its end.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn note_walked(
    transaction: &Transaction,
    folder: FolderId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE mailbox_folder SET polled_at = $2, is_walked_singly = 0 WHERE id = $1";
    execute(transaction, sql, [folder.0.into(), now.as_microsecond().into()]).await?;
    Ok(())
}

/// Notes that a poll went through.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn note_polled(
    transaction: &Transaction,
    mailbox: MailboxId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql =
        "UPDATE mailbox SET polled_at = $2, failing_since_at = NULL, failure = NULL WHERE id = $1";
    execute(transaction, sql, [mailbox.0.into(), now.as_microsecond().into()]).await?;
    Ok(())
}

/// Notes that a poll failed, and returns since when that goes on.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn note_failed(
    transaction: &Transaction,
    mailbox: MailboxId,
    failure: &str,
    now: Timestamp,
) -> Result<Timestamp, StoreError> {
    let sql = "UPDATE mailbox SET failing_since_at = COALESCE(failing_since_at, $2), failure = $3 \
               WHERE id = $1 RETURNING id, failing_since_at";
    let values = [mailbox.0.into(), now.as_microsecond().into(), failure.into()];
    query_one(transaction, sql, values).await?.instant("mailbox", "failing_since_at")
}

/// All mailboxes, by name.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn all(session: &impl Session) -> Result<Vec<MailboxRow>, StoreError> {
    let sql = "SELECT id, name, kind, polled_at, failing_since_at, failure, \
               (SELECT COUNT(*) FROM message WHERE message.mailbox_id = mailbox.id AND state IN \
               ('discovered', 'raw_stored', 'too_big', 'unreadable', 'quarantined')) AS waiting \
               FROM mailbox ORDER BY name";
    let rows = query_all(session, sql, []).await?;
    rows.iter()
        .map(|row| {
            let waiting: i64 = row.get("mailbox", "waiting")?;
            Ok(MailboxRow {
                id: MailboxId(row.get("mailbox", "id")?),
                name: row.get("mailbox", "name")?,
                kind: row.get("mailbox", "kind")?,
                polled_at: row.instant_option("mailbox", "polled_at")?,
                failing_since_at: row.instant_option("mailbox", "failing_since_at")?,
                failure: row.get("mailbox", "failure")?,
                waiting: u64::try_from(waiting).unwrap_or(0),
            })
        })
        .collect()
}
