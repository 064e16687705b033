//! The challenge that goes out with a filing: where the guards of an automatic answer let one go,
//! to an address on file of exactly one contact, once a day for an address.

use domain::{
    Timestamp, classification::Band, filing::ReviewReason, identity::IdentityLevel,
    ids::DeliveryId, regime::RequestName, request::Requester, ticket::Lane,
};
use jiff::ToSpan;
use render::mail::CaseLetter;
use store::{Transaction, tickets::TicketRow};

use super::Asked;
use crate::{Cases, CasesError, requests::By, settings::ChallengeMode};

/// A challenge of a filing: written down, its letter not yet in the ledger.
pub(crate) struct FiledChallenge {
    ticket: TicketRow,
    asked: Asked,
    /// What the letter says.
    pub(crate) letter: CaseLetter,
}

/// What a filing knows about whether to ask.
pub(crate) struct FilingFacts<'a> {
    pub(crate) classification: &'a domain::classification::Classification,
    pub(crate) plan: &'a domain::filing::FilingPlan,
    /// Whether exactly one contact has the sender's address.
    pub(crate) of_one_contact: bool,
}

impl FilingFacts<'_> {
    /// Whether the letter surely asks, for its own sender, something that needs proof.
    fn calls_for_proof(&self) -> bool {
        let surely = |name: &RequestName| {
            self.classification.acting_labels().any(|(label, band)| {
                band == Band::Auto && RequestName::of_label(label) == Some(*name)
            })
        };
        self.of_one_contact
            && self.plan.requester == Requester::Subject
            && !self.plan.review.iter().any(|reason| {
                matches!(
                    reason,
                    ReviewReason::Representative
                        | ReviewReason::Authority
                        | ReviewReason::AuthenticationFailed
                        | ReviewReason::BreakerOpen
                )
            })
            && self.plan.requests.iter().any(|name| {
                // What is published goes at once where the mail itself proves who asks.
                let waits = *name == RequestName::StopPublication && !self.plan.tell_site;
                (IdentityLevel::needed_for(*name) >= IdentityLevel::Challenge || waits)
                    && surely(name)
            })
    }
}

impl Cases {
    /// Writes the challenge of a filing down, if one is to go out.
    pub(crate) async fn challenge_of_filing(
        &self,
        transaction: &Transaction,
        ticket: domain::ids::TicketId,
        facts: &FilingFacts<'_>,
        now: Timestamp,
    ) -> Result<Option<FiledChallenge>, CasesError> {
        if self.parts.settings.requests.challenge != ChallengeMode::Auto || !facts.calls_for_proof()
        {
            return Ok(None);
        }
        let Some(ticket) = store::tickets::by_id(transaction, ticket).await? else {
            return Ok(None);
        };
        let Some(address) = ticket.address else { return Ok(None) };
        let is_asked = store::challenges::open_of(transaction, ticket.id)
            .await?
            .is_some_and(|held| held.challenge.is_open(now));
        let day = now - 24.hours();
        if ticket.lane == Lane::Authority
            || is_asked
            || store::challenges::asked_since(transaction, address, day).await? > 0
        {
            return Ok(None);
        }
        let requests = store::requests::of_ticket(transaction, ticket.id).await?;
        let asked = self.write_challenge(transaction, &ticket, address, "filing", now).await?;
        let letter = self.challenge_letter(&ticket, requests.first(), &asked);
        Ok(Some(FiledChallenge { ticket, asked, letter }))
    }

    /// Its letter is in the ledger: the requests wait for proof now.
    pub(crate) async fn challenge_is_planned(
        &self,
        transaction: &Transaction,
        filed: &FiledChallenge,
        delivery: DeliveryId,
        now: Timestamp,
    ) -> Result<(), CasesError> {
        store::challenges::set_delivery(transaction, filed.asked.id, delivery).await?;
        let requests = store::requests::of_ticket(transaction, filed.ticket.id).await?;
        let by = By::submission();
        self.await_proof(transaction, &requests, by, now).await?;
        let Some(address) = filed.ticket.address else { return Ok(()) };
        let (ticket, asked) = (&filed.ticket, &filed.asked);
        self.audit_challenge(transaction, ticket, asked, address, by.actor, now).await
    }
}
