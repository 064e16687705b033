//! How subscriptions end: the person leaves, a wish expires; and how a misreading is undone.

use domain::{
    Timestamp,
    ids::{AddressId, ConsentEventId, ContactId, SubscriptionId},
};

use super::{COLUMNS, SubscriptionRow, read};
use crate::{
    error::StoreError,
    session::{Session, Transaction, change_one, execute, placeholders, query_all},
};

/// The confirmed subscriptions to advertising of an address or of some contacts.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn confirmed_advertising_of(
    session: &impl Session,
    address: AddressId,
    contacts: &[ContactId],
) -> Result<Vec<SubscriptionRow>, StoreError> {
    advertising_of(session, "confirmed", address, contacts).await
}

/// The ended subscriptions to advertising of an address or of some contacts.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn ended_advertising_of(
    session: &impl Session,
    address: AddressId,
    contacts: &[ContactId],
) -> Result<Vec<SubscriptionRow>, StoreError> {
    advertising_of(session, "unsubscribed", address, contacts).await
}

async fn advertising_of(
    session: &impl Session,
    state: &str,
    address: AddressId,
    contacts: &[ContactId],
) -> Result<Vec<SubscriptionRow>, StoreError> {
    let people = placeholders(3, contacts.len());
    let sql = format!(
        "SELECT {COLUMNS} FROM subscription WHERE state = $1 \
         AND (address_id = $2 OR contact_id IN ({people})) \
         AND list_id IN (SELECT id FROM list WHERE purpose IN ('newsletter', 'partner_offers')) ORDER BY id"
    );
    let values = [state.into(), address.0.into()]
        .into_iter()
        .chain(contacts.iter().map(|contact| contact.0.into()));
    query_all(session, &sql, values).await?.iter().map(read).collect()
}

/// The person leaves the list: no consent can be shown any more, and links that still wait for a
/// confirmation lead nowhere.
///
/// # Errors
/// [`StoreError::Conflict`] unless it stands as it was read.
pub async fn leave(
    transaction: &Transaction,
    held: &SubscriptionRow,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE subscription SET state = 'unsubscribed', since_at = $3, left_at = $3, consent_id = NULL \
               WHERE id = $1 AND state = $2";
    let values = [held.id.0.into(), held.state.name().into(), now.as_microsecond().into()];
    change_one(transaction, "subscription", sql, values).await?;
    crate::opt_ins::let_expire(transaction, held.id, now).await?;
    Ok(())
}

/// A misreading is undone: the subscription stands again as before, if nothing happened to it
/// since it was ended at `left_at`; returns whether it does.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn restore(
    transaction: &Transaction,
    subscription: SubscriptionId,
    left_at: Timestamp,
    consent: Option<ConsentEventId>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let sql = "UPDATE subscription SET state = 'confirmed', since_at = $3, left_at = NULL, consent_id = $4 \
               WHERE id = $1 AND state = 'unsubscribed' AND left_at = $2";
    let values = [
        subscription.0.into(),
        left_at.as_microsecond().into(),
        now.as_microsecond().into(),
        consent.map(|id| id.0).into(),
    ];
    Ok(execute(transaction, sql, values).await? == 1)
}

/// Nobody confirmed, and the person had left before: it stands as it stood then.
///
/// # Errors
/// [`StoreError::Conflict`] unless it is pending and was left before.
pub async fn go_back(
    transaction: &Transaction,
    subscription: SubscriptionId,
) -> Result<(), StoreError> {
    let sql = "UPDATE subscription SET state = 'unsubscribed', since_at = left_at \
               WHERE id = $1 AND state = 'pending' AND left_at IS NOT NULL";
    change_one(transaction, "subscription", sql, [subscription.0.into()]).await
}

/// Nobody confirmed: nothing of it stays.
///
/// # Errors
/// [`StoreError::Conflict`] unless it is pending and was never left.
pub async fn destroy(
    transaction: &Transaction,
    subscription: SubscriptionId,
) -> Result<(), StoreError> {
    let sql = "DELETE FROM subscription WHERE id = $1 AND state = 'pending' AND left_at IS NULL";
    change_one(transaction, "subscription", sql, [subscription.0.into()]).await
}

/// Destroys the row of an address to which nothing refers any more; returns whether it did.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn forget_address(
    transaction: &Transaction,
    address: AddressId,
) -> Result<bool, StoreError> {
    // Every table with a foreign key on `address`; a test compares them with the schema.
    let referring = REFERRING
        .iter()
        .map(|table| {
            format!(" AND NOT EXISTS (SELECT 1 FROM {table} WHERE {table}.address_id = address.id)")
        })
        .collect::<String>();
    let sql = format!("DELETE FROM address WHERE id = $1{referring}");
    Ok(execute(transaction, &sql, [address.0.into()]).await? == 1)
}

/// The tables whose rows keep an address.
const REFERRING: [&str; 9] = [
    "challenge",
    "package",
    "contact_address",
    "consent_event",
    "subscription",
    "block",
    "ticket",
    "submission",
    "delivery",
];

#[cfg(test)]
mod tests {
    use super::REFERRING;

    #[test]
    fn every_table_that_refers_to_an_address_keeps_it() {
        let schema = [
            include_str!("../../../../migrations/src/foundation/audit.sql"),
            include_str!("../../../../migrations/src/foundation/deliveries.sql"),
            include_str!("../../../../migrations/src/foundation/intake.sql"),
            include_str!("../../../../migrations/src/foundation/nodes.sql"),
            include_str!("../../../../migrations/src/foundation/people.sql"),
            include_str!("../../../../migrations/src/foundation/stops.sql"),
            include_str!("../../../../migrations/src/foundation/tickets.sql"),
            include_str!("../../../../migrations/src/mail_out/lists.sql"),
            include_str!("../../../../migrations/src/mail_out/campaigns.sql"),
            include_str!("../../../../migrations/src/privacy/answers.sql"),
            include_str!("../../../../migrations/src/privacy/care.sql"),
            include_str!("../../../../migrations/src/privacy/destruction.sql"),
            include_str!("../../../../migrations/src/privacy/identity.sql"),
            include_str!("../../../../migrations/src/privacy/parties.sql"),
            include_str!("../../../../migrations/src/privacy/requests.sql"),
            include_str!("../../../../migrations/src/privacy/restoring.sql"),
        ]
        .concat();
        let mut referring: Vec<&str> = schema
            .split("CREATE TABLE ")
            .skip(1)
            .filter(|table| {
                let body = table.split("{strict};").next().unwrap_or(table);
                body.split("CREATE INDEX")
                    .next()
                    .unwrap_or(body)
                    .contains("REFERENCES address (id)")
            })
            .filter_map(|table| table.split_whitespace().next())
            .collect();
        referring.sort_unstable();
        let mut known = REFERRING.to_vec();
        known.sort_unstable();
        assert_eq!(referring, known);
    }
}
