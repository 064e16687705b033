//! What the mails of a campaign say, for looking at: the checker's findings in words, and one mail
//! rendered for one reader. `mailing` renders the mails that go out.

use domain::{campaign::Content, ids::ListId, language::Locale};
use render::{
    CampaignTemplate, Finding,
    campaign::{ContentFacts, Frame, Recipient, RenderedCampaign},
};
use store::{Session, campaigns::CampaignRow};

use crate::{Cases, CasesError};

/// Refuses a content that breaks a rule of the checker, with every line and reason.
pub(super) fn check(content: &Content) -> Result<ContentFacts, CasesError> {
    render::campaign::check(content).map_err(|findings| refused(&findings))
}

fn refused(findings: &[Finding]) -> CasesError {
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    CasesError::Refused { rule: "template", reason: lines.join("\n") }
}

/// A name for a reader who is nobody.
pub(super) fn sample_name(locale: Locale) -> &'static str {
    match locale {
        Locale::Ru => "Анна Образцова",
        Locale::En => "Anna Sample",
    }
}

impl Cases {
    /// One mail of the campaign, as somebody of `list` called `name` would get it. Its link to
    /// leave belongs to nobody.
    pub(super) async fn render_campaign(
        &self,
        session: &impl Session,
        row: &CampaignRow,
        list: Option<ListId>,
        name: &str,
    ) -> Result<RenderedCampaign, CasesError> {
        let locale = row.content.locale;
        let list = match list {
            Some(list) => store::lists::by_id(session, list).await?,
            None => None,
        };
        let settings = &self.parts.settings;
        let frame = Frame {
            organisation: settings.organisation.clone(),
            contact: settings.contact.clone(),
            // A draft may have no list yet; then the organisation speaks for itself.
            advertiser: list
                .as_ref()
                .map_or_else(|| settings.organisation.clone(), |list| list.advertiser.clone()),
            list_title: list
                .as_ref()
                .map_or_else(|| row.name.clone(), |list| list.title(locale).to_owned()),
            policy_url: settings.policy_url.clone(),
        };
        let template = CampaignTemplate::compile(&self.parts.renderer, &row.content, &frame)
            .map_err(|findings| refused(&findings))?;
        let unsubscribe_url = format!("{}/u/preview", settings.public_url);
        Ok(template.render(&Recipient { name, unsubscribe_url: &unsubscribe_url })?)
    }

    /// One mail of the campaign for a reader who is nobody.
    pub(super) async fn render_sample(
        &self,
        session: &impl Session,
        row: &CampaignRow,
    ) -> Result<RenderedCampaign, CasesError> {
        let first = row.audience.to.iter().min().copied();
        self.render_campaign(session, row, first, sample_name(row.content.locale)).await
    }
}
