//! What time and the relay do to requests: answers that left, stops of advertising that are
//! done, requests of which nothing is owed any more. Called by the daemon again and again.

use domain::{
    Timestamp,
    delivery::{DeliveryStateName, Occasion},
    ids::{DeliveryId, RequestId},
    regime::{DutyName, RequestName},
    request::{Outcome, RequestState, RequestStep},
};
use store::{StoreError, Transaction, requests::RequestRow};

use super::{By, answering::ANSWERING};
use crate::{Cases, CasesError};

/// Requests that are looked at in one go.
const AT_ONCE: u32 = 100;
/// The task for an answer that did not arrive.
const NOT_ARRIVED: &str = "answer_did_not_arrive";

impl Cases {
    /// Takes every request the next step that a letter of ours, or the block at filing, has
    /// earned. Returns how many moved.
    ///
    /// # Errors
    /// [`CasesError`] when the database cannot be used; what was settled stays.
    pub async fn settle_requests(&self) -> Result<usize, CasesError> {
        let mut settled = 0;
        let mut after = RequestId(0);
        loop {
            let requests = store::requests::to_settle(self.store(), after, AT_ONCE).await?;
            let Some(last) = requests.last() else { return Ok(settled) };
            after = last.id;
            for request in &requests {
                match self.settle_request(request.id).await {
                    Ok(true) => settled += 1,
                    Ok(false) | Err(CasesError::Store(StoreError::Conflict { .. })) => {}
                    Err(error) => return Err(error),
                }
            }
        }
    }

    async fn settle_request(&self, id: RequestId) -> Result<bool, CasesError> {
        let transaction = self.store().begin().await?;
        let now = self.parts.clock.now();
        let (request, ticket) = self.request_and_ticket(&transaction, id).await?;
        let letters = store::deliveries::letters_of(&transaction, ticket.id).await?;
        let moved = match request.state {
            RequestState::Received | RequestState::Blocked => {
                self.settle_marketing(&transaction, &request, By::daemon(), now).await?;
                true
            }
            RequestState::Verified | RequestState::Refused => {
                let answer = letters.iter().find(|letter| Some(letter.id) == request.answer);
                let Some(letter) = answer else { return Ok(false) };
                self.settle_answer(&transaction, &request, (letter.id, letter.state), now).await?
            }
            RequestState::Answered => {
                // One short confirmation is owed at most, and it may be on its way.
                let waits = |state| {
                    matches!(
                        state,
                        DeliveryStateName::Planned
                            | DeliveryStateName::Claimed
                            | DeliveryStateName::Deferred
                    )
                };
                let on_its_way = request.name == RequestName::StopMarketing
                    && letters.iter().any(|letter| {
                        letter.occasion == Occasion::Acknowledgement && waits(letter.state)
                    });
                !on_its_way && self.close_if_nothing_owed(&transaction, &request, now).await?
            }
            _ => false,
        };
        transaction.commit().await?;
        Ok(moved)
    }

    async fn settle_answer(
        &self,
        transaction: &Transaction,
        request: &RequestRow,
        (letter, state): (DeliveryId, DeliveryStateName),
        now: Timestamp,
    ) -> Result<bool, CasesError> {
        match state {
            DeliveryStateName::Accepted => {
                let by = By::daemon();
                let request =
                    self.advance(transaction, request, RequestStep::Answer, by, now).await?;
                self.fulfil(transaction, &request, &ANSWERING, by, now).await?;
                self.close_if_nothing_owed(transaction, &request, now).await?;
                Ok(true)
            }
            DeliveryStateName::Rejected
            | DeliveryStateName::Withheld
            | DeliveryStateName::Uncertain => {
                let detail = format!("request:{} delivery:{letter}", request.id);
                let (ticket, opened) = (request.ticket, now);
                store::tasks::open_once(transaction, NOT_ARRIVED, ticket, &detail, opened).await?;
                Ok(false)
            }
            DeliveryStateName::Planned
            | DeliveryStateName::Claimed
            | DeliveryStateName::Deferred => Ok(false),
        }
    }

    /// Closes an answered request of which nothing with a date is owed; its ticket with the last.
    /// What was refused, or not confirmed, owes nothing but the answer.
    pub(crate) async fn close_if_nothing_owed(
        &self,
        transaction: &Transaction,
        request: &RequestRow,
        now: Timestamp,
    ) -> Result<bool, CasesError> {
        let outcome = self.request_and_ticket(transaction, request.id).await?.0.outcome;
        let answer_is_all = matches!(outcome, Some(Outcome::Refused | Outcome::NotConfirmed));
        let duties = store::duties::of_request(transaction, request.id).await?;
        let counts = |name: &str| {
            DutyName::from_name(name).is_none_or(|name| !answer_is_all || ANSWERING.contains(&name))
        };
        let owed = |duty: &&store::requests::DutyRow| {
            duty.done_at.is_none() && duty.safe_due_at.is_some() && counts(&duty.name)
        };
        if duties.iter().any(|duty| owed(&duty)) {
            return Ok(false);
        }
        let by = By::daemon();
        self.advance(transaction, request, RequestStep::Close, by, now).await?;
        store::requests::stop_clock(transaction, request.id, by.actor, "closed", now).await?;
        self.close_ticket_if_done(transaction, request.ticket, now).await?;
        Ok(true)
    }
}
