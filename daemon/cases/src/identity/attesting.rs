//! A person of ours attests who asks, with a note of what they saw, or takes a proof back.

use domain::{
    identity::IdentityLevel,
    ids::{ContactId, IdentityProofId},
    request::{RequestState, RequestStep},
};
use store::identity::NewProof;

use crate::{Cases, CasesError, requests::By};

/// The context under which notes of proofs are sealed.
pub(super) const NOTE: &str = "identity_proof.note";

impl Cases {
    /// Attests who asks in a ticket, as no contact; requests that waited for proof go to a person.
    ///
    /// # Errors
    /// [`CasesError::NotFound`]; [`CasesError::Refused`] without a note.
    pub async fn attest_identity(
        &self,
        number: &str,
        note: &str,
        actor: &str,
    ) -> Result<IdentityProofId, CasesError> {
        self.attest_identity_as(number, None, note, actor).await
    }

    /// The same, and that the sender is that contact, whose address need not be the sender's.
    ///
    /// # Errors
    /// As [`Cases::attest_identity`]; [`CasesError::NotFound`] also where there is no such contact.
    pub async fn attest_identity_as(
        &self,
        number: &str,
        contact: Option<ContactId>,
        note: &str,
        actor: &str,
    ) -> Result<IdentityProofId, CasesError> {
        if note.trim().is_empty() {
            return Err(CasesError::Refused {
                rule: "attest_needs_note",
                reason: "say what you saw that proves who asks; give --note".to_owned(),
            });
        }
        let ticket = self.ticket_of_number(number).await?;
        if let Some(contact) = contact
            && !store::contacts::exists(self.store(), contact).await?
        {
            return Err(CasesError::NotFound { what: "contact", id: contact.to_string() });
        }
        let key = self.key_of_matter(&ticket).await?;
        let entropy = &*self.parts.entropy;
        let sealed = self.parts.vault.seal(key, NOTE, note.trim().as_bytes(), entropy).await?;
        let transaction = self.store().begin().await?;
        store::challenges::lock_ticket(&transaction, ticket.id).await?;
        let now = self.parts.clock.now();
        let requests = store::requests::of_ticket(&transaction, ticket.id).await?;
        let new = NewProof {
            ticket: ticket.id,
            level: IdentityLevel::Attested,
            challenge: None,
            contact,
            note: Some(&sealed),
            actor,
            newest: requests.iter().map(|request| request.id).max(),
        };
        let id = store::identity::add(&transaction, &new, now).await?;
        for request in &requests {
            self.stop_publication(&transaction, (request, &ticket), now).await?;
            self.ask_systems(&transaction, (request, &ticket), now).await?;
            if request.state == RequestState::Identity {
                let by = By::person(actor);
                self.advance(&transaction, request, RequestStep::Review, by, now).await?;
            }
        }
        let ticket = self.ticket_again(&transaction, &ticket).await?;
        self.stop_waiting(&transaction, &ticket).await?;
        let detail = serde_json::json!({ "proof": id, "level": "attested", "contact": contact });
        let subject = format!("ticket:{}", ticket.id);
        store::audit::append(&transaction, actor, "attested", &subject, &detail, now).await?;
        transaction.commit().await?;
        Ok(id)
    }

    /// Takes a proof back: it counts no more from now on.
    ///
    /// # Errors
    /// [`CasesError::NotFound`]; [`store::StoreError::Conflict`] when it was revoked before.
    pub async fn revoke_identity(
        &self,
        number: &str,
        proof: IdentityProofId,
        reason: &str,
        actor: &str,
    ) -> Result<(), CasesError> {
        if reason.trim().is_empty() {
            return Err(CasesError::Refused {
                rule: "revoke_needs_reason",
                reason: "say why the proof counts no more; give --reason".to_owned(),
            });
        }
        let ticket = self.ticket_of_number(number).await?;
        let transaction = self.store().begin().await?;
        let now = self.parts.clock.now();
        store::identity::revoke(&transaction, ticket.id, proof, actor, now).await?;
        // What was sent on this proof gives nothing any more.
        for request in store::requests::of_ticket(&transaction, ticket.id).await? {
            store::packages::void_links(&transaction, request.id).await?;
        }
        let detail = serde_json::json!({ "proof": proof, "reason_given": true });
        let subject = format!("ticket:{}", ticket.id);
        store::audit::append(&transaction, actor, "revoked_proof", &subject, &detail, now).await?;
        transaction.commit().await?;
        self.destroy_void_packages(ticket.id).await;
        Ok(())
    }
}
