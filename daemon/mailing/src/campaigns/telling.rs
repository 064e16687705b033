//! What people are told of campaigns: alarms that stand until somebody has decided.
//!
//! `campaign_held/17` stands while campaign 17 is held, whoever ended that; `campaign_trouble/17`
//! stands while a step of it cannot be made, or
//! when dispatch could not make a mail of it, until it is over.

use std::collections::HashMap;

use domain::{
    campaign::{CampaignState, HoldReason},
    ids::CampaignId,
};
use store::{StoreError, Transaction, alarms, audit, campaigns::CampaignRow};

use super::{ACTOR, Runner, subject};

const HELD: &str = "campaign_held/";
const TROUBLE: &str = "campaign_trouble/";
/// Stands for the rows that fit no state.
const MISFITS: CampaignId = CampaignId(0);

/// The troubles that this runner told. Those of the runner before it are cleared first.
#[derive(Debug, Default)]
pub(super) struct Told {
    words: HashMap<CampaignId, String>,
    has_cleared: bool,
}

impl Runner {
    /// The alarm and the audit event of a campaign that waits for a person.
    pub(super) async fn tell_held(
        &self,
        transaction: &Transaction,
        row: &CampaignRow,
        reason: HoldReason,
    ) -> Result<(), StoreError> {
        let now = self.parts.clock.now();
        alarms::raise(transaction, &named(HELD, row.id), words_for(reason), now).await?;
        let detail = serde_json::json!({ "reason": reason.name() });
        self.record(transaction, row, "campaign.held", &detail).await
    }

    /// An audit event about a campaign.
    pub(super) async fn record(
        &self,
        transaction: &Transaction,
        row: &CampaignRow,
        act: &str,
        detail: &serde_json::Value,
    ) -> Result<(), StoreError> {
        let now = self.parts.clock.now();
        audit::append(transaction, ACTOR, act, &subject(row.id), detail, now).await
    }

    /// The alarm about a held campaign ends when a person has decided, that about single mails of
    /// it, which dispatch raises, with the campaign. One that fits no state keeps its alarms: it
    /// is told among the misfits, and keeps no other from its step.
    pub(super) async fn clear_decided(&self) -> Result<(), StoreError> {
        let store = &self.parts.store;
        for alarm in alarms::standing(store).await? {
            let of = |kind| {
                let id = alarm.name.strip_prefix(kind).and_then(|id: &str| id.parse().ok());
                id.map(CampaignId)
            };
            let (campaign, is_held) = match (of(HELD), of(TROUBLE)) {
                (Some(campaign), _) => (campaign, true),
                // What this runner told it clears itself.
                (None, Some(campaign))
                    if campaign != MISFITS && !self.told.words.contains_key(&campaign) =>
                {
                    (campaign, false)
                }
                _ => continue,
            };
            let row = match store::campaigns::by_id(store, campaign).await {
                Err(StoreError::Inconsistent { .. }) => continue,
                row => row?,
            };
            let stands = row.is_some_and(|row| match row.state {
                CampaignState::Held { .. } => true,
                CampaignState::Finished { .. } | CampaignState::Cancelled { .. } => false,
                _ => !is_held,
            });
            if !stands {
                self.clear(&alarm.name).await?;
            }
        }
        Ok(())
    }

    /// Tells of rows that fit no state; they are left alone.
    pub(super) async fn tell_misfits(&mut self, misfits: &[StoreError]) -> Result<(), StoreError> {
        if !self.told.has_cleared {
            for alarm in alarms::standing(&self.parts.store).await? {
                if alarm.name.starts_with(TROUBLE) {
                    self.clear(&alarm.name).await?;
                }
            }
            self.told.has_cleared = true;
        }
        if misfits.is_empty() {
            return self.goes_on(MISFITS).await;
        }
        let words: Vec<String> = misfits.iter().map(ToString::to_string).collect();
        self.tell(MISFITS, words.join("; ")).await
    }

    /// Tells once what keeps a campaign from its step, as an alarm and in the log.
    pub(super) async fn tell(
        &mut self,
        campaign: CampaignId,
        words: String,
    ) -> Result<(), StoreError> {
        if self.told.words.get(&campaign) == Some(&words) {
            return Ok(());
        }
        tracing::error!(campaign.id = campaign.0, "a campaign cannot go on: {words}");
        let transaction = self.parts.store.begin().await?;
        let now = self.parts.clock.now();
        alarms::raise(&transaction, &named(TROUBLE, campaign), &words, now).await?;
        transaction.commit().await?;
        self.told.words.insert(campaign, words);
        Ok(())
    }

    /// A campaign makes its steps again.
    pub(super) async fn goes_on(&mut self, campaign: CampaignId) -> Result<(), StoreError> {
        if self.told.words.contains_key(&campaign) {
            self.clear(&named(TROUBLE, campaign)).await?;
            self.told.words.remove(&campaign);
        }
        Ok(())
    }

    async fn clear(&self, alarm: &str) -> Result<(), StoreError> {
        let transaction = self.parts.store.begin().await?;
        alarms::clear(&transaction, alarm, self.parts.clock.now()).await?;
        transaction.commit().await
    }
}

fn named(kind: &str, campaign: CampaignId) -> String {
    format!("{kind}{}", campaign.0)
}

/// What a person reads about a held campaign.
fn words_for(reason: HoldReason) -> &'static str {
    match reason {
        HoldReason::LateStart => {
            "the start of this campaign was missed by more than the limit; resume or cancel it"
        }
        HoldReason::EmptyAudience => {
            "nobody is left in the audience of this campaign; see why in its report, then resume or cancel it"
        }
        HoldReason::Breaker => {
            "too many mails of this campaign were refused, bounced or complained about; see its report, \
             then resume or cancel it"
        }
    }
}
