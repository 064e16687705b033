//! A campaign is made, changed and moved from state to state.

use domain::{
    Timestamp,
    campaign::{AudienceRule, CampaignState, Content, Start},
    ids::CampaignId,
};
use sea_orm::Value;

use crate::{
    campaigns::{Approval, CampaignRow},
    error::StoreError,
    session::{Transaction, change_one, execute, query_one},
};

/// A campaign to be made.
#[derive(Debug, Clone)]
pub struct NewCampaign<'a> {
    /// Its name.
    pub name: &'a str,
    /// What its mails say.
    pub content: &'a Content,
    /// Whom to.
    pub audience: &'a AudienceRule,
    /// When, if that is known.
    pub start: Option<&'a Start>,
    /// Who made it.
    pub author: &'a str,
}

/// What an edited campaign says now.
#[derive(Debug, Clone)]
pub struct Edited<'a> {
    /// What its mails say.
    pub content: &'a Content,
    /// Whom to.
    pub audience: &'a AudienceRule,
    /// When.
    pub start: Option<&'a Start>,
    /// Who wrote this, and what stayed of it.
    pub editors: &'a [String],
}

fn to_json(words: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(words)
        .map_err(|_| StoreError::Defect("a campaign cannot be written".to_owned()))
}

fn start_values(start: Option<&Start>) -> [Value; 3] {
    [
        start.map(|start| start.at.as_microsecond()).into(),
        start.map(|start| start.local.clone()).into(),
        start.map(|start| start.zone.clone()).into(),
    ]
}

/// Makes a draft.
///
/// # Errors
/// [`StoreError::Duplicate`] when the name is taken; [`StoreError::Unavailable`].
pub async fn create(
    transaction: &Transaction,
    campaign: &NewCampaign<'_>,
    now: Timestamp,
) -> Result<CampaignId, StoreError> {
    let sql = "INSERT INTO campaign (name, state, content, audience, starts_at, local_start, zone, author, \
               editors, created_at, changed_at, since_at) VALUES ($1, 'draft', $2, $3, $4, $5, $6, $7, $8, $9, $9, $9) \
               RETURNING id";
    let values = [
        campaign.name.into(),
        to_json(campaign.content)?.into(),
        to_json(campaign.audience)?.into(),
    ]
    .into_iter()
    .chain(start_values(campaign.start))
    .chain([
        campaign.author.into(),
        to_json(&[campaign.author])?.into(),
        now.as_microsecond().into(),
    ]);
    let id = CampaignId(query_one(transaction, sql, values).await?.get("campaign", "id")?);
    write_lists(transaction, id, campaign.audience).await?;
    Ok(id)
}

/// Writes what the campaign says now, as a draft: the approval is void (invariant 17). `row` is
/// the campaign as the editor read it.
///
/// # Errors
/// [`StoreError::Conflict`] when somebody changed it meanwhile; [`StoreError::Unavailable`].
pub async fn edit(
    transaction: &Transaction,
    row: &CampaignRow,
    edited: &Edited<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE campaign SET state = 'draft', content = $4, audience = $5, starts_at = $6, local_start = $7, \
               zone = $8, approved_hash = NULL, approved_by = NULL, approved_at = NULL, editors = $9, \
               changed_at = $10, since_at = CASE WHEN state = 'draft' THEN since_at ELSE $10 END, revision = revision + 1 \
               WHERE id = $1 AND state = $2 AND revision = $3 AND state IN ('draft', 'approved', 'scheduled')";
    let values = [
        row.id.0.into(),
        row.state.name().into(),
        row.revision.into(),
        to_json(edited.content)?.into(),
        to_json(edited.audience)?.into(),
    ]
    .into_iter()
    .chain(start_values(edited.start))
    .chain([to_json(&edited.editors)?.into(), now.as_microsecond().into()]);
    change_one(transaction, "campaign", sql, values).await?;
    execute(transaction, "DELETE FROM campaign_list WHERE campaign_id = $1", [row.id.0.into()])
        .await?;
    write_lists(transaction, row.id, edited.audience).await
}

/// Writes another start; the rest stays. The approval is void.
///
/// # Errors
/// [`StoreError::Conflict`] when somebody changed it meanwhile; [`StoreError::Unavailable`].
pub async fn edit_start(
    transaction: &Transaction,
    row: &CampaignRow,
    start: &Start,
    now: Timestamp,
) -> Result<(), StoreError> {
    let edited = Edited {
        content: &row.content,
        audience: &row.audience,
        start: Some(start),
        editors: &row.editors,
    };
    edit(transaction, row, &edited, now).await
}

/// The approver of a held campaign approves another start for it: it goes on in its state.
///
/// # Errors
/// [`StoreError::Conflict`] when somebody changed it meanwhile; [`StoreError::Unavailable`].
pub async fn approve_start(
    transaction: &Transaction,
    row: &CampaignRow,
    start: &Start,
    approval: &Approval,
) -> Result<(), StoreError> {
    let sql = "UPDATE campaign SET starts_at = $4, local_start = $5, zone = $6, approved_hash = $7, approved_by = $8, \
               approved_at = $9, changed_at = $9, revision = revision + 1 \
               WHERE id = $1 AND state = $2 AND revision = $3 AND state = 'held'";
    let values = [row.id.0.into(), row.state.name().into(), row.revision.into()]
        .into_iter()
        .chain(start_values(Some(start)))
        .chain([
            approval.hash.to_vec().into(),
            approval.by.as_str().into(),
            approval.at.as_microsecond().into(),
        ]);
    change_one(transaction, "campaign", sql, values).await
}

/// `campaign_list` says for SQL what the audience rule says.
async fn write_lists(
    transaction: &Transaction,
    campaign: CampaignId,
    audience: &AudienceRule,
) -> Result<(), StoreError> {
    // Whoever stands on an excluded list is left out: named as both, the list excludes.
    let sql = "INSERT INTO campaign_list (campaign_id, list_id, role) VALUES ($1, $2, $3) \
               ON CONFLICT (campaign_id, list_id) DO NOTHING";
    let except = audience.except.iter().map(|list| (list, "except"));
    let to = audience.to.iter().map(|list| (list, "to"));
    for (list, role) in except.chain(to) {
        execute(transaction, sql, [campaign.0.into(), list.0.into(), role.into()]).await?;
    }
    Ok(())
}

/// Moves a campaign to `to`, if it still is as `row` was read (state and revision). Approval,
/// hold reason and end follow the state: an approval comes with approved, stays from then on and
/// goes with a draft. A freeze that begins begins from nothing.
///
/// # Errors
/// [`StoreError::Conflict`] when somebody was first; [`StoreError::Unavailable`].
pub async fn change_state(
    transaction: &Transaction,
    row: &CampaignRow,
    to: &CampaignState,
    now: Timestamp,
) -> Result<(), StoreError> {
    let approved = match to {
        CampaignState::Approved { hash, by } => Some((hash.to_vec(), by.clone(), now)),
        CampaignState::Draft => None,
        CampaignState::Scheduled { .. }
        | CampaignState::Freezing { .. }
        | CampaignState::Running
        | CampaignState::Paused
        | CampaignState::Held { .. }
        | CampaignState::Finished { .. }
        | CampaignState::Cancelled { .. } => row
            .approval
            .as_ref()
            .map(|approval| (approval.hash.to_vec(), approval.by.clone(), approval.at)),
    };
    let (hash, by, at) = match approved {
        Some((hash, by, at)) => (Some(hash), Some(by), Some(at.as_microsecond())),
        None => (None, None, None),
    };
    let hold_reason = match to {
        CampaignState::Held { reason } => Some(reason.name()),
        _ => None,
    };
    let ended_at = match to {
        CampaignState::Finished { at } | CampaignState::Cancelled { at } => {
            Some(at.as_microsecond())
        }
        _ => None,
    };
    let sql = "UPDATE campaign SET state = $4, hold_reason = $5, ended_at = $6, approved_hash = $7, approved_by = $8, \
               approved_at = $9, since_at = $10, changed_at = $10, revision = revision + 1 \
               WHERE id = $1 AND state = $2 AND revision = $3";
    let values = [
        row.id.0.into(),
        row.state.name().into(),
        row.revision.into(),
        to.name().into(),
        hold_reason.into(),
        ended_at.into(),
        hash.into(),
        by.into(),
        at.into(),
        now.as_microsecond().into(),
    ];
    change_one(transaction, "campaign", sql, values).await?;
    if matches!(to, CampaignState::Freezing { .. }) {
        forget_freeze(transaction, row.id).await?;
    }
    Ok(())
}

/// An empty audience is frozen anew: what was counted then is not counted twice.
async fn forget_freeze(transaction: &Transaction, campaign: CampaignId) -> Result<(), StoreError> {
    let sql = "UPDATE campaign SET frozen_after = 0, frozen_to = NULL, candidates = 0, audience_size = 0 \
               WHERE id = $1";
    execute(transaction, sql, [campaign.0.into()]).await?;
    let sql = "DELETE FROM campaign_exclusion WHERE campaign_id = $1";
    execute(transaction, sql, [campaign.0.into()]).await?;
    Ok(())
}
