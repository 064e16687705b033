//! What goes on by an approved and carried out decision is kept by the plan that follows it.
//!
//! A withdrawal or an objection ends some purposes and not others: the person was told which go on
//! and on which base. The plan destroys the rest and keeps what those need, with that base as its
//! reason. A block of everything gives way to one of what ended: the decision that approved the
//! plan says so, and both stand in the same transaction as what is destroyed.

use domain::{
    Timestamp,
    authentication::SenderAuthentication,
    block::{BlockState, Purpose, Scope},
    decision::Verdict,
    ids::{RequestId, TicketId},
    plan::{Basis, Keep, Part},
    regime::DutyName,
};
use store::{Session, Transaction, blocks::NewBlock, plans::PlanRow, stops::StopKind};

use super::PlanOrder;
use crate::{
    Cases, CasesError,
    blocks::{LiftGround, Lifting},
    filing::{PendingStops, Stopped, scope_words},
};

/// For what the narrower block stands: a word of ours.
const BASIS: &str = "by_hand";

impl Cases {
    /// The order of a plan with what goes on of this request: who it is stays, on the base that was
    /// approved, unless the order keeps something on that base itself.
    pub(super) async fn with_continued(
        &self,
        session: &impl Session,
        request: RequestId,
        order: &PlanOrder,
    ) -> Result<PlanOrder, CasesError> {
        let mut order = order.clone();
        for (_, base) in self.continued(session, request).await? {
            if !order.keeps.iter().any(|keep| keep.law == base) {
                let (part, basis) = (Part::Contact, Basis::Statutory);
                order.keeps.push(Keep { part, basis, law: base, until: None });
            }
        }
        Ok(order)
    }

    /// What stays blocked of somebody for whom something goes on; none where nothing does.
    pub(super) async fn narrower(
        &self,
        session: &impl Session,
        plan: &PlanRow,
    ) -> Result<Option<Scope>, CasesError> {
        if !plan.draft.goes_on() {
            return Ok(None);
        }
        let going = self.continued(session, plan.request).await?;
        Ok(Some(ended(going.iter().map(|(purpose, _)| purpose.as_str()))))
    }

    /// Puts the narrower block in the place of those of everything that this matter set.
    /// Repeating it is harmless.
    pub(super) async fn narrow_blocks(
        &self,
        transaction: &Transaction,
        (plan, ticket): (&PlanRow, TicketId),
        narrower: Option<Scope>,
        stops: &mut PendingStops,
        now: Timestamp,
    ) -> Result<(), CasesError> {
        let (Some(scope), Some(contact)) = (narrower, plan.draft.whose.contact) else {
            return Ok(());
        };
        let mut held = store::blocks::of_ticket(transaction, ticket).await?;
        held.retain(|block| matches!(block.state, BlockState::Active { .. }));
        let (full, others): (Vec<_>, Vec<_>) =
            held.into_iter().partition(|block| block.scope == Scope::Full);
        let is_held =
            others.iter().any(|block| block.contact == Some(contact) && block.scope.covers(&scope));
        if full.is_empty() && is_held {
            return Ok(());
        }
        let mut digests = Vec::new();
        for (_, address) in
            store::destruction::own_addresses(transaction, &plan.draft.whose).await?
        {
            digests.extend(self.parts.digests.address_all(&address));
        }
        if !is_held {
            let new = NewBlock {
                scope: &scope,
                address: None,
                stop_digest: None,
                contact: Some(contact),
                ticket: Some(ticket),
                submission: None,
                basis: BASIS,
                authentication: SenderAuthentication::Pass,
            };
            let block = store::blocks::set(transaction, &new, now).await?;
            let stopped = Stopped {
                kind: StopKind::Block,
                scope: &scope_words(&scope),
                digests,
                contact: Some(contact),
                block: Some(block),
                submission: None,
            };
            self.record_stop(transaction, stopped, stops, now).await?;
            store::tasks::tell_systems(transaction, "block", Some(ticket), Some(block), now)
                .await?;
        }
        let decided_by = store::register::decided_by(transaction, plan.request).await?;
        let lifting = Lifting {
            actor: decided_by.as_deref().unwrap_or(&plan.made_by),
            reason: LiftGround::Handled.name(),
            words: None,
            ground: LiftGround::Handled,
            withdrawals_corrected: 0,
        };
        for block in full {
            self.lift_held(transaction, &block, &lifting, stops, now).await?;
        }
        Ok(())
    }

    /// Purposes that go on and their bases, as they were approved and carried out last.
    async fn continued(
        &self,
        session: &impl Session,
        request: RequestId,
    ) -> Result<Vec<(String, String)>, CasesError> {
        let duties = store::duties::of_request(session, request).await?;
        let stop = DutyName::Stop.name();
        if !duties.iter().any(|duty| duty.name == stop && duty.done_at.is_some()) {
            return Ok(Vec::new());
        }
        let decisions = store::decisions::of_request(session, request).await?;
        let carried = decisions.iter().rfind(|row| {
            row.verdict == Verdict::Approve && row.decided_by.is_some() && row.reasons.is_some()
        });
        match carried {
            Some(row) => Ok(self.open_carried(row).await?.continues),
            None => Ok(Vec::new()),
        }
    }
}

/// What ended where these purposes go on. Where one of them has no word of ours, advertising ended
/// at least; people of ours see the rest in the decision.
fn ended<'a>(going: impl Iterator<Item = &'a str>) -> Scope {
    let going: Option<Vec<Purpose>> = going.map(|word| Purpose::from_name(word.trim())).collect();
    match going {
        Some(going) if !going.is_empty() => {
            let ended = Purpose::ALL.iter().filter(|purpose| !going.contains(purpose));
            Scope::Purposes(ended.copied().collect())
        }
        _ => Scope::Marketing,
    }
}
