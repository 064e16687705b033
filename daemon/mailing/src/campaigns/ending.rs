//! The end of a campaign: finished when every row is settled, swept when it was cancelled.

use store::{
    StoreError,
    campaigns::{CampaignRow, change_state},
    deliveries::sweeping,
};

use super::{Runner, Turned, impossible};

/// Rows of a cancelled campaign that one transaction withholds.
const SWEPT_AT_ONCE: u32 = 2_000;

impl Runner {
    /// Holds a running campaign that makes trouble, finishes one that is through.
    pub(super) async fn watch(&mut self, row: &CampaignRow) -> Result<Turned, StoreError> {
        if let Some(tripped) = self.trips(row).await? {
            self.trip(row, tripped).await?;
            return Ok(Turned::Something);
        }
        if sweeping::is_any_open(&self.parts.store, row.id).await? {
            return Ok(Turned::Nothing);
        }
        let now = self.parts.clock.now();
        let to = row.state.clone().finish(now).map_err(impossible)?;
        let transaction = self.parts.store.begin().await?;
        change_state(&transaction, row, &to, now).await?;
        // Asked again behind the change: a retry may have planned a row meanwhile.
        if sweeping::is_any_open(&transaction, row.id).await? {
            transaction.rollback().await?;
            return Ok(Turned::Something);
        }
        self.record(&transaction, row, "campaign.finished", &serde_json::json!({})).await?;
        transaction.commit().await?;
        tracing::info!(campaign.id = row.id.0, "a campaign is finished");
        Ok(Turned::Something)
    }

    /// Withholds what waits of a cancelled campaign, a chunk at a time.
    pub(super) async fn sweep(&mut self, row: &CampaignRow) -> Result<Turned, StoreError> {
        let transaction = self.parts.store.begin().await?;
        let swept = sweeping::sweep_cancelled(&transaction, row.id, SWEPT_AT_ONCE).await?;
        transaction.commit().await?;
        tracing::debug!(campaign.id = row.id.0, mails = swept, "mails of a cancelled campaign");
        // Rows that another transaction holds are looked for in a second.
        Ok(if swept == 0 { Turned::Elsewhere } else { Turned::Something })
    }
}
