//! Blocks over time: lifted once their people were told, and called to mind every day while they
//! wait for a decision. One node at a time.

use std::time::Duration;

use super::heartbeat::Pulse;
use crate::house::{House, clock};

const EVERY: Duration = Duration::from_secs(60);
const LEASE: Duration = Duration::from_secs(180);
const NAME: &str = "blocks";

/// Lifts what may be lifted and reminds of what stands, again and again.
///
/// # Errors
/// When the database cannot be used.
pub async fn run(house: &House, pulse: &Pulse) -> anyhow::Result<()> {
    let owner = house.config.node.as_str();
    loop {
        if store::leases::hold(&house.store, NAME, owner, LEASE, clock().now()).await? {
            while house.cases.lift_told_blocks().await? > 0 {
                pulse.beat();
                if pulse.is_cancelled() {
                    break;
                }
            }
            while house.cases.remind_of_blocks().await? > 0 {
                pulse.beat();
                if pulse.is_cancelled() {
                    break;
                }
            }
        }
        if !pulse.rest(EVERY).await {
            store::leases::release(&house.store, NAME, owner).await?;
            return Ok(());
        }
    }
}
