//! Every row of the rules with its extension, its other starts, its calendar and its clamping, and
//! the clocks of two regimes beside each other.

use super::{
    tests::{calendar, day, moscow, regime},
    *,
};
use crate::regime::{DutyRule, Regime, Unit};

/// All duties of a regime, each with the name of its row.
fn rules(regime: &Regime) -> Vec<(&str, &DutyRule)> {
    regime.rows().flat_map(|(name, row)| row.duties.iter().map(move |duty| (name, duty))).collect()
}

/// Row, duty, the date without and with its extension.
type Longer = (&'static str, RequestName, DutyName, &'static str, &'static str);

/// Received on Friday 25 December 2026 at noon in Moscow: the working days run through the turn of
/// the year, the month ends on a Monday, three months end on a Thursday.
#[rustfmt::skip]
const RUSSIAN: [Longer; 4] = [
    ("ACCESS", RequestName::Access, DutyName::Answer, "2027-01-19", "2027-01-26"),
    ("RKN_REQUEST", RequestName::AuthorityRequest, DutyName::Answer, "2027-01-19", "2027-01-26"),
    ("STOP", RequestName::Objection, DutyName::Stop, "2027-01-19", "2027-01-26"),
    ("STOP", RequestName::Erasure, DutyName::Stop, "2027-01-19", "2027-01-26"),
];

#[rustfmt::skip]
const EUROPEAN: [Longer; 15] = [
    ("ACCESS", RequestName::Access, DutyName::Answer, "2027-01-25", "2027-03-25"),
    ("RECTIFY", RequestName::Rectification, DutyName::Correct, "2027-01-25", "2027-03-25"),
    ("RECTIFY", RequestName::Rectification, DutyName::Answer, "2027-01-25", "2027-03-25"),
    ("ERASE", RequestName::Erasure, DutyName::Destroy, "2027-01-25", "2027-03-25"),
    ("ERASE", RequestName::Erasure, DutyName::Answer, "2027-01-25", "2027-03-25"),
    ("RESTRICT", RequestName::Restriction, DutyName::Decide, "2027-01-25", "2027-03-25"),
    ("WITHDRAW", RequestName::ConsentWithdrawal, DutyName::Destroy, "2027-01-25", "2027-03-25"),
    ("WITHDRAW", RequestName::ConsentWithdrawal, DutyName::Answer, "2027-01-25", "2027-03-25"),
    ("OBJECT", RequestName::Objection, DutyName::Stop, "2027-01-25", "2027-03-25"),
    ("OBJECT", RequestName::Objection, DutyName::Answer, "2027-01-25", "2027-03-25"),
    ("STOP_PUBLISH", RequestName::StopPublication, DutyName::Stop, "2027-01-25", "2027-03-25"),
    ("STOP_PUBLISH", RequestName::StopPublication, DutyName::Answer, "2027-01-25", "2027-03-25"),
    ("UNLAWFUL", RequestName::UnlawfulProcessing, DutyName::Destroy, "2027-01-25", "2027-03-25"),
    ("UNLAWFUL", RequestName::UnlawfulProcessing, DutyName::Answer, "2027-01-25", "2027-03-25"),
    ("AUTO_DECISION", RequestName::AutomatedDecision, DutyName::Answer, "2027-01-25", "2027-03-25"),
];

fn check_longer(regime: &Regime, calendar: &WorkingCalendar, table: &[Longer]) {
    let events = Events::received(moscow("2026-12-25T12:00:00"));
    let sent = Some(events.received_at);
    for (row, request, name, base, longer) in table {
        let what = format!("{} {row} {}", regime.id(), name.name());
        let owed = duties_for(*request, regime, calendar, &events);
        let fits = |duty: &&Duty| duty.name == *name && duty.counts_from == CountsFrom::Receipt;
        let duty = owed.iter().find(fits).unwrap_or_else(|| panic!("{what} is not owed"));
        assert_eq!((duty.rule.row.as_str(), duty.legal_on), (*row, Some(day(base))), "{what}");
        let long = extend(duty, *request, regime, calendar, &events, sent);
        let long = long.unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!((long.legal_on, long.extended), (Some(day(longer)), true), "{what}");
        let none = extend(duty, *request, regime, calendar, &events, None);
        assert_eq!(none, Err(CannotExtend::NoticeMissing(day(base))), "{what} without a notice");
        let twice = extend(&long, *request, regime, calendar, &events, sent);
        assert_eq!(twice, Err(CannotExtend::AlreadyExtended), "{what} twice");
    }
    // What the table leaves out cannot be made longer, save a refusal, which no request opens.
    for request in RequestName::ALL {
        for duty in duties_for(*request, regime, calendar, &events) {
            let is_in = table.iter().any(|(row, of, name, ..)| {
                (*row, *of, *name) == (duty.rule.row.as_str(), *request, duty.name)
            });
            if is_in {
                continue;
            }
            let what = format!("{} {} {}", regime.id(), request.name(), duty.name.name());
            let refused = extend(&duty, *request, regime, calendar, &events, sent);
            assert!(refused.is_err(), "{what} was made longer");
        }
    }
    for (row, rule) in rules(regime).into_iter().filter(|(_, rule)| rule.extension.is_some()) {
        let is_in = table.iter().any(|(of, _, name, ..)| (*of, *name) == (row, rule.name));
        assert!(
            is_in || row == "REFUSAL",
            "{} {row} {} is not tested",
            regime.id(),
            rule.name.name()
        );
    }
}

#[test]
fn every_extension_of_152_fz_is_five_working_days_once_and_after_its_notice() {
    check_longer(&regime("ru-152fz"), &calendar("ru"), &RUSSIAN);
}

#[test]
fn every_extension_of_the_gdpr_ends_three_months_after_receipt() {
    check_longer(&regime("eu-gdpr"), &calendar("eu"), &EUROPEAN);
}

#[test]
fn a_refusal_of_152_fz_is_extended_as_the_answer_is() {
    let rules = regime("ru-152fz");
    let row = rules.row("REFUSAL").expect("a row");
    let extension = row.duties[0].extension.as_ref().expect("it has one");
    assert_eq!((extension.n, row.duties[0].unit), (5, Unit::WorkingDays));
    assert!(extension.notice_required);
    let europe = regime("eu-gdpr");
    assert!(europe.row("REFUSAL").expect("a row").duties[0].extension.is_none());
}

/// Every duty counts from the event that the law names and from no other: with that event moved to
/// each of the days of the test vectors it moves along, and with the others moved it stays.
#[test]
fn every_duty_of_every_row_moves_with_its_own_event_alone() {
    let starts =
        ["2026-12-04", "2026-12-18", "2026-12-25", "2027-01-03", "2027-02-12", "2027-10-29"];
    let noon = |on: &str| moscow(&format!("{on}T12:00:00"));
    for (id, zone) in [("ru-152fz", "ru"), ("eu-gdpr", "eu")] {
        let (regime, calendar) = (regime(id), calendar(zone));
        for (row, rule) in rules(&regime) {
            let of = |events: &Events| {
                let duties = duties_of_row(row, &regime, &calendar, events);
                let same =
                    |duty: &&Duty| (duty.name, duty.counts_from) == (rule.name, rule.counts_from);
                duties.iter().find(same).expect("owed").clone()
            };
            let mut dates = Vec::new();
            for start in starts {
                let mut events = Events::received(noon("2026-06-01"));
                let others = Some(noon("2026-06-02"));
                (events.facts_received_at, events.detected_at, events.achieved_at) =
                    (others, others, others);
                match rule.counts_from {
                    CountsFrom::Receipt => events.received_at = noon(start),
                    CountsFrom::FactsReceived => events.facts_received_at = Some(noon(start)),
                    CountsFrom::Detection => events.detected_at = Some(noon(start)),
                    CountsFrom::Achieved => events.achieved_at = Some(noon(start)),
                }
                let duty = of(&events);
                let what = format!("{id} {row} {} from {start}", rule.name.name());
                assert_eq!(duty.started_at, Some(noon(start)), "{what}");
                let (legal, safe) = (duty.legal_on.expect("dated"), duty.safe_on.expect("dated"));
                assert_eq!(
                    duty.provisional,
                    legal.year() > 2027,
                    "{what}: 2026 and 2027 have data"
                );
                assert!(safe <= legal && duty.safe_due <= duty.legal_due, "{what}");
                match rule.unit {
                    Unit::Immediate => assert_eq!(duty.legal_due, Some(noon(start)), "{what}"),
                    // Real hours: neither nights nor days off move them.
                    Unit::Hours => {
                        let due = noon(start) + jiff::SignedDuration::from_hours(rule.n.into());
                        assert_eq!(duty.legal_due, Some(due), "{what}");
                    }
                    Unit::WorkingDays | Unit::CalendarDays | Unit::Months => {
                        assert!(calendar.is_working(legal), "{what}: {legal} is off");
                        assert!(
                            calendar.is_working(safe) || safe < day(start),
                            "{what}: {safe} is off"
                        );
                    }
                }
                if rule.unit == Unit::WorkingDays {
                    let mut counted = 0;
                    let mut at = day(start);
                    while counted < rule.n {
                        at = at.tomorrow().expect("within the calendar");
                        counted += u32::from(calendar.is_working(at));
                    }
                    assert_eq!((legal, safe), (at, at), "{what}");
                }
                dates.push((duty.legal_due, duty.safe_due));
            }
            assert!(dates.is_sorted(), "{id} {row} {}: {dates:?}", rule.name.name());
        }
    }
}

/// Months end with the last day of a shorter one, before the shift of days off.
#[test]
fn every_month_of_every_row_is_clamped() {
    for (id, zone) in [("ru-152fz", "ru"), ("eu-gdpr", "eu")] {
        let (regime, calendar) = (regime(id), calendar(zone));
        let monthly = |rule: &DutyRule| rule.unit == Unit::Months;
        let mut tested = 0;
        for (row, rule) in rules(&regime).into_iter().filter(|(_, rule)| monthly(rule)) {
            tested += 1;
            let local = day("2026-08-31").at(12, 0, 0, 0);
            let at = local.to_zoned(regime.zone().clone()).expect("representable").timestamp();
            let mut events = Events::received(at);
            events.achieved_at = Some(at);
            let duties = duties_of_row(row, &regime, &calendar, &events);
            let duty = duties.iter().find(|duty| duty.name == rule.name).expect("owed");
            // 30 September 2026 is a Wednesday, 28 February 2027 a Sunday.
            let (legal, safe) = match rule.n {
                1 => ("2026-09-30", "2026-09-30"),
                6 => ("2027-03-01", "2027-02-26"),
                n => panic!("{row}: {n} months are not in the table"),
            };
            assert_eq!(
                (duty.legal_on, duty.safe_on),
                (Some(day(legal)), Some(day(safe))),
                "{id} {row}"
            );
        }
        assert!(tested > 0, "{id}");
    }
}

/// Two regimes on one request: both clocks stand side by side, the earliest is due first, and the
/// extension of one leaves the other as it is.
#[test]
fn of_two_regimes_both_clocks_run_and_the_earliest_is_shown() {
    let (russian, moscow_days) = (regime("ru-152fz"), calendar("ru"));
    let (european, brussels_days) = (regime("eu-gdpr"), calendar("eu"));
    let mut events = Events::received(moscow("2026-12-04T12:00:00"));
    events.facts_received_at = Some(moscow("2026-12-07T12:00:00"));
    events.detected_at = Some(moscow("2026-12-08T12:00:00"));
    #[rustfmt::skip]
    let table = [
        (RequestName::Access, Some(("2026-12-18", "ru-152fz"))),
        (RequestName::Erasure, Some(("2026-12-16", "ru-152fz"))),
        (RequestName::Rectification, Some(("2026-12-15", "ru-152fz"))),
        (RequestName::Restriction, Some(("2026-12-15", "ru-152fz"))),
        (RequestName::Objection, Some(("2026-12-18", "ru-152fz"))),
        (RequestName::ConsentWithdrawal, Some(("2026-12-07", "eu-gdpr"))),
        (RequestName::StopPublication, Some(("2026-12-09", "ru-152fz"))),
        (RequestName::UnlawfulProcessing, Some(("2026-12-09", "ru-152fz"))),
        (RequestName::AutomatedDecision, Some(("2026-12-30", "ru-152fz"))),
        (RequestName::StopMarketing, Some(("2026-12-04", "ru-152fz"))),
    ];
    for (request, first) in table {
        let one = duties_for(request, &russian, &moscow_days, &events);
        let other = duties_for(request, &european, &brussels_days, &events);
        assert!(!one.is_empty() && !other.is_empty(), "{}", request.name());
        let both: Vec<Duty> = one.iter().chain(&other).cloned().collect();
        let due = first_due(&both).map(|duty| (duty.safe_on, duty.rule.regime.as_str().to_owned()));
        let expected = first.map(|(on, of)| (Some(day(on)), of.to_owned()));
        assert_eq!(due, expected, "{}", request.name());
        for duty in &both {
            let of = if one.contains(duty) { "ru-152fz" } else { "eu-gdpr" };
            assert_eq!(duty.rule.regime.as_str(), of, "each names its own rule");
        }
    }
    let owed = |regime: &Regime, days| duties_for(RequestName::Access, regime, days, &events);
    let (one, other) = (owed(&russian, &moscow_days), owed(&european, &brussels_days));
    let sent = Some(events.received_at);
    let long = extend(&one[0], RequestName::Access, &russian, &moscow_days, &events, sent);
    assert_eq!(long.expect("once").legal_on, Some(day("2026-12-25")));
    assert_eq!(other[0].legal_on, Some(day("2027-01-04")), "the other clock stays");
}

/// 24 and 72 hours of a breach to the second, over a weekend and the turn of the year; a month is
/// not touched by the hours.
#[test]
fn the_hours_of_a_breach_run_from_its_detection_in_both_regimes() {
    let mut events = Events::received(moscow("2026-12-30T09:00:00"));
    events.detected_at = Some(moscow("2026-12-31T22:15:30"));
    let due = |id: &str, days: &str| {
        let duties = duties_for(RequestName::Breach, &regime(id), &calendar(days), &events);
        duties
            .into_iter()
            .map(|duty| (duty.name, duty.legal_due.expect("dated")))
            .collect::<Vec<_>>()
    };
    let third = moscow("2027-01-03T22:15:30");
    assert_eq!(
        due("ru-152fz", "ru"),
        [(DutyName::Notify, moscow("2027-01-01T22:15:30")), (DutyName::Report, third)]
    );
    assert_eq!(due("eu-gdpr", "eu"), [(DutyName::Notify, third)]);
}
