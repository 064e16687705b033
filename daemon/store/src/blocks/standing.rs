//! What stands beside a block: why it is narrow, that its person was told of its end, and the
//! daily reminder of those that wait for a decision.

use domain::{
    Timestamp,
    ids::{BlockId, DeliveryId, TicketId},
};

use crate::{
    error::StoreError,
    session::{Session, Transaction, execute, query_all, query_optional},
};

/// What people of ours said of a block, sealed: for what it was set, and why it was lifted.
#[derive(Clone, Default)]
pub struct Words {
    /// For what.
    pub basis: Option<Vec<u8>>,
    /// Why it was lifted.
    pub lift: Option<Vec<u8>>,
}

impl std::fmt::Debug for Words {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Words(***)")
    }
}

/// Writes down for what a block was set, in sealed words.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn write_basis(
    transaction: &Transaction,
    block: BlockId,
    words: &[u8],
) -> Result<(), StoreError> {
    let sql = "UPDATE block SET basis_words = $2 WHERE id = $1";
    execute(transaction, sql, [block.0.into(), words.to_vec().into()]).await?;
    Ok(())
}

/// What people of ours said of a block.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn words_of(session: &impl Session, block: BlockId) -> Result<Words, StoreError> {
    let sql = "SELECT basis_words, lift_words FROM block WHERE id = $1";
    let Some(row) = query_optional(session, sql, [block.0.into()]).await? else {
        return Ok(Words::default());
    };
    let (basis, lift) = (row.get("block", "basis_words")?, row.get("block", "lift_words")?);
    Ok(Words { basis, lift })
}

/// Writes down why a block is narrower than it would be; `reason` is sealed.
///
/// # Errors
/// [`StoreError::Duplicate`] when that was said before.
pub async fn add_exception(
    transaction: &Transaction,
    block: BlockId,
    reason: &[u8],
    actor: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO block_exception (block_id, reason, actor, at) VALUES ($1, $2, $3, $4)";
    let values =
        [block.0.into(), reason.to_vec().into(), actor.into(), now.as_microsecond().into()];
    execute(transaction, sql, values).await?;
    Ok(())
}

/// Why a block is narrower than it would be, sealed.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn exception_of(
    session: &impl Session,
    block: BlockId,
) -> Result<Option<Vec<u8>>, StoreError> {
    let sql = "SELECT reason FROM block_exception WHERE block_id = $1";
    let row = query_optional(session, sql, [block.0.into()]).await?;
    row.map(|row| row.get("block_exception", "reason")).transpose()
}

/// That the person was told of the end of a block before it.
#[derive(Debug, Clone)]
pub struct Notice {
    /// The block.
    pub block: BlockId,
    /// The letter; none when the person was told by hand.
    pub delivery: Option<DeliveryId>,
    /// Whether the relay took it, or it was said by hand.
    pub has_arrived: bool,
    /// Whether the letter will never leave: refused, expired, withheld, or nobody knows.
    pub has_failed: bool,
    /// Why the block is lifted: a word of ours.
    pub reason: String,
    /// The same in sealed words of a person of ours.
    pub words: Option<Vec<u8>>,
    /// Who lifts it.
    pub actor: String,
}

const NOTICES: &str = "SELECT n.block_id AS id, n.delivery_id, n.reason, n.words, n.actor, d.state FROM unblock_notice AS n \
                       JOIN block AS b ON b.id = n.block_id LEFT JOIN delivery AS d ON d.id = n.delivery_id";

fn read(row: &crate::row::Row) -> Result<Notice, StoreError> {
    let delivery: Option<i64> = row.get("unblock_notice", "delivery_id")?;
    let state: Option<String> = row.get("delivery", "state")?;
    let state = state.unwrap_or_default();
    Ok(Notice {
        block: BlockId(row.get("unblock_notice", "id")?),
        delivery: delivery.map(DeliveryId),
        has_arrived: delivery.is_none() || state == "accepted",
        has_failed: delivery.is_some()
            && matches!(state.as_str(), "rejected" | "uncertain" | "withheld" | ""),
        reason: row.get("unblock_notice", "reason")?,
        words: row.get("unblock_notice", "words")?,
        actor: row.get("unblock_notice", "actor")?,
    })
}

/// The notice of a block's end, if there is one.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn notice_of(
    session: &impl Session,
    block: BlockId,
) -> Result<Option<Notice>, StoreError> {
    let sql = format!("{NOTICES} WHERE n.block_id = $1");
    query_optional(session, &sql, [block.0.into()]).await?.as_ref().map(read).transpose()
}

/// Notices of active blocks that arrived, oldest first, at most `limit`.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn notices_that_arrived(
    session: &impl Session,
    limit: u32,
) -> Result<Vec<Notice>, StoreError> {
    let sql = format!(
        "{NOTICES} WHERE b.state = 'active' AND (n.delivery_id IS NULL OR d.state = 'accepted') \
         ORDER BY n.block_id LIMIT $1"
    );
    query_all(session, &sql, [i64::from(limit).into()]).await?.iter().map(read).collect()
}

/// Writes down that the person is told of the end of a block; a later notice takes the place of
/// one that did not arrive.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn write_notice(
    transaction: &Transaction,
    block: BlockId,
    (delivery, note): (Option<DeliveryId>, Option<&[u8]>),
    (actor, reason, words): (&str, &str, Option<&[u8]>),
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO unblock_notice (block_id, delivery_id, note, reason, actor, at, words) \
               VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (block_id) DO UPDATE SET \
               delivery_id = excluded.delivery_id, note = excluded.note, reason = excluded.reason, \
               actor = excluded.actor, at = excluded.at, words = excluded.words";
    let values = [
        block.0.into(),
        delivery.map(|id| id.0).into(),
        note.map(<[u8]>::to_vec).into(),
        reason.into(),
        actor.into(),
        now.as_microsecond().into(),
        words.map(<[u8]>::to_vec).into(),
    ];
    execute(transaction, sql, values).await?;
    Ok(())
}

const REMINDER: &str = "block_stands";

/// Active blocks that wait for a decision (of a rectification or a restriction), were set before
/// `before` and of which nobody was reminded since.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn to_be_reminded_of(
    session: &impl Session,
    before: Timestamp,
    limit: u32,
) -> Result<Vec<(BlockId, Option<TicketId>)>, StoreError> {
    let sql = "SELECT b.id AS id, b.ticket_id FROM block AS b WHERE b.state = 'active' AND b.from_at <= $1 \
               AND (b.basis LIKE '%rectification%' OR b.basis LIKE '%restriction%') \
               AND NOT EXISTS (SELECT 1 FROM task AS t WHERE t.name = 'block_stands' \
               AND t.detail = 'block:' || CAST(b.id AS TEXT) AND t.opened_at > $1) ORDER BY b.id LIMIT $2";
    let values = [before.as_microsecond().into(), i64::from(limit).into()];
    let rows = query_all(session, sql, values).await?;
    rows.iter()
        .map(|row| {
            let ticket = row.get::<Option<i64>>("block", "ticket_id")?.map(TicketId);
            Ok((BlockId(row.get("block", "id")?), ticket))
        })
        .collect()
}

/// Reminds of a block: today's task in place of yesterday's.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn remind(
    transaction: &Transaction,
    block: BlockId,
    ticket: Option<TicketId>,
    now: Timestamp,
) -> Result<(), StoreError> {
    close_reminder(transaction, block, "consentry", now).await?;
    let detail = format!("block:{block}");
    crate::tasks::open(transaction, REMINDER, ticket, None, &detail, now).await?;
    Ok(())
}

/// Ends the reminder of a block.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn close_reminder(
    transaction: &Transaction,
    block: BlockId,
    by: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE task SET done_at = $3, done_by = $4 WHERE name = $1 AND detail = $2 AND done_at IS NULL";
    let values =
        [REMINDER.into(), format!("block:{block}").into(), now.as_microsecond().into(), by.into()];
    execute(transaction, sql, values).await?;
    Ok(())
}
