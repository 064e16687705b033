//! Time and randomness as a test wants them, for tests inside one process.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use domain::ambient::{Clock, Entropy};
use jiff::Timestamp;

/// A clock that stands still until it is advanced.
#[derive(Debug)]
pub struct StandingClock {
    state: Mutex<(Timestamp, Duration)>,
}

impl StandingClock {
    /// A clock that shows `now`, on a machine that booted an hour ago.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self { state: Mutex::new((now, Duration::from_secs(3600))) }
    }

    /// Lets time pass, on the wall and since boot.
    pub fn advance(&self, by: Duration) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.0 = state.0.saturating_add(by).unwrap_or(state.0);
        state.1 += by;
    }

    /// Sets the wall clock alone, as an administrator or a time server may; the time since boot
    /// goes on as it was.
    pub fn jump_to(&self, now: Timestamp) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).0 = now;
    }
}

impl Clock for StandingClock {
    fn now(&self) -> Timestamp {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).0
    }

    fn boot_time(&self) -> Duration {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).1
    }
}

/// Bytes that look random and are the same in every run (SplitMix64).
#[derive(Debug)]
pub struct SeededEntropy {
    state: AtomicU64,
}

impl SeededEntropy {
    /// The sequence that belongs to `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { state: AtomicU64::new(seed) }
    }

    /// The next number of the sequence.
    pub fn next(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut z = self.state.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_of_the_wall_clock_leaves_the_time_since_boot_alone() {
        let clock = StandingClock::at(Timestamp::UNIX_EPOCH);
        clock.advance(Duration::from_secs(5));
        clock.jump_to(Timestamp::UNIX_EPOCH);
        assert_eq!(clock.now(), Timestamp::UNIX_EPOCH);
        assert_eq!(clock.boot_time(), Duration::from_secs(3605));
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes_and_no_two_alike_in_a_row() {
        let (one, two) = (SeededEntropy::new(7), SeededEntropy::new(7));
        let (mut a, mut b, mut c) = ([0; 13], [0; 13], [0; 13]);
        one.fill(&mut a);
        one.fill(&mut c);
        two.fill(&mut b);
        assert_eq!(a, b);
        assert_ne!(a, c);
    }
}
