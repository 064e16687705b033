//! Sending stands still while the database does not answer: said once for all rows that wait.
//!
//! Each row in hand asks five times a second. One line says what the trouble is, and once a
//! minute that it goes on.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use store::StoreError;

/// How often a trouble that goes on is said again.
const SAID_EVERY: Duration = Duration::from_secs(60);

/// One sort of trouble.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    /// When it was said last, on the boot clock.
    said_at: Mutex<Option<Duration>>,
}

impl Trouble {
    /// Whether it is to be said now.
    fn is_news(&self, now: Duration) -> bool {
        let mut said_at = self.said_at.lock().unwrap_or_else(PoisonError::into_inner);
        let is_news = said_at.is_none_or(|at| now.saturating_sub(at) >= SAID_EVERY);
        if is_news {
            *said_at = Some(now);
        }
        is_news
    }
}

/// What keeps all rows from their START.
#[derive(Debug, Default)]
pub(super) struct Standstill {
    stops: Trouble,
    facts: Trouble,
}

impl Standstill {
    /// The stops cannot be read.
    pub(super) fn without_stops(&self, now: Duration, error: &StoreError) {
        if self.stops.is_news(now) {
            tracing::warn!("sending stands still, the stops cannot be read: {error}");
        }
    }

    /// The facts that the gate asks for cannot be read.
    pub(super) fn without_facts(&self, now: Duration, error: &StoreError) {
        if self.facts.is_news(now) {
            tracing::warn!("sending stands still, the facts cannot be read: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trouble_of_a_thousand_rows_is_said_once_a_minute() {
        let trouble = Trouble::default();
        let began = Duration::from_secs(1000);
        let said = |from: u64, to: u64| {
            (from..to)
                .map(|tick| began + Duration::from_millis(tick))
                .filter(|now| trouble.is_news(*now))
                .count()
        };
        assert_eq!(said(0, 60_000), 1);
        assert_eq!(said(60_000, 119_999), 1, "and that it goes on");
    }
}
