//! What time does to requests: answers and notices that left are settled, what falls due is told.
//!
//! One node at a time, by a lease; whatever two do at once is decided by the rows themselves.

use std::time::Duration;

use super::heartbeat::Pulse;
use crate::house::{House, clock};

const EVERY: Duration = Duration::from_secs(15);
const LEASE: Duration = Duration::from_secs(60);
/// Extensions that are looked at in one go.
const AT_ONCE: u32 = 100;

/// Settles and reminds, again and again.
///
/// # Errors
/// When database or vault cannot be used.
pub async fn run(house: &House, pulse: &Pulse) -> anyhow::Result<()> {
    let owner = house.config.node.as_str();
    loop {
        if store::leases::hold(&house.store, "requests", owner, LEASE, clock().now()).await? {
            let extended = house.cases.settle_extensions(AT_ONCE).await?;
            pulse.beat();
            let settled = house.cases.settle_requests().await?;
            pulse.beat();
            let unanswered = house.cases.expire_challenges().await?;
            let told = house.cases.remind(owner).await?;
            let postponed = house.cases.watch_postponed().await?;
            house.cases.watch_stops().await?;
            if extended + settled + unanswered + told + postponed > 0 {
                tracing::info!(
                    requests.settled = settled,
                    requests.extensions = extended,
                    requests.unanswered = unanswered,
                    requests.reminders = told,
                    "requests went on"
                );
            }
        }
        if !pulse.rest(EVERY).await {
            store::leases::release(&house.store, "requests", owner).await?;
            return Ok(());
        }
    }
}
