//! Reading a calendar file and checking that it cannot be half right.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, Weekday};

use super::{WorkingCalendar, Year};
use crate::data_file::{Problems, Section};

pub(super) fn read(text: &str) -> Result<WorkingCalendar, Problems> {
    let mut root = Section::root(text)?;
    let mut problems = Problems::default();
    let id = root.string("id", &mut problems);
    let holidays = read_holidays(&mut root, &mut problems);
    let years = read_years(&mut root, &mut problems);
    root.finish(&mut problems);
    match id {
        Some(id) if problems.is_empty() => Ok(WorkingCalendar { id, holidays, years }),
        _ => Err(problems),
    }
}

/// The fixed holidays, written `"MM-DD"`.
fn read_holidays(root: &mut Section, problems: &mut Problems) -> BTreeSet<(i8, i8)> {
    let mut holidays = BTreeSet::new();
    for (key, text) in root.strings("holidays", problems) {
        // 2028 is a leap year, so that 29 February can be written.
        match format!("2028-{text}").parse::<Date>() {
            Ok(date) if text.len() == 5 => {
                holidays.insert((date.month(), date.day()));
            }
            _ => problems.add(key, "is no day of the year; write month-day, such as \"05-09\""),
        }
    }
    holidays
}

fn read_years(root: &mut Section, problems: &mut Problems) -> BTreeMap<i16, Year> {
    let mut years = BTreeMap::new();
    for (name, mut section) in root.named_sections("year", problems) {
        let key = section.key("");
        let key = key.trim_end_matches('.');
        let year = name.parse::<i16>().ok().filter(|year| (1990..=2999).contains(year));
        if year.is_none() {
            problems.add(key, "is no year; write the heading as [year.2026]");
        }
        let source = section.string("source", problems);
        let off = section.dates("weekdays_off", problems);
        let working = section.dates("working_weekends", problems);
        section.finish(problems);
        let Some(year) = year else { continue };
        let weekdays_off = checked(off, year, DayKind::Weekday, problems);
        let working_weekends = checked(working, year, DayKind::Weekend, problems);
        if let Some(source) = source {
            years.insert(year, Year { source, weekdays_off, working_weekends });
        }
    }
    let gaps = years.keys().zip(years.keys().skip(1)).filter(|(a, b)| **b != **a + 1);
    for (before, after) in gaps {
        problems.add(
            format!("year.{after}"),
            format!("leaves a gap after {before}; add the years between, or remove one side"),
        );
    }
    years
}

/// Which days a list may hold.
#[derive(Clone, Copy, PartialEq, Eq)]
enum DayKind {
    Weekday,
    Weekend,
}

fn checked(
    dates: Vec<(String, Date)>,
    year: i16,
    kind: DayKind,
    problems: &mut Problems,
) -> BTreeSet<Date> {
    let mut set = BTreeSet::new();
    for (key, date) in dates {
        let found = match date.weekday() {
            Weekday::Saturday | Weekday::Sunday => DayKind::Weekend,
            _ => DayKind::Weekday,
        };
        if date.year() != year {
            problems.add(key, format!("{date} is not in {year}; move it to its own year"));
        } else if found != kind {
            let remedy = match kind {
                DayKind::Weekday => "is a weekend and off anyway; remove it",
                DayKind::Weekend => "is a weekday and worked anyway; remove it",
            };
            problems.add(key, format!("{date} {remedy}"));
        } else if !set.insert(date) {
            problems.add(key, format!("{date} is listed twice; remove one"));
        }
    }
    set
}
