//! A campaign is looked at as one person would get it, with the gate's answer for that person.

use domain::{
    campaign::ContentHash,
    delivery::{Class, WithholdReason},
    gate::{GateFacts, Verdict, gate},
    ids::ContactId,
};
use store::{
    campaigns::{CampaignRow, OfList},
    deliveries::{Recipient, Standing},
};

use super::{find, hash_of};
use crate::{Cases, CasesError};

/// As whom a campaign is looked at.
#[derive(Debug, Clone, Copy)]
pub enum Reader {
    /// A made-up person.
    Sample,
    /// A contact.
    Contact(ContactId),
}

/// What the gate says of the reader, now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PreviewVerdict {
    /// A made-up person is not asked about.
    Sample,
    /// The contact stands on no list of the campaign, or on an excluded one.
    NotACandidate,
    /// The mail would leave.
    Send,
    /// Not before an instant.
    Later(domain::Timestamp),
    /// It would be kept back.
    Withhold(WithholdReason),
}

/// A campaign as one reader would get it.
#[derive(Clone)]
pub struct Preview {
    /// The hash of what was looked at, for the approval.
    pub hash: ContentHash,
    /// The subject.
    pub subject: String,
    /// The HTML part.
    pub html: String,
    /// The text part.
    pub text: String,
    /// What the gate says.
    pub verdict: PreviewVerdict,
}

impl std::fmt::Debug for Preview {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Preview").field("verdict", &self.verdict).finish_non_exhaustive()
    }
}

impl Cases {
    /// Shows a campaign as a reader would get it. Nothing is sent or changed.
    ///
    /// # Errors
    /// [`CasesError::NotFound`]; [`CasesError::Refused`] by `template`; [`CasesError::Store`].
    pub async fn preview_campaign(
        &self,
        campaign: &str,
        reader: Reader,
    ) -> Result<Preview, CasesError> {
        let row = find(self.store(), campaign).await?;
        let (mail, verdict) = match reader {
            Reader::Sample => {
                (self.render_sample(self.store(), &row).await?, PreviewVerdict::Sample)
            }
            Reader::Contact(contact) => {
                let name = store::campaigns::name_of_contact(self.store(), contact).await?;
                let name = name.ok_or_else(|| CasesError::NotFound {
                    what: "contact",
                    id: contact.to_string(),
                })?;
                let (verdict, taken) = self.verdict_of(&row, contact).await?;
                let first = row.audience.to.iter().min().copied();
                let list = taken.map(|of_list| of_list.list).or(first);
                (self.render_campaign(self.store(), &row, list, &name).await?, verdict)
            }
        };
        let hash = hash_of(&row);
        Ok(Preview { hash, subject: mail.subject, html: mail.html, text: mail.text, verdict })
    }

    /// The gate's answer for a contact: of several subscriptions the first that may be sent to,
    /// else the first reason.
    async fn verdict_of(
        &self,
        row: &CampaignRow,
        contact: ContactId,
    ) -> Result<(PreviewVerdict, Option<OfList>), CasesError> {
        let now = self.parts.clock.now();
        let found = store::campaigns::of_contact(self.store(), row.id, contact).await?;
        let recipients: Vec<Recipient> = found
            .iter()
            .map(|of_list| Recipient {
                address: of_list.address,
                stop_digests: self.stop_digests(&of_list.email),
            })
            .collect();
        let standings = store::deliveries::standings(self.store(), &recipients, now).await?;
        let mut first = None;
        for of_list in found {
            let standing = standings.get(&of_list.address).cloned().unwrap_or_default();
            let verdict = match asked(&of_list, &standing, now) {
                Verdict::Send(_) => return Ok((PreviewVerdict::Send, Some(of_list))),
                Verdict::Later { until } => PreviewVerdict::Later(until),
                Verdict::Withhold(reason) => PreviewVerdict::Withhold(reason),
            };
            first.get_or_insert((verdict, Some(of_list)));
        }
        Ok(first.unwrap_or((PreviewVerdict::NotACandidate, None)))
    }
}

fn asked(of_list: &OfList, standing: &Standing, now: domain::Timestamp) -> Verdict {
    let facts = GateFacts {
        class: Class::Advertising,
        basis: of_list.basis,
        blocks: &standing.blocks,
        suppressions: &standing.suppressions,
        later: None,
    };
    gate(&facts, now)
}
