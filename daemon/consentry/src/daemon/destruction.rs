//! Destructions that were approved go on, stage by stage, until they are proven and closed.
//!
//! Every node looks; a lease on each plan lets one of them carry it out.

use std::time::Duration;

use super::heartbeat::Pulse;
use crate::house::House;

const EVERY: Duration = Duration::from_secs(10);
/// Plans that share the transactions of a pass.
const AT_ONCE: u32 = 50;

/// Carries plans on, again and again.
///
/// # Errors
/// When database or vault cannot be used.
pub async fn run(house: &House, pulse: &Pulse) -> anyhow::Result<()> {
    let node = house.config.node.as_str();
    loop {
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
