//! What follows from a stop: who is told of it, when the rest is destroyed, and what becomes of
//! the block where something goes on.

use domain::{
    Timestamp,
    block::{BlockState, Scope},
    delivery::Occasion,
    disclosure::NoticeAct,
    ids::{RequestId, VaultKeyId},
    regime::{CountsFrom, DutyName, RequestName},
    request::{Outcome, RequestState, RequestStep},
};
use render::{MailName, mail::CaseLetter, wording};
use store::{Transaction, requests::RequestRow, tickets::TicketRow};

use super::{By, executing::Carried};
use crate::{Cases, CasesError, letters::CaseMail, parties::PreparedNotices};

impl Cases {
    /// What goes on lawfully would be held back by a block of everything: people of ours are asked
    /// to narrow or to lift it, as far as the decision says. Blocks never end by themselves.
    pub(super) async fn ask_to_narrow(
        &self,
        transaction: &Transaction,
        (ticket, request): (&TicketRow, &RequestRow),
        carried: &Carried,
        now: Timestamp,
    ) -> Result<(), CasesError> {
        if carried.continues.is_empty() || carried.not_confirmed {
            return Ok(());
        }
        for block in store::blocks::of_ticket(transaction, ticket.id).await? {
            if block.scope == Scope::Full && matches!(block.state, BlockState::Active { .. }) {
                let detail = format!("request:{} block:{}", request.id, block.id);
                let (task, about) = ("narrow_or_lift_block", Some(ticket.id));
                store::tasks::open(transaction, task, about, None, &detail, now).await?;
            }
        }
        Ok(())
    }

    /// Who has data of the person and must hear that their processing stops.
    pub(super) async fn prepare_stop(
        &self,
        id: RequestId,
        carried: &Carried,
    ) -> Result<Option<PreparedNotices>, CasesError> {
        let (request, ticket) = self.request_and_ticket(self.store(), id).await?;
        let stops = matches!(
            request.name,
            RequestName::Objection
                | RequestName::ConsentWithdrawal
                | RequestName::UnlawfulProcessing
                | RequestName::StopPublication
        );
        if !stops || carried.not_confirmed || request.state != RequestState::Approved {
            return Ok(None);
        }
        let contact = self.person_of(self.store(), (&request, &ticket)).await?;
        let matter = (&ticket, &request);
        let prepared = self
            .prepare_recipient_notices(self.store(), matter, None, contact, NoticeAct::Stop)
            .await?;
        Ok(Some(prepared).filter(|prepared| !prepared.is_empty()))
    }

    /// Tells recipients to stop; where something goes on, a person says to each what. Returns who
    /// is told.
    pub(super) async fn tell_of_stop(
        &self,
        transaction: &Transaction,
        told: Option<&PreparedNotices>,
        carried: &Carried,
        now: Timestamp,
    ) -> Result<Vec<String>, CasesError> {
        let Some(told) = told else { return Ok(Vec::new()) };
        if carried.continues.is_empty() {
            self.raise_recipient_notices(transaction, told, now).await?;
            return Ok(told.titles().map(str::to_owned).collect());
        }
        let (task, about) = ("tell_recipients_what_stopped", Some(told.ticket()));
        let detail = format!("request:{}", told.request());
        store::tasks::open(transaction, task, about, None, &detail, now).await?;
        Ok(Vec::new())
    }

    /// The processing of one purpose at least stopped: the person is told, the stop is done, and the
    /// destruction that is owed needs a plan and a decision of its own.
    pub(super) async fn stop_and_plan(
        &self,
        transaction: &Transaction,
        (ticket, request): (&TicketRow, &RequestRow),
        (mut letter, key): (CaseLetter, VaultKeyId),
        by: By<'_>,
        now: Timestamp,
    ) -> Result<(), CasesError> {
        let id = request.id;
        let outcome = if letter.complete { Outcome::Done } else { Outcome::PartlyKept };
        let decided_by = letter.decided_by.clone();
        if request.achieved_at.is_none() {
            let event = CountsFrom::Achieved;
            store::requests::set_event(transaction, id, event, None, now).await?;
            let (word, actor) = (event.name(), by.actor);
            store::requests::note_clock(transaction, id, "start", (actor, word), now).await?;
            let again = self.request_and_ticket(transaction, id).await?.0;
            self.reckon_all(transaction, &again).await?;
        }
        // The person reads by when the rest is destroyed.
        let duties = store::duties::of_request(transaction, id).await?;
        let due = duties.iter().filter(|duty| duty.name == DutyName::Destroy.name());
        let due = due.filter_map(|duty| duty.legal_due_on.as_deref()?.parse().ok()).min();
        letter.until = due.map(|day| wording::date(day, ticket.locale)).unwrap_or_default();
        if let Some(to) = ticket.address {
            let (occasion, name) = (Occasion::Notice, MailName::AnswerStopped);
            let mail = CaseMail { ticket, to, occasion, name, letter, key };
            self.plan_case_letter(transaction, mail, now).await?;
        }
        let became = (outcome, decided_by.as_str());
        self.tell_represented(transaction, (request, ticket), became, key, now).await?;
        self.fulfil(transaction, request, &[DutyName::Check, DutyName::Stop], by, now).await?;
        self.advance(transaction, request, RequestStep::SendBack, by, now).await?;
        self.void(transaction, id, by.actor, "plan_due", now).await?;
        let detail = format!("request:{id}");
        store::tasks::open(transaction, "plan_destruction", Some(ticket.id), None, &detail, now)
            .await?;
        Ok(())
    }
}
