//! What became of claimed rows: outcomes in batches, rows given back, rows withheld.
//!
//! One set-based statement per batch. A row changes only while the claim that is being settled
//! still holds it (state, epoch and attempt); an END that comes late also changes a row that was
//! called uncertain meanwhile. What did not change is told by its absence from the answer.

use domain::{
    Timestamp,
    delivery::{DeliveryState, OutcomeKind, Resent, UncertainFate, uncertain_fate},
    ids::DeliveryId,
};
use sea_orm::Value;
use serde::Serialize;

use crate::{
    connect::Dialect,
    deliveries::holding::ClaimMark,
    error::StoreError,
    session::{Session, Transaction, execute, is_one_of_numbers, numbers, query_all},
};

/// The task that is opened when nobody knows whether a statutory mail arrived.
pub const UNCERTAIN_TASK: &str = "uncertain_delivery";

/// What the task says.
pub const UNCERTAIN_DETAIL: &str =
    "nobody knows whether this mail arrived; ask, or send it again by hand";

/// What an attempt came to, for the history of the row.
#[derive(Debug, Clone)]
pub struct Tried {
    /// How it ended.
    pub outcome: OutcomeKind,
    /// Through which relay.
    pub relay: String,
    /// The reply code.
    pub code: Option<u16>,
    /// The enhanced status code.
    pub enhanced: Option<String>,
    /// The reply's text; may hold the address.
    pub text: String,
}

/// One row's change.
#[derive(Debug, Clone)]
pub struct Change {
    /// Which row.
    pub id: DeliveryId,
    /// The attempt of the claim.
    pub attempt: u32,
    /// The epoch of the claim.
    pub epoch: String,
    /// What it becomes.
    pub to: DeliveryState,
    /// Not to be claimed before; `None` leaves it as it is for rows that are given back.
    pub not_before: Option<Timestamp>,
    /// Whether this is, or was, its one resend.
    pub resent: Resent,
    /// The attempt that ended; `None` when there was none.
    pub tried: Option<Tried>,
}

impl Change {
    /// Back to what it was before the claim: nothing was said to a server. `None` for a mark that
    /// fits no claim.
    #[must_use]
    pub fn given_back(mark: &ClaimMark, now: Timestamp) -> Option<Self> {
        let claimed = DeliveryState::Claimed {
            attempt: mark.attempt,
            epoch: mark.epoch.clone(),
            leased_until_at: now,
        };
        Some(Self {
            id: mark.id,
            attempt: mark.attempt,
            epoch: mark.epoch.clone(),
            to: claimed.give_back(now).ok()?,
            not_before: None,
            resent: mark.resent,
            tried: None,
        })
    }

    /// What becomes of a row whose attempt is uncertain (DESIGN §3), and whether a person must
    /// be told. `again_at` is when a resend is due.
    #[must_use]
    pub fn uncertain(
        mark: &ClaimMark,
        tried: Tried,
        now: Timestamp,
        again_at: Timestamp,
    ) -> (Self, UncertainFate) {
        let fate = uncertain_fate(mark.class, mark.occasion, mark.resent);
        let (to, resent) = match fate {
            UncertainFate::ResendOnce => (
                DeliveryState::Deferred { attempts: mark.attempt, next_try_at: again_at },
                Resent::Once,
            ),
            UncertainFate::Task | UncertainFate::Leave => {
                (DeliveryState::Uncertain { at: now }, mark.resent)
            }
        };
        let change = Self {
            id: mark.id,
            attempt: mark.attempt,
            epoch: mark.epoch.clone(),
            to,
            not_before: None,
            resent,
            tried: Some(tried),
        };
        (change, fate)
    }
}

/// A change as the statement reads it.
#[derive(Serialize)]
struct Written<'a> {
    id: i64,
    attempt: u32,
    epoch: &'a str,
    state: &'static str,
    new_attempt: u32,
    next_try_at: Option<i64>,
    settled_at: Option<i64>,
    withheld_reason: Option<&'static str>,
    resent: u8,
    outcome: Option<&'static str>,
    relay: Option<&'a str>,
    smtp_code: Option<u16>,
    enhanced_code: Option<&'a str>,
    reply_text: Option<&'a str>,
}

fn written(change: &Change) -> Result<Written<'_>, StoreError> {
    let micros = |at: &Timestamp| Some(at.as_microsecond());
    let (new_attempt, next_try_at, settled_at, withheld_reason) = match &change.to {
        DeliveryState::Planned => (0, None, None, None),
        DeliveryState::Deferred { attempts, next_try_at } => {
            (*attempts, micros(next_try_at), None, None)
        }
        DeliveryState::Accepted { at }
        | DeliveryState::Rejected { at }
        | DeliveryState::Uncertain { at } => (change.attempt, None, micros(at), None),
        DeliveryState::Withheld { reason } => (change.attempt, None, None, Some(reason.name())),
        DeliveryState::Claimed { .. } => {
            return Err(StoreError::Defect("a claim is not settled into a claim".to_owned()));
        }
    };
    let tried = change.tried.as_ref();
    Ok(Written {
        id: change.id.0,
        attempt: change.attempt,
        epoch: &change.epoch,
        state: change.to.name().name(),
        new_attempt,
        next_try_at: change.not_before.as_ref().and_then(micros).or(next_try_at),
        settled_at,
        withheld_reason,
        resent: u8::from(change.resent == Resent::Once),
        outcome: tried.map(|tried| tried.outcome.name()),
        relay: tried.map(|tried| tried.relay.as_str()),
        smtp_code: tried.and_then(|tried| tried.code),
        enhanced_code: tried.and_then(|tried| tried.enhanced.as_deref()),
        reply_text: tried.map(|tried| tried.text.as_str()),
    })
}

/// The batch `$1` (JSON) as rows named `o`.
fn batch(dialect: Dialect) -> String {
    let columns = [
        ("id", "bigint"),
        ("attempt", "bigint"),
        ("epoch", "text"),
        ("state", "text"),
        ("new_attempt", "bigint"),
        ("next_try_at", "bigint"),
        ("settled_at", "bigint"),
        ("withheld_reason", "text"),
        ("resent", "bigint"),
        ("outcome", "text"),
        ("relay", "text"),
        ("smtp_code", "bigint"),
        ("enhanced_code", "text"),
        ("reply_text", "text"),
    ];
    match dialect {
        Dialect::Sqlite => {
            let fields: Vec<String> = columns
                .iter()
                .map(|(name, _)| format!("json_extract(value, '$.{name}') AS {name}"))
                .collect();
            format!("(SELECT {} FROM json_each($1))", fields.join(", "))
        }
        Dialect::Postgres => {
            let fields: Vec<String> =
                columns.iter().map(|(name, kind)| format!("{name} {kind}")).collect();
            format!("(SELECT * FROM json_to_recordset($1::json) AS read({}))", fields.join(", "))
        }
    }
}

/// Applies a batch of changes of `node`; returns the rows that changed.
///
/// # Errors
/// [`StoreError::Unavailable`]: nothing changed, the batch is to be tried again.
pub async fn apply(
    transaction: &Transaction,
    node: &str,
    changes: &[Change],
    now: Timestamp,
) -> Result<Vec<DeliveryId>, StoreError> {
    if changes.is_empty() {
        return Ok(Vec::new());
    }
    let rows = changes.iter().map(written).collect::<Result<Vec<_>, _>>()?;
    let json = serde_json::to_string(&rows)
        .map_err(|_| StoreError::Defect("a batch of outcomes cannot be written".to_owned()))?;
    let batch = batch(transaction.dialect());
    // A row that was called uncertain takes a true outcome, also while its resend waits; sent
    // again, it has another attempt. A late deferral resends nothing that a person was told of.
    let sql = format!(
        "WITH o AS MATERIALIZED {batch} UPDATE delivery SET state = o.state, attempt = o.new_attempt, \
         next_try_at = COALESCE(o.next_try_at, delivery.next_try_at), settled_at = o.settled_at, \
         withheld_reason = o.withheld_reason, resent = o.resent, leased_until_at = NULL, \
         relay = COALESCE(o.relay, delivery.relay), smtp_code = o.smtp_code, \
         enhanced_code = o.enhanced_code, reply_text = o.reply_text FROM o \
         WHERE delivery.id = o.id AND delivery.node = $2 AND delivery.epoch = o.epoch AND delivery.attempt = o.attempt \
         AND (delivery.state = 'claimed' \
         OR (delivery.state = 'uncertain' AND o.outcome IN ('accepted', 'rejected')) \
         OR (delivery.state = 'uncertain' AND o.outcome = 'deferred' AND NOT (delivery.class = 'statutory' \
             AND (delivery.purpose_of_mail = 'acknowledgement' OR delivery.resent = 1))) \
         OR (delivery.state = 'deferred' AND delivery.resent = 1 AND o.outcome IN ('accepted', 'rejected'))) \
"
    );
    let changed = update(transaction, &sql, [json.as_str().into(), node.into()], changes).await?;
    // Only attempts of rows that changed enter the history.
    let dialect = transaction.dialect();
    let sql = format!(
        "WITH o AS MATERIALIZED {batch} INSERT INTO delivery_attempt (delivery_id, attempt, node, outcome, relay, \
         smtp_code, enhanced_code, reply_text, ended_at) SELECT o.id, o.attempt, $2, o.outcome, o.relay, o.smtp_code, o.enhanced_code, \
         o.reply_text, $3 FROM o WHERE o.outcome IS NOT NULL AND o.id {} \
         ON CONFLICT (delivery_id, attempt) DO UPDATE SET outcome = excluded.outcome, \
         smtp_code = excluded.smtp_code, enhanced_code = excluded.enhanced_code, \
         reply_text = excluded.reply_text, ended_at = excluded.ended_at",
        is_one_of_numbers(4, dialect)
    );
    let values = [
        json.as_str().into(),
        node.into(),
        now.as_microsecond().into(),
        numbers(changed.iter().copied(), dialect),
    ];
    execute(transaction, &sql, values).await?;
    let known: Vec<i64> = changes
        .iter()
        .filter(|change| changed.contains(&change.id.0) && is_known(change))
        .map(|change| change.id.0)
        .collect();
    close_uncertain_tasks(transaction, &known, now).await?;
    Ok(changed.into_iter().map(DeliveryId).collect())
}

/// Runs the update of a batch; tells which rows changed. Mostly all of them do, and then it is
/// enough to count: a row told costs more than one changed.
async fn update(
    transaction: &Transaction,
    sql: &str,
    values: [Value; 2],
    changes: &[Change],
) -> Result<Vec<i64>, StoreError> {
    if changes.len() > 1 {
        let attempt = transaction.savepoint().await?;
        let count = execute(&attempt, sql, values.clone()).await?;
        if usize::try_from(count).is_ok_and(|count| count == changes.len()) {
            attempt.commit().await?;
            return Ok(changes.iter().map(|change| change.id.0).collect());
        }
        attempt.rollback().await?;
    }
    let sql = format!("{sql} RETURNING delivery.id AS id");
    let changed = query_all(transaction, &sql, values).await?;
    changed.iter().map(|row| row.get("delivery", "id")).collect()
}

/// Whether it is known now what became of the mail.
fn is_known(change: &Change) -> bool {
    let outcome = change.tried.as_ref().map(|tried| tried.outcome);
    matches!(outcome, Some(OutcomeKind::Accepted | OutcomeKind::Rejected))
}

/// Nobody has to find out any more whether these mails arrived.
async fn close_uncertain_tasks(
    transaction: &Transaction,
    known: &[i64],
    now: Timestamp,
) -> Result<(), StoreError> {
    if known.is_empty() {
        return Ok(());
    }
    let dialect = transaction.dialect();
    let sql = format!(
        "UPDATE task SET done_at = $1, done_by = 'dispatch' WHERE done_at IS NULL AND name = $2 \
         AND delivery_id {}",
        is_one_of_numbers(3, dialect)
    );
    let values = [
        now.as_microsecond().into(),
        UNCERTAIN_TASK.into(),
        numbers(known.iter().copied(), dialect),
    ];
    execute(transaction, &sql, values).await?;
    Ok(())
}

/// How many rows stand in each state, by the state's word.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn counts(session: &impl Session) -> Result<Vec<(String, i64)>, StoreError> {
    let sql = "SELECT state, COUNT(*) AS n FROM delivery GROUP BY state ORDER BY state";
    let rows = query_all(session, sql, []).await?;
    rows.iter().map(|row| Ok((row.get("delivery", "state")?, row.get("delivery", "n")?))).collect()
}
