//! Calls move on: tried, heard of, given up; the keys of settled ones are forgotten.

use domain::{
    Timestamp,
    ids::{SystemCallId, VaultKeyId},
    webhook::CallState,
};

use super::CallRow;
use crate::{
    error::StoreError,
    session::{Session, Transaction, change_one, execute, placeholders, query_all},
};

const TABLE: &str = "system_call";

/// Counts a try before it is made: whoever dies on the way tries again at `next_try_at`.
///
/// # Errors
/// [`StoreError::Conflict`] when another node was first.
pub async fn claim(
    transaction: &Transaction,
    call: &CallRow,
    next_try_at: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE system_call SET attempts = attempts + 1, next_try_at = $3 \
               WHERE id = $1 AND state = 'planned' AND attempts = $2";
    let values = [call.id.0.into(), call.attempts.into(), next_try_at.as_microsecond().into()];
    change_one(transaction, "call", sql, values).await
}

/// Looks at a call again later: it is not its turn yet.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn postpone(
    transaction: &Transaction,
    call: SystemCallId,
    next_try_at: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE system_call SET next_try_at = $2 WHERE id = $1 AND state = 'planned'";
    execute(transaction, sql, [call.0.into(), next_try_at.as_microsecond().into()]).await?;
    Ok(())
}

/// Whatever waited for a call about this person is looked at now.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn wake(
    transaction: &Transaction,
    system: &str,
    subject: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE system_call SET next_try_at = $3 WHERE subject = $1 AND system = $2 \
               AND state = 'planned' AND attempts = 0";
    let values = [subject.into(), system.into(), now.as_microsecond().into()];
    execute(transaction, sql, values).await?;
    Ok(())
}

/// What was heard of a call.
#[derive(Debug, Clone, Copy)]
pub struct Hearing<'a> {
    /// Where the call stands now: planned when it is to be tried again.
    pub to: CallState,
    /// HTTP status, if there was an answer.
    pub status: Option<i64>,
    /// What went wrong, in one word.
    pub failure: Option<&'a str>,
    /// Of a message of the system's own: its id.
    pub heard_id: Option<&'a str>,
}

/// Writes down what was heard of a call that is in one of the states `from`. What was said goes
/// with the settlement; its key is for [`keys_left`].
///
/// # Errors
/// [`StoreError::Conflict`] when it is in none of them.
pub async fn settle(
    transaction: &Transaction,
    call: SystemCallId,
    from: &[CallState],
    hearing: Hearing<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = format!(
        "UPDATE system_call SET state = $2, status = COALESCE($3, status), failure = $4, \
         heard_id = COALESCE($5, heard_id), \
         told_at = CASE WHEN $2 IN ('accepted', 'acknowledged') THEN COALESCE(told_at, $6) ELSE told_at END, \
         settled_at = CASE WHEN $2 IN ('acknowledged', 'moot') THEN $6 ELSE NULL END, \
         payload = CASE WHEN $2 IN ('acknowledged', 'moot') THEN NULL ELSE payload END \
         WHERE id = $1 AND state IN ({})",
        placeholders(7, from.len())
    );
    let values = [
        call.0.into(),
        hearing.to.name().into(),
        hearing.status.into(),
        hearing.failure.map(str::to_owned).into(),
        hearing.heard_id.map(str::to_owned).into(),
        now.as_microsecond().into(),
    ];
    let values = values.into_iter().chain(from.iter().map(|state| state.name().into()));
    change_one(transaction, "call", &sql, values).await
}

/// Writes down that a call is not needed any more.
///
/// # Errors
/// [`StoreError::Conflict`] when it was settled or accepted meanwhile.
pub async fn make_moot(
    transaction: &Transaction,
    call: SystemCallId,
    why: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let hearing = Hearing { to: CallState::Moot, status: None, failure: Some(why), heard_id: None };
    settle(transaction, call, &[CallState::Planned, CallState::Refused], hearing, now).await
}

/// A person has it tried again.
///
/// # Errors
/// [`StoreError::Conflict`] when it is settled.
pub async fn retry(
    transaction: &Transaction,
    call: SystemCallId,
    due_at: Timestamp,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE system_call SET state = 'planned', next_try_at = $2, due_at = $3, failure = NULL \
               WHERE id = $1 AND state IN ('planned', 'accepted', 'refused')";
    let values = [call.0.into(), now.as_microsecond().into(), due_at.as_microsecond().into()];
    change_one(transaction, "call", sql, values).await
}

/// A person gives it up.
///
/// # Errors
/// [`StoreError::Conflict`] when it is settled.
pub async fn drop_call(
    transaction: &Transaction,
    call: SystemCallId,
    by: &str,
    reason: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE system_call SET state = 'dropped', settled_at = $2, settled_by = $3, note = $4, \
               payload = NULL WHERE id = $1 AND state IN ('planned', 'accepted', 'refused')";
    let values = [call.0.into(), now.as_microsecond().into(), by.into(), reason.into()];
    change_one(transaction, "call", sql, values).await
}

/// Keys of settled calls that must still be destroyed.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn keys_left(
    session: &impl Session,
    limit: u32,
) -> Result<Vec<(SystemCallId, VaultKeyId)>, StoreError> {
    let sql = "SELECT id, vault_key_id FROM system_call WHERE payload IS NULL AND vault_key_id IS NOT NULL \
               ORDER BY id LIMIT $1";
    let rows = query_all(session, sql, [i64::from(limit).into()]).await?;
    rows.iter()
        .map(|row| {
            let key = row.parsed(TABLE, "vault_key_id", |text| VaultKeyId::parse(text).ok())?;
            Ok((SystemCallId(row.get(TABLE, "id")?), key))
        })
        .collect()
}

/// Forgets a key that was destroyed.
///
/// # Errors
/// [`StoreError::Conflict`] when another key stands there.
pub async fn forget_key(
    transaction: &Transaction,
    call: SystemCallId,
    key: VaultKeyId,
) -> Result<(), StoreError> {
    let sql = "UPDATE system_call SET vault_key_id = NULL WHERE id = $1 AND vault_key_id = $2 AND payload IS NULL";
    change_one(transaction, "call", sql, [call.0.into(), key.to_string().into()]).await
}
