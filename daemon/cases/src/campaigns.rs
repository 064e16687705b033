//! The campaign desk: what people do with a campaign before, while and after it goes out.
//!
//! Called by the command line and, later, by the console. A campaign is written, looked at,
//! approved, scheduled, paused, resumed, cancelled and tried again here; `mailing` starts,
//! freezes, sends and finishes it. Each step is one transaction with its audit event, and every
//! change of state happens only to what was read.

mod approving;
mod previewing;
mod retrying;
mod rules;
mod stopping;
mod testing;
mod wording;
mod writing;

use domain::{
    campaign::{CampaignRule, CampaignState, ContentHash},
    ids::CampaignId,
    words::InvalidTransition,
};
use store::{
    Session, Transaction,
    campaigns::{CampaignRow, Report},
};

pub use approving::Begin;
pub use previewing::{Preview, PreviewVerdict, Reader};
pub use retrying::Retry;
pub use store::campaigns::Retried;
pub use writing::{CampaignChange, NewCampaign};

use crate::{Cases, CasesError};

/// How often a step is decided anew when the runner changed the campaign at the same moment.
const STEP_TRIES: u32 = 5;

/// What the administrator set about campaigns. By default nothing signs, so nothing is approved.
#[derive(Debug, Clone, Default)]
pub struct CampaignSettings {
    /// Whether we, or the relay, sign the mails of campaigns (DKIM).
    pub signs: bool,
    /// Whether the author of a campaign may not approve it.
    pub four_eyes: bool,
    /// Whether each mail advertises medical services (38-FZ art. 24 part 7).
    pub medical_advertising: bool,
}

impl Cases {
    /// One page of campaigns, newest first.
    ///
    /// # Errors
    /// [`CasesError::Store`].
    pub async fn campaigns(
        &self,
        before: Option<CampaignId>,
        limit: u32,
    ) -> Result<Vec<CampaignRow>, CasesError> {
        Ok(store::campaigns::page(self.store(), before, limit).await?)
    }

    /// A campaign by its name, or by its number.
    ///
    /// # Errors
    /// [`CasesError::NotFound`], [`CasesError::Store`].
    pub async fn campaign(&self, campaign: &str) -> Result<CampaignRow, CasesError> {
        find(self.store(), campaign).await
    }

    /// What became of a campaign, of one snapshot.
    ///
    /// # Errors
    /// [`CasesError::NotFound`], [`CasesError::Store`].
    pub async fn campaign_report(
        &self,
        campaign: &str,
    ) -> Result<(CampaignRow, Report), CasesError> {
        let row = self.campaign(campaign).await?;
        let report = store::campaigns::report(self.store(), row.id).await?;
        Ok((row, report))
    }
}

async fn find(session: &impl Session, campaign: &str) -> Result<CampaignRow, CasesError> {
    if let Some(row) = store::campaigns::by_name(session, campaign).await? {
        return Ok(row);
    }
    let by_number = match campaign.parse() {
        Ok(id) => store::campaigns::by_id(session, CampaignId(id)).await?,
        Err(_) => None,
    };
    by_number.ok_or_else(|| CasesError::NotFound { what: "campaign", id: campaign.to_owned() })
}

/// Reads a campaign again inside a transaction that changed it.
async fn again(transaction: &Transaction, id: CampaignId) -> Result<CampaignRow, CasesError> {
    store::campaigns::by_id(transaction, id)
        .await?
        .ok_or_else(|| CasesError::NotFound { what: "campaign", id: id.to_string() })
}

/// The hash of what a campaign says now.
#[must_use]
pub fn hash_of(row: &CampaignRow) -> ContentHash {
    domain::campaign::content_hash(&row.content, &row.audience, row.start.as_ref())
}

/// Moves a campaign and writes who did it.
async fn moved(
    transaction: &Transaction,
    row: &CampaignRow,
    to: &CampaignState,
    step: Step<'_>,
    now: domain::Timestamp,
) -> Result<(), CasesError> {
    store::campaigns::change_state(transaction, row, to, now).await?;
    audited(transaction, row.id, hash_of(row), step, now).await
}

/// Who does what, for the audit.
#[derive(Debug, Clone, Copy)]
struct Step<'a> {
    actor: &'a str,
    act: &'a str,
}

async fn audited(
    transaction: &Transaction,
    campaign: CampaignId,
    hash: ContentHash,
    step: Step<'_>,
    now: domain::Timestamp,
) -> Result<(), CasesError> {
    let detail = serde_json::json!({ "hash": hex::encode(hash) });
    let subject = format!("campaign:{campaign}");
    store::audit::append(transaction, step.actor, step.act, &subject, &detail, now).await?;
    Ok(())
}

/// A step that the machine does not have.
fn illegal(error: InvalidTransition) -> CasesError {
    let reason = format!("{error}; see `consentry campaign show`");
    CasesError::Refused { rule: "campaign_state", reason }
}

fn broken(rule: CampaignRule) -> CasesError {
    CasesError::Refused { rule: rule.name(), reason: rule.to_string() }
}
