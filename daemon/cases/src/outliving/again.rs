//! The day of what a law kept was over once before: in the time that a restored backup does not
//! know.
//!
//! The key went with the first end, and with it what the record says. Whom it is about stands in the
//! plan that kept it; of a record that was put back after another restore, in the event that its
//! adoption wrote.

use domain::{Timestamp, ids::KeptRecordId, plan::Whose};
use serde_json::json;
use store::{
    Session, Transaction,
    destruction::Kept,
    kept_records::{KeptKind, KeptRow},
};

use super::{KEPT_DESTROYED, Statutory, keep};
use crate::{Cases, CasesError};

/// The event of the audit log that says whom a record means in a restored database. Ids alone.
const ADOPTED: &str = "kept_adopted";

fn subject(id: KeptRecordId) -> String {
    format!("kept_record:{id}")
}

impl Cases {
    /// Whether this database destroyed what the record kept.
    pub(crate) async fn has_ended(
        &self,
        session: &impl Session,
        row: &KeptRow,
    ) -> Result<bool, CasesError> {
        let events = store::audit::of_subjects(session, &[subject(row.id)]).await?;
        Ok(events.iter().any(|placed| placed.event.act == KEPT_DESTROYED))
    }

    /// Writes down whom a record means in this database.
    pub(super) async fn note_adopted(
        &self,
        transaction: &Transaction,
        row: &KeptRow,
        whose: &Whose,
    ) -> Result<(), CasesError> {
        let (by, now) = ("consentry", self.parts.clock.now());
        let (about, detail) = (subject(row.id), json!({ "whose": whose }));
        store::audit::append(transaction, by, ADOPTED, &about, &detail, now).await?;
        Ok(())
    }

    /// What a law kept, of a record whose key is gone: it is destroyed as it was then, whose act
    /// tells of it. `false` when it is to be looked at again.
    pub(crate) async fn end_again(
        &self,
        row: &KeptRow,
        now: Timestamp,
    ) -> Result<bool, CasesError> {
        if !self.has_ended(self.store(), row).await?
            && let Some(whose) = self.meant_by(row).await?
        {
            let remaining = self.remaining_beside(row, &whose, now).await?;
            if !self.end_kept(row, &whose, remaining, now).await? {
                return Ok(false);
            }
        }
        // Pages of the database still hold what was emptied.
        Ok(store::destruction::wipe(self.store()).await?)
    }

    async fn meant_by(&self, row: &KeptRow) -> Result<Option<Whose>, CasesError> {
        if let Some(plan) = row.plan {
            let plan = store::plans::by_id(self.store(), plan).await?;
            return Ok(plan.map(|plan| plan.draft.whose));
        }
        let events = store::audit::of_subjects(self.store(), &[subject(row.id)]).await?;
        let adopted = events.iter().rev().find(|placed| placed.event.act == ADOPTED);
        let Some(adopted) = adopted else { return Ok(None) };
        let mut detail: serde_json::Value =
            serde_json::from_str(&adopted.event.detail).map_err(|_| CasesError::Content)?;
        serde_json::from_value(detail["whose"].take()).map(Some).map_err(|_| CasesError::Content)
    }

    /// What other records still keep of the same person.
    pub(super) async fn remaining_beside(
        &self,
        row: &KeptRow,
        whose: &Whose,
        now: Timestamp,
    ) -> Result<Kept, CasesError> {
        let today = now.to_zoned(self.parts.settings.zone.clone()).date();
        let mut remaining = Kept::default();
        for other in store::kept_records::standing(self.store(), KeptKind::Statutory).await? {
            if other.id == row.id || other.plan != row.plan || other.destroy_on <= today {
                continue;
            }
            let Some(known) = self.open_standing::<Statutory>(&other).await? else { continue };
            // Records that were put back have no plan: those of the same person count.
            if row.plan.is_some() || known.whose == *whose {
                known.part().into_iter().for_each(|part| keep(&mut remaining, part));
            }
        }
        Ok(remaining)
    }
}
