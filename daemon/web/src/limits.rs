//! Limits on how often something may be asked, in memory that does not grow.
//!
//! Each limit is a fixed table of cells. A key is hashed under a secret to one cell in each of
//! two rows and refused only when both cells are used up, so that an attacker's thousand
//! networks hardly ever use up the cells of somebody else. Cells count by the generic cell rate
//! algorithm: one number each, the time at which the cell is fresh again.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::hmac;

use crate::rules::{FormRules, Limit};

/// Cells in one row; two rows of 8-byte cells make 128 KiB for each limit.
const CELLS: usize = 8 * 1024;

/// One limit with its table.
#[derive(Debug)]
pub(crate) struct Limiter {
    name: &'static str,
    limit: Limit,
    secret: hmac::Key,
    rows: Mutex<[Box<[u64]>; 2]>,
}

/// Refused; try again after this time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooMany {
    pub(crate) retry_after: Duration,
}

impl Limiter {
    pub(crate) fn new(name: &'static str, limit: Limit, secret: &[u8; 32]) -> Self {
        let row = || vec![0; CELLS].into_boxed_slice();
        let secret = hmac::Key::new(hmac::HMAC_SHA256, secret);
        Self { name, limit, secret, rows: Mutex::new([row(), row()]) }
    }

    /// Takes one from what `key` has left; `now` is time since boot.
    pub(crate) fn take(&self, key: &str, now: Duration) -> Result<(), TooMany> {
        let places = self.places(key);
        let now = micros(now);
        let interval = self.limit.seconds.saturating_mul(1_000_000);
        let tolerance = interval.saturating_mul(u64::from(self.limit.burst.saturating_sub(1)));
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        let mut wait = u64::MAX;
        for (row, place) in rows.iter().zip(places) {
            let fresh_at = row.get(place).copied().unwrap_or(0);
            wait = wait.min(fresh_at.saturating_sub(now).saturating_sub(tolerance));
        }
        if wait > 0 {
            return Err(TooMany { retry_after: Duration::from_micros(wait) });
        }
        for (row, place) in rows.iter_mut().zip(places) {
            if let Some(fresh_at) = row.get_mut(place) {
                let full = now.saturating_add(tolerance).saturating_add(interval);
                *fresh_at = (*fresh_at).max(now).saturating_add(interval).min(full);
            }
        }
        Ok(())
    }

    fn places(&self, key: &str) -> [usize; 2] {
        let mut context = hmac::Context::with_key(&self.secret);
        context.update(self.name.as_bytes());
        context.update(b"\0");
        context.update(key.as_bytes());
        let tag = context.sign();
        let mut halves = tag.as_ref().chunks(8);
        [(); 2].map(|()| {
            let bytes = halves.next().and_then(|half| half.try_into().ok()).unwrap_or([0; 8]);
            usize::try_from(u64::from_le_bytes(bytes) % CELLS as u64).unwrap_or(0)
        })
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// All limits of the pages.
#[derive(Debug)]
pub(crate) struct Limiters {
    pub(crate) network_unsolved: Limiter,
    pub(crate) network_solved: Limiter,
    pub(crate) address: Limiter,
    pub(crate) everyone: Limiter,
    pub(crate) status_network: Limiter,
    pub(crate) status_ticket: Limiter,
    pub(crate) wish_network: Limiter,
    pub(crate) wish_address: Limiter,
    pub(crate) wish_everyone: Limiter,
    pub(crate) wrong_token: Limiter,
    pub(crate) acknowledgement: Limiter,
}

/// Messages of connected systems from one network: what a destruction of a thousand people brings
/// at once, and then one a second.
const ACKNOWLEDGEMENT: Limit = Limit { burst: 1_200, seconds: 1 };

impl Limiters {
    pub(crate) fn new(rules: &FormRules, secret: &[u8; 32]) -> Self {
        let limits = &rules.limits;
        Self {
            network_unsolved: Limiter::new("network_unsolved", limits.network_unsolved, secret),
            network_solved: Limiter::new("network_solved", limits.network_solved, secret),
            address: Limiter::new("address", limits.address, secret),
            everyone: Limiter::new("everyone", limits.everyone, secret),
            status_network: Limiter::new("status_network", limits.status_network, secret),
            status_ticket: Limiter::new("status_ticket", limits.status_ticket, secret),
            wish_network: Limiter::new("wish_network", limits.wish_network, secret),
            wish_address: Limiter::new("wish_address", limits.wish_address, secret),
            wish_everyone: Limiter::new("wish_everyone", limits.wish_everyone, secret),
            wrong_token: Limiter::new("wrong_token", limits.wrong_token, secret),
            acknowledgement: Limiter::new("acknowledgement", ACKNOWLEDGEMENT, secret),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn limiter(burst: u32, seconds: u64) -> Limiter {
        Limiter::new("test", Limit { burst, seconds }, &[7; 32])
    }

    #[test]
    fn a_burst_passes_and_then_one_at_a_time() {
        let limiter = limiter(3, 10);
        let now = SECOND * 1_000;
        for _ in 0..3 {
            assert_eq!(limiter.take("a", now), Ok(()));
        }
        assert_eq!(limiter.take("a", now), Err(TooMany { retry_after: SECOND * 10 }));
        assert_eq!(limiter.take("a", now + SECOND * 4), Err(TooMany { retry_after: SECOND * 6 }));
        assert_eq!(limiter.take("a", now + SECOND * 10), Ok(()));
        assert!(limiter.take("a", now + SECOND * 10).is_err());
        // After a long rest the whole burst is there again, and no more than it.
        let later = now + SECOND * 10_000;
        assert_eq!((0..9).filter(|_| limiter.take("a", later).is_ok()).count(), 3);
    }

    #[test]
    fn a_flood_from_a_thousand_networks_leaves_others_alone() {
        let limiter = limiter(2, 60);
        for network in 0..1_000 {
            for _ in 0..5 {
                let _ = limiter.take(&format!("flood {network}"), SECOND);
            }
        }
        let refused = (0..1_000).filter(|n| limiter.take(&format!("calm {n}"), SECOND).is_err());
        assert!(refused.count() < 40, "too many innocent networks are refused");
    }
}
