//! A request for information again within thirty days (152-FZ art. 14(4), (5)).
//!
//! Asked by filing and by whoever looks at a request. It decides nothing: a person may refuse such
//! a request, and may not where the first answer was incomplete.

use jiff::{Timestamp, ToSpan as _, civil::Date, tz::TimeZone};

use crate::ids::RequestId;

/// 152-ФЗ ст. 14 ч. 4: a further request no sooner than so many calendar days after the last.
pub const REPEATED_WITHIN_DAYS: i64 = 30;

/// A request of the same person and kind to which information was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Earlier {
    /// Which.
    pub request: RequestId,
    /// When it was received.
    pub received_at: Timestamp,
}

/// That a request comes too soon after another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repeated {
    /// The last one before it.
    pub earlier: RequestId,
    /// The day on which that one was received.
    pub earlier_on: Date,
    /// The first day on which a further one is not too soon.
    pub from_on: Date,
}

/// Whether a request received at `received_at` repeats one of `earlier` too soon. Days are those
/// of `zone`; the day of the thirtieth is no longer too soon, which is the reading that favours
/// the person.
#[must_use]
pub fn repeated(received_at: Timestamp, earlier: &[Earlier], zone: &TimeZone) -> Option<Repeated> {
    let last = earlier
        .iter()
        .filter(|other| other.received_at < received_at)
        .max_by_key(|other| (other.received_at, other.request))?;
    let day = |at: Timestamp| at.to_zoned(zone.clone()).date();
    let earlier_on = day(last.received_at);
    let from_on = earlier_on.saturating_add(REPEATED_WITHIN_DAYS.days());
    let is_too_soon = day(received_at) < from_on;
    is_too_soon.then_some(Repeated { earlier: last.request, earlier_on, from_on })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moscow() -> TimeZone {
        TimeZone::get("Europe/Moscow").expect("bundled")
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    #[test]
    fn thirty_days_count_from_the_receipt_of_the_last_in_days_of_the_zone() {
        // 23:30 in Moscow on the 4th of December: the thirtieth day is the 3rd of January.
        let first = Earlier { request: RequestId(1), received_at: at("2026-12-04T20:30:00Z") };
        for (received, is_repeated) in [
            ("2026-12-04T20:30:00Z", false),
            ("2026-12-04T20:30:01Z", true),
            ("2027-01-02T20:59:59Z", true),
            ("2027-01-02T21:00:00Z", false),
            ("2027-06-01T00:00:00Z", false),
        ] {
            let found = repeated(at(received), &[first], &moscow());
            assert_eq!(found.is_some(), is_repeated, "received {received}");
            if let Some(found) = found {
                assert_eq!(found.earlier, RequestId(1));
                assert_eq!(found.earlier_on, jiff::civil::date(2026, 12, 4));
                assert_eq!(found.from_on, jiff::civil::date(2027, 1, 3));
            }
        }
    }

    #[test]
    fn the_last_one_before_it_counts_whatever_the_order() {
        let one = Earlier { request: RequestId(1), received_at: at("2026-10-01T09:00:00Z") };
        let two = Earlier { request: RequestId(2), received_at: at("2026-11-20T09:00:00Z") };
        let later = Earlier { request: RequestId(3), received_at: at("2026-12-20T09:00:00Z") };
        for order in [[one, two, later], [later, two, one]] {
            let found = repeated(at("2026-12-01T09:00:00Z"), &order, &moscow());
            assert_eq!(found.map(|found| found.earlier), Some(RequestId(2)));
        }
        assert_eq!(repeated(at("2026-12-01T09:00:00Z"), &[], &moscow()), None);
        assert_eq!(repeated(at("2026-12-01T09:00:00Z"), &[one, later], &moscow()), None);
    }
}
