//! Breaches: a ticket of our own with both clocks, what the notices say, who was told when.
//!
//! What people of ours write down is sealed under a key of its own and is in no log. Sending the
//! notices to the authorities is a person's act, in the authority's own form: here it is noted,
//! and the text for it handed out.

mod loading;
mod telling;

use domain::{
    Timestamp,
    ambient::random_bytes,
    clock::Events,
    ids::{IncidentId, VaultKeyId},
    incident::{IncidentContent, IncidentField, IncidentForm, IncidentState},
    regime::RequestName,
    request::{Outcome, RequestStep},
};
use serde_json::json;
use store::{
    incidents::{AlsoTold, IncidentRow, NewIncident},
    requests::{DutyRow, RequestRow},
    retention::Topic,
    tickets::TicketRow,
};

use self::loading::{complete, told_at};
use crate::{
    Cases, CasesError,
    own_matter::OwnMatter,
    requests::{By, refused},
};

pub use self::telling::ToldPeople;

/// Under which context the content is sealed.
const CONTEXT: &str = "incident.content";

/// One incident, whole.
#[derive(Debug, Clone)]
pub struct IncidentView {
    /// The row.
    pub incident: IncidentRow,
    /// Its ticket.
    pub ticket: TicketRow,
    /// Its request.
    pub request: RequestRow,
    /// What is owed by when.
    pub duties: Vec<DutyRow>,
    /// What is written down.
    pub content: IncidentContent,
    /// Addresses that were written to, and how many of these letters a relay took.
    pub letters: (i64, i64),
}

/// A form filled in.
#[derive(Debug, Clone)]
pub struct FilledForm {
    /// Which.
    pub form: IncidentForm,
    /// The number of the ticket.
    pub number: String,
    /// When it was found, in the organisation's zone.
    pub detected_at: String,
    /// The operator's name and contact.
    pub operator: Vec<String>,
    /// Heading and text, in the order of the form.
    pub rows: Vec<(&'static str, String)>,
}

impl Cases {
    /// Opens an incident with its ticket, its request and the clocks of all configured regimes.
    ///
    /// # Errors
    /// [`CasesError::Refused`] (`detected_before`) when it was found in the future.
    pub async fn open_incident(
        &self,
        detected_at: Timestamp,
        content: &IncidentContent,
        actor: &str,
    ) -> Result<(IncidentId, String), CasesError> {
        let now = self.parts.clock.now();
        if detected_at > now {
            let reason = "a breach cannot be found in the future; give the instant in UTC";
            return Err(refused("detected_before", reason));
        }
        let entropy = &*self.parts.entropy;
        let key = VaultKeyId::new(now, random_bytes(entropy));
        self.parts.vault.create_key(key, entropy).await?;
        let sealed = self.sealed_content(key, content).await?;
        let regimes = self.regimes_of_all();
        let transaction = self.store().begin().await?;
        let events = Events { detected_at: Some(detected_at), ..Events::received(now) };
        let matter = OwnMatter {
            topic: Topic::Incident,
            contact: None,
            address: None,
            locale: self.parts.settings.locale,
            linked: None,
            request: RequestName::Breach,
            events,
            regimes: &regimes,
            by: By::person(actor),
        };
        let opened = self.open_own_matter(&transaction, &matter, now).await?;
        let new = NewIncident {
            request: opened.request,
            detected_at,
            content: &sealed,
            vault_key: key,
            by: actor,
        };
        let id = store::incidents::open(&transaction, &new, now).await?;
        let detail = "a breach of personal data: its clocks of 24 and 72 hours run; see `consentry incident list`";
        let alarm = format!("incident/{id}");
        store::alarms::raise(&transaction, &alarm, detail, now).await?;
        let subject = format!("incident:{id}");
        let detail = json!({ "ticket": opened.ticket, "detected_at": detected_at });
        store::audit::append(&transaction, actor, "opened", &subject, &detail, now).await?;
        transaction.commit().await?;
        Ok((id, opened.number))
    }

    /// One page of incidents, newest first.
    ///
    /// # Errors
    /// [`CasesError::Store`].
    pub async fn incidents(
        &self,
        before: Option<IncidentId>,
        limit: u32,
    ) -> Result<Vec<IncidentRow>, CasesError> {
        Ok(store::incidents::page(self.store(), before, limit).await?)
    }

    /// One incident, whole; the reading is written into the audit log.
    ///
    /// # Errors
    /// [`CasesError::NotFound`].
    pub async fn incident(&self, id: IncidentId, actor: &str) -> Result<IncidentView, CasesError> {
        let view = self.load_incident(id).await?;
        let now = self.parts.clock.now();
        let transaction = self.store().begin().await?;
        let subject = format!("incident:{id}");
        store::audit::append(&transaction, actor, "read", &subject, &json!({}), now).await?;
        transaction.commit().await?;
        Ok(view)
    }

    /// Writes down what is known now; texts that are not named stay.
    ///
    /// # Errors
    /// [`CasesError::Refused`] (`incident_closed`); a conflict when somebody else wrote meanwhile.
    pub async fn update_incident(
        &self,
        id: IncidentId,
        texts: &[(IncidentField, String)],
        actor: &str,
    ) -> Result<(), CasesError> {
        let view = self.load_incident(id).await?;
        if view.incident.state == IncidentState::Closed {
            return Err(refused("incident_closed", "it is closed; open another one"));
        }
        let mut content = view.content;
        for (field, text) in texts {
            content.set(*field, text.clone());
        }
        let sealed = self.sealed_content(view.incident.vault_key, &content).await?;
        let now = self.parts.clock.now();
        let transaction = self.store().begin().await?;
        store::incidents::set_content(&transaction, &view.incident, &sealed, now).await?;
        let names: Vec<_> = texts.iter().map(|(field, _)| field.name()).collect();
        let subject = format!("incident:{id}");
        let detail = json!({ "fields": names });
        store::audit::append(&transaction, actor, "changed", &subject, &detail, now).await?;
        Ok(transaction.commit().await?)
    }

    /// Notes that the first notice went out; it must have been complete.
    ///
    /// # Errors
    /// [`CasesError::Refused`] (`incident_form_complete`, `incident_step`).
    pub async fn note_notified(
        &self,
        id: IncidentId,
        at: Option<Timestamp>,
        actor: &str,
    ) -> Result<(), CasesError> {
        self.step_incident(id, (IncidentForm::First, "notify"), IncidentState::notify, at, actor)
            .await
    }

    /// Notes that the second notice went out.
    ///
    /// # Errors
    /// [`CasesError::Refused`] (`incident_form_complete`, `incident_step`).
    pub async fn note_reported(
        &self,
        id: IncidentId,
        at: Option<Timestamp>,
        actor: &str,
    ) -> Result<(), CasesError> {
        self.step_incident(id, (IncidentForm::Second, "report"), IncidentState::report, at, actor)
            .await
    }

    /// Notes that GosSOPKA or the supervisory authority was told.
    ///
    /// # Errors
    /// [`CasesError::Refused`] (`incident_form_complete`, `incident_instant`).
    pub async fn note_also_told(
        &self,
        id: IncidentId,
        whom: AlsoTold,
        at: Option<Timestamp>,
        actor: &str,
    ) -> Result<(), CasesError> {
        let view = self.load_incident(id).await?;
        let now = self.parts.clock.now();
        let at = told_at(&view.incident, at, now)?;
        if whom == AlsoTold::Authority {
            complete(&view.content, IncidentForm::Authority)?;
        }
        let transaction = self.store().begin().await?;
        store::incidents::note_told(&transaction, &view.incident, whom, at, now).await?;
        if whom == AlsoTold::Authority {
            let request = view.request.id;
            store::incidents::fulfil(&transaction, request, "notify", "eu-gdpr", at).await?;
        }
        let word = match whom {
            AlsoTold::Sopka => "told_gossopka",
            AlsoTold::Authority => "told_authority",
            AlsoTold::People => "told_people",
        };
        let subject = format!("incident:{id}");
        let detail = json!({ "at": at });
        store::audit::append(&transaction, actor, word, &subject, &detail, now).await?;
        Ok(transaction.commit().await?)
    }

    async fn step_incident(
        &self,
        id: IncidentId,
        (form, duty): (IncidentForm, &'static str),
        step: fn(IncidentState) -> Result<IncidentState, domain::words::InvalidTransition>,
        at: Option<Timestamp>,
        actor: &str,
    ) -> Result<(), CasesError> {
        let view = self.load_incident(id).await?;
        let to = step(view.incident.state).map_err(|e| refused("incident_step", &e.to_string()))?;
        complete(&view.content, form)?;
        let now = self.parts.clock.now();
        let at = told_at(&view.incident, at, now)?;
        let transaction = self.store().begin().await?;
        store::incidents::step(&transaction, &view.incident, to, (at, actor), now).await?;
        store::incidents::fulfil(&transaction, view.request.id, duty, "ru-152fz", at).await?;
        let subject = format!("incident:{id}");
        let detail = json!({ "at": at, "duty": duty });
        store::audit::append(&transaction, actor, to.name(), &subject, &detail, now).await?;
        Ok(transaction.commit().await?)
    }

    /// Closes an incident of which nothing is owed any more, its request and its ticket.
    ///
    /// # Errors
    /// [`CasesError::Refused`] (`incident_step`, `incident_owes`).
    pub async fn close_incident(&self, id: IncidentId, actor: &str) -> Result<(), CasesError> {
        let view = self.load_incident(id).await?;
        let to = view.incident.state.close();
        let to = to.map_err(|error| refused("incident_step", &error.to_string()))?;
        if view.duties.iter().any(|duty| duty.done_at.is_none()) {
            let reason = "something is still owed; see `incident show`, and note `incident notified ID --whom authority`";
            return Err(refused("incident_owes", reason));
        }
        let now = self.parts.clock.now();
        let by = By::person(actor);
        let transaction = self.store().begin().await?;
        store::incidents::step(&transaction, &view.incident, to, (now, actor), now).await?;
        let mut request = view.request;
        let steps = [
            RequestStep::Approve,
            RequestStep::Execute,
            RequestStep::Verify,
            RequestStep::Answer,
            RequestStep::Close,
        ];
        for step in steps {
            request = self.advance(&transaction, &request, step, by, now).await?;
        }
        store::requests::set_outcome(&transaction, request.id, Outcome::Done).await?;
        if let Ok(closed) = view.ticket.state.close(now) {
            let (ticket, from) = (view.ticket.id, view.ticket.state);
            store::tickets::change_state(&transaction, ticket, from, closed).await?;
        }
        store::alarms::clear(&transaction, &format!("incident/{id}"), now).await?;
        let subject = format!("incident:{id}");
        store::audit::append(&transaction, actor, "closed", &subject, &json!({}), now).await?;
        Ok(transaction.commit().await?)
    }

    /// A form filled in, for the authority's page or for the record; handing it out is audited.
    ///
    /// # Errors
    /// [`CasesError::Refused`] (`incident_form_complete`) naming every text that it lacks.
    pub async fn incident_form(
        &self,
        id: IncidentId,
        form: IncidentForm,
        actor: &str,
    ) -> Result<FilledForm, CasesError> {
        let view = self.load_incident(id).await?;
        complete(&view.content, form)?;
        let now = self.parts.clock.now();
        let transaction = self.store().begin().await?;
        let subject = format!("incident:{id}");
        let detail = json!({ "form": form.name() });
        store::audit::append(&transaction, actor, "exported", &subject, &detail, now).await?;
        transaction.commit().await?;
        let settings = &self.parts.settings;
        let rows = form.fields().iter();
        let rows = rows.map(|field| (field.heading(), view.content.text(*field).to_owned()));
        Ok(FilledForm {
            form,
            number: view.ticket.number,
            detected_at: render::wording::instant(
                view.incident.detected_at,
                &settings.zone,
                domain::language::Locale::Ru,
            ),
            operator: [
                settings.organisation.clone(),
                settings.requests.acts.operator_address.clone(),
                settings.contact.clone(),
            ]
            .into_iter()
            .filter(|line| !line.is_empty())
            .collect(),
            rows: rows.collect(),
        })
    }
}
