//! What the notification to Roskomnadzor says, and by when a change of it is told (152-FZ art. 22).
//!
//! Pure: dates and names in, "these are new, these are over" out. Called when lists are made or
//! archived and by the daemon's hourly look.

use std::collections::BTreeSet;

use jiff::{ToSpan as _, civil::Date};

use crate::calendar::WorkingCalendar;

/// The day by which a change is told: the 15th of the month after the one in which it came about
/// (152-ФЗ ст. 22 ч. 7).
#[must_use]
pub fn change_told_by(on: Date) -> Date {
    let next = on.first_of_month().saturating_add(1.months());
    next.saturating_add(14.days())
}

/// The day by which it is told that processing ended: ten working days (152-ФЗ ст. 22 ч. 7).
#[must_use]
pub fn end_told_by(on: Date, calendar: &WorkingCalendar) -> Date {
    let mut day = on;
    let mut left = 10;
    while left > 0 {
        let next = day.saturating_add(1.days());
        if next == day {
            return day;
        }
        day = next;
        left -= i32::from(calendar.is_working(day));
    }
    day
}

/// What changed since people last told the authority.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// Began since.
    pub began: Vec<String>,
    /// Over since.
    pub ended: Vec<String>,
}

impl Changes {
    /// Of what was known, as words such as `purpose:newsletter`, and what is done now; each in the
    /// order of the alphabet, once.
    #[must_use]
    pub fn between<'a>(
        known: impl IntoIterator<Item = &'a str>,
        now: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let known: BTreeSet<&str> = known.into_iter().collect();
        let now: BTreeSet<&str> = now.into_iter().collect();
        let owned = |word: &&str| (*word).to_owned();
        Self {
            began: now.difference(&known).map(owned).collect(),
            ended: known.difference(&now).map(owned).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_change_is_told_by_the_fifteenth_of_the_next_month() {
        for (on, by) in [
            (date(2026, 11, 1), date(2026, 12, 15)),
            (date(2026, 11, 30), date(2026, 12, 15)),
            (date(2026, 12, 31), date(2027, 1, 15)),
            (date(2027, 1, 31), date(2027, 2, 15)),
            (date(2028, 2, 29), date(2028, 3, 15)),
        ] {
            assert_eq!(change_told_by(on), by, "changed on {on}");
        }
    }

    #[test]
    fn the_end_is_told_within_ten_working_days() {
        let text = include_str!("../../../config/calendars/ru.toml");
        let calendar = WorkingCalendar::parse(text).expect("the shipped calendar is valid");
        assert_eq!(end_told_by(date(2026, 12, 4), &calendar), date(2026, 12, 18));
        assert_eq!(end_told_by(date(2026, 12, 25), &calendar), date(2027, 1, 19));
        assert_eq!(end_told_by(Date::MAX, &calendar), Date::MAX);
    }

    #[test]
    fn what_is_new_and_what_is_over_is_told_once_each() {
        let changes = Changes::between(
            ["purpose:feedback", "purpose:research"],
            ["purpose:newsletter", "purpose:feedback", "purpose:newsletter"],
        );
        assert_eq!(changes.began, ["purpose:newsletter"]);
        assert_eq!(changes.ended, ["purpose:research"]);
        assert_eq!(Changes::between(["a"], ["a"]), Changes::default());
    }
}
