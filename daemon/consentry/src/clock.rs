//! The clocks and the random generator of the machine: the one file that touches them.
//!
//! Everybody else gets time and randomness as arguments, by the traits of `domain::ambient`; the
//! commands and the daemon make these two values once and hand them down.

use std::time::Duration;

use domain::ambient::{Clock, Entropy};
use jiff::Timestamp;
use rustix::time::{ClockId, clock_gettime};

/// The machine's wall clock and its time since boot.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one file that reads the wall clock")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn boot_time(&self) -> Duration {
        let time = clock_gettime(ClockId::Boottime);
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
    }
}

/// The system's random generator, fit for keys.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(clippy::disallowed_methods, reason = "the one file that draws randomness")]
    fn fill(&self, bytes: &mut [u8]) {
        // getrandom(2) cannot fail once the machine is up; without randomness there are no keys,
        // and to go on would be worse than to end.
        aws_lc_rs::rand::fill(bytes).expect("getrandom(2) does not fail on a booted machine");
    }
}

/// The id of this boot of the machine: what a wire journal and a lease belong to.
///
/// # Errors
/// When `/proc` is hidden; the unit must not set `ProcSubset=pid`.
pub fn boot_id() -> std::io::Result<String> {
    Ok(std::fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use domain::ambient::random_bytes;

    use super::*;

    #[test]
    fn time_goes_on_and_randomness_does_not_repeat() {
        let (clock, entropy) = (SystemClock, SystemEntropy);
        let before = clock.boot_time();
        assert!(clock.now() > Timestamp::UNIX_EPOCH);
        assert!(clock.boot_time() >= before && before > Duration::ZERO);
        assert_ne!(random_bytes::<32>(&entropy), random_bytes::<32>(&entropy));
    }

    #[test]
    fn a_boot_has_an_id() {
        assert_eq!(boot_id().expect("readable").len(), 36);
    }
}
