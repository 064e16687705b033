//! Disclosures: written down before they are made, by the rules of the policy's clause 3.4.

use domain::{
    block::{Purpose, Scope},
    disclosure::{Asked, Ground, obstacles},
    ids::{ConsentEventId, ContactId, DisclosureId, RequestId},
};
use jiff::civil::Date;
use store::{
    Session,
    consents::{self},
    disclosures::{DisclosureRow, NewDisclosure},
    recipients::RecipientRow,
};

use crate::{Cases, CasesError};

/// A disclosure as a person of ours asks for it.
#[derive(Debug, Clone)]
pub struct DisclosureToRecord {
    /// The name of the recipient in the register.
    pub recipient: String,
    /// Whose data.
    pub contact: ContactId,
    /// On what it rests.
    pub ground: Ground,
    /// Number and date of request, contract or legal approval.
    pub reference: String,
    /// The consent.
    pub consent: Option<ConsentEventId>,
    /// Categories.
    pub data: Vec<String>,
    /// The last day.
    pub until_on: Option<Date>,
    /// Who approved it.
    pub approved_by: Option<String>,
    /// The request it belongs to.
    pub request: Option<RequestId>,
}

/// The columns of the exported register.
pub const REGISTER_HEADING: [&str; 13] = [
    "id",
    "disclosed_at",
    "recipient",
    "role",
    "country",
    "contact",
    "ground",
    "reference",
    "consent",
    "data",
    "until_on",
    "recorded_by",
    "approved_by",
];

impl Cases {
    /// Writes a disclosure down. Only then may the data be handed over: a disclosure that is not
    /// in the register is not one of ours.
    ///
    /// # Errors
    /// [`CasesError::NotFound`]; [`CasesError::Refused`] with the first rule that stands in the
    /// way and all remedies.
    pub async fn record_disclosure(
        &self,
        wanted: &DisclosureToRecord,
        actor: &str,
    ) -> Result<DisclosureId, CasesError> {
        let now = self.parts.clock.now();
        let today = now.to_zoned(self.parts.settings.zone.clone()).date();
        let recipient = self.recipient(&wanted.recipient).await?;
        // The facts are read in the transaction that writes: a block that is set now is seen, or
        // comes after.
        let transaction = self.store().begin().await?;
        if store::contacts::people(&transaction, &[wanted.contact]).await?.is_empty() {
            let id = wanted.contact.to_string();
            return Err(CasesError::NotFound { what: "contact", id });
        }
        let is_blocked = self.is_blocked(&transaction, wanted.contact).await?;
        let has_consent = self.has_consent(&transaction, wanted).await?;
        let asked = Asked {
            ground: wanted.ground,
            role: recipient.role,
            country: &recipient.country,
            authority_told_on: recipient.authority_told_on,
            recipient_ended: recipient.ended_at.is_some(),
            reference: &wanted.reference,
            approved_by: wanted.approved_by.as_deref(),
            recorded_by: actor,
            until_on: wanted.until_on,
            has_consent,
            is_blocked,
            data: &wanted.data,
            today,
        };
        let found = obstacles(&asked);
        if let Some(first) = found.first() {
            let remedies: Vec<_> = found.iter().map(|found| found.remedy).collect();
            return Err(CasesError::Refused { rule: first.rule, reason: remedies.join("; ") });
        }
        let new = NewDisclosure {
            recipient: recipient.id,
            contact: wanted.contact,
            ground: wanted.ground,
            reference: wanted.reference.trim(),
            consent: wanted.consent.filter(|_| wanted.ground == Ground::Consent),
            data: &wanted.data.join(" "),
            until_on: wanted.until_on,
            recorded_by: actor,
            approved_by: wanted.approved_by.as_deref(),
            request: wanted.request,
        };
        let id = store::disclosures::add(&transaction, &new, now).await?;
        let detail = serde_json::json!({
            "disclosure": id, "recipient": recipient.id, "ground": wanted.ground.name(),
            "data": wanted.data, "approved": wanted.approved_by.is_some(),
        });
        let subject = format!("contact:{}", wanted.contact);
        store::audit::append(&transaction, actor, "disclosed", &subject, &detail, now).await?;
        transaction.commit().await?;
        Ok(id)
    }

    /// Whether everything of this person is blocked: by the contact, or by one of its addresses.
    async fn is_blocked(
        &self,
        session: &impl Session,
        contact: ContactId,
    ) -> Result<bool, CasesError> {
        let mut digests = Vec::new();
        for address in store::contacts::addresses_of(session, contact).await? {
            if let Some(clear) = store::addresses::clear(session, address).await? {
                let all = self.parts.digests.address_all(&clear);
                digests.extend(all.into_iter().map(|digests| digests.stop));
            }
        }
        let blocks = store::blocks::active_for(session, &digests, &[contact]).await?;
        Ok(blocks.iter().any(|block| {
            block.scope == Scope::Full
                || block.scope.covers(&Scope::Purposes(vec![Purpose::PartnerOffers]))
        }))
    }

    /// Whether the consent that was named is this person's, to giving data to partners, and
    /// stands.
    async fn has_consent(
        &self,
        session: &impl Session,
        wanted: &DisclosureToRecord,
    ) -> Result<bool, CasesError> {
        let Some(event) = wanted.consent else { return Ok(false) };
        let addresses = store::contacts::addresses_of(session, wanted.contact).await?;
        let events = consents::of_person(session, &addresses, &[wanted.contact]).await?;
        // An address may be of several people: the event must name this one.
        let of_partners: Vec<_> = events
            .into_iter()
            .filter(|event| {
                event.contact == Some(wanted.contact) && event.purpose == Purpose::PartnerOffers
            })
            .collect();
        Ok(consents::standing(&of_partners).iter().any(|standing| standing.event == event))
    }

    /// The whole register as rows of text under [`REGISTER_HEADING`], newest first. Audited.
    ///
    /// # Errors
    /// [`CasesError::Store`].
    pub async fn export_disclosures(
        &self,
        actor: &str,
    ) -> Result<Vec<(DisclosureRow, RecipientRow)>, CasesError> {
        const AT_ONCE: u32 = 1000;
        let recipients = store::recipients::all(self.store()).await?;
        let mut all = Vec::new();
        let mut before = None;
        loop {
            let page = store::disclosures::page(self.store(), None, before, AT_ONCE).await?;
            let Some(last) = page.last() else { break };
            before = Some(last.id);
            all.extend(page.into_iter().filter_map(|row| {
                let to = recipients.iter().find(|to| to.id == row.recipient)?;
                Some((row, to.clone()))
            }));
        }
        let now = self.parts.clock.now();
        let transaction = self.store().begin().await?;
        let detail = serde_json::json!({ "rows": all.len() });
        let act = "disclosures_exported";
        store::audit::append(&transaction, actor, act, "disclosures", &detail, now).await?;
        transaction.commit().await?;
        Ok(all)
    }
}
