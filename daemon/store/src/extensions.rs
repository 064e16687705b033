//! Extensions of duties: asked with their notice, and what became of it.

use domain::{
    Timestamp,
    delivery::DeliveryStateName,
    ids::{DeliveryId, DutyId, ExtensionId, RequestId},
};

use crate::{
    error::StoreError,
    row::Row,
    session::{Session, Transaction, change_one, query_all, query_one},
};

/// Where an extension stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExtensionState {
    /// Its notice is on the way.
    Asked,
    /// Its notice went out in time: it holds.
    Granted,
    /// Its notice went out too late.
    Late,
    /// Its notice did not go out.
    Failed,
}

impl ExtensionState {
    /// The word in the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Granted => "granted",
            Self::Late => "late",
            Self::Failed => "failed",
        }
    }

    fn from_name(word: &str) -> Option<Self> {
        [Self::Asked, Self::Granted, Self::Late, Self::Failed]
            .into_iter()
            .find(|state| state.name() == word)
    }
}

/// An extension as it stands, with its notice.
#[derive(Debug, Clone)]
pub struct ExtensionRow {
    /// Its id.
    pub id: ExtensionId,
    /// The request.
    pub request: RequestId,
    /// The duty that it lengthens.
    pub duty: DutyId,
    /// Who asked for it.
    pub asked_by: String,
    /// When.
    pub asked_at: Timestamp,
    /// Where it stands.
    pub state: ExtensionState,
    /// Where its notice stands, and since when it is settled.
    pub notice: Option<(DeliveryStateName, Option<Timestamp>)>,
}

const SELECT: &str = "SELECT extension.id, extension.request_id, extension.duty_id, extension.asked_by, \
                      extension.asked_at, extension.state, delivery.state AS notice, delivery.settled_at AS notice_at \
                      FROM extension LEFT JOIN delivery ON delivery.id = extension.delivery_id";

fn read(row: &Row) -> Result<ExtensionRow, StoreError> {
    let notice = row.parsed_option("delivery", "notice", DeliveryStateName::from_name)?;
    let settled_at = row.instant_option("delivery", "notice_at")?;
    Ok(ExtensionRow {
        id: ExtensionId(row.get("extension", "id")?),
        request: RequestId(row.get("extension", "request_id")?),
        duty: DutyId(row.get("extension", "duty_id")?),
        asked_by: row.get("extension", "asked_by")?,
        asked_at: row.instant("extension", "asked_at")?,
        state: row.parsed("extension", "state", ExtensionState::from_name)?,
        notice: notice.map(|state| (state, settled_at)),
    })
}

/// Asks for an extension, once for each duty.
///
/// # Errors
/// [`StoreError::Duplicate`] when one was asked for or granted already.
pub async fn ask(
    transaction: &Transaction,
    (request, duty): (RequestId, DutyId),
    notice: Option<DeliveryId>,
    causes: &[u8],
    by: &str,
    now: Timestamp,
) -> Result<ExtensionId, StoreError> {
    let sql = "INSERT INTO extension (request_id, duty_id, delivery_id, causes, asked_by, asked_at, state) \
               VALUES ($1, $2, $3, $4, $5, $6, 'asked') RETURNING id";
    let values = [
        request.0.into(),
        duty.0.into(),
        notice.map(|id| id.0).into(),
        causes.to_vec().into(),
        by.into(),
        now.as_microsecond().into(),
    ];
    Ok(ExtensionId(query_one(transaction, sql, values).await?.get("extension", "id")?))
}

/// A notice that has not left by `at` does not leave any more.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn expire_notice(
    transaction: &Transaction,
    notice: DeliveryId,
    at: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE delivery SET expires_at = $2 WHERE id = $1 AND expires_at > $2";
    crate::session::execute(transaction, sql, [notice.0.into(), at.as_microsecond().into()])
        .await?;
    Ok(())
}

/// All that were asked for and are not settled, oldest first, at most `limit`.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn asked(session: &impl Session, limit: u32) -> Result<Vec<ExtensionRow>, StoreError> {
    let sql = format!("{SELECT} WHERE extension.state = 'asked' ORDER BY extension.id LIMIT $1");
    query_all(session, &sql, [i64::from(limit).into()]).await?.iter().map(read).collect()
}

/// All of a request, oldest first.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn of_request(
    session: &impl Session,
    request: RequestId,
) -> Result<Vec<ExtensionRow>, StoreError> {
    let sql = format!("{SELECT} WHERE extension.request_id = $1 ORDER BY extension.id");
    query_all(session, &sql, [request.0.into()]).await?.iter().map(read).collect()
}

/// Settles one that was asked for.
///
/// # Errors
/// [`StoreError::Conflict`] when another node was first.
pub async fn settle(
    transaction: &Transaction,
    extension: ExtensionId,
    to: ExtensionState,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE extension SET state = $2, settled_at = $3 WHERE id = $1 AND state = 'asked'";
    let values = [extension.0.into(), to.name().into(), now.as_microsecond().into()];
    change_one(transaction, "extension", sql, values).await
}

/// Extensions that were not granted and whose duty is still open and not lengthened otherwise.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn refused_and_owed(session: &impl Session) -> Result<Vec<ExtensionId>, StoreError> {
    let sql = "SELECT e.id AS id FROM extension AS e JOIN duty AS d ON d.id = e.duty_id \
               JOIN request AS r ON r.id = e.request_id WHERE e.state IN ('late', 'failed') \
               AND d.done_at IS NULL AND d.extended = 0 \
               AND r.state NOT IN ('closed', 'joined', 'withdrawn') ORDER BY e.id";
    let rows = query_all(session, sql, []).await?;
    rows.iter().map(|row| Ok(ExtensionId(row.get("extension", "id")?))).collect()
}
