use jiff::{civil::date, tz::TimeZone};
use proptest::prelude::*;

use super::*;
use crate::regime::Unit;

pub(super) fn calendar(id: &str) -> WorkingCalendar {
    let text = match id {
        "ru" => include_str!("../../../../config/calendars/ru.toml"),
        _ => include_str!("../../../../config/calendars/eu.toml"),
    };
    WorkingCalendar::parse(text).expect("the shipped calendar is valid")
}

pub(super) fn regime(id: &str) -> Regime {
    let text = match id {
        "ru-152fz" => include_str!("../../../../config/regimes/ru-152fz.toml"),
        _ => include_str!("../../../../config/regimes/eu-gdpr.toml"),
    };
    Regime::parse(text).expect("the shipped regime is valid")
}

pub(super) fn day(text: &str) -> Date {
    text.parse().expect("a date")
}

pub(super) fn moscow(text: &str) -> Timestamp {
    let zone = jiff::tz::TimeZoneDatabase::bundled().get("Europe/Moscow").expect("bundled");
    let local: jiff::civil::DateTime = text.parse().expect("a local time");
    local.to_zoned(zone).expect("representable").timestamp()
}

fn noon(date: &str) -> Events {
    Events::received(moscow(&format!("{date}T12:00:00")))
}

fn russian_duties(request: RequestName, events: &Events) -> Vec<Duty> {
    duties_for(request, &regime("ru-152fz"), &calendar("ru"), events)
}

fn find(duties: &[Duty], name: DutyName, counts_from: CountsFrom) -> Duty {
    let found = duties.iter().find(|d| d.name == name && d.counts_from == counts_from);
    found.unwrap_or_else(|| panic!("no {name:?} from {counts_from:?}")).clone()
}

/// The dates of the vectors of the rules, row by row: received; 3, 7, 10 and 15 working days;
/// 30 calendar days before any shift, by law and safe.
const VECTORS: [[&str; 8]; 6] = [
    [
        "2026-12-04",
        "2026-12-09",
        "2026-12-15",
        "2026-12-18",
        "2026-12-25",
        "2027-01-03",
        "2027-01-11",
        "2026-12-30",
    ],
    [
        "2026-12-18",
        "2026-12-23",
        "2026-12-29",
        "2027-01-12",
        "2027-01-19",
        "2027-01-17",
        "2027-01-18",
        "2027-01-15",
    ],
    [
        "2026-12-25",
        "2026-12-30",
        "2027-01-14",
        "2027-01-19",
        "2027-01-26",
        "2027-01-24",
        "2027-01-25",
        "2027-01-22",
    ],
    [
        "2027-01-03",
        "2027-01-13",
        "2027-01-19",
        "2027-01-22",
        "2027-01-29",
        "2027-02-02",
        "2027-02-02",
        "2027-02-02",
    ],
    [
        "2027-02-12",
        "2027-02-17",
        "2027-02-24",
        "2027-03-01",
        "2027-03-09",
        "2027-03-14",
        "2027-03-15",
        "2027-03-12",
    ],
    [
        "2027-10-29",
        "2027-11-03",
        "2027-11-11",
        "2027-11-16",
        "2027-11-23",
        "2027-11-28",
        "2027-11-29",
        "2027-11-26",
    ],
];

#[test]
fn every_cell_of_the_test_vectors_comes_out_of_the_shipped_files() {
    let (regime, calendar) = (regime("ru-152fz"), calendar("ru"));
    for row in VECTORS {
        let [received, d3, d7, d10, d15, d30, legal, safe] = row;
        let mut events = noon(received);
        events.facts_received_at = Some(events.received_at);
        let duties = |request| duties_for(request, &regime, &calendar, &events);

        let publication = duties(RequestName::StopPublication);
        let stop = find(&publication, DutyName::Stop, CountsFrom::Receipt);
        assert_eq!(stop.legal_on, Some(day(d3)), "3 wd from {received}");

        let rectification = duties(RequestName::Rectification);
        let correct = find(&rectification, DutyName::Correct, CountsFrom::FactsReceived);
        assert_eq!(correct.legal_on, Some(day(d7)), "7 wd from {received}");

        let access = find(&duties(RequestName::Access), DutyName::Answer, CountsFrom::Receipt);
        assert_eq!(access.legal_on, Some(day(d10)), "10 wd from {received}");
        assert_eq!(access.safe_on, access.legal_on);
        let sent = Some(events.received_at);
        let long = extend(&access, RequestName::Access, &regime, &calendar, &events, sent);
        let long = long.expect("access may be extended once");
        assert_eq!(long.legal_on, Some(day(d15)), "15 wd from {received}");

        assert_eq!(day(received).saturating_add(jiff::Span::new().days(30)), day(d30));
        let erasure = duties(RequestName::Erasure);
        let destroy = find(&erasure, DutyName::Destroy, CountsFrom::Receipt);
        assert_eq!(destroy.legal_on, Some(day(legal)), "30 cd, law, from {received}");
        assert_eq!(destroy.safe_on, Some(day(safe)), "30 cd, safe, from {received}");
        assert_eq!(destroy.legal_due, Some(moscow(&format!("{legal}T23:59:59"))));
        assert_eq!(destroy.safe_due, Some(moscow(&format!("{safe}T23:59:59"))));
        assert!(!destroy.provisional, "both years have data");
    }
}

#[test]
fn a_plain_deletion_owes_stop_answer_and_destruction_and_waits_for_facts() {
    let mut events = noon("2026-12-04");
    let duties = russian_duties(RequestName::Erasure, &events);
    let shape: Vec<_> = duties
        .iter()
        .map(|d| (d.name, d.counts_from, d.legal_on.map(|on| on.to_string()), d.rule.row.as_str()))
        .collect();
    let on = |text: &str| Some(text.to_owned());
    assert_eq!(
        shape,
        [
            (DutyName::Stop, CountsFrom::Receipt, on("2026-12-18"), "STOP"),
            (DutyName::Answer, CountsFrom::Receipt, on("2026-12-18"), "STOP"),
            (DutyName::Destroy, CountsFrom::Receipt, on("2027-01-11"), "WITHDRAW"),
            (DutyName::Destroy, CountsFrom::FactsReceived, None, "ERASE"),
        ]
    );
    events.facts_received_at = Some(moscow("2026-12-07T09:00:00"));
    let duties = russian_duties(RequestName::Erasure, &events);
    let destroy = find(&duties, DutyName::Destroy, CountsFrom::FactsReceived);
    assert_eq!(destroy.legal_on, Some(date(2026, 12, 16)));
    assert_eq!(destroy.rule.to_string(), "ru-152fz@2026-07-26/ERASE");
}

#[test]
fn the_day_of_receipt_is_that_of_the_regimes_zone() {
    // 22:30 UTC on Thursday is 01:30 on Friday in Moscow, and still Thursday in Kaliningrad's west.
    let events = Events::received("2026-12-03T22:30:00Z".parse().expect("an instant"));
    let answer = |regime: &Regime| {
        let duties = duties_for(RequestName::Access, regime, &calendar("ru"), &events);
        find(&duties, DutyName::Answer, CountsFrom::Receipt)
    };
    let moscow_time = regime("ru-152fz");
    assert_eq!(answer(&moscow_time).legal_on, Some(date(2026, 12, 18)));
    let brussels = moscow_time.clone().in_time_zone("Europe/Brussels").expect("a zone");
    assert_eq!(answer(&brussels).legal_on, Some(date(2026, 12, 17)));
    let due = answer(&brussels).legal_due.expect("dated");
    assert_eq!(due.to_string(), "2026-12-17T22:59:59Z");
    let error = moscow_time.in_time_zone("Moscow").expect_err("not an IANA name");
    assert!(error.to_string().contains("Europe/Moscow"), "{error}");
}

#[test]
fn marketing_stops_at_the_instant_of_receipt() {
    let events = noon("2027-01-03");
    let duties = russian_duties(RequestName::StopMarketing, &events);
    assert_eq!(duties.len(), 1);
    assert_eq!(duties[0].legal_due, Some(events.received_at));
    assert_eq!(duties[0].safe_due, Some(events.received_at));
    assert_eq!(reminders(&duties[0]), Some([events.received_at; 4]));
}

#[test]
fn breach_hours_run_through_nights_and_weekends() {
    let mut events = noon("2027-01-01");
    let before = duties_of_row("BREACH", &regime("ru-152fz"), &calendar("ru"), &events);
    assert!(before.iter().all(|duty| duty.legal_due.is_none() && reminders(duty).is_none()));
    events.detected_at = Some(moscow("2027-01-01T23:30:15"));
    let duties = duties_of_row("BREACH", &regime("ru-152fz"), &calendar("ru"), &events);
    let due: Vec<_> = duties.iter().map(|duty| duty.legal_due.expect("dated")).collect();
    assert_eq!(due, [moscow("2027-01-02T23:30:15"), moscow("2027-01-04T23:30:15")]);
}

#[test]
fn six_months_end_with_the_last_day_of_a_shorter_month() {
    let events = noon("2026-08-31");
    let duties = duties_of_row("CANNOT_DESTROY", &regime("ru-152fz"), &calendar("ru"), &events);
    // 28 February 2027 is a Sunday.
    assert_eq!(duties[0].legal_on, Some(date(2027, 3, 1)));
    assert_eq!(duties[0].safe_on, Some(date(2027, 2, 26)));
}

#[test]
fn a_gdpr_month_is_clamped_shifted_and_extended_to_three_months_in_all() {
    let (regime, calendar) = (regime("eu-gdpr"), calendar("eu"));
    for (received, legal, safe, extended) in [
        ("2027-01-31", "2027-03-01", "2027-02-26", "2027-04-30"),
        ("2026-11-25", "2026-12-28", "2026-12-24", "2027-02-25"),
        ("2026-12-15", "2027-01-15", "2027-01-15", "2027-03-15"),
        ("2027-12-31", "2028-01-31", "2028-01-31", "2028-03-31"),
    ] {
        let local: jiff::civil::DateTime = day(received).at(12, 0, 0, 0);
        let at = local.to_zoned(regime.zone().clone()).expect("representable").timestamp();
        let events = Events::received(at);
        let duties = duties_for(RequestName::Access, &regime, &calendar, &events);
        let answer = find(&duties, DutyName::Answer, CountsFrom::Receipt);
        assert_eq!(answer.legal_on, Some(day(legal)), "from {received}");
        assert_eq!(answer.safe_on, Some(day(safe)), "from {received}");
        let long = extend(&answer, RequestName::Access, &regime, &calendar, &events, Some(at));
        assert_eq!(long.expect("once").legal_on, Some(day(extended)), "from {received}");
    }
}

#[test]
fn an_extension_needs_its_notice_in_time_and_is_given_once() {
    let (regime, calendar) = (regime("ru-152fz"), calendar("ru"));
    let events = noon("2026-12-04");
    let duties = duties_for(RequestName::Erasure, &regime, &calendar, &events);
    let extend = |duty: &Duty, sent: Option<Timestamp>| {
        extend(duty, RequestName::Erasure, &regime, &calendar, &events, sent)
    };
    let stop = find(&duties, DutyName::Stop, CountsFrom::Receipt);
    let late = CannotExtend::NoticeMissing(date(2026, 12, 18));
    assert_eq!(extend(&stop, None), Err(late));
    assert_eq!(extend(&stop, Some(moscow("2026-12-19T00:00:00"))), Err(late));
    let long = extend(&stop, Some(moscow("2026-12-18T23:00:00"))).expect("in time");
    assert_eq!((long.legal_on, long.extended), (Some(date(2026, 12, 25)), true));
    assert_eq!(extend(&long, stop.started_at), Err(CannotExtend::AlreadyExtended));
    let answer = find(&duties, DutyName::Answer, CountsFrom::Receipt);
    assert_eq!(extend(&answer, stop.started_at), Err(CannotExtend::NotAllowed));
    let foreign = Duty { name: DutyName::Report, ..stop };
    assert_eq!(extend(&foreign, foreign.started_at), Err(CannotExtend::UnknownDuty));
}

#[test]
fn reckoning_again_dates_what_waited_and_keeps_extensions() {
    let (regime, calendar) = (regime("ru-152fz"), calendar("ru"));
    let mut events = noon("2026-12-04");
    let mut duties = duties_for(RequestName::Erasure, &regime, &calendar, &events);
    let at = duties.iter().position(|d| d.name == DutyName::Stop).expect("owed");
    let sent = Some(events.received_at);
    duties[at] = extend(&duties[at], RequestName::Erasure, &regime, &calendar, &events, sent)
        .expect("in time");
    events.facts_received_at = Some(moscow("2026-12-04T15:00:00"));
    let again = reckon_again(&duties, RequestName::Erasure, &regime, &calendar, &events);
    let stop = find(&again, DutyName::Stop, CountsFrom::Receipt);
    assert_eq!((stop.legal_on, stop.extended), (Some(date(2026, 12, 25)), true));
    let facts = find(&again, DutyName::Destroy, CountsFrom::FactsReceived);
    assert_eq!(facts.legal_on, Some(date(2026, 12, 15)));
    assert_eq!(first_due(&again).map(|duty| duty.safe_on), Some(facts.safe_on));
}

#[test]
fn a_duty_that_reaches_a_year_without_data_is_provisional_until_the_data_land() {
    let events = noon("2027-12-20");
    let duties = russian_duties(RequestName::Access, &events);
    let answer = find(&duties, DutyName::Answer, CountsFrom::Receipt);
    assert!(answer.provisional);
    assert_eq!(answer.legal_on, Some(date(2028, 1, 11)));
    let more = "\n[year.2028]\nsource = \"test\"\nweekdays_off = [2028-01-03, 2028-01-04, \
                2028-01-05, 2028-01-06, 2028-01-07, 2028-01-10, 2028-01-11]\n";
    let text = include_str!("../../../../config/calendars/ru.toml").to_owned() + more;
    let landed = WorkingCalendar::parse(&text).expect("valid");
    let regime = regime("ru-152fz");
    let again = reckon_again(&duties, RequestName::Access, &regime, &landed, &events);
    let answer = find(&again, DutyName::Answer, CountsFrom::Receipt);
    assert_eq!((answer.provisional, answer.legal_on), (false, Some(date(2028, 1, 13))));
}

#[test]
fn reminders_fall_at_half_three_quarters_nine_tenths_and_the_end() {
    let duties = russian_duties(RequestName::Erasure, &noon("2026-12-04"));
    let mut duty = find(&duties, DutyName::Destroy, CountsFrom::Receipt);
    let start = moscow("2026-12-01T00:00:00");
    duty.started_at = Some(start);
    duty.safe_due = Some(moscow("2026-12-11T00:00:00"));
    let expected = ["2026-12-06T00:00:00", "2026-12-08T12:00:00", "2026-12-10T00:00:00"];
    let [half, three_quarters, nine_tenths, end] = reminders(&duty).expect("dated");
    assert_eq!([half, three_quarters, nine_tenths], expected.map(moscow));
    assert_eq!(Some(end), duty.safe_due);
}

#[test]
fn the_stricter_of_two_rules_holds_even_for_an_extended_duty() {
    let text = include_str!("../../../../config/regimes/ru-152fz.toml")
        .replace("\"WITHDRAW.destroy\", ", "\"WITHDRAW\", ");
    let regime = Regime::parse(&text).expect("valid");
    let (calendar, events) = (calendar("ru"), noon("2026-12-25"));
    let duties = duties_for(RequestName::Erasure, &regime, &calendar, &events);
    let stop = find(&duties, DutyName::Stop, CountsFrom::Receipt);
    assert_eq!((stop.legal_on, stop.rule.row.as_str()), (Some(date(2027, 1, 19)), "STOP"));
    let sent = Some(events.received_at);
    let long = extend(&stop, RequestName::Erasure, &regime, &calendar, &events, sent);
    let long = long.expect("in time");
    // 15 working days would be 26 January; the 30 days of the withdrawal end before.
    assert_eq!((long.legal_on, long.rule.row.as_str()), (Some(date(2027, 1, 25)), "WITHDRAW"));
    assert!(long.extended);
}

proptest! {
    #[test]
    fn no_instant_and_no_length_breaks_the_reckoning(
        seconds in -377_705_023_201_i64..=253_402_207_200,
        n in 1_u32..=400,
        unit in prop::sample::select(Unit::ALL),
    ) {
        let from = Timestamp::from_second(seconds).expect("within what jiff represents");
        let ends = reckon::ends(unit, n, from, &TimeZone::UTC, &calendar("ru"));
        prop_assert!(ends.safe_due <= ends.legal_due);
        prop_assert!(ends.safe_on <= ends.legal_on);
        prop_assert!(ends.safe_due >= from || ends.legal_due == Timestamp::MAX);
        if unit == Unit::WorkingDays && ends.legal_on < Date::MAX {
            prop_assert!(calendar("ru").is_working(ends.legal_on));
        }
    }
}
