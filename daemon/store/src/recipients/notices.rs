//! Notices to recipients: what became of the data that they have.

use domain::{
    Timestamp,
    delivery::DeliveryStateName,
    disclosure::{NoticeAct, NoticeState},
    ids::{DeliveryId, PlanId, RecipientId, RecipientNoticeId, RequestId, VaultKeyId},
};

use crate::{
    error::StoreError,
    row::Row,
    session::{Session, Transaction, change_one, execute, query_all, query_one, query_optional},
};

/// A notice as it stands.
#[derive(Debug, Clone)]
pub struct NoticeRow {
    /// Its id.
    pub id: RecipientNoticeId,
    /// The request it follows from.
    pub request: RequestId,
    /// To whom.
    pub recipient: RecipientId,
    /// Its name in the register.
    pub recipient_name: String,
    /// The plan of destruction it belongs to.
    pub plan: Option<PlanId>,
    /// What is told.
    pub act: NoticeAct,
    /// Where it stands.
    pub state: NoticeState,
    /// The letter; none: told by hand.
    pub delivery: Option<DeliveryId>,
    /// The key of its letter, until that has left.
    pub vault_key: Option<VaultKeyId>,
    /// Whether a person has to tell it.
    pub by_hand: bool,
    /// How it was told, or why it cannot be.
    pub note: String,
    /// When it was raised.
    pub raised_at: Timestamp,
    /// When it was settled.
    pub settled_at: Option<Timestamp>,
    /// By whom.
    pub settled_by: Option<String>,
}

/// A notice to be written down.
#[derive(Debug, Clone)]
pub struct NewNotice {
    /// The request it follows from.
    pub request: RequestId,
    /// To whom.
    pub recipient: RecipientId,
    /// The plan of destruction it belongs to.
    pub plan: Option<PlanId>,
    /// What is told.
    pub act: NoticeAct,
    /// The letter and its own key; none: told by hand.
    pub letter: Option<(DeliveryId, VaultKeyId)>,
}

const TABLE: &str = "recipient_notice";
const COLUMNS: &str = "recipient_notice.id AS id, request_id, recipient_id, recipient.name AS recipient_name, plan_id, \
                       act, state, delivery_id, vault_key_id, by_hand, note, raised_at, settled_at, settled_by";
const FROM: &str = "recipient_notice JOIN recipient ON recipient.id = recipient_id";

fn read(row: &Row) -> Result<NoticeRow, StoreError> {
    Ok(NoticeRow {
        id: RecipientNoticeId(row.get(TABLE, "id")?),
        request: RequestId(row.get(TABLE, "request_id")?),
        recipient: RecipientId(row.get(TABLE, "recipient_id")?),
        recipient_name: row.get(TABLE, "recipient_name")?,
        plan: row.get::<Option<i64>>(TABLE, "plan_id")?.map(PlanId),
        act: row.parsed(TABLE, "act", NoticeAct::from_name)?,
        state: row.parsed(TABLE, "state", NoticeState::from_name)?,
        delivery: row.get::<Option<i64>>(TABLE, "delivery_id")?.map(DeliveryId),
        vault_key: row.parsed_option(TABLE, "vault_key_id", |text| VaultKeyId::parse(text).ok())?,
        by_hand: row.get::<i64>(TABLE, "by_hand")? != 0,
        note: row.get(TABLE, "note")?,
        raised_at: row.instant(TABLE, "raised_at")?,
        settled_at: row.instant_option(TABLE, "settled_at")?,
        settled_by: row.get(TABLE, "settled_by")?,
    })
}

/// Writes a notice down.
///
/// # Errors
/// [`StoreError::Duplicate`] when this request told this recipient the same already;
/// [`StoreError::Unavailable`].
pub async fn add_notice(
    transaction: &Transaction,
    notice: &NewNotice,
    now: Timestamp,
) -> Result<RecipientNoticeId, StoreError> {
    let sql = "INSERT INTO recipient_notice (request_id, recipient_id, plan_id, act, state, delivery_id, vault_key_id, \
               by_hand, raised_at) VALUES ($1, $2, $3, $4, 'planned', $5, $6, $7, $8) RETURNING id";
    let values = [
        notice.request.0.into(),
        notice.recipient.0.into(),
        notice.plan.map(|id| id.0).into(),
        notice.act.name().into(),
        notice.letter.map(|(delivery, _)| delivery.0).into(),
        notice.letter.map(|(_, key)| key.to_string()).into(),
        i64::from(notice.letter.is_none()).into(),
        now.as_microsecond().into(),
    ];
    Ok(RecipientNoticeId(query_one(transaction, sql, values).await?.get(TABLE, "id")?))
}

/// One notice.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn notice(
    session: &impl Session,
    id: RecipientNoticeId,
) -> Result<Option<NoticeRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM {FROM} WHERE recipient_notice.id = $1");
    query_optional(session, &sql, [id.0.into()]).await?.as_ref().map(read).transpose()
}

/// All notices of a request, oldest first.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn notices_of_request(
    session: &impl Session,
    request: RequestId,
) -> Result<Vec<NoticeRow>, StoreError> {
    let sql =
        format!("SELECT {COLUMNS} FROM {FROM} WHERE request_id = $1 ORDER BY recipient_notice.id");
    query_all(session, &sql, [request.0.into()]).await?.iter().map(read).collect()
}

/// How many notices of a plan were neither sent nor settled.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn unsettled_of_plan(session: &impl Session, plan: PlanId) -> Result<i64, StoreError> {
    let sql = "SELECT COUNT(*) AS n FROM recipient_notice WHERE plan_id = $1 AND state = 'planned'";
    query_one(session, sql, [plan.0.into()]).await?.get(TABLE, "n")
}

/// Notices whose letters still have their keys, with where the letters stand.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn letters_open(
    session: &impl Session,
    after: RecipientNoticeId,
    limit: u32,
) -> Result<Vec<(NoticeRow, DeliveryStateName)>, StoreError> {
    let sql = "SELECT n.id AS id, request_id, recipient_id, recipient.name AS recipient_name, plan_id, act, \
               n.state AS state, delivery_id, n.vault_key_id AS vault_key_id, by_hand, note, raised_at, \
               n.settled_at AS settled_at, settled_by, delivery.state AS delivery_state \
               FROM recipient_notice AS n JOIN recipient ON recipient.id = recipient_id \
               JOIN delivery ON delivery.id = delivery_id \
               WHERE n.vault_key_id IS NOT NULL AND n.id > $1 ORDER BY n.id LIMIT $2";
    let rows = query_all(session, sql, [after.0.into(), i64::from(limit).into()]).await?;
    rows.iter()
        .map(|row| {
            let state = row.parsed("delivery", "delivery_state", DeliveryStateName::from_name)?;
            Ok((read(row)?, state))
        })
        .collect()
}

/// The letter left.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn mark_sent(
    transaction: &Transaction,
    id: RecipientNoticeId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE recipient_notice SET state = 'sent', settled_at = $2 \
               WHERE id = $1 AND state = 'planned'";
    execute(transaction, sql, [id.0.into(), now.as_microsecond().into()]).await?;
    Ok(())
}

/// The letter will not leave: a person has to tell.
///
/// # Errors
/// [`StoreError::Unavailable`]; returns whether that is new.
pub async fn by_hand(transaction: &Transaction, id: RecipientNoticeId) -> Result<bool, StoreError> {
    let sql = "UPDATE recipient_notice SET by_hand = 1 WHERE id = $1 AND by_hand = 0 AND state = 'planned'";
    Ok(execute(transaction, sql, [id.0.into()]).await? > 0)
}

/// Empties the letter of a notice and forgets its key, which is to be destroyed then. Not while
/// the letter may still leave.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn forget_letter(
    transaction: &Transaction,
    notice: &NoticeRow,
) -> Result<(), StoreError> {
    let Some(delivery) = notice.delivery else { return Ok(()) };
    let sql = "UPDATE delivery SET content = NULL, vault_key_id = NULL WHERE id = $1 \
               AND state NOT IN ('planned', 'claimed', 'deferred')";
    execute(transaction, sql, [delivery.0.into()]).await?;
    let sql = "UPDATE recipient_notice SET vault_key_id = NULL WHERE id = $1";
    execute(transaction, sql, [notice.id.0.into()]).await?;
    Ok(())
}

/// A person settles a notice: the recipient confirmed or was told otherwise, or cannot be told.
///
/// # Errors
/// [`StoreError::Conflict`] when it is settled.
pub async fn settle_notice(
    transaction: &Transaction,
    id: RecipientNoticeId,
    to: NoticeState,
    by: &str,
    note: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE recipient_notice SET state = $2, settled_at = $3, settled_by = $4, note = $5 \
               WHERE id = $1 AND state IN ('planned', 'sent')";
    let values =
        [id.0.into(), to.name().into(), now.as_microsecond().into(), by.into(), note.into()];
    change_one(transaction, "recipient notice", sql, values).await
}
