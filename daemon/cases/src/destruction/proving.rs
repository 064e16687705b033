//! The stages that prove it: the copies are gone, everything was asked again, systems answered.

use std::time::Duration;

use domain::{
    Timestamp,
    ids::RequestId,
    plan::{Action, Basis, Part},
    regime::DutyName,
    request::{Outcome, RequestStep},
};
use serde_json::json;
use store::{Session, Transaction, plans::PlanRow};

use super::{Staged, plan_subject};
use crate::{Cases, CasesError, requests::By};

/// How often what others have to do is looked at.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// Something that should be gone and is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leftover {
    /// The kind of record.
    pub part: Part,
    /// How many.
    pub count: i64,
}

impl Cases {
    /// The copies on the mail server: destroyed by whoever reads the mailbox.
    pub(super) async fn await_copies(
        &self,
        transaction: &Transaction,
        plan: &PlanRow,
        now: Timestamp,
    ) -> Result<Staged, CasesError> {
        let late = store::destruction::late_rows(transaction, &plan.draft.whose, plan.id).await?;
        if late.copies > 0 {
            return Ok(Staged::Wait("server_copies", LOOK_AGAIN));
        }
        // As many as there were when the rows were emptied, which may be more than was shown.
        let result = plan.result(Part::ServerCopies);
        if let Some(result) = result.filter(|_| !plan.draft.is_kept(Part::ServerCopies)) {
            let done = (result.done + result.kept, 0);
            store::plans::settle_step(transaction, plan.id, Part::ServerCopies, done, now).await?;
        }
        store::plans::advance(transaction, plan, now).await?;
        Ok(Staged::Done)
    }

    /// Asks for everything once more. The plan is proven when nothing is left but what it keeps,
    /// objects and keys are gone, and whoever was told has answered.
    pub(super) async fn verify_plan(
        &self,
        transaction: &Transaction,
        plan: &PlanRow,
        in_vault: i64,
        now: Timestamp,
    ) -> Result<Staged, CasesError> {
        let late = store::destruction::late_rows(transaction, &plan.draft.whose, plan.id).await?;
        if !self.all_acknowledged(transaction, plan.id).await? {
            return Ok(Staged::Wait("connected_systems", LOOK_AGAIN));
        }
        if late.letters > 0 {
            return Ok(Staged::Wait("letters_to_others", LOOK_AGAIN));
        }
        let mut left = self.leftovers(transaction, plan).await?;
        if in_vault > 0 {
            left.push(Leftover { part: Part::RawMail, count: in_vault });
        }
        if !left.is_empty() {
            return Ok(Staged::Left(left));
        }
        let (request, _) = self.request_and_ticket(transaction, plan.request).await?;
        let by = By::daemon();
        self.advance(transaction, &request, RequestStep::Verify, by, now).await?;
        let duties = [DutyName::Stop, DutyName::Destroy, DutyName::Decide, DutyName::Check];
        self.fulfil(transaction, &request, &duties, by, now).await?;
        self.join_the_others(transaction, plan, request.id, now).await?;
        store::plans::advance(transaction, plan, now).await?;
        let detail = json!({ "request": request.id, "finding": plan.draft.finding.name() });
        let about = plan_subject(plan.id);
        store::audit::append(transaction, "consentry", "verified", &about, &detail, now).await?;
        Ok(Staged::Done)
    }

    /// Asks database and vault once more what is left of a person; changes nothing.
    ///
    /// # Errors
    /// [`CasesError`] when one of them cannot be asked.
    pub async fn verify_destruction(&self, plan: &PlanRow) -> Result<Vec<Leftover>, CasesError> {
        let mut left = self.leftovers(self.store(), plan).await?;
        let in_vault = self.still_in_vault(plan.id).await?;
        if in_vault > 0 {
            left.push(Leftover { part: Part::RawMail, count: in_vault });
        }
        Ok(left)
    }

    /// What is left of a person that the plan does not keep; asked of the database as it is now.
    ///
    /// # Errors
    /// [`CasesError::Store`].
    pub async fn leftovers(
        &self,
        session: &impl Session,
        plan: &PlanRow,
    ) -> Result<Vec<Leftover>, CasesError> {
        let draft = &plan.draft;
        let counts = store::destruction::counting::counts(
            session,
            &draft.whose,
            Some(plan.id),
            draft.method,
        )
        .await?;
        let answers = plan.stage <= domain::plan::Stage::Close;
        let is_kept = |part: Part| {
            let step = draft.steps.iter().find(|step| step.part == part);
            step.is_some_and(|step| step.action == Action::Keep)
                || matches!(part, Part::Exports | Part::Tasks)
                || part == Part::Blocks && draft.is_kept(Part::Contact)
                // Those of what ended name whom it concerns, as their blocks do.
                || part == Part::Stops && draft.goes_on()
                // Until the answer has left, its address, letter and key are kept for it.
                || answers
                    && matches!(
                        part,
                        Part::Addresses | Part::Tickets | Part::Letters | Part::Deliveries | Part::Notes
                    )
                    && draft.steps.iter().any(|step| step.basis == Some(Basis::Answer))
                    && plan.stage > domain::plan::Stage::Verify
        };
        let reply_only = |part: Part, count: i64| {
            part == Part::Addresses
                && count <= 1
                && draft.steps.iter().any(|step| step.basis == Some(Basis::Answer))
        };
        Ok(counts
            .into_iter()
            .filter(|(part, count)| !is_kept(*part) && !reply_only(*part, *count))
            .map(|(part, count)| Leftover { part, count })
            .collect())
    }

    /// Requests of the same person that this destruction settled, too.
    async fn join_the_others(
        &self,
        transaction: &Transaction,
        plan: &PlanRow,
        request: RequestId,
        now: Timestamp,
    ) -> Result<(), CasesError> {
        let others =
            store::destruction::other_requests(transaction, &plan.draft.whose, request).await?;
        for (other, name) in others {
            if !super::planning::joins(name) {
                continue;
            }
            let (row, _) = self.request_and_ticket(transaction, other).await?;
            if row.state.step(RequestStep::Join, By::daemon().warrant).is_err() {
                continue;
            }
            self.advance(transaction, &row, RequestStep::Join, By::daemon(), now).await?;
            store::plans::join_request(transaction, other, request).await?;
            store::requests::set_outcome(transaction, other, Outcome::Joined).await?;
        }
        Ok(())
    }
}

/// What is left, in words for people: parts and counts.
pub(super) fn left_words(left: &[Leftover]) -> String {
    let words: Vec<String> =
        left.iter().map(|one| format!("{} {}", one.part.name(), one.count)).collect();
    format!("left: {}", words.join(", "))
}
