//! An erasure by hand: a person asked on the telephone, at the counter, by post.

use domain::{
    Timestamp,
    ambient::random_bytes,
    ids::{ContactId, RequestId, TicketId},
    language::Locale,
    regime::RequestName,
    request::{RequestState, Requester},
    ticket::Lane,
    ticket_number::{StatusCode, TicketNumber},
};
use serde_json::json;
use store::{requests::NewRequest, tickets::NewTicket};

use super::refused;
use crate::{Cases, CasesError};

/// A request for erasure that a person of ours opened.
#[derive(Debug, Clone)]
pub struct Erasure {
    /// Its ticket.
    pub ticket: TicketId,
    /// The number of the ticket.
    pub number: String,
    /// The request.
    pub request: RequestId,
}

impl Cases {
    /// Opens a request to erase a contact, as a ticket without a mail; from there it goes the way
    /// of every other. The clock runs from `received_at`.
    ///
    /// # Errors
    /// [`CasesError::NotFound`]; [`CasesError::Refused`] (`same_person`) when such a request is
    /// open already.
    pub async fn erase_contact(
        &self,
        contact: ContactId,
        received_at: Timestamp,
        actor: &str,
    ) -> Result<Erasure, CasesError> {
        let now = self.parts.clock.now();
        let entropy = &*self.parts.entropy;
        let transaction = self.store().begin().await?;
        if store::contacts::people(&transaction, &[contact]).await?.is_empty() {
            return Err(CasesError::NotFound { what: "contact", id: contact.to_string() });
        }
        if let Some(open) = store::plans::open_erasure_of(&transaction, contact).await? {
            return Err(refused(
                "same_person",
                format!("request {open} asks for the same; go on with it"),
            ));
        }
        let locale = store::contacts::locale_of(&transaction, contact)
            .await?
            .unwrap_or(self.parts.settings.locale);
        let number = TicketNumber::new(random_bytes(entropy)).to_string();
        let code = StatusCode::new(random_bytes(entropy));
        let addresses = store::contacts::addresses_of(&transaction, contact).await?;
        let new = NewTicket {
            number: &number,
            status_code: self.parts.digests.status_code(code.expose()),
            lane: Lane::Privacy,
            address: addresses.first().copied(),
            contact: Some(contact),
            locale,
            review: "by_hand",
            linked: None,
            opened_at: received_at,
            special: "",
            policy: self.policy_of(&transaction, locale, received_at).await?,
        };
        let ticket = store::tickets::open(&transaction, &new).await?;
        let (duties, rule) = self.duties(RequestName::Erasure, received_at)?;
        let new = NewRequest {
            ticket,
            name: RequestName::Erasure,
            regime: &rule.regime,
            regime_version: &rule.version,
            law: &rule.law,
            requester: Requester::Subject,
            state: RequestState::Received,
            received_at,
            duties: &duties,
            done: &[],
        };
        let request = store::requests::open(&transaction, &new, now).await?;
        let detail = json!({ "contact": contact, "request": request });
        let about = format!("ticket:{ticket}");
        store::audit::append(&transaction, actor, "erasure_by_hand", &about, &detail, now).await?;
        transaction.commit().await?;
        Ok(Erasure { ticket, number, request })
    }

    async fn policy_of(
        &self,
        session: &impl store::Session,
        locale: Locale,
        at: Timestamp,
    ) -> Result<Option<domain::ids::PolicyId>, CasesError> {
        Ok(store::policies::current(session, locale, at).await?.map(|policy| policy.id))
    }
}
