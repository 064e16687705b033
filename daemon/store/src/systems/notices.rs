//! Notices: that something is to be told, before it is known to whom.

use domain::{
    Timestamp,
    ids::{BlockId, ContactId, PlanId, RequestId, SystemNoticeId, TicketId},
    webhook::SystemAct,
};

use crate::{
    error::StoreError,
    session::{
        Session, Transaction, change_one, execute, placeholders, query_all, query_one,
        query_optional,
    },
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
    /// For which request, where it follows from one.
    pub request: Option<RequestId>,
    /// Of publication: which data, as words; empty: all.
    pub data: String,
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

/// The words of the two columns: the older one knows no further word, and one of its own stands
/// there, for which nothing asks.
pub(super) fn stored(act: SystemAct) -> (&'static str, Option<&'static str>) {
    match act {
        SystemAct::Block
        | SystemAct::Unblock
        | SystemAct::Correct
        | SystemAct::Destroy
        | SystemAct::StopPublication => (act.name(), None),
        SystemAct::ResumePublication => (SystemAct::StopPublication.name(), Some(act.name())),
        SystemAct::Access => (SystemAct::Correct.name(), Some(act.name())),
    }
}

/// The last notice of a request that is one of these acts: which, and of which data.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn last_of_request(
    session: &impl Session,
    request: RequestId,
    acts: &[SystemAct],
) -> Result<Option<(SystemAct, String)>, StoreError> {
    let sql = format!(
        "SELECT COALESCE(further_act, act) AS act, data FROM system_notice \
         WHERE request_id = $1 AND COALESCE(further_act, act) IN ({}) ORDER BY id DESC LIMIT 1",
        placeholders(2, acts.len())
    );
    let values = std::iter::once(request.0.into()).chain(acts.iter().map(|act| act.name().into()));
    let row = query_optional(session, &sql, values).await?;
    row.map(|row| {
        let act = row.parsed("system_notice", "act", SystemAct::from_name)?;
        Ok((act, row.get("system_notice", "data")?))
    })
    .transpose()
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
    let sql = "INSERT INTO system_notice (act, ticket_id, block_id, plan_id, contact_id, raised_at, spread_at, \
               further_act, request_id, data) VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8, $9) RETURNING id";
    let (act, further) = stored(notice.act);
    let values = [
        act.into(),
        notice.ticket.map(|id| id.0).into(),
        notice.block.map(|id| id.0).into(),
        notice.plan.map(|id| id.0).into(),
        notice.contact.map(|id| id.0).into(),
        now.as_microsecond().into(),
        further.into(),
        notice.request.map(|id| id.0).into(),
        notice.data.as_str().into(),
    ];
    Ok(SystemNoticeId(query_one(transaction, sql, values).await?.get("system_notice", "id")?))
}

/// Notices of which no calls were made yet, oldest first.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn unspread(session: &impl Session, limit: u32) -> Result<Vec<NoticeRow>, StoreError> {
    const TABLE: &str = "system_notice";
    let sql = "SELECT id, COALESCE(further_act, act) AS act, ticket_id, block_id, raised_at FROM system_notice \
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
