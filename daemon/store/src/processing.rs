//! What Roskomnadzor is to be told of: purposes, lists and countries, since when and told when.
//!
//! Called by `cases::processing`. Words of ours and dates; nothing about a person.

use jiff::civil::Date;

use crate::{
    error::StoreError,
    session::{Session, Transaction, execute, query_all},
};

const TABLE: &str = "processing_known";

/// One thing that is or was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownRow {
    /// Such as `purpose:newsletter`.
    pub word: String,
    /// Since when.
    pub began_on: Date,
    /// Until when it was.
    pub ended_on: Option<Date>,
    /// When the authority was told of the last change.
    pub told_on: Option<Date>,
}

impl KnownRow {
    /// The day of the change that was not told yet; none when all is told.
    #[must_use]
    pub fn changed_on(&self) -> Option<Date> {
        self.told_on.is_none().then(|| self.ended_on.unwrap_or(self.began_on))
    }
}

/// All rows, by word.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn all(session: &impl Session) -> Result<Vec<KnownRow>, StoreError> {
    let sql = "SELECT word, began_on, ended_on, told_on FROM processing_known ORDER BY word";
    let rows = query_all(session, sql, []).await?;
    let date = |text: &str| text.parse::<Date>().ok();
    rows.iter()
        .map(|row| {
            Ok(KnownRow {
                word: row.get(TABLE, "word")?,
                began_on: row.parsed(TABLE, "began_on", date)?,
                ended_on: row.parsed_option(TABLE, "ended_on", date)?,
                told_on: row.parsed_option(TABLE, "told_on", date)?,
            })
        })
        .collect()
}

/// Notes that something began, or began again after it had ended. Returns whether it was new.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn begin(transaction: &Transaction, word: &str, on: Date) -> Result<bool, StoreError> {
    let sql = "INSERT INTO processing_known (word, began_on) VALUES ($1, $2) ON CONFLICT (word) DO UPDATE \
               SET began_on = excluded.began_on, ended_on = NULL, told_on = NULL, told_by = NULL \
               WHERE processing_known.ended_on IS NOT NULL";
    Ok(execute(transaction, sql, [word.into(), on.to_string().into()]).await? > 0)
}

/// Notes that something ended. Returns whether it was going on.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn end(transaction: &Transaction, word: &str, on: Date) -> Result<bool, StoreError> {
    let sql = "UPDATE processing_known SET ended_on = $2, told_on = NULL, told_by = NULL \
               WHERE word = $1 AND ended_on IS NULL";
    Ok(execute(transaction, sql, [word.into(), on.to_string().into()]).await? > 0)
}

/// Notes that the authority was told of every change up to a day. Returns of how many.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn tell(transaction: &Transaction, on: Date, by: &str) -> Result<u64, StoreError> {
    let sql = "UPDATE processing_known SET told_on = $1, told_by = $2 \
               WHERE told_on IS NULL AND COALESCE(ended_on, began_on) <= $1";
    execute(transaction, sql, [on.to_string().into(), by.into()]).await
}
