//! Opening the database: one writer and a few readers for SQLite, one pool for PostgreSQL.

use std::{path::PathBuf, sync::Arc, time::Duration};

use migrations::{Migrate, Migrator};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
};

use crate::{error::StoreError, session::Transaction};

/// The longest that PostgreSQL may work on one statement of ours.
const STATEMENT_TIMEOUT: &str = "30s";
/// The longest that upkeep waits for a table that somebody uses: whoever comes after it waits, too.
const UPKEEP_LOCK_TIMEOUT: &str = "3s";

/// Which database is behind the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// The embedded default: one file, one writer.
    Sqlite,
    /// For several nodes.
    Postgres,
}

/// How to open the database.
#[derive(Clone)]
pub enum StoreConfig {
    /// A file; made when missing.
    Sqlite {
        /// The file's path.
        path: PathBuf,
    },
    /// A server.
    Postgres {
        /// `postgres://user:password@host:port/name`; secret, never logged.
        url: String,
        /// Most connections at once, at least 2.
        connections: u32,
    },
}

impl std::fmt::Debug for StoreConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite { path } => f.debug_struct("Sqlite").field("path", path).finish(),
            Self::Postgres { connections, .. } => {
                f.debug_struct("Postgres").field("connections", connections).finish_non_exhaustive()
            }
        }
    }
}

/// The open database. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    /// SQLite: the one connection that writes. PostgreSQL: the pool.
    writer: DatabaseConnection,
    /// SQLite: read-only connections. PostgreSQL: the pool.
    reader: DatabaseConnection,
    /// SQLite: the writer. PostgreSQL: a connection, made when needed, on which a statement may
    /// take long.
    upkeep: DatabaseConnection,
    dialect: Dialect,
    /// SQLite: when the writer's commits are on the disk; none when unsure ([`Store::begin_repeatable`]).
    durability: Arc<tokio::sync::Mutex<Option<Durability>>>,
    /// Wakes whoever waits for a stop of this process ([`Store::stops_moved`]).
    stops_moved: Arc<tokio::sync::Notify>,
    /// Wakes the dispatch when this process planned a delivery.
    deliveries_planned: Arc<tokio::sync::Notify>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("dialect", &self.dialect).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the database; the schema is neither checked nor changed.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when it cannot be reached or made.
    pub async fn open(config: &StoreConfig) -> Result<Self, StoreError> {
        let (writer, reader, upkeep, dialect) = match config {
            StoreConfig::Sqlite { path } => {
                let writer = sqlite(path, SqliteUse::Write).await?;
                let reader = sqlite(path, SqliteUse::Read).await?;
                (writer.clone(), reader, writer, Dialect::Sqlite)
            }
            StoreConfig::Postgres { url, connections } => {
                let mut options = ConnectOptions::new(url.clone());
                options
                    .max_connections((*connections).max(2))
                    .acquire_timeout(Duration::from_secs(10))
                    .connect_timeout(Duration::from_secs(10))
                    .sqlx_logging(false)
                    // A server that is half dead must not hold us for ever.
                    .map_sqlx_postgres_opts(|options| {
                        options.options([("statement_timeout", STATEMENT_TIMEOUT)])
                    });
                let pool = Database::connect(options).await?;
                let mut options = ConnectOptions::new(url.clone());
                options
                    .max_connections(1)
                    .connect_lazy(true)
                    .idle_timeout(Duration::from_secs(10))
                    .acquire_timeout(Duration::from_secs(10))
                    .connect_timeout(Duration::from_secs(10))
                    .sqlx_logging(false)
                    .map_sqlx_postgres_opts(|options| {
                        options.options([
                            ("statement_timeout", "0"),
                            ("lock_timeout", UPKEEP_LOCK_TIMEOUT),
                        ])
                    });
                let upkeep = Database::connect(options).await?;
                (pool.clone(), pool, upkeep, Dialect::Postgres)
            }
        };
        Ok(Self {
            writer,
            reader,
            upkeep,
            dialect,
            durability: Arc::new(tokio::sync::Mutex::new(Some(Durability::EachCommit))),
            stops_moved: Arc::default(),
            deliveries_planned: Arc::default(),
        })
    }

    /// Brings the schema up to this version. Two nodes may do it at once.
    ///
    /// # Errors
    /// [`StoreError::Schema`] when a migration fails.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        if self.dialect == Dialect::Sqlite {
            // Two processes on one file: the loser of the race finds the tables there.
            if Migrator::up(&self.writer, None).await.is_err() {
                tokio::time::sleep(Duration::from_millis(200)).await;
                Migrator::up(&self.writer, None).await?;
            }
            return Ok(());
        }
        // One transaction-level lock held while another connection migrates.
        let lock = self.writer.begin().await?;
        // Another node may migrate for long.
        lock.execute_unprepared("SET LOCAL statement_timeout = 0").await?;
        lock.execute_unprepared("SELECT pg_advisory_xact_lock(7295134011)").await?;
        Migrator::up(&self.writer, None).await?;
        lock.commit().await?;
        Ok(())
    }

    /// How many migrations are still to run.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the database cannot be used.
    pub async fn pending_migrations(&self) -> Result<usize, StoreError> {
        Ok(Migrator::get_pending_migrations(&self.writer).await?.len())
    }

    /// Begins a transaction that writes: on SQLite it takes the write lock at once
    /// (`BEGIN IMMEDIATE`), so that it never fails half-way for another writer.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when no connection or lock could be had in time.
    pub async fn begin(&self) -> Result<Transaction, StoreError> {
        self.begin_with(Durability::EachCommit).await
    }

    /// Begins a transaction whose commit may be put off until the next durable one: a power cut
    /// may undo it, whole, with those that came after it and were put off too; never the file's
    /// consistency. For work that carries its own cursor and is simply done again; end it with a
    /// transaction of [`Store::begin`], which makes all before it durable.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when no connection or lock could be had in time.
    pub async fn begin_repeatable(&self) -> Result<Transaction, StoreError> {
        self.begin_with(Durability::Later).await
    }

    async fn begin_with(&self, durability: Durability) -> Result<Transaction, StoreError> {
        let inner = match self.dialect {
            Dialect::Sqlite => {
                let options = TransactionOptions {
                    sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
                    ..TransactionOptions::default()
                };
                // The setting belongs to the one connection and cannot change within a
                // transaction. Held until the transaction has begun, so that nobody's durable one
                // begins under another's setting, even when that other was dropped half-way.
                let mut held = self.durability.lock().await;
                if *held != Some(durability) {
                    // In a WAL file NORMAL syncs at checkpoints only, in the right order.
                    let setting = match durability {
                        Durability::EachCommit => "PRAGMA synchronous = FULL",
                        Durability::Later => "PRAGMA synchronous = NORMAL",
                    };
                    // Dropped between here and the answer, it is set again next time.
                    *held = None;
                    self.writer.execute_unprepared(setting).await?;
                    *held = Some(durability);
                }
                self.writer.begin_with_options(options).await?
            }
            Dialect::Postgres => {
                let inner = self.writer.begin().await?;
                if durability == Durability::Later {
                    inner.execute_unprepared("SET LOCAL synchronous_commit = off").await?;
                }
                inner
            }
        };
        Ok(Transaction::new(inner, self.dialect))
    }

    /// Which database this is.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Wakes when a transaction of this process has committed a stop
    /// ([`crate::session::Transaction::commit_stops`] calls it). Other processes' stops are seen
    /// by polling the sequence.
    #[must_use]
    pub fn stops_moved(&self) -> Arc<tokio::sync::Notify> {
        Arc::clone(&self.stops_moved)
    }

    /// Wakes when this process has planned a delivery.
    #[must_use]
    pub fn deliveries_planned(&self) -> Arc<tokio::sync::Notify> {
        Arc::clone(&self.deliveries_planned)
    }

    /// SQLite writes a copy of itself into a new file, in one reading transaction.
    pub(crate) async fn vacuum_into(&self, path: &str) -> Result<(), StoreError> {
        let sql = format!("VACUUM INTO '{}'", path.replace('\'', "''"));
        self.writer.execute_unprepared(&sql).await?;
        Ok(())
    }

    pub(crate) fn reading(&self) -> &DatabaseConnection {
        &self.reader
    }

    /// For what runs outside of transactions.
    pub(crate) fn writing(&self) -> &DatabaseConnection {
        &self.writer
    }

    /// For upkeep, which may take long.
    pub(crate) fn upkeeping(&self) -> &DatabaseConnection {
        &self.upkeep
    }

    /// Closes every connection; SQLite then has its log folded into the file.
    pub async fn close(self) {
        let _ = self.upkeep.close_by_ref().await;
        let _ = self.reader.close().await;
        let _ = self.writer.close().await;
    }
}

/// When a commit is on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Durability {
    EachCommit,
    Later,
}

enum SqliteUse {
    Write,
    Read,
}

async fn sqlite(
    path: &std::path::Path,
    usage: SqliteUse,
) -> Result<DatabaseConnection, StoreError> {
    let url = format!("sqlite://{}?mode=rwc", path.display());
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(match usage {
            SqliteUse::Write => 1,
            SqliteUse::Read => 4,
        })
        .acquire_timeout(Duration::from_secs(20))
        .sqlx_logging(false);
    let read_only = matches!(usage, SqliteUse::Read);
    options.map_sqlx_sqlite_opts(move |options| {
        let options = options
            .journal_mode(sqlx::sqlite::SqliteJournalMode::Wal)
            // The ledger must survive a power cut.
            .synchronous(sqlx::sqlite::SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(10))
            // What a statement might have to undo stays in memory, not in a file for each.
            .pragma("temp_store", "MEMORY")
            // What is deleted is overwritten.
            .pragma("secure_delete", "ON");
        if read_only { options.pragma("query_only", "ON") } else { options }
    });
    Ok(Database::connect(options).await?)
}
