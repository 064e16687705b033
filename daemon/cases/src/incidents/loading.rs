//! What an incident is read from, and what its forms and instants must hold.

use domain::{
    Timestamp,
    ids::{IncidentId, VaultKeyId},
    incident::{IncidentContent, IncidentForm},
    regime::RegimeId,
};
use store::incidents::IncidentRow;

use super::{CONTEXT, IncidentView};
use crate::{Cases, CasesError, requests::refused};

impl Cases {
    /// The regimes of all people together: whose the data of a breach are is not known yet.
    pub(super) fn regimes_of_all(&self) -> Vec<RegimeId> {
        let settings = &self.parts.settings;
        let ruled = settings.requests.regime_rules.iter().flat_map(|rule| &rule.regimes);
        let mut all: Vec<RegimeId> = Vec::new();
        for id in settings.regimes.iter().chain(ruled) {
            if !all.contains(id) {
                all.push(id.clone());
            }
        }
        all
    }

    pub(super) async fn sealed_content(
        &self,
        key: VaultKeyId,
        content: &IncidentContent,
    ) -> Result<Vec<u8>, CasesError> {
        let plain = serde_json::to_vec(content).map_err(|_| CasesError::Content)?;
        Ok(self.parts.vault.seal(key, CONTEXT, &plain, &*self.parts.entropy).await?)
    }

    pub(super) async fn load_incident(&self, id: IncidentId) -> Result<IncidentView, CasesError> {
        let missing = || CasesError::NotFound { what: "incident", id: id.to_string() };
        let store = self.store();
        let incident = store::incidents::by_id(store, id).await?.ok_or_else(missing)?;
        let (request, ticket) = self.request_and_ticket(store, incident.request).await?;
        let duties = store::requests::duties_of_ticket(store, ticket.id).await?;
        let letters = store::incidents::letters(store, ticket.id).await?;
        let content = match &incident.content {
            Some(sealed) => {
                let plain = self.parts.vault.open_sealed(CONTEXT, sealed).await?;
                serde_json::from_slice(&plain).map_err(|_| CasesError::Content)?
            }
            None => IncidentContent::default(),
        };
        Ok(IncidentView { incident, ticket, request, duties, content, letters })
    }
}

/// Refuses a form that lacks a text, naming each.
pub(super) fn complete(content: &IncidentContent, form: IncidentForm) -> Result<(), CasesError> {
    let missing = content.missing(form);
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = missing.iter().map(|field| field.name()).collect();
    let reason = format!(
        "the form {} lacks {}; write it with `incident update`",
        form.name(),
        names.join(", ")
    );
    Err(refused("incident_form_complete", &reason))
}

/// When somebody was told: between the detection and now.
pub(super) fn told_at(
    incident: &IncidentRow,
    at: Option<Timestamp>,
    now: Timestamp,
) -> Result<Timestamp, CasesError> {
    let at = at.unwrap_or(now);
    if at < incident.detected_at || at > now {
        let reason = "nobody can be told before the breach was found, or in the future; give the instant in UTC";
        return Err(refused("incident_instant", reason));
    }
    Ok(at)
}
