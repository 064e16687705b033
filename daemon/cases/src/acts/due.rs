//! The day of a kept record has come: it goes, whatever waits before it.

use domain::Timestamp;
use store::{
    StoreError,
    kept_records::{self, KeptKind, KeptRow},
};

use crate::{Cases, CasesError};

/// Records read at once.
const PAGE: u32 = 100;

fn alarm(row: &KeptRow) -> String {
    format!("kept_record/{}", row.id)
}

impl Cases {
    /// Destroys the kept records whose day has come, of every kind; returns how many. Those that wait
    /// for a person are passed over, and so is one that cannot be ended: an alarm says which.
    ///
    /// # Errors
    /// An outage of database or vault; the call is to be repeated.
    pub async fn destroy_due_records(&self) -> Result<u32, CasesError> {
        let now = self.parts.clock.now();
        let today = now.to_zoned(self.parts.settings.zone.clone()).date();
        let (mut destroyed, mut behind) = (0, None);
        loop {
            let rows = kept_records::due(self.store(), today, behind, PAGE).await?;
            let Some(last) = rows.last() else { return Ok(destroyed) };
            behind = Some((last.destroy_on, last.id));
            for row in &rows {
                match self.destroy_due(row, now).await {
                    Ok(is_destroyed) => destroyed += u32::from(is_destroyed),
                    Err(error) if error.is_outage() => return Err(error),
                    // Another node is at it.
                    Err(CasesError::Store(StoreError::Conflict { .. })) => {}
                    Err(error) => {
                        tracing::error!(record = %row.id, %error, "a kept record cannot be ended");
                        self.pass_over(row, now).await?;
                    }
                }
            }
        }
    }

    /// The key goes first: a process that dies after it finds the row still due.
    async fn destroy_due(&self, row: &KeptRow, now: Timestamp) -> Result<bool, CasesError> {
        if row.kind == KeptKind::Statutory && !self.end_with_act(row, now).await? {
            return Ok(false);
        }
        self.parts.vault.destroy_key(row.vault_key).await?;
        self.forget_outside(row.vault_key).await?;
        let transaction = self.store().begin().await?;
        match kept_records::empty(&transaction, row.id, now).await {
            // Another node was quicker.
            Err(StoreError::Conflict { .. }) => return Ok(false),
            done => done?,
        }
        let detail = serde_json::json!({
            "kind": row.kind.name(), "number": row.number.map(|number| number.to_string()),
            "law": row.law, "destroy_on": row.destroy_on.to_string(),
        });
        let subject = format!("kept_record:{}", row.id);
        store::audit::append(&transaction, "consentry", "destroyed", &subject, &detail, now)
            .await?;
        store::alarms::clear(&transaction, &alarm(row), now).await?;
        transaction.commit().await?;
        Ok(true)
    }

    async fn pass_over(&self, row: &KeptRow, now: Timestamp) -> Result<(), CasesError> {
        let detail = format!(
            "the last day of kept record {} was {}, and it cannot be ended: the log says why; if its row is \
             damaged, restore it from a backup",
            row.id, row.destroy_on
        );
        let transaction = self.store().begin().await?;
        store::alarms::raise(&transaction, &alarm(row), &detail, now).await?;
        Ok(transaction.commit().await?)
    }
}
