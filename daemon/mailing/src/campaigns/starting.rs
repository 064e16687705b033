//! A campaign's time has come: it freezes, or it is held because it is too late.

use domain::campaign::{CampaignRule, CampaignState, ContentHash, content_hash};
use store::{
    StoreError,
    campaigns::{Addressed, CampaignRow, addresses_archived_list, change_state},
};

use super::{Runner, Turned, impossible};

impl Runner {
    /// Starts a campaign that is due, if what it says is what was approved (invariant 17).
    pub(super) async fn start(
        &mut self,
        row: &CampaignRow,
        approved: ContentHash,
    ) -> Result<Turned, StoreError> {
        if content_hash(&row.content, &row.audience, row.start.as_ref()) != approved {
            return Err(StoreError::Inconsistent {
                table: "campaign",
                row: row.id.to_string(),
                what:
                    "content, audience or time is not what was approved, edit and approve it again"
                        .to_owned(),
            });
        }
        let now = self.parts.clock.now();
        let to =
            row.state.clone().start(now, self.parts.settings.late_start).map_err(impossible)?;
        let transaction = self.parts.store.begin().await?;
        if addresses_archived_list(&transaction, row.id).await? == Addressed::ArchivedList {
            return Err(StoreError::Inconsistent {
                table: "campaign",
                row: row.id.to_string(),
                what: CampaignRule::ListArchived.to_string(),
            });
        }
        change_state(&transaction, row, &to, now).await?;
        match &to {
            CampaignState::Held { reason } => self.tell_held(&transaction, row, *reason).await?,
            _ => {
                self.record(&transaction, row, "campaign.freezing", &serde_json::json!({})).await?
            }
        }
        transaction.commit().await?;
        tracing::info!(campaign.id = row.id.0, campaign.state = to.name(), "a campaign is due");
        Ok(Turned::Something)
    }
}
