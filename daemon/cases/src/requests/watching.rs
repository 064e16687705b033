//! What is looked at while nothing is asked: destructions that were put off, and stops of
//! advertising that came late.
//!
//! Called by the daemon again and again. Alarms have ids, counts and dates, never personal data;
//! each goes when its cause is gone.

use domain::{Timestamp, plan::postponed_for};
use jiff::SignedDuration;
use render::wording;

use crate::{Cases, CasesError};

/// The alarm of one destruction that is put off: with the id of its plan.
const POSTPONED: &str = "postponed_destruction";
/// The alarm of stops that came late, or may.
const LATE: &str = "stops_late";
/// A stop of advertising has its effect at once (152-ФЗ ст. 15 ч. 2); later than this is an alarm.
const STOP_WITHIN: SignedDuration = SignedDuration::from_hours(1);
/// How long it is told that one came late.
const TOLD_FOR: SignedDuration = SignedDuration::from_hours(24);

impl Cases {
    /// Alarms of destructions that were put off (152-ФЗ ст. 21 ч. 6): when one, three and five of
    /// the six months since the receipt have passed. Returns how many were raised anew.
    ///
    /// # Errors
    /// [`CasesError::Store`].
    pub async fn watch_postponed(&self) -> Result<usize, CasesError> {
        let now = self.parts.clock.now();
        let zone = &self.parts.settings.zone;
        let standing = store::duties::postponed(self.store()).await?;
        let named = |plan: i64| format!("{POSTPONED}/{plan}");
        self.clear_alarms(now, |alarm| {
            alarm.starts_with(&format!("{POSTPONED}/"))
                && !standing.iter().any(|plan| named(plan.id) == alarm)
        })
        .await?;
        let mut raised = 0;
        for plan in standing {
            let Some(months) = postponed_for(plan.received_at, now, zone) else { continue };
            let transaction = self.store().begin().await?;
            let detail = format!("plan:{} months:{months}", plan.id);
            if store::tasks::open_once(&transaction, POSTPONED, plan.ticket, &detail, now).await? {
                let until = wording::instant(plan.until, zone, self.parts.settings.locale);
                let words = format!(
                    "{months} of 6 months have passed since the request whose destruction was put off: plan {}, \
                     request {}, at the latest {until}",
                    plan.id, plan.request
                );
                store::alarms::raise(&transaction, &named(plan.id), &words, now).await?;
                raised += 1;
            }
            transaction.commit().await?;
        }
        Ok(raised)
    }

    /// The alarm of stops of advertising that had no effect within an hour of their receipt, and
    /// of mail that has waited for an hour to be filed: any of it may be one. Returns whether it
    /// stands.
    ///
    /// # Errors
    /// [`CasesError::Store`].
    pub async fn watch_stops(&self) -> Result<bool, CasesError> {
        let now = self.parts.clock.now();
        let hour_ago = now - STOP_WITHIN;
        let within = i64::try_from(STOP_WITHIN.as_micros()).unwrap_or(i64::MAX);
        let span = (within, now - TOLD_FOR);
        let (waiting, late) = store::duties::late_stops(self.store(), hour_ago, span).await?;
        let unfiled = store::duties::unfiled_since(self.store(), hour_ago).await?;
        if waiting + late + unfiled == 0 {
            self.clear_alarms(now, |alarm| alarm == LATE).await?;
            return Ok(false);
        }
        let detail = format!(
            "stops of advertising within the hour: {waiting} have no effect yet, {late} came late in the last day, \
             {unfiled} mails wait longer than an hour to be filed; see `consentry status` and \
             `consentry request list --name stop_marketing`"
        );
        let transaction = self.store().begin().await?;
        store::alarms::raise(&transaction, LATE, &detail, now).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Clears the alarms that are named so and stand.
    async fn clear_alarms(
        &self,
        now: Timestamp,
        is_over: impl Fn(&str) -> bool,
    ) -> Result<(), CasesError> {
        let standing = store::alarms::standing(self.store()).await?;
        if !standing.iter().any(|alarm| is_over(&alarm.name)) {
            return Ok(());
        }
        let transaction = self.store().begin().await?;
        for alarm in standing.iter().filter(|alarm| is_over(&alarm.name)) {
            store::alarms::clear(&transaction, &alarm.name, now).await?;
        }
        Ok(transaction.commit().await?)
    }
}
