//! Notices: that something is to be told, before it is known to whom.

use domain::{
    Timestamp,
    ids::{BlockId, ContactId, PlanId, SystemNoticeId, TicketId},
    webhook::SystemAct,
};

use crate::{
    error::StoreError,
    session::{Session, Transaction, change_one, execute, query_all, query_one},
};

/// A notice to be raised with its calls.
#[derive(Debug, Clone)]
pub struct NewNotice {
    /// What to do.
    pub act: SystemAct,
    /// In which matter.
    pub ticket: Option<TicketId>,
    /// Of which block.
    pub block: Option<BlockId>,
    /// By which plan of destruction.
    pub plan: Option<PlanId>,
    /// Whose data; no foreign key, the contact goes.
    pub contact: Option<ContactId>,
}

/// A notice of which no calls were made yet.
#[derive(Debug, Clone)]
pub struct NoticeRow {
    /// Its id.
    pub id: SystemNoticeId,
    /// What to do.
    pub act: SystemAct,
    /// In which matter.
    pub ticket: Option<TicketId>,
    /// Of which block.
    pub block: Option<BlockId>,
    /// When it was raised.
    pub raised_at: Timestamp,
}

/// Raises a notice whose calls the same transaction makes.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn raise(
    transaction: &Transaction,
    notice: &NewNotice,
    now: Timestamp,
) -> Result<SystemNoticeId, StoreError> {
    let sql = "INSERT INTO system_notice (act, ticket_id, block_id, plan_id, contact_id, raised_at, spread_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $6) RETURNING id";
    let values = [
        notice.act.name().into(),
        notice.ticket.map(|id| id.0).into(),
        notice.block.map(|id| id.0).into(),
        notice.plan.map(|id| id.0).into(),
        notice.contact.map(|id| id.0).into(),
        now.as_microsecond().into(),
    ];
    Ok(SystemNoticeId(query_one(transaction, sql, values).await?.get("system_notice", "id")?))
}

/// Notices of which no calls were made yet, oldest first.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn unspread(session: &impl Session, limit: u32) -> Result<Vec<NoticeRow>, StoreError> {
    const TABLE: &str = "system_notice";
    let sql = "SELECT id, act, ticket_id, block_id, raised_at FROM system_notice \
               WHERE spread_at IS NULL ORDER BY id LIMIT $1";
    let rows = query_all(session, sql, [i64::from(limit).into()]).await?;
    rows.iter()
        .map(|row| {
            Ok(NoticeRow {
                id: SystemNoticeId(row.get(TABLE, "id")?),
                act: row.parsed(TABLE, "act", SystemAct::from_name)?,
                ticket: row.get::<Option<i64>>(TABLE, "ticket_id")?.map(TicketId),
                block: row.get::<Option<i64>>(TABLE, "block_id")?.map(BlockId),
                raised_at: row.instant(TABLE, "raised_at")?,
            })
        })
        .collect()
}

/// Writes down that the calls of a notice were made.
///
/// # Errors
/// [`StoreError::Conflict`] when another node was first.
pub async fn mark_spread(
    transaction: &Transaction,
    notice: SystemNoticeId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE system_notice SET spread_at = $2 WHERE id = $1 AND spread_at IS NULL";
    change_one(transaction, "notice", sql, [notice.0.into(), now.as_microsecond().into()]).await
}

/// Closes a notice if all of its calls are settled.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn acknowledge_spent(
    transaction: &Transaction,
    notice: SystemNoticeId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE system_notice SET acknowledged_at = $2 \
               WHERE id = $1 AND acknowledged_at IS NULL AND NOT EXISTS \
               (SELECT 1 FROM system_call WHERE notice_id = $1 \
               AND system_call.state IN ('planned', 'accepted', 'refused'))";
    execute(transaction, sql, [notice.0.into(), now.as_microsecond().into()]).await?;
    Ok(())
}
