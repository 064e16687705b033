//! The loop itself: claims while there is room in hand, waits for what comes, ends in order.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use store::{StoreError, alarms, deliveries, nodes};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::attempt::attempt;
use super::pace::Pace;
use super::settling::{Report, Summary, settle};
use super::{Dispatch, End, Engine, claiming, lease, opening};
use crate::error::MailingError;
use crate::retry;
use crate::wire_journal::JournalError;

/// How often due rows are looked for when nobody wakes us.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Reports on their way to the ledger.
const REPORTS: usize = 1024;

/// The troubles of the outlet: while it rests nothing is claimed.
#[derive(Debug, Default)]
pub(super) struct RelayWatch(Mutex<Troubles>);

#[derive(Debug, Default)]
struct Troubles {
    in_a_row: u32,
    /// On the boot clock.
    rests_until: Duration,
    /// Not yet told to the ledger and to the loop.
    latest: Option<MailingError>,
}

impl RelayWatch {
    /// An attempt found the outlet unusable.
    pub(super) fn in_trouble(&self, engine: &Engine, trouble: MailingError) {
        let boot_time = engine.parts.clock.boot_time();
        let mut troubles = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Several attempts meet the same trouble: it counts once.
        if boot_time >= troubles.rests_until {
            troubles.in_a_row = troubles.in_a_row.saturating_add(1);
            troubles.rests_until =
                boot_time + retry::relay_pause(troubles.in_a_row, engine.random());
        }
        troubles.latest = Some(trouble);
    }

    fn rest(&self, boot_time: Duration) -> Option<Duration> {
        let troubles = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (boot_time < troubles.rests_until).then(|| troubles.rests_until - boot_time)
    }

    fn is_in_trouble(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).in_a_row > 0
    }

    fn take_latest(&self) -> Option<MailingError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).latest.take()
    }

    fn is_well(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Troubles::default();
    }
}

pub(super) async fn run(
    parts: Dispatch,
    cancel: CancellationToken,
    end: End,
) -> Result<Summary, MailingError> {
    run_opened(Arc::new(opening::open(parts, &cancel).await?), cancel, end).await
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

    let mut tasks = JoinSet::new();
    let stop = cancel.child_token();
    let result = turn(&engine, &mut tasks, &reports, &stop, end).await;
    stop.cancel();
    drain(&engine, &mut tasks).await;
    drop(reports);
    let patience = engine.parts.drain;
    tokio::spawn(async move {
        sleep(patience).await;
        abandon.cancel();
    });
    let summary = settler.await.unwrap_or_default();
    helpers.cancel();
    let _ = tokio::join!(keeper, listener);
    engine.parts.outlet.close().await;
    if let Err(error) = leave(&engine, &result).await {
        tracing::warn!(node.id = %engine.parts.node, "cannot give the node's lease back, it runs out: {error}");
    }
    tracing::info!(node.id = %engine.parts.node, accepted = summary.accepted, "sending ends");
    result.map(|()| summary)
}

/// Claims and starts until the end.
async fn turn(
    engine: &Arc<Engine>,
    tasks: &mut JoinSet<()>,
    reports: &mpsc::Sender<Report>,
    stop: &CancellationToken,
    end: End,
) -> Result<(), MailingError> {
    let parts = &engine.parts;
    let planned = parts.store.deliveries_planned();
    let mut pace = Pace::new(parts.outlet.width(), parts.clock.boot_time());
    let mut failures = 0;
    loop {
        while let Some(joined) = tasks.try_join_next() {
            joined.map_err(|_| MailingError::BrokenOff)?;
            pace.note(parts.clock.boot_time());
        }
        if stop.is_cancelled() {
            return Ok(());
        }
        may_go_on(engine)?;
        let found = match look(engine, tasks, &pace, end).await {
            Ok(taken) => {
                failures = 0;
                let found = taken.rows.len() + taken.kept_back;
                for row in taken.rows {
                    let work = attempt(Arc::clone(engine), row, reports.clone(), stop.clone());
                    tasks.spawn(work);
                }
                found
            }
            Err(Look::Outlet(trouble)) => return Err(trouble),
            Err(Look::Store(error)) if error.is_passing() => {
                failures += 1;
                tracing::warn!("no mail is claimed: {error}");
                wait(stop, retry::relay_pause(failures, engine.random())).await;
                continue;
            }
            Err(Look::Store(error)) => return Err(error.into()),
        };
        if found == 0 && tasks.is_empty() && end == End::Idle && is_settled(engine, reports).await?
        {
            return Ok(());
        }
        if found > 0 && tasks.len() * 2 < pace.in_hand() {
            continue;
        }
        tokio::select! {
            Some(joined) = tasks.join_next() => {
                joined.map_err(|_| MailingError::BrokenOff)?;
                pace.note(parts.clock.boot_time());
            }
            () = planned.notified() => {}
            () = sleep(LOOK_EVERY) => {}
            () = stop.cancelled() => {}
        }
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

/// Claims what there is room for; nothing while the outlet rests.
async fn look(
    engine: &Engine,
    tasks: &JoinSet<()>,
    pace: &Pace,
    end: End,
) -> Result<claiming::Taken, Look> {
    let parts = &engine.parts;
    tell_trouble(engine, end).await?;
    let room = pace.in_hand().saturating_sub(tasks.len());
    if room * 2 < pace.in_hand() || !engine.lease.runs(parts.clock.as_ref()) {
        return Ok(claiming::Taken::default());
    }
    if engine.relay.rest(parts.clock.boot_time()).is_some()
        || !deliveries::is_any_due(&parts.store, parts.clock.now()).await?
    {
        return Ok(claiming::Taken::default());
    }
    // After a trouble the outlet is tried before any row is taken.
    if engine.relay.is_in_trouble() {
        if let Err(trouble) = parts.outlet.acquire().await {
            engine.relay.in_trouble(engine, trouble);
            tell_trouble(engine, end).await?;
            return Ok(claiming::Taken::default());
        }
        engine.relay.is_well();
        clear_trouble(engine).await?;
    }
    Ok(claiming::claim(engine, u32::try_from(room).unwrap_or(u32::MAX)).await?)
}

fn alarm_name(engine: &Engine) -> String {
    format!("relay/{}", engine.parts.outlet.name())
}

/// Tells a new trouble of the outlet once: in the log, and as an alarm for `status`.
async fn tell_trouble(engine: &Engine, end: End) -> Result<(), Look> {
    let Some(trouble) = engine.relay.take_latest() else {
        return Ok(());
    };
    tracing::warn!("mail waits: {trouble}");
    let parts = &engine.parts;
    let transaction = parts.store.begin().await?;
    alarms::raise(&transaction, &alarm_name(engine), &trouble.to_string(), parts.clock.now())
        .await?;
    transaction.commit().await?;
    match end {
        End::Cancelled => Ok(()),
        End::Idle => Err(Look::Outlet(trouble)),
    }
}

async fn clear_trouble(engine: &Engine) -> Result<(), StoreError> {
    let transaction = engine.parts.store.begin().await?;
    alarms::clear(&transaction, &alarm_name(engine), engine.parts.clock.now()).await?;
    transaction.commit().await
}

/// Whether nothing waits for the ledger and nothing became due meanwhile.
async fn is_settled(engine: &Engine, reports: &mpsc::Sender<Report>) -> Result<bool, MailingError> {
    if reports.capacity() < REPORTS {
        return Ok(false);
    }
    let held = deliveries::claimed_by(&engine.parts.store, &engine.parts.node).await?;
    let due = deliveries::is_any_due(&engine.parts.store, engine.parts.clock.now()).await?;
    Ok(held.is_empty() && !due)
}

/// Lets what is under way end; what does not is left to the journal. Wakes every second, so that
/// whoever watches this loop sees it turn.
async fn drain(engine: &Engine, tasks: &mut JoinSet<()>) {
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

async fn wait(stop: &CancellationToken, pause: Duration) {
    tokio::select! {
        () = sleep(pause) => {}
        () = stop.cancelled() => {}
    }
}
