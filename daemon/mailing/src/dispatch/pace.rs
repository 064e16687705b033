//! How many rows may be in hand: two seconds of work, measured.

use std::time::Duration;

/// Never more than this in hand.
const MOST: usize = 500;
/// The pace is measured over windows of this length.
const WINDOW: Duration = Duration::from_millis(500);

#[derive(Debug)]
pub(super) struct Pace {
    width: usize,
    window_began: Duration,
    ended: u32,
    per_second: f64,
}

impl Pace {
    pub(super) fn new(width: usize, boot_time: Duration) -> Self {
        Self { width, window_began: boot_time, ended: 0, per_second: 0.0 }
    }

    /// An attempt ended.
    pub(super) fn note(&mut self, boot_time: Duration) {
        self.ended += 1;
        let length = boot_time.saturating_sub(self.window_began);
        if length >= WINDOW {
            let measured = f64::from(self.ended) / length.as_secs_f64();
            self.per_second = (self.per_second + measured) / 2.0;
            self.window_began = boot_time;
            self.ended = 0;
        }
    }

    /// Two seconds of work, at least one mail for each connection.
    pub(super) fn in_hand(&self) -> usize {
        let two_seconds =
            Duration::from_secs_f64((self.per_second * 2.0).clamp(0.0, 1e6)).as_secs();
        usize::try_from(two_seconds).unwrap_or(MOST).clamp(self.width.min(MOST), MOST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_never_more_than_two_seconds_of_work_in_hand() {
        let mut pace = Pace::new(4, Duration::ZERO);
        assert_eq!(pace.in_hand(), 4, "nothing measured yet: one mail a connection");
        // Ten mails a second for a while.
        for n in 1..200u64 {
            pace.note(Duration::from_millis(n * 100));
        }
        assert!((18..=22).contains(&pace.in_hand()), "{}", pace.in_hand());
        for n in 0..20_000u64 {
            pace.note(Duration::from_micros(20_000_000 + n * 100));
        }
        assert_eq!(pace.in_hand(), MOST);
    }
}
