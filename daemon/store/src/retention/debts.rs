//! What the vault has yet to destroy: the row that named it is gone.
//!
//! Written in the transaction that lets go of the row, and settled after it: whoever dies between
//! leaves a debt that the next look finds.

use domain::{
    Timestamp,
    ids::{ObjectId, VaultKeyId},
};

use crate::{
    error::StoreError,
    session::{Session, Transaction, execute, query_all},
};

/// A file, a key, or both.
#[derive(Debug, Clone, Copy)]
pub struct VaultDebt {
    /// Its row.
    pub id: i64,
    /// The file.
    pub object: Option<ObjectId>,
    /// The key.
    pub key: Option<VaultKeyId>,
}

pub(super) async fn owe(
    transaction: &Transaction,
    object: Option<String>,
    key: Option<String>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO vault_debt (object_id, vault_key_id, noted_at) VALUES ($1, $2, $3)";
    execute(transaction, sql, [object.into(), key.into(), now.as_microsecond().into()]).await?;
    Ok(())
}

/// Some debts, oldest first.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn vault_debts(session: &impl Session, limit: u32) -> Result<Vec<VaultDebt>, StoreError> {
    const TABLE: &str = "vault_debt";
    let sql = "SELECT id, object_id, vault_key_id FROM vault_debt ORDER BY id LIMIT $1";
    let rows = query_all(session, sql, [i64::from(limit).into()]).await?;
    rows.iter()
        .map(|row| {
            Ok(VaultDebt {
                id: row.get(TABLE, "id")?,
                object: row.parsed_option(TABLE, "object_id", |text| ObjectId::parse(text).ok())?,
                key: row
                    .parsed_option(TABLE, "vault_key_id", |text| VaultKeyId::parse(text).ok())?,
            })
        })
        .collect()
}

/// The vault destroyed them.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn settle_debts(
    transaction: &Transaction,
    debts: &[VaultDebt],
) -> Result<(), StoreError> {
    for debt in debts {
        let sql = "DELETE FROM vault_debt WHERE id = $1";
        execute(transaction, sql, [debt.id.into()]).await?;
    }
    Ok(())
}
