//! A request that no label stands for: a person of ours who read the letter opens it.
//!
//! What a label stands for is opened by saying what the letter asks (`ticket correct`), which sets
//! the block in the same transaction. A demand that a person look at an automated decision
//! (152-FZ art. 16, GDPR art. 22) blocks nothing, and no word of a letter is sure enough for it.

use domain::{
    clock::Events,
    ids::{RequestId, SubmissionId},
    regime::RequestName,
    request::{RequestState, RequestStep, Requester},
    ticket::TicketState,
};
use store::requests::NewRequest;

use super::{By, refused};
use crate::{Cases, CasesError};

/// The task that the law wants done at once: the decision has no effect until a person looked.
const PAUSE: &str = "pause_automated_decision";

impl Cases {
    /// Opens a request that a letter of a ticket makes: the given one, else its last. Its clock runs
    /// from the receipt of that letter, and it is under review.
    ///
    /// # Errors
    /// [`CasesError::Refused`] by `opened_by_hand` for every other kind, `authority_lane`,
    /// `ticket_step` for a closed ticket, `submission_of_the_ticket`, `request_is_open`;
    /// [`CasesError::NotFound`].
    pub async fn open_request_by_hand(
        &self,
        number: &str,
        name: RequestName,
        submission: Option<SubmissionId>,
        actor: &str,
    ) -> Result<RequestId, CasesError> {
        if name != RequestName::AutomatedDecision {
            let reason = format!(
                "`{}` is not opened by itself; say what the letter asks for: `consentry ticket correct {number} --labels …`",
                name.name()
            );
            return Err(CasesError::Refused { rule: "opened_by_hand", reason });
        }
        let found = self.ticket_of_number(number).await?;
        let transaction = self.store().begin().await?;
        store::challenges::lock_ticket(&transaction, found.id).await?;
        let now = self.parts.clock.now();
        let ticket = store::tickets::by_id(&transaction, found.id).await?.unwrap_or(found);
        if ticket.lane == domain::ticket::Lane::Authority {
            let why = "an authority asks by its own request, which is open already";
            return Err(refused("authority_lane", why));
        }
        if matches!(ticket.state, TicketState::Closed { .. }) {
            let why = "the ticket is closed; open it again first: `consentry ticket reopen`";
            return Err(refused("ticket_step", why));
        }
        let letters = store::submissions::of_ticket(&transaction, ticket.id).await?;
        let letter = match submission {
            None => letters.last(),
            Some(id) => letters.iter().find(|row| row.id == id),
        };
        let Some(letter) = letter else {
            let why = "the ticket has no such letter; see `consentry ticket show`";
            return Err(refused("submission_of_the_ticket", why));
        };
        let held = store::requests::of_ticket(&transaction, ticket.id).await?;
        if let Some(open) = held.iter().find(|row| row.name == name && row.state.is_open()) {
            let reason = format!("request {} asks that already, and keeps its clock", open.id);
            return Err(CasesError::Refused { rule: "request_is_open", reason });
        }
        let address = match ticket.address {
            Some(address) => store::addresses::clear(&transaction, address).await?,
            None => None,
        };
        let regimes = self.regimes_for(&transaction, ticket.contact, address.as_ref()).await?;
        let events = Events::received(letter.received_at);
        let (duties, rule) = self.duties_of(name, &events, &regimes)?;
        let for_another = held.iter().any(|row| row.requester == Requester::Representative);
        let new = NewRequest {
            ticket: ticket.id,
            name,
            regime: &rule.regime,
            regime_version: &rule.version,
            law: &rule.law,
            requester: if for_another { Requester::Representative } else { Requester::Subject },
            state: RequestState::Received,
            received_at: letter.received_at,
            duties: &duties,
            done: &[],
        };
        let id = store::requests::open(&transaction, &new, now).await?;
        let row = store::requests::by_id(&transaction, id).await?.ok_or(CasesError::Content)?;
        let by = By::person(actor);
        self.advance(&transaction, &row, RequestStep::Review, by, now).await?;
        let detail = format!("request:{id}");
        store::tasks::open(&transaction, PAUSE, Some(ticket.id), None, &detail, now).await?;
        let detail = serde_json::json!({
            "request": id, "name": name.name(), "submission": letter.id,
        });
        let subject = format!("ticket:{}", ticket.id);
        store::audit::append(&transaction, actor, "opened", &subject, &detail, now).await?;
        transaction.commit().await?;
        Ok(id)
    }
}
