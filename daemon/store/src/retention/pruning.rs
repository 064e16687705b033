//! What is over goes: original mails as a file and then in their row, texts by one statement; and
//! when was looked last.

use domain::{
    Timestamp,
    ids::{ObjectId, SubmissionId, VaultKeyId},
};

use super::HELD;
use crate::{
    error::StoreError,
    row::Row,
    session::{Session, Transaction, execute, query_all, query_one, query_optional},
};

/// A file in the vault that is over.
#[derive(Debug, Clone, Copy)]
pub struct OldFile {
    /// The submission that it is of.
    pub submission: SubmissionId,
    /// The file.
    pub object: ObjectId,
    /// The key of a mail of which no ticket came; it is destroyed with the file.
    pub vault_key: Option<VaultKeyId>,
}

fn read_file(row: &Row) -> Result<OldFile, StoreError> {
    let object = row.parsed("submission", "object_id", |text| ObjectId::parse(text).ok())?;
    let key =
        row.parsed_option("submission", "vault_key_id", |text| VaultKeyId::parse(text).ok())?;
    Ok(OldFile { submission: SubmissionId(row.get("submission", "id")?), object, vault_key: key })
}

const OLD_RAW: &str = "submission.object_id IS NOT NULL AND submission.channel = 'message' \
     AND submission.received_at < $1 AND ticket.state = 'closed'";

/// Original mails of closed tickets that came before an instant, after `after`.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn raw_mail(
    session: &impl Session,
    before: Timestamp,
    after: SubmissionId,
    limit: u32,
) -> Result<Vec<OldFile>, StoreError> {
    let sql = format!(
        "SELECT submission.id, submission.object_id, submission.vault_key_id FROM submission \
         JOIN ticket ON ticket.id = submission.ticket_id \
         WHERE submission.id > $2 AND {OLD_RAW} AND NOT {HELD} ORDER BY submission.id LIMIT $3"
    );
    let values = [before.as_microsecond().into(), after.0.into(), i64::from(limit).into()];
    query_all(session, &sql, values).await?.iter().map(read_file).collect()
}

/// Whether the original of a submission may still be destroyed: its ticket is closed and nothing
/// holds it.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn is_still_over(
    session: &impl Session,
    file: &OldFile,
    before: Timestamp,
) -> Result<bool, StoreError> {
    let sql = format!(
        "SELECT submission.id FROM submission JOIN ticket ON ticket.id = submission.ticket_id \
         WHERE submission.id = $2 AND {OLD_RAW} AND NOT {HELD}"
    );
    let values = [before.as_microsecond().into(), file.submission.0.into()];
    Ok(query_optional(session, &sql, values).await?.is_some())
}

/// The file of a submission is gone.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn forget_raw(transaction: &Transaction, file: &OldFile) -> Result<bool, StoreError> {
    let object = file.object.to_string();
    let sql = "UPDATE submission SET object_id = NULL WHERE id = $1 AND object_id = $2";
    let changed =
        execute(transaction, sql, [file.submission.0.into(), object.as_str().into()]).await?;
    let sql = "UPDATE message SET object_id = NULL WHERE submission_id = $1 AND object_id = $2";
    execute(transaction, sql, [file.submission.0.into(), object.into()]).await?;
    Ok(changed == 1)
}

/// Mails of which no ticket came, received before an instant, after `after`.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn noted_mail(
    session: &impl Session,
    before: Timestamp,
    after: SubmissionId,
    limit: u32,
) -> Result<Vec<OldFile>, StoreError> {
    let sql = "SELECT id, object_id, vault_key_id FROM submission WHERE id > $2 AND ticket_id IS NULL \
               AND channel = 'message' AND object_id IS NOT NULL AND received_at < $1 AND unkeyed = 0 \
               AND NOT EXISTS (SELECT 1 FROM contact WHERE contact.vault_key_id = submission.vault_key_id) \
               ORDER BY id LIMIT $3";
    let values = [before.as_microsecond().into(), after.0.into(), i64::from(limit).into()];
    query_all(session, sql, values).await?.iter().map(read_file).collect()
}

/// File, text and key of a mail without a ticket are gone; that there was one stays.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn forget_noted(transaction: &Transaction, file: &OldFile) -> Result<bool, StoreError> {
    let object = file.object.to_string();
    let sql = "UPDATE submission SET object_id = NULL, content = NULL, vault_key_id = NULL \
               WHERE id = $1 AND object_id = $2 AND ticket_id IS NULL";
    let changed =
        execute(transaction, sql, [file.submission.0.into(), object.as_str().into()]).await?;
    let sql = "UPDATE message SET object_id = NULL, vault_key_id = NULL \
               WHERE submission_id = $1 AND object_id = $2";
    execute(transaction, sql, [file.submission.0.into(), object.into()]).await?;
    Ok(changed == 1)
}

/// A condition on `delivery` that its letter is over.
fn old_letters() -> String {
    format!(
        "delivery.content IS NOT NULL AND delivery.settled_at < $1 \
         AND delivery.state IN ('accepted', 'rejected', 'withheld') \
         AND EXISTS (SELECT 1 FROM ticket WHERE ticket.id = delivery.ticket_id AND ticket.state = 'closed' AND NOT {HELD})"
    )
}

/// What is emptied by one statement each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Emptied {
    /// Texts of our letters in closed tickets.
    Letters,
    /// What mail servers replied.
    DeliveryStatus,
    /// Network address and browser of confirmed subscriptions.
    WebEvidence,
}

impl Emptied {
    /// Table, condition with `$1` for the instant, and what is set.
    fn parts(self) -> (&'static str, String, &'static str) {
        match self {
            Self::Letters => ("delivery", old_letters(), "content = NULL"),
            Self::DeliveryStatus => (
                "delivery",
                "delivery.reply_text IS NOT NULL AND delivery.settled_at < $1 \
                 AND delivery.state IN ('accepted', 'rejected', 'withheld')"
                    .to_owned(),
                "reply_text = NULL",
            ),
            Self::WebEvidence => (
                "opt_in",
                "opt_in.confirmed_at < $1 AND (opt_in.evidence <> '{}' OR opt_in.name <> '')"
                    .to_owned(),
                "evidence = '{}', name = ''",
            ),
        }
    }
}

/// How many there are to be emptied.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn to_empty(
    session: &impl Session,
    what: Emptied,
    before: Timestamp,
) -> Result<u64, StoreError> {
    let (table, condition, _) = what.parts();
    let sql = format!("SELECT COUNT(*) AS n FROM {table} WHERE {condition}");
    let row = query_one(session, &sql, [before.as_microsecond().into()]).await?;
    Ok(u64::try_from(row.get::<i64>(table, "n")?).unwrap_or(0))
}

/// Empties at most `limit` of them; returns how many.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn empty(
    transaction: &Transaction,
    what: Emptied,
    before: Timestamp,
    limit: u32,
) -> Result<u64, StoreError> {
    let (table, condition, set) = what.parts();
    let sql = format!(
        "UPDATE {table} SET {set} WHERE id IN (SELECT id FROM {table} WHERE {condition} ORDER BY id LIMIT $2)"
    );
    let values = [before.as_microsecond().into(), i64::from(limit).into()];
    let changed = execute(transaction, &sql, values).await?;
    if what == Emptied::DeliveryStatus && changed > 0 {
        let sql = "UPDATE delivery_attempt SET reply_text = NULL WHERE reply_text IS NOT NULL AND ended_at < $1 \
                   AND EXISTS (SELECT 1 FROM delivery WHERE delivery.id = delivery_attempt.delivery_id \
                   AND delivery.reply_text IS NULL)";
        execute(transaction, sql, [before.as_microsecond().into()]).await?;
    }
    Ok(changed)
}

/// One look of the past.
#[derive(Debug, Clone)]
pub struct RunRow {
    /// When.
    pub ran_at: Timestamp,
    /// What it did: JSON of numbers.
    pub counts: String,
}

/// The last look.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn last_run(session: &impl Session) -> Result<Option<RunRow>, StoreError> {
    let sql = "SELECT ran_at, counts FROM retention_run ORDER BY ran_at DESC, id DESC LIMIT 1";
    let row = query_optional(session, sql, []).await?;
    row.map(|row| {
        Ok(RunRow {
            ran_at: row.instant("retention_run", "ran_at")?,
            counts: row.get("retention_run", "counts")?,
        })
    })
    .transpose()
}

/// Notes what a look did.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn note_run(
    transaction: &Transaction,
    counts: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO retention_run (ran_at, counts) VALUES ($1, $2)";
    execute(transaction, sql, [now.as_microsecond().into(), counts.into()]).await?;
    Ok(())
}
