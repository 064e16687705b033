//! The circuit breaker: too many refusals, bounces or complaints hold a campaign that runs.
//!
//! What counts is what was tried since the campaign last began to run: a person who resumes it has
//! looked at what was before.

use domain::campaign::{HoldReason, Tripped};
use store::{
    StoreError,
    campaigns::{CampaignRow, change_state},
    deliveries::troubles,
    stops::StopKind,
};

use super::{Runner, impossible, subject};
use crate::stops::{PendingStops, Stopped};

impl Runner {
    /// Whether the campaign makes too much trouble.
    pub(super) async fn trips(&mut self, row: &CampaignRow) -> Result<Option<Tripped>, StoreError> {
        let store = &self.parts.store;
        let limits = self.parts.settings.breaker;
        let found = troubles::troubles(store, row.id, row.since_at).await?;
        // The same trouble only shrinks beside more that went well.
        if self.counted.get(&row.id) == Some(&found) {
            return Ok(None);
        }
        let enough = limits.enough(found.rejected, found.complaints);
        let tripped = if enough == 0 {
            None
        } else {
            let tried = troubles::settled_since(store, row.id, row.since_at, enough).await?;
            limits.trips(found.rejected, found.complaints, tried)
        };
        if tripped.is_none() {
            self.counted.insert(row.id, found);
        }
        Ok(tripped)
    }

    /// Holds the campaign: a numbered stop, so that no sender starts another of its mails.
    pub(super) async fn trip(
        &mut self,
        row: &CampaignRow,
        tripped: Tripped,
    ) -> Result<(), StoreError> {
        let now = self.parts.clock.now();
        let to = row.state.clone().hold(HoldReason::Breaker).map_err(impossible)?;
        let transaction = self.parts.store.begin().await?;
        change_state(&transaction, row, &to, now).await?;
        self.tell_held(&transaction, row, HoldReason::Breaker).await?;
        let mut stops = PendingStops::new();
        let (kind, scope) = (StopKind::Pause, subject(row.id));
        let stopped = Stopped { kind, scope: &scope, digests: Vec::new(), contact: None };
        stops.record(&transaction, self.parts.entropy.as_ref(), stopped, now).await?;
        stops.commit(transaction, &self.parts.store, &self.parts.journal, now).await?;
        self.counted.remove(&row.id);
        let cause = match tripped {
            Tripped::Rejections => "refusals and bounces",
            Tripped::Complaints => "complaints",
        };
        tracing::error!(campaign.id = row.id.0, "a campaign is held: too many {cause}");
        Ok(())
    }
}
