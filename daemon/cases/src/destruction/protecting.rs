//! The first stage: what was approved is compared with what is there, and from then on nobody
//! mails the person any more.

use std::time::Duration;

use domain::{
    Timestamp,
    act::ActSubject,
    digest::AddressDigests,
    gate::SuppressionReason,
    ids::VaultKeyId,
    regime::DutyName,
    request::{RequestState, RequestStep},
};
use serde_json::json;
use store::{Transaction, plans::PlanRow, stops::StopKind};

use super::{PlanOrder, Staged, plan_subject};
use crate::{
    Cases, CasesError,
    filing::{PendingStops, Stopped},
    requests::By,
};

/// What a plan waits for while the person is owed an answer that needs the data; also the name of
/// the task that says so.
pub(super) const ANSWER_FIRST: &str = "answer_first";

const LOOK_AGAIN: Duration = Duration::from_secs(60);

impl Cases {
    /// Suppression, stop, open mail withheld, the act begun: all or nothing.
    pub(super) async fn protect_person(
        &self,
        transaction: &Transaction,
        plan: &PlanRow,
        act_key: VaultKeyId,
        stops: &mut PendingStops,
        now: Timestamp,
    ) -> Result<Staged, CasesError> {
        let (request, ticket) = self.request_and_ticket(transaction, plan.request).await?;
        if request.state != RequestState::Approved {
            return Ok(Staged::Uncovered("request".to_owned()));
        }
        if plan.hash != plan.draft.hash() {
            return Ok(Staged::Uncovered("hash".to_owned()));
        }
        match self.covered(transaction, &request, &ticket).await {
            Ok(decision) if decision.subject == plan.hash => {
                // Nothing is begun that could not be proven; it is tried again, and people are told.
                let decided_by = decision.decided_by.as_deref();
                self.check_act([plan.made_by.as_str()].into_iter().chain(decided_by))?;
            }
            Ok(_) | Err(CasesError::Refused { .. }) => {
                return Ok(Staged::Uncovered("decision".to_owned()));
            }
            Err(error) => return Err(error),
        }
        let order = PlanOrder {
            method: plan.draft.method,
            contact: plan.draft.whose.contact,
            keeps: plan.draft.keeps(),
        };
        let shown = Some(&plan.draft);
        let drafted = self.draft_plan(transaction, (&request, &ticket), &order, shown, now).await;
        let found = match drafted {
            Ok(found) => found,
            Err(CasesError::Refused { rule, .. }) => {
                return Ok(Staged::Uncovered(rule.to_owned()));
            }
            Err(error) => return Err(error),
        };
        if let Some(uncovered) = plan.draft.uncovered(&found) {
            return Ok(uncovered.into());
        }
        if !self.proven_questions(transaction, (&request, &ticket), plan).await?.is_empty() {
            return Ok(Staged::Wait(ANSWER_FIRST, LOOK_AGAIN));
        }
        let whose = &plan.draft.whose;
        let mut digests: Vec<AddressDigests> = Vec::new();
        for (_, address) in store::destruction::own_addresses(transaction, whose).await? {
            let own = self.parts.digests.address_all(&address);
            // For what goes on the person is still written to.
            if !plan.draft.goes_on() {
                let source = plan_subject(plan.id);
                let reason = SuppressionReason::Erased;
                store::suppressions::record(transaction, &own, reason, &source, now).await?;
            }
            digests.extend(own);
        }
        let first = digests.first().map(|digests| digests.stop);
        // Whoever has no address has no digests: a restore finds the contact, or the ticket, by its
        // id.
        let stopped = Stopped {
            kind: StopKind::Erasure,
            scope: &crate::outliving::erasure_scope(&plan.draft, ticket.id, plan.draft.method),
            digests,
            contact: whose.contact,
            block: None,
            submission: None,
        };
        self.record_stop(transaction, stopped, stops, now).await?;
        let withheld = store::destruction::withhold(transaction, whose, now).await?;
        let name = match whose.contact {
            Some(contact) => {
                let people = store::contacts::people(transaction, &[contact]).await?;
                people.into_iter().next().map(|person| person.name)
            }
            None => None,
        };
        let subject = ActSubject::new(whose.contact, &ticket.number, first).named(name);
        self.open_act(transaction, plan.id, &subject, act_key, now).await?;
        self.advance(transaction, &request, RequestStep::Execute, By::daemon(), now).await?;
        store::plans::advance(transaction, plan, now).await?;
        let detail = json!({
            "request": request.id, "addresses": whose.addresses.len(), "withheld": withheld,
        });
        let about = plan_subject(plan.id);
        store::audit::append(transaction, "consentry", "destruction_began", &about, &detail, now)
            .await?;
        Ok(Staged::Done)
    }

    /// Puts a plan aside that does not show what is there, with the decision on it: a person
    /// makes another.
    pub(super) async fn put_aside(
        &self,
        plan: &PlanRow,
        why: &str,
        now: Timestamp,
    ) -> Result<(), CasesError> {
        let transaction = self.store().begin().await?;
        let (request, ticket) = self.request_and_ticket(&transaction, plan.request).await?;
        store::plans::void(&transaction, plan.id, plan.state).await?;
        if request.state == RequestState::Approved {
            self.advance(&transaction, &request, RequestStep::Review, By::daemon(), now).await?;
        }
        let due = self.destroy_by(&transaction, plan).await?;
        let detail = format!("plan:{} {why}{due}", plan.id);
        store::tasks::open(&transaction, "plan_again", Some(ticket.id), None, &detail, now).await?;
        let detail = json!({ "request": request.id, "why": why });
        let about = plan_subject(plan.id);
        store::audit::append(&transaction, "consentry", "plan_void", &about, &detail, now).await?;
        Ok(transaction.commit().await?)
    }

    /// Tells people that a destruction waits for an answer of ours, once for each plan.
    pub(super) async fn tell_of_questions(
        &self,
        transaction: &Transaction,
        plan: &PlanRow,
        now: Timestamp,
    ) -> Result<(), CasesError> {
        let (_, ticket) = self.request_and_ticket(transaction, plan.request).await?;
        let due = self.destroy_by(transaction, plan).await?;
        let detail = format!("{}{due}", plan_subject(plan.id));
        store::tasks::open_once(transaction, ANSWER_FIRST, ticket.id, &detail, now).await?;
        Ok(())
    }

    /// ` due:2026-12-31`, the day until which the law wants it destroyed; empty without such a duty.
    async fn destroy_by(
        &self,
        transaction: &Transaction,
        plan: &PlanRow,
    ) -> Result<String, CasesError> {
        let duties = store::duties::of_request(transaction, plan.request).await?;
        let due = duties
            .iter()
            .filter(|duty| duty.name == DutyName::Destroy.name() && duty.done_at.is_none())
            .find_map(|duty| duty.safe_due_on.as_ref());
        Ok(due.map_or_else(String::new, |due| format!(" due:{due}")))
    }
}
