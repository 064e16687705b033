//! The loop itself: claims while there is room in hand, waits for what comes, ends in order.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use store::{StoreError, alarms, nodes};
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::attempt::{Words, attempt};
use super::looking::{give_back_lost, is_any_due, is_settled};
use super::pace::Pace;
use super::patience::in_time;
use super::settling::{Report, Summary, settle};
use super::{Dispatch, End, Engine, LEASE, claiming, lease, opening, relay_watch};
use crate::error::MailingError;
use crate::outlet::Place;
use crate::retry;
use crate::wire_journal::JournalError;

/// How often due rows are looked for when nobody wakes us.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The longest that one look may wait for the database.
const LOOKS_WITHIN: Duration = Duration::from_secs(30);
/// How long after the drain outcomes may wait for the database.
const SETTLES_WITHIN: Duration = Duration::from_secs(10);
/// How long giving the lease back may take.
const LEAVES_WITHIN: Duration = Duration::from_secs(5);
/// Reports on their way to the ledger.
const REPORTS: usize = 1024;

pub(super) async fn run(
    parts: Dispatch,
    cancel: CancellationToken,
    end: End,
) -> Result<Summary, MailingError> {
    let opened = tokio::select! {
        biased;
        opened = opening::open(parts, &cancel) => opened?,
        // What was not yet settled is settled by the next start.
        () = stopped_for(&cancel, LEAVES_WITHIN) => return Err(MailingError::Stopped),
    };
    run_opened(Arc::new(opened), cancel, end).await
}

/// Runs a dispatch that has settled its past.
pub(super) async fn run_opened(
    engine: Arc<Engine>,
    cancel: CancellationToken,
    end: End,
) -> Result<Summary, MailingError> {
    tracing::info!(node.id = %engine.parts.node, "sending begins");
    let (reports, inbox) = mpsc::channel(REPORTS);
    let abandon = CancellationToken::new();
    let settler = tokio::spawn(settle(Arc::clone(&engine), inbox, abandon.clone()));
    let helpers = CancellationToken::new();
    let _end_helpers = helpers.clone().drop_guard();
    let keeper = tokio::spawn(lease::keep(Arc::clone(&engine), helpers.clone()));
    let listener = tokio::spawn(hear_stops(Arc::clone(&engine), helpers.clone()));

    let mut turning = Turning::new(&engine, end);
    let stop = cancel.child_token();
    let result = turning.turn(&reports, &stop).await;
    stop.cancel();
    // One limit for what is under way and its outcomes, inside the time that a stop may take.
    let patience = engine.parts.drain + SETTLES_WITHIN;
    let abandoning = tokio::spawn(async move {
        sleep(patience).await;
        abandon.cancel();
    });
    drain(&engine, &mut turning.tasks).await;
    drop(reports);
    let summary = beating(settler).await.unwrap_or_default();
    abandoning.abort();
    helpers.cancel();
    // They may hang on a database that is half dead; a transaction that is dropped is undone.
    keeper.abort();
    listener.abort();
    // They hold the engine and with it the journal's lock, which the next dispatch needs.
    let _ = keeper.await;
    let _ = listener.await;
    engine.parts.outlet.close().await;
    if let Err(error) = in_time(LEAVES_WITHIN, leave(&engine, &result)).await {
        tracing::warn!(node.id = %engine.parts.node, "cannot give the node's lease back, it runs out: {error}");
    }
    tracing::info!(node.id = %engine.parts.node, accepted = summary.accepted, "sending ends");
    result.map(|()| summary)
}

/// The loop with what it has under way.
struct Turning<'a> {
    engine: &'a Arc<Engine>,
    end: End,
    tasks: JoinSet<Words>,
    /// The outlet is tried: at most one at a time.
    probe: JoinSet<Result<Place, MailingError>>,
    pace: Pace,
    /// When rows are looked for that a claim took and could not tell; on the boot clock.
    looks_for_lost_at: Duration,
    /// The throttle has nothing before; on the boot clock.
    throttled_until: Duration,
    /// Counts the claims: running campaigns take turns.
    claims: usize,
}

impl<'a> Turning<'a> {
    fn new(engine: &'a Arc<Engine>, end: End) -> Self {
        let boot_time = engine.parts.clock.boot_time();
        Self {
            engine,
            end,
            tasks: JoinSet::new(),
            probe: JoinSet::new(),
            pace: Pace::new(engine.parts.outlet.width(), boot_time),
            looks_for_lost_at: boot_time + LEASE,
            throttled_until: boot_time,
            claims: 0,
        }
    }

    /// Claims and starts until the end.
    async fn turn(
        &mut self,
        reports: &mpsc::Sender<Report>,
        stop: &CancellationToken,
    ) -> Result<(), MailingError> {
        let engine = self.engine;
        let planned = engine.parts.store.deliveries_planned();
        let mut failures = 0;
        loop {
            while let Some(joined) = self.tasks.try_join_next() {
                self.ended(joined)?;
            }
            if stop.is_cancelled() {
                return Ok(());
            }
            may_go_on(engine)?;
            let looked = tokio::select! {
                looked = in_time(LOOKS_WITHIN, self.look()) => looked,
                // A claim that is cut off is undone, or given back when the node leaves.
                () = stopped_for(stop, LEAVES_WITHIN) => return Ok(()),
            };
            let found = match looked {
                Ok(taken) => {
                    failures = 0;
                    let found = taken.rows.len() + taken.kept_back;
                    for row in taken.rows {
                        engine.in_hand.take(row.delivery.id);
                        let work = attempt(Arc::clone(engine), row, reports.clone(), stop.clone());
                        self.tasks.spawn(work);
                    }
                    found
                }
                Err(Look::Outlet(trouble)) => return Err(trouble),
                Err(Look::Store(error)) if error.is_passing() => {
                    failures += 1;
                    tracing::warn!("no mail is claimed: {error}");
                    // Whether the claim was committed is unknown.
                    self.looks_for_lost_at = Duration::ZERO;
                    wait(stop, retry::relay_pause(failures, engine.random())).await;
                    continue;
                }
                Err(Look::Store(error)) => return Err(error.into()),
            };
            if found == 0
                && self.tasks.is_empty()
                && self.end == End::Idle
                && is_settled(engine, reports).await?
            {
                return Ok(());
            }
            if found > 0 && self.tasks.len() * 2 < self.pace.in_hand() {
                continue;
            }
            let next_look = self.next_look();
            tokio::select! {
                Some(joined) = self.tasks.join_next() => self.ended(joined)?,
                Some(joined) = self.probe.join_next() => self.probed(joined)?,
                () = planned.notified() => {}
                () = sleep(next_look) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    /// When due rows are looked for if nobody wakes us: sooner when the throttle has tokens again.
    fn next_look(&self) -> Duration {
        let throttled = self.throttled_until.saturating_sub(self.engine.parts.clock.boot_time());
        if throttled.is_zero() { LOOK_EVERY } else { LOOK_EVERY.min(throttled) }
    }

    /// An attempt ended; only those that spoke with the outlet tell its pace.
    fn ended(&mut self, joined: Result<Words, JoinError>) -> Result<(), MailingError> {
        match joined.map_err(|_| MailingError::BrokenOff)? {
            Words::Spoken => self.pace.note(self.engine.parts.clock.boot_time()),
            Words::None => {}
        }
        Ok(())
    }

    fn probed(
        &mut self,
        joined: Result<Result<Place, MailingError>, JoinError>,
    ) -> Result<(), MailingError> {
        match joined.map_err(|_| MailingError::BrokenOff)? {
            Ok(_kept) => self.engine.relay.opened(),
            Err(trouble) => self.engine.in_trouble(trouble),
        }
        Ok(())
    }

    /// Claims what there is room for; nothing while the outlet rests.
    async fn look(&mut self) -> Result<claiming::Taken, Look> {
        let engine = self.engine;
        let parts = &engine.parts;
        let boot_time = parts.clock.boot_time();
        tell_trouble(engine, self.end).await?;
        if boot_time >= self.looks_for_lost_at {
            give_back_lost(engine).await?;
            self.looks_for_lost_at = boot_time + LEASE;
        }
        let room = self.pace.in_hand().saturating_sub(self.tasks.len());
        if room * 2 < self.pace.in_hand()
            || !engine.lease.runs(parts.clock.as_ref())
            || engine.relay.rests(boot_time)
            || boot_time < self.throttled_until
        {
            return Ok(claiming::Taken::default());
        }
        let due = is_any_due(engine).await?;
        // After a trouble the outlet is tried before any row is taken.
        if engine.relay.is_unproven() && (due || self.end == End::Cancelled) {
            if self.probe.is_empty() {
                let outlet = parts.outlet.clone();
                self.probe.spawn(async move { outlet.acquire().await });
            }
            return Ok(claiming::Taken::default());
        }
        if !due {
            return Ok(claiming::Taken::default());
        }
        self.claims = self.claims.wrapping_add(1);
        let room = u32::try_from(room).unwrap_or(u32::MAX);
        let taken = claiming::claim(engine, room, self.claims).await?;
        if let Some(pause) = taken.throttled_for {
            self.throttled_until = parts.clock.boot_time() + pause;
        }
        Ok(taken)
    }
}

/// Nothing more is claimed once the journal failed, the lease went to somebody else or outcomes
/// cannot be written for a reason that waiting does not mend.
fn may_go_on(engine: &Engine) -> Result<(), MailingError> {
    if engine.journal.is_stopped() {
        return Err(JournalError::Stopped.into());
    }
    if let Some(error) = engine.failed.lock().unwrap_or_else(PoisonError::into_inner).take() {
        return Err(error.into());
    }
    if engine.lease.is_lost() {
        return Err(MailingError::LeaseLost(engine.parts.node.clone()));
    }
    Ok(())
}

/// Why nothing was claimed.
enum Look {
    Outlet(MailingError),
    Store(StoreError),
}

impl From<StoreError> for Look {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Tells a new trouble of the outlet once, in the log and as an alarm for `status`, or that it
/// is over.
async fn tell_trouble(engine: &Engine, end: End) -> Result<(), Look> {
    let parts = &engine.parts;
    let (outlet, now) = (parts.outlet.name(), parts.clock.now());
    if let Some(trouble) = engine.relay.take_latest() {
        tracing::warn!("mail waits: {trouble}");
        relay_watch::raise(&parts.store, outlet, &trouble, now).await?;
        return match end {
            // What a busy relay puts off is due later, which is idle.
            End::Idle if relay_watch::is_busy(&trouble) => Ok(()),
            End::Cancelled => Ok(()),
            End::Idle => Err(Look::Outlet(trouble)),
        };
    }
    if engine.relay.clears() {
        relay_watch::clear(&parts.store, outlet, now).await?;
        engine.relay.cleared();
    }
    Ok(())
}

/// Lets what is under way end; what does not is left to the journal. Wakes every second, so that
/// whoever watches this loop sees it turn.
async fn drain(engine: &Engine, tasks: &mut JoinSet<Words>) {
    let mut left = engine.parts.drain;
    while !tasks.is_empty() && !left.is_zero() {
        let step = left.min(Duration::from_secs(1));
        left -= step;
        let _ = timeout(step, async { while tasks.join_next().await.is_some() {} }).await;
    }
    if !tasks.is_empty() {
        tracing::warn!(
            mails = tasks.len(),
            "mails under way did not end in time; the next start settles them"
        );
        tasks.shutdown().await;
    }
}

/// Stops of this process end the view at once.
async fn hear_stops(engine: Arc<Engine>, cancel: CancellationToken) {
    let moved = engine.parts.store.stops_moved();
    let mut heard = Box::pin(moved.notified());
    loop {
        tokio::select! {
            () = &mut heard => {
                // Listening again first: no stop falls between.
                heard.set(moved.notified());
                engine.view.throw_away();
            }
            () = cancel.cancelled() => return,
        }
    }
}

/// Gives the lease back; a journal that failed stands as an alarm until a start succeeds.
async fn leave(engine: &Engine, result: &Result<(), MailingError>) -> Result<(), StoreError> {
    give_back_lost(engine).await?;
    let parts = &engine.parts;
    let now = parts.clock.now();
    let transaction = parts.store.begin().await?;
    nodes::leave(&transaction, &parts.node, &engine.epoch, now).await?;
    if let Err(MailingError::Journal(error)) = result {
        let name = journal_alarm(&parts.node);
        alarms::raise(&transaction, &name, &error.to_string(), now).await?;
    }
    transaction.commit().await
}

/// The alarm about a node's wire journal.
pub(super) fn journal_alarm(node: &str) -> String {
    format!("wire_journal/{node}")
}

/// Waits for a task, and wakes every second as [`drain`] does.
async fn beating<T>(mut task: tokio::task::JoinHandle<T>) -> Result<T, JoinError> {
    loop {
        if let Ok(joined) = timeout(LOOK_EVERY, &mut task).await {
            return joined;
        }
    }
}

/// Ends when the daemon has been told to stop for so long.
async fn stopped_for(stop: &CancellationToken, time: Duration) {
    stop.cancelled().await;
    sleep(time).await;
}

async fn wait(stop: &CancellationToken, pause: Duration) {
    tokio::select! {
        () = sleep(pause) => {}
        () = stop.cancelled() => {}
    }
}
