//! The values of a segment: decimal numbers and days that may be told from today.

use std::fmt;

use jiff::{ToSpan as _, civil::Date};

/// What the calendar holds on either side; farther days are its first or last.
const FARTHEST_MONTHS: i32 = 12 * 10_000;
const FARTHEST_DAYS: i32 = 366 * 10_000;

/// A decimal number in millionths, so that what is equal on paper is equal in both databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decimal(i64);

impl Decimal {
    /// A number from its millionths.
    #[must_use]
    pub fn from_millionths(millionths: i64) -> Self {
        Self(millionths)
    }

    /// The number in millionths.
    #[must_use]
    pub fn millionths(self) -> i64 {
        self.0
    }

    /// Reads `12`, `-0.5` or `1500.25`: up to six places and up to nine million millions.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let has_point = digits.contains('.');
        if whole.is_empty() || !is_number(whole) || !is_number(part) || part.len() > 6 {
            return None;
        }
        if has_point && part.is_empty() {
            return None;
        }
        let whole: i64 = whole.parse().ok()?;
        let part: i64 = format!("{part:0<6}").parse().ok()?;
        let value = whole.checked_mul(1_000_000)?.checked_add(part)?;
        Some(Self(if negative { -value } else { value }))
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let value = self.0.unsigned_abs();
        let (whole, part) = (value / 1_000_000, value % 1_000_000);
        if part == 0 {
            return write!(f, "{sign}{whole}");
        }
        let part = format!("{part:06}");
        write!(f, "{sign}{whole}.{}", part.trim_end_matches('0'))
    }
}

/// A day, fixed or told from the day on which the segment is evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DateValue {
    /// This very day.
    On(Date),
    /// Today, moved by months and then by days.
    Today {
        /// Months, negative for the past.
        months: i32,
        /// Days, negative for the past.
        days: i32,
    },
}

impl DateValue {
    /// The day that is meant when today is `today`; months end where a shorter month ends.
    #[must_use]
    pub fn on(self, today: Date) -> Date {
        match self {
            Self::On(date) => date,
            Self::Today { months, days } => {
                let months = months.clamp(-FARTHEST_MONTHS, FARTHEST_MONTHS);
                let days = days.clamp(-FARTHEST_DAYS, FARTHEST_DAYS);
                today.saturating_add(months.months()).saturating_add(days.days())
            }
        }
    }
}

impl fmt::Display for DateValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (months, days) = match self {
            Self::On(date) => return write!(f, "{date}"),
            Self::Today { months, days } => (*months, *days),
        };
        f.write_str("today")?;
        for (count, unit) in [(months, "months"), (days, "days")] {
            if count != 0 {
                let sign = if count < 0 { '-' } else { '+' };
                write!(f, " {sign} {} {unit}", count.unsigned_abs())?;
            }
        }
        Ok(())
    }
}
