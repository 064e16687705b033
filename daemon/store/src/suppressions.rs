//! Address-level facts "do not mail", kept as digests only.

use domain::{
    Timestamp,
    digest::AddressDigests,
    gate::{Suppressed, SuppressionReason},
};

use crate::{
    error::StoreError,
    session::{Session, Transaction, execute, placeholders, query_all, query_one},
};

/// Writes a suppression of an address, unless one of the same reason holds already; returns
/// whether it was written. One that is older than a double opt-in of the address holds no more
/// against it: the same word once more is written anew. The caller records the stop beside it. `digests` are those under every
/// key in use, current first.
///
/// # Errors
/// [`StoreError::Unavailable`]; [`StoreError::Defect`] without a digest.
pub async fn record(
    transaction: &Transaction,
    digests: &[AddressDigests],
    reason: SuppressionReason,
    source: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let Some(current) = digests.first() else {
        return Err(StoreError::Defect("a suppression needs a digest".to_owned()));
    };
    if holds(transaction, digests, reason, now).await? {
        return Ok(false);
    }
    let sql = "INSERT INTO suppression (digest_key, exact_digest, stop_digest, reason, source, since_at) \
               VALUES ($1, $2, $3, $4, $5, $6)";
    let values = [
        i64::from(current.stop.key.0).into(),
        current.exact.bytes.to_vec().into(),
        current.stop.bytes.to_vec().into(),
        reason.name().into(),
        source.into(),
        now.as_microsecond().into(),
    ];
    execute(transaction, sql, values).await?;
    Ok(true)
}

/// Whether a suppression of this reason holds for the address against every opt-in.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn holds(
    session: &impl Session,
    digests: &[AddressDigests],
    reason: SuppressionReason,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let sql = format!(
        "SELECT COUNT(*) AS n FROM suppression WHERE lifted_at IS NULL AND reason = $1 \
         AND (until_at IS NULL OR until_at > $2) AND stop_digest IN ({keys}) \
         AND since_at >= COALESCE((SELECT MAX(opted_in_at) FROM subscription JOIN address \
         ON address.id = subscription.address_id WHERE address.stop_digest IN ({keys})), since_at)",
        keys = placeholders(3, digests.len())
    );
    let values = [reason.name().into(), now.as_microsecond().into()]
        .into_iter()
        .chain(digests.iter().map(|digests| digests.stop.bytes.to_vec().into()));
    let n: i64 = query_one(session, &sql, values).await?.get("suppression", "n")?;
    Ok(n > 0)
}

/// The suppressions of an address that a later double opt-in outweighs: erasure, and leaving
/// everything.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn outweighable(
    session: &impl Session,
    digests: &[AddressDigests],
    now: Timestamp,
) -> Result<Vec<Suppressed>, StoreError> {
    let sql = format!(
        "SELECT id, reason, since_at FROM suppression WHERE lifted_at IS NULL \
         AND reason IN ('erased', 'unsubscribed_all') AND (until_at IS NULL OR until_at > $1) \
         AND stop_digest IN ({})",
        placeholders(2, digests.len())
    );
    let values = std::iter::once(now.as_microsecond().into())
        .chain(digests.iter().map(|digests| digests.stop.bytes.to_vec().into()));
    let rows = query_all(session, &sql, values).await?;
    rows.iter()
        .map(|row| {
            Ok(Suppressed {
                reason: row.parsed("suppression", "reason", SuppressionReason::from_name)?,
                since_at: row.instant("suppression", "since_at")?,
            })
        })
        .collect()
}
