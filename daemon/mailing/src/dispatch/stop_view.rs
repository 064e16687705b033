//! What this sender knows of the stops: the sequence number and when it was read.
//!
//! Asked before each START. A view is used for 200 ms and then read again, so that a stop of
//! another process is seen within that; a stop of this process throws the view away at once. The
//! age counts from before the reading was asked, on the boot clock.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::ambient::Clock;
use domain::ids::StopNumber;
use store::{Store, StoreError, stops};

/// A view is not read again for so long.
const FRESH: Duration = Duration::from_millis(200);
/// A view older than this forbids START.
const TOO_OLD: Duration = Duration::from_secs(1);

/// The sequence as it was read at an instant of the boot clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct View {
    pub(super) number: StopNumber,
    pub(super) seen_at: Duration,
    generation: u64,
}

#[derive(Debug, Default)]
struct Cached {
    view: Option<View>,
    /// Counts the stops of this process that were told.
    generation: u64,
}

#[derive(Debug, Default)]
pub(super) struct StopView {
    cached: Mutex<Cached>,
    /// One reads, the others wait for what it reads.
    reading: tokio::sync::Mutex<()>,
}

impl StopView {
    /// A fresh view, read if need be.
    pub(super) async fn look(&self, store: &Store, clock: &dyn Clock) -> Result<View, StoreError> {
        if let Some(view) = self.fresh(clock) {
            return Ok(view);
        }
        let _reading = self.reading.lock().await;
        loop {
            if let Some(view) = self.fresh(clock) {
                return Ok(view);
            }
            let generation = self.cached().generation;
            let seen_at = clock.boot_time();
            let number = stops::last_number(store).await?;
            let view = View { number, seen_at, generation };
            let mut cached = self.cached();
            // A stop told meanwhile may not be in what was read.
            if cached.generation == generation {
                cached.view = Some(view);
                return Ok(view);
            }
        }
    }

    /// A stop of this process was committed.
    pub(super) fn throw_away(&self) {
        let mut cached = self.cached();
        cached.generation += 1;
        cached.view = None;
    }

    /// Whether a mail may still be started on this view: young enough, and nothing seen since.
    pub(super) fn holds(&self, view: View, clock: &dyn Clock) -> bool {
        let cached = self.cached();
        cached.generation == view.generation
            && cached.view.is_none_or(|latest| latest.number == view.number)
            && clock.boot_time().saturating_sub(view.seen_at) < TOO_OLD
    }

    fn fresh(&self, clock: &dyn Clock) -> Option<View> {
        self.cached().view.filter(|view| clock.boot_time().saturating_sub(view.seen_at) < FRESH)
    }

    fn cached(&self) -> MutexGuard<'_, Cached> {
        self.cached.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::tests::ambient::StandingClock;
    use domain::Timestamp;

    fn seen(view: &StopView, number: i64, clock: &StandingClock) -> View {
        let mut cached = view.cached();
        let seen = View {
            number: StopNumber(number),
            seen_at: clock.boot_time(),
            generation: cached.generation,
        };
        cached.view = Some(seen);
        seen
    }

    #[test]
    fn a_view_of_one_second_forbids_a_start() {
        let clock = StandingClock::at(Timestamp::UNIX_EPOCH);
        let view = StopView::default();
        let seen = seen(&view, 7, &clock);
        clock.advance(Duration::from_millis(999));
        assert!(view.holds(seen, &clock));
        clock.advance(Duration::from_millis(1));
        assert!(!view.holds(seen, &clock));
    }

    #[test]
    fn a_stop_of_this_process_or_a_newer_number_ends_a_view_at_once() {
        let clock = StandingClock::at(Timestamp::UNIX_EPOCH);
        let view = StopView::default();
        let first = seen(&view, 7, &clock);
        let second = seen(&view, 8, &clock);
        assert!(!view.holds(first, &clock));
        assert!(view.holds(second, &clock));
        view.throw_away();
        assert!(!view.holds(second, &clock));
        assert_eq!(view.fresh(&clock), None);
    }
}
