//! Campaigns: what they say, whom to, when, and where they stand.
//!
//! The desk (`cases::campaigns`) writes content, approval and the steps of people; the runner
//! (`mailing::campaigns`) writes the steps of time. Both change a state only as they read it.

mod report;
mod retrying;
mod standing;
mod writing;

use domain::{
    Timestamp,
    campaign::{AudienceRule, CampaignState, Content, ContentHash, HoldReason, Start},
    ids::{CampaignId, SubscriptionId},
};

use crate::{
    error::StoreError,
    row::Row,
    session::{Session, query_all, query_optional},
};

pub use report::{Counts, Report, report, sum_holds};
pub(crate) use retrying::retryable_sql;
pub use retrying::{Retried, Retryable, retry, retryable};
pub use standing::{
    Addressed, OfList, addresses_archived_list, has_candidates, name_of_contact, of_contact,
};
pub use writing::{Edited, NewCampaign, approve_start, change_state, create, edit, edit_start};

/// Who approved what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// The hash of content, audience rule and time.
    pub hash: ContentHash,
    /// By whom.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// A campaign as it stands.
#[derive(Debug, Clone)]
pub struct CampaignRow {
    /// Its id.
    pub id: CampaignId,
    /// Its name, as people of ours call it.
    pub name: String,
    /// Where it stands.
    pub state: CampaignState,
    /// What its mails say.
    pub content: Content,
    /// Whom to.
    pub audience: AudienceRule,
    /// When it starts.
    pub start: Option<Start>,
    /// The approval; it stays in the row when the campaign goes on, and goes with every change.
    pub approval: Option<Approval>,
    /// Who made it.
    pub author: String,
    /// Who wrote what it says since somebody else approved it; four eyes bind all of them.
    pub editors: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When a person or the clock last changed it.
    pub changed_at: Timestamp,
    /// Counts those changes: two editors do not overwrite each other. The freeze does not count.
    pub revision: i64,
    /// Since when it is in this state.
    pub since_at: Timestamp,
    /// The freeze has looked at the subscriptions up to here …
    pub frozen_after: SubscriptionId,
    /// … and looks at those up to here.
    pub frozen_to: Option<SubscriptionId>,
    /// Subscriptions looked at.
    pub candidates: i64,
    /// Rows in the ledger.
    pub audience_size: i64,
    /// When it finished or was cancelled.
    pub ended_at: Option<Timestamp>,
}

const COLUMNS: &str = "id, name, state, hold_reason, content, audience, starts_at, local_start, zone, approved_hash, \
                       approved_by, approved_at, author, editors, created_at, changed_at, revision, since_at, frozen_after, \
                       frozen_to, candidates, audience_size, ended_at";

fn read(row: &Row) -> Result<CampaignRow, StoreError> {
    let start = read_start(row)?;
    let approval = read_approval(row)?;
    let since_at = row.instant("campaign", "since_at")?;
    let ended_at = row.instant_option("campaign", "ended_at")?;
    Ok(CampaignRow {
        id: CampaignId(row.get("campaign", "id")?),
        name: row.get("campaign", "name")?,
        state: read_state(row, approval.as_ref(), start.as_ref(), since_at, ended_at)?,
        content: row.parsed("campaign", "content", |text| serde_json::from_str(text).ok())?,
        audience: row.parsed("campaign", "audience", |text| serde_json::from_str(text).ok())?,
        start,
        approval,
        author: row.get("campaign", "author")?,
        editors: read_editors(row)?,
        created_at: row.instant("campaign", "created_at")?,
        changed_at: row.instant("campaign", "changed_at")?,
        revision: row.get("campaign", "revision")?,
        since_at,
        frozen_after: SubscriptionId(row.get("campaign", "frozen_after")?),
        frozen_to: row.get::<Option<i64>>("campaign", "frozen_to")?.map(SubscriptionId),
        candidates: row.get("campaign", "candidates")?,
        audience_size: row.get("campaign", "audience_size")?,
        ended_at,
    })
}

/// Who wrote it; a campaign of which nobody is named was written by its author.
fn read_editors(row: &Row) -> Result<Vec<String>, StoreError> {
    let editors: Vec<String> =
        row.parsed("campaign", "editors", |text| serde_json::from_str(text).ok())?;
    if editors.is_empty() { Ok(vec![row.get("campaign", "author")?]) } else { Ok(editors) }
}

fn read_start(row: &Row) -> Result<Option<Start>, StoreError> {
    let at = row.instant_option("campaign", "starts_at")?;
    let local: Option<String> = row.get("campaign", "local_start")?;
    let zone: Option<String> = row.get("campaign", "zone")?;
    match (at, local, zone) {
        (Some(at), Some(local), Some(zone)) => Ok(Some(Start { at, local, zone })),
        (None, None, None) => Ok(None),
        _ => Err(row.misfit("campaign", "starts_at")),
    }
}

fn read_approval(row: &Row) -> Result<Option<Approval>, StoreError> {
    let hash: Option<Vec<u8>> = row.get("campaign", "approved_hash")?;
    let by: Option<String> = row.get("campaign", "approved_by")?;
    let at = row.instant_option("campaign", "approved_at")?;
    match (hash, by, at) {
        (Some(hash), Some(by), Some(at)) => {
            let hash = hash.try_into().map_err(|_| row.misfit("campaign", "approved_hash"))?;
            Ok(Some(Approval { hash, by, at }))
        }
        (None, None, None) => Ok(None),
        _ => Err(row.misfit("campaign", "approved_hash")),
    }
}

/// A state holds exactly what is true in it; a row that lacks it is a misfit (invariant 15).
fn read_state(
    row: &Row,
    approval: Option<&Approval>,
    start: Option<&Start>,
    since_at: Timestamp,
    ended_at: Option<Timestamp>,
) -> Result<CampaignState, StoreError> {
    let hold = row.parsed_option("campaign", "hold_reason", HoldReason::from_name)?;
    row.parsed("campaign", "state", |word| match (word, approval, start, hold) {
        ("draft", None, _, None) => Some(CampaignState::Draft),
        ("approved", Some(approval), _, None) => {
            Some(CampaignState::Approved { hash: approval.hash, by: approval.by.clone() })
        }
        ("scheduled", Some(approval), Some(start), None) => Some(CampaignState::Scheduled {
            hash: approval.hash,
            by: approval.by.clone(),
            starts_at: start.at,
        }),
        ("freezing", Some(_), _, None) => Some(CampaignState::Freezing { since_at }),
        ("running", Some(_), _, None) => Some(CampaignState::Running),
        ("paused", Some(_), _, None) => Some(CampaignState::Paused),
        ("held", Some(_), _, Some(reason)) => Some(CampaignState::Held { reason }),
        ("finished", Some(_), _, None) => ended_at.map(|at| CampaignState::Finished { at }),
        ("cancelled", _, _, None) => ended_at.map(|at| CampaignState::Cancelled { at }),
        _ => None,
    })
}

/// One campaign.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn by_id(
    session: &impl Session,
    campaign: CampaignId,
) -> Result<Option<CampaignRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM campaign WHERE id = $1");
    query_optional(session, &sql, [campaign.0.into()]).await?.as_ref().map(read).transpose()
}

/// One campaign by its name.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn by_name(
    session: &impl Session,
    name: &str,
) -> Result<Option<CampaignRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM campaign WHERE name = $1");
    query_optional(session, &sql, [name.into()]).await?.as_ref().map(read).transpose()
}

/// One page of campaigns, newest first, below `before`.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn page(
    session: &impl Session,
    before: Option<CampaignId>,
    limit: u32,
) -> Result<Vec<CampaignRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM campaign WHERE id < $1 ORDER BY id DESC LIMIT $2");
    let before = before.map_or(i64::MAX, |id| id.0);
    let rows = query_all(session, &sql, [before.into(), i64::from(limit).into()]).await?;
    rows.iter().map(read).collect()
}

/// The campaigns that need the runner: scheduled and due, freezing, running, and cancelled ones
/// whose rows still wait. A row that fits no state is left out and told, so that one misfit does
/// not stop the others.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn at_work(
    session: &impl Session,
    now: Timestamp,
) -> Result<(Vec<CampaignRow>, Vec<StoreError>), StoreError> {
    let rows = query_all(session, &at_work_sql(), [now.as_microsecond().into()]).await?;
    let (mut fitting, mut misfits) = (Vec::with_capacity(rows.len()), Vec::new());
    for row in &rows {
        match read(row) {
            Ok(campaign) => fitting.push(campaign),
            Err(error) => misfits.push(error),
        }
    }
    Ok((fitting, misfits))
}

/// Of a cancelled campaign the first row that waits is looked for, in the order of its index:
/// with EXISTS all its rows are walked, each second for ever.
pub(crate) fn at_work_sql() -> String {
    format!(
        "SELECT {COLUMNS} FROM campaign WHERE state IN ('scheduled', 'freezing', 'running', 'cancelled') \
         AND (state <> 'scheduled' OR starts_at <= $1) \
         AND (state <> 'cancelled' OR (SELECT delivery.id FROM delivery WHERE delivery.campaign_id IS NOT NULL \
         AND delivery.campaign_id = campaign.id AND delivery.state IN ('planned', 'deferred') \
         ORDER BY delivery.next_try_at, delivery.id LIMIT 1) IS NOT NULL) ORDER BY id"
    )
}
