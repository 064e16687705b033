//! What the house does for itself: the stop journal catches up, rules that run out are told.

use std::time::Duration;

use anyhow::Context as _;
use domain::ids::StopNumber;
use store::StoreError;

use super::heartbeat::Pulse;
use crate::house::{House, clock};

const JOURNAL_EVERY: Duration = Duration::from_secs(10);
/// Stops that are offered to the journal at once.
const STOPS_AT_ONCE: u32 = 500;
const REKEY_EVERY: Duration = Duration::from_secs(30);
const REKEY_AT_ONCE: u32 = 50;
const EXPIRE_AT_ONCE: u32 = 100;
const LEASE: Duration = Duration::from_secs(60);
const CARE_EVERY: Duration = Duration::from_secs(3600);
/// Alarms that come and go with the rule files.
const CARE_ALARMS: [&str; 2] = ["regime_review/", "calendar_coverage/"];
/// Raised by filing when the journal cannot be written (invariant 8).
const JOURNAL_ALARM: &str = "stop_journal";

/// Brings the stop journal up to the database, again and again: other nodes and failed writes
/// leave it behind (invariant 8).
///
/// # Errors
/// When the journal cannot be written or the database not be read; the alarm then stands.
pub async fn catch_up(house: &House, pulse: &Pulse) -> anyhow::Result<()> {
    loop {
        if let Err(error) = catch_up_once(house).await {
            let detail = "the stop journal lacks stops of the database; check the disk of the data directory";
            let _ = raise(house, JOURNAL_ALARM, detail).await;
            return Err(error.context("the stop journal cannot catch up"));
        }
        if !pulse.rest(JOURNAL_EVERY).await {
            return Ok(());
        }
    }
}

async fn catch_up_once(house: &House) -> anyhow::Result<()> {
    let mut has_caught_up = false;
    loop {
        let from = house.journal.caught_up_to().await?;
        let last = store::stops::last_number(&house.store).await?;
        if from >= last {
            break;
        }
        let stops = store::stops::committed_after(&house.store, from, STOPS_AT_ONCE).await?;
        let full = u32::try_from(stops.len()).is_ok_and(|n| n == STOPS_AT_ONCE);
        let through: StopNumber = match stops.last() {
            Some(stop) if full => stop.number,
            _ => last,
        };
        let found = house.journal.catch_up(stops, through).await?;
        has_caught_up = true;
        if found.stops > 0 {
            // The stops of other nodes come this way; a failed write of ours was told as an error.
            tracing::info!(journal.stops = found.stops, "the stop journal took in further stops");
        }
    }
    if has_caught_up {
        house.journal.flush().await?;
        clear(house, JOURNAL_ALARM).await?;
    }
    Ok(())
}

/// Moves the mail of known subjects under the subjects' keys, as it comes in, destroys what was
/// not confirmed in seven days, and clears the alarm of the breaker when its hour has passed.
///
/// # Errors
/// When database or vault cannot be used.
pub async fn rekey(house: &House, pulse: &Pulse) -> anyhow::Result<()> {
    let owner = house.config.node.as_str();
    loop {
        if store::leases::hold(&house.store, "rekey", owner, LEASE, clock().now()).await? {
            house.cases.close_breaker().await?;
            house.cases.end_packages(EXPIRE_AT_ONCE).await?;
            while house.cases.expire_pending(EXPIRE_AT_ONCE).await? > 0 {
                pulse.beat();
                if pulse.is_cancelled() {
                    break;
                }
            }
            while house.cases.rekey_known_subjects(REKEY_AT_ONCE).await? > 0 {
                pulse.beat();
                if pulse.is_cancelled() {
                    break;
                }
            }
        }
        if !pulse.rest(REKEY_EVERY).await {
            store::leases::release(&house.store, "rekey", owner).await?;
            return Ok(());
        }
    }
}

/// Reckons provisional dates again, then tells every hour of calendars that end soon and of
/// regimes that are due for review, and destroys kept records whose last day has passed.
///
/// # Errors
/// When the database cannot be used.
pub async fn care(house: &House, pulse: &Pulse) -> anyhow::Result<()> {
    // Calendars are read at the start, so that is when dates can become final.
    let settled = house.cases.reckon_provisional().await?;
    if settled > 0 {
        tracing::info!(duties = settled, "dates that were provisional are final now");
    }
    loop {
        let zone = house.config.organisation.zone.clone();
        let today = clock().now().to_zoned(zone).date();
        // Whose last day has passed: key first, then the row; two nodes at once do no harm.
        while house.cases.destroy_due_records().await? > 0 {
            pulse.beat();
            if pulse.is_cancelled() {
                return Ok(());
            }
        }
        house.cases.watch_processing().await?;
        let due = house.rulebook.due_for_care(today);
        for (name, detail) in &due {
            raise(house, name, detail).await?;
        }
        for alarm in store::alarms::standing(&house.store).await? {
            let ours = CARE_ALARMS.iter().any(|prefix| alarm.name.starts_with(prefix));
            if ours && !due.iter().any(|(name, _)| *name == alarm.name) {
                clear(house, &alarm.name).await?;
            }
        }
        if !pulse.rest(CARE_EVERY).await {
            return Ok(());
        }
    }
}

async fn raise(house: &House, name: &str, detail: &str) -> Result<(), StoreError> {
    let transaction = house.store.begin().await?;
    store::alarms::raise(&transaction, name, detail, clock().now()).await?;
    transaction.commit().await
}

async fn clear(house: &House, name: &str) -> anyhow::Result<()> {
    let transaction = house.store.begin().await?;
    store::alarms::clear(&transaction, name, clock().now()).await?;
    transaction.commit().await.context("an alarm cannot be cleared")
}
