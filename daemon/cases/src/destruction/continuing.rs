//! What goes on by an approved and carried out decision is kept by the plan that follows it.
//!
//! A withdrawal or an objection ends some purposes and not others: the person was told which go on
//! and on which base. The plan destroys the rest and keeps what those need, with that base as its
//! reason.

use domain::{
    decision::Verdict,
    ids::RequestId,
    plan::{Basis, Keep, Part},
    regime::DutyName,
};
use store::Session;

use super::PlanOrder;
use crate::{Cases, CasesError};

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
