//! What people consent to, word for word: versions that never change.

use domain::{
    Timestamp,
    ids::{ConsentTextId, ListId},
    language::Locale,
};

use crate::{
    error::StoreError,
    row::Row,
    session::{Session, Transaction, query_all, query_one, query_optional},
};

/// A version of a consent text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentTextRow {
    /// Its row.
    pub id: ConsentTextId,
    /// Its list.
    pub list: ListId,
    /// Counted from 1 for each list and language.
    pub version: i64,
    /// Its language.
    pub locale: Locale,
    /// The words.
    pub body: String,
    /// Who advertises, as named in it.
    pub advertiser: String,
    /// SHA-256 of the words in UTF-8.
    pub sha256: [u8; 32],
    /// When it was written down.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: String,
}

const COLUMNS: &str =
    "id, list_id, version, locale, body, advertiser, sha256, created_at, created_by";

fn read(row: &Row) -> Result<ConsentTextRow, StoreError> {
    Ok(ConsentTextRow {
        id: ConsentTextId(row.get("consent_text", "id")?),
        list: ListId(row.get("consent_text", "list_id")?),
        version: row.get("consent_text", "version")?,
        locale: row.parsed("consent_text", "locale", Locale::from_code)?,
        body: row.get("consent_text", "body")?,
        advertiser: row.get("consent_text", "advertiser")?,
        sha256: row.sha256("consent_text", "sha256")?,
        created_at: row.instant("consent_text", "created_at")?,
        created_by: row.get("consent_text", "created_by")?,
    })
}

/// Writes the next version of a list's text in one language; returns it with its number.
///
/// # Errors
/// [`StoreError::Duplicate`] when somebody else wrote that version at the same time.
pub async fn add(
    transaction: &Transaction,
    list: ListId,
    locale: Locale,
    text: &NewText<'_>,
    now: Timestamp,
) -> Result<(ConsentTextId, i64), StoreError> {
    let sql = "INSERT INTO consent_text (list_id, version, locale, body, advertiser, sha256, created_at, created_by) \
               VALUES ($1, (SELECT COALESCE(MAX(version), 0) + 1 FROM consent_text WHERE list_id = $1 AND locale = $2), \
               $2, $3, $4, $5, $6, $7) RETURNING id, version";
    let values = [
        list.0.into(),
        locale.code().into(),
        text.body.into(),
        text.advertiser.into(),
        text.sha256.to_vec().into(),
        now.as_microsecond().into(),
        text.created_by.into(),
    ];
    let row = query_one(transaction, sql, values).await?;
    Ok((ConsentTextId(row.get("consent_text", "id")?), row.get("consent_text", "version")?))
}

/// A text to be written down.
#[derive(Debug, Clone)]
pub struct NewText<'a> {
    /// The words.
    pub body: &'a str,
    /// Who advertises.
    pub advertiser: &'a str,
    /// SHA-256 of the words in UTF-8.
    pub sha256: [u8; 32],
    /// By whom.
    pub created_by: &'a str,
}

/// One version.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn by_id(
    session: &impl Session,
    text: ConsentTextId,
) -> Result<Option<ConsentTextRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM consent_text WHERE id = $1");
    query_optional(session, &sql, [text.0.into()]).await?.as_ref().map(read).transpose()
}

/// The newest version of a list in one language.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn newest(
    session: &impl Session,
    list: ListId,
    locale: Locale,
) -> Result<Option<ConsentTextRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM consent_text WHERE list_id = $1 AND locale = $2 ORDER BY version DESC LIMIT 1"
    );
    query_optional(session, &sql, [list.0.into(), locale.code().into()])
        .await?
        .as_ref()
        .map(read)
        .transpose()
}

/// All versions of a list, oldest first.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn of_list(
    session: &impl Session,
    list: ListId,
) -> Result<Vec<ConsentTextRow>, StoreError> {
    let sql =
        format!("SELECT {COLUMNS} FROM consent_text WHERE list_id = $1 ORDER BY locale, version");
    query_all(session, &sql, [list.0.into()]).await?.iter().map(read).collect()
}
