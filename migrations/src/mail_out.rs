//! The second schema: lists, consent texts, subscriptions, imports, campaigns and throttles.

use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager, async_trait};

use crate::dialect::apply;

pub(crate) struct MailOut;

impl MigrationName for MailOut {
    fn name(&self) -> &str {
        "m20261122_000002_mail_out"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for MailOut {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        apply(
            manager,
            &[include_str!("mail_out/lists.sql"), include_str!("mail_out/campaigns.sql")],
        )
        .await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
