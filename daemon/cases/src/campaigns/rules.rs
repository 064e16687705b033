//! The rules a campaign must keep, gathered before it is approved, scheduled or resumed.

use domain::campaign::rules::{
    FourEyes, IssueFacts, Kept, broken_rule, is_covered, may_approve, warns_of_contraindications,
};
use store::{Session, campaigns::CampaignRow};

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
        session: &impl Session,
        row: &CampaignRow,
    ) -> Result<(), CasesError> {
        // A rule of the checker may be younger than the campaign.
        let facts = wording::check(&row.content)?;
        let mail = self.render_sample(session, row).await?;
        let kept = |yes| if yes { Kept::Yes } else { Kept::No };
        let warned = [&mail.html, &mail.text].iter().all(|part| warns_of_contraindications(part));
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

    /// Refuses a campaign whose approval does not cover what it says now, or was given by its
    /// author while four eyes must see it.
    pub(super) fn check_approval(&self, row: &CampaignRow) -> Result<(), CasesError> {
        let approval = row.approval.as_ref();
        is_covered(approval.map(|approval| approval.hash), hash_of(row)).map_err(broken)?;
        let by = approval.map_or("", |approval| approval.by.as_str());
        may_approve(&row.author, by, self.four_eyes()).map_err(broken)
    }
}
