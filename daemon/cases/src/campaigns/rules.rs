//! The rules a campaign must keep, gathered before it is approved, scheduled or resumed.

use domain::{
    campaign::{
        CampaignRule,
        rules::{
            FourEyes, IssueFacts, Kept, broken_rule, is_covered, may_approve,
            warns_of_contraindications,
        },
    },
    ids::ListId,
};
use store::{
    Transaction,
    campaigns::{Addressed, CampaignRow},
};

use super::{broken, hash_of, wording};
use crate::{Cases, CasesError};

impl Cases {
    pub(super) fn four_eyes(&self) -> FourEyes {
        if self.campaigns.four_eyes { FourEyes::On } else { FourEyes::Off }
    }

    /// Refuses an issue that breaks a rule of its own, whoever approves it: its template, its
    /// audience, its link to leave, its warning, its signature.
    pub(super) async fn check_issue(
        &self,
        session: &Transaction,
        row: &CampaignRow,
    ) -> Result<(), CasesError> {
        // First, so that no list is archived while the rest is looked at.
        if store::campaigns::addresses_archived_list(session, row.id).await?
            == Addressed::ArchivedList
        {
            return Err(broken(CampaignRule::ListArchived));
        }
        // A rule of the checker may be younger than the campaign.
        let facts = wording::check(&row.content)?;
        let kept = |yes| if yes { Kept::Yes } else { Kept::No };
        // Each list has a frame of its own: its title and advertiser stand in the mail.
        let mut lists: Vec<Option<ListId>> = row.audience.to.iter().copied().map(Some).collect();
        if lists.is_empty() {
            lists.push(None);
        }
        let name = wording::sample_name(row.content.locale);
        let mut warned = true;
        for list in lists {
            let mail = self.render_campaign(session, row, list, name).await?;
            warned &= [&mail.html, &mail.text].iter().all(|part| warns_of_contraindications(part));
        }
        let facts = IssueFacts {
            audience: kept(store::campaigns::has_candidates(session, row.id).await?),
            unsubscribe_link: kept(facts.has_unsubscribe_link),
            warning: if self.campaigns.medical_advertising {
                kept(warned)
            } else {
                Kept::NotNeeded
            },
            signature: kept(self.campaigns.signs),
        };
        broken_rule(&facts).map_or(Ok(()), |rule| Err(broken(rule)))
    }

    /// Refuses a campaign whose approval does not cover what it says now, or was given by who
    /// wrote it while four eyes must see it.
    pub(super) fn check_approval(&self, row: &CampaignRow) -> Result<(), CasesError> {
        let approval = row.approval.as_ref();
        is_covered(approval.map(|approval| approval.hash), hash_of(row)).map_err(broken)?;
        let by = approval.map_or("", |approval| approval.by.as_str());
        may_approve(&row.editors, by, self.four_eyes()).map_err(broken)
    }
}
