//! A request is taken back by the person: one of ours names the letter or says how they heard it,
//! and another confirms that.

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
    /// The person takes the request back. One of ours read that in a later letter or form entry of
    /// theirs in the same matter and names it, or writes down how they said so; with four eyes
    /// another confirms it, whichever it was. What the letter says only people can tell.
    ///
    /// # Errors
    /// [`CasesError::Refused`] by `own_word` when there is no word, or the letter named cannot be
    /// one, by `four_eyes` when one person would be both, or when the request went too far.
    pub async fn withdraw_request(
        &self,
        id: RequestId,
        (submission, note): (Option<SubmissionId>, Option<&str>),
        actor: &str,
    ) -> Result<TakingBack, CasesError> {
        let ticket = self.request_and_ticket(self.store(), id).await?.1;
        // Whoever confirms reads it with the request.
        let named = submission.map(|submission| format!("submission {submission}"));
        let noted = note.map(str::trim).filter(|note| !note.is_empty()).map(str::to_owned);
        let word = match (submission, &noted) {
            (Some(_), _) => Word::Submission,
            (None, Some(_)) => Word::Note,
            (None, None) => Word::None,
        };
        let words: Vec<_> = named.into_iter().chain(noted).collect();
        let sealed = match words.is_empty() {
            false => Some(self.seal_note(&ticket, &words.join("\n")).await?),
            true => None,
        };
        let key = self.key_of_matter(&ticket).await?;
        let transaction = self.store().begin().await?;
        let now = self.parts.clock.now();
        let (request, ticket) = self.request_and_ticket(&transaction, id).await?;
        if let Some(named) = submission {
            self.own_word(&transaction, (&request, &ticket), named).await?;
        }
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

    /// Checks that what one of ours named can be the person's word: a later letter or form entry of
    /// the requester in this matter, of a sender whom DMARC or an answered challenge shows.
    async fn own_word(
        &self,
        session: &impl Session,
        (request, ticket): (&RequestRow, &TicketRow),
        named: SubmissionId,
    ) -> Result<(), CasesError> {
        let unheard = |why| Err(refused("own_word", why));
        let of_ticket = store::submissions::of_ticket(session, ticket.id).await?;
        let Some(said) = of_ticket.into_iter().find(|submission| submission.id == named) else {
            return unheard("this letter is of another matter; name one of this ticket");
        };
        if said.received_at <= request.received_at {
            return unheard("this letter is not later than the request; name a later one");
        }
        if said.kind != "human" || said.address.is_none() || said.address != ticket.address {
            return unheard("this letter is not from whoever asked; give --note instead");
        }
        let is_shown = match said.authentication {
            SenderAuthentication::Pass => true,
            SenderAuthentication::Fail => false,
            SenderAuthentication::Unknown | SenderAuthentication::None => {
                self.is_mailbox_proven(session, (request, ticket)).await?
            }
        };
        if is_shown {
            return Ok(());
        }
        unheard("anybody could have sent this letter; ask a challenge, or give --note instead")
    }

    /// Whether the mailbox of whoever asked answered a challenge that covers the request.
    async fn is_mailbox_proven(
        &self,
        session: &impl Session,
        (request, ticket): (&RequestRow, &TicketRow),
    ) -> Result<bool, CasesError> {
        let own: Vec<_> = store::challenges::of_ticket(session, ticket.id)
            .await?
            .into_iter()
            .filter(|asked| Some(asked.address) == ticket.address)
            .map(|asked| Some(asked.id))
            .collect();
        let proofs = store::identity::of_ticket(session, ticket.id).await?;
        Ok(proofs.iter().any(|row| {
            row.proof.level == IdentityLevel::Challenge
                && !row.proof.is_revoked
                && row.proof.newest >= Some(request.id)
                && own.contains(&row.challenge)
        }))
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
        let became = (Outcome::Withdrawn, actor);
        self.tell_represented(transaction, (request, ticket), became, key, now).await?;
        if block_stands {
            let detail = format!("request:{id} withdrawn");
            let about = Some(ticket.id);
            store::tasks::open(transaction, "look_at_block", about, None, &detail, now).await?;
        }
        self.close_ticket_if_done(transaction, ticket.id, now).await
    }
}
