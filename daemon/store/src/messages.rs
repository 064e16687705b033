//! Inbound messages on their way, one row each, from discovered to moved.
//!
//! Called by `intake`. Every change names the state it needs (invariant 9); batches change what
//! still is in that state, and the caller reads the rest again. `submissions` has the one change
//! that belongs to filing.

mod erasing;
mod fetching;
mod marking;
mod reading;
mod taking;

use std::collections::HashSet;

use domain::{
    Timestamp,
    digest::Digest,
    ids::{FolderId, MailboxId, MessageId, ObjectId, VaultKeyId},
    message::MessageState,
};
use sea_orm::Value;

use crate::{
    error::StoreError,
    row::Row,
    session::{Session, Transaction, change_one, execute, placeholders, query_all},
};

pub use self::erasing::{
    CopyRow, ask_copies, ask_person, count_failure, mark_gone, stuck, to_erase,
};
pub use self::fetching::{count_fetch_failure, give_up_fetching, suspects, to_fetch};
pub use self::marking::{MovedTo, mark_moved, mark_moved_in_place, note_copied, to_move};
pub use self::reading::{
    Company, begin_reading, fail_reading, give_back, mark_unreadable, recover, to_file_unread,
    to_read,
};
pub use self::taking::{mark_destroyed, settle_taken_up, take_up};

/// A message seen for the first time.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// UIDVALIDITY and UID; none in a Maildir.
    pub uid: Option<(u32, u32)>,
    /// The file name before ":"; none on a server.
    pub maildir_key: Option<String>,
    /// Its size as the place says.
    pub size: u64,
    /// The server's receipt.
    pub received_at: Timestamp,
    /// The id under which its bytes will be stored: noted first, so that a cut-off storing is
    /// repeated under the same one.
    pub object: ObjectId,
    /// The key made for it.
    pub vault_key: VaultKeyId,
}

/// A message as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageRow {
    /// Its id.
    pub id: MessageId,
    /// The folder it is in.
    pub folder: FolderId,
    /// UIDVALIDITY and UID; none in a Maildir.
    pub uid: Option<(u32, u32)>,
    /// The file name before ":"; none on a server.
    pub maildir_key: Option<String>,
    /// Its size as the place says.
    pub size: u64,
    /// The server's receipt.
    pub received_at: Timestamp,
    /// When we saw it first.
    pub discovered_at: Timestamp,
    /// Where it stands.
    pub state: MessageState,
    /// Its object; none for a copy of another message.
    pub object: Option<ObjectId>,
    /// Its key; none for a copy of another message.
    pub vault_key: Option<VaultKeyId>,
    /// How often its bytes were given to a reader that did not come back.
    pub attempts: u32,
    /// It is to be read alone.
    pub is_suspect: bool,
    /// How often the server failed at fetching it.
    pub fetch_failures: u32,
    /// The folder into which it was copied, if it was; its original may still be there.
    pub copied_to: Option<MovedTo>,
}

const COLUMNS: &str = "id, folder_id, uid_validity, uid, maildir_key, size_bytes, received_at, discovered_at, state, object_id, \
                       vault_key_id, attempts, reading_alone, fetch_failures, moved_folder, moved_uid_validity, moved_uid";

fn read(row: &Row) -> Result<MessageRow, StoreError> {
    let id: i64 = row.get("message", "id")?;
    let misfit = |column: &str| StoreError::Inconsistent {
        table: "message",
        row: id.to_string(),
        what: format!("column {column} does not fit"),
    };
    let number = |column: &'static str| -> Result<Option<u32>, StoreError> {
        let value: Option<i64> = row.get("message", column)?;
        value.map(|value| u32::try_from(value).map_err(|_| misfit(column))).transpose()
    };
    let size: i64 = row.get("message", "size_bytes")?;
    let attempts: i64 = row.get("message", "attempts")?;
    let fetch_failures: i64 = row.get("message", "fetch_failures")?;
    let moved_folder: Option<String> = row.get("message", "moved_folder")?;
    let moved_uid = number("moved_uid_validity")?.zip(number("moved_uid")?);
    Ok(MessageRow {
        id: MessageId(id),
        folder: FolderId(row.get("message", "folder_id")?),
        uid: number("uid_validity")?.zip(number("uid")?),
        maildir_key: row.get("message", "maildir_key")?,
        size: u64::try_from(size).map_err(|_| misfit("size_bytes"))?,
        received_at: row.instant("message", "received_at")?,
        discovered_at: row.instant("message", "discovered_at")?,
        state: row.parsed("message", "state", MessageState::from_name)?,
        object: row.parsed_option("message", "object_id", |text| ObjectId::parse(text).ok())?,
        vault_key: row
            .parsed_option("message", "vault_key_id", |text| VaultKeyId::parse(text).ok())?,
        attempts: u32::try_from(attempts).map_err(|_| misfit("attempts"))?,
        is_suspect: row.get::<i64>("message", "reading_alone")? != 0,
        fetch_failures: u32::try_from(fetch_failures).map_err(|_| misfit("fetch_failures"))?,
        copied_to: moved_folder.map(|folder| MovedTo { folder, uid: moved_uid }),
    })
}

fn ids(messages: &[MessageId]) -> impl Iterator<Item = Value> + '_ {
    messages.iter().map(|id| id.0.into())
}

/// Records messages; those that are recorded already are left as they are, but one that had
/// vanished before it was fetched is there again. Returns how many are new or back.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn discover(
    transaction: &Transaction,
    mailbox: MailboxId,
    folder: FolderId,
    messages: &[NewMessage],
    now: Timestamp,
) -> Result<u64, StoreError> {
    let mut new = 0;
    for chunk in messages.chunks(500) {
        let mut values: Vec<Value> =
            vec![mailbox.0.into(), folder.0.into(), now.as_microsecond().into()];
        let mut rows = Vec::with_capacity(chunk.len());
        for message in chunk {
            let at = values.len() + 1;
            rows.push(format!(
                "($1, $2, ${}, ${}, ${}, ${}, ${}, $3, 'discovered', ${}, ${})",
                at,
                at + 1,
                at + 2,
                at + 3,
                at + 4,
                at + 5,
                at + 6
            ));
            values.extend([
                message.uid.map(|(validity, _)| i64::from(validity)).into(),
                message.uid.map(|(_, uid)| i64::from(uid)).into(),
                message.maildir_key.clone().into(),
                i64::try_from(message.size).unwrap_or(i64::MAX).into(),
                message.received_at.as_microsecond().into(),
                message.object.to_string().into(),
                message.vault_key.to_string().into(),
            ]);
        }
        // A folder is of a server or of a Maildir, and so are all its messages.
        let identity = if chunk.iter().any(|message| message.uid.is_some()) {
            "folder_id, uid_validity, uid"
        } else {
            "folder_id, maildir_key"
        };
        let sql = format!(
            "INSERT INTO message (mailbox_id, folder_id, uid_validity, uid, maildir_key, size_bytes, received_at, \
             discovered_at, state, object_id, vault_key_id) VALUES {} ON CONFLICT ({identity}) DO UPDATE SET \
             state = 'discovered', failure = NULL \
             WHERE message.state = 'vanished' AND message.raw_digest IS NULL AND message.filed_at IS NULL",
            rows.join(", ")
        );
        new += execute(transaction, &sql, values).await?;
    }
    Ok(new)
}

/// Which of these Maildir keys are recorded in the folder, those left out that had vanished: their
/// file is there again.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn known_keys(
    session: &impl Session,
    folder: FolderId,
    keys: &[&str],
) -> Result<HashSet<String>, StoreError> {
    let mut known = HashSet::new();
    for chunk in keys.chunks(500) {
        let sql = format!(
            "SELECT maildir_key FROM message WHERE folder_id = $1 AND maildir_key IN ({}) \
             AND (state <> 'vanished' OR raw_digest IS NOT NULL OR filed_at IS NOT NULL)",
            placeholders(2, chunk.len())
        );
        let values = std::iter::once(folder.0.into()).chain(chunk.iter().map(|key| (*key).into()));
        for row in query_all(session, &sql, values).await? {
            known.insert(row.get("message", "maildir_key")?);
        }
    }
    Ok(known)
}

/// The first message of the mailbox with each of these digests; several keys may be asked for.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn with_raw_digest(
    session: &impl Session,
    mailbox: MailboxId,
    digests: &[Digest],
) -> Result<Vec<(Digest, MessageId)>, StoreError> {
    let mut found = Vec::new();
    for chunk in digests.chunks(500) {
        let sql = format!(
            "SELECT id, digest_key, raw_digest FROM message WHERE mailbox_id = $1 AND same_as IS NULL \
             AND raw_digest IN ({}) ORDER BY id",
            placeholders(2, chunk.len())
        );
        let values = std::iter::once(mailbox.0.into())
            .chain(chunk.iter().map(|digest| digest.bytes.to_vec().into()));
        for row in query_all(session, &sql, values).await? {
            let digest = row.digest("message", "digest_key", "raw_digest")?;
            if chunk.contains(&digest) && !found.iter().any(|(known, _)| *known == digest) {
                found.push((digest, MessageId(row.get("message", "id")?)));
            }
        }
    }
    Ok(found)
}

/// The bytes are durable in the vault.
///
/// # Errors
/// [`StoreError::Conflict`] when the message is not `discovered`.
pub async fn mark_raw_stored(
    transaction: &Transaction,
    message: MessageId,
    digest: Digest,
    size: u64,
) -> Result<(), StoreError> {
    let sql = "UPDATE message SET state = 'raw_stored', digest_key = $2, raw_digest = $3, size_bytes = $4, \
               failure = NULL WHERE id = $1 AND state = 'discovered'";
    let values = [
        message.0.into(),
        i64::from(digest.key.0).into(),
        digest.bytes.to_vec().into(),
        i64::try_from(size).unwrap_or(i64::MAX).into(),
    ];
    change_one(transaction, "message", sql, values).await
}

/// The same bytes came before as `first`: this copy is filed with it and only moved. It has no
/// object of its own.
///
/// # Errors
/// [`StoreError::Conflict`] when the message is not `discovered`.
pub async fn recognise_copy(
    transaction: &Transaction,
    message: MessageId,
    first: MessageId,
    digest: Digest,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE message SET state = 'filed', same_as = $2, digest_key = $3, raw_digest = $4, \
               filed_at = $5, object_id = NULL, vault_key_id = NULL, failure = NULL \
               WHERE id = $1 AND state = 'discovered'";
    let values = [
        message.0.into(),
        first.0.into(),
        i64::from(digest.key.0).into(),
        digest.bytes.to_vec().into(),
        now.as_microsecond().into(),
    ];
    change_one(transaction, "message", sql, values).await
}

/// It is over the size limit; there will be no object. `digest` is of its header and size, by which
/// it is known again where folders are numbered anew.
///
/// # Errors
/// [`StoreError::Conflict`] when the message is not `discovered`.
pub async fn mark_too_big(
    transaction: &Transaction,
    message: MessageId,
    digest: Option<Digest>,
) -> Result<(), StoreError> {
    let sql = "UPDATE message SET state = 'too_big', object_id = NULL, digest_key = $2, raw_digest = $3 \
               WHERE id = $1 AND state = 'discovered'";
    let values = [
        message.0.into(),
        digest.map(|digest| i64::from(digest.key.0)).into(),
        digest.map(|digest| digest.bytes.to_vec()).into(),
    ];
    change_one(transaction, "message", sql, values).await
}

/// They are gone from the mailbox before they were fetched.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn mark_vanished(
    transaction: &Transaction,
    messages: &[MessageId],
) -> Result<u64, StoreError> {
    let sql = format!(
        "UPDATE message SET state = 'vanished' WHERE state = 'discovered' AND id IN ({})",
        placeholders(1, messages.len())
    );
    execute(transaction, &sql, ids(messages)).await
}

/// Notes why a message is still where it is, for `status`.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn note_failure(
    transaction: &Transaction,
    message: MessageId,
    failure: &str,
) -> Result<(), StoreError> {
    let sql = "UPDATE message SET failure = $2 WHERE id = $1";
    execute(transaction, sql, [message.0.into(), failure.into()]).await?;
    Ok(())
}

/// How many messages of a mailbox are in each state, for `status` and tests.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn counts(
    session: &impl Session,
    mailbox: MailboxId,
) -> Result<Vec<(MessageState, u64)>, StoreError> {
    let sql = "SELECT state, COUNT(*) AS number FROM message WHERE mailbox_id = $1 \
               GROUP BY state ORDER BY state";
    let rows = query_all(session, sql, [mailbox.0.into()]).await?;
    rows.iter()
        .map(|row| {
            let number: i64 = row.get("message", "number")?;
            let state = row.parsed("message", "state", MessageState::from_name)?;
            Ok((state, u64::try_from(number).unwrap_or(0)))
        })
        .collect()
}
