//! A person of ours asks the address on file whether it was they who wrote.

use domain::{
    Timestamp,
    address::EmailAddress,
    delivery::Occasion,
    identity::IdentityLevel,
    ids::{AddressId, ChallengeId},
    request::{RequestState, RequestStep},
    ticket::Lane,
};
use render::{MailName, mail::CaseLetter, wording};
use store::{Session, Transaction, requests::RequestRow, tickets::TicketRow};

use super::Asked;
use crate::{Cases, CasesError, letters::CaseMail, requests::By};

impl Cases {
    /// Sends a challenge to an address on file; an open one becomes void. `to` picks one where the
    /// contact has several.
    ///
    /// # Errors
    /// [`CasesError::NotFound`]; [`CasesError::Refused`] by `authority_lane`, `address_on_file`,
    /// `several_addresses`.
    pub async fn ask_challenge(
        &self,
        number: &str,
        to: Option<&EmailAddress>,
        actor: &str,
    ) -> Result<ChallengeId, CasesError> {
        let ticket = self.ticket_of_number(number).await?;
        if ticket.lane == Lane::Authority {
            return Err(CasesError::Refused {
                rule: "authority_lane",
                reason: "an authority is asked by a letter of yours, not by a challenge; \
                         see `ticket show`"
                    .to_owned(),
            });
        }
        let key = self.key_of_matter(&ticket).await?;
        let transaction = self.store().begin().await?;
        store::challenges::lock_ticket(&transaction, ticket.id).await?;
        let now = self.parts.clock.now();
        // Read again under the lock: it may have been asked, or its contact found, meanwhile.
        let ticket = self.ticket_again(&transaction, &ticket).await?;
        let address = self.address_on_file(&transaction, &ticket, to).await?;
        let asked = self.write_challenge(&transaction, &ticket, address, actor, now).await?;
        let requests = store::requests::of_ticket(&transaction, ticket.id).await?;
        let letter = self.challenge_letter(&ticket, requests.first(), &asked);
        let mail = CaseMail {
            ticket: &ticket,
            to: address,
            occasion: Occasion::Challenge,
            name: MailName::Challenge,
            letter,
            key,
        };
        let delivery = self.plan_case_letter(&transaction, mail, now).await?;
        store::challenges::set_delivery(&transaction, asked.id, delivery).await?;
        self.await_proof(&transaction, &requests, By::person(actor), now).await?;
        self.wait_for_person(&transaction, &ticket).await?;
        self.audit_challenge(&transaction, &ticket, &asked, address, actor, now).await?;
        transaction.commit().await?;
        self.parts.store.deliveries_planned().notify_waiters();
        Ok(asked.id)
    }

    /// The address on file that is asked: one of the contact's; of nobody we know, the sender's
    /// own, which is then all there is on file. Never one that a text names.
    pub(crate) async fn address_on_file(
        &self,
        session: &impl Session,
        ticket: &TicketRow,
        to: Option<&EmailAddress>,
    ) -> Result<AddressId, CasesError> {
        let on_file = match ticket.contact {
            Some(contact) => store::contacts::addresses_of(session, contact).await?,
            None => ticket.address.into_iter().collect(),
        };
        if let Some(to) = to {
            let found = store::addresses::find(session, to).await?;
            return found.filter(|id| on_file.contains(id)).ok_or_else(|| CasesError::Refused {
                rule: "address_on_file",
                reason: "only an address that is on file for this person is asked; see `contact \
                         show`"
                    .to_owned(),
            });
        }
        match (on_file.as_slice(), ticket.address) {
            ([one], _) => Ok(*one),
            (several, Some(sender)) if several.contains(&sender) => Ok(sender),
            ([], _) => Err(CasesError::Refused {
                rule: "address_on_file",
                reason: "no address is on file for this person; attest who it is with `identity \
                         attest`"
                    .to_owned(),
            }),
            _ => Err(CasesError::Refused {
                rule: "several_addresses",
                reason: "several addresses are on file and none is the sender's; pick one with \
                         --to"
                    .to_owned(),
            }),
        }
    }

    /// What the letter of a challenge says.
    pub(super) fn challenge_letter(
        &self,
        ticket: &TicketRow,
        request: Option<&RequestRow>,
        asked: &Asked,
    ) -> CaseLetter {
        let zone = &self.parts.settings.zone;
        let public = &self.parts.settings.public_url;
        CaseLetter {
            url: asked.url.clone(),
            code: asked.code.clone(),
            code_url: format!("{public}/{}/challenge", ticket.locale.code()),
            until: wording::instant(asked.challenge.expires_at, zone, ticket.locale),
            ..self.case_letter(ticket, request)
        }
    }

    /// Requests that need proof wait for it now.
    pub(super) async fn await_proof(
        &self,
        transaction: &Transaction,
        requests: &[RequestRow],
        by: By<'_>,
        now: Timestamp,
    ) -> Result<(), CasesError> {
        for request in requests {
            let waits = matches!(request.state, RequestState::Received | RequestState::Blocked);
            if waits && IdentityLevel::needed_for(request.name) >= IdentityLevel::Challenge {
                self.advance(transaction, request, RequestStep::AskIdentity, by, now).await?;
            }
        }
        Ok(())
    }

    pub(super) async fn audit_challenge(
        &self,
        transaction: &Transaction,
        ticket: &TicketRow,
        asked: &Asked,
        address: AddressId,
        actor: &str,
        now: Timestamp,
    ) -> Result<(), CasesError> {
        let detail = serde_json::json!({ "challenge": asked.id, "address": address });
        let subject = format!("ticket:{}", ticket.id);
        store::audit::append(transaction, actor, "challenged", &subject, &detail, now).await?;
        Ok(())
    }

    /// A ticket as it stands inside a transaction.
    pub(super) async fn ticket_again(
        &self,
        transaction: &Transaction,
        ticket: &TicketRow,
    ) -> Result<TicketRow, CasesError> {
        let missing = || CasesError::NotFound { what: "ticket", id: ticket.number.clone() };
        store::tickets::by_id(transaction, ticket.id).await?.ok_or_else(missing)
    }
}
