//! The digest keys under which this database was written, known by their fingerprints.

use domain::{Timestamp, digest::DigestKeyId};

use crate::{
    error::StoreError,
    session::{Session, Transaction, execute, query_all},
};

/// All keys the database knows, with their fingerprints.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn known(session: &impl Session) -> Result<Vec<(DigestKeyId, Vec<u8>)>, StoreError> {
    let rows = query_all(session, "SELECT id, fingerprint FROM digest_key ORDER BY id", []).await?;
    rows.iter()
        .map(|row| {
            let id: i64 = row.get("digest_key", "id")?;
            let id = i32::try_from(id).map_err(|_| StoreError::Inconsistent {
                table: "digest_key",
                row: id.to_string(),
                what: "column id does not fit".to_owned(),
            })?;
            Ok((DigestKeyId(id), row.get("digest_key", "fingerprint")?))
        })
        .collect()
}

/// Writes down a key that is used for the first time.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn add(
    transaction: &Transaction,
    key: DigestKeyId,
    fingerprint: &[u8],
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO digest_key (id, fingerprint, seen_at) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING";
    let values =
        [i64::from(key.0).into(), fingerprint.to_vec().into(), now.as_microsecond().into()];
    execute(transaction, sql, values).await?;
    Ok(())
}
