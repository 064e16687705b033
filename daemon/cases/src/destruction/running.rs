//! A plan goes on from where it stands, stage by stage; several plans share each transaction.

use std::{collections::BTreeSet, time::Duration};

use domain::{
    Timestamp,
    ids::{PlanId, RequestId},
    plan::{PlanState, Stage},
};
use store::{StoreError, Transaction, plans::PlanRow};

use super::{
    Progress, Staged, answering::AnswerKeys, emptying::Proofs, protecting::ANSWER_FIRST, refused,
    telling::Telling,
};
use super::{
    moments::{after, before},
    patience::{later, look_again_after},
    proving::left_words,
    wording::lease,
};
use crate::{Cases, CasesError, failpoint, filing::PendingStops};

/// Longer than any stage takes; renewed at each.
const LEASE: Duration = Duration::from_secs(120);
/// Stages and immediate repetitions of one pass.
const STEPS_AT_ONCE: usize = 24;

/// What a stage needs that must be durable before its transaction begins.
enum Prepared {
    Protect(domain::ids::VaultKeyId),
    Tell(Box<Telling>),
    Rows(Proofs),
    Objects,
    Copies,
    Verify(i64),
    Answer(AnswerKeys),
    Close(bool, i64),
}

impl Cases {
    /// Carries on whatever can go on now, at most `limit` plans; returns how many moved. Two nodes
    /// at once do each plan once. Where some moved, more may be due: the caller asks again.
    ///
    /// # Errors
    /// [`CasesError`] when database or vault cannot be used; a plan that fails alone is counted
    /// and tried again later.
    pub async fn carry_out_due(&self, node: &str, limit: u32) -> Result<usize, CasesError> {
        let now = self.parts.clock.now();
        let due = store::plans::at_work(self.store(), PlanId(0), now, limit).await?;
        let mut held = Vec::new();
        for plan in due {
            if store::leases::hold(self.store(), &lease(plan), node, LEASE, now).await? {
                held.push(plan);
            }
        }
        let outcome = self.carry_on(&held).await;
        for plan in &held {
            store::leases::release(self.store(), &lease(*plan), node).await?;
        }
        Ok(outcome?.1)
    }

    /// Carries out the plan of an approved request at once, as far as it goes.
    ///
    /// # Errors
    /// [`CasesError::Refused`] (`approve_first`, `plan_void`), [`CasesError::NotFound`].
    pub async fn execute_destruction(
        &self,
        request: RequestId,
        node: &str,
    ) -> Result<(PlanRow, Progress), CasesError> {
        let missing = || CasesError::NotFound { what: "plan", id: request.to_string() };
        let plan = self.plan_of(request).await?.ok_or_else(missing)?;
        let now = self.parts.clock.now();
        let (row, _) = self.request_and_ticket(self.store(), request).await?;
        let begun = plan.state.begin().is_err();
        if !begun && row.state != domain::request::RequestState::Approved {
            return Err(refused(
                "approve_first",
                format!("request {request} is {}: approve its plan first", row.state.name()),
            ));
        }
        if !store::leases::hold(self.store(), &lease(plan.id), node, LEASE, now).await? {
            return Ok((plan, Progress::Waiting("another_node")));
        }
        let outcome = self.carry_out_plans(&[plan.id]).await;
        store::leases::release(self.store(), &lease(plan.id), node).await?;
        let progress = outcome?.into_iter().next().map_or(Progress::Closed, |(_, done)| done);
        let plan = store::plans::by_id(self.store(), plan.id).await?.ok_or_else(missing)?;
        Ok((plan, progress))
    }

    /// Carries plans on together, one stage after the other; the caller holds their leases.
    ///
    /// # Errors
    /// As [`Cases::carry_out_due`].
    pub async fn carry_out_plans(
        &self,
        ids: &[PlanId],
    ) -> Result<Vec<(PlanId, Progress)>, CasesError> {
        Ok(self.carry_on(ids).await?.0)
    }

    /// As [`Cases::carry_out_plans`], and how many of them took a step at least.
    async fn carry_on(
        &self,
        ids: &[PlanId],
    ) -> Result<(Vec<(PlanId, Progress)>, usize), CasesError> {
        let mut moved = BTreeSet::new();
        let mut at_work = Vec::new();
        let mut ended = Vec::new();
        for id in ids {
            if let Some(plan) = store::plans::by_id(self.store(), *id).await?
                && plan.state != PlanState::Void
            {
                at_work.push(plan);
            }
        }
        let mut closed_some = false;
        for _ in 0..STEPS_AT_ONCE {
            at_work.retain(|plan| {
                let is_done = plan.stage == Stage::Done;
                if is_done {
                    ended.push((plan.id, Progress::Closed));
                    closed_some = true;
                }
                !is_done
            });
            let Some(stage) = at_work.iter().map(|plan| plan.stage).min() else { break };
            // Those that are behind first, so that they go on together.
            let (mut now_at, later): (Vec<_>, Vec<_>) =
                at_work.into_iter().partition(|plan| plan.stage == stage);
            at_work = later;
            for (plan, staged) in self.run_stage(stage, &now_at).await? {
                let Some(place) = now_at.iter().position(|held| held.id == plan) else { continue };
                let held = now_at.swap_remove(place);
                match self.settle_stage(&held, staged).await? {
                    None => {
                        moved.insert(plan);
                        at_work.extend(store::plans::by_id(self.store(), plan).await?);
                    }
                    Some(progress) => ended.push((plan, progress)),
                }
            }
        }
        if closed_some {
            self.wipe_destroyed().await?;
        }
        ended.extend(at_work.iter().map(|plan| (plan.id, Progress::Waiting("its_turn"))));
        Ok((ended, moved.len()))
    }

    /// One stage of several plans: together in one transaction, or one by one when one of them
    /// fails.
    async fn run_stage(
        &self,
        stage: Stage,
        plans: &[PlanRow],
    ) -> Result<Vec<(PlanId, Result<Staged, CasesError>)>, CasesError> {
        let mut failed = Vec::new();
        if stage == Stage::Objects {
            let ids: Vec<PlanId> = plans.iter().map(|plan| plan.id).collect();
            failpoint::hit("destruction_objects");
            let together = self.destroy_vaulted(&ids).await;
            if let Err(error) = together {
                if error.is_outage() {
                    return Err(error);
                }
                // One of them holds nobody else up.
                for id in ids {
                    match self.destroy_vaulted(&[id]).await {
                        Ok(()) => {}
                        Err(error) if error.is_outage() => return Err(error),
                        Err(error) => failed.push((id, Err(error))),
                    }
                }
            }
            failpoint::hit("destruction_objects_gone");
        }
        let mut prepared = Vec::new();
        for plan in plans {
            if failed.iter().any(|(id, _)| *id == plan.id) {
                continue;
            }
            match self.prepare_stage(plan).await {
                Ok(ready) => prepared.push((plan, ready)),
                Err(error) if error.is_outage() => return Err(error),
                Err(error) => failed.push((plan.id, Err(error))),
            }
        }
        let together: Vec<&(&PlanRow, Prepared)> = prepared.iter().collect();
        match self.stage_together(&together).await {
            Ok(done) => failed.extend(done),
            Err(error) if error.is_outage() => return Err(error),
            Err(error) if together.len() < 2 => {
                failed.extend(together.first().map(|(plan, _)| (plan.id, Err(error))));
            }
            Err(_) => {
                for one in together {
                    match self.stage_together(&[one]).await {
                        Ok(done) => failed.extend(done),
                        Err(error) if error.is_outage() => return Err(error),
                        Err(error) => failed.push((one.0.id, Err(error))),
                    }
                }
            }
        }
        Ok(failed)
    }

    async fn prepare_stage(&self, plan: &PlanRow) -> Result<Prepared, CasesError> {
        Ok(match plan.stage {
            Stage::Protect => Prepared::Protect(self.key_of_act(plan.id).await?),
            Stage::Tell => Prepared::Tell(Box::new(self.prepare_telling(plan).await?)),
            Stage::Rows => Prepared::Rows(self.prepare_proofs(plan).await?),
            Stage::Objects => {
                self.keep_outside(plan.id).await?;
                Prepared::Objects
            }
            Stage::Copies => Prepared::Copies,
            Stage::Verify => Prepared::Verify(self.still_in_vault(plan.id).await?),
            Stage::Answer => Prepared::Answer(self.prepare_answer(plan).await?),
            Stage::Close | Stage::Done => {
                self.keep_outside(plan.id).await?;
                let has_left = self.forget_answer(plan, self.parts.clock.now()).await?;
                failpoint::hit("destruction_answer_forgotten");
                let in_vault = if has_left { self.still_in_vault(plan.id).await? } else { 0 };
                Prepared::Close(has_left, in_vault)
            }
        })
    }

    /// A plan whose outcome is not [`Staged::Done`] must leave nothing behind: it ends its
    /// savepoint.
    async fn stage_together(
        &self,
        plans: &[&(&PlanRow, Prepared)],
    ) -> Result<Vec<(PlanId, Result<Staged, CasesError>)>, CasesError> {
        let Some((first, _)) = plans.first() else { return Ok(Vec::new()) };
        let now = self.parts.clock.now();
        let transaction = self.store().begin().await?;
        let mut stops = PendingStops::default();
        let mut done = Vec::new();
        for (plan, prepared) in plans {
            let savepoint = transaction.savepoint().await?;
            let recorded = stops.len();
            match self.stage_in(&savepoint, plan, prepared, &mut stops, now).await? {
                Staged::Done => {
                    savepoint.commit().await?;
                    done.push((plan.id, Ok(Staged::Done)));
                }
                staged => {
                    savepoint.rollback().await?;
                    stops.truncate(recorded);
                    if let Prepared::Rows(proofs) = prepared {
                        for key in proofs.keys() {
                            self.parts.vault.destroy_key(key).await?;
                        }
                    }
                    done.push((plan.id, Ok(staged)));
                }
            }
        }
        failpoint::hit(before(first.stage));
        self.commit(transaction, stops, now).await?;
        failpoint::hit(after(first.stage));
        Ok(done)
    }

    async fn stage_in(
        &self,
        transaction: &Transaction,
        plan: &PlanRow,
        prepared: &Prepared,
        stops: &mut PendingStops,
        now: Timestamp,
    ) -> Result<Staged, CasesError> {
        match prepared {
            Prepared::Protect(key) => {
                self.protect_person(transaction, plan, *key, stops, now).await
            }
            Prepared::Tell(calls) => self.tell_of_plan(transaction, plan, calls, now).await,
            Prepared::Rows(proofs) => self.empty_rows(transaction, plan, proofs, stops, now).await,
            Prepared::Objects => self.note_vaulted(transaction, plan, now).await,
            Prepared::Copies => self.await_copies(transaction, plan, now).await,
            Prepared::Verify(in_vault) => self.verify_plan(transaction, plan, *in_vault, now).await,
            Prepared::Answer(keys) => self.answer_destroyed(transaction, plan, *keys, now).await,
            Prepared::Close(has_left, in_vault) => {
                self.close_plan(transaction, plan, (*has_left, *in_vault), now).await
            }
        }
    }

    /// Writes down what became of a stage; `None` when the plan goes on at once.
    async fn settle_stage(
        &self,
        plan: &PlanRow,
        staged: Result<Staged, CasesError>,
    ) -> Result<Option<Progress>, CasesError> {
        let now = self.parts.clock.now();
        let about = plan.id.0;
        match staged {
            Ok(Staged::Done) => {
                tracing::info!(
                    plan.id = about,
                    plan.stage = plan.stage.name(),
                    "a destruction went on"
                );
                self.forget_failures(plan, now).await?;
                Ok(None)
            }
            // Somebody else was quicker: look where it stands now.
            Err(CasesError::Store(StoreError::Conflict { .. })) => {
                Ok(Some(Progress::Waiting("another_node")))
            }
            Ok(Staged::Wait(_, Duration::ZERO)) => Ok(None),
            Ok(Staged::Wait(what, time)) => {
                let time = time.min(look_again_after(plan, what));
                let transaction = self.store().begin().await?;
                store::plans::wait(&transaction, plan.id, what, later(now, time)).await?;
                if what == ANSWER_FIRST {
                    self.tell_of_questions(&transaction, plan, now).await?;
                }
                transaction.commit().await?;
                Ok(Some(Progress::Waiting(what)))
            }
            Ok(Staged::Uncovered(why)) => {
                tracing::warn!(plan.id = about, why, "a plan does not show what is there");
                self.put_aside(plan, &why, now).await?;
                Ok(Some(Progress::Void(why)))
            }
            Ok(Staged::Left(left)) => {
                let words = left_words(&left);
                self.fail_stage(plan, &words, &left, now).await?;
                Ok(Some(Progress::Failed(words)))
            }
            Err(error) if error.is_outage() => Err(error),
            Err(error) => {
                tracing::error!(plan.id = about, plan.stage = plan.stage.name(), %error, "a stage of a destruction failed");
                let word = match &error {
                    CasesError::Refused { rule, .. } => (*rule).to_owned(),
                    CasesError::Store(StoreError::Inconsistent { table, .. }) => {
                        format!("row of {table}")
                    }
                    _ => "defect".to_owned(),
                };
                self.fail_stage(plan, &word, &[], now).await?;
                Ok(Some(Progress::Failed(word)))
            }
        }
    }
}
