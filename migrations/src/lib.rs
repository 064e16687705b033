//! The schema, as history: one source for SQLite and PostgreSQL.
//!
//! Each migration is a list of SQL texts in which a few words in braces stand for what the two
//! dialects spell differently (see [`dialect`]). A landed migration is never edited; a change
//! expands first and contracts a release later. Migrations never import the store's types.
//! Instants are 64-bit microseconds UTC, dates ISO text, states words with a CHECK.

mod dialect;
mod evidence;
mod foundation;
mod mail_out;
mod privacy;
mod understanding;

use sea_orm_migration::{MigrationTrait, MigratorTrait};

/// All migrations in order.
#[derive(Debug)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(foundation::Foundation),
            Box::new(mail_out::MailOut),
            Box::new(understanding::Understanding),
            Box::new(privacy::Privacy),
            Box::new(evidence::Evidence),
        ]
    }
}

pub use sea_orm_migration::MigratorTrait as Migrate;
