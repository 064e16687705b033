//! Reading a row is parsing it: what does not fit is an error that names table and row.

use domain::{
    Timestamp,
    digest::{Digest, DigestKeyId},
};
use sea_orm::{QueryResult, TryGetable};
use serde_json::Value;

use crate::error::StoreError;

/// One row of a result.
pub struct Row(Inner);

enum Inner {
    /// As the driver tells it.
    Driver(QueryResult),
    /// Told in JSON together with others ([`crate::session::query_together`]).
    Together { columns: &'static [&'static str], values: Vec<Value> },
}

/// What a column can be read as.
pub trait Column: TryGetable {
    /// From JSON, as strictly as from the driver; `None` when it does not fit.
    fn from_json(value: &Value) -> Option<Self>;
}

impl Column for i64 {
    fn from_json(value: &Value) -> Option<Self> {
        value.as_i64()
    }
}

impl Column for i32 {
    fn from_json(value: &Value) -> Option<Self> {
        value.as_i64()?.try_into().ok()
    }
}

impl Column for String {
    fn from_json(value: &Value) -> Option<Self> {
        value.as_str().map(str::to_owned)
    }
}

impl Column for Vec<u8> {
    /// JSON holds no bytes.
    fn from_json(_: &Value) -> Option<Self> {
        None
    }
}

impl<T: Column> Column for Option<T>
where
    Self: TryGetable,
{
    fn from_json(value: &Value) -> Option<Self> {
        if value.is_null() { Some(None) } else { T::from_json(value).map(Some) }
    }
}

impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Row(***)")
    }
}

impl Row {
    pub(crate) fn new(inner: QueryResult) -> Self {
        Self(Inner::Driver(inner))
    }

    pub(crate) fn told_together(columns: &'static [&'static str], values: Vec<Value>) -> Self {
        Self(Inner::Together { columns, values })
    }

    fn read<T: Column>(&self, column: &str) -> Option<T> {
        match &self.0 {
            Inner::Driver(row) => row.try_get("", column).ok(),
            Inner::Together { columns, values } => {
                let place = columns.iter().position(|name| *name == column)?;
                T::from_json(values.get(place)?)
            }
        }
    }

    /// A column as a plain type.
    ///
    /// # Errors
    /// [`StoreError::Inconsistent`] when it is missing or of another type.
    pub fn get<T: Column>(&self, table: &'static str, column: &str) -> Result<T, StoreError> {
        self.read(column).ok_or_else(|| self.misfit(table, column))
    }

    /// The first column as a number.
    ///
    /// # Errors
    /// [`StoreError::Defect`] when it is none.
    pub(crate) fn first_number(&self) -> Result<i64, StoreError> {
        let number = match &self.0 {
            Inner::Driver(row) => row.try_get_by_index(0).ok(),
            Inner::Together { values, .. } => values.first().and_then(i64::from_json),
        };
        number.ok_or_else(|| StoreError::Defect("no number".to_owned()))
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
        let row = self.read::<i64>("id").map_or_else(|| "?".to_owned(), |id| id.to_string());
        StoreError::Inconsistent { table, row, what: format!("column {column} does not fit") }
    }
}
