//! One runner at a time: a lease in the database, held while there is work.

use std::time::Duration;

use store::{StoreError, leases};

use super::Campaigns;

const NAME: &str = "campaigns";
const LENGTH: Duration = Duration::from_secs(60);
const RENEWED_EVERY: Duration = Duration::from_secs(20);

/// The lease as this runner knows it.
#[derive(Debug, Default)]
pub(super) struct RunnerLease {
    /// Boot time at which it was last asked for, while it is ours.
    held_since: Option<Duration>,
}

impl RunnerLease {
    /// Takes or renews the lease; whether it is ours.
    pub(super) async fn hold(&mut self, parts: &Campaigns) -> Result<bool, StoreError> {
        let asked_at = parts.clock.boot_time();
        if self.held_since.is_some_and(|since| asked_at < since + RENEWED_EVERY) {
            return Ok(true);
        }
        let now = parts.clock.now();
        let is_ours = leases::hold(&parts.store, NAME, &parts.owner, LENGTH, now).await?;
        self.held_since = is_ours.then_some(asked_at);
        Ok(is_ours)
    }

    /// Gives it back, if it is ours, so that the next one need not wait.
    pub(super) async fn give_back(&mut self, parts: &Campaigns) {
        if self.held_since.take().is_some() {
            // What is not given back runs out.
            let _ = leases::release(&parts.store, NAME, &parts.owner).await;
        }
    }
}
