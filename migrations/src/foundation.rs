//! The first schema: people, intake, tickets, stops, deliveries, nodes and the audit log.

use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager, async_trait};

use crate::dialect::apply;

pub(crate) struct Foundation;

impl MigrationName for Foundation {
    fn name(&self) -> &str {
        "m20261122_000001_foundation"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Foundation {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        apply(
            manager,
            &[
                include_str!("foundation/people.sql"),
                include_str!("foundation/tickets.sql"),
                include_str!("foundation/intake.sql"),
                include_str!("foundation/stops.sql"),
                include_str!("foundation/deliveries.sql"),
                include_str!("foundation/nodes.sql"),
                include_str!("foundation/audit.sql"),
            ],
        )
        .await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
