//! Every row of the rules, out of the shipped data: its columns, and given a kind, dates and
//! events the duties and their dates.

use jiff::civil::Date;

use super::{
    tests::{calendar, day, moscow, regime},
    *,
};
use crate::{
    regime::{Regime, Row},
    request::Requester::{self, Authority, Representative, Subject},
};

/// What the columns of a row say: law, who may ask, and whether the others are filled in.
struct Columns {
    row: &'static str,
    law: &'static str,
    who: &'static [Requester],
    /// must contain, at once, notices, exceptions: each filled in or not.
    filled: [bool; 4],
    /// Duties that may be lengthened, and by how much.
    longer: Option<u32>,
}

const PERSON: &[Requester] = &[Subject, Representative];
const ANYBODY: &[Requester] = &[Subject, Representative, Authority];
const NOBODY: &[Requester] = &[];
const ONLY_AUTHORITY: &[Requester] = &[Authority];

const fn columns(
    row: &'static str,
    law: &'static str,
    who: &'static [Requester],
    filled: [bool; 4],
    longer: Option<u32>,
) -> Columns {
    Columns { row, law, who, filled, longer }
}

const Y: bool = true;
const N: bool = false;

#[rustfmt::skip]
const RUSSIAN: [Columns; 19] = [
    columns("ACCESS", "ст. 20 ч. 1", PERSON, [Y, N, Y, Y], Some(5)),
    columns("REFUSAL", "ст. 20 ч. 2", PERSON, [N, N, Y, N], Some(5)),
    columns("RECTIFY", "ст. 20 ч. 3", PERSON, [Y, Y, Y, Y], None),
    columns("BLOCK", "ст. 21 ч. 1", PERSON, [Y, Y, Y, Y], None),
    columns("ERASE", "ст. 20 ч. 3", PERSON, [Y, Y, Y, Y], None),
    columns("UNLAWFUL", "ст. 21 ч. 1, 3", ANYBODY, [N, Y, Y, N], None),
    columns("STOP", "ст. 21 ч. 5.1", PERSON, [N, Y, Y, Y], Some(5)),
    columns("WITHDRAW", "ст. 21 ч. 5", PERSON, [N, Y, Y, Y], None),
    columns("STOP_MARKETING", "ст. 15 ч. 2", ANYBODY, [N, Y, N, N], None),
    columns("STOP_PUBLISH", "ст. 10.1", PERSON, [Y, N, N, Y], None),
    columns("AUTO_DECISION", "ст. 16", PERSON, [N, Y, Y, N], None),
    columns("UNREAD", "ст. 14", ANYBODY, [N, N, N, N], None),
    columns("ACHIEVED", "ст. 21 ч. 4", NOBODY, [N, Y, N, Y], None),
    columns("RKN_REQUEST", "ст. 20 ч. 4", ONLY_AUTHORITY, [Y, Y, Y, N], Some(5)),
    columns("RKN_BLOCK", "ст. 21 ч. 1", ONLY_AUTHORITY, [N, Y, Y, N], None),
    columns("OTHER_AUTHORITY", "п. 3.4(1)", ONLY_AUTHORITY, [Y, Y, N, N], None),
    columns("REPRESENTATIVE", "ст. 9 ч. 1", &[Representative], [Y, Y, Y, Y], None),
    columns("CANNOT_DESTROY", "ст. 21 ч. 6", NOBODY, [N, Y, N, Y], None),
    columns("BREACH", "ст. 21 ч. 3.1", NOBODY, [N, N, Y, N], None),
];

#[rustfmt::skip]
const EUROPEAN: [Columns; 16] = [
    columns("ACCESS", "ст. 15, 20, 12(3)", PERSON, [N, N, Y, Y], Some(2)),
    columns("REFUSAL", "ст. 12(4)", PERSON, [N, N, Y, N], None),
    columns("RECTIFY", "ст. 16", PERSON, [N, Y, Y, N], Some(2)),
    columns("ERASE", "ст. 17", PERSON, [N, N, Y, Y], Some(2)),
    columns("RESTRICT", "ст. 18", PERSON, [N, Y, Y, N], Some(2)),
    columns("WITHDRAW", "ст. 7(3)", PERSON, [N, Y, N, N], Some(2)),
    columns("OBJECT", "ст. 21(1)", PERSON, [N, Y, N, Y], Some(2)),
    columns("STOP_MARKETING", "ст. 21(2), 21(3)", PERSON, [N, Y, N, N], None),
    columns("STOP_PUBLISH", "ст. 17(1), 17(2)", PERSON, [N, N, Y, N], Some(2)),
    columns("UNLAWFUL", "ст. 17(1)(d)", PERSON, [N, Y, Y, N], Some(2)),
    columns("AUTO_DECISION", "ст. 22", PERSON, [N, Y, N, N], Some(2)),
    columns("AUTHORITY", "ст. 31", ONLY_AUTHORITY, [N, Y, N, N], None),
    columns("UNREAD", "ст. 12", ANYBODY, [N, N, N, N], None),
    columns("ACHIEVED", "ст. 5(1)(e)", NOBODY, [N, N, N, N], None),
    columns("BREACH", "ст. 33", NOBODY, [N, N, Y, N], None),
    columns("BREACH_PEOPLE", "ст. 34", NOBODY, [N, N, Y, Y], None),
];

fn check_columns(regime: &Regime, table: &[Columns]) {
    let names: Vec<_> = regime.rows().map(|(name, _)| name).collect();
    for name in &names {
        assert!(table.iter().any(|columns| columns.row == *name), "{name} is not tested");
    }
    assert_eq!(names.len(), table.len(), "{names:?}");
    for expected in table {
        let row: &Row = regime.row(expected.row).unwrap_or_else(|| panic!("no {}", expected.row));
        let name = format!("{} {}", regime.id(), expected.row);
        assert!(row.law.ru.contains(expected.law), "{name}: {}", row.law.ru);
        assert!(!row.law.en.is_empty() && !row.title.en.is_empty(), "{name}");
        assert_eq!(row.who_may_ask, expected.who, "{name}");
        let filled = [
            !row.must_contain.is_empty(),
            row.at_once.is_some(),
            !row.notices.is_empty(),
            !row.exceptions.is_empty(),
        ];
        assert_eq!(filled, expected.filled, "{name}: must contain, at once, notices, exceptions");
        let longest = row.duties.iter().filter_map(|duty| duty.extension.as_ref());
        assert_eq!(longest.map(|extension| extension.n).max(), expected.longer, "{name}");
        assert!(row.penalty.is_some(), "{name} says what missing it costs");
        assert_eq!(row.pause, None, "{name}: neither law lets the clock rest");
        assert!(!row.duties.is_empty() || row.note.is_some(), "{name}");
    }
    assert!(regime.remedies().len() >= 2, "an authority and a court");
}

#[test]
fn every_row_of_152_fz_has_all_its_columns() {
    check_columns(&regime("ru-152fz"), &RUSSIAN);
}

#[test]
fn every_row_of_the_gdpr_has_all_its_columns() {
    check_columns(&regime("eu-gdpr"), &EUROPEAN);
}

/// Received on Friday 4 December 2026; facts on the 7th, detection on the 8th, achieved on the
/// 9th, each at noon in Moscow.
fn all_events() -> Events {
    Events {
        received_at: moscow("2026-12-04T12:00:00"),
        facts_received_at: Some(moscow("2026-12-07T12:00:00")),
        detected_at: Some(moscow("2026-12-08T12:00:00")),
        achieved_at: Some(moscow("2026-12-09T12:00:00")),
    }
}

/// duty, event, legal date, safe date, row.
type Owed = (&'static str, &'static str, &'static str, &'static str, &'static str);

#[rustfmt::skip]
const RUSSIAN_DUTIES: [(RequestName, &[Owed]); 15] = [
    (RequestName::Erasure, &[
        ("destroy", "facts_received", "2026-12-16", "2026-12-16", "ERASE"),
        ("stop", "receipt", "2026-12-18", "2026-12-18", "STOP"),
        ("answer", "receipt", "2026-12-18", "2026-12-18", "STOP"),
        ("destroy", "receipt", "2027-01-11", "2026-12-30", "WITHDRAW"),
    ]),
    (RequestName::Rectification, &[
        ("check", "receipt", "2026-12-15", "2026-12-15", "RECTIFY"),
        ("correct", "facts_received", "2026-12-16", "2026-12-16", "RECTIFY"),
    ]),
    (RequestName::Restriction, &[
        ("check", "receipt", "2026-12-15", "2026-12-15", "BLOCK"),
        ("decide", "facts_received", "2026-12-16", "2026-12-16", "BLOCK"),
    ]),
    (RequestName::Access, &[("answer", "receipt", "2026-12-18", "2026-12-18", "ACCESS")]),
    (RequestName::ConsentWithdrawal, &[
        ("stop", "receipt", "2027-01-11", "2026-12-30", "WITHDRAW"),
        ("answer", "receipt", "2027-01-11", "2026-12-30", "WITHDRAW"),
        ("destroy", "receipt", "2027-01-11", "2026-12-30", "WITHDRAW"),
    ]),
    (RequestName::Objection, &[
        ("stop", "receipt", "2026-12-18", "2026-12-18", "STOP"),
        ("answer", "receipt", "2026-12-18", "2026-12-18", "STOP"),
        ("destroy", "achieved", "2027-01-11", "2026-12-30", "ACHIEVED"),
    ]),
    (RequestName::StopMarketing, &[("stop", "receipt", "2026-12-04", "2026-12-04", "STOP_MARKETING")]),
    (RequestName::StopPublication, &[("stop", "receipt", "2026-12-09", "2026-12-09", "STOP_PUBLISH")]),
    (RequestName::UnlawfulProcessing, &[
        ("check", "receipt", "2026-12-09", "2026-12-09", "UNLAWFUL"),
        ("stop", "detection", "2026-12-11", "2026-12-11", "UNLAWFUL"),
        ("answer", "detection", "2026-12-22", "2026-12-22", "UNLAWFUL"),
        ("destroy", "detection", "2026-12-22", "2026-12-22", "UNLAWFUL"),
    ]),
    (RequestName::AuthorityRequest, &[("answer", "receipt", "2026-12-18", "2026-12-18", "RKN_REQUEST")]),
    (RequestName::AuthorityBlock, &[
        ("check", "receipt", "2026-12-09", "2026-12-09", "RKN_BLOCK"),
        ("stop", "detection", "2026-12-11", "2026-12-11", "RKN_BLOCK"),
        ("correct", "facts_received", "2026-12-16", "2026-12-16", "RKN_BLOCK"),
        ("destroy", "detection", "2026-12-22", "2026-12-22", "RKN_BLOCK"),
    ]),
    (RequestName::AutomatedDecision, &[("answer", "receipt", "2027-01-11", "2026-12-30", "AUTO_DECISION")]),
    (RequestName::Achieved, &[("destroy", "achieved", "2027-01-11", "2026-12-30", "ACHIEVED")]),
    (RequestName::Breach, &[
        ("notify", "detection", "2026-12-09", "2026-12-09", "BREACH"),
        ("report", "detection", "2026-12-11", "2026-12-11", "BREACH"),
    ]),
    (RequestName::Unread, &[("check", "receipt", "2026-12-07", "2026-12-07", "UNREAD")]),
];

#[rustfmt::skip]
const EUROPEAN_DUTIES: [(RequestName, &[Owed]); 15] = [
    (RequestName::Erasure, &[
        ("answer", "receipt", "2027-01-04", "2027-01-04", "ERASE"),
        ("destroy", "receipt", "2027-01-04", "2027-01-04", "ERASE"),
    ]),
    (RequestName::Rectification, &[
        ("correct", "receipt", "2027-01-04", "2027-01-04", "RECTIFY"),
        ("answer", "receipt", "2027-01-04", "2027-01-04", "RECTIFY"),
    ]),
    (RequestName::Restriction, &[("decide", "receipt", "2027-01-04", "2027-01-04", "RESTRICT")]),
    (RequestName::Access, &[("answer", "receipt", "2027-01-04", "2027-01-04", "ACCESS")]),
    (RequestName::ConsentWithdrawal, &[
        ("stop", "receipt", "2026-12-07", "2026-12-07", "WITHDRAW"),
        ("answer", "receipt", "2027-01-04", "2027-01-04", "WITHDRAW"),
        ("destroy", "receipt", "2027-01-04", "2027-01-04", "WITHDRAW"),
    ]),
    (RequestName::Objection, &[
        ("stop", "receipt", "2027-01-04", "2027-01-04", "OBJECT"),
        ("answer", "receipt", "2027-01-04", "2027-01-04", "OBJECT"),
    ]),
    (RequestName::StopMarketing, &[("stop", "receipt", "2026-12-04", "2026-12-04", "STOP_MARKETING")]),
    (RequestName::StopPublication, &[
        ("stop", "receipt", "2027-01-04", "2027-01-04", "STOP_PUBLISH"),
        ("answer", "receipt", "2027-01-04", "2027-01-04", "STOP_PUBLISH"),
    ]),
    (RequestName::UnlawfulProcessing, &[
        ("answer", "receipt", "2027-01-04", "2027-01-04", "UNLAWFUL"),
        ("destroy", "receipt", "2027-01-04", "2027-01-04", "UNLAWFUL"),
    ]),
    (RequestName::AuthorityRequest, &[]),
    (RequestName::AuthorityBlock, &[]),
    (RequestName::AutomatedDecision, &[("answer", "receipt", "2027-01-04", "2027-01-04", "AUTO_DECISION")]),
    (RequestName::Achieved, &[("destroy", "achieved", "2027-01-11", "2027-01-08", "ACHIEVED")]),
    (RequestName::Breach, &[("notify", "detection", "2026-12-11", "2026-12-11", "BREACH")]),
    (RequestName::Unread, &[("check", "receipt", "2026-12-07", "2026-12-07", "UNREAD")]),
];

fn told(duty: &Duty) -> (String, String, String, Option<Date>, Option<Date>) {
    let (name, from) = (duty.name.name().to_owned(), duty.counts_from.name().to_owned());
    (duty.rule.row.clone(), name, from, duty.legal_on, duty.safe_on)
}

fn check_duties(regime: &Regime, calendar: &WorkingCalendar, table: &[(RequestName, &[Owed])]) {
    assert_eq!(table.len(), RequestName::ALL.len(), "every kind is in the table");
    for (name, owed) in table {
        let mut found: Vec<_> =
            duties_for(*name, regime, calendar, &all_events()).iter().map(told).collect();
        let mut expected: Vec<_> = owed
            .iter()
            .map(|(duty, from, legal, safe, row)| {
                let (legal, safe) = (Some(day(legal)), Some(day(safe)));
                ((*row).to_owned(), (*duty).to_owned(), (*from).to_owned(), legal, safe)
            })
            .collect();
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{} {}", regime.id(), name.name());
        // Without the events only what counts from the receipt has a date.
        let received = Events::received(all_events().received_at);
        for duty in duties_for(*name, regime, calendar, &received) {
            assert_eq!(duty.legal_due.is_some(), duty.counts_from == CountsFrom::Receipt);
        }
    }
}

#[test]
fn every_kind_owes_what_152_fz_says() {
    check_duties(&regime("ru-152fz"), &calendar("ru"), &RUSSIAN_DUTIES);
}

#[test]
fn every_kind_owes_what_the_gdpr_says() {
    check_duties(&regime("eu-gdpr"), &calendar("eu"), &EUROPEAN_DUTIES);
}

#[test]
fn the_rows_beside_the_requests_have_their_dates() {
    let (regime, calendar) = (regime("ru-152fz"), calendar("ru"));
    for (row, duty, on) in [
        ("REFUSAL", DutyName::Refuse, "2026-12-18"),
        ("CANNOT_DESTROY", DutyName::Destroy, "2027-06-04"),
    ] {
        let duties = duties_of_row(row, &regime, &calendar, &all_events());
        assert_eq!((duties[0].name, duties[0].legal_on), (duty, Some(day(on))), "{row}");
    }
    for row in ["OTHER_AUTHORITY", "REPRESENTATIVE"] {
        assert!(duties_of_row(row, &regime, &calendar, &all_events()).is_empty(), "{row}");
    }
    let refusal = |name| regime.request(name).and_then(|rule| rule.on_refusal.as_deref());
    assert_eq!(refusal(RequestName::Access), Some("REFUSAL"));
    let postponed = |name| regime.request(name).and_then(|rule| rule.on_impossible.as_deref());
    for name in [RequestName::Erasure, RequestName::ConsentWithdrawal, RequestName::Achieved] {
        assert_eq!(postponed(name), Some("CANNOT_DESTROY"), "{name:?}");
    }
}

#[test]
fn a_clock_that_rested_counts_its_days_anew_and_keeps_its_start() {
    let (regime, calendar) = (regime("ru-152fz"), calendar("ru"));
    let events = Events::received(moscow("2026-12-04T12:00:00"));
    let duties = duties_for(RequestName::Access, &regime, &calendar, &events);
    let days = |n: i64| jiff::SignedDuration::from_hours(24 * n);
    for (rest, on) in [(0, "2026-12-18"), (1, "2026-12-18"), (3, "2026-12-21"), (14, "2027-01-12")]
    {
        let later = rested(&duties[0], days(rest), RequestName::Access, &regime, &calendar);
        assert_eq!(later.legal_on, Some(day(on)), "rested {rest} days");
        assert_eq!(later.started_at, duties[0].started_at);
    }
}
