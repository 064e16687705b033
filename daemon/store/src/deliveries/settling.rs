//! What became of claimed rows: outcomes in batches, rows given back, rows withheld.
//!
//! One set-based statement per batch. A row changes only while the claim that is being settled
//! still holds it (state, epoch and attempt); an END that comes late also changes a row that was
//! called uncertain meanwhile. What did not change is told by its absence from the answer.

use std::collections::HashSet;

use domain::{
    Timestamp,
    delivery::{
        DeliveryState, DeliveryStateName, OutcomeKind, Resent, UncertainFate, uncertain_fate,
    },
    ids::DeliveryId,
};
use sea_orm::Value;

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

/// What a change writes that is the same for most of a batch.
#[derive(Debug, PartialEq, Eq)]
struct Alike<'a> {
    attempt: u32,
    epoch: &'a str,
    state: &'static str,
    new_attempt: u32,
    settled_at: Option<i64>,
    withheld_reason: Option<&'static str>,
    resent: u8,
    outcome: Option<&'static str>,
    relay: Option<&'a str>,
    smtp_code: Option<u16>,
    enhanced_code: Option<&'a str>,
}

/// What a change writes of its own: row, next try, text of the reply.
type Own<'a> = (i64, Option<i64>, Option<&'a str>);

fn written(change: &Change) -> Result<(Alike<'_>, Own<'_>), StoreError> {
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
    let alike = Alike {
        attempt: change.attempt,
        epoch: &change.epoch,
        state: change.to.name().name(),
        new_attempt,
        settled_at,
        withheld_reason,
        resent: u8::from(change.resent == Resent::Once),
        outcome: tried.map(|tried| tried.outcome.name()),
        relay: tried.map(|tried| tried.relay.as_str()),
        smtp_code: tried.and_then(|tried| tried.code),
        enhanced_code: tried.and_then(|tried| tried.enhanced.as_deref()),
    };
    let next_try_at = change.not_before.as_ref().and_then(micros).or(next_try_at);
    Ok((alike, (change.id.0, next_try_at, tried.map(|tried| tried.text.as_str()))))
}

/// The rows of `$1` (JSON) as a table `o`.
fn own(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => {
            "WITH o AS MATERIALIZED (SELECT json_extract(value, '$[0]') AS id, \
             json_extract(value, '$[1]') AS next_try_at, json_extract(value, '$[2]') AS reply_text \
             FROM json_each($1))"
        }
        Dialect::Postgres => {
            "WITH o AS MATERIALIZED (SELECT CAST(value ->> 0 AS BIGINT) AS id, \
             CAST(value ->> 1 AS BIGINT) AS next_try_at, value ->> 2 AS reply_text \
             FROM json_array_elements(CAST($1 AS JSON)))"
        }
    }
}

fn json(rows: &[Own<'_>]) -> Result<Value, StoreError> {
    let text = serde_json::to_string(rows)
        .map_err(|_| StoreError::Defect("a batch of outcomes cannot be written".to_owned()))?;
    Ok(text.into())
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
    let mut groups: Vec<(Alike<'_>, Vec<Own<'_>>)> = Vec::new();
    for change in changes {
        let (alike, own) = written(change)?;
        match groups.iter_mut().find(|(known, _)| *known == alike) {
            Some((_, rows)) => rows.push(own),
            None => groups.push((alike, vec![own])),
        }
    }
    let mut changed = Vec::with_capacity(changes.len());
    for (alike, rows) in groups {
        changed.extend(change_alike(transaction, node, &alike, rows, now).await?);
    }
    let known: HashSet<i64> =
        changes.iter().filter(|change| is_known(change)).map(|change| change.id.0).collect();
    let known: Vec<i64> = changed.iter().copied().filter(|id| known.contains(id)).collect();
    close_uncertain_tasks(transaction, &known, now).await?;
    Ok(changed.into_iter().map(DeliveryId).collect())
}

/// One update for all of them, and one more for their attempts.
async fn change_alike(
    transaction: &Transaction,
    node: &str,
    alike: &Alike<'_>,
    mut rows: Vec<Own<'_>>,
    now: Timestamp,
) -> Result<Vec<i64>, StoreError> {
    let dialect = transaction.dialect();
    let own = own(dialect);
    let (released, goes_on) = (released(alike), goes_on(dialect));
    // A row that was called uncertain takes a true outcome, also while its resend waits; sent
    // again, it has another attempt. A late deferral resends nothing that a person was told of,
    // and nothing of a campaign that is over.
    let sql = format!(
        "{own} UPDATE delivery SET state = $5, attempt = $6, \
         next_try_at = COALESCE(o.next_try_at, delivery.next_try_at), settled_at = $7, \
         withheld_reason = $8, resent = $9, leased_until_at = NULL, \
         relay = COALESCE($11, delivery.relay), smtp_code = $12, \
         enhanced_code = $13, reply_text = o.reply_text{released} FROM o \
         WHERE delivery.id = o.id AND delivery.node = $2 AND delivery.epoch = $4 AND delivery.attempt = $3 \
         AND (delivery.state = 'claimed' \
         OR (delivery.state = 'uncertain' AND $10 IN ('accepted', 'rejected')) \
         OR (delivery.state = 'uncertain' AND $10 = 'deferred' AND NOT (delivery.class = 'statutory' \
             AND (delivery.purpose_of_mail = 'acknowledgement' OR delivery.resent = 1)) \
             AND (delivery.campaign_id IS NULL OR {goes_on})) \
         OR (delivery.state = 'deferred' AND delivery.resent = 1 AND $10 IN ('accepted', 'rejected')))"
    );
    let mut values = vec![
        json(&rows)?,
        node.into(),
        i64::from(alike.attempt).into(),
        alike.epoch.into(),
        alike.state.into(),
        i64::from(alike.new_attempt).into(),
        alike.settled_at.into(),
        alike.withheld_reason.into(),
        i64::from(alike.resent).into(),
        alike.outcome.into(),
        alike.relay.into(),
        alike.smtp_code.map(i64::from).into(),
        alike.enhanced_code.into(),
    ];
    let ids: Vec<i64> = rows.iter().map(|(id, ..)| *id).collect();
    let changed = update(transaction, &sql, &values, &ids).await?;
    let Some(outcome) = alike.outcome else { return Ok(changed) };
    if changed.len() < rows.len() {
        // Only attempts of rows that changed enter the history.
        rows.retain(|(id, ..)| changed.contains(id));
        values = vec![json(&rows)?];
    }
    values.truncate(1);
    values.extend([
        node.into(),
        i64::from(alike.attempt).into(),
        outcome.into(),
        alike.relay.into(),
        alike.smtp_code.map(i64::from).into(),
        alike.enhanced_code.into(),
        now.as_microsecond().into(),
    ]);
    // `WHERE` ends the query for SQLite, which else takes ON for a join's.
    let sql = format!(
        "{own} INSERT INTO delivery_attempt (delivery_id, attempt, node, outcome, relay, smtp_code, \
         enhanced_code, reply_text, ended_at) \
         SELECT o.id, $3, $2, $4, $5, $6, $7, o.reply_text, $8 FROM o WHERE true \
         ON CONFLICT (delivery_id, attempt) DO UPDATE SET outcome = excluded.outcome, \
         smtp_code = excluded.smtp_code, enhanced_code = excluded.enhanced_code, \
         reply_text = excluded.reply_text, ended_at = excluded.ended_at"
    );
    execute(transaction, &sql, values).await?;
    Ok(changed)
}

/// A row that is given back has its number from an attempt before: nobody's END may fit it.
fn released(alike: &Alike<'_>) -> &'static str {
    let waits = [DeliveryStateName::Planned.name(), DeliveryStateName::Deferred.name()];
    if alike.outcome.is_none() && waits.contains(&alike.state) {
        ", node = NULL, epoch = NULL"
    } else {
        ""
    }
}

/// Whether rows of the campaign are still sent. On PostgreSQL it is held in share, so that whoever
/// finishes it finds the row or is found.
fn goes_on(dialect: Dialect) -> String {
    let held = match dialect {
        // The one writer holds everything.
        Dialect::Sqlite => "",
        Dialect::Postgres => "FOR SHARE",
    };
    format!(
        "EXISTS (SELECT 1 FROM campaign WHERE campaign.id = delivery.campaign_id \
         AND campaign.state IN ('running', 'paused', 'held') {held})"
    )
}

/// Runs the update of these rows; tells which changed. Mostly all of them do, and then it is
/// enough to count on SQLite, where a row told costs more than one changed.
async fn update(
    transaction: &Transaction,
    sql: &str,
    values: &[Value],
    ids: &[i64],
) -> Result<Vec<i64>, StoreError> {
    if ids.len() > 1 && transaction.dialect() == Dialect::Sqlite {
        let attempt = transaction.savepoint().await?;
        let count = execute(&attempt, sql, values.iter().cloned()).await?;
        if usize::try_from(count).is_ok_and(|count| count == ids.len()) {
            attempt.commit().await?;
            return Ok(ids.to_vec());
        }
        attempt.rollback().await?;
    }
    let sql = format!("{sql} RETURNING delivery.id AS id");
    let changed = query_all(transaction, &sql, values.iter().cloned()).await?;
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
