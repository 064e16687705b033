//! The database lets go of what was emptied: owed from the end of a plan until it is done.

use crate::{Cases, CasesError, failpoint};

const ALARM: &str = "destruction_wipe";

impl Cases {
    /// Lets the database let go of what ended plans emptied, if that is still owed; returns whether
    /// nothing is owed any more. A reader in the way is waited for at the next call, and an alarm
    /// says so until it is done.
    ///
    /// # Errors
    /// [`CasesError::Store`] when the database cannot be used.
    pub async fn wipe_destroyed(&self) -> Result<bool, CasesError> {
        // Read first: what ends meanwhile may not be covered.
        let owed = store::plans::to_wipe(self.store()).await?;
        if owed.is_empty() {
            return Ok(true);
        }
        failpoint::hit("destruction_wipe");
        let gone = match store::destruction::wipe(self.store()).await {
            Ok(gone) => gone,
            Err(error) => {
                tracing::warn!(%error, "the database could not let go of what was destroyed");
                false
            }
        };
        let now = self.parts.clock.now();
        let transaction = self.store().begin().await?;
        if gone {
            store::plans::wiped(&transaction, &owed, now).await?;
            store::alarms::clear(&transaction, ALARM, now).await?;
        } else {
            let detail = format!(
                "the database still holds what {} ended destruction(s) emptied: somebody reads an older state \
                 of it; it is tried again every minute",
                owed.len()
            );
            store::alarms::raise(&transaction, ALARM, &detail, now).await?;
        }
        transaction.commit().await?;
        Ok(gone)
    }
}
