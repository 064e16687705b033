//! The second stage: connected systems, recipients, and whoever holds a file with the person's data.

use domain::{Timestamp, disclosure::NoticeAct, plan::Part};
use serde_json::json;
use store::{Transaction, plans::PlanRow};

use super::{Staged, plan_subject};
use crate::{Cases, CasesError, parties::PreparedNotices, systems::PreparedCalls};

/// What is said, before its source is gone.
#[derive(Debug)]
pub(super) struct Telling {
    systems: PreparedCalls,
    recipients: PreparedNotices,
}

impl Cases {
    /// What is said to connected systems and recipients, under keys of its own.
    pub(super) async fn prepare_telling(&self, plan: &PlanRow) -> Result<Telling, CasesError> {
        let store = self.store();
        let (request, ticket) = self.request_and_ticket(store, plan.request).await?;
        let whose = &plan.draft.whose;
        let (contact, addresses) = (whose.contact, &whose.addresses);
        let systems = self.prepare_destroy(store, plan.id, &ticket, contact, addresses).await?;
        let recipients = self
            .prepare_recipient_notices(
                store,
                (&ticket, &request),
                Some(plan.id),
                contact,
                NoticeAct::Destroy,
            )
            .await?;
        Ok(Telling { systems, recipients })
    }

    pub(super) async fn tell_of_plan(
        &self,
        transaction: &Transaction,
        plan: &PlanRow,
        telling: &Telling,
        now: Timestamp,
    ) -> Result<Staged, CasesError> {
        // First, so that of two nodes the slower one finds out before it tells anybody.
        store::plans::advance(transaction, plan, now).await?;
        let systems = self.raise_calls(transaction, &telling.systems, now).await?;
        let recipients =
            self.raise_recipient_notices(transaction, &telling.recipients, now).await?;
        let exports = store::destruction::exports_of(transaction, &plan.draft.whose).await?;
        for export in &exports {
            let detail = format!("export:{export} plan:{}", plan.id);
            store::tasks::open(transaction, "destroy_export", None, None, &detail, now).await?;
        }
        let told = i64::try_from(exports.len()).unwrap_or(i64::MAX);
        store::plans::settle_step(transaction, plan.id, Part::Exports, (told, 0), now).await?;
        let detail =
            json!({ "systems": systems, "recipients": recipients, "exports": exports.len() });
        let about = plan_subject(plan.id);
        store::audit::append(transaction, "consentry", "told", &about, &detail, now).await?;
        Ok(Staged::Done)
    }
}
