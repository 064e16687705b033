//! Address-level facts "do not mail", kept as digests only.

use domain::{
    Timestamp,
    digest::{AddressDigests, Digest},
    gate::{Suppressed, SuppressionReason},
};

use crate::{
    error::StoreError,
    row::Row,
    session::{
        Session, Transaction, change_one, execute, placeholders, query_all, query_one,
        query_optional,
    },
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

/// Whether the person of an address was erased at this instant or later.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn erased_since(
    session: &impl Session,
    digests: &[AddressDigests],
    at: Timestamp,
) -> Result<bool, StoreError> {
    let sql = format!(
        "SELECT COUNT(*) AS n FROM suppression WHERE lifted_at IS NULL AND reason = 'erased' \
         AND since_at >= $1 AND stop_digest IN ({})",
        placeholders(2, digests.len())
    );
    let values = std::iter::once(at.as_microsecond().into())
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

/// A suppression as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuppressionRow {
    /// Its id.
    pub id: i64,
    /// Why.
    pub reason: SuppressionReason,
    /// By what or whom.
    pub source: String,
    /// The address, under the key of that time.
    pub digests: AddressDigests,
    /// Since when.
    pub since_at: Timestamp,
    /// Until when; without an end where none.
    pub until_at: Option<Timestamp>,
    /// When it was lifted.
    pub lifted_at: Option<Timestamp>,
    /// By whom.
    pub lifted_by: Option<String>,
}

const COLUMNS: &str = "id, reason, source, digest_key, exact_digest, stop_digest, since_at, until_at, \
                       lifted_at, lifted_by";

fn read(row: &Row) -> Result<SuppressionRow, StoreError> {
    Ok(SuppressionRow {
        id: row.get("suppression", "id")?,
        reason: row.parsed("suppression", "reason", SuppressionReason::from_name)?,
        source: row.get("suppression", "source")?,
        digests: AddressDigests {
            exact: row.digest("suppression", "digest_key", "exact_digest")?,
            stop: row.digest("suppression", "digest_key", "stop_digest")?,
        },
        since_at: row.instant("suppression", "since_at")?,
        until_at: row.instant_option("suppression", "until_at")?,
        lifted_at: row.instant_option("suppression", "lifted_at")?,
        lifted_by: row.get("suppression", "lifted_by")?,
    })
}

/// One page of suppressions, newest first, below `before`.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn page(
    session: &impl Session,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<SuppressionRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM suppression WHERE id < $1 ORDER BY id DESC LIMIT $2");
    let values = [before.unwrap_or(i64::MAX).into(), i64::from(limit).into()];
    query_all(session, &sql, values).await?.iter().map(read).collect()
}

/// The suppressions that nobody lifted of an address, by its stop key under every digest key.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn of_address(
    session: &impl Session,
    digests: &[AddressDigests],
) -> Result<Vec<SuppressionRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM suppression WHERE lifted_at IS NULL AND stop_digest IN ({}) ORDER BY id DESC",
        placeholders(1, digests.len())
    );
    let values = digests.iter().map(|digests| digests.stop.bytes.to_vec().into());
    query_all(session, &sql, values).await?.iter().map(read).collect()
}

/// One suppression.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn by_id(
    session: &impl Session,
    suppression: i64,
) -> Result<Option<SuppressionRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM suppression WHERE id = $1");
    query_optional(session, &sql, [suppression.into()]).await?.as_ref().map(read).transpose()
}

/// Writes down that one was lifted.
///
/// # Errors
/// [`StoreError::Conflict`] when it is lifted already.
pub async fn lift_one(
    transaction: &Transaction,
    suppression: i64,
    by: &str,
    reason: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE suppression SET lifted_at = $2, lifted_by = $3, lift_reason = $4 \
               WHERE id = $1 AND lifted_at IS NULL";
    let values = [suppression.into(), now.as_microsecond().into(), by.into(), reason.into()];
    change_one(transaction, "suppression", sql, values).await
}

/// Lifts those of an address that have this reason and began before `at`; `lifting` says who and
/// why. What only the person ends, by a double opt-in, is never lifted. Returns how many.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn lift(
    transaction: &Transaction,
    stop_digests: &[Digest],
    reason: SuppressionReason,
    lifting: (&str, &str),
    at: Timestamp,
) -> Result<u64, StoreError> {
    if matches!(reason, SuppressionReason::Erased | SuppressionReason::UnsubscribedAll) {
        return Ok(0);
    }
    let sql = format!(
        "UPDATE suppression SET lifted_at = $1, lifted_by = $2, lift_reason = $3 \
         WHERE lifted_at IS NULL AND reason = $4 AND since_at <= $1 AND stop_digest IN ({})",
        placeholders(5, stop_digests.len())
    );
    let values =
        [at.as_microsecond().into(), lifting.0.into(), lifting.1.into(), reason.name().into()]
            .into_iter()
            .chain(stop_digests.iter().map(|digest| digest.bytes.to_vec().into()));
    execute(transaction, &sql, values).await
}
