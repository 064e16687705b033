use jiff::civil::date;

use super::*;

const RU: &str = include_str!("../../../../config/calendars/ru.toml");
const EU: &str = include_str!("../../../../config/calendars/eu.toml");

fn russian() -> WorkingCalendar {
    WorkingCalendar::parse(RU).expect("the shipped calendar is valid")
}

fn european() -> WorkingCalendar {
    WorkingCalendar::parse(EU).expect("the shipped calendar is valid")
}

/// The real date, since only it can tell that the data grow old.
fn today() -> Date {
    let output = std::process::Command::new("date").args(["-u", "+%F"]).output();
    let output = output.expect("the date command is part of every system");
    String::from_utf8(output.stdout).expect("a date is ASCII").trim().parse().expect("a date")
}

#[test]
fn the_shipped_calendars_reach_sixty_days_ahead_of_today() {
    for calendar in [russian(), european()] {
        let left = calendar.days_covered_after(today());
        assert!(
            left >= 60,
            "config/calendars/{}.toml ends in {left} days; add the next year, see docs/deadlines.md",
            calendar.id()
        );
    }
}

#[test]
fn the_coverage_is_told_in_days_and_turns_negative_after_its_end() {
    let calendar = russian();
    assert_eq!(calendar.covered_until(), Some(date(2027, 12, 31)));
    for (today, left) in [
        (date(2027, 11, 1), 60),
        (date(2027, 11, 2), 59),
        (date(2027, 12, 31), 0),
        (date(2028, 1, 1), -1),
    ] {
        assert_eq!(calendar.days_covered_after(today), left, "{today}");
    }
    let empty = WorkingCalendar::parse("id = \"none\"").expect("a calendar may have no year");
    assert_eq!(empty.days_covered_after(date(2027, 1, 1)), i32::MIN);
}

#[test]
fn both_russian_years_have_247_working_days() {
    let calendar = russian();
    for year in [2026, 2027] {
        let worked =
            date(year, 1, 1).series(jiff::Span::new().days(1)).take_while(|d| d.year() == year);
        assert_eq!(worked.filter(|day| calendar.is_working(*day)).count(), 247, "{year}");
    }
}

#[test]
fn transferred_days_are_off_and_a_transferred_saturday_works() {
    let calendar = russian();
    for (day, works) in [
        (date(2026, 12, 31), false),
        (date(2026, 12, 30), true),
        (date(2027, 2, 20), true),
        (date(2027, 2, 22), false),
        (date(2027, 11, 5), false),
        (date(2027, 11, 13), false),
        (date(2026, 3, 8), false),
        (date(2026, 3, 9), false),
        (date(2026, 3, 10), true),
    ] {
        assert_eq!(calendar.is_working(day), works, "{day}");
    }
}

#[test]
fn a_year_without_data_is_reckoned_and_says_that_it_is_provisional() {
    let calendar = russian();
    assert!(!calendar.covers(date(2028, 1, 11)));
    // Monday to Friday less article 112: 10 January 2028 is a Monday.
    assert!(!calendar.is_working(date(2028, 1, 7)));
    assert!(calendar.is_working(date(2028, 1, 10)));
    assert!(!calendar.is_working(date(2028, 6, 12)));
    let within = calendar.working_days_after(date(2027, 12, 20), 5);
    assert_eq!(within, Reckoned { on: date(2027, 12, 27), provisional: false });
    let across = calendar.working_days_after(date(2027, 12, 27), 4);
    assert_eq!(across, Reckoned { on: date(2028, 1, 10), provisional: true });
}

#[test]
fn counting_at_the_end_of_time_stops_instead_of_failing() {
    let calendar = russian();
    assert_eq!(calendar.working_days_after(Date::MAX, 10).on, Date::MAX);
    assert!(calendar.on_or_before(Date::MIN).provisional);
}

#[test]
fn everything_wrong_in_a_calendar_is_told_at_once_with_key_and_remedy() {
    let error = WorkingCalendar::parse(
        r#"
        holidays = ["13-40", 5]
        wekdays = []
        [year.2026]
        source = "x"
        weekdays_off = [2026-01-03, 2027-01-01, 2026-01-05, 2026-01-05, 2026-02-01T10:00:00]
        working_weekends = ["2026-01-06"]
        [year.2028]
        source = ""
        [year.soon]
        source = "x"
        "#,
    )
    .expect_err("the file is full of mistakes");
    let keys: Vec<&str> = error.problems.iter().map(|problem| problem.key.as_str()).collect();
    for key in [
        "id",
        "holidays[0]",
        "holidays[1]",
        "year.2026.weekdays_off[0]",
        "year.2026.weekdays_off[1]",
        "year.2026.weekdays_off[3]",
        "year.2026.weekdays_off[4]",
        "year.2026.working_weekends[0]",
        "year.2028.source",
        "year.soon",
        "wekdays",
    ] {
        assert!(keys.contains(&key), "{key} is missing in {keys:?}");
    }
    assert_eq!(keys.len(), 11, "{error}");
    let text = error.to_string();
    assert!(text.starts_with("cannot read the working calendar: "), "{text}");
    assert!(text.contains("`id` is missing; add it as a text in quotes"), "{text}");
}

#[test]
fn a_gap_between_years_and_a_text_that_is_no_toml_are_refused() {
    let gap = "id = \"x\"\n[year.2026]\nsource = \"a\"\n[year.2028]\nsource = \"b\"\n";
    let error = WorkingCalendar::parse(gap).expect_err("2027 is missing");
    assert!(error.to_string().contains("`year.2028` leaves a gap after 2026"), "{error}");
    let error = WorkingCalendar::parse("id = \"x\"\nyear = [\n").expect_err("no TOML");
    assert!(error.to_string().contains("`line "), "{error}");
}
