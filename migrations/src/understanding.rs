//! The third schema: what people of ours correct about a classification.

use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager, async_trait};

use crate::dialect::apply;

pub(crate) struct Understanding;

impl MigrationName for Understanding {
    fn name(&self) -> &str {
        "m20261122_000003_understanding"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Understanding {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        apply(manager, &[include_str!("understanding/corrections.sql")]).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
