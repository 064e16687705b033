//! Requests of people who were destroyed after the backup was made: nobody is left to answer.
//!
//! They were carried to their end then, and the backup does not know it. Each is closed with an
//! outcome that says what was done with the data; whether the answer went out stands nowhere, so
//! unless the act says that all was proven, a task asks a person to look.

use std::collections::HashMap;

use domain::{
    Timestamp,
    act::Act,
    plan::{PlanState, Whose},
    request::{Ended, RequestStep, overtaken},
};
use serde_json::json;
use store::{
    Transaction,
    kept_records::{self, KeptKind},
    requests::RequestRow,
};

use super::LOOK;
use crate::{Cases, CasesError, requests::By};

/// The acts that came back, by the number of their ticket: their own number, and when the last
/// part was destroyed.
pub(super) type ProvenSince = HashMap<String, (String, Timestamp)>;

/// Why the clock of such a request stopped.
const WHY: &str = "overtaken";

impl Cases {
    /// The acts that the restored database did not know.
    pub(super) async fn proven_since(&self) -> Result<ProvenSince, CasesError> {
        let mut proven = ProvenSince::new();
        for row in kept_records::standing(self.store(), KeptKind::Act).await? {
            if row.plan.is_some() || row.number.is_none() {
                continue;
            }
            if let Some(act) = self.open_standing::<Act>(&row).await? {
                // The first: what came later only adds to it.
                proven.entry(act.ticket).or_insert((act.number, act.destroyed_at));
            }
        }
        Ok(proven)
    }

    /// Closes what is open of somebody who was destroyed; returns how many requests. The first
    /// instant is that of the entry in the journal.
    pub(super) async fn settle_overtaken(
        &self,
        transaction: &Transaction,
        whose: &Whose,
        ended: Ended,
        proven: &ProvenSince,
        actor: &str,
        (begun_at, now): (Timestamp, Timestamp),
    ) -> Result<u64, CasesError> {
        let mut tickets = Vec::new();
        for id in &whose.tickets {
            tickets.extend(store::tickets::by_id(transaction, *id).await?);
        }
        let act = tickets.iter().find_map(|ticket| proven.get(&ticket.number));
        let ended = Ended { is_proven: act.is_some(), ..ended };
        let done_at = act.map_or(begun_at, |(_, at)| *at);
        let act = act.map(|(number, _)| number.as_str());
        let mut closed = 0;
        for ticket in &tickets {
            for request in store::requests::of_ticket(transaction, ticket.id).await? {
                if request.state.is_open() {
                    let settled = (ended, act, done_at);
                    closed += self.overtake(transaction, &request, settled, actor, now).await?;
                }
            }
            self.close_ticket_if_done(transaction, ticket.id, now).await?;
        }
        Ok(closed)
    }

    async fn overtake(
        &self,
        transaction: &Transaction,
        request: &RequestRow,
        (ended, act, done_at): (Ended, Option<&str>, Timestamp),
        actor: &str,
        now: Timestamp,
    ) -> Result<u64, CasesError> {
        let about = format!("request:{}", request.id);
        let task = async |detail: String| {
            store::tasks::open(transaction, LOOK, Some(request.ticket), None, &detail, now).await
        };
        let Some(becomes) = overtaken(request.name, ended) else {
            task(format!("{about} goes on, its person was destroyed after the backup")).await?;
            return Ok(0);
        };
        self.void_plan(transaction, request).await?;
        self.void(transaction, request.id, actor, WHY, now).await?;
        let by = By::person(actor);
        self.advance(transaction, request, RequestStep::Overtake, by, now).await?;
        let outcome = request.outcome.unwrap_or(becomes.outcome);
        store::requests::set_outcome(transaction, request.id, outcome).await?;
        self.fulfil(transaction, request, becomes.duties, by, done_at.min(now)).await?;
        store::requests::stop_clock(transaction, request.id, actor, WHY, now).await?;
        let detail = json!({ "outcome": outcome.name(), "destroyed_at": done_at, "act": act });
        store::audit::append(transaction, actor, WHY, &about, &detail, now).await?;
        if becomes.needs_look {
            task(format!(
                "{about} was closed: its person was destroyed after the backup; ask the relay's log \
                 and {} whether the answer went out",
                act.unwrap_or("the acts of destruction")
            ))
            .await?;
        }
        Ok(1)
    }

    /// A plan of before the backup: what it would do is done.
    async fn void_plan(
        &self,
        transaction: &Transaction,
        request: &RequestRow,
    ) -> Result<(), CasesError> {
        let plan = store::plans::of_request(transaction, request.id).await?;
        let Some(plan) = plan.filter(|plan| plan.state != PlanState::Closed) else {
            return Ok(());
        };
        Ok(store::plans::void(transaction, plan.id, plan.state).await?)
    }
}
