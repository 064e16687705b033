//! The one sequence of all stops, and the lock that lets one matter be filed at a time.

use domain::{
    Timestamp,
    digest::{AddressDigests, Digest},
    ids::{BlockId, ContactId, JournalEntryId, StopNumber, SubmissionId},
    journal::{CommittedStop, ScopeWords, StopAct, StopIntent},
};

use crate::{
    connect::Dialect,
    error::StoreError,
    session::{Session, Transaction, execute, query_all, query_one},
};

/// What sort of stop (or end of one) a row records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopKind {
    /// A block.
    Block,
    /// A block ended.
    Lift,
    /// A consent was withdrawn in words.
    Withdrawal,
    /// The person left a list, or all of them.
    Unsubscribe,
    /// The address is not to be mailed.
    Suppression,
    /// The data of the address were erased.
    Erasure,
    /// A campaign was paused or held.
    Pause,
    /// A campaign was cancelled.
    Cancel,
}

impl StopKind {
    fn name(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Lift => "lift",
            Self::Withdrawal => "withdrawal",
            Self::Unsubscribe => "unsubscribe",
            Self::Suppression => "suppression",
            Self::Erasure => "erasure",
            Self::Pause => "pause",
            Self::Cancel => "cancel",
        }
    }

    /// What the stop journal calls it.
    #[must_use]
    pub fn act(self) -> StopAct {
        match self {
            Self::Lift => StopAct::Lift,
            Self::Erasure => StopAct::Erasure,
            Self::Block
            | Self::Withdrawal
            | Self::Unsubscribe
            | Self::Suppression
            | Self::Pause
            | Self::Cancel => StopAct::Stop,
        }
    }
}

/// A stop to be recorded.
#[derive(Debug, Clone)]
pub struct NewStop {
    /// The id it has in the stop journal.
    pub journal: JournalEntryId,
    /// What sort.
    pub kind: StopKind,
    /// What it covers, in words without personal data.
    pub scope: String,
    /// Every address it holds for, under every digest key in use.
    pub digests: Vec<AddressDigests>,
    /// The contact.
    pub contact: Option<ContactId>,
    /// The block.
    pub block: Option<BlockId>,
    /// The submission it comes from.
    pub submission: Option<SubmissionId>,
}

/// Records a stop; it gets its number from [`number_all`] at the end of the transaction.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn record(
    transaction: &Transaction,
    stop: &NewStop,
    now: Timestamp,
) -> Result<(), StoreError> {
    let digests = serde_json::to_string(&stop.digests)
        .map_err(|_| StoreError::Defect("digests cannot be written".to_owned()))?;
    let sql = "INSERT INTO stop (journal_id, act, scope, at, digests, contact_id, block_id, submission_id) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let values = [
        stop.journal.to_string().into(),
        stop.kind.name().into(),
        stop.scope.as_str().into(),
        now.as_microsecond().into(),
        digests.into(),
        stop.contact.map(|id| id.0).into(),
        stop.block.map(|id| id.0).into(),
        stop.submission.map(|id| id.0).into(),
    ];
    execute(transaction, sql, values).await?;
    Ok(())
}

/// Numbers the stops of this transaction, in the given order. These are its last statements: the
/// lock on the counter's row then orders the commits, so that a reader who has seen number n
/// sees every stop up to n.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn number_all(
    transaction: &Transaction,
    stops: &[JournalEntryId],
) -> Result<Vec<(JournalEntryId, StopNumber)>, StoreError> {
    if stops.is_empty() {
        return Ok(Vec::new());
    }
    let count = i64::try_from(stops.len()).unwrap_or(i64::MAX);
    let sql = "UPDATE stop_sequence SET value = value + $1 WHERE id = 1 RETURNING value";
    let last: i64 =
        query_one(transaction, sql, [count.into()]).await?.get("stop_sequence", "value")?;
    let mut numbered = Vec::with_capacity(stops.len());
    for (number, id) in (last - count + 1..).zip(stops) {
        let sql = "UPDATE stop SET number = $2 WHERE journal_id = $1 AND number IS NULL";
        execute(transaction, sql, [id.to_string().into(), number.into()]).await?;
        numbered.push((*id, StopNumber(number)));
    }
    Ok(numbered)
}

/// The number of the last committed stop. Read it before the facts it is to vouch for.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn last_number(session: &impl Session) -> Result<StopNumber, StoreError> {
    let sql = "SELECT value FROM stop_sequence WHERE id = 1";
    Ok(StopNumber(query_one(session, sql, []).await?.get("stop_sequence", "value")?))
}

/// Locks stop keys until the end of the transaction, so that two mailboxes, or a form and a mail,
/// that file for one person do so one after the other. Sorted, so that two batches never wait for
/// each other. On SQLite the write lock of the transaction does it already.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn lock(transaction: &Transaction, stop_digests: &[Digest]) -> Result<(), StoreError> {
    if transaction.dialect() == Dialect::Sqlite {
        return Ok(());
    }
    let mut keys: Vec<i64> = stop_digests
        .iter()
        .map(|digest| {
            let mut first = [0; 8];
            first.copy_from_slice(&digest.bytes[..8]);
            i64::from_be_bytes(first)
        })
        .collect();
    keys.sort_unstable();
    keys.dedup();
    for key in keys {
        execute(transaction, "SELECT pg_advisory_xact_lock($1)", [key.into()]).await?;
    }
    Ok(())
}

/// The committed stops after a number, in their order, at most `limit`; what the stop journal is
/// caught up with. Campaign-wide stops have no digests.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn committed_after(
    session: &impl Session,
    after: StopNumber,
    limit: u32,
) -> Result<Vec<CommittedStop>, StoreError> {
    let sql = "SELECT id, number, journal_id, act, scope, at, digests FROM stop \
               WHERE number > $1 ORDER BY number LIMIT $2";
    let rows = query_all(session, sql, [after.0.into(), i64::from(limit).into()]).await?;
    rows.iter()
        .map(|row| {
            let digests = row.parsed("stop", "digests", |text| {
                serde_json::from_str::<Vec<AddressDigests>>(text).ok()
            })?;
            Ok(CommittedStop {
                number: StopNumber(row.get("stop", "number")?),
                intent: StopIntent {
                    id: row.parsed("stop", "journal_id", |id| JournalEntryId::parse(id).ok())?,
                    at: row.instant("stop", "at")?,
                    act: row.parsed("stop", "act", |act| match act {
                        "lift" => Some(StopAct::Lift),
                        "erasure" => Some(StopAct::Erasure),
                        "block" | "suppression" | "withdrawal" | "unsubscribe" | "pause"
                        | "cancel" => Some(StopAct::Stop),
                        _ => None,
                    })?,
                    digests,
                    scope: row.parsed("stop", "scope", |words| ScopeWords::parse(words).ok())?,
                },
            })
        })
        .collect()
}
