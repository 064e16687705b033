//! The nightly look at what is over: one node, once a day, also after a downtime.

use std::time::Duration;

use super::heartbeat::Pulse;
use crate::house::House;

/// How often it is asked whether the hour has come.
const EVERY: Duration = Duration::from_secs(60);

/// Looks when the hour has come.
///
/// # Errors
/// When database or vault cannot be used; the next look takes up what is left.
pub async fn run(house: &House, pulse: &Pulse) -> anyhow::Result<()> {
    let retention = &house.config.retention;
    loop {
        if retention.nightly {
            let look = house.cases.nightly_look(house.config.node.as_str(), retention.hour);
            if let Some(looked) = pulse.follow(look).await? {
                tracing::info!(
                    retention.tickets = looked.tickets,
                    retention.raw_mail = looked.raw_mail,
                    retention.noted_mail = looked.noted_mail,
                    retention.letters = looked.letters,
                    retention.staff_letters = looked.staff_letters,
                    retention.delivery_status = looked.delivery_status,
                    retention.web_evidence = looked.web_evidence,
                    "looked through what is over"
                );
            }
        }
        if !pulse.rest(EVERY).await {
            return Ok(());
        }
    }
}
