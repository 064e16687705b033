//! A window for tests and diagnosis: one number out of any statement.
//!
//! Never called by the daemon.

use domain::ids::{DeliveryId, TicketId};
use sea_orm::{IsolationLevel, TransactionTrait as _};

use crate::{
    connect::{Dialect, Store},
    error::StoreError,
    session::{Transaction, execute, query_all, query_one},
};

/// Runs a statement on the writing connection and returns its first column as a number.
///
/// # Errors
/// [`StoreError::Defect`] when it returns none.
pub async fn number(store: &Store, sql: &str) -> Result<i64, StoreError> {
    let transaction = store.begin().await?;
    let row = query_one(&transaction, sql, []).await?;
    let number = row.first_number()?;
    transaction.commit().await?;
    Ok(number)
}

/// Runs a statement on the writing connection, however long it takes; returns how many rows it
/// changed. For benchmarks, which write what the daemon never would.
///
/// # Errors
/// [`StoreError::Defect`] when it is refused.
pub async fn write(store: &Store, sql: &str) -> Result<u64, StoreError> {
    let transaction = store.begin().await?;
    if store.dialect() == Dialect::Postgres {
        execute(&transaction, "SET LOCAL statement_timeout = 0", []).await?;
    }
    let changed = execute(&transaction, sql, []).await?;
    transaction.commit().await?;
    Ok(changed)
}

/// Runs a statement in a transaction that the caller may undo; returns how many rows it changed.
///
/// # Errors
/// [`StoreError::Defect`] when it is refused.
pub async fn change(transaction: &Transaction, sql: &str) -> Result<u64, StoreError> {
    execute(transaction, sql, []).await
}

/// A reader that sees the database as it is now, until it is dropped.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn reader(store: &Store) -> Result<Transaction, StoreError> {
    let level = match store.dialect() {
        Dialect::Sqlite => None,
        Dialect::Postgres => Some(IsolationLevel::RepeatableRead),
    };
    let inner = store.reading().begin_with_config(level, None).await?;
    let reader = Transaction::new(inner, store.dialect());
    query_one(&reader, "SELECT COUNT(*) AS n FROM plan", []).await?;
    Ok(reader)
}

/// A question whose way through the tables a test holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// [`crate::deliveries::uncertain_of`].
    UncertainOf,
    /// [`crate::campaigns::retryable`].
    Retryable(crate::campaigns::Retried),
    /// [`crate::campaigns::at_work`].
    AtWork,
    /// [`crate::deliveries::sweeping::is_any_open`].
    IsAnyOpen,
    /// [`crate::deliveries::troubles::settled_since`].
    SettledSince,
}

/// How SQLite answers the question, step by step.
///
/// # Errors
/// [`StoreError::Defect`] on PostgreSQL.
pub async fn plan(store: &Store, question: Question) -> Result<Vec<String>, StoreError> {
    let sql = match question {
        Question::UncertainOf => crate::deliveries::uncertain_sql(2),
        Question::Retryable(which) => crate::campaigns::retryable_sql(which),
        Question::AtWork => crate::campaigns::at_work_sql(),
        Question::IsAnyOpen => crate::deliveries::sweeping::IS_ANY_OPEN.to_owned(),
        Question::SettledSince => crate::deliveries::troubles::settled_since_sql(),
    };
    if store.dialect() == Dialect::Postgres {
        return Err(StoreError::Defect("only SQLite tells its plan in steps".to_owned()));
    }
    let rows = query_all(store, &format!("EXPLAIN QUERY PLAN {sql}"), []).await?;
    rows.iter().map(|row| row.get("plan", "detail")).collect()
}

/// The Message-ID and sealed content of the delivery at `offset`, in the order of their ids.
///
/// # Errors
/// [`StoreError::Defect`] when there is none.
pub async fn letter(store: &Store, offset: i64) -> Result<(String, Vec<u8>), StoreError> {
    let sql = "SELECT mail_id, content FROM delivery ORDER BY id LIMIT 1 OFFSET $1";
    let row = query_one(store, sql, [offset.into()]).await?;
    Ok((row.get("delivery", "mail_id")?, row.get("delivery", "content")?))
}

/// A row of the ledger as it stands, sealed.
#[derive(Debug)]
pub struct LedgerLetter {
    /// Its row.
    pub id: DeliveryId,
    /// What it is about.
    pub topic: String,
    /// Where it stands.
    pub state: String,
    /// Its Message-ID.
    pub mail_id: String,
    /// The sealed content, unless it was emptied.
    pub content: Option<Vec<u8>>,
}

/// All rows of the ledger of one ticket, oldest first.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn letters_of(store: &Store, ticket: TicketId) -> Result<Vec<LedgerLetter>, StoreError> {
    let sql =
        "SELECT id, topic, state, mail_id, content FROM delivery WHERE ticket_id = $1 ORDER BY id";
    let rows = query_all(store, sql, [ticket.0.into()]).await?;
    rows.iter()
        .map(|row| {
            Ok(LedgerLetter {
                id: DeliveryId(row.get("delivery", "id")?),
                topic: row.get("delivery", "topic")?,
                state: row.get("delivery", "state")?,
                mail_id: row.get("delivery", "mail_id")?,
                content: row.get("delivery", "content")?,
            })
        })
        .collect()
}
