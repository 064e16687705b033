//! Outcomes reach the ledger in batches: what gathered while one batch was committed is the next.
//!
//! The domain decides what a row becomes; one statement per batch writes it. Only after the
//! commit does the wire journal hear that its records are no longer needed. An outage of the
//! database is waited for; what is still not written when the daemon ends stands in the journal.

use std::sync::{Arc, OnceLock, PoisonError};
use std::time::Duration;

use domain::Timestamp;
use domain::delivery::{DeliveryState, OutcomeKind, WithholdReason};
use store::deliveries::{self, Change, ClaimMark, ClaimedDelivery};
use store::throttles::Bucket;
use store::{StoreError, Transaction};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Engine;
use super::asking::{self, Ask, tried};
use super::claiming::{change, state_of, throttle_name};
use super::failpoint::Failpoint;
use super::patience::in_time;
use super::refusals;
use super::row_in_hand::RowInHand;
use crate::outcome::Outcome;
use crate::retry;
use crate::stops::StopMark;
use crate::wire_journal::Started;

/// Most outcomes in one batch.
const BATCH: usize = 500;

/// With so many nothing more is waited for.
const WORTH_A_TRANSACTION: usize = 250;
/// The longest that an outcome waits for others.
const GATHERS_FOR: Duration = Duration::from_millis(40);

/// The longest that one batch may wait for the database.
const WRITES_WITHIN: Duration = Duration::from_secs(30);

/// How a row in hand ended.
#[derive(Debug, Clone)]
pub(super) enum Ending {
    /// The outlet gave an outcome.
    Ended(Outcome),
    /// Nothing was said to a server: as before the claim, but not before this instant.
    GivenBack { not_before: Option<Timestamp> },
    /// The gate or the content keeps it back.
    Withheld(WithholdReason),
}

/// One row's end.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) row: Arc<RowInHand>,
    /// The START to be forgotten once the end is durable.
    pub(super) started: Option<Started>,
    pub(super) result: Ending,
    /// The stop that follows from it, if one does: tried again it is the same one.
    pub(super) stop: OnceLock<StopMark>,
}

/// What a dispatch did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Mails that a server took.
    pub accepted: u64,
    /// Attempts that were deferred.
    pub deferred: u64,
    /// Mails that were refused, or expired.
    pub rejected: u64,
    /// Attempts of which nobody knows.
    pub uncertain: u64,
    /// Mails kept back by the gate, or that could not be made.
    pub withheld: u64,
    /// Rows given back without an attempt.
    pub given_back: u64,
}

impl Summary {
    fn count(&mut self, result: &Ending, to: &DeliveryState) {
        let place = match (result, to) {
            (Ending::GivenBack { .. } | Ending::Ended(Outcome::NotSent), _) => &mut self.given_back,
            (Ending::Withheld(_), _) => &mut self.withheld,
            (Ending::Ended(Outcome::Uncertain(_)), _) => &mut self.uncertain,
            (_, DeliveryState::Accepted { .. }) => &mut self.accepted,
            (_, DeliveryState::Rejected { .. }) => &mut self.rejected,
            _ => &mut self.deferred,
        };
        *place += 1;
    }
}

/// Settles until every sender of `reports` is gone; `abandon` ends the waiting for a database
/// that does not come back.
pub(super) async fn settle(
    engine: Arc<Engine>,
    mut reports: mpsc::Receiver<Report>,
    abandon: CancellationToken,
) -> Summary {
    let mut summary = Summary::default();
    let mut batch = Vec::with_capacity(BATCH);
    while reports.recv_many(&mut batch, BATCH).await > 0 {
        gather(&mut reports, &mut batch).await;
        let mut failures = 0;
        loop {
            engine.reach(Failpoint::BeforeSettle);
            let written = tokio::select! {
                biased;
                written = in_time(WRITES_WITHIN, write(&engine, &batch, &mut summary)) => written,
                () = abandon.cancelled() => {
                    Err(StoreError::Unavailable("no answer before the end".to_owned()))
                }
            };
            match written {
                Ok(()) => {
                    for report in &batch {
                        engine.in_hand.put_back(report.row.delivery.id);
                    }
                    break;
                }
                Err(error) if error.is_passing() && !abandon.is_cancelled() => {
                    failures += 1;
                    tracing::warn!(mails = batch.len(), "outcomes wait for the database: {error}");
                    let pause =
                        retry::relay_pause(failures, engine.random()).min(Duration::from_secs(10));
                    tokio::select! {
                        () = tokio::time::sleep(pause) => {}
                        () = abandon.cancelled() => {}
                    }
                }
                Err(error) => {
                    tracing::error!(
                        mails = batch.len(),
                        "outcomes not written, the wire journal holds them for the next start: {error}"
                    );
                    *engine.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                    batch.clear();
                    break;
                }
            }
        }
        engine.journal.durable(batch.drain(..).filter_map(|report| report.started));
    }
    summary
}

/// A transaction for each mail would be most of the work: what ends in the next moment is written
/// together. Every END stands in the wire journal already.
async fn gather(reports: &mut mpsc::Receiver<Report>, batch: &mut Vec<Report>) {
    let moment = tokio::time::sleep(GATHERS_FOR);
    tokio::pin!(moment);
    // What did not leave is wanted back in the ledger at once.
    let left = |report: &Report| matches!(&report.result, Ending::Ended(outcome) if *outcome != Outcome::NotSent);
    while batch.len() < WORTH_A_TRANSACTION && batch.iter().all(left) {
        let room = BATCH - batch.len();
        tokio::select! {
            biased;
            count = reports.recv_many(batch, room) => {
                if count == 0 {
                    return;
                }
            }
            () = &mut moment => return,
        }
    }
}

pub(super) async fn write(
    engine: &Engine,
    batch: &[Report],
    summary: &mut Summary,
) -> Result<(), StoreError> {
    let parts = &engine.parts;
    let now = parts.clock.now();
    let mut changes = Vec::with_capacity(batch.len());
    let mut asks = Vec::new();
    for report in batch {
        let (change, ask) = change_of(engine, report, now)?;
        changes.push(change);
        asks.extend(ask);
    }
    let transaction = parts.store.begin().await?;
    let changed = deliveries::apply(&transaction, &parts.node, &changes, now).await?;
    asking::ask(&transaction, &asks, &changed, now).await?;
    give_back_tokens(engine, &transaction, batch, now).await?;
    let refused = batch.iter().filter(|report| changed.contains(&report.row.delivery.id));
    let refused = refused.filter_map(|report| match &report.result {
        Ending::Ended(Outcome::Rejected(answer)) if refusals::names_no_mailbox(answer) => {
            let mark = report.stop.get_or_init(|| StopMark::new(parts.entropy.as_ref(), now));
            Some((&report.row.delivery.recipient, *mark))
        }
        _ => None,
    });
    let stops = refusals::suppress(parts, &transaction, refused, now).await?;
    stops.commit(transaction, &parts.store, &parts.stop_journal, now).await?;
    for (report, change) in batch.iter().zip(&changes) {
        if changed.contains(&change.id) {
            summary.count(&report.result, &change.to);
            tell(report, change);
        } else {
            tracing::warn!(delivery.id = %change.id, "somebody else settled this mail meanwhile");
        }
    }
    Ok(())
}

/// Rows that spoke with nobody give their tokens back: the relay is not spared for them.
async fn give_back_tokens(
    engine: &Engine,
    transaction: &Transaction,
    batch: &[Report],
    now: Timestamp,
) -> Result<(), StoreError> {
    let parts = &engine.parts;
    let Some(throttle) = parts.throttle else { return Ok(()) };
    let silent = batch.iter().filter(
        |report| !matches!(&report.result, Ending::Ended(outcome) if *outcome != Outcome::NotSent),
    );
    let silent = u32::try_from(silent.count()).unwrap_or(u32::MAX);
    if silent == 0 {
        return Ok(());
    }
    let name = throttle_name(parts.outlet.name());
    Bucket::open(transaction, &name, throttle, now).await?.close(transaction, 0, silent).await
}

/// One line per mail, with its number and the code, never the recipient.
fn tell(report: &Report, change: &Change) {
    let answer = match &report.result {
        Ending::Ended(outcome) => outcome.answer(),
        Ending::GivenBack { .. } | Ending::Withheld(_) => None,
    };
    tracing::info!(
        delivery.id = %change.id,
        delivery.attempt = change.attempt,
        smtp.code = answer.and_then(|answer| answer.code),
        "mail is {}", change.to.name().name()
    );
}

fn change_of(
    engine: &Engine,
    report: &Report,
    now: Timestamp,
) -> Result<(Change, Option<Ask>), StoreError> {
    let delivery = &report.row.delivery;
    let state = state_of(engine, delivery, now);
    let impossible = |_| StoreError::Conflict { what: "delivery" };
    let (kind, answer) = match &report.result {
        Ending::GivenBack { not_before } => {
            let back = state.give_back(now).map_err(impossible)?;
            let change = Change { not_before: *not_before, ..change(engine, delivery, back) };
            return Ok((change, None));
        }
        Ending::Withheld(reason) => {
            let withheld = state.withhold(*reason).map_err(impossible)?;
            let change = change(engine, delivery, withheld);
            let ask = Ask::about(&change, delivery.class, delivery.ticket);
            return Ok((change, ask));
        }
        Ending::Ended(Outcome::NotSent) => {
            let back = state.give_back(now).map_err(impossible)?;
            return Ok((change(engine, delivery, back), None));
        }
        Ending::Ended(Outcome::Accepted(answer)) => (OutcomeKind::Accepted, answer),
        Ending::Ended(Outcome::Deferred(answer)) => (OutcomeKind::Deferred, answer),
        Ending::Ended(Outcome::Rejected(answer)) => (OutcomeKind::Rejected, answer),
        Ending::Ended(Outcome::Uncertain(answer)) => (OutcomeKind::Uncertain, answer),
    };
    let relay = engine.parts.outlet.name();
    let again_at = retry::next_try_at(delivery.attempt, now, engine.random());
    if kind == OutcomeKind::Uncertain {
        let tried = tried(relay, kind, answer, &state);
        let (change, fate) = Change::uncertain(&mark(engine, delivery), tried, now, again_at);
        return Ok((change, Ask::about_uncertain(delivery.id, fate, delivery.ticket)));
    }
    let to = state.settle(kind, now, again_at, delivery.expires_at).map_err(impossible)?;
    let tried = tried(relay, kind, answer, &to);
    let change = Change { tried: Some(tried), ..change(engine, delivery, to) };
    let ask = Ask::about(&change, delivery.class, delivery.ticket);
    Ok((change, ask))
}

fn mark(engine: &Engine, delivery: &ClaimedDelivery) -> ClaimMark {
    ClaimMark {
        id: delivery.id,
        class: delivery.class,
        occasion: delivery.occasion,
        ticket: delivery.ticket,
        attempt: delivery.attempt,
        epoch: engine.epoch.clone(),
        expires_at: delivery.expires_at,
        resent: delivery.resent,
    }
}
