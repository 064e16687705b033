//! The database lets go of what was emptied, and a supplement to the act says so: owed from the end
//! of a plan until both are done.

use domain::{Timestamp, ids::PlanId};
use store::destruction::{TOO_LARGE, Wiped};

use crate::{Cases, CasesError, failpoint};

const ALARM: &str = "destruction_wipe";
const UNTOLD: &str = "act_supplement";

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
        let way = self.way_to_wipe(owed.len()).await?;
        let gone = way.is_none();
        let now = self.parts.clock.now();
        let (told, untold) =
            if gone { self.tell_gone(&owed, now).await? } else { (Vec::new(), Vec::new()) };
        failpoint::hit("destruction_wiped");
        let transaction = self.store().begin().await?;
        if let Some(detail) = &way {
            store::alarms::raise(&transaction, ALARM, detail, now).await?;
        } else {
            store::plans::wiped(&transaction, &told, now).await?;
            store::alarms::clear(&transaction, ALARM, now).await?;
            match untold.first() {
                None => store::alarms::clear(&transaction, UNTOLD, now).await?,
                Some(plan) => {
                    let detail = format!(
                        "no supplement to the act of plan {plan} can be drawn up, nor of {} more; the log says \
                         why, and it is tried again every minute",
                        untold.len() - 1
                    );
                    store::alarms::raise(&transaction, UNTOLD, &detail, now).await?;
                }
            }
        }
        transaction.commit().await?;
        Ok(gone && untold.is_empty())
    }

    /// Wipes; says what is in the way, if anything is.
    async fn way_to_wipe(&self, owed: usize) -> Result<Option<String>, CasesError> {
        let large = |tables: &[String]| {
            format!(
                "the database still holds what {owed} ended destruction(s) emptied: {}: {TOO_LARGE}",
                tables.join(", ")
            )
        };
        let standing = store::alarms::standing(self.store()).await?;
        // What cannot be asked is told by the wipe itself.
        let tables = store::destruction::too_large(self.store()).await.unwrap_or_default();
        let detail = large(&tables);
        if !tables.is_empty()
            && standing.iter().any(|one| one.name == ALARM && one.detail == detail)
        {
            // All others were written anew when it was raised: not again every minute.
            return Ok(Some(detail));
        }
        let seen = match store::destruction::wipe_all(self.store()).await {
            Ok(Wiped::Gone) => return Ok(None),
            Ok(Wiped::TooLarge(tables)) => return Ok(Some(large(&tables))),
            Ok(Wiped::Seen) => {
                "somebody reads an older state of it, or a transaction, a standby or a \
                                replication slot holds it"
            }
            Err(error) => {
                tracing::warn!(%error, "the database could not let go of what was destroyed");
                "a table of it is held, or it refused; the log says why"
            }
        };
        Ok(Some(format!(
            "the database still holds what {owed} ended destruction(s) emptied: {seen}; it is tried again \
             every minute"
        )))
    }

    /// Supplements to the acts of plans of which nothing is left in the database; those that have
    /// theirs, and those that cannot be told.
    async fn tell_gone(
        &self,
        plans: &[PlanId],
        now: Timestamp,
    ) -> Result<(Vec<PlanId>, Vec<PlanId>), CasesError> {
        let (mut told, mut untold) = (Vec::new(), Vec::new());
        for plan in plans {
            let supplemented = match self.supplement_act(*plan, now).await {
                Ok(()) => self.keep_outside(*plan).await,
                error => error,
            };
            failpoint::hit("destruction_supplemented");
            match supplemented {
                Ok(()) => told.push(*plan),
                Err(error) if error.is_outage() => return Err(error),
                Err(error) => {
                    tracing::error!(plan.id = plan.0, %error, "no supplement to an act can be drawn up");
                    untold.push(*plan);
                }
            }
        }
        Ok((told, untold))
    }
}
