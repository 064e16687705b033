//! Mailing lists: each belongs to one purpose and names who advertises.

use domain::{Timestamp, block::Purpose, ids::ListId, language::Locale};

use crate::{
    connect::Dialect,
    error::StoreError,
    row::Row,
    session::{Session, Transaction, change_one, query_all, query_one, query_optional},
};

/// A list as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListRow {
    /// Its row.
    pub id: ListId,
    /// Its name: part of its List-Id, never reused.
    pub name: String,
    /// Why data of its subscribers are processed.
    pub purpose: Purpose,
    /// Its title in Russian.
    pub title_ru: String,
    /// Its title in English.
    pub title_en: String,
    /// Who advertises.
    pub advertiser: String,
    /// Whether people can subscribe on the page.
    pub is_open: bool,
    /// Since when.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: String,
    /// No mail and no new subscriptions from then on.
    pub archived_at: Option<Timestamp>,
}

impl ListRow {
    /// The title in one language.
    #[must_use]
    pub fn title(&self, locale: Locale) -> &str {
        match locale {
            Locale::Ru => &self.title_ru,
            Locale::En => &self.title_en,
        }
    }
}

/// A list to be made.
#[derive(Debug, Clone)]
pub struct NewList<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its purpose.
    pub purpose: Purpose,
    /// Its title in Russian.
    pub title_ru: &'a str,
    /// Its title in English.
    pub title_en: &'a str,
    /// Who advertises.
    pub advertiser: &'a str,
    /// Whether people can subscribe on the page.
    pub is_open: bool,
    /// By whom.
    pub created_by: &'a str,
}

const COLUMNS: &str = "id, name, purpose, title_ru, title_en, advertiser, is_open, created_at, created_by, archived_at";

fn read(row: &Row) -> Result<ListRow, StoreError> {
    let is_open: i64 = row.get("list", "is_open")?;
    Ok(ListRow {
        id: ListId(row.get("list", "id")?),
        name: row.get("list", "name")?,
        purpose: row.parsed("list", "purpose", Purpose::from_name)?,
        title_ru: row.get("list", "title_ru")?,
        title_en: row.get("list", "title_en")?,
        advertiser: row.get("list", "advertiser")?,
        is_open: is_open == 1,
        created_at: row.instant("list", "created_at")?,
        created_by: row.get("list", "created_by")?,
        archived_at: row.instant_option("list", "archived_at")?,
    })
}

/// Makes a list.
///
/// # Errors
/// [`StoreError::Duplicate`] when the name was ever used.
pub async fn add(
    transaction: &Transaction,
    list: &NewList<'_>,
    now: Timestamp,
) -> Result<ListId, StoreError> {
    let sql = "INSERT INTO list (name, purpose, title_ru, title_en, advertiser, is_open, created_at, created_by) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id";
    let values = [
        list.name.into(),
        list.purpose.name().into(),
        list.title_ru.into(),
        list.title_en.into(),
        list.advertiser.into(),
        i64::from(list.is_open).into(),
        now.as_microsecond().into(),
        list.created_by.into(),
    ];
    Ok(ListId(query_one(transaction, sql, values).await?.get("list", "id")?))
}

/// A list by its name.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn by_name(session: &impl Session, name: &str) -> Result<Option<ListRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM list WHERE name = $1");
    query_optional(session, &sql, [name.into()]).await?.as_ref().map(read).transpose()
}

/// A list by its row.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn by_id(session: &impl Session, list: ListId) -> Result<Option<ListRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM list WHERE id = $1");
    query_optional(session, &sql, [list.0.into()]).await?.as_ref().map(read).transpose()
}

/// All lists, by name; there are few.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn all(session: &impl Session) -> Result<Vec<ListRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM list ORDER BY name");
    query_all(session, &sql, []).await?.iter().map(read).collect()
}

/// Holds a list as it is until this transaction ends: no campaign that goes to it begins to wait,
/// freeze or run meanwhile (`store::campaigns::addresses_archived_list` is the other side). SQLite
/// has one writer and needs no lock.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn lock(transaction: &Transaction, list: ListId) -> Result<(), StoreError> {
    if transaction.dialect() == Dialect::Postgres {
        let sql = "SELECT id FROM list WHERE id = $1 FOR UPDATE";
        query_optional(transaction, sql, [list.0.into()]).await?;
    }
    Ok(())
}

/// The names of the campaigns that go to a list and are scheduled, freezing, running, paused or
/// held, by id.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn campaigns_under_way(
    transaction: &Transaction,
    list: ListId,
) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT c.name FROM campaign c JOIN campaign_list l ON l.campaign_id = c.id AND l.role = 'to' \
               WHERE l.list_id = $1 AND c.state IN ('scheduled', 'freezing', 'running', 'paused', 'held') ORDER BY c.id";
    let rows = query_all(transaction, sql, [list.0.into()]).await?;
    rows.iter().map(|row| row.get("campaign", "name")).collect()
}

/// Ends a list: nobody can subscribe to it any more.
///
/// # Errors
/// [`StoreError::Conflict`] when it is archived already.
pub async fn archive(
    transaction: &Transaction,
    list: ListId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE list SET archived_at = $2 WHERE id = $1 AND archived_at IS NULL";
    change_one(transaction, "list", sql, [list.0.into(), now.as_microsecond().into()]).await
}

/// How many subscriptions of a list are pending, confirmed with a consent that can be shown,
/// confirmed without one, and unsubscribed.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn counts(session: &impl Session, list: ListId) -> Result<ListCounts, StoreError> {
    let sql = "SELECT COALESCE(SUM(CASE WHEN state = 'pending' THEN 1 ELSE 0 END), 0) AS pending, \
               COALESCE(SUM(CASE WHEN state = 'confirmed' AND consent_id IS NOT NULL THEN 1 ELSE 0 END), 0) AS proven, \
               COALESCE(SUM(CASE WHEN state = 'confirmed' AND consent_id IS NULL THEN 1 ELSE 0 END), 0) AS claimed, \
               COALESCE(SUM(CASE WHEN state = 'unsubscribed' THEN 1 ELSE 0 END), 0) AS unsubscribed \
               FROM subscription WHERE list_id = $1";
    let row = query_one(session, sql, [list.0.into()]).await?;
    Ok(ListCounts {
        pending: row.get("subscription", "pending")?,
        proven: row.get("subscription", "proven")?,
        claimed: row.get("subscription", "claimed")?,
        unsubscribed: row.get("subscription", "unsubscribed")?,
    })
}

/// How many subscriptions a list has, by how they stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListCounts {
    /// Asked for, not confirmed.
    pub pending: i64,
    /// Confirmed, and the consent can be shown.
    pub proven: i64,
    /// Confirmed, and no consent can be shown: no advertising goes there.
    pub claimed: i64,
    /// Left.
    pub unsubscribed: i64,
}
