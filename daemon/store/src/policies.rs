//! Versions of the privacy policy, as they were published; never changed.

use domain::{Timestamp, ids::PolicyId, language::Locale};

use crate::{
    error::StoreError,
    row::Row,
    session::{Session, Transaction, query_all, query_one, query_optional},
};

/// A version of the policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyRow {
    /// Its row.
    pub id: PolicyId,
    /// Its name, such as `2026-01`.
    pub version: String,
    /// Its language.
    pub locale: Locale,
    /// Where it is published.
    pub url: String,
    /// The words.
    pub body: String,
    /// SHA-256 of the words in UTF-8.
    pub sha256: [u8; 32],
    /// From when it holds.
    pub effective_from_at: Timestamp,
    /// When it was written down.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: String,
}

/// A version to be written down.
#[derive(Debug, Clone)]
pub struct NewPolicy<'a> {
    /// Its name.
    pub version: &'a str,
    /// Its language.
    pub locale: Locale,
    /// Where it is published.
    pub url: &'a str,
    /// The words.
    pub body: &'a str,
    /// SHA-256 of the words in UTF-8.
    pub sha256: [u8; 32],
    /// From when it holds.
    pub effective_from_at: Timestamp,
    /// By whom.
    pub created_by: &'a str,
}

const COLUMNS: &str =
    "id, version, locale, url, body, sha256, effective_from_at, created_at, created_by";

fn read(row: &Row) -> Result<PolicyRow, StoreError> {
    Ok(PolicyRow {
        id: PolicyId(row.get("policy_version", "id")?),
        version: row.get("policy_version", "version")?,
        locale: row.parsed("policy_version", "locale", Locale::from_code)?,
        url: row.get("policy_version", "url")?,
        body: row.get("policy_version", "body")?,
        sha256: row.sha256("policy_version", "sha256")?,
        effective_from_at: row.instant("policy_version", "effective_from_at")?,
        created_at: row.instant("policy_version", "created_at")?,
        created_by: row.get("policy_version", "created_by")?,
    })
}

/// Writes a version down.
///
/// # Errors
/// [`StoreError::Duplicate`] when there is one of this name and language.
pub async fn add(
    transaction: &Transaction,
    policy: &NewPolicy<'_>,
    now: Timestamp,
) -> Result<PolicyId, StoreError> {
    let sql = "INSERT INTO policy_version (version, locale, url, body, sha256, effective_from_at, created_at, \
               created_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id";
    let values = [
        policy.version.into(),
        policy.locale.code().into(),
        policy.url.into(),
        policy.body.into(),
        policy.sha256.to_vec().into(),
        policy.effective_from_at.as_microsecond().into(),
        now.as_microsecond().into(),
        policy.created_by.into(),
    ];
    Ok(PolicyId(query_one(transaction, sql, values).await?.get("policy_version", "id")?))
}

/// The version that holds at an instant in one language.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn current(
    session: &impl Session,
    locale: Locale,
    at: Timestamp,
) -> Result<Option<PolicyRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM policy_version WHERE locale = $1 AND effective_from_at <= $2 \
         ORDER BY effective_from_at DESC, id DESC LIMIT 1"
    );
    query_optional(session, &sql, [locale.code().into(), at.as_microsecond().into()])
        .await?
        .as_ref()
        .map(read)
        .transpose()
}

/// One version.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn by_id(
    session: &impl Session,
    policy: PolicyId,
) -> Result<Option<PolicyRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM policy_version WHERE id = $1");
    query_optional(session, &sql, [policy.0.into()]).await?.as_ref().map(read).transpose()
}

/// All versions, oldest first; there are few.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn all(session: &impl Session) -> Result<Vec<PolicyRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM policy_version ORDER BY effective_from_at, id");
    query_all(session, &sql, []).await?.iter().map(read).collect()
}
