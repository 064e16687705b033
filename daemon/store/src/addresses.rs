//! Addresses: who is written down, found by the exact form.

use domain::{Timestamp, address::EmailAddress, digest::AddressDigests, ids::AddressId};

use crate::{
    error::StoreError,
    session::{Session, Transaction, query_one, query_optional},
};

/// The row of an address, if it is written down.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn find(
    session: &impl Session,
    address: &EmailAddress,
) -> Result<Option<AddressId>, StoreError> {
    let sql = "SELECT id FROM address WHERE exact_key = $1";
    let row = query_optional(session, sql, [address.exact_key().into()]).await?;
    row.map(|row| Ok(AddressId(row.get("address", "id")?))).transpose()
}

/// The row of an address, made when missing. `digests` are made under the current key.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn find_or_add(
    transaction: &Transaction,
    address: &EmailAddress,
    digests: &AddressDigests,
    now: Timestamp,
) -> Result<AddressId, StoreError> {
    // The no-op update makes RETURNING give the row that was there.
    let sql = "INSERT INTO address (email, exact_key, digest_key, exact_digest, stop_digest, created_at) \
               VALUES ($1, $2, $3, $4, $5, $6) \
               ON CONFLICT (exact_key) DO UPDATE SET exact_key = excluded.exact_key RETURNING id";
    let values = [
        address.expose().into(),
        address.exact_key().into(),
        i64::from(digests.exact.key.0).into(),
        digests.exact.bytes.to_vec().into(),
        digests.stop.bytes.to_vec().into(),
        now.as_microsecond().into(),
    ];
    let row = query_one(transaction, sql, values).await?;
    Ok(AddressId(row.get("address", "id")?))
}

/// An address in clear, for people who may see it and for the wire; none when it was erased.
///
/// # Errors
/// [`StoreError::Inconsistent`] when what is written down is no address.
pub async fn clear(
    session: &impl Session,
    address: AddressId,
) -> Result<Option<EmailAddress>, StoreError> {
    let sql = "SELECT id, email FROM address WHERE id = $1 AND erased_at IS NULL";
    let row = query_optional(session, sql, [address.0.into()]).await?;
    row.map(|row| row.parsed("address", "email", |text| EmailAddress::parse(text).ok())).transpose()
}
