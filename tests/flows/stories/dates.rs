//! Working days as the production calendar has them, counted without the program.

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::Context as _;
use jiff::{
    Timestamp, ToSpan as _,
    civil::{Date, Weekday},
    tz::{self, TimeZone},
};
use serde_json::Value;
use tests::Result;

/// The day in Moscow of an instant in JSON.
pub fn day_of(instant: &Value) -> Result<Date> {
    let at: Timestamp = instant.as_str().context("no instant")?.parse()?;
    Ok(at.to_zoned(TimeZone::fixed(tz::offset(3))).date())
}

/// The date that stands in JSON.
pub fn date(value: &Value) -> Result<Date> {
    value.as_str().with_context(|| format!("no date: {value}"))?.parse().map_err(Into::into)
}

/// The last of so many working days; the day of the start does not count.
pub fn working_days(start: Date, count: u32) -> Result<Date> {
    let calendar = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/calendars/ru.toml");
    let calendar: toml::Table = fs::read_to_string(calendar)?.parse()?;
    let years = calendar["year"].as_table().context("no years")?;
    let (mut off, mut on) = (BTreeSet::new(), BTreeSet::new());
    for year in years.values() {
        for (key, days) in [("weekdays_off", &mut off), ("working_weekends", &mut on)] {
            let listed = year[key].as_array().into_iter().flatten();
            days.extend(listed.map(ToString::to_string));
        }
    }
    let (mut day, mut left) = (start, count);
    while left > 0 {
        day = day.checked_add(1.day())?;
        let weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
        let works =
            if weekend { on.contains(&day.to_string()) } else { !off.contains(&day.to_string()) };
        left -= u32::from(works);
    }
    Ok(day)
}
