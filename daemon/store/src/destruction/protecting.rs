//! Nobody mails the person any more: what waits in the ledger is withheld.

use domain::{Timestamp, delivery::WithholdReason, ids::AddressId, plan::Whose};

use super::{spell, values};
use crate::{
    error::StoreError,
    session::{Session, Transaction, execute, query_all, query_one},
};

/// Withholds all mail to the person that waits; returns how much.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn withhold(
    transaction: &Transaction,
    whose: &Whose,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let dialect = transaction.dialect();
    let sql = "UPDATE delivery SET state = 'withheld', withheld_reason = $6, settled_at = $7 \
               WHERE address_id {addresses} AND (ticket_id IS NULL OR ticket_id {tickets}) AND state IN ('planned', 'deferred')";
    let mut values = values(whose, 0, dialect);
    values.extend([WithholdReason::Erased.name().into(), now.as_microsecond().into()]);
    execute(transaction, &spell(sql, dialect), values).await
}

/// How much mail to the person is in the hands of a dispatch just now: its content is needed
/// until the outcome is known.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn under_way(session: &impl Session, whose: &Whose) -> Result<i64, StoreError> {
    let dialect = session.dialect();
    let sql = "SELECT COUNT(*) AS n FROM delivery WHERE address_id {addresses} AND (ticket_id IS NULL OR ticket_id {tickets}) AND state = 'claimed'";
    query_one(session, &spell(sql, dialect), values(whose, 0, dialect)).await?.get("delivery", "n")
}

/// How much mail of the person's own matters has not left.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn letters_waiting(session: &impl Session, whose: &Whose) -> Result<i64, StoreError> {
    let dialect = session.dialect();
    let sql = "SELECT COUNT(*) AS n FROM delivery WHERE address_id {addresses} AND ticket_id {tickets} \
               AND state IN ('planned', 'claimed', 'deferred')";
    query_one(session, &spell(sql, dialect), values(whose, 0, dialect)).await?.get("delivery", "n")
}

/// The addresses of the person in clear, with their ids.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn own_addresses(
    session: &impl Session,
    whose: &Whose,
) -> Result<Vec<(AddressId, domain::address::EmailAddress)>, StoreError> {
    let dialect = session.dialect();
    let sql =
        "SELECT id, email FROM address WHERE id {addresses} AND erased_at IS NULL ORDER BY id";
    let rows = query_all(session, &spell(sql, dialect), values(whose, 0, dialect)).await?;
    rows.iter()
        .map(|row| {
            let email = row.parsed("address", "email", |text| {
                domain::address::EmailAddress::parse(text).ok()
            })?;
            Ok((AddressId(row.get("address", "id")?), email))
        })
        .collect()
}

/// Files with the person's data that left the product and were not destroyed, by their numbers.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn exports_of(session: &impl Session, whose: &Whose) -> Result<Vec<i64>, StoreError> {
    let sql = "SELECT id FROM export_record WHERE destroyed_at IS NULL \
               AND at >= (SELECT created_at FROM contact WHERE id = $1) ORDER BY id";
    let rows = query_all(session, sql, [whose.contact.map_or(0, |id| id.0).into()]).await?;
    rows.iter().map(|row| row.get("export_record", "id")).collect()
}

/// Notes of which mail of ours a report speaks: the recipient's address is in it.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn note_about(
    transaction: &Transaction,
    submission: domain::ids::SubmissionId,
    delivery: domain::ids::DeliveryId,
) -> Result<(), StoreError> {
    let sql = "UPDATE submission SET about_id = $2 WHERE id = $1 AND about_id IS NULL";
    execute(transaction, sql, [submission.0.into(), delivery.0.into()]).await?;
    Ok(())
}
