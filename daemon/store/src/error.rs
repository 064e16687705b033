//! What can go wrong with the database, named for what the caller can do about it.

use sea_orm::{DbErr, RuntimeErr};

/// An error of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The row was not in the state that the change needs: somebody else was first.
    #[error("{what} is not in the state this change needs; look again and repeat")]
    Conflict {
        /// The table or thing.
        what: &'static str,
    },
    /// The database cannot be used now: try again later. Nobody's fault, nobody's attempt.
    #[error(
        "the database cannot be used now: {0}; check that it runs, that its disk has room and the `database` settings"
    )]
    Unavailable(String),
    /// A row does not fit the types: it was changed by hand or by a newer version.
    #[error("table {table}, row {row}: {what}; restore the row or upgrade the program")]
    Inconsistent {
        /// The table.
        table: &'static str,
        /// Its id, as text.
        row: String,
        /// Which column does not fit.
        what: String,
    },
    /// A uniqueness rule of the schema refused the row: it is there already.
    #[error("{what} is there already")]
    Duplicate {
        /// The table or thing.
        what: String,
    },
    /// The statement is wrong: a defect of this program.
    #[error("a statement failed: {0}; please report this")]
    Defect(String),
    /// The schema is older or newer than this program.
    #[error("the database schema does not fit this version ({0}); run `consentry migrate`")]
    Schema(String),
}

impl StoreError {
    /// Whether waiting and trying again may help.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

/// SQLSTATE classes of PostgreSQL that a later try may get past: connection, resources, operator
/// intervention, system, serialisation and deadlock.
const PASSING_STATES: [&str; 6] = ["08", "53", "57", "58", "40", "55"];

/// SQLSTATE of a server that is a standby just now: during a failover.
const READ_ONLY: &str = "25006";

/// Primary result codes of SQLite that a later try may get past: busy, locked, read-only, I/O
/// error, full, cannot open.
const PASSING_CODES: [i32; 6] = [5, 6, 8, 10, 13, 14];

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        let database = match &error {
            DbErr::Conn(RuntimeErr::SqlxError(inner))
            | DbErr::Exec(RuntimeErr::SqlxError(inner))
            | DbErr::Query(RuntimeErr::SqlxError(inner)) => inner.clone(),
            DbErr::ConnectionAcquire(_) => return Self::Unavailable("no free connection".into()),
            DbErr::Migration(text) => return Self::Schema(text.clone()),
            _ => return Self::Defect(error.to_string()),
        };
        match &*database {
            sqlx::Error::Database(refusal) => {
                if refusal.is_unique_violation() {
                    let what = refusal.constraint().or(refusal.table()).unwrap_or("the row");
                    return Self::Duplicate { what: what.to_owned() };
                }
                let code = refusal.code().unwrap_or_default().into_owned();
                let passing = code == READ_ONLY
                    || PASSING_STATES
                        .iter()
                        .any(|class| code.len() == 5 && code.starts_with(class))
                    || code.len() < 5
                        && code
                            .parse::<i32>()
                            .is_ok_and(|code| PASSING_CODES.contains(&(code & 0xff)));
                // The text of a database error may quote a value (a key, an address): only its
                // code goes on.
                if passing {
                    Self::Unavailable(format!("code {code}"))
                } else {
                    Self::Defect(format!("code {code}"))
                }
            }
            sqlx::Error::Io(error) => Self::Unavailable(format!("input/output: {}", error.kind())),
            sqlx::Error::PoolTimedOut => Self::Unavailable("no free connection in time".into()),
            sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => {
                Self::Unavailable("the connection is closed".into())
            }
            sqlx::Error::Tls(_) => Self::Unavailable("TLS with the database failed".into()),
            sqlx::Error::Protocol(_) => Self::Unavailable("the connection broke".into()),
            sqlx::Error::Configuration(_) => {
                Self::Unavailable("the database address is not understood".into())
            }
            other => Self::Defect(kind_of(other).to_owned()),
        }
    }
}

/// The name of an error's variant, without the values it carries.
fn kind_of(error: &sqlx::Error) -> &'static str {
    match error {
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => "a column does not fit",
        sqlx::Error::ColumnNotFound(_) => "a column is missing",
        sqlx::Error::RowNotFound => "a row is missing",
        _ => "unexpected kind of error",
    }
}
