//! A stage that failed: tried again later, and told to people after a few times.

use domain::{Timestamp, ids::PlanId, plan::Stage};
use store::plans::PlanRow;

use super::{
    Leftover,
    patience::{backoff_of, later},
    plan_subject,
};
use crate::{Cases, CasesError};

/// Failures of one stage, or of one proof, after which people are told.
const TOLD_AFTER: i64 = 3;

/// The task of looking at a destruction that does not come to its end.
const FAILS: &str = "destruction_fails";

fn alarm(plan: PlanId) -> String {
    format!("destruction/{plan}")
}

/// See [`store::plans::advance`].
fn forgets_failures(stage: Stage) -> bool {
    !matches!(stage, Stage::Rows | Stage::Objects | Stage::Copies)
}

impl Cases {
    /// A stage went well: what was told of its failures is over.
    pub(super) async fn forget_failures(
        &self,
        plan: &PlanRow,
        now: Timestamp,
    ) -> Result<(), CasesError> {
        if plan.failures < TOLD_AFTER || !forgets_failures(plan.stage) {
            return Ok(());
        }
        let transaction = self.store().begin().await?;
        store::alarms::clear(&transaction, &alarm(plan.id), now).await?;
        Ok(transaction.commit().await?)
    }

    /// Counts a failure of a stage, with what was still there where that is what failed.
    pub(super) async fn fail_stage(
        &self,
        plan: &PlanRow,
        word: &str,
        left: &[Leftover],
        now: Timestamp,
    ) -> Result<(), CasesError> {
        let backoff = backoff_of(plan);
        let transaction = self.store().begin().await?;
        let failures = store::plans::fail(&transaction, plan.id, word, later(now, backoff)).await?;
        for one in left {
            let failure = format!("left:{}", one.count);
            store::plans::fail_step(&transaction, plan.id, one.part, &failure).await?;
        }
        if failures >= TOLD_AFTER {
            let name = alarm(plan.id);
            let detail = format!(
                "stage {} of plan {} fails ({word}); see `consentry request plan {} --json`",
                plan.stage.name(),
                plan.id,
                plan.request
            );
            store::alarms::raise(&transaction, &name, &detail, now).await?;
            let (_, ticket) = self.request_and_ticket(&transaction, plan.request).await?;
            let about = plan_subject(plan.id);
            store::tasks::open_once(&transaction, FAILS, ticket.id, &about, now).await?;
        }
        if plan.stage == Stage::Verify && !left.is_empty() {
            // What came in between goes the way of the rest.
            store::plans::empty_again(&transaction, plan).await?;
        }
        let detail = serde_json::json!({ "stage": plan.stage.name(), "failure": word });
        let about = plan_subject(plan.id);
        store::audit::append(&transaction, "consentry", "stage_failed", &about, &detail, now)
            .await?;
        Ok(transaction.commit().await?)
    }
}
