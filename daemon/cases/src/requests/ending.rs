//! Steps that people take beside deciding: review, joining, reopening, holds.

use domain::{
    ids::{RequestId, TicketId},
    regime::RequestName,
    request::{Outcome, RequestState, RequestStep},
    ticket::TicketState,
};
use store::{Transaction, holds::HoldRow, requests::RequestRow, tickets::TicketRow};

use super::{By, refused};
use crate::{Cases, CasesError};

impl Cases {
    /// A person looks: identity is settled, or not needed.
    ///
    /// # Errors
    /// [`CasesError::Refused`] where the machine does not know the step.
    pub async fn review_request(&self, id: RequestId, actor: &str) -> Result<(), CasesError> {
        let transaction = self.store().begin().await?;
        let now = self.parts.clock.now();
        let request = self.request_and_ticket(&transaction, id).await?.0;
        self.advance(&transaction, &request, RequestStep::Review, By::person(actor), now).await?;
        Ok(transaction.commit().await?)
    }

    /// A request goes on as part of another of the same kind and person. The clock of the one
    /// that was received first is the one that runs on: that one stays, whichever was named.
    ///
    /// # Errors
    /// [`CasesError::Refused`] when they are not the same matter.
    pub async fn join_requests(
        &self,
        one: RequestId,
        other: RequestId,
        actor: &str,
    ) -> Result<RequestId, CasesError> {
        let transaction = self.store().begin().await?;
        let now = self.parts.clock.now();
        let (first, first_ticket) = self.request_and_ticket(&transaction, one).await?;
        let (second, second_ticket) = self.request_and_ticket(&transaction, other).await?;
        let same_person = first_ticket.id == second_ticket.id
            || (first_ticket.contact.is_some() && first_ticket.contact == second_ticket.contact)
            || (first_ticket.address.is_some() && first_ticket.address == second_ticket.address);
        if one == other || first.name != second.name || !same_person {
            let why = "only requests of one kind by one person are one matter";
            return Err(refused("same_matter", why));
        }
        let (stays, joins) = if (first.received_at, first.id) <= (second.received_at, second.id) {
            (first, second)
        } else {
            (second, first)
        };
        if !stays.state.is_open() {
            let why = "the earlier request is over; reopen it, or carry this one by itself";
            return Err(refused("same_matter", why));
        }
        self.join_in(&transaction, &joins, &stays, actor, now).await?;
        transaction.commit().await?;
        Ok(stays.id)
    }

    async fn join_in(
        &self,
        transaction: &Transaction,
        joins: &RequestRow,
        stays: &RequestRow,
        actor: &str,
        now: domain::Timestamp,
    ) -> Result<(), CasesError> {
        let by = By::person(actor);
        self.advance(transaction, joins, RequestStep::Join, by, now).await?;
        self.void(transaction, joins.id, actor, "joined", now).await?;
        store::requests::set_joined(transaction, joins.id, stays.id).await?;
        store::requests::set_outcome(transaction, joins.id, Outcome::Joined).await?;
        store::requests::stop_clock(transaction, joins.id, actor, "joined", now).await?;
        // Facts that came with the later word count for the one that stays.
        let events = [
            (domain::regime::CountsFrom::FactsReceived, joins.facts_received_at),
            (domain::regime::CountsFrom::Detection, joins.detected_at),
            (domain::regime::CountsFrom::Achieved, joins.achieved_at),
        ];
        let mut moved = false;
        for (event, at) in events {
            if let (Some(at), None) = (at, stays.events().at(event)) {
                store::requests::set_event(transaction, stays.id, event, None, at).await?;
                moved = true;
            }
        }
        if moved {
            let stays = self.request_and_ticket(transaction, stays.id).await?.0;
            self.reckon_all(transaction, &stays).await?;
        }
        self.close_ticket_if_done(transaction, joins.ticket, now).await
    }

    /// A request is looked at again: the person, or a superior, says it was not right. Its first
    /// clock runs on; the answer is owed again.
    ///
    /// # Errors
    /// [`CasesError::Refused`] without a reason, or where the machine does not know the step.
    pub async fn reopen_request(
        &self,
        id: RequestId,
        reason: &str,
        actor: &str,
    ) -> Result<(), CasesError> {
        let ticket = self.request_and_ticket(self.store(), id).await?.1;
        let note = self.seal_note(&ticket, reason).await?;
        let transaction = self.store().begin().await?;
        let now = self.parts.clock.now();
        let (request, ticket) = self.request_and_ticket(&transaction, id).await?;
        if request.state == RequestState::Verified {
            let why = "its answer is on its way; wait for the letter, or take a package back: `consentry package revoke`";
            return Err(refused("request_step", why));
        }
        self.look_again(&transaction, (&request, &ticket), &note, actor, now).await?;
        transaction.commit().await?;
        self.destroy_void_packages(ticket.id).await;
        Ok(())
    }

    /// Takes a request back to a person: what was decided is void, links are dead, and the answer
    /// is owed again where one was given or on its way.
    pub(crate) async fn look_again(
        &self,
        transaction: &Transaction,
        (request, ticket): (&RequestRow, &TicketRow),
        note: &[u8],
        actor: &str,
        now: domain::Timestamp,
    ) -> Result<(), CasesError> {
        let (id, was) = (request.id, request.state);
        let by = By::person(actor);
        let over = match was {
            RequestState::UnderReview | RequestState::Identity => false,
            RequestState::Approved => {
                self.advance(transaction, request, RequestStep::SendBack, by, now).await?;
                false
            }
            _ => {
                self.advance(transaction, request, RequestStep::Reopen, by, now).await?;
                true
            }
        };
        self.void(transaction, id, actor, "reopened", now).await?;
        store::taking_back::void(transaction, id).await?;
        store::packages::void_links(transaction, id).await?;
        let about = (note, actor);
        store::request_notes::add(transaction, id, "reopening", about, now).await?;
        if !over {
            return Ok(());
        }
        store::requests::begin_again(transaction, id).await?;
        if was != RequestState::Withdrawn {
            let owed = ["answer", "refuse", "decide"];
            store::duties::owe_again(transaction, id, &owed).await?;
            if request.name == RequestName::StopMarketing {
                // Nobody looks again at advertising that stopped: it went on.
                store::duties::owe_again(transaction, id, &["stop"]).await?;
            }
        }
        store::requests::note_clock(transaction, id, "start", (actor, "reopened"), now).await?;
        if let TicketState::Closed { .. } = ticket.state {
            let open = ticket.state.hear();
            store::tickets::change_state(transaction, ticket.id, ticket.state, open).await?;
        }
        Ok(())
    }

    /// Closes a ticket whose requests are all over.
    pub(crate) async fn close_ticket_if_done(
        &self,
        transaction: &Transaction,
        ticket: TicketId,
        now: domain::Timestamp,
    ) -> Result<(), CasesError> {
        if store::requests::open_of_ticket(transaction, ticket).await? > 0 {
            return Ok(());
        }
        let Some(row) = store::tickets::by_id(transaction, ticket).await? else { return Ok(()) };
        if let Ok(closed) = row.state.close(now) {
            store::tickets::change_state(transaction, ticket, row.state, closed).await?;
        }
        Ok(())
    }

    /// Legal holds, oldest first.
    ///
    /// # Errors
    /// [`CasesError::Store`].
    pub async fn holds(&self, which: store::holds::Which) -> Result<Vec<HoldRow>, CasesError> {
        Ok(store::holds::all(self.store(), which).await?)
    }

    /// Lifts a legal hold.
    ///
    /// # Errors
    /// [`CasesError::Refused`] without a reason; [`store::StoreError::Conflict`] when it does not
    /// stand.
    pub async fn lift_hold(&self, hold: i64, reason: &str, actor: &str) -> Result<(), CasesError> {
        let reason = reason.trim();
        if reason.is_empty() {
            return Err(refused("lift_needs_reason", "say why the hold is over"));
        }
        let missing = || CasesError::NotFound { what: "legal hold", id: hold.to_string() };
        let ticket = store::holds::ticket_of(self.store(), hold).await?.ok_or_else(missing)?;
        let ticket = store::tickets::by_id(self.store(), ticket).await?.ok_or_else(missing)?;
        let words = self.seal_note(&ticket, reason).await?;
        let transaction = self.store().begin().await?;
        let now = self.parts.clock.now();
        store::holds::lift(&transaction, hold, actor, &words, now).await?;
        let detail = serde_json::json!({ "reason_given": true });
        let about = format!("legal_hold:{hold}");
        store::audit::append(&transaction, actor, "lifted", &about, &detail, now).await?;
        Ok(transaction.commit().await?)
    }
}
