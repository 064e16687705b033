//! Requests on their way from receipt to a proven end: the steps that every kind shares.
//!
//! Whatever moves a request goes through [`Cases::advance`]: the machine of `domain` decides,
//! the store refuses what is no longer so, the audit log says who and by what right.

mod answering;
mod covering;
mod dating;
pub mod deciding;
mod ending;
pub mod executing;
mod extending;
mod kinds;
mod opening;
mod refusing;
pub mod reminding;
pub mod repeating;
mod settling;
pub mod showing;
mod stopping;
mod taking_back;
mod watching;
mod words;

use domain::{
    Timestamp,
    ids::{RequestId, VaultKeyId},
    regime::DutyName,
    request::{Outcome, RequestState, RequestStep, Warrant},
};
use render::{MailName, mail::CaseLetter};
use store::{Session, Transaction, requests::RequestRow, tickets::TicketRow};

use crate::{Cases, CasesError, letters::CaseMail};

/// The context under which notes of people of ours are sealed.
const NOTE_CONTEXT: &str = "request_note.content";

/// A refusal by a rule of this room.
pub(crate) fn refused(rule: &'static str, reason: &str) -> CasesError {
    CasesError::Refused { rule, reason: reason.to_owned() }
}

/// Who takes a step, and by what right.
#[derive(Debug, Clone, Copy)]
pub(crate) struct By<'a> {
    pub(crate) actor: &'a str,
    pub(crate) warrant: Warrant,
}

impl<'a> By<'a> {
    /// A named person of ours.
    pub(crate) fn person(actor: &'a str) -> Self {
        Self { actor, warrant: Warrant::Person }
    }

    /// Filing, by what a person sent us.
    pub(crate) fn submission() -> Self {
        Self { actor: "filing", warrant: Warrant::Submission }
    }

    /// The daemon, carrying out what a person decided.
    pub(crate) fn daemon() -> Self {
        Self { actor: "consentry", warrant: Warrant::Daemon }
    }
}

impl Cases {
    /// Seals what a person of ours wrote down; call it before the transaction begins.
    pub(crate) async fn seal_note(
        &self,
        ticket: &TicketRow,
        note: &str,
    ) -> Result<Vec<u8>, CasesError> {
        let note = note.trim();
        if note.is_empty() {
            return Err(refused("note_given", "say why, or how, in a few words"));
        }
        let key = self.key_of_matter(ticket).await?;
        let entropy = &*self.parts.entropy;
        Ok(self.parts.vault.seal(key, NOTE_CONTEXT, note.as_bytes(), entropy).await?)
    }

    /// A note in clear; none when its key was destroyed with the data.
    pub(crate) async fn open_request_note(&self, sealed: Option<&[u8]>) -> Option<String> {
        let plain = self.parts.vault.open_sealed(NOTE_CONTEXT, sealed?).await.ok()?;
        String::from_utf8(plain).ok()
    }

    /// A request with its ticket.
    pub(crate) async fn request_and_ticket(
        &self,
        session: &impl Session,
        id: RequestId,
    ) -> Result<(RequestRow, TicketRow), CasesError> {
        let missing = || CasesError::NotFound { what: "request", id: id.to_string() };
        let request = store::requests::by_id(session, id).await?.ok_or_else(missing)?;
        let ticket = store::tickets::by_id(session, request.ticket).await?.ok_or_else(missing)?;
        Ok((request, ticket))
    }

    /// Takes a request one step further in the transaction; returns it as it stands then.
    pub(crate) async fn advance(
        &self,
        transaction: &Transaction,
        request: &RequestRow,
        step: RequestStep,
        by: By<'_>,
        now: Timestamp,
    ) -> Result<RequestRow, CasesError> {
        let made = request.state.step(step, by.warrant)?;
        store::requests::change_state(transaction, request.id, made, now).await?;
        let detail = serde_json::json!({
            "from": made.from().name(), "to": made.to().name(), "warrant": by.warrant.name(),
        });
        let subject = format!("request:{}", request.id);
        store::audit::append(transaction, by.actor, step.name(), &subject, &detail, now).await?;
        Ok(RequestRow { state: made.to(), changed_at: now, ..request.clone() })
    }

    /// Marks duties of a request as done.
    pub(crate) async fn fulfil(
        &self,
        transaction: &Transaction,
        request: &RequestRow,
        duties: &[DutyName],
        by: By<'_>,
        now: Timestamp,
    ) -> Result<(), CasesError> {
        if store::requests::fulfil(transaction, request.id, duties, now).await? > 0 {
            let names: Vec<_> = duties.iter().map(|duty| duty.name()).collect();
            for name in &names {
                let about = format!("request:{} duty:{name}", request.id);
                for task in ["duty_due", "duty_overdue"] {
                    store::tasks::close(transaction, (task, &about), by.actor, now).await?;
                }
            }
            let detail = serde_json::json!({ "duties": names });
            let subject = format!("request:{}", request.id);
            store::audit::append(transaction, by.actor, "fulfilled", &subject, &detail, now)
                .await?;
        }
        Ok(())
    }

    /// Plans the answer of a request that is verified or refused; it is answered once the letter
    /// has left. For whom somebody asked hears of it, too. `key` comes from
    /// [`Cases::key_of_matter`] (or is a fresh one, when that key is gone with the data).
    pub(crate) async fn plan_answer(
        &self,
        transaction: &Transaction,
        matter: (&TicketRow, &RequestRow),
        (name, letter): (MailName, CaseLetter),
        outcome: Outcome,
        key: VaultKeyId,
        now: Timestamp,
    ) -> Result<(), CasesError> {
        let (ticket, request) = matter;
        debug_assert!(matches!(request.state, RequestState::Verified | RequestState::Refused));
        store::requests::set_outcome(transaction, request.id, outcome).await?;
        if name != MailName::AnswerDestroyed {
            // Of a destruction the person gets the whole answer, from its executor.
            let became = (outcome, letter.decided_by.as_str());
            self.tell_represented(transaction, (request, ticket), became, key, now).await?;
        }
        let Some(to) = ticket.address else {
            // Nobody to write to: a person answers on the way the request came.
            let detail = format!("request:{}", request.id);
            let task = "answer_by_hand";
            store::tasks::open(transaction, task, Some(ticket.id), None, &detail, now).await?;
            return Ok(());
        };
        let occasion = domain::delivery::Occasion::Answer;
        let mail = CaseMail { ticket, to, occasion, name, letter, key };
        let delivery = self.plan_case_letter(transaction, mail, now).await?;
        Ok(store::requests::set_answer(transaction, request.id, delivery).await?)
    }
}
