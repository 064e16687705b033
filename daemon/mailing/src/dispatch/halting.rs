//! A campaign whose mails cannot be made as a whole is held for a person.
//!
//! A numbered stop, as the breaker's: its rows in hand go back, nothing more of it is claimed, and
//! nobody loses a mail. The alarm names the remedy; the runner clears it when a person has decided.

use domain::campaign::{CampaignState, HoldReason};
use domain::ids::CampaignId;
use store::campaigns::{self, change_state};
use store::stops::StopKind;
use store::{StoreError, alarms, audit};

use super::Engine;
use crate::stops::{PendingStops, Stopped};

/// Who acts, in the audit log.
const ACTOR: &str = "dispatch";

/// Holds a running campaign; one that does not run any more is left as it is.
pub(super) async fn hold(
    engine: &Engine,
    campaign: CampaignId,
    why: &str,
) -> Result<(), StoreError> {
    let parts = &engine.parts;
    let now = parts.clock.now();
    let transaction = parts.store.begin().await?;
    let row = campaigns::by_id(&transaction, campaign).await?;
    let Some(row) = row.filter(|row| row.state == CampaignState::Running) else {
        return transaction.rollback().await;
    };
    let reason = HoldReason::Breaker;
    match change_state(&transaction, &row, &CampaignState::Held { reason }, now).await {
        // Somebody was first: the next row that is claimed finds what stands then.
        Err(StoreError::Conflict { .. }) => return transaction.rollback().await,
        changed => changed?,
    }
    let detail = format!("this campaign is held: {why}");
    alarms::raise(&transaction, &format!("campaign_held/{campaign}"), &detail, now).await?;
    let subject = format!("campaign:{campaign}");
    let told = serde_json::json!({ "reason": reason.name(), "because": "no_mails" });
    audit::append(&transaction, ACTOR, "campaign.held", &subject, &told, now).await?;
    let mut stops = PendingStops::new();
    let kind = StopKind::Pause;
    let stopped = Stopped { kind, scope: &subject, digests: Vec::new(), contact: None };
    stops.record(&transaction, parts.entropy.as_ref(), stopped, now).await?;
    stops.commit(transaction, &parts.store, &parts.stop_journal, now).await?;
    tracing::error!(campaign.id = %campaign, "a campaign is held: {why}");
    Ok(())
}
