//! The fifth schema: what makes the end of a request hold as evidence.

use sea_orm_migration::{
    DbErr, MigrationName, MigrationTrait, SchemaManager, async_trait, sea_orm::DbBackend,
};

use crate::dialect::apply;

pub(crate) struct Evidence;

impl MigrationName for Evidence {
    fn name(&self) -> &str {
        "m20261123_000005_evidence"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Evidence {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let published = match manager.get_database_backend() {
            DbBackend::Postgres => include_str!("evidence/published.postgres.sql"),
            _ => include_str!("evidence/published.sqlite.sql"),
        };
        apply(
            manager,
            &[
                // One line for each file.
                include_str!("evidence/requests.sql"),
                include_str!("evidence/systems.sql"),
                include_str!("evidence/retention.sql"),
                include_str!("evidence/acts.sql"),
                include_str!("evidence/identity.sql"),
                include_str!("evidence/processing.sql"),
                published,
            ],
        )
        .await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
