//! `[database]`: SQLite for one node, PostgreSQL for several.

use std::path::{Path, PathBuf};

use store::StoreConfig;

use super::secret::{Secret, SecretError};
use super::section::Section;

/// Which database, and where.
#[derive(Debug, Clone)]
pub enum DatabaseConfig {
    /// One file.
    Sqlite {
        /// The file.
        path: PathBuf,
    },
    /// A server.
    Postgres {
        /// Where the address with its password lies.
        url_file: Secret,
        /// Most connections at once.
        connections: u32,
    },
}

#[derive(Clone, Copy)]
enum Kind {
    Sqlite,
    Postgres,
}

impl DatabaseConfig {
    pub(super) fn read(mut section: Section<'_>, data: &Path) -> Option<Self> {
        let kind = section.word("kind", &[("sqlite", Kind::Sqlite), ("postgres", Kind::Postgres)]);
        let config = match kind {
            Kind::Sqlite => {
                let path = section.optional_path("path");
                Some(Self::Sqlite { path: path.unwrap_or_else(|| data.join("consentry.sqlite")) })
            }
            Kind::Postgres => {
                let url_file = section.secret("url_file", "credential:database");
                let connections = section.number("connections", 2..=200, 10);
                url_file.map(|url_file| Self::Postgres { url_file, connections })
            }
        };
        section.finish();
        config
    }

    /// What the store wants to know; reads the secret.
    ///
    /// # Errors
    /// [`SecretError`].
    pub fn open(&self) -> Result<StoreConfig, SecretError> {
        Ok(match self {
            Self::Sqlite { path } => StoreConfig::Sqlite { path: path.clone() },
            Self::Postgres { url_file, connections } => {
                StoreConfig::Postgres { url: url_file.first_line()?, connections: *connections }
            }
        })
    }

    pub(super) fn secret(&self) -> Option<&Secret> {
        match self {
            Self::Sqlite { .. } => None,
            Self::Postgres { url_file, .. } => Some(url_file),
        }
    }
}
