//! Whether every supervised loop turns: what the watchdog of systemd is fed by.
//!
//! Each loop has a pulse and beats when it comes round. A loop that waits for a dead relay beats
//! all the same (that is health, told by `status`); one that hangs does not, and then the
//! watchdog is not fed and systemd restarts the daemon.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::ambient::Clock;
use tokio_util::sync::CancellationToken;

use crate::clock::SystemClock;

/// The beats of all loops.
#[derive(Debug, Clone, Default)]
pub struct Heartbeat {
    beats: Arc<Mutex<Vec<Arc<Beat>>>>,
}

#[derive(Debug)]
struct Beat {
    name: String,
    /// The longest silence that is no fault.
    limit: Duration,
    /// Boot time of the last beat in milliseconds; `u64::MAX` when the loop ended in order.
    last: AtomicU64,
}

/// The end of a heartbeat that one loop holds.
#[derive(Debug, Clone)]
pub struct Pulse {
    beat: Arc<Beat>,
    cancel: CancellationToken,
}

impl Heartbeat {
    /// A pulse for a loop that beats at least once in `limit`.
    #[must_use]
    pub fn pulse(&self, name: &str, limit: Duration, cancel: &CancellationToken) -> Pulse {
        let name = name.to_owned();
        let beat = Arc::new(Beat { name, limit, last: AtomicU64::new(boot_millis()) });
        self.beats.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&beat));
        Pulse { beat, cancel: cancel.clone() }
    }

    /// The loops that were silent for too long.
    #[must_use]
    pub fn silent(&self) -> Vec<String> {
        let now = boot_millis();
        let beats = self.beats.lock().unwrap_or_else(PoisonError::into_inner);
        beats
            .iter()
            .filter(|beat| {
                let last = beat.last.load(Ordering::Relaxed);
                Duration::from_millis(now.saturating_sub(last)) > beat.limit
            })
            .map(|beat| beat.name.clone())
            .collect()
    }
}

impl Pulse {
    /// Says that the loop turns.
    pub fn beat(&self) {
        self.beat.last.store(boot_millis(), Ordering::Relaxed);
    }

    /// Says that the loop has ended in order: its silence is no fault from now on.
    pub fn end(&self) {
        self.beat.last.store(u64::MAX, Ordering::Relaxed);
    }

    /// Whether the daemon is to end.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cancel.is_cancelled()
    }

    /// Beats, then waits; `false` when the daemon is to end.
    pub async fn rest(&self, time: Duration) -> bool {
        self.beat();
        let mut left = time;
        // A long rest is no silence.
        let step = self.beat.limit / 3;
        while !left.is_zero() {
            let now = left.min(step);
            tokio::select! {
                () = self.cancel.cancelled() => return false,
                () = tokio::time::sleep(now) => self.beat(),
            }
            left -= now;
        }
        !self.cancel.is_cancelled()
    }

    /// Waits without a beat, for a loop whose silence shall be heard.
    pub async fn wait(&self, time: Duration) {
        tokio::select! {
            () = self.cancel.cancelled() => {}
            () = tokio::time::sleep(time) => {}
        }
    }

    /// Runs a loop of another room, whose own timers wake it: each time it is woken counts as a
    /// beat.
    pub async fn follow<F: Future>(&self, work: F) -> F::Output {
        let mut work = std::pin::pin!(work);
        std::future::poll_fn(|context| {
            self.beat();
            work.as_mut().poll(context)
        })
        .await
    }
}

fn boot_millis() -> u64 {
    u64::try_from(SystemClock.boot_time().as_millis()).unwrap_or(u64::MAX - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_loop_that_hangs_is_silent_and_one_that_rests_is_not() {
        let heartbeat = Heartbeat::default();
        let cancel = CancellationToken::new();
        let hanging = heartbeat.pulse("hanging", Duration::from_millis(30), &cancel);
        let resting = heartbeat.pulse("resting", Duration::from_millis(30), &cancel);
        let ended = heartbeat.pulse("ended", Duration::from_millis(30), &cancel);
        ended.end();
        assert!(heartbeat.silent().is_empty());
        assert!(resting.rest(Duration::from_millis(120)).await);
        assert_eq!(heartbeat.silent(), ["hanging"]);
        hanging.beat();
        assert!(heartbeat.silent().is_empty());
        cancel.cancel();
        assert!(!resting.rest(Duration::from_secs(60)).await, "a rest ends with the daemon");
    }

    #[tokio::test]
    async fn work_that_is_followed_beats_when_it_is_woken() {
        let heartbeat = Heartbeat::default();
        let pulse = heartbeat.pulse("work", Duration::from_millis(40), &CancellationToken::new());
        let work = async {
            for _ in 0..12 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            heartbeat.silent()
        };
        assert!(pulse.follow(work).await.is_empty());
    }
}
