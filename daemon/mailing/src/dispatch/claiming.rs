//! The claim: due rows taken with a lease, the gate asked in the same transaction.
//!
//! The stop counter is read before the facts, so a stop that the gate did not see has a greater
//! number than the one the row was gated under, and START finds it.

use std::collections::HashMap;
use std::time::Duration;

use domain::Timestamp;
use domain::block::Purpose;
use domain::delivery::{Class, DeliveryState};
use domain::gate::{Basis, ConsentStanding, GateFacts, ListStanding, Verdict, gate};
use domain::ids::{AddressId, StopNumber};
use store::deliveries::{self, Change, Claimant, ClaimedDelivery, Recipient, Standing};
use store::{StoreError, stops};

use super::asking::{self, Ask};
use super::{Engine, LEASE};

/// A row in hand.
pub(super) struct Claimed {
    pub(super) delivery: ClaimedDelivery,
    /// The stops that the gate has seen for it.
    pub(super) gated_at: StopNumber,
    /// On the boot clock; START is forbidden from then on.
    pub(super) deadline: Duration,
}

/// What a claim took.
#[derive(Default)]
pub(super) struct Taken {
    /// The rows that may leave, most urgent first.
    pub(super) rows: Vec<Claimed>,
    /// How many were kept back: there may be more to claim at once.
    pub(super) kept_back: usize,
}

/// Claims up to `limit` rows; those that may not leave now are settled in the same transaction.
pub(super) async fn claim(engine: &Engine, limit: u32) -> Result<Taken, StoreError> {
    let parts = &engine.parts;
    let deadline = parts.clock.boot_time() + LEASE;
    let now = parts.clock.now();
    let transaction = parts.store.begin().await?;
    let gated_at = stops::last_number(&transaction).await?;
    let claimant = Claimant { node: &parts.node, epoch: &engine.epoch };
    let rows = deliveries::claim(&transaction, claimant, limit, LEASE, now).await?;
    if rows.is_empty() {
        // Nothing was written, or a row was put aside.
        transaction.commit().await?;
        return Ok(Taken::default());
    }
    let recipients: Vec<Recipient> = rows.iter().map(|row| recipient(engine, row)).collect();
    let standings = deliveries::standings(&transaction, &recipients, now).await?;
    let mut claimed = Vec::with_capacity(rows.len());
    let mut changes = Vec::new();
    let mut asks = Vec::new();
    for delivery in rows {
        match kept_back(engine, &delivery, &standings, now) {
            Some(change) => {
                asks.extend(Ask::about(&change, delivery.class, delivery.ticket));
                changes.push(change);
            }
            None => claimed.push(Claimed { delivery, gated_at, deadline }),
        }
    }
    let changed = deliveries::apply(&transaction, &parts.node, &changes, now).await?;
    asking::ask(&transaction, &asks, &changed, now).await?;
    transaction.commit().await?;
    for change in &changes {
        tracing::info!(delivery.id = %change.id, state = change.to.name().name(), "mail kept back");
    }
    Ok(Taken { rows: claimed, kept_back: changes.len() })
}

/// What becomes of a row that may not leave now; `None` when it may.
fn kept_back(
    engine: &Engine,
    delivery: &ClaimedDelivery,
    standings: &HashMap<AddressId, Standing>,
    now: Timestamp,
) -> Option<Change> {
    let state = state_of(engine, delivery, now);
    if now > delivery.expires_at {
        let tried = asking::expired("", "expired before it could be sent");
        let change = change(engine, delivery, DeliveryState::Rejected { at: now });
        return Some(Change { tried: Some(tried), ..change });
    }
    let standing = standings.get(&delivery.address).cloned().unwrap_or_default();
    match verdict(delivery.class, &standing, now) {
        Verdict::Send(_) => None,
        Verdict::Later { until } => {
            let back = state.give_back(now).ok()?;
            Some(Change { not_before: Some(until), ..change(engine, delivery, back) })
        }
        Verdict::Withhold(reason) => Some(change(engine, delivery, state.withhold(reason).ok()?)),
    }
}

/// Asks the gate again for one row in hand, as of now.
pub(super) async fn gate_again(
    engine: &Engine,
    delivery: &ClaimedDelivery,
) -> Result<Verdict, StoreError> {
    let now = engine.parts.clock.now();
    let recipients = [recipient(engine, delivery)];
    let standings = deliveries::standings(&engine.parts.store, &recipients, now).await?;
    let standing = standings.get(&delivery.address).cloned().unwrap_or_default();
    Ok(verdict(delivery.class, &standing, now))
}

fn verdict(class: Class, standing: &Standing, now: Timestamp) -> Verdict {
    let facts = GateFacts {
        class,
        basis: basis(class),
        blocks: &standing.blocks,
        suppressions: &standing.suppressions,
        later: None,
    };
    gate(&facts, now)
}

/// What a mail of this class rests on. Nobody plans advertising or training mail yet, so no
/// subscription or enrolment can be shown for it: the gate then withholds.
fn basis(class: Class) -> Basis {
    match class {
        Class::Advertising => Basis::Subscription {
            purpose: Purpose::Newsletter,
            list: ListStanding::Absent,
            consent: ConsentStanding::NotProven,
            opted_in_at: None,
        },
        Class::Training => Basis::Enrolment { enrolled: false, list: ListStanding::Absent },
        Class::Transactional => Basis::Relation { purpose: Purpose::TrainingAccess },
        Class::Confirmation => Basis::Act,
        Class::Statutory | Class::Staff => Basis::Duty,
    }
}

fn recipient(engine: &Engine, delivery: &ClaimedDelivery) -> Recipient {
    let digests = engine.parts.digests.address_all(&delivery.recipient);
    Recipient {
        address: delivery.address,
        stop_digests: digests.into_iter().map(|digests| digests.stop).collect(),
    }
}

/// The row as the domain sees it.
pub(super) fn state_of(
    engine: &Engine,
    delivery: &ClaimedDelivery,
    now: Timestamp,
) -> DeliveryState {
    DeliveryState::Claimed {
        attempt: delivery.attempt,
        epoch: engine.epoch.clone(),
        leased_until_at: now,
    }
}

pub(super) fn change(engine: &Engine, delivery: &ClaimedDelivery, to: DeliveryState) -> Change {
    Change {
        id: delivery.id,
        attempt: delivery.attempt,
        epoch: engine.epoch.clone(),
        to,
        not_before: None,
        resent: delivery.resent,
        tried: None,
    }
}
