//! The fourth schema: what carries a request to its proven end.

use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager, async_trait};

use crate::dialect::apply;

pub(crate) struct Privacy;

impl MigrationName for Privacy {
    fn name(&self) -> &str {
        "m20261123_000004_privacy"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Privacy {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        apply(
            manager,
            &[
                include_str!("privacy/requests.sql"),
                include_str!("privacy/identity.sql"),
                include_str!("privacy/destruction.sql"),
                include_str!("privacy/answers.sql"),
                include_str!("privacy/parties.sql"),
                include_str!("privacy/care.sql"),
                include_str!("privacy/restoring.sql"),
            ],
        )
        .await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
