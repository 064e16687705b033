//! From a starting instant and a length to the two ends of a duty.
//!
//! The day of the event does not count, the period ends with its last day at 24:00 (ГК РФ ст.
//! 191, 194), and a period in days or months whose last day is off ends with the next working
//! day (ГК РФ ст. 193; Regulation 1182/71 art. 3(4)). Hours run through nights and weekends.

use jiff::{Span, Timestamp, civil::Date, tz::TimeZone};

use crate::{
    calendar::{Reckoned, WorkingCalendar},
    regime::Unit,
};

/// The two ends of a duty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ends {
    pub legal_due: Timestamp,
    pub safe_due: Timestamp,
    pub legal_on: Date,
    pub safe_on: Date,
    pub provisional: bool,
}

pub(super) fn ends(
    unit: Unit,
    n: u32,
    from: Timestamp,
    zone: &TimeZone,
    calendar: &WorkingCalendar,
) -> Ends {
    let day = from.to_zoned(zone.clone()).date();
    let count = i64::from(n);
    match unit {
        Unit::Immediate => at_instant(from, zone),
        Unit::Hours => {
            let hours = jiff::SignedDuration::from_secs(count * 3600);
            at_instant(from.saturating_add(hours).unwrap_or(Timestamp::MAX), zone)
        }
        Unit::WorkingDays => {
            let last = calendar.working_days_after(day, n);
            at_end_of_days(last, last, zone)
        }
        Unit::CalendarDays => shifted(day, Span::new().days(count), zone, calendar),
        Unit::Months => shifted(day, Span::new().months(count), zone, calendar),
    }
}

/// A last day that is off moves on for the law, and back for safety.
fn shifted(from: Date, length: Span, zone: &TimeZone, calendar: &WorkingCalendar) -> Ends {
    // Adding months keeps the day number or takes the last day of the month (ГК РФ ст. 192 п. 3).
    let last = from.saturating_add(length);
    let legal = calendar.on_or_after(last);
    let before = calendar.on_or_before(last);
    // A very short period may have no working day left before its end.
    let safe = if before.on > from { before } else { Reckoned { on: last, ..legal } };
    at_end_of_days(legal, safe, zone)
}

fn at_instant(due: Timestamp, zone: &TimeZone) -> Ends {
    let on = due.to_zoned(zone.clone()).date();
    Ends { legal_due: due, safe_due: due, legal_on: on, safe_on: on, provisional: false }
}

fn at_end_of_days(legal: Reckoned, safe: Reckoned, zone: &TimeZone) -> Ends {
    Ends {
        legal_due: end_of_day(legal.on, zone),
        safe_due: end_of_day(safe.on, zone),
        legal_on: legal.on,
        safe_on: safe.on,
        provisional: legal.provisional || safe.provisional,
    }
}

/// 23:59:59 of the day in the zone; the end of time for a day beyond what can be represented.
fn end_of_day(day: Date, zone: &TimeZone) -> Timestamp {
    day.at(23, 59, 59, 0).to_zoned(zone.clone()).map_or(Timestamp::MAX, |end| end.timestamp())
}
