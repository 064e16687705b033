//! Rows of the ledger that do not fit the types: put aside with an alarm, so that the others go.
//!
//! Called where rows are claimed or settled in numbers. A row in the queue rests for a day and is
//! then read again, since somebody may have restored it, until it expires; one that may have been
//! sent becomes uncertain, which sends nothing by itself.

use std::{collections::HashSet, time::Duration};

use domain::{Timestamp, ids::DeliveryId};

use crate::{
    alarms,
    deliveries::settling::{UNCERTAIN_DETAIL, UNCERTAIN_TASK},
    error::StoreError,
    row::Row,
    session::{Transaction, execute, query_all},
};

/// How long a row that does not fit rests in the queue.
const RESTS: Duration = Duration::from_secs(24 * 3600);

/// The task for a statutory mail that will not reach anybody.
pub const UNDELIVERED_TASK: &str = "undelivered_mail";

/// What the task says of a mail that expired.
pub const UNDELIVERED_DETAIL: &str =
    "this mail could not be delivered in time; reach the person another way";

/// A row that does not fit.
#[derive(Debug)]
pub struct Misfit {
    /// Which.
    pub id: DeliveryId,
    /// What does not fit: names table, row and column.
    pub what: StoreError,
}

impl Misfit {
    /// # Errors
    /// `what` itself when it is not about the row's content.
    pub(super) fn of(row: &Row, what: StoreError) -> Result<Self, StoreError> {
        match what {
            StoreError::Inconsistent { .. } => {
                Ok(Self { id: DeliveryId(row.get("delivery", "id")?), what })
            }
            other => Err(other),
        }
    }
}

fn alarm_name(id: DeliveryId) -> String {
    format!("delivery/{id}")
}

/// A claimed row that does not fit, or about whose recipient something does not, goes back to the
/// queue, for a day or until it expires, with an alarm that says what; its attempt counts as none.
/// One that has expired is rejected, so that nobody waits for it for ever.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn park(
    transaction: &Transaction,
    id: DeliveryId,
    what: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    if expire(transaction, id, now).await? == 0 {
        let later = now.checked_add(RESTS).unwrap_or(Timestamp::MAX);
        let sql = "UPDATE delivery SET state = CASE WHEN attempt <= 1 THEN 'planned' ELSE 'deferred' END, \
                   attempt = attempt - 1, node = NULL, epoch = NULL, leased_until_at = NULL, \
                   next_try_at = CASE WHEN expires_at < $2 THEN expires_at + 1 ELSE $2 END \
                   WHERE id = $1 AND state = 'claimed'";
        execute(transaction, sql, [id.0.into(), later.as_microsecond().into()]).await?;
    }
    alarms::raise(transaction, &alarm_name(id), what, now).await
}

/// Rejects a claimed row that has expired; where a statutory mail is owed, a person is asked.
/// Returns how many changed.
async fn expire(
    transaction: &Transaction,
    id: DeliveryId,
    now: Timestamp,
) -> Result<u64, StoreError> {
    // RFC 3463: the delivery time expired.
    let sql = "UPDATE delivery SET state = 'rejected', settled_at = $2, leased_until_at = NULL, smtp_code = NULL, \
               enhanced_code = '5.4.7', reply_text = 'expired before it could be sent' \
               WHERE id = $1 AND state = 'claimed' AND expires_at < $2";
    let values = || [id.0.into(), now.as_microsecond().into()];
    let changed = execute(transaction, sql, values()).await?;
    if changed > 0 {
        let sql = "INSERT INTO delivery_attempt (delivery_id, attempt, node, outcome, enhanced_code, reply_text, ended_at) \
                   SELECT id, attempt, node, 'rejected', enhanced_code, reply_text, $2 FROM delivery WHERE id = $1 \
                   ON CONFLICT (delivery_id, attempt) DO NOTHING";
        execute(transaction, sql, values()).await?;
        ask(transaction, id, UNDELIVERED_TASK, UNDELIVERED_DETAIL, now).await?;
    }
    Ok(changed)
}

/// Opens a task about a row, if it is a statutory mail.
async fn ask(
    transaction: &Transaction,
    id: DeliveryId,
    task: &str,
    detail: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO task (name, ticket_id, delivery_id, detail, opened_at) \
               SELECT $2, ticket_id, id, $3, $4 FROM delivery WHERE id = $1 AND class = 'statutory'";
    let values = [id.0.into(), task.into(), detail.into(), now.as_microsecond().into()];
    execute(transaction, sql, values).await?;
    Ok(())
}

/// The alarms about rows that fit after all go.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub(super) async fn fit(
    transaction: &Transaction,
    ids: impl Iterator<Item = DeliveryId>,
    now: Timestamp,
) -> Result<(), StoreError> {
    clear(transaction, ["delivery/", "delivery0"], ids.map(alarm_name), now).await
}

/// The alarms about campaigns whose approval fits after all go.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub(super) async fn approvals_fit(
    transaction: &Transaction,
    campaigns: impl Iterator<Item = i64>,
    now: Timestamp,
) -> Result<(), StoreError> {
    clear(transaction, ["campaign/", "campaign0"], campaigns.map(approval_alarm), now).await
}

/// The alarm about a campaign whose approval cannot be read.
pub(super) fn approval_alarm(campaign: i64) -> String {
    format!("campaign/{campaign}/approval")
}

/// Clears those of these alarms that stand; all names lie between two words.
async fn clear(
    transaction: &Transaction,
    [from, to]: [&str; 2],
    names: impl Iterator<Item = String>,
    now: Timestamp,
) -> Result<(), StoreError> {
    // Mostly there are none.
    let sql = "SELECT name FROM alarm WHERE cleared_at IS NULL AND name > $1 AND name < $2";
    let standing = query_all(transaction, sql, [from.into(), to.into()]).await?;
    let standing = standing.iter().map(|row| row.get::<String>("alarm", "name"));
    let standing = standing.collect::<Result<HashSet<_>, _>>()?;
    if standing.is_empty() {
        return Ok(());
    }
    let sql = "UPDATE alarm SET cleared_at = $1 WHERE cleared_at IS NULL AND name = $2";
    for name in names.filter(|name| standing.contains(name)) {
        execute(transaction, sql, [now.as_microsecond().into(), name.into()]).await?;
    }
    Ok(())
}

/// A row that a gone process held becomes uncertain, with an alarm; where a statutory mail is
/// owed, a person is asked.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn set_aside(
    transaction: &Transaction,
    misfit: &Misfit,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE delivery SET state = 'uncertain', settled_at = $2, leased_until_at = NULL \
               WHERE id = $1 AND state = 'claimed'";
    let changed =
        execute(transaction, sql, [misfit.id.0.into(), now.as_microsecond().into()]).await?;
    if changed == 0 {
        return Ok(());
    }
    ask(transaction, misfit.id, UNCERTAIN_TASK, UNCERTAIN_DETAIL, now).await?;
    alarms::raise(transaction, &alarm_name(misfit.id), &misfit.what.to_string(), now).await
}
