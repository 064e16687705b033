//! Carrying out: which part of the house carries a request out, and what people carry out by
//! hand and verify.
//!
//! Destruction, correction and the package have executors of their own; the rest is done by a
//! person (or by the machine at filing) and recorded here: done, verified, answered.

use domain::{
    Timestamp,
    block::BlockState,
    ids::RequestId,
    regime::{DutyName, RequestName},
    request::{Outcome, RequestState, RequestStep, Requester},
};
use render::mail::{CaseLetter, KeptItem};
use serde::{Deserialize, Serialize};
use store::{Session, StoreError, Transaction, requests::RequestRow, tickets::TicketRow};

use super::{
    By,
    deciding::paragraphs,
    kinds::{duties_done, mail_of, outcome_of, plan_is_due},
    refused,
    words::check_words,
};
use crate::{Cases, CasesError};

/// Who carries a request out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// A plan of destruction stands: `cases` destroys step by step.
    Destruction,
    /// Corrections of a contact.
    Correction,
    /// A package of what we hold.
    Access,
    /// People, who record it with [`Cases::carry_out`].
    ByHand,
}

/// What was done by hand, or found; proposed by one and decided by another before it counts.
/// Personal data may be in it; prints nothing.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    /// What was done, each a clause that the person will read.
    #[serde(default)]
    pub done: Vec<String>,
    /// What goes on, and on which base (article, contract): (purpose, base).
    #[serde(default)]
    pub continues: Vec<(String, String)>,
    /// Every purpose goes on: nothing is to be destroyed.
    #[serde(default)]
    pub all_continue: bool,
    /// What the person claimed was not confirmed: a refusal, with article and reasons.
    #[serde(default)]
    pub not_confirmed: bool,
    /// Of what was not confirmed: the article.
    #[serde(default)]
    pub clause: String,
    /// Of what was not confirmed: the reasons, as the person will read them.
    #[serde(default)]
    pub reasons: String,
}

impl std::fmt::Debug for Carried {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Carried")
            .field("not_confirmed", &self.not_confirmed)
            .finish_non_exhaustive()
    }
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CarriedOut {
    /// The answer is planned.
    Answered,
    /// A person answers on the way the request came.
    AnswerByHand,
    /// The processing stopped and no purpose is left: a plan of destruction is due.
    PlanDue,
}

impl Cases {
    /// Who carries a request out.
    ///
    /// # Errors
    /// [`CasesError::NotFound`].
    pub async fn carrier(&self, id: RequestId) -> Result<Carrier, CasesError> {
        let request = self.request_and_ticket(self.store(), id).await?.0;
        self.carrier_of(self.store(), &request).await
    }

    async fn carrier_of(
        &self,
        session: &impl Session,
        request: &RequestRow,
    ) -> Result<Carrier, CasesError> {
        Ok(match request.name {
            RequestName::Rectification => Carrier::Correction,
            RequestName::Access => Carrier::Access,
            RequestName::Erasure | RequestName::Achieved => Carrier::Destruction,
            _ if store::decisions::plan_of(session, request.id).await?.is_some() => {
                Carrier::Destruction
            }
            _ => Carrier::ByHand,
        })
    }

    /// An approval without words is for what the machine carries out.
    pub(super) async fn check_unsaid(
        &self,
        session: &impl Session,
        request: &RequestRow,
    ) -> Result<(), CasesError> {
        let by_hand = self.carrier_of(session, request).await? == Carrier::ByHand;
        if by_hand && request.name != RequestName::Breach {
            let why = "what people carry out is decided on in words: `consentry request propose ID --done …`, or --not-confirmed";
            return Err(refused("done_is_said", why));
        }
        Ok(())
    }

    /// What is proposed to be carried out by hand.
    pub(super) async fn check_carried(
        &self,
        session: &impl Session,
        request: &RequestRow,
        carried: &Carried,
    ) -> Result<(), CasesError> {
        if self.carrier_of(session, request).await? != Carrier::ByHand {
            let why = "this request is carried out by the machine; propose it without words, or refuse it; see `consentry request show`";
            return Err(refused("executor", why));
        }
        check_words(request.name, carried)
    }

    /// Records that an approved request was carried out, verified by the person who says so, and
    /// plans the answer. What was done stands in the decision, and nowhere else; a note may be
    /// added for ourselves.
    ///
    /// # Errors
    /// [`CasesError::Refused`] for a request that has an executor of its own, was not approved, or
    /// whose decision no longer covers it.
    pub async fn carry_out(
        &self,
        id: RequestId,
        note: Option<&str>,
        actor: &str,
    ) -> Result<CarriedOut, CasesError> {
        if self.carrier(id).await? != Carrier::ByHand {
            let why = "this request is carried out by the machine; see `consentry request show`";
            return Err(refused("executor", why));
        }
        let ticket = self.request_and_ticket(self.store(), id).await?.1;
        let note = match note {
            Some(note) => Some(self.seal_note(&ticket, note).await?),
            None => None,
        };
        let key = self.key_of_matter(&ticket).await?;
        let decided = store::decisions::standing(self.store(), id).await?;
        let carried = match &decided {
            Some(row) => self.open_carried(row).await?,
            None => Carried::default(),
        };
        let told = self.prepare_stop(id, &carried).await?;
        let transaction = self.store().begin().await?;
        let now = self.parts.clock.now();
        let (request, ticket) = self.request_and_ticket(&transaction, id).await?;
        let by = By::person(actor);
        if request.name == RequestName::StopMarketing
            && matches!(request.state, RequestState::Received | RequestState::Blocked)
        {
            self.settle_marketing(&transaction, &request, by, now).await?;
            transaction.commit().await?;
            return Ok(CarriedOut::Answered);
        }
        let decision = self.covered(&transaction, &request, &ticket).await?;
        if decided.is_none_or(|row| row.id != decision.id) {
            return Err(StoreError::Conflict { what: "decision" }.into());
        }
        self.check_carried(&transaction, &request, &carried).await?;
        self.check_kind(&transaction, &request, &carried).await?;
        if let Some(note) = &note {
            store::request_notes::add(&transaction, id, "done", (note, actor), now).await?;
        }
        let matter = (&ticket, &request);
        self.ask_to_narrow(&transaction, matter, &carried, now).await?;
        let by_whom = decision.decided_by.as_deref().unwrap_or(actor);
        let mut letter = self.letter_of(&transaction, matter, &carried, by_whom).await?;
        if request.name == RequestName::Restriction {
            let whose = (ticket.contact, ticket.address);
            letter.told_before_lifting =
                self.is_told_before_lifting(&transaction, whose.0, whose.1).await?;
        }
        letter.told = self.tell_of_stop(&transaction, told.as_ref(), &carried, now).await?;
        if plan_is_due(request.name, &carried) {
            self.stop_and_plan(&transaction, matter, (letter, key), by, now).await?;
            transaction.commit().await?;
            return Ok(CarriedOut::PlanDue);
        }
        let request = self.advance(&transaction, &request, RequestStep::Execute, by, now).await?;
        let request = self.advance(&transaction, &request, RequestStep::Verify, by, now).await?;
        let duties = if carried.not_confirmed {
            // Nothing was stopped or destroyed: what is fulfilled is the check.
            &[DutyName::Check]
        } else {
            duties_done(request.name)
        };
        self.fulfil(&transaction, &request, duties, by, now).await?;
        let outcome = outcome_of(&carried);
        let authority = request.requester == Requester::Authority
            || matches!(request.name, RequestName::AuthorityRequest | RequestName::AuthorityBlock);
        let became = if authority || request.name == RequestName::Unread {
            // No automatic answer to an authority; a letter that was read needs none of its own.
            store::requests::set_outcome(&transaction, id, outcome).await?;
            let detail = format!("request:{id}");
            let about = Some(ticket.id);
            store::tasks::open(&transaction, "answer_by_hand", about, None, &detail, now).await?;
            CarriedOut::AnswerByHand
        } else {
            let mail = (mail_of(request.name, &carried), letter);
            let matter = (&ticket, &request);
            self.plan_answer(&transaction, matter, mail, outcome, key, now).await?;
            CarriedOut::Answered
        };
        if carried.not_confirmed {
            // The person is told first (GDPR art. 18(3)); then a person lifts the block.
            let detail = format!("request:{id} not confirmed");
            let about = Some(ticket.id);
            store::tasks::open(&transaction, "look_at_block", about, None, &detail, now).await?;
            self.resume_publication(&transaction, (&request, &ticket), now).await?;
        }
        transaction.commit().await?;
        Ok(became)
    }

    async fn letter_of(
        &self,
        session: &impl Session,
        (ticket, request): (&TicketRow, &RequestRow),
        carried: &Carried,
        decided_by: &str,
    ) -> Result<CaseLetter, CasesError> {
        let mut letter = self.case_letter(ticket, Some(request));
        decided_by.clone_into(&mut letter.decided_by);
        if carried.not_confirmed || !carried.continues.is_empty() {
            letter.remedies = self.remedies(session, request, ticket).await?;
        }
        letter.done.clone_from(&carried.done);
        if carried.not_confirmed {
            carried.clause.trim().clone_into(&mut letter.clause);
            letter.reasons = paragraphs(&carried.reasons);
            return Ok(letter);
        }
        let kept = |(what, why): &(String, String)| KeptItem {
            what: what.clone(),
            why: why.clone(),
            until: String::new(),
        };
        letter.kept = carried.continues.iter().map(kept).collect();
        letter.complete = carried.continues.is_empty();
        Ok(letter)
    }

    async fn check_kind(
        &self,
        session: &impl Session,
        request: &RequestRow,
        carried: &Carried,
    ) -> Result<(), CasesError> {
        if request.state != RequestState::Approved {
            return Err(refused("approved", "what is approved is carried out; see its state"));
        }
        if request.name == RequestName::Breach {
            return Err(refused("executor", "a breach is carried by `consentry incident`"));
        }
        if request.name == RequestName::UnlawfulProcessing
            && !carried.not_confirmed
            && request.detected_at.is_none()
        {
            let why = "when was it found to be unlawful? `consentry request event ID detection --at …`, or --not-confirmed";
            return Err(refused("detection_is_dated", why));
        }
        if request.name == RequestName::Restriction && !carried.not_confirmed {
            let blocks = store::blocks::of_ticket(session, request.ticket).await?;
            if !blocks.iter().any(|block| matches!(block.state, BlockState::Active { .. })) {
                let why = "the answer says that the data are blocked, and no block of this ticket stands: `consentry block set`";
                return Err(refused("block_stands", why));
            }
        }
        Ok(())
    }

    /// All that a stop of advertising asks was done with the block itself, or is done now.
    pub(crate) async fn settle_marketing(
        &self,
        transaction: &Transaction,
        request: &RequestRow,
        by: By<'_>,
        now: Timestamp,
    ) -> Result<(), CasesError> {
        self.fulfil(transaction, request, &[DutyName::Stop], by, now).await?;
        self.advance(transaction, request, RequestStep::Settle, by, now).await?;
        Ok(store::requests::set_outcome(transaction, request.id, Outcome::Done).await?)
    }
}
