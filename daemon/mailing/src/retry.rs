//! When a deferred mail, or a relay in trouble, is tried again.
//!
//! Pure: the time and the random number are arguments. Asked by dispatch after a deferral. The
//! first retry comes soon, since a reply is waited for; then the pauses grow to an hour. When a
//! mail is given up stands in its row; the domain compares (RFC 5321 §4.5.4.1).

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// The pauses after the first, second … deferral; the last one repeats.
const PAUSES_IN_SECONDS: [i64; 7] = [60, 3 * 60, 10 * 60, 20 * 60, 30 * 60, 45 * 60, 60 * 60];

/// When a mail is tried again that was deferred for the `deferrals`-th time (1 = the first) at
/// `now`. `random` spreads the tries: each pause is lengthened by up to a quarter of itself, so
/// that mails deferred together do not return together.
#[must_use]
pub fn next_try_at(deferrals: u32, now: Timestamp, random: u32) -> Timestamp {
    let last = PAUSES_IN_SECONDS.len() - 1;
    let step = usize::try_from(deferrals.saturating_sub(1)).unwrap_or(last).min(last);
    let pause = PAUSES_IN_SECONDS[step];
    let jitter = i64::from(random) * (pause / 4) / i64::from(u32::MAX);
    now.checked_add(SignedDuration::from_secs(pause + jitter)).unwrap_or(Timestamp::MAX)
}

/// How long to leave a relay alone after its `failures`-th trouble in a row (1 = the first):
/// from one second up to one minute, lengthened by up to a quarter.
#[must_use]
pub fn relay_pause(failures: u32, random: u32) -> Duration {
    let seconds = 1u64 << failures.saturating_sub(1).min(6);
    let millis = seconds.min(60) * 1000;
    Duration::from_millis(millis + u64::from(random) * (millis / 4) / u64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).expect("in range")
    }

    #[test]
    fn the_first_retry_of_a_reply_is_soon_and_the_pauses_grow_to_an_hour() {
        let pauses: Vec<i64> =
            (0..=9).map(|n| next_try_at(n, at(0), 0).as_second() - at(0).as_second()).collect();
        assert_eq!(pauses, [60, 60, 180, 600, 1200, 1800, 2700, 3600, 3600, 3600]);
        assert_eq!(next_try_at(1, at(0), u32::MAX), at(75));
        assert_eq!(next_try_at(1, Timestamp::MAX, 0), Timestamp::MAX);
    }

    #[test]
    fn a_relay_in_trouble_is_left_alone_longer_each_time_up_to_a_minute() {
        let pauses: Vec<u64> = (1..=8).map(|n| relay_pause(n, 0).as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(relay_pause(8, u32::MAX), Duration::from_secs(75));
        assert_eq!(relay_pause(0, 0), Duration::from_secs(1));
    }
}
