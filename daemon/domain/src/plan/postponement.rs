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

/// After how many months of the six people are told again that it is still put off.
pub const POSTPONED_TOLD_AFTER: [i8; 3] = [1, 3, 5];

/// The last of [`POSTPONED_TOLD_AFTER`] that has passed at `now` since `from`, counted in calendar
/// months of `zone`, clamped to the end of a shorter one; `None` in the first month.
#[must_use]
pub fn postponed_for(from: Timestamp, now: Timestamp, zone: &TimeZone) -> Option<i8> {
    let from = from.to_zoned(zone.clone());
    let has_passed = |months: &i8| {
        from.checked_add(i64::from(*months).months()).is_ok_and(|at| at.timestamp() <= now)
    };
    POSTPONED_TOLD_AFTER.into_iter().rfind(has_passed)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_told_after_one_three_and_five_months_and_once_the_highest() {
        let zone = TimeZone::UTC;
        let at = |text: &str| text.parse::<Timestamp>().expect("an instant");
        let from = at("2026-08-31T12:00:00Z");
        for (now, told) in [
            ("2026-08-31T12:00:00Z", None),
            ("2026-09-30T11:59:59Z", None),
            ("2026-09-30T12:00:00Z", Some(1)),
            ("2026-11-30T11:59:59Z", Some(1)),
            ("2026-11-30T12:00:00Z", Some(3)),
            ("2027-01-31T12:00:00Z", Some(5)),
            ("2028-01-31T12:00:00Z", Some(5)),
        ] {
            assert_eq!(postponed_for(from, at(now), &zone), told, "at {now}");
        }
        assert_eq!(postponed_for(Timestamp::MAX, Timestamp::MIN, &zone), None);
    }
}
