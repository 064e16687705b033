//! The first stage: what was approved is compared with what is there, and from then on nobody
//! mails the person any more.

use domain::{
    Timestamp,
    act::ActSubject,
    digest::AddressDigests,
    gate::SuppressionReason,
    ids::VaultKeyId,
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
            Ok(decision) if decision.subject == plan.hash => {}
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
        let found = match self.draft_plan(transaction, (&request, &ticket), &order, now).await {
            Ok(found) => found,
            Err(CasesError::Refused { rule, .. }) => {
                return Ok(Staged::Uncovered(rule.to_owned()));
            }
            Err(error) => return Err(error),
        };
        if let Some(uncovered) = plan.draft.uncovered(&found) {
            return Ok(uncovered.into());
        }
        let whose = &plan.draft.whose;
        let mut digests: Vec<AddressDigests> = Vec::new();
        for (_, address) in store::destruction::own_addresses(transaction, whose).await? {
            let own = self.parts.digests.address_all(&address);
            let source = plan_subject(plan.id);
            let reason = SuppressionReason::Erased;
            store::suppressions::record(transaction, &own, reason, &source, now).await?;
            digests.extend(own);
        }
        let first = digests.first().map(|digests| digests.stop);
        // A contact without any address has no digests: a restore finds it by its id.
        if !digests.is_empty() || whose.contact.is_some() {
            let of = whose.contact.map_or_else(
                || format!("ticket:{}", ticket.id),
                |contact| format!("contact:{contact}"),
            );
            let stopped = Stopped {
                kind: StopKind::Erasure,
                scope: &format!("suppression:erased {of}"),
                digests,
                contact: whose.contact,
                block: None,
                submission: None,
            };
            self.record_stop(transaction, stopped, stops, now).await?;
        }
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
        let detail = format!("plan:{} {why}", plan.id);
        store::tasks::open(&transaction, "plan_again", Some(ticket.id), None, &detail, now).await?;
        let detail = json!({ "request": request.id, "why": why });
        let about = plan_subject(plan.id);
        store::audit::append(&transaction, "consentry", "plan_void", &about, &detail, now).await?;
        Ok(transaction.commit().await?)
    }
}
