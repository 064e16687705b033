//! Connected systems are told, letters to recipients are looked after; one node at a time.

use std::time::Duration;

use super::heartbeat::Pulse;
use crate::house::{House, clock};

const EVERY: Duration = Duration::from_secs(5);
const LEASE: Duration = Duration::from_secs(300);
const NOTICES_AT_ONCE: u32 = 500;
const KEYS_AT_ONCE: u32 = 500;
const NAME: &str = "connected systems";

/// Makes calls of notices, makes the calls, follows letters, raises and clears alarms, destroys
/// the keys of what is settled; again and again.
///
/// # Errors
/// When database or vault cannot be used.
pub async fn run(house: &House, pulse: &Pulse) -> anyhow::Result<()> {
    let owner = house.config.node.as_str();
    loop {
        if store::leases::hold(&house.store, NAME, owner, LEASE, clock().now()).await? {
            pulse.follow(pass(house, pulse)).await?;
        }
        if !pulse.rest(EVERY).await {
            store::leases::release(&house.store, NAME, owner).await?;
            return Ok(());
        }
    }
}

async fn pass(house: &House, pulse: &Pulse) -> anyhow::Result<()> {
    let cases = &house.cases;
    while cases.spread_notices(NOTICES_AT_ONCE).await? > 0 && !pulse.is_cancelled() {}
    let passed = cases.call_systems().await?;
    if passed.again > 0 {
        tracing::warn!(calls = passed.again, "connected systems did not answer; tried again later");
    }
    cases.follow_recipient_letters().await?;
    cases.watch_systems().await?;
    cases.destroy_call_keys(KEYS_AT_ONCE).await?;
    Ok(())
}
