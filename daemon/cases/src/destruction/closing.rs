//! The last stage: once the answer has left, the address to which it went is destroyed, too.

use std::{collections::BTreeMap, time::Duration};

use domain::{
    Timestamp,
    plan::{Counts, Part, Stage},
    request::RequestState,
};
use serde_json::json;
use store::{Transaction, destruction::Kept, plans::PlanRow};

use super::{Staged, plan_subject};
use crate::{Cases, CasesError, acts::FORGOTTEN};

const LOOK_AGAIN: Duration = Duration::from_secs(60);

impl Cases {
    /// Forgets the answer, in a transaction of its own, so that its key is destroyed before the
    /// plan ends. Repeating it is harmless. Returns whether the answer has left.
    pub(super) async fn forget_answer(
        &self,
        plan: &PlanRow,
        now: Timestamp,
    ) -> Result<bool, CasesError> {
        let transaction = self.store().begin().await?;
        let (request, _) = self.request_and_ticket(&transaction, plan.request).await?;
        if !matches!(request.state, RequestState::Answered | RequestState::Closed) {
            return Ok(false);
        }
        let whose = &plan.draft.whose;
        if store::destruction::letters_waiting(&transaction, whose).await? > 0 {
            // The copy for the person whose data they were.
            return Ok(false);
        }
        let kept = Kept::of(&plan.draft);
        store::destruction::collect(&transaction, whose, plan.id, kept).await?;
        let count = store::destruction::counting::counts;
        let before = count(&transaction, whose, Some(plan.id), plan.draft.method).await?;
        store::destruction::forget_answer(&transaction, whose, plan.id, kept, now).await?;
        let after = count(&transaction, whose, Some(plan.id), plan.draft.method).await?;
        self.count_forgotten(&transaction, plan, (&before, &after), now).await?;
        transaction.commit().await?;
        self.destroy_vaulted(&[plan.id]).await?;
        Ok(true)
    }

    /// Writes down what went with the answer: the supplement to the act tells it.
    async fn count_forgotten(
        &self,
        transaction: &Transaction,
        plan: &PlanRow,
        (before, after): (&Counts, &Counts),
        now: Timestamp,
    ) -> Result<(), CasesError> {
        let left = |part: &Part| after.get(part).copied().unwrap_or(0);
        let gone = before.iter().map(|(part, n)| (*part, n - left(part)));
        let gone: BTreeMap<Part, i64> = gone.filter(|(_, n)| *n > 0).collect();
        if gone.is_empty() {
            return Ok(());
        }
        if let (Some(n), Some(result)) = (gone.get(&Part::Addresses), plan.result(Part::Addresses))
        {
            let result = (result.done + n, (result.kept - n).max(0));
            store::plans::settle_step(transaction, plan.id, Part::Addresses, result, now).await?;
        }
        let parts: BTreeMap<_, _> = gone.iter().map(|(part, n)| (part.name(), n)).collect();
        let (about, detail) = (plan_subject(plan.id), json!({ "parts": parts }));
        store::audit::append(transaction, "consentry", FORGOTTEN, &about, &detail, now).await?;
        Ok(())
    }

    pub(super) async fn close_plan(
        &self,
        transaction: &Transaction,
        plan: &PlanRow,
        (has_left, in_vault): (bool, i64),
        now: Timestamp,
    ) -> Result<Staged, CasesError> {
        if !has_left {
            return Ok(Staged::Wait("answer", LOOK_AGAIN));
        }
        store::destruction::mark_destroyed(transaction, plan.id, now).await?;
        let late = store::destruction::late_rows(transaction, &plan.draft.whose, plan.id).await?;
        if late.copies > 0 && !plan.draft.is_kept(Part::ServerCopies) {
            return Ok(Staged::Wait("server_copies", LOOK_AGAIN));
        }
        // As if the answer had never been owed: now nothing may be left.
        let ended = PlanRow { stage: Stage::Done, ..plan.clone() };
        let mut left = self.leftovers(transaction, &ended).await?;
        // It was proven that nothing of these is left; what is there now came after the proof, with
        // a fresh wish.
        left.retain(|one| !matches!(one.part, Part::Subscriptions | Part::OptIns | Part::Consents));
        if in_vault > 0 {
            left.push(super::Leftover { part: Part::Letters, count: in_vault });
        }
        if !left.is_empty() {
            return Ok(Staged::Left(left));
        }
        // It stays where a law keeps it, or the person has begun something new with it.
        let stays =
            !store::destruction::own_addresses(transaction, &plan.draft.whose).await?.is_empty();
        let reply = if stays { (0, 1) } else { (1, 0) };
        store::plans::settle_step(transaction, plan.id, Part::ReplyAddress, reply, now).await?;
        store::plans::advance(transaction, plan, now).await?;
        let about = plan_subject(plan.id);
        let detail = json!({ "request": plan.request });
        store::audit::append(transaction, "consentry", "destruction_ended", &about, &detail, now)
            .await?;
        Ok(Staged::Done)
    }
}
