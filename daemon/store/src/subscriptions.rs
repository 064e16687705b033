//! Subscriptions: contact × address × list. A pending one that nobody has yet has no contact.

mod ending;

use domain::{
    Timestamp,
    ids::{AddressId, ConsentEventId, ContactId, ListId, SubscriptionId},
    subscription::SubscriptionState,
};

use crate::{
    error::StoreError,
    row::Row,
    session::{
        Session, Transaction, change_one, execute, placeholders, query_all, query_one,
        query_optional,
    },
};

pub use ending::{
    confirmed_advertising_of, destroy, ended_advertising_of, forget_address, go_back, leave,
    restore,
};

/// A subscription as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscriptionRow {
    /// Its row.
    pub id: SubscriptionId,
    /// The list.
    pub list: ListId,
    /// Whose; a pending one may be nobody's yet.
    pub contact: Option<ContactId>,
    /// The address that is mailed.
    pub address: Option<AddressId>,
    /// Where it stands.
    pub state: SubscriptionState,
    /// The event of grade proven that can be shown for it.
    pub consent: Option<ConsentEventId>,
    /// The last double opt-in from this very mailbox.
    pub opted_in_at: Option<Timestamp>,
    /// The last time the person left.
    pub left_at: Option<Timestamp>,
}

pub(crate) const COLUMNS: &str =
    "id, list_id, contact_id, address_id, state, since_at, consent_id, opted_in_at, left_at";

pub(crate) fn read(row: &Row) -> Result<SubscriptionRow, StoreError> {
    let since_at = row.instant("subscription", "since_at")?;
    Ok(SubscriptionRow {
        id: SubscriptionId(row.get("subscription", "id")?),
        list: ListId(row.get("subscription", "list_id")?),
        contact: row.get::<Option<i64>>("subscription", "contact_id")?.map(ContactId),
        address: row.get::<Option<i64>>("subscription", "address_id")?.map(AddressId),
        state: row.parsed("subscription", "state", |state| match state {
            "pending" => Some(SubscriptionState::Pending { since_at }),
            "confirmed" => Some(SubscriptionState::Confirmed { at: since_at }),
            "unsubscribed" => Some(SubscriptionState::Unsubscribed { at: since_at }),
            _ => None,
        })?,
        consent: row.get::<Option<i64>>("subscription", "consent_id")?.map(ConsentEventId),
        opted_in_at: row.instant_option("subscription", "opted_in_at")?,
        left_at: row.instant_option("subscription", "left_at")?,
    })
}

/// One subscription.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn by_id(
    session: &impl Session,
    subscription: SubscriptionId,
) -> Result<Option<SubscriptionRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM subscription WHERE id = $1");
    query_optional(session, &sql, [subscription.0.into()]).await?.as_ref().map(read).transpose()
}

/// All subscriptions of an address, oldest first.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn of_address(
    session: &impl Session,
    address: AddressId,
) -> Result<Vec<SubscriptionRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM subscription WHERE address_id = $1 ORDER BY id");
    query_all(session, &sql, [address.0.into()]).await?.iter().map(read).collect()
}

/// All subscriptions of some contacts, oldest first.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn of_contacts(
    session: &impl Session,
    contacts: &[ContactId],
) -> Result<Vec<SubscriptionRow>, StoreError> {
    let people = placeholders(1, contacts.len());
    let sql =
        format!("SELECT {COLUMNS} FROM subscription WHERE contact_id IN ({people}) ORDER BY id");
    let values = contacts.iter().map(|contact| contact.0.into());
    query_all(session, &sql, values).await?.iter().map(read).collect()
}

/// Somebody asks for a list with an address that has no subscription to it.
///
/// # Errors
/// [`StoreError::Duplicate`] when one was made at the same time.
pub async fn ask(
    transaction: &Transaction,
    list: ListId,
    contact: Option<ContactId>,
    address: AddressId,
    now: Timestamp,
) -> Result<SubscriptionId, StoreError> {
    let sql = "INSERT INTO subscription (list_id, contact_id, address_id, state, since_at, created_at) \
               VALUES ($1, $2, $3, 'pending', $4, $4) RETURNING id";
    let values = [
        list.0.into(),
        contact.map(|id| id.0).into(),
        address.0.into(),
        now.as_microsecond().into(),
    ];
    Ok(SubscriptionId(query_one(transaction, sql, values).await?.get("subscription", "id")?))
}

/// Somebody who left, or who never confirmed, asks again.
///
/// # Errors
/// [`StoreError::Conflict`] unless it stands as it was read.
pub async fn ask_again(
    transaction: &Transaction,
    held: &SubscriptionRow,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql =
        "UPDATE subscription SET state = 'pending', since_at = $3 WHERE id = $1 AND state = $2";
    let values = [held.id.0.into(), held.state.name().into(), now.as_microsecond().into()];
    change_one(transaction, "subscription", sql, values).await
}

/// What a confirmation makes of a subscription.
#[derive(Debug, Clone, Copy)]
pub struct Confirmation {
    /// Whose it is from now on.
    pub contact: ContactId,
    /// The event that shows it.
    pub consent: ConsentEventId,
}

/// The person confirmed from the mailbox.
///
/// # Errors
/// [`StoreError::Conflict`] unless it stands as it was read.
pub async fn confirm(
    transaction: &Transaction,
    held: &SubscriptionRow,
    confirmation: Confirmation,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE subscription SET contact_id = $3, consent_id = $4, opted_in_at = $5, \
               since_at = CASE WHEN state = 'confirmed' THEN since_at ELSE $5 END, state = 'confirmed' \
               WHERE id = $1 AND state = $2";
    let values = [
        held.id.0.into(),
        held.state.name().into(),
        confirmation.contact.0.into(),
        confirmation.consent.0.into(),
        now.as_microsecond().into(),
    ];
    change_one(transaction, "subscription", sql, values).await
}

/// The pending subscription of nobody turned out to be that of a contact who has one already:
/// what was asked for moves there and the double is destroyed.
///
/// # Errors
/// [`StoreError::Conflict`] when it is nobody's no more.
pub async fn merge(
    transaction: &Transaction,
    from: SubscriptionId,
    to: SubscriptionId,
) -> Result<(), StoreError> {
    let sql = "UPDATE opt_in SET subscription_id = $2 WHERE subscription_id = $1";
    execute(transaction, sql, [from.0.into(), to.0.into()]).await?;
    let sql = "DELETE FROM subscription WHERE id = $1 AND contact_id IS NULL";
    change_one(transaction, "subscription", sql, [from.0.into()]).await
}
