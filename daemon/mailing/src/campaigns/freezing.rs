//! The freeze, chunk by chunk: short transactions that leave room for whoever else writes.

use std::time::Duration;

use domain::{
    campaign::CampaignState,
    ids::{CampaignId, SubscriptionId},
};
use store::{
    StoreError,
    campaigns::{CampaignRow, change_state},
    deliveries::freezing::{self, Chunk, FrozenLists},
};

use super::{Runner, Turned, impossible};

/// What a chunk is to take: others wait no longer for the one writer of SQLite.
const AIM: Duration = Duration::from_millis(100);
/// Chunks of one campaign in one round: about a second.
const CHUNKS_AT_ONCE: u32 = 8;
const FIRST: u32 = 2_000;
const SMALLEST: u32 = 250;

/// How many candidates the next chunk has; follows what the last one took.
#[derive(Debug)]
pub(super) struct ChunkSize {
    next: u32,
    largest: u32,
}

impl ChunkSize {
    pub(super) fn up_to(largest: u32) -> Self {
        let largest = largest.max(1);
        Self { next: FIRST.min(largest), largest }
    }

    /// A chunk was not written in time, or not at all: the next one is half as large.
    pub(super) fn was_too_much(&mut self) {
        self.next = (self.next / 2).max(SMALLEST).min(self.largest);
    }

    fn learn(&mut self, took: Duration) {
        let aim = u64::try_from(AIM.as_millis()).unwrap_or(u64::MAX);
        let took = u64::try_from(took.as_millis()).unwrap_or(u64::MAX).max(1);
        let next = u64::from(self.next).saturating_mul(aim) / took;
        // At most twice as large as before: the next chunk may be harder than this one.
        let next = u32::try_from(next).unwrap_or(u32::MAX).min(self.next.saturating_mul(2));
        self.next = next.max(SMALLEST).min(self.largest);
    }
}

impl Runner {
    /// Freezes the next chunks, or says that the audience is whole.
    pub(super) async fn freeze(&mut self, row: &CampaignRow) -> Result<Turned, StoreError> {
        let store = &self.parts.store;
        let to = match row.frozen_to {
            Some(to) => to,
            None => {
                let transaction = store.begin().await?;
                let to = freezing::fix_end(&transaction, row.id).await?;
                transaction.commit().await?;
                to
            }
        };
        let mut after = row.frozen_after;
        if after >= to {
            return self.end_freeze(row).await;
        }
        let lists = freezing::lists_of(store, row.id).await?;
        // Then the other campaigns, the lease and a stop of the daemon have their turn.
        for _ in 0..CHUNKS_AT_ONCE {
            // Halved before it is written: a chunk that takes too long is dropped with the round.
            let asked = self.size.next;
            self.size.was_too_much();
            after = self.freeze_chunk(row.id, &lists, after, to, asked).await?;
            if after >= to {
                break;
            }
        }
        Ok(Turned::Something)
    }

    /// Freezes one chunk; returns where it ends.
    async fn freeze_chunk(
        &mut self,
        campaign: CampaignId,
        lists: &FrozenLists,
        after: SubscriptionId,
        to: SubscriptionId,
        size: u32,
    ) -> Result<SubscriptionId, StoreError> {
        let store = &self.parts.store;
        let through = freezing::end_of_chunk(store, lists, after, to, size).await?;
        let transaction = store.begin().await?;
        let began = self.parts.clock.boot_time();
        let now = self.parts.clock.now();
        let mail_domain = &self.parts.settings.mail_domain;
        let expires_at = now.saturating_add(self.parts.settings.lives_for).unwrap_or(now);
        let chunk = Chunk { campaign, lists, after, through, mail_domain, expires_at };
        let frozen = freezing::freeze(&transaction, &chunk, now).await?;
        transaction.commit().await?;
        self.size.next = size;
        self.size.learn(self.parts.clock.boot_time().saturating_sub(began));
        tracing::debug!(
            campaign.id = campaign.0,
            candidates = frozen.candidates,
            audience = frozen.audience,
            "a chunk of the audience is frozen"
        );
        Ok(through)
    }

    async fn end_freeze(&mut self, row: &CampaignRow) -> Result<Turned, StoreError> {
        let now = self.parts.clock.now();
        let audience = u64::try_from(row.audience_size).unwrap_or_default();
        let to = row.state.clone().frozen(audience).map_err(impossible)?;
        let transaction = self.parts.store.begin().await?;
        change_state(&transaction, row, &to, now).await?;
        let detail =
            serde_json::json!({ "candidates": row.candidates, "audience": row.audience_size });
        match &to {
            CampaignState::Held { reason } => self.tell_held(&transaction, row, *reason).await?,
            _ => self.record(&transaction, row, "campaign.running", &detail).await?,
        }
        transaction.commit().await?;
        tracing::info!(
            campaign.id = row.id.0,
            campaign.state = to.name(),
            candidates = row.candidates,
            audience = row.audience_size,
            "the audience of a campaign is frozen"
        );
        self.parts.store.deliveries_planned().notify_waiters();
        Ok(Turned::Something)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_follows_what_the_last_one_took() {
        let mut size = ChunkSize::up_to(10_000);
        size.learn(Duration::from_millis(10));
        assert_eq!(size.next, 4_000, "at most twice as large");
        size.learn(Duration::from_millis(400));
        assert_eq!(size.next, 1_000);
        size.was_too_much();
        assert_eq!(size.next, 500, "half as large after a failure");
        for _ in 0..20 {
            size.learn(Duration::from_secs(60));
        }
        assert_eq!(size.next, SMALLEST);
        for _ in 0..20 {
            size.learn(Duration::ZERO);
        }
        assert_eq!(size.next, 10_000);
    }
}
