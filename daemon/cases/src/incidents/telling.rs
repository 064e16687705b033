//! The people are told of a breach, each by a letter of their own (GDPR 34).

use domain::{
    delivery::Occasion,
    ids::{ContactId, IncidentId},
    incident::IncidentForm,
    language::Locale,
};
use render::MailName;
use serde_json::json;
use store::{incidents::AlsoTold, tickets::TicketRow};

use super::{IncidentView, complete};
use crate::{Cases, CasesError, letters::CaseMail};

/// What became of telling the people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ToldPeople {
    /// Letters that were written.
    pub letters: u64,
    /// Addresses that had theirs before.
    pub before: u64,
    /// Contacts without an address, or that are not there: a person finds another way.
    pub unreached: u64,
}

impl Cases {
    /// Writes to every address of these contacts; whoever has the letter gets no second one.
    ///
    /// # Errors
    /// [`CasesError::Refused`] (`incident_form_complete`).
    pub async fn tell_people(
        &self,
        id: IncidentId,
        contacts: &[ContactId],
        actor: &str,
    ) -> Result<ToldPeople, CasesError> {
        let view = self.load_incident(id).await?;
        complete(&view.content, IncidentForm::People)?;
        let mut told = ToldPeople::default();
        for contact in contacts {
            self.tell_one(&view, *contact, &mut told, actor).await?;
        }
        Ok(told)
    }

    async fn tell_one(
        &self,
        view: &IncidentView,
        contact: ContactId,
        told: &mut ToldPeople,
        actor: &str,
    ) -> Result<(), CasesError> {
        let Some(held) = store::care::regimes_of(self.store(), contact).await? else {
            told.unreached += 1;
            return Ok(());
        };
        let locale = Locale::from_code(&held.locale).unwrap_or(view.ticket.locale);
        // The letter is in the person's language and dies with the person's key.
        let ticket = TicketRow { contact: Some(contact), locale, ..view.ticket.clone() };
        let key = self.key_of_matter(&ticket).await?;
        let now = self.parts.clock.now();
        let transaction = self.store().begin().await?;
        let addresses = store::contacts::addresses_of(&transaction, contact).await?;
        if addresses.is_empty() {
            told.unreached += 1;
            return Ok(());
        }
        let regimes = self.regimes_for(&transaction, Some(contact), None).await?;
        let remedies: Vec<String> =
            regimes.iter().flat_map(|id| render::wording::remedies(id.as_str(), locale)).collect();
        let mut letters = 0;
        for address in addresses {
            if store::incidents::is_told(&transaction, ticket.id, address).await? {
                told.before += 1;
                continue;
            }
            let content = &view.content;
            let mut letter = self.case_letter(&ticket, None);
            letter.reasons = lines(&content.what);
            letter.data = lines(&content.data);
            letter.consequences = lines(&content.harm);
            letter.done = lines(&content.measures);
            letter.advice = lines(&content.advice);
            letter.decided_by = content.contact_person.replace('\n', ", ");
            letter.remedies.clone_from(&remedies);
            let occasion = Occasion::Notice;
            let name = MailName::BreachNotice;
            let mail = CaseMail { ticket: &ticket, to: address, occasion, name, letter, key };
            self.plan_case_letter(&transaction, mail, now).await?;
            letters += 1;
        }
        store::incidents::note_told(&transaction, &view.incident, AlsoTold::People, now, now)
            .await?;
        let subject = format!("incident:{}", view.incident.id);
        let detail = json!({ "contact": contact, "letters": letters });
        store::audit::append(&transaction, actor, "told_people", &subject, &detail, now).await?;
        transaction.commit().await?;
        told.letters += letters;
        Ok(())
    }
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}
