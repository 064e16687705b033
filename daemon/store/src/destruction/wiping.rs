//! What a database leaves behind of rows that are gone: pages of its log, dead versions of rows.

use sea_orm::ConnectionTrait as _;

use crate::{
    connect::{Dialect, Store},
    error::StoreError,
};

/// Tables whose rows a destruction empties.
const TOUCHED: [&str; 12] = [
    "contact",
    "address",
    "contact_address",
    "subscription",
    "opt_in",
    "consent_event",
    "ticket",
    "submission",
    "message",
    "delivery",
    "delivery_attempt",
    "correction",
];

/// Makes the database let go of what was emptied: SQLite folds its log into the file and cuts it
/// to nothing (freed pages are overwritten as they are freed), PostgreSQL removes dead rows.
/// Returns whether all of it was let go; if not (somebody read just then), call it again.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn wipe(store: &Store) -> Result<bool, StoreError> {
    let connection = store.writing();
    match store.dialect() {
        Dialect::Sqlite => {
            let statement = sea_orm::Statement::from_string(
                sea_orm::DbBackend::Sqlite,
                "PRAGMA wal_checkpoint(TRUNCATE)",
            );
            let row = connection.query_one_raw(statement).await?;
            // Its first column says whether somebody was in the way.
            Ok(row.and_then(|row| row.try_get_by_index::<i64>(0).ok()) == Some(0))
        }
        Dialect::Postgres => {
            for table in TOUCHED {
                connection.execute_unprepared(&format!("VACUUM {table}")).await?;
            }
            Ok(true)
        }
    }
}
