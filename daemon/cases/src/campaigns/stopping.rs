//! A person pauses, resumes or cancels. Pause and cancel are stops: numbered by the last
//! statements of their transaction, so that no START comes later than a second after it.

use domain::{
    Timestamp,
    campaign::{CampaignState, Start, content_hash, rules::is_same_person},
};
use store::{
    StoreError, Transaction,
    campaigns::{Approval, CampaignRow},
    stops::StopKind,
};

use super::{STEP_TRIES, Step, again, approving::not_approved, audited, find, illegal, moved};
use crate::{
    Cases, CasesError,
    filing::{PendingStops, Stopped},
};

/// What a person does to a campaign under way.
#[derive(Debug, Clone, Copy)]
enum Act {
    Pause,
    Resume,
    Cancel,
}

impl Act {
    fn name(self) -> &'static str {
        match self {
            Self::Pause => "paused",
            Self::Resume => "resumed",
            Self::Cancel => "cancelled",
        }
    }

    fn stop(self) -> Option<StopKind> {
        match self {
            Self::Pause => Some(StopKind::Pause),
            Self::Cancel => Some(StopKind::Cancel),
            Self::Resume => None,
        }
    }
}

impl Cases {
    /// Stops a running campaign for now.
    ///
    /// # Errors
    /// [`CasesError::Refused`] by `campaign_state` unless it runs; [`CasesError::Store`].
    pub async fn pause_campaign(&self, campaign: &str, actor: &str) -> Result<(), CasesError> {
        self.act_on_campaign(campaign, Act::Pause, actor).await
    }

    /// Lets a paused or held campaign go on, if it still keeps every rule. Held for a late start or
    /// an empty audience it begins now, which is for its approver to approve.
    ///
    /// # Errors
    /// [`CasesError::Refused`] with the name of the rule; [`CasesError::Store`].
    pub async fn resume_campaign(&self, campaign: &str, actor: &str) -> Result<(), CasesError> {
        self.act_on_campaign(campaign, Act::Resume, actor).await
    }

    /// Ends a campaign: what was not sent will not be.
    ///
    /// # Errors
    /// [`CasesError::Refused`] by `campaign_state` when it has ended; [`CasesError::Store`].
    pub async fn cancel_campaign(&self, campaign: &str, actor: &str) -> Result<(), CasesError> {
        self.act_on_campaign(campaign, Act::Cancel, actor).await
    }

    /// The runner may move the campaign at the same moment (frozen, finished, held): then the
    /// step is decided anew, on what is there now.
    async fn act_on_campaign(
        &self,
        campaign: &str,
        act: Act,
        actor: &str,
    ) -> Result<(), CasesError> {
        let mut tries = 1;
        loop {
            match self.act_once(campaign, act, actor).await {
                Err(CasesError::Store(StoreError::Conflict { .. })) if tries < STEP_TRIES => {
                    tries += 1;
                }
                other => return other,
            }
        }
    }

    async fn act_once(&self, campaign: &str, act: Act, actor: &str) -> Result<(), CasesError> {
        let now = self.parts.clock.now();
        let transaction = self.store().begin().await?;
        let mut row = find(&transaction, campaign).await?;
        let to = next(&row, act, now)?;
        if let Act::Resume = act {
            self.check_approval(&row)?;
            self.check_issue(&transaction, &row).await?;
            if let CampaignState::Freezing { .. } = to {
                row = self.approve_now(&transaction, &row, actor, now).await?;
            }
        }
        moved(&transaction, &row, &to, Step { actor, act: act.name() }, now).await?;
        let mut stops = PendingStops::default();
        if let Some(kind) = act.stop() {
            let scope = format!("campaign:{}", row.id);
            let stopped = Stopped {
                kind,
                scope: &scope,
                digests: Vec::new(),
                contact: None,
                block: None,
                submission: None,
            };
            self.record_stop(&transaction, stopped, &mut stops, now).await?;
        }
        self.commit(transaction, stops, now).await
    }

    /// What was held before it ran freezes at another time than the approved one: the resume is
    /// an approval of that time, so it is the approver's alone.
    async fn approve_now(
        &self,
        transaction: &Transaction,
        row: &CampaignRow,
        actor: &str,
        now: Timestamp,
    ) -> Result<CampaignRow, CasesError> {
        let approver = row.approval.as_ref().map_or("", |approval| approval.by.as_str());
        if !is_same_person(approver, actor) {
            let reason = "the approval covers the time that was set; let the approver resume it, \
                          or cancel it";
            return Err(not_approved(reason));
        }
        let start = Start::at_once(now, &self.parts.settings.zone);
        let hash = content_hash(&row.content, &row.audience, Some(&start));
        let approval = Approval { hash, by: actor.to_owned(), at: now };
        store::campaigns::approve_start(transaction, row, &start, &approval).await?;
        audited(transaction, row.id, hash, Step { actor, act: "approved" }, now).await?;
        again(transaction, row.id).await
    }
}

fn next(row: &CampaignRow, act: Act, now: Timestamp) -> Result<CampaignState, CasesError> {
    let state = row.state.clone();
    match act {
        Act::Pause => state.pause(),
        Act::Resume => state.resume(now),
        Act::Cancel => state.cancel(now),
    }
    .map_err(illegal)
}
