//! One row in hand: prepare, take a place, look once more at the stops, START, send, END.
//!
//! Runs as a task of its own; several wait for the places of one outlet, in the order of their
//! claim. It reports exactly one end for its row. Its bytes are made before a place is taken, so
//! that a connection never waits for a signature.

use std::sync::{Arc, OnceLock};

use tokio::sync::mpsc;
use tokio::time::{Duration, sleep};
use tokio_util::sync::CancellationToken;

use super::Engine;
use super::failpoint::Failpoint;
use super::judging::Judgement;
use super::patience::in_time;
use super::preparing::{self, Prepared, Unprepared};
use super::regating;
use super::relay_watch::Ended;
use super::row_in_hand::RowInHand;
use super::settling::{Ending, Report};
use super::stop_view::View;
use crate::outcome::Outcome;
use crate::outlet::Place;
use crate::smtp::{RelayTrouble, TroubleCause};
use crate::wire_journal::{Attempt, Start};

/// How long a row rests whose content could not be read for an outage.
const REST_AFTER_OUTAGE: i64 = 60;
/// How long a row rests that could not be started in time, in seconds.
const REST_AFTER_STAND: i64 = 5;
/// How long to wait before the database is asked again for the stops.
const ASK_AGAIN: Duration = Duration::from_millis(200);
/// The longest that one such question may take.
const ANSWERED_WITHIN: Duration = Duration::from_secs(10);

/// Whether the row may be started.
enum Standing {
    May(View),
    MayNot(Ending),
}

/// Whether an attempt spoke with the outlet about its mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Words {
    Spoken,
    None,
}

/// Takes one row to its end and reports it.
pub(super) async fn attempt(
    engine: Arc<Engine>,
    row: Arc<RowInHand>,
    reports: mpsc::Sender<Report>,
    cancel: CancellationToken,
) -> Words {
    engine.waiting.add(&row);
    let (started, result) = take(&engine, &row, &cancel).await;
    engine.waiting.remove(&row);
    let words = match &result {
        Ending::Ended(Outcome::NotSent) | Ending::GivenBack { .. } | Ending::Withheld(_) => {
            Words::None
        }
        Ending::Ended(_) => Words::Spoken,
    };
    let report = Report { row, started, result, stop: OnceLock::new() };
    // The settling outlives every attempt, so nobody stops listening before.
    let _ = reports.send(report).await;
    words
}

async fn take(
    engine: &Engine,
    claimed: &Arc<RowInHand>,
    cancel: &CancellationToken,
) -> (Option<crate::wire_journal::Started>, Ending) {
    let prepared = match preparing::prepare(engine, &claimed.delivery).await {
        Ok(prepared) => prepared,
        Err(Unprepared::Passing(error)) => {
            tracing::warn!(delivery.id = %claimed.delivery.id, "mail rests: {error}");
            return (None, rested(engine, REST_AFTER_OUTAGE));
        }
        Err(Unprepared::Never(reason, why)) => {
            tracing::error!(delivery.id = %claimed.delivery.id, "mail cannot be made: {why}");
            return (None, Ending::Withheld(reason));
        }
    };
    let back = Ending::GivenBack { not_before: None };
    let mut place = tokio::select! {
        biased;
        () = cancel.cancelled() => return (None, back),
        place = engine.parts.outlet.acquire() => match place {
            Ok(place) => place,
            Err(trouble) => {
                engine.in_trouble(trouble);
                return (None, back);
            }
        },
    };
    if engine.relay.rests(engine.parts.clock.boot_time()) {
        // Others met a trouble while this one waited for its place.
        return (None, back);
    }
    match stand(engine, claimed, cancel).await {
        Standing::May(view) => start_and_send(engine, claimed, &prepared, &mut place, view).await,
        Standing::MayNot(result) => (None, result),
    }
}

/// Back to the ledger, not to be claimed again at once.
fn rested(engine: &Engine, seconds: i64) -> Ending {
    let now = engine.parts.clock.now();
    let until = now.checked_add(jiff::SignedDuration::from_secs(seconds));
    Ending::GivenBack { not_before: until.ok() }
}

/// Looks at the stops, and asks the gate again if they moved since the row was gated.
async fn stand(engine: &Engine, claimed: &Arc<RowInHand>, cancel: &CancellationToken) -> Standing {
    let clock = engine.parts.clock.as_ref();
    loop {
        if cancel.is_cancelled() {
            return Standing::MayNot(Ending::GivenBack { not_before: None });
        }
        if !engine.lease.runs(clock) || clock.boot_time() >= claimed.deadline {
            return Standing::MayNot(rested(engine, REST_AFTER_STAND));
        }
        let looked = in_time(ANSWERED_WITHIN, engine.view.look(&engine.parts.store, clock)).await;
        let view = match looked {
            // An answer that took long is too old to start on.
            Ok(view) if !engine.view.holds(view, clock) => {
                sleep(ASK_AGAIN).await;
                continue;
            }
            Ok(view) => view,
            Err(error) => {
                engine.standstill.without_stops(clock.boot_time(), &error);
                sleep(ASK_AGAIN).await;
                continue;
            }
        };
        let gated = claimed.gated();
        match gated.kept {
            Some(Judgement::Withheld(reason)) => {
                return Standing::MayNot(Ending::Withheld(reason));
            }
            Some(Judgement::GivenBack { not_before }) => {
                return Standing::MayNot(Ending::GivenBack { not_before });
            }
            Some(Judgement::Goes { .. }) | None => {}
        }
        if gated.at >= view.number {
            return Standing::May(view);
        }
        let asked = regating::gate_again(engine, claimed, view);
        if let Err(error) = in_time(ANSWERED_WITHIN, asked).await {
            engine.standstill.without_facts(clock.boot_time(), &error);
            sleep(ASK_AGAIN).await;
        }
    }
}

async fn start_and_send(
    engine: &Engine,
    claimed: &RowInHand,
    prepared: &Prepared,
    place: &mut Place,
    view: View,
) -> (Option<crate::wire_journal::Started>, Ending) {
    let clock = engine.parts.clock.as_ref();
    let attempt = Attempt { delivery: claimed.delivery.id, number: claimed.delivery.attempt };
    let start = Start { attempt, stop_number: view.number, view_at: view.seen_at };
    engine.reach(Failpoint::BeforeStart);
    let started = match engine.journal.start(&start) {
        Ok(started) => started,
        Err(error) => {
            tracing::error!(delivery.id = %claimed.delivery.id, "mail not started: {error}");
            return (None, Ending::GivenBack { not_before: None });
        }
    };
    engine.reach(Failpoint::AfterStart);
    // The write may have taken long: everything is looked at once more before the first byte.
    let may_speak = engine.view.holds(view, clock)
        && engine.lease.runs(clock)
        && clock.boot_time() < claimed.deadline;
    if !may_speak {
        end(engine, &started, &Outcome::NotSent);
        return (Some(started), Ending::GivenBack { not_before: None });
    }
    let on_dot = || engine.reach(Failpoint::AfterDot);
    let outcome = place.send(attempt, &prepared.envelope, &prepared.bytes, &on_dot).await;
    engine.reach(Failpoint::BeforeEnd);
    end(engine, &started, &outcome);
    engine.reach(Failpoint::AfterEnd);
    match place.take_trouble() {
        Some(trouble) => engine.in_trouble(trouble),
        None if engine.relay.ended(clock.boot_time(), &outcome) == Ended::PutOffAgain => {
            let code = outcome.answer().and_then(|answer| answer.code);
            let relay = engine.parts.outlet.name().to_owned();
            let cause = TroubleCause::Busy { code };
            engine.in_trouble(RelayTrouble { relay, cause }.into());
        }
        None => {}
    }
    (Some(started), Ending::Ended(outcome))
}

/// END that cannot be written does not hold the outcome back: it is reported all the same, and
/// the journal refuses the next START.
fn end(engine: &Engine, started: &crate::wire_journal::Started, outcome: &Outcome) {
    if let Err(error) = engine.journal.end(started, outcome) {
        tracing::error!(delivery.id = %started.attempt().delivery, "{error}");
    }
}
