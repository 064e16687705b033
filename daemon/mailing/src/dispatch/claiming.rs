//! The claim: due rows taken with a lease, the gate asked in the same transaction.
//!
//! The stop counter is read before the facts, so a stop that the gate did not see has a greater
//! number than the one the row was gated under, and START finds it. Mail that is no campaign's
//! goes first; what room is left is shared by the running campaigns. Under a throttle as many
//! rows are taken as there are tokens.

use std::sync::Arc;
use std::time::Duration;

use domain::Timestamp;
use domain::delivery::DeliveryState;
use domain::ids::{ConsentEventId, DeliveryId};
use store::deliveries::{self, Change, Claimant, ClaimedDelivery, Claiming};
use store::throttles::{Bucket, Throttle};
use store::{StoreError, Transaction, stops};

use super::asking::{self, Ask};
use super::judging::{self, Facts, Judgement};
use super::row_in_hand::RowInHand;
use super::{Engine, LEASE};

/// What a claim took.
#[derive(Default)]
pub(super) struct Taken {
    /// The rows that may leave, most urgent first.
    pub(super) rows: Vec<Arc<RowInHand>>,
    /// How many were kept back: there may be more to claim at once.
    pub(super) kept_back: usize,
    /// The throttle has no more tokens for so long.
    pub(super) throttled_for: Option<Duration>,
}

/// The name of an outlet's bucket.
pub(super) fn throttle_name(outlet: &str) -> String {
    format!("relay/{outlet}")
}

/// Claims up to `limit` rows; those that may not leave now are settled in the same transaction.
/// Campaigns begin in turn.
pub(super) async fn claim(engine: &Engine, limit: u32, turn: usize) -> Result<Taken, StoreError> {
    let parts = &engine.parts;
    let deadline = parts.clock.boot_time() + LEASE;
    let now = parts.clock.now();
    let transaction = parts.store.begin().await?;
    let gated_at = stops::last_number(&transaction).await?;
    let claimant = Claimant { node: &parts.node, epoch: &engine.epoch };
    let Some(claiming) = Claiming::begin(&transaction, claimant, LEASE, now).await? else {
        return Ok(Taken::default());
    };
    let bucket = open_bucket(engine, &transaction, now).await?;
    let room = bucket.as_ref().map_or(limit, |bucket| limit.min(bucket.whole()));
    let rows = take(engine, &claiming, room, turn).await?;
    let throttled_for = match parts.throttle {
        Some(throttle) if room < limit && rows.len() >= room as usize => {
            Some(until_worth_a_claim(throttle))
        }
        _ => None,
    };
    if rows.is_empty() {
        // Nothing was written, or a row was put aside.
        transaction.commit().await?;
        return Ok(Taken { throttled_for, ..Taken::default() });
    }
    let recipients: Vec<_> = rows.iter().map(|row| judging::recipient(parts, row)).collect();
    let standings = deliveries::standings(&transaction, &recipients, now).await?;
    let mut taken = Taken { throttled_for, ..Taken::default() };
    let mut kept = Kept::default();
    for (delivery, recipient) in rows.into_iter().zip(recipients) {
        let standing = standings.get(&delivery.address);
        if let Some(what) = standing.and_then(|standing| standing.misfit.as_deref()) {
            tracing::error!(delivery.id = %delivery.id, "mail set aside: {what}");
            deliveries::park(&transaction, delivery.id, what, now).await?;
            taken.kept_back += 1;
            continue;
        }
        let facts = Facts::at_claim(&delivery, standing);
        match judgement(&delivery, &facts, now) {
            Outcome::Goes(consent) => {
                let delivery = kept.named(delivery, consent);
                let row = RowInHand::new(delivery, recipient, gated_at, deadline);
                taken.rows.push(Arc::new(row));
            }
            Outcome::Stays(judgement) => kept.keep(engine, &delivery, judgement, now),
        }
    }
    taken.kept_back += kept.changes.len();
    kept.write(engine, &transaction, now).await?;
    if let Some(bucket) = bucket {
        let spent = u32::try_from(taken.rows.len()).unwrap_or(u32::MAX);
        bucket.close(&transaction, spent, 0).await?;
    }
    transaction.commit().await?;
    for change in &kept.changes {
        tracing::info!(delivery.id = %change.id, state = change.to.name().name(), "mail kept back");
    }
    Ok(taken)
}

async fn open_bucket(
    engine: &Engine,
    transaction: &Transaction,
    now: Timestamp,
) -> Result<Option<Bucket>, StoreError> {
    let parts = &engine.parts;
    match parts.throttle {
        Some(throttle) => {
            let name = throttle_name(parts.outlet.name());
            Ok(Some(Bucket::open(transaction, &name, throttle, now).await?))
        }
        None => Ok(None),
    }
}

/// Not each single token is worth a transaction: a twentieth of a second's is, and one always.
fn until_worth_a_claim(throttle: Throttle) -> Duration {
    let rate = throttle.per_second.get();
    let tokens = (rate / 20).clamp(1, throttle.burst.get());
    Duration::from_secs_f64(f64::from(tokens) / f64::from(rate))
}

async fn take(
    engine: &Engine,
    claiming: &Claiming<'_>,
    room: u32,
    turn: usize,
) -> Result<Vec<ClaimedDelivery>, StoreError> {
    let parts = &engine.parts;
    if room == 0 {
        return Ok(Vec::new());
    }
    let mut rows = Vec::new();
    if parts.stream.takes_hello() {
        rows = claiming.others(room).await?;
    }
    if parts.stream.takes_bulk() && parts.bulk.is_some() {
        let left = room.saturating_sub(u32::try_from(rows.len()).unwrap_or(u32::MAX));
        rows.extend(claiming.of_campaigns(left, turn).await?);
    }
    Ok(rows)
}

/// Whether a claimed row goes or stays.
enum Outcome {
    Goes(Option<ConsentEventId>),
    Stays(Stays),
}

/// Why a claimed row stays.
enum Stays {
    Expired,
    Judged(Judgement),
}

fn judgement(delivery: &ClaimedDelivery, facts: &Facts<'_>, now: Timestamp) -> Outcome {
    if now > delivery.expires_at {
        return Outcome::Stays(Stays::Expired);
    }
    match judging::judge(delivery, facts, now) {
        Judgement::Goes { consent } => Outcome::Goes(consent),
        judgement => Outcome::Stays(Stays::Judged(judgement)),
    }
}

/// The rows of a claim that are written once more before it is committed.
#[derive(Default)]
struct Kept {
    changes: Vec<Change>,
    asks: Vec<Ask>,
    /// Rows that name another consent than the one that allows them now.
    named: Vec<(DeliveryId, ConsentEventId)>,
}

impl Kept {
    /// The row with the consent that allows it.
    fn named(
        &mut self,
        mut delivery: ClaimedDelivery,
        consent: Option<ConsentEventId>,
    ) -> ClaimedDelivery {
        if let (Some(part), Some(consent)) = (&mut delivery.campaign, consent)
            && part.consent != Some(consent)
        {
            part.consent = Some(consent);
            self.named.push((delivery.id, consent));
        }
        delivery
    }

    fn keep(&mut self, engine: &Engine, delivery: &ClaimedDelivery, why: Stays, now: Timestamp) {
        let state = state_of(engine, delivery, now);
        let kept = match why {
            Stays::Expired => {
                let tried = asking::expired("", "expired before it could be sent");
                let change = change(engine, delivery, DeliveryState::Rejected { at: now });
                Some(Change { tried: Some(tried), ..change })
            }
            Stays::Judged(Judgement::Withheld(reason)) => {
                state.withhold(reason).ok().map(|to| change(engine, delivery, to))
            }
            Stays::Judged(Judgement::GivenBack { not_before }) => state
                .give_back(now)
                .ok()
                .map(|back| Change { not_before, ..change(engine, delivery, back) }),
            Stays::Judged(Judgement::Goes { .. }) => None,
        };
        if let Some(change) = kept {
            self.asks.extend(Ask::about(&change, delivery.class, delivery.ticket));
            self.changes.push(change);
        }
    }

    async fn write(
        &self,
        engine: &Engine,
        transaction: &Transaction,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let changed =
            deliveries::apply(transaction, &engine.parts.node, &self.changes, now).await?;
        asking::ask(transaction, &self.asks, &changed, now).await?;
        deliveries::name_consents(transaction, &self.named).await
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
