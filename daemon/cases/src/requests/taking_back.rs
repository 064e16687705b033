//! A request is taken back by the person: by their own word, or by two of ours who heard it.

use domain::{
    Timestamp,
    authentication::SenderAuthentication,
    block::BlockState,
    decision::taking_back::{TakingBack, Word, take_back},
    delivery::Occasion,
    identity::IdentityLevel,
    ids::{RequestId, SubmissionId, VaultKeyId},
    request::{Outcome, RequestState, RequestStep, Requester},
};
use render::{MailName, mail::CaseLetter};
use store::{Session, StoreError, Transaction, requests::RequestRow, tickets::TicketRow};

use super::{By, refused};
use crate::{Cases, CasesError, letters::CaseMail};

/// The task that waits for another of ours.
const CONFIRM: &str = "confirm_withdrawal";

impl Cases {
    /// The person takes the request back. Their own word ends it at once: a later letter or form
    /// entry of theirs in the same matter, or our challenge that they answered. Else one of ours
    /// writes down how they said so, and with four eyes another confirms it.
    ///
    /// # Errors
    /// [`CasesError::Refused`] by `own_word` when there is no word at all, by `four_eyes` when one
    /// person would be both, or when the request went too far.
    pub async fn withdraw_request(
        &self,
        id: RequestId,
        note: Option<&str>,
        actor: &str,
    ) -> Result<TakingBack, CasesError> {
        let ticket = self.request_and_ticket(self.store(), id).await?.1;
        let sealed = match note.map(str::trim).filter(|note| !note.is_empty()) {
            Some(note) => Some(self.seal_note(&ticket, note).await?),
            None => None,
        };
        let key = self.key_of_matter(&ticket).await?;
        let transaction = self.store().begin().await?;
        let now = self.parts.clock.now();
        let (request, ticket) = self.request_and_ticket(&transaction, id).await?;
        let (said, submission) = self.own_word(&transaction, (&request, &ticket)).await?;
        let word = match said {
            Word::None if sealed.is_some() => Word::Note,
            said => said,
        };
        let waiting = store::taking_back::standing(&transaction, id).await?;
        let settings = &self.parts.settings.requests;
        let acting = settings.acting(actor);
        let first = waiting.as_ref().map(store::taking_back::TakingBackRow::proposer);
        let follows = take_back(word, first, acting, settings.four_eyes)?;
        // Refuses what cannot be taken back any more, before anybody waits for it.
        request.state.step(RequestStep::Withdraw, By::person(actor).warrant)?;
        if let Some(sealed) = &sealed {
            let about = (sealed.as_slice(), actor);
            store::request_notes::add(&transaction, id, "withdrawal", about, now).await?;
        }
        let about = format!("request:{id}");
        let detail = serde_json::json!({
            "word": format!("{word:?}").to_lowercase(), "submission": submission,
            "account": settings.accounts.own,
        });
        match follows {
            TakingBack::Waits => {
                match store::taking_back::propose(&transaction, id, acting, now).await {
                    Err(StoreError::Duplicate { .. }) => {
                        let why = "somebody wrote that down already; look again";
                        return Err(refused("decision_stands", why));
                    }
                    made => made?,
                }
                let act = "withdrawal_proposed";
                store::audit::append(&transaction, actor, act, &about, &detail, now).await?;
                store::tasks::open(&transaction, CONFIRM, Some(ticket.id), None, &about, now)
                    .await?;
                transaction.commit().await?;
            }
            TakingBack::Ends => {
                if let Some(waiting) = &waiting {
                    store::taking_back::confirm(&transaction, waiting.id, actor, now).await?;
                    store::tasks::close(&transaction, (CONFIRM, &about), actor, now).await?;
                }
                let act = "withdrawal_heard";
                store::audit::append(&transaction, actor, act, &about, &detail, now).await?;
                self.end_by_the_person(&transaction, (&request, &ticket), key, actor, now).await?;
                transaction.commit().await?;
                self.destroy_void_packages(ticket.id).await;
            }
        }
        Ok(follows)
    }

    /// What the person themselves said in this matter since they asked.
    async fn own_word(
        &self,
        session: &impl Session,
        (request, ticket): (&RequestRow, &TicketRow),
    ) -> Result<(Word, Option<SubmissionId>), CasesError> {
        let later = store::submissions::of_ticket(session, ticket.id).await?.into_iter().rfind(
            |submission| {
                submission.received_at > request.received_at
                    && submission.address.is_some()
                    && submission.address == ticket.address
                    && submission.authentication != SenderAuthentication::Fail
                    && submission.kind == "human"
            },
        );
        if let Some(later) = later {
            return Ok((Word::Submission, Some(later.id)));
        }
        let proofs = store::identity::of_ticket(session, ticket.id).await?;
        let answered = proofs.iter().any(|row| {
            row.proof.level == IdentityLevel::Challenge
                && !row.proof.is_revoked
                && row.proof.newest >= Some(request.id)
        });
        Ok((if answered { Word::Challenge } else { Word::None }, None))
    }

    async fn end_by_the_person(
        &self,
        transaction: &Transaction,
        (request, ticket): (&RequestRow, &TicketRow),
        key: VaultKeyId,
        actor: &str,
        now: Timestamp,
    ) -> Result<(), CasesError> {
        let id = request.id;
        debug_assert_ne!(request.state, RequestState::Withdrawn);
        let by = By::person(actor);
        self.advance(transaction, request, RequestStep::Withdraw, by, now).await?;
        self.void(transaction, id, actor, "withdrawn", now).await?;
        self.resume_publication(transaction, (request, ticket), now).await?;
        store::packages::void_links(transaction, id).await?;
        store::requests::set_outcome(transaction, id, Outcome::Withdrawn).await?;
        store::requests::stop_clock(transaction, id, actor, "withdrawn", now).await?;
        // Blocks never end by themselves: a person looks at them.
        let blocks = store::blocks::of_ticket(transaction, ticket.id).await?;
        let stands =
            |block: &store::blocks::BlockRow| matches!(block.state, BlockState::Active { .. });
        let block_stands = blocks.iter().any(stands);
        if let (Some(to), true) = (ticket.address, request.requester != Requester::Authority) {
            // Whoever did not take it back hears of it at once.
            let letter = CaseLetter { block_stands, ..self.case_letter(ticket, Some(request)) };
            let (occasion, name) = (Occasion::Notice, MailName::TakenBack);
            let mail = CaseMail { ticket, to, occasion, name, letter, key };
            self.plan_case_letter(transaction, mail, now).await?;
        }
        if block_stands {
            let detail = format!("request:{id} withdrawn");
            let about = Some(ticket.id);
            store::tasks::open(transaction, "look_at_block", about, None, &detail, now).await?;
        }
        self.close_ticket_if_done(transaction, ticket.id, now).await
    }
}
