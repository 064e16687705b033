//! How long a destruction waits before it looks again.

use std::time::Duration;

use domain::Timestamp;
use store::plans::PlanRow;

const BACKOFF: Duration = Duration::from_secs(30);
const LONGEST_BACKOFF: Duration = Duration::from_secs(3600);

/// After a failure: longer with each.
pub(super) fn backoff_of(plan: &PlanRow) -> Duration {
    let exponent = u32::try_from(plan.failures.clamp(0, 10)).unwrap_or(10);
    BACKOFF.saturating_mul(2_u32.pow(exponent)).min(LONGEST_BACKOFF)
}

/// What comes by itself mostly comes at once: looked at after 2, 4, 8 … seconds; the stage says
/// after how long at most.
pub(super) fn look_again_after(plan: &PlanRow, what: &str) -> Duration {
    let before = if plan.failure.as_deref() == Some(what) { plan.looks.clamp(0, 10) } else { 0 };
    Duration::from_secs(2_u64 << before)
}

/// The instant after a time; never past the last one there is.
pub(super) fn later(now: Timestamp, time: Duration) -> Timestamp {
    let time = jiff::SignedDuration::try_from(time).unwrap_or(jiff::SignedDuration::from_hours(1));
    now.checked_add(time).unwrap_or(Timestamp::MAX)
}
