use super::*;
use crate::{classification::Label, language::Locale};

const RU: &str = include_str!("../../../../config/regimes/ru-152fz.toml");
const EU: &str = include_str!("../../../../config/regimes/eu-gdpr.toml");

fn parse(text: &str) -> Regime {
    Regime::parse(text).unwrap_or_else(|error| panic!("{error}"))
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

fn keys(text: &str) -> Vec<String> {
    let error = Regime::parse(text).expect_err("the file has mistakes");
    error.problems.iter().map(|problem| problem.key.clone()).collect()
}

#[test]
fn the_shipped_regimes_answer_every_label_that_is_a_request() {
    for regime in [parse(RU), parse(EU)] {
        for label in Label::ALL {
            let request = RequestName::of_label(label);
            assert_eq!(request.is_some(), label.is_request(), "{label:?}");
            let Some(request) = request else { continue };
            assert_eq!(request.name(), label.name());
            assert!(regime.duty_rules(request).count() > 0, "{}: {request:?}", regime.id());
            assert!(!regime.law_of(request).is_empty(), "{}: {request:?}", regime.id());
        }
        assert!(regime.request(RequestName::AuthorityRequest).is_some(), "{}", regime.id());
    }
}

#[test]
fn the_periods_of_152_fz_are_those_of_the_rules() {
    let regime = parse(RU);
    for (row, name, n, unit, from, more) in [
        ("ACCESS", DutyName::Answer, 10, Unit::WorkingDays, CountsFrom::Receipt, Some(5)),
        ("REFUSAL", DutyName::Refuse, 10, Unit::WorkingDays, CountsFrom::Receipt, Some(5)),
        ("RECTIFY", DutyName::Correct, 7, Unit::WorkingDays, CountsFrom::FactsReceived, None),
        ("BLOCK", DutyName::Decide, 7, Unit::WorkingDays, CountsFrom::FactsReceived, None),
        ("ERASE", DutyName::Destroy, 7, Unit::WorkingDays, CountsFrom::FactsReceived, None),
        ("UNLAWFUL", DutyName::Stop, 3, Unit::WorkingDays, CountsFrom::Detection, None),
        ("UNLAWFUL", DutyName::Destroy, 10, Unit::WorkingDays, CountsFrom::Detection, None),
        ("STOP", DutyName::Stop, 10, Unit::WorkingDays, CountsFrom::Receipt, Some(5)),
        ("STOP", DutyName::Answer, 10, Unit::WorkingDays, CountsFrom::Receipt, None),
        ("WITHDRAW", DutyName::Destroy, 30, Unit::CalendarDays, CountsFrom::Receipt, None),
        ("STOP_MARKETING", DutyName::Stop, 0, Unit::Immediate, CountsFrom::Receipt, None),
        ("STOP_PUBLISH", DutyName::Stop, 3, Unit::WorkingDays, CountsFrom::Receipt, None),
        ("AUTO_DECISION", DutyName::Answer, 30, Unit::CalendarDays, CountsFrom::Receipt, None),
        ("ACHIEVED", DutyName::Destroy, 30, Unit::CalendarDays, CountsFrom::Achieved, None),
        ("RKN_REQUEST", DutyName::Answer, 10, Unit::WorkingDays, CountsFrom::Receipt, Some(5)),
        ("RKN_BLOCK", DutyName::Correct, 7, Unit::WorkingDays, CountsFrom::FactsReceived, None),
        ("RKN_BLOCK", DutyName::Destroy, 10, Unit::WorkingDays, CountsFrom::Detection, None),
        ("CANNOT_DESTROY", DutyName::Destroy, 6, Unit::Months, CountsFrom::Receipt, None),
        ("BREACH", DutyName::Notify, 24, Unit::Hours, CountsFrom::Detection, None),
        ("BREACH", DutyName::Report, 72, Unit::Hours, CountsFrom::Detection, None),
    ] {
        let duties = &regime.row(row).unwrap_or_else(|| panic!("no row {row}")).duties;
        let found = duties.iter().find(|rule| rule.name == name && rule.counts_from == from);
        let rule = found.unwrap_or_else(|| panic!("{row} owes no {name:?}"));
        let extension = rule.extension.as_ref().map(|extension| extension.n);
        assert_eq!((rule.n, rule.unit, extension), (n, unit, more), "{row} {name:?}");
        assert!(rule.extension.as_ref().is_none_or(|extension| extension.notice_required));
    }
    for row in ["OTHER_AUTHORITY", "REPRESENTATIVE"] {
        assert!(regime.row(row).is_some_and(|row| row.duties.is_empty() && row.note.is_some()));
    }
}

#[test]
fn a_date_that_the_product_chose_says_so_in_both_languages() {
    let regime = parse(RU);
    let (_, check) = regime
        .duty_rules(RequestName::Rectification)
        .find(|(_, rule)| rule.name == DutyName::Check)
        .expect("the check has a date");
    let choice = check.product_choice.as_ref().expect("said to be a choice");
    assert!(choice.in_locale(Locale::Ru).contains("7 рабочих дней"));
    assert!(choice.in_locale(Locale::En).contains("7 working days"));
    assert!(regime.request(RequestName::Erasure).is_some_and(|r| r.product_choice.is_some()));
}

#[test]
fn the_version_in_force_at_receipt_is_chosen_in_the_regimes_zone() {
    let old = parse(
        &RU.replace("valid_from = 2022-09-01", "valid_from = 2022-09-01\nvalid_to = 2027-02-28"),
    );
    let new = RU.replace("version = \"2026-07-26\"", "version = \"2027-03-01\"");
    let new = parse(&new.replace("valid_from = 2022-09-01", "valid_from = 2027-03-01"));
    let regimes = [old, new, parse(EU)];
    let id = RegimeId::parse("ru-152fz").expect("an id");
    let version = |instant: &str| in_force(&regimes, &id, at(instant)).map(Regime::version);
    assert_eq!(version("2027-02-28T20:59:59Z"), Some("2026-07-26"));
    assert_eq!(version("2027-02-28T21:00:00Z"), Some("2027-03-01"));
    assert_eq!(version("2022-08-31T12:00:00Z"), None);
    let nearest = |at| in_force_or_nearest(&regimes, &id, at).map(Regime::version);
    assert_eq!(nearest(at("2001-01-01T00:00:00Z")), Some("2026-07-26"));
    assert_eq!(nearest(at("2030-01-01T00:00:00Z")), Some("2027-03-01"));
    let other = RegimeId::parse("uk-gdpr").expect("an id");
    assert!(in_force_or_nearest(&regimes, &other, at("2027-01-01T00:00:00Z")).is_none());
    let stored = by_version(&regimes, &id, "2026-07-26").expect("kept");
    assert_eq!(stored.validity().1, Some(jiff::civil::date(2027, 2, 28)));
    let last_only = &regimes[..1];
    let late = in_force_or_nearest(last_only, &id, at("2030-01-01T00:00:00Z"));
    assert_eq!(late.map(Regime::version), Some("2026-07-26"));
}

#[test]
fn everything_wrong_in_a_regime_is_told_at_once_with_key_and_remedy() {
    let text = RU
        .replace("time_zone = \"Europe/Moscow\"", "time_zone = \"Moscow\"")
        .replace("review_on = 2027-02-01", "review_on = \"soon\"\nreviewed_by = \"me\"")
        .replace("rows = [\"STOP_PUBLISH\"]", "rows = [\"STOP_PUBLISHING\"]")
        .replace("\"WITHDRAW.destroy\"", "\"WITHDRAW.decide\"")
        .replace("[request.access]", "[request.acess]")
        .replace("n = 24\n", "n = 2400\n")
        .replace("unit = \"months\"", "unit = \"moons\"");
    let found = keys(&text);
    for key in [
        "time_zone",
        "review_on",
        "reviewed_by",
        "request.stop_publication.rows[0]",
        "request.erasure.rows[1]",
        "request.acess",
        "request.access",
        "row.BREACH.duty[0].n",
        "row.CANNOT_DESTROY.duty[0].unit",
    ] {
        assert!(found.iter().any(|other| other == key), "{key} is missing in {found:?}");
    }
    assert_eq!(found.len(), 9, "{found:?}");
    let error = Regime::parse(&text).expect_err("the file has mistakes").to_string();
    assert!(error.contains("write one of: immediate, hours, working_days"), "{error}");
}

#[test]
fn rules_that_contradict_themselves_are_refused() {
    let check = |from: &str, to: &str, key: &str| {
        assert!(RU.contains(from), "{from}");
        let found = keys(&RU.replacen(from, to, 1));
        assert_eq!(found, [key], "{from} → {to}");
    };
    check(
        "n = 5, unit = \"working_days\"",
        "n = 5, unit = \"hours\"",
        "row.ACCESS.duty[0].extension.unit",
    );
    check("unit = \"immediate\"", "unit = \"immediate\"\nn = 1", "row.STOP_MARKETING.duty[0].n");
    check("valid_from = 2022-09-01", "valid_from = 2022-09-01\nvalid_to = 2022-08-31", "valid_to");
    check("id = \"ru-152fz\"", "id = \"RU 152\"", "id");
    check("on_refusal = \"REFUSAL\"", "on_refusal = \"NO\"", "request.access.on_refusal");
    check("who_may_ask = []", "who_may_ask = [\"anybody\"]", "row.ACHIEVED.who_may_ask[0]");
    check("title = { ru = \"Уточнение\", en = ", "title = { en = ", "row.RECTIFY.title.ru");
}

#[test]
fn an_empty_file_lists_every_key_that_it_needs() {
    let found = keys("");
    for key in ["id", "version", "title", "source", "valid_from", "time_zone", "calendar"] {
        assert!(found.iter().any(|other| other == key), "{key}");
    }
    assert!(found.iter().any(|key| key == "request.erasure"), "{found:?}");
}
