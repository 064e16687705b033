//! Where a query runs: on the open store (reads) or inside a transaction (reads and writes).

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, Statement, TransactionTrait, Value,
};

use crate::{
    connect::{Dialect, Store},
    error::StoreError,
    row::Row,
};

/// Something on which a query of this crate can run.
pub trait Session: Sync {
    /// The connection of sea-orm behind it.
    type Connection: ConnectionTrait;
    /// The connection.
    fn connection(&self) -> &Self::Connection;
    /// Which SQL it speaks.
    fn dialect(&self) -> Dialect;
}

impl Session for Store {
    type Connection = DatabaseConnection;

    fn connection(&self) -> &DatabaseConnection {
        self.reading()
    }

    fn dialect(&self) -> Dialect {
        Store::dialect(self)
    }
}

/// An open transaction; dropped without [`Transaction::commit`] it is rolled back.
#[derive(Debug)]
pub struct Transaction {
    inner: DatabaseTransaction,
    dialect: Dialect,
}

impl Transaction {
    pub(crate) fn new(inner: DatabaseTransaction, dialect: Dialect) -> Self {
        Self { inner, dialect }
    }

    /// Makes everything durable.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: whether it became durable is then unknown; every write is
    /// keyed so that doing it again is harmless.
    pub async fn commit(self) -> Result<(), StoreError> {
        Ok(self.inner.commit().await?)
    }

    /// A savepoint: one of several pieces of work that may fail alone.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the database is gone.
    pub async fn savepoint(&self) -> Result<Self, StoreError> {
        Ok(Self { inner: self.inner.begin().await?, dialect: self.dialect })
    }

    /// Undoes everything since `begin` or `savepoint`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the database is gone (then it is undone all the same).
    pub async fn rollback(self) -> Result<(), StoreError> {
        Ok(self.inner.rollback().await?)
    }
}

impl Session for Transaction {
    type Connection = DatabaseTransaction;

    fn connection(&self) -> &DatabaseTransaction {
        &self.inner
    }

    fn dialect(&self) -> Dialect {
        self.dialect
    }
}

fn statement(session: &impl Session, sql: &str, values: Vec<Value>) -> Statement {
    // `$1` is understood by both databases.
    Statement::from_sql_and_values(session.connection().get_database_backend(), sql, values)
}

/// Runs a statement; returns how many rows it changed.
pub(crate) async fn execute(
    session: &impl Session,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<u64, StoreError> {
    let statement = statement(session, sql, values.into_iter().collect());
    Ok(session.connection().execute_raw(statement).await?.rows_affected())
}

/// All rows of a query.
pub(crate) async fn query_all(
    session: &impl Session,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<Row>, StoreError> {
    let statement = statement(session, sql, values.into_iter().collect());
    let rows = session.connection().query_all_raw(statement).await?;
    Ok(rows.into_iter().map(Row::new).collect())
}

/// All rows of a query of these columns, in its order. On SQLite they are told in one: each row
/// that the driver tells crosses from its thread to ours. None of the columns may hold bytes.
pub(crate) async fn query_together(
    session: &impl Session,
    columns: &'static [&'static str],
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<Row>, StoreError> {
    let values: Vec<Value> = values.into_iter().collect();
    if session.dialect() == Dialect::Sqlite {
        let names = columns.join(", ");
        let together = format!("SELECT json_group_array(json_array({names})) AS told FROM ({sql})");
        let told = query_one(session, &together, values.clone()).await;
        let told = told.and_then(|row| row.get::<String>("result", "told"));
        let rows = told.ok().and_then(|told| serde_json::from_str::<Vec<Vec<_>>>(&told).ok());
        if let Some(rows) = rows {
            let row = |values| Row::told_together(columns, values);
            return Ok(rows.into_iter().map(row).collect());
        }
        // One row that cannot be told so must not hide the others.
    }
    query_all(session, sql, values).await
}

/// The first row of a query, if there is one.
pub(crate) async fn query_optional(
    session: &impl Session,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Option<Row>, StoreError> {
    let statement = statement(session, sql, values.into_iter().collect());
    Ok(session.connection().query_one_raw(statement).await?.map(Row::new))
}

/// The one row that a query (such as INSERT … RETURNING) always has.
pub(crate) async fn query_one(
    session: &impl Session,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Row, StoreError> {
    query_optional(session, sql, values)
        .await?
        .ok_or_else(|| StoreError::Defect("a statement returned no row".to_owned()))
}

/// Changes exactly one row, or says that it was not in the needed state.
pub(crate) async fn change_one(
    session: &impl Session,
    what: &'static str,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<(), StoreError> {
    match execute(session, sql, values).await? {
        1 => Ok(()),
        _ => Err(StoreError::Conflict { what }),
    }
}

/// `$first, $first+1, …` for a list of `count` values; an empty list reads `NULL`.
pub(crate) fn placeholders(first: usize, count: usize) -> String {
    if count == 0 {
        return "NULL".to_owned();
    }
    (first..first + count).map(|n| format!("${n}")).collect::<Vec<_>>().join(", ")
}

/// Many numbers as one parameter, so that the statement is the same for any count of them.
pub(crate) fn numbers(ids: impl IntoIterator<Item = i64>, dialect: Dialect) -> Value {
    let list = ids.into_iter().map(|id| id.to_string()).collect::<Vec<_>>().join(",");
    match dialect {
        Dialect::Sqlite => format!("[{list}]").into(),
        Dialect::Postgres => format!("{{{list}}}").into(),
    }
}

/// What is one of the [`numbers`] in parameter `n`.
pub(crate) fn is_one_of_numbers(n: usize, dialect: Dialect) -> String {
    match dialect {
        Dialect::Sqlite => format!("IN (SELECT value FROM json_each(${n}))"),
        // Read once: as a filter the cast would be done for each row.
        Dialect::Postgres => {
            format!("IN (SELECT unnest(CAST(CAST(${n} AS TEXT) AS BIGINT[])))")
        }
    }
}

/// As [`is_one_of_numbers`], for a column by which PostgreSQL is to look up each of a few hundred
/// of them in an index, however many rows the table has.
pub(crate) fn is_found_by_numbers(n: usize, dialect: Dialect) -> String {
    match dialect {
        Dialect::Sqlite => is_one_of_numbers(n, dialect),
        Dialect::Postgres => {
            format!("= ANY(ARRAY(SELECT unnest(CAST(CAST(${n} AS TEXT) AS BIGINT[]))))")
        }
    }
}

/// Many blobs as one parameter.
pub(crate) fn blobs<'a>(bytes: impl IntoIterator<Item = &'a [u8]>, dialect: Dialect) -> Value {
    let (open, quote, close) = match dialect {
        Dialect::Sqlite => ("[", "\"", "]"),
        Dialect::Postgres => ("{", "\"\\\\x", "}"),
    };
    let mut text = String::from(open);
    for (place, blob) in bytes.into_iter().enumerate() {
        if place > 0 {
            text.push(',');
        }
        text.push_str(quote);
        for byte in blob {
            for digit in [byte >> 4, byte & 15] {
                text.push(char::from_digit(digit.into(), 16).unwrap_or('0'));
            }
        }
        text.push('"');
    }
    text.push_str(close);
    text.into()
}

/// What is one of the [`blobs`] in parameter `n`.
pub(crate) fn is_one_of_blobs(n: usize, dialect: Dialect) -> String {
    match dialect {
        Dialect::Sqlite => format!("IN (SELECT unhex(value) FROM json_each(${n}))"),
        Dialect::Postgres => {
            format!("IN (SELECT unnest(CAST(CAST(${n} AS TEXT) AS BYTEA[])))")
        }
    }
}
