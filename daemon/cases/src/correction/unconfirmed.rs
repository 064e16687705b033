//! A correction that was not confirmed: a person refused it with clause and reasons; here the
//! block that stood for the check ends (RULES §1.1, BLOCK and RECTIFY: "not confirmed → unblock").

use domain::{
    Timestamp,
    digest::Digest,
    ids::RequestId,
    regime::{DutyName, RequestName},
    request::{Outcome, RequestState},
};
use store::{
    Transaction, rectifications, rectifications::RectificationState, requests::RequestRow,
    tickets::TicketRow,
};

use crate::{
    Cases, CasesError,
    filing::PendingStops,
    requests::{By, refused},
};

impl Cases {
    /// After the refusal of a correction: what was proposed is void, the block of the check ends,
    /// the outcome says that it was not confirmed. Asked twice it changes nothing more.
    ///
    /// # Errors
    /// [`CasesError::Refused`] `needs_refusal` unless a person refused it.
    pub async fn end_unconfirmed(
        &self,
        request: RequestId,
        actor: &str,
    ) -> Result<usize, CasesError> {
        let (_, ticket) = self.request_and_ticket(self.store(), request).await?;
        let keys = self.stops_of_blocks(&ticket).await?;
        let transaction = self.store().begin().await?;
        store::stops::lock(&transaction, &keys).await?;
        let now = self.parts.clock.now();
        let (row, ticket) = self.request_and_ticket(&transaction, request).await?;
        let mut stops = PendingStops::default();
        let matter = (&row, &ticket);
        let lifted = self.end_unconfirmed_in(&transaction, matter, actor, &mut stops, now).await?;
        self.commit(transaction, stops, now).await?;
        Ok(lifted)
    }

    /// The stop keys of the blocks of a ticket, to be locked before any of them ends.
    pub(crate) async fn stops_of_blocks(
        &self,
        ticket: &TicketRow,
    ) -> Result<Vec<Digest>, CasesError> {
        let blocks = store::blocks::of_ticket(self.store(), ticket.id).await?;
        Ok(blocks.into_iter().filter_map(|block| block.stop_digest).collect())
    }

    /// The same in the transaction of whoever refuses it.
    pub(crate) async fn end_unconfirmed_in(
        &self,
        transaction: &Transaction,
        (request, ticket): (&RequestRow, &TicketRow),
        actor: &str,
        stops: &mut PendingStops,
        now: Timestamp,
    ) -> Result<usize, CasesError> {
        let is_refused = matches!(request.outcome, Some(Outcome::Refused | Outcome::NotConfirmed))
            || request.state == RequestState::Refused;
        if request.name != RequestName::Rectification || !is_refused {
            let reason =
                "refuse the correction first, with clause and reasons: the person must hear why";
            return Err(refused("needs_refusal", reason));
        }
        for row in rectifications::of_request(transaction, request.id).await? {
            if row.state == RectificationState::Proposed {
                let to = RectificationState::Void;
                rectifications::settle(transaction, row.id, to, now).await?;
            }
        }
        store::requests::set_outcome(transaction, request.id, Outcome::NotConfirmed).await?;
        let duties = [DutyName::Check, DutyName::Correct, DutyName::Decide];
        self.fulfil(transaction, request, &duties, By::person(actor), now).await?;
        let why = (actor, "the check did not confirm that the data are wrong");
        self.lift_of_correction(transaction, (request, ticket), why, stops, now).await
    }
}
