//! The act is drawn up, and the person is told what was destroyed, what is kept and why.

use domain::{
    Timestamp,
    act::{ActFacts, ActPart, ActSubject},
    delivery::Occasion,
    ids::VaultKeyId,
    plan::{Action, Basis, Draft, Finding, Part, Step},
    regime::{DutyName, RequestName},
    request::{Outcome, RequestStep},
};
use render::{MailName, mail::CaseLetter, wording};
use store::{
    Transaction,
    plans::{PlanRow, StepResult},
    requests::RequestRow,
    tickets::TicketRow,
};

use super::{Staged, wording as words};
use crate::{Cases, CasesError, letters::CaseMail, requests::By};

/// Keys that the stage needs, durable before its transaction begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct AnswerKeys {
    act: VaultKeyId,
    /// Of the letter: a fresh one, the old one is gone with the data.
    matter: Option<VaultKeyId>,
}

impl Cases {
    pub(super) async fn prepare_answer(&self, plan: &PlanRow) -> Result<AnswerKeys, CasesError> {
        let (request, ticket) = self.request_and_ticket(self.store(), plan.request).await?;
        let act = self.key_of_act(plan.id).await?;
        // Nobody asked for what the end of a purpose demands, and the law asks for no letter
        // (152-FZ art. 21(4)).
        let matter = match ticket.address {
            Some(_) if request.name != RequestName::Achieved => {
                Some(self.key_of_matter(&ticket).await?)
            }
            _ => None,
        };
        Ok(AnswerKeys { act, matter })
    }

    pub(super) async fn answer_destroyed(
        &self,
        transaction: &Transaction,
        plan: &PlanRow,
        keys: AnswerKeys,
        now: Timestamp,
    ) -> Result<Staged, CasesError> {
        let (request, ticket) = self.request_and_ticket(transaction, plan.request).await?;
        store::plans::settle_step(transaction, plan.id, Part::Act, (0, 1), now).await?;
        if keys.matter.is_some() {
            store::plans::settle_step(transaction, plan.id, Part::ReplyAddress, (0, 1), now)
                .await?;
        }
        // As it was written down: this stage's plan may have been read before the last step.
        let plan =
            &store::plans::by_id(transaction, plan.id).await?.unwrap_or_else(|| plan.clone());
        let facts = act_facts(plan, &request, &ticket, now);
        let of = (plan.id, plan.request);
        let number = self.record_act(transaction, of, &facts, keys.act, now).await?;
        let outcome = outcome(plan);
        match keys.matter {
            Some(key) => {
                let today = now.to_zoned(self.parts.settings.zone.clone()).date();
                let mut letter = self.destroyed_letter(&ticket, &request, plan);
                letter.act = format!("{number}, {}", wording::date(today, ticket.locale));
                let matter = (&ticket, &request);
                let copy = reply_address(&plan.draft, ticket.address);
                if let Some(to) = copy.filter(|to| Some(*to) != ticket.address) {
                    let (ticket, letter) = (&ticket, letter.clone());
                    let (occasion, name) = (Occasion::Answer, MailName::AnswerDestroyed);
                    let mail = CaseMail { ticket, to, occasion, name, letter, key };
                    self.plan_case_letter(transaction, mail, now).await?;
                }
                let mail = (MailName::AnswerDestroyed, letter);
                self.plan_answer(transaction, matter, mail, outcome, key, now).await?;
            }
            None => {
                // Nobody asked, or nobody is left to be written to.
                store::requests::set_outcome(transaction, request.id, outcome).await?;
                let by = By::daemon();
                self.fulfil(transaction, &request, &[DutyName::Answer, DutyName::Notify], by, now)
                    .await?;
                let answered =
                    self.advance(transaction, &request, RequestStep::Answer, by, now).await?;
                self.close_if_nothing_owed(transaction, &answered, now).await?;
            }
        }
        store::plans::advance(transaction, plan, now).await?;
        Ok(Staged::Done)
    }

    fn destroyed_letter(
        &self,
        ticket: &TicketRow,
        request: &RequestRow,
        plan: &PlanRow,
    ) -> CaseLetter {
        let locale = ticket.locale;
        let results = plan.draft.steps.iter().zip(&plan.results);
        let done = results
            .filter(|(step, result)| step.action != Action::Keep && result.done > 0)
            .filter_map(|(step, _)| words::done(step.part, step.action, locale))
            .map(str::to_owned)
            .collect::<Vec<_>>();
        let kept = plan
            .draft
            .steps
            .iter()
            .filter(|step| step.action == Action::Keep)
            .filter_map(|step| words::kept(step, locale))
            .collect();
        let reasons = match plan.draft.finding {
            Finding::ErasedBefore => vec![words::erased_before(locale).to_owned()],
            Finding::Held | Finding::NeverHeld => Vec::new(),
        };
        CaseLetter {
            done,
            kept,
            reasons,
            complete: plan.draft.is_complete(),
            nothing_held: plan.draft.finding != Finding::Held,
            ..self.case_letter(ticket, Some(request))
        }
    }
}

/// The own address of the person that is needed until the answer has left: that of the ticket, or
/// where somebody else asked, the one to which a copy goes.
pub(super) fn reply_address(
    draft: &domain::plan::Draft,
    asked_from: Option<domain::ids::AddressId>,
) -> Option<domain::ids::AddressId> {
    let own = &draft.whose.addresses;
    if let Some(address) = asked_from.filter(|address| own.contains(address)) {
        return Some(address);
    }
    let answers = draft.steps.iter().any(|step| step.part == Part::ReplyAddress);
    own.first().copied().filter(|_| answers)
}

fn outcome(plan: &PlanRow) -> Outcome {
    match plan.draft.finding {
        Finding::ErasedBefore | Finding::NeverHeld => Outcome::NothingHeld,
        Finding::Held if !plan.draft.is_complete() => Outcome::PartlyKept,
        Finding::Held => match plan.draft.method {
            domain::plan::Method::Destroy => Outcome::Done,
            domain::plan::Method::Anonymise => Outcome::Anonymised,
        },
    }
}

fn act_facts(plan: &PlanRow, request: &RequestRow, ticket: &TicketRow, now: Timestamp) -> ActFacts {
    let steps = plan.draft.steps.iter().zip(&plan.results);
    ActFacts {
        ticket_number: ticket.number.clone(),
        regimes: request.regime.split(' ').map(str::to_owned).collect(),
        subject: ActSubject::new(plan.draft.whose.contact, &ticket.number, None),
        processors: Vec::new(),
        informed: Vec::new(),
        executed_by: vec![plan.made_by.clone()],
        categories: Vec::new(),
        method: plan.draft.method,
        tool: String::new(),
        reason: request.name.name().to_owned(),
        law: request.law.clone(),
        asked_again_at: plan.verified_at,
        destroyed_at: plan.executed_at.unwrap_or(now),
        parts: steps.map(|(step, result)| act_part(&plan.draft, step, result)).collect(),
    }
}

/// What became of one part, as it was when it was done: what came in after the plan was made went
/// with the rest, so as much was found as was destroyed and is kept.
fn act_part(draft: &Draft, step: &Step, result: &StepResult) -> ActPart {
    let (done, kept) = match step.action {
        // Their holders were told; whether they are gone nobody knows here.
        Action::Tell => (0, result.done),
        Action::Destroy | Action::Anonymise | Action::Keep => (result.done, result.kept),
    };
    let statutory = draft.steps.iter().find(|step| step.basis == Some(Basis::Statutory));
    let (basis, law, until) = match (step.basis, step.part) {
        (Some(basis), _) => (Some(basis), step.law.clone(), step.until),
        (None, Part::Addresses) if kept > 0 => (Some(Basis::Answer), String::new(), None),
        // What a law keeps of somebody stays blocked as long.
        (None, Part::Blocks) if kept > 0 => match statutory {
            Some(kept) => (kept.basis, kept.law.clone(), kept.until),
            None => (None, String::new(), None),
        },
        (None, _) => (None, step.law.clone(), step.until),
    };
    ActPart {
        part: step.part.name().to_owned(),
        action: step.action.name().to_owned(),
        found: done + kept,
        done,
        kept,
        basis: basis.map(|basis| basis.name().to_owned()).unwrap_or_default(),
        law,
        keep_until_on: until,
        done_at: result.done_at,
    }
}
