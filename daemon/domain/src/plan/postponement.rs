//! "It cannot be destroyed in time" (152-FZ art. 21(6)): blocked meanwhile, six months at most.

use jiff::{Timestamp, ToSpan, tz::TimeZone};

/// The last instant to which a destruction may be postponed: six calendar months after `from`,
/// in the zone of the regime, at the end of that day.
#[must_use]
pub fn latest_postponement(from: Timestamp, zone: &TimeZone) -> Timestamp {
    let day = from.to_zoned(zone.clone()).date();
    let last = day.saturating_add(6.months());
    let end = last.at(23, 59, 59, 0).to_zoned(zone.clone());
    end.map_or(from, |end| end.timestamp())
}

/// A destruction that is put off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Postponed {
    /// Until when at most.
    pub until: Timestamp,
}

/// Why it cannot be put off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PostponeError {
    /// No technical reason.
    #[error("say what makes the destruction impossible in time; the law allows nothing else")]
    NoReason,
    /// It would begin in the past.
    #[error("the date is over")]
    Past,
    /// Later than the law allows.
    #[error("the law allows six months at most")]
    TooLate,
}

impl Postponed {
    /// Puts a destruction off to `until`, with a technical reason; six months from `received_at`
    /// at most.
    ///
    /// # Errors
    /// [`PostponeError`].
    pub fn new(
        reason: &str,
        received_at: Timestamp,
        until: Timestamp,
        now: Timestamp,
        zone: &TimeZone,
    ) -> Result<Self, PostponeError> {
        if reason.trim().is_empty() {
            return Err(PostponeError::NoReason);
        }
        if until <= now {
            return Err(PostponeError::Past);
        }
        if until > latest_postponement(received_at, zone) {
            return Err(PostponeError::TooLate);
        }
        Ok(Self { until })
    }
}
