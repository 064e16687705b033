//! What is over goes, some rows in one transaction: texts at once, of original mails first the row,
//! with what the vault then owes; and when was looked last. Nothing that is held is touched.

use domain::{Timestamp, ids::SubmissionId};

use super::{HELD, HELD_ADDRESSES, debts::owe};
use crate::{
    connect::Dialect,
    error::StoreError,
    session::{Session, Transaction, execute, query_all, query_one, query_optional},
};

/// Which original mails are over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OldFiles {
    /// Those of closed tickets, and form entries. What was read of them stays under its key.
    Raw,
    /// Those of which no ticket came: text and key go with them.
    Noted,
}

impl OldFiles {
    /// The conditions on `submission`, with `$1` for the instant.
    fn condition(self) -> String {
        let old = "submission.object_id IS NOT NULL AND submission.received_at < $1";
        match self {
            Self::Raw => format!(
                "{old} AND EXISTS (SELECT 1 FROM ticket WHERE ticket.id = submission.ticket_id \
                 AND ticket.state = 'closed' AND NOT {HELD})"
            ),
            Self::Noted => format!(
                "{old} AND submission.channel = 'message' AND submission.ticket_id IS NULL AND submission.unkeyed = 0 \
                 AND NOT EXISTS (SELECT 1 FROM contact WHERE contact.vault_key_id = submission.vault_key_id)"
            ),
        }
    }
}

/// How many original mails are over that came before an instant.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn old_files(
    session: &impl Session,
    which: OldFiles,
    before: Timestamp,
) -> Result<u64, StoreError> {
    let sql = format!("SELECT COUNT(*) AS n FROM submission WHERE {}", which.condition());
    let row = query_one(session, &sql, [before.as_microsecond().into()]).await?;
    Ok(u64::try_from(row.get::<i64>("submission", "n")?).unwrap_or(0))
}

/// Lets go of at most `limit` original mails after `after` that came before an instant, and writes
/// down what the vault owes: file, and key if it was theirs alone. What is held stays: whoever sets
/// a hold waits for this transaction, or this for that one.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn forget_files(
    transaction: &Transaction,
    which: OldFiles,
    before: Timestamp,
    (after, limit): (SubmissionId, u32),
    now: Timestamp,
) -> Result<Vec<SubmissionId>, StoreError> {
    await_holds(transaction).await?;
    let sql = format!(
        "SELECT submission.id, submission.object_id, submission.vault_key_id FROM submission \
         WHERE submission.id > $2 AND {} ORDER BY submission.id LIMIT $3",
        which.condition()
    );
    let values = [before.as_microsecond().into(), after.0.into(), i64::from(limit).into()];
    let mut forgotten = Vec::new();
    for row in query_all(transaction, &sql, values).await? {
        let id: i64 = row.get("submission", "id")?;
        let object: String = row.get("submission", "object_id")?;
        let key: Option<String> = row.get("submission", "vault_key_id")?;
        let (key, set_submission, set_message) = match which {
            OldFiles::Raw => (None, "object_id = NULL", "object_id = NULL"),
            OldFiles::Noted => (
                key,
                "object_id = NULL, content = NULL, vault_key_id = NULL",
                "object_id = NULL, vault_key_id = NULL",
            ),
        };
        let sql = format!("UPDATE submission SET {set_submission} WHERE id = $1");
        execute(transaction, &sql, [id.into()]).await?;
        let sql =
            format!("UPDATE message SET {set_message} WHERE submission_id = $1 AND object_id = $2");
        execute(transaction, &sql, [id.into(), object.as_str().into()]).await?;
        owe(transaction, Some(object), key, now).await?;
        forgotten.push(SubmissionId(id));
    }
    Ok(forgotten)
}

/// What is let go of at night is not held at that instant: holds and the night wait for each other.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub(crate) async fn await_holds(transaction: &Transaction) -> Result<(), StoreError> {
    if transaction.dialect() == Dialect::Postgres {
        // Ends with the transaction. On SQLite a transaction that writes is alone anyway.
        execute(transaction, "SELECT pg_advisory_xact_lock(7295134013)", []).await?;
    }
    Ok(())
}

/// A condition on `delivery` that its letter is over.
fn old_letters() -> String {
    format!(
        "delivery.content IS NOT NULL AND delivery.settled_at < $1 \
         AND delivery.state IN ('accepted', 'rejected', 'uncertain', 'withheld') \
         AND EXISTS (SELECT 1 FROM ticket WHERE ticket.id = delivery.ticket_id AND ticket.state = 'closed' AND NOT {HELD})"
    )
}

/// What is emptied by one statement each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Emptied {
    /// Texts of our letters in closed tickets.
    Letters,
    /// Letters to people of ours; their keys go with them.
    StaffLetters,
    /// What mail servers replied in the end.
    DeliveryStatus,
    /// What they replied to each attempt.
    AttemptStatus,
    /// Network address and browser of confirmed subscriptions.
    WebEvidence,
}

impl Emptied {
    /// Table, condition with `$1` for the instant, what is set, and by what it pages.
    fn parts(self) -> (&'static str, String, &'static str, &'static str) {
        let free = format!("delivery.address_id NOT IN {HELD_ADDRESSES}");
        match self {
            Self::Letters => ("delivery", old_letters(), "content = NULL", "id"),
            Self::StaffLetters => (
                "delivery",
                "delivery.content IS NOT NULL AND delivery.settled_at < $1 AND delivery.class = 'staff' \
                 AND delivery.ticket_id IS NULL \
                 AND delivery.state IN ('accepted', 'rejected', 'uncertain', 'withheld')"
                    .to_owned(),
                "content = NULL, vault_key_id = NULL",
                "id",
            ),
            Self::DeliveryStatus => (
                "delivery",
                format!(
                    "delivery.reply_text IS NOT NULL AND delivery.settled_at < $1 \
                     AND delivery.state IN ('accepted', 'rejected', 'uncertain', 'withheld') AND {free}"
                ),
                "reply_text = NULL",
                "id",
            ),
            Self::AttemptStatus => (
                "delivery_attempt",
                format!(
                    "delivery_attempt.reply_text IS NOT NULL AND delivery_attempt.ended_at < $1 \
                     AND EXISTS (SELECT 1 FROM delivery WHERE delivery.id = delivery_attempt.delivery_id \
                     AND delivery.settled_at < $1 \
                     AND delivery.state IN ('accepted', 'rejected', 'uncertain', 'withheld') AND {free})"
                ),
                "reply_text = NULL",
                "delivery_id",
            ),
            Self::WebEvidence => (
                "opt_in",
                format!(
                    "opt_in.confirmed_at < $1 AND (opt_in.evidence <> '{{}}' OR opt_in.name <> '') \
                     AND NOT EXISTS (SELECT 1 FROM subscription WHERE subscription.id = opt_in.subscription_id \
                     AND subscription.address_id IN {HELD_ADDRESSES})"
                ),
                "evidence = '{}', name = ''",
                "id",
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
    let (table, condition, ..) = what.parts();
    let sql = format!("SELECT COUNT(*) AS n FROM {table} WHERE {condition}");
    let row = query_one(session, &sql, [before.as_microsecond().into()]).await?;
    Ok(u64::try_from(row.get::<i64>(table, "n")?).unwrap_or(0))
}

/// Empties about `limit` of them after `after`; returns how many, and the last one.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn empty(
    transaction: &Transaction,
    what: Emptied,
    before: Timestamp,
    (after, limit): (i64, u32),
    now: Timestamp,
) -> Result<Option<(u64, i64)>, StoreError> {
    await_holds(transaction).await?;
    let (table, condition, set, key) = what.parts();
    // All attempts at one mail together: their key has two parts.
    let distinct = if what == Emptied::AttemptStatus { "DISTINCT" } else { "" };
    let chosen = format!(
        "SELECT {distinct} {key} AS id FROM {table} WHERE {key} > $2 AND {condition} ORDER BY {key} LIMIT $3"
    );
    let values = [before.as_microsecond().into(), after.into(), i64::from(limit).into()];
    let rows = query_all(transaction, &chosen, values).await?;
    let ids = rows.iter().map(|row| row.get(table, "id")).collect::<Result<Vec<i64>, _>>()?;
    let (Some(first), Some(last)) = (ids.first().copied(), ids.last().copied()) else {
        return Ok(None);
    };
    let between = format!("{key} BETWEEN $2 AND $3 AND {condition}");
    let span = [before.as_microsecond().into(), first.into(), last.into()];
    if what == Emptied::StaffLetters {
        // One key may be that of one mail to several people: it goes with the last of them.
        let sql = format!(
            "SELECT DISTINCT vault_key_id FROM delivery WHERE vault_key_id IS NOT NULL AND {between}"
        );
        let keys = query_all(transaction, &sql, span.clone()).await?;
        let changed = empty_between(transaction, (table, set, &between), span).await?;
        for row in keys {
            let key: String = row.get(table, "vault_key_id")?;
            if !is_used(transaction, &key).await? {
                owe(transaction, None, Some(key), now).await?;
            }
        }
        return Ok(Some((changed, last)));
    }
    Ok(Some((empty_between(transaction, (table, set, &between), span).await?, last)))
}

async fn empty_between(
    transaction: &Transaction,
    (table, set, between): (&str, &str, &str),
    span: [sea_orm::Value; 3],
) -> Result<u64, StoreError> {
    execute(transaction, &format!("UPDATE {table} SET {set} WHERE {between}"), span).await
}

async fn is_used(session: &impl Session, key: &str) -> Result<bool, StoreError> {
    let sql = "SELECT COUNT(*) AS n FROM delivery WHERE vault_key_id = $1";
    let n: i64 = query_one(session, sql, [key.into()]).await?.get("delivery", "n")?;
    Ok(n > 0)
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
