//! When a campaign starts, as a person says it: a local date and time in a zone, or now.

use jiff::{
    SignedDuration, Timestamp, Zoned,
    civil::DateTime,
    tz::{AmbiguousOffset, TimeZone},
};
use serde::{Deserialize, Serialize};

/// How a local start is written down.
const LOCAL: &str = "%Y-%m-%dT%H:%M";

/// When a campaign starts, as the person said it and as an instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    /// The instant.
    pub at: Timestamp,
    /// Local date and time, such as `2026-12-01T10:00`.
    pub local: String,
    /// IANA name of the zone.
    pub zone: String,
}

/// A start that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidStart {
    /// No date and time.
    #[error("`{0}` is no local date and time; write it as 2026-12-01T10:00")]
    Local(String),
    /// No zone.
    #[error("there is no time zone `{0}`; write its IANA name, such as Europe/Moscow")]
    Zone(String),
    /// Beyond every calendar.
    #[error("this date and time lies outside the calendar; give another")]
    Range,
}

impl Start {
    /// Reads a local date and time (`2026-12-01T10:00` or with a space) in a zone. An hour that
    /// the change of clocks skips starts at the first instant after it; one that it repeats, the
    /// first time.
    ///
    /// # Errors
    /// [`InvalidStart`].
    pub fn parse(local: &str, zone: &str) -> Result<Self, InvalidStart> {
        let read: DateTime =
            local.trim().parse().map_err(|_| InvalidStart::Local(local.to_owned()))?;
        let found = TimeZone::get(zone.trim()).map_err(|_| InvalidStart::Zone(zone.to_owned()))?;
        let name = found.iana_name().ok_or_else(|| InvalidStart::Zone(zone.to_owned()))?;
        let ambiguous = found.to_ambiguous_zoned(read);
        let at = match ambiguous.offset() {
            AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => {
                ambiguous.earlier().map_err(|_| InvalidStart::Range)?.timestamp()
            }
            AmbiguousOffset::Gap { .. } => {
                let after = ambiguous.later().map_err(|_| InvalidStart::Range)?.timestamp();
                // The change itself: the last one up to the shifted time.
                let up_to = after.saturating_add(SignedDuration::from_secs(1)).unwrap_or(after);
                found.preceding(up_to).next().map_or(after, |change| change.timestamp())
            }
        };
        Ok(Self { at, local: read.strftime(LOCAL).to_string(), zone: name.to_owned() })
    }

    /// At once, as it reads in `zone`; to the microsecond, as the database keeps it.
    #[must_use]
    pub fn at_once(now: Timestamp, zone: &TimeZone) -> Self {
        let at = Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now);
        let local = Zoned::new(at, zone.clone()).strftime(LOCAL).to_string();
        Self { at, local, zone: zone.iana_name().unwrap_or("UTC").to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(local: &str, zone: &str) -> String {
        Start::parse(local, zone).expect("a start").at.to_string()
    }

    #[test]
    fn a_local_time_is_an_instant_also_when_the_clocks_change() {
        assert_eq!(at("2026-12-01T10:00", "Europe/Moscow"), "2026-12-01T07:00:00Z");
        assert_eq!(at("2026-12-01 10:00", "europe/berlin"), "2026-12-01T09:00:00Z");
        // 2027-03-28: from 02:00 to 03:00 no clock in Berlin shows anything.
        for skipped in ["2027-03-28T02:00", "2027-03-28T02:30", "2027-03-28T02:59"] {
            assert_eq!(at(skipped, "Europe/Berlin"), "2027-03-28T01:00:00Z", "{skipped}");
        }
        assert_eq!(at("2027-03-28T03:00", "Europe/Berlin"), "2027-03-28T01:00:00Z");
        // 2026-10-25: 02:30 is shown twice.
        assert_eq!(at("2026-10-25T02:30", "Europe/Berlin"), "2026-10-25T00:30:00Z");
    }

    #[test]
    fn what_is_no_time_or_zone_is_said_with_the_remedy() {
        for (local, zone) in [
            ("tomorrow", "Europe/Moscow"),
            ("2026-02-30T10:00", "Europe/Moscow"),
            ("2026-12-01T10:00", "Moscow"),
            ("2026-12-01T10:00", ""),
        ] {
            assert!(Start::parse(local, zone).is_err(), "{local} {zone}");
        }
    }

    #[test]
    fn at_once_reads_as_the_clock_of_the_zone_does() {
        let now = "2026-12-01T07:00:31.000001Z".parse().expect("an instant");
        let zone = TimeZone::get("Europe/Moscow").expect("a zone");
        let start = Start::at_once(now + SignedDuration::from_nanos(999), &zone);
        assert_eq!((start.at, start.local.as_str()), (now, "2026-12-01T10:00"));
        assert_eq!(start.zone, "Europe/Moscow");
    }
}
