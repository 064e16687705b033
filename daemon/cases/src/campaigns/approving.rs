//! A person approves exactly what a campaign says, whom to and when; then it waits for its time.

use domain::campaign::{CampaignRule, ContentHash, Start, rules};
use store::campaigns::CampaignRow;

use super::{Step, again, broken, find, hash_of, illegal, moved};
use crate::{Cases, CasesError};

/// When a campaign is to begin.
#[derive(Debug, Clone)]
pub enum Begin {
    /// As the approval says.
    AsApproved,
    /// At another time.
    At(Start),
    /// At once.
    AtOnce,
}

impl Cases {
    /// Approves content, audience rule and time of a draft; returns the hash that is covered.
    /// The approver may be the author unless four eyes must see it.
    ///
    /// # Errors
    /// As for [`Cases::approve_seen_campaign`].
    pub async fn approve_campaign(
        &self,
        campaign: &str,
        actor: &str,
    ) -> Result<ContentHash, CasesError> {
        self.approve_seen_campaign(campaign, None, actor).await
    }

    /// Approves a draft only if it still is what the approver has `seen`: what
    /// [`Cases::preview_campaign`] and `campaign show` gave the hash of.
    ///
    /// # Errors
    /// [`CasesError::Refused`] with the name of the rule; [`store::StoreError::Conflict`] when
    /// somebody changed it meanwhile.
    pub async fn approve_seen_campaign(
        &self,
        campaign: &str,
        seen: Option<ContentHash>,
        actor: &str,
    ) -> Result<ContentHash, CasesError> {
        let now = self.parts.clock.now();
        let transaction = self.store().begin().await?;
        let row = find(&transaction, campaign).await?;
        let hash = hash_of(&row);
        let to = row.state.clone().approve(hash, actor).map_err(illegal)?;
        if seen.is_some_and(|seen| seen != hash) {
            let reason = "it was changed since; look at it with `campaign preview` and approve \
                          the hash that is told there";
            return Err(not_approved(reason));
        }
        rules::may_approve(&row.editors, actor, self.four_eyes()).map_err(broken)?;
        if row.start.is_some() {
            rules::coming(row.start.as_ref(), now).map_err(broken)?;
        }
        self.check_issue(&transaction, &row).await?;
        moved(&transaction, &row, &to, Step { actor, act: "approved" }, now).await?;
        transaction.commit().await?;
        Ok(hash)
    }

    /// Schedules an approved campaign. The approval covers the time: with another time than the
    /// approved one it is void, and only the person who gave it may give it anew by setting that
    /// time.
    ///
    /// # Errors
    /// [`CasesError::Refused`] with the name of the rule; [`store::StoreError::Conflict`] when
    /// somebody changed it meanwhile.
    pub async fn schedule_campaign(
        &self,
        campaign: &str,
        begin: &Begin,
        actor: &str,
    ) -> Result<Start, CasesError> {
        let now = self.parts.clock.now();
        let transaction = self.store().begin().await?;
        let mut row = find(&transaction, campaign).await?;
        let approver = row.approval.as_ref().map(|approval| approval.by.clone());
        let approver = approver.ok_or_else(|| broken(CampaignRule::NotApproved))?;
        self.check_approval(&row)?;
        let start = match begin {
            Begin::AsApproved => row.start.clone(),
            Begin::At(start) => Some(start.clone()),
            Begin::AtOnce => Some(Start::at_once(now, &self.parts.settings.zone)),
        };
        let start = rules::coming(start.as_ref(), now).map_err(broken)?.clone();
        if row.start.as_ref() != Some(&start) {
            row.state.clone().change().map_err(illegal)?;
            if !rules::is_same_person(&approver, actor) {
                return Err(other_time());
            }
            row = self.approve_time(&transaction, &row, &start, actor, now).await?;
        }
        let to = row.state.clone().schedule(hash_of(&row), start.at).map_err(illegal)?;
        self.check_issue(&transaction, &row).await?;
        moved(&transaction, &row, &to, Step { actor, act: "scheduled" }, now).await?;
        transaction.commit().await?;
        // A runner that sleeps until the next start looks again.
        self.store().deliveries_planned().notify_waiters();
        Ok(start)
    }

    /// The approver approves the same content and audience for another time.
    async fn approve_time(
        &self,
        transaction: &store::Transaction,
        row: &CampaignRow,
        start: &Start,
        actor: &str,
        now: domain::Timestamp,
    ) -> Result<CampaignRow, CasesError> {
        store::campaigns::edit_start(transaction, row, start, now).await?;
        let row = again(transaction, row.id).await?;
        let to = row.state.clone().approve(hash_of(&row), actor).map_err(illegal)?;
        rules::may_approve(&row.editors, actor, self.four_eyes()).map_err(broken)?;
        moved(transaction, &row, &to, Step { actor, act: "approved" }, now).await?;
        again(transaction, row.id).await
    }
}

fn other_time() -> CasesError {
    let reason = "the approval covers another time; let the approver schedule it, or set the time \
                  with `campaign edit` and have it approved again";
    not_approved(reason)
}

pub(super) fn not_approved(reason: &str) -> CasesError {
    CasesError::Refused { rule: CampaignRule::NotApproved.name(), reason: reason.to_owned() }
}
