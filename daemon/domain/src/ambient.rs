//! What the world gives us: time and randomness, as arguments.
//!
//! The shells carry these two traits; only the clock file of the `consentry` crate implements
//! them with the machine's clock and random generator, and tests with scripted ones. The domain
//! itself takes plain values (`now: Timestamp`, `random: [u8; N]`).

use std::time::Duration;

use jiff::Timestamp;

/// The source of time for a shell.
pub trait Clock: Send + Sync {
    /// The wall clock, UTC.
    fn now(&self) -> Timestamp;
    /// Time since the machine booted, counting suspended time (`CLOCK_BOOTTIME`). Leases and the
    /// age of a view of the stops are measured with it, since the wall clock may jump.
    fn boot_time(&self) -> Duration;
}

/// The source of randomness for a shell; it must be fit for keys and tokens.
pub trait Entropy: Send + Sync {
    /// Fills `bytes` with unpredictable bytes.
    fn fill(&self, bytes: &mut [u8]);
}

/// `N` unpredictable bytes.
#[must_use]
pub fn random_bytes<const N: usize>(entropy: &dyn Entropy) -> [u8; N] {
    let mut bytes = [0; N];
    entropy.fill(&mut bytes);
    bytes
}
