//! Kept records as they stand outside the database, too; and how they come back after a restore.

use domain::ids::{KeptRecordId, PlanId};
use serde::{Deserialize, Serialize};

use crate::{
    error::StoreError,
    row::Row,
    session::{Session, Transaction, change_one, execute, query_all, query_one, query_optional},
};

/// A kept record with everything that its row holds. The content is sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outliving {
    kind: String,
    basis: String,
    law: String,
    number: Option<String>,
    digest_key: Option<i64>,
    stop_digest: Option<Vec<u8>>,
    content: Vec<u8>,
    /// The key of the content.
    pub vault_key_id: String,
    sha256: Vec<u8>,
    made_at: i64,
    destroy_on: String,
    /// The key of the record that it follows. Earlier versions wrote none.
    #[serde(default)]
    follows: Option<String>,
}

/// What outlives a plan: complete acts, proofs, what a law keeps.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn of_plan(session: &impl Session, plan: PlanId) -> Result<Vec<Outliving>, StoreError> {
    let sql = format!("{STANDING} AND plan_id = $1 ORDER BY id");
    query_all(session, &sql, [plan.0.into()]).await?.iter().map(read).collect()
}

/// One record that outlives a destruction; none when it is not there any more.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn by_id(
    session: &impl Session,
    id: KeptRecordId,
) -> Result<Option<Outliving>, StoreError> {
    let sql = format!("{STANDING} AND id = $1");
    query_optional(session, &sql, [id.0.into()]).await?.as_ref().map(read).transpose()
}

const STANDING: &str = "SELECT id, kind, basis, law, number, digest_key, stop_digest, content, vault_key_id, sha256, \
                        made_at, destroy_on, (SELECT vault_key_id FROM kept_record followed \
                        WHERE followed.id = kept_record.follows_id) AS follows FROM kept_record WHERE content IS NOT NULL AND destroyed_at IS NULL \
                        AND (kind <> 'act' OR number IS NOT NULL)";

fn read(row: &Row) -> Result<Outliving, StoreError> {
    const TABLE: &str = "kept_record";
    Ok(Outliving {
        kind: row.get(TABLE, "kind")?,
        basis: row.get(TABLE, "basis")?,
        law: row.get(TABLE, "law")?,
        number: row.get(TABLE, "number")?,
        digest_key: row.get(TABLE, "digest_key")?,
        stop_digest: row.get(TABLE, "stop_digest")?,
        content: row.get(TABLE, "content")?,
        vault_key_id: row.get(TABLE, "vault_key_id")?,
        sha256: row.get(TABLE, "sha256")?,
        made_at: row.get(TABLE, "made_at")?,
        destroy_on: row.get(TABLE, "destroy_on")?,
        follows: row.get(TABLE, "follows")?,
    })
}

/// Puts a record back that the database does not know; returns whether it did. Its plan is not
/// there any more.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn put_back(transaction: &Transaction, one: &Outliving) -> Result<bool, StoreError> {
    let sql = "SELECT id FROM kept_record WHERE vault_key_id = $1 OR number = $2 LIMIT 1";
    let known = [one.vault_key_id.as_str().into(), one.number.clone().unwrap_or_default().into()];
    if query_optional(transaction, sql, known).await?.is_some() {
        return Ok(false);
    }
    let sql = "INSERT INTO kept_record (kind, basis, law, number, digest_key, stop_digest, content, vault_key_id, \
               sha256, made_at, destroy_on) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    let values = [
        one.kind.as_str().into(),
        one.basis.as_str().into(),
        one.law.as_str().into(),
        one.number.clone().into(),
        one.digest_key.into(),
        one.stop_digest.clone().into(),
        one.content.clone().into(),
        one.vault_key_id.as_str().into(),
        one.sha256.clone().into(),
        one.made_at.into(),
        one.destroy_on.as_str().into(),
    ];
    execute(transaction, sql, values).await?;
    Ok(true)
}

/// Says again which record one follows that was put back: both are there now, or it stays unsaid.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn follow_again(transaction: &Transaction, one: &Outliving) -> Result<(), StoreError> {
    let Some(follows) = &one.follows else { return Ok(()) };
    let sql = "UPDATE kept_record SET follows_id = (SELECT id FROM kept_record followed \
               WHERE followed.vault_key_id = $2 ORDER BY id LIMIT 1) \
               WHERE vault_key_id = $1 AND follows_id IS NULL AND NOT EXISTS (SELECT 1 FROM kept_record other \
               JOIN kept_record followed ON followed.id = other.follows_id WHERE followed.vault_key_id = $2)";
    let values = [one.vault_key_id.as_str().into(), follows.as_str().into()];
    execute(transaction, sql, values).await?;
    Ok(())
}

/// Gives a record another content under its key.
///
/// # Errors
/// [`StoreError::Conflict`] when it was destroyed meanwhile.
pub async fn rewrite(
    transaction: &Transaction,
    id: KeptRecordId,
    content: &[u8],
    sha256: [u8; 32],
) -> Result<(), StoreError> {
    let sql =
        "UPDATE kept_record SET content = $2, sha256 = $3 WHERE id = $1 AND destroyed_at IS NULL";
    let values = [id.0.into(), content.to_vec().into(), sha256.to_vec().into()];
    change_one(transaction, "kept_record", sql, values).await
}

/// Under which id the destruction of somebody stands in the stop journal: the newest of this scope.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn journal_id(session: &impl Session, scope: &str) -> Result<Option<String>, StoreError> {
    let sql =
        "SELECT journal_id FROM stop WHERE act = 'erasure' AND scope = $1 ORDER BY id DESC LIMIT 1";
    let row = query_optional(session, sql, [scope.into()]).await?;
    row.map(|row| row.get("stop", "journal_id")).transpose()
}

/// Whether a contact has a full block.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn is_blocked(
    session: &impl Session,
    contact: domain::ids::ContactId,
) -> Result<bool, StoreError> {
    let sql = "SELECT COUNT(*) AS n FROM block WHERE contact_id = $1 AND state = 'active' AND scope = 'full'";
    let n: i64 = query_one(session, sql, [contact.0.into()]).await?.get("block", "n")?;
    Ok(n > 0)
}
