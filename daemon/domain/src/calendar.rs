//! The working calendar: which days count when a duty is counted in working days.
//!
//! Read from `config/calendars/*.toml`, which list for each year the weekdays off and the working
//! weekends. A year that is not listed is reckoned provisionally (Monday to Friday less the
//! fixed holidays), and whatever was reckoned with it says so: it serves for alarms, and is
//! reckoned again when the data land. Called by [`crate::clock`]; never reads a file or a clock.

mod read;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, Weekday};

use crate::data_file::Problems;

/// A calendar file that cannot be used, with everything that is wrong in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot read the working calendar: {problems}")]
pub struct CalendarError {
    /// Each problem names its key and its remedy.
    pub problems: Problems,
}

/// Working days of one country, known for some years and reckoned for the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkingCalendar {
    id: String,
    /// Fixed holidays as (month, day), used for years without data (ТК РФ ст. 112).
    holidays: BTreeSet<(i8, i8)>,
    /// Years with data; without gaps.
    years: BTreeMap<i16, Year>,
}

/// What the government published for one year.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Year {
    /// The act the data come from; shown to administrators.
    source: String,
    weekdays_off: BTreeSet<Date>,
    working_weekends: BTreeSet<Date>,
}

/// A date that was reckoned, and whether it may still move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reckoned {
    /// The date.
    pub on: Date,
    /// Whether a day of a year without data took part: use as an alarm, reckon again later.
    pub provisional: bool,
}

impl WorkingCalendar {
    /// Reads a calendar file.
    ///
    /// # Errors
    /// [`CalendarError`] lists everything wrong at once, with keys and remedies.
    pub fn parse(text: &str) -> Result<Self, CalendarError> {
        read::read(text).map_err(|problems| CalendarError { problems })
    }

    /// The calendar's id, by which a regime names it, such as `ru`.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether one works on this date; for a year without data the provisional answer.
    #[must_use]
    pub fn is_working(&self, date: Date) -> bool {
        let weekend = matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
        match self.years.get(&date.year()) {
            Some(year) if weekend => year.working_weekends.contains(&date),
            Some(year) => !year.weekdays_off.contains(&date),
            None => !weekend && !self.holidays.contains(&(date.month(), date.day())),
        }
    }

    /// Whether the date's year has data, so that the answer is not provisional.
    #[must_use]
    pub fn covers(&self, date: Date) -> bool {
        self.years.contains_key(&date.year())
    }

    /// The act from which a year's data come.
    #[must_use]
    pub fn source(&self, year: i16) -> Option<&str> {
        self.years.get(&year).map(|year| year.source.as_str())
    }

    /// The last date with data; `None` when the file has no year at all.
    #[must_use]
    pub fn covered_until(&self) -> Option<Date> {
        self.years.keys().next_back().map(|year| jiff::civil::date(*year, 12, 31))
    }

    /// For how many days after `today` there are data; negative when they ended before, and
    /// `i32::MIN` when there are none. The daemon warns below 60.
    #[must_use]
    pub fn days_covered_after(&self, today: Date) -> i32 {
        self.covered_until().map_or(i32::MIN, |end| {
            // A difference of two dates in days always fits: the widest is under four million.
            today.until(end).map_or(0, |span| span.get_days())
        })
    }

    /// The `n`th working day after `date`, which itself does not count (ГК РФ ст. 191).
    #[must_use]
    pub fn working_days_after(&self, date: Date, n: u32) -> Reckoned {
        let mut reckoned = Reckoned { on: date, provisional: false };
        for _ in 0..n {
            let next = reckoned.on.tomorrow().unwrap_or(Date::MAX);
            let step = self.on_or_after(next);
            reckoned.on = step.on;
            reckoned.provisional |= step.provisional;
        }
        reckoned
    }

    /// The date itself if it is a working day, else the next one (ГК РФ ст. 193).
    #[must_use]
    pub fn on_or_after(&self, date: Date) -> Reckoned {
        self.seek(date, Date::tomorrow)
    }

    /// The date itself if it is a working day, else the one before it.
    #[must_use]
    pub fn on_or_before(&self, date: Date) -> Reckoned {
        self.seek(date, Date::yesterday)
    }

    /// Walks to a working day; at the end of representable time the walk stops where it is.
    fn seek(&self, date: Date, step: impl Fn(Date) -> Result<Date, jiff::Error>) -> Reckoned {
        let mut reckoned = Reckoned { on: date, provisional: !self.covers(date) };
        while !self.is_working(reckoned.on) {
            let Ok(next) = step(reckoned.on) else { break };
            reckoned.on = next;
            reckoned.provisional |= !self.covers(next);
        }
        reckoned
    }
}

#[cfg(test)]
mod tests;
