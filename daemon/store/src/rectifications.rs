//! Corrections of contacts: proposed, applied while the old value stands, or void.

use domain::{
    Timestamp,
    block::Field,
    digest::Digest,
    ids::{AddressId, ContactId, RectificationId, RequestId},
};

use crate::{
    error::StoreError,
    row::Row,
    session::{Session, Transaction, change_one, execute, query_all, query_one},
};

/// Where a correction stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RectificationState {
    /// It waits for the decision.
    Proposed,
    /// It was applied.
    Applied,
    /// Another took its place, or it was not confirmed.
    Void,
}

impl RectificationState {
    /// The word of the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Applied => "applied",
            Self::Void => "void",
        }
    }

    fn from_name(word: &str) -> Option<Self> {
        [Self::Proposed, Self::Applied, Self::Void].into_iter().find(|state| state.name() == word)
    }
}

/// A correction as it stands.
#[derive(Clone)]
pub struct RectificationRow {
    /// Its id.
    pub id: RectificationId,
    /// The request it answers.
    pub request: RequestId,
    /// Whose data.
    pub contact: ContactId,
    /// Which field.
    pub field: Field,
    /// Sealed: old, new, proof; none when it was destroyed.
    pub content: Option<Vec<u8>>,
    /// Digest of the old value.
    pub old: Digest,
    /// Where it stands.
    pub state: RectificationState,
    /// Who proposed it; another person approves it.
    pub made_by: String,
    /// When.
    pub made_at: Timestamp,
    /// When it was applied.
    pub applied_at: Option<Timestamp>,
}

impl std::fmt::Debug for RectificationRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RectificationRow").field("id", &self.id).finish_non_exhaustive()
    }
}

fn read(row: &Row) -> Result<RectificationRow, StoreError> {
    const TABLE: &str = "rectification";
    Ok(RectificationRow {
        id: RectificationId(row.get(TABLE, "id")?),
        request: RequestId(row.get(TABLE, "request_id")?),
        contact: ContactId(row.get(TABLE, "contact_id")?),
        field: row.parsed(TABLE, "field", Field::from_name)?,
        content: row.get(TABLE, "content")?,
        old: row.digest(TABLE, "digest_key", "old_digest")?,
        state: row.parsed(TABLE, "state", RectificationState::from_name)?,
        made_by: row.get(TABLE, "made_by")?,
        made_at: row.instant(TABLE, "made_at")?,
        applied_at: row.instant_option(TABLE, "applied_at")?,
    })
}

/// A correction to be proposed.
#[derive(Clone)]
pub struct NewRectification<'a> {
    /// The request.
    pub request: RequestId,
    /// Whose data.
    pub contact: ContactId,
    /// Which field.
    pub field: Field,
    /// Sealed: old, new, proof.
    pub content: &'a [u8],
    /// Digest of the old value.
    pub old: Digest,
    /// Who proposes it.
    pub made_by: &'a str,
}

impl std::fmt::Debug for NewRectification<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewRectification").field("request", &self.request).finish_non_exhaustive()
    }
}

/// Proposes a correction in place of one of the same field and the same old value.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn propose(
    transaction: &Transaction,
    new: &NewRectification<'_>,
    now: Timestamp,
) -> Result<RectificationId, StoreError> {
    let sql = "UPDATE rectification SET state = 'void' WHERE request_id = $1 AND field = $2 \
               AND old_digest = $3 AND state = 'proposed'";
    let old = new.old.bytes.to_vec();
    execute(transaction, sql, [new.request.0.into(), new.field.name().into(), old.into()]).await?;
    let sql = "INSERT INTO rectification (request_id, contact_id, field, content, digest_key, old_digest, state, \
               made_by, made_at) VALUES ($1, $2, $3, $4, $5, $6, 'proposed', $7, $8) RETURNING id";
    let values = [
        new.request.0.into(),
        new.contact.0.into(),
        new.field.name().into(),
        new.content.to_vec().into(),
        i64::from(new.old.key.0).into(),
        new.old.bytes.to_vec().into(),
        new.made_by.into(),
        now.as_microsecond().into(),
    ];
    Ok(RectificationId(query_one(transaction, sql, values).await?.get("rectification", "id")?))
}

/// All corrections of a request, oldest first.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn of_request(
    session: &impl Session,
    request: RequestId,
) -> Result<Vec<RectificationRow>, StoreError> {
    let sql = "SELECT id, request_id, contact_id, field, content, digest_key, old_digest, state, made_by, made_at, \
               applied_at FROM rectification WHERE request_id = $1 ORDER BY id";
    query_all(session, sql, [request.0.into()]).await?.iter().map(read).collect()
}

/// Takes a proposed correction to its end.
///
/// # Errors
/// [`StoreError::Conflict`] when it is not proposed any more.
pub async fn settle(
    transaction: &Transaction,
    rectification: RectificationId,
    to: RectificationState,
    now: Timestamp,
) -> Result<(), StoreError> {
    let applied_at = (to == RectificationState::Applied).then(|| now.as_microsecond());
    let sql =
        "UPDATE rectification SET state = $2, applied_at = $3 WHERE id = $1 AND state = 'proposed'";
    let values = [rectification.0.into(), to.name().into(), applied_at.into()];
    change_one(transaction, "rectification", sql, values).await
}

/// Puts a new name in place of the one that stands.
///
/// # Errors
/// [`StoreError::Conflict`] when another one stands there by now.
pub async fn change_name(
    transaction: &Transaction,
    contact: ContactId,
    old: &str,
    new: &str,
) -> Result<(), StoreError> {
    let sql = "UPDATE contact SET name = $3 WHERE id = $1 AND name = $2";
    change_one(transaction, "contact", sql, [contact.0.into(), old.into(), new.into()]).await
}

/// Puts a new telephone number in place of the one that stands.
///
/// # Errors
/// [`StoreError::Conflict`] when another one stands there by now.
pub async fn change_phone(
    transaction: &Transaction,
    contact: ContactId,
    old: &str,
    new: &str,
) -> Result<(), StoreError> {
    let sql = "UPDATE contact SET phone = $3 WHERE id = $1 AND phone = $2";
    change_one(transaction, "contact", sql, [contact.0.into(), old.into(), new.into()]).await
}

/// Changes language and zone of a contact, as far as given.
///
/// # Errors
/// [`StoreError::Conflict`] when it is gone.
pub async fn change_manners(
    transaction: &Transaction,
    contact: ContactId,
    locale: Option<&str>,
    zone: Option<&str>,
) -> Result<(), StoreError> {
    let sql =
        "UPDATE contact SET locale = COALESCE($2, locale), zone = COALESCE($3, zone) WHERE id = $1";
    let text = |value: Option<&str>| value.map(str::to_owned).into();
    change_one(transaction, "contact", sql, [contact.0.into(), text(locale), text(zone)]).await
}

/// Takes an address from a contact; its row stays, since mails and tickets name it.
///
/// # Errors
/// [`StoreError::Conflict`] when the contact does not have it any more.
pub async fn take_address(
    transaction: &Transaction,
    contact: ContactId,
    address: AddressId,
) -> Result<(), StoreError> {
    let sql = "DELETE FROM contact_address WHERE contact_id = $1 AND address_id = $2";
    change_one(transaction, "contact_address", sql, [contact.0.into(), address.0.into()]).await
}
