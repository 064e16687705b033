//! Reading a row is parsing it: what does not fit is an error that names table and row.

use domain::{
    Timestamp,
    digest::{Digest, DigestKeyId},
};
use sea_orm::{QueryResult, TryGetable};

use crate::error::StoreError;

/// One row of a result.
pub struct Row(QueryResult);

impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Row(***)")
    }
}

impl Row {
    pub(crate) fn new(inner: QueryResult) -> Self {
        Self(inner)
    }

    /// A column as a plain type.
    ///
    /// # Errors
    /// [`StoreError::Inconsistent`] when it is missing or of another type.
    pub fn get<T: TryGetable>(&self, table: &'static str, column: &str) -> Result<T, StoreError> {
        self.0.try_get("", column).map_err(|_| self.misfit(table, column))
    }

    /// The first column as a number.
    ///
    /// # Errors
    /// [`StoreError::Defect`] when it is none.
    pub(crate) fn first_number(&self) -> Result<i64, StoreError> {
        self.0.try_get_by_index(0).map_err(|_| StoreError::Defect("no number".to_owned()))
    }

    /// A required instant.
    ///
    /// # Errors
    /// [`StoreError::Inconsistent`] when out of range.
    pub fn instant(&self, table: &'static str, column: &str) -> Result<Timestamp, StoreError> {
        let micros: i64 = self.get(table, column)?;
        Timestamp::from_microsecond(micros).map_err(|_| self.misfit(table, column))
    }

    /// An instant that may be absent.
    ///
    /// # Errors
    /// [`StoreError::Inconsistent`] when out of range.
    pub fn instant_option(
        &self,
        table: &'static str,
        column: &str,
    ) -> Result<Option<Timestamp>, StoreError> {
        let micros: Option<i64> = self.get(table, column)?;
        micros
            .map(|micros| {
                Timestamp::from_microsecond(micros).map_err(|_| self.misfit(table, column))
            })
            .transpose()
    }

    /// A text that is read by `parse` (a state, an id …).
    ///
    /// # Errors
    /// [`StoreError::Inconsistent`] when it is not understood.
    pub fn parsed<T>(
        &self,
        table: &'static str,
        column: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, StoreError> {
        let text: String = self.get(table, column)?;
        parse(&text).ok_or_else(|| self.misfit(table, column))
    }

    /// Like [`Row::parsed`] for a column that may be NULL.
    ///
    /// # Errors
    /// [`StoreError::Inconsistent`] when it is not understood.
    pub fn parsed_option<T>(
        &self,
        table: &'static str,
        column: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, StoreError> {
        let text: Option<String> = self.get(table, column)?;
        text.map(|text| parse(&text).ok_or_else(|| self.misfit(table, column))).transpose()
    }

    /// A digest from its bytes and the column of its key.
    ///
    /// # Errors
    /// [`StoreError::Inconsistent`] when it has not 32 bytes.
    pub fn digest(
        &self,
        table: &'static str,
        key_column: &str,
        column: &str,
    ) -> Result<Digest, StoreError> {
        let key: i64 = self.get(table, key_column)?;
        let bytes: Vec<u8> = self.get(table, column)?;
        let bytes = bytes.try_into().map_err(|_| self.misfit(table, column))?;
        let key = i32::try_from(key).map_err(|_| self.misfit(table, key_column))?;
        Ok(Digest { key: DigestKeyId(key), bytes })
    }

    /// A SHA-256.
    ///
    /// # Errors
    /// [`StoreError::Inconsistent`] when it has not 32 bytes.
    pub fn sha256(&self, table: &'static str, column: &str) -> Result<[u8; 32], StoreError> {
        let bytes: Vec<u8> = self.get(table, column)?;
        bytes.try_into().map_err(|_| self.misfit(table, column))
    }

    pub(crate) fn misfit(&self, table: &'static str, column: &str) -> StoreError {
        let row =
            self.0.try_get::<i64>("", "id").map_or_else(|_| "?".to_owned(), |id| id.to_string());
        StoreError::Inconsistent { table, row, what: format!("column {column} does not fit") }
    }
}
