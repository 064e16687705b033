//! Destructions that were approved go on, stage by stage, until they are proven and closed.
//!
//! Every node looks; a lease on each plan lets one of them carry it out. What the database still
//! holds of ended ones is wiped at the start, and every minute while that is owed.

use std::time::Duration;

use super::heartbeat::Pulse;
use crate::house::{House, clock};

const EVERY: Duration = Duration::from_secs(2);
const WIPE_EVERY: Duration = Duration::from_secs(60);
/// Plans that share the transactions of a pass.
const AT_ONCE: u32 = 50;

/// Carries plans on, again and again.
///
/// # Errors
/// When database or vault cannot be used.
pub async fn run(house: &House, pulse: &Pulse) -> anyhow::Result<()> {
    let node = house.config.node.as_str();
    let mut wiped: Option<Duration> = None;
    loop {
        let since_boot = clock().boot_time();
        if wiped.is_none_or(|at| since_boot.saturating_sub(at) >= WIPE_EVERY) {
            pulse.follow(house.cases.wipe_destroyed()).await?;
            wiped = Some(since_boot);
        }
        loop {
            pulse.beat();
            let moved = pulse.follow(house.cases.carry_out_due(node, AT_ONCE)).await?;
            if moved > 0 {
                tracing::info!(plans.moved = moved, "destructions went on");
            }
            if moved == 0 || pulse.is_cancelled() {
                break;
            }
        }
        if !pulse.rest(EVERY).await {
            return Ok(());
        }
    }
}
