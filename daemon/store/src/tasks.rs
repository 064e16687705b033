//! What people of ours have to do, the holds they must lift, and what connected systems are told.

use domain::{
    Timestamp,
    ids::{BlockId, ContactId, DeliveryId, TaskId, TicketId},
};

use crate::{
    error::StoreError,
    session::{Session, Transaction, execute, query_all, query_one},
};

/// Opens a task; `detail` is words and ids, never personal data.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn open(
    transaction: &Transaction,
    name: &str,
    ticket: Option<TicketId>,
    delivery: Option<DeliveryId>,
    detail: &str,
    now: Timestamp,
) -> Result<TaskId, StoreError> {
    let sql = "INSERT INTO task (name, ticket_id, delivery_id, detail, opened_at) \
               VALUES ($1, $2, $3, $4, $5) RETURNING id";
    let values = [
        name.into(),
        ticket.map(|id| id.0).into(),
        delivery.map(|id| id.0).into(),
        detail.into(),
        now.as_microsecond().into(),
    ];
    Ok(TaskId(query_one(transaction, sql, values).await?.get("task", "id")?))
}

/// Opens a task of a ticket unless the same one, by name and detail, was ever opened; returns
/// whether it was opened now.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn open_once(
    transaction: &Transaction,
    name: &str,
    ticket: TicketId,
    detail: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let sql = "SELECT COUNT(*) AS n FROM task WHERE ticket_id = $1 AND name = $2 AND detail = $3";
    let values = [ticket.0.into(), name.into(), detail.into()];
    let n: i64 = query_one(transaction, sql, values).await?.get("task", "n")?;
    if n == 0 {
        open(transaction, name, Some(ticket), None, detail, now).await?;
    }
    Ok(n == 0)
}

/// Opens a task of a ticket unless the same one, by name and detail, is open, or was opened or
/// closed after `since`; returns whether it was opened now.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn open_again(
    transaction: &Transaction,
    name: &str,
    (ticket, detail): (TicketId, &str),
    since: Timestamp,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let sql = "SELECT COUNT(*) AS n FROM task WHERE ticket_id = $1 AND name = $2 AND detail = $3 \
               AND (done_at IS NULL OR opened_at > $4 OR done_at > $4)";
    let values = [ticket.0.into(), name.into(), detail.into(), since.as_microsecond().into()];
    let n: i64 = query_one(transaction, sql, values).await?.get("task", "n")?;
    if n == 0 {
        open(transaction, name, Some(ticket), None, detail, now).await?;
    }
    Ok(n == 0)
}

/// Closes the open tasks of this name and detail; none is fine.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn close(
    transaction: &Transaction,
    (name, detail): (&str, &str),
    by: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE task SET done_at = $3, done_by = $4 \
               WHERE name = $1 AND detail = $2 AND done_at IS NULL";
    let values = [name.into(), detail.into(), now.as_microsecond().into(), by.into()];
    execute(transaction, sql, values).await?;
    Ok(())
}

/// Closes the open tasks of this name about a block, whatever request they name with it.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn close_of_block(
    transaction: &Transaction,
    name: &str,
    block: BlockId,
    by: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE task SET done_at = $3, done_by = $4 \
               WHERE name = $1 AND detail LIKE $2 AND done_at IS NULL";
    let about = format!("% block:{block}");
    let values = [name.into(), about.into(), now.as_microsecond().into(), by.into()];
    execute(transaction, sql, values).await?;
    Ok(())
}

/// A task as it stands.
#[derive(Debug, Clone)]
pub struct TaskRow {
    /// Its id.
    pub id: TaskId,
    /// What is to be done, in one word.
    pub name: String,
    /// For which ticket.
    pub ticket: Option<TicketId>,
    /// More words.
    pub detail: String,
    /// Since when.
    pub opened_at: Timestamp,
    /// When it was done.
    pub done_at: Option<Timestamp>,
}

/// All tasks of a ticket, oldest first.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn of_ticket(
    session: &impl Session,
    ticket: TicketId,
) -> Result<Vec<TaskRow>, StoreError> {
    let sql = "SELECT id, name, ticket_id, detail, opened_at, done_at FROM task WHERE ticket_id = $1 ORDER BY id";
    let rows = query_all(session, sql, [ticket.0.into()]).await?;
    rows.iter()
        .map(|row| {
            Ok(TaskRow {
                id: TaskId(row.get("task", "id")?),
                name: row.get("task", "name")?,
                ticket: row.get::<Option<i64>>("task", "ticket_id")?.map(TicketId),
                detail: row.get("task", "detail")?,
                opened_at: row.instant("task", "opened_at")?,
                done_at: row.instant_option("task", "done_at")?,
            })
        })
        .collect()
}

/// How many tasks are open.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn open_count(session: &impl Session) -> Result<i64, StoreError> {
    let sql = "SELECT COUNT(*) AS n FROM task WHERE done_at IS NULL";
    query_one(session, sql, []).await?.get("task", "n")
}

/// Holds what belongs to a ticket (and its contact) against destruction.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn hold(
    transaction: &Transaction,
    ticket: TicketId,
    contact: Option<ContactId>,
    reason: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    crate::retention::await_holds(transaction).await?;
    let sql =
        "INSERT INTO legal_hold (contact_id, ticket_id, from_at, reason) VALUES ($1, $2, $3, $4)";
    let values = [
        contact.map(|id| id.0).into(),
        ticket.0.into(),
        now.as_microsecond().into(),
        reason.into(),
    ];
    execute(transaction, sql, values).await?;
    Ok(())
}

/// Lifts the holds that filing set for a ticket for this reason; returns how many.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn lift_holds(
    transaction: &Transaction,
    ticket: TicketId,
    reason: &str,
    by: &str,
    lift_reason: &str,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let sql = "UPDATE legal_hold SET lifted_at = $3, lifted_by = $4, lift_reason = $5 \
               WHERE ticket_id = $1 AND reason = $2 AND lifted_at IS NULL";
    let values = [
        ticket.0.into(),
        reason.into(),
        now.as_microsecond().into(),
        by.into(),
        lift_reason.into(),
    ];
    execute(transaction, sql, values).await
}

/// How many holds stand for a ticket.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn holds_of(session: &impl Session, ticket: TicketId) -> Result<i64, StoreError> {
    let sql = "SELECT COUNT(*) AS n FROM legal_hold WHERE ticket_id = $1 AND lifted_at IS NULL";
    query_one(session, sql, [ticket.0.into()]).await?.get("legal_hold", "n")
}

/// Notes that connected systems are to be told something.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn tell_systems(
    transaction: &Transaction,
    act: &str,
    ticket: Option<TicketId>,
    block: Option<BlockId>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql =
        "INSERT INTO system_notice (act, ticket_id, block_id, raised_at) VALUES ($1, $2, $3, $4)";
    let values = [
        act.into(),
        ticket.map(|id| id.0).into(),
        block.map(|id| id.0).into(),
        now.as_microsecond().into(),
    ];
    execute(transaction, sql, values).await?;
    Ok(())
}
