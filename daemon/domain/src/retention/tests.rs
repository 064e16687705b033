//! Who is due and who never is, by table; and the docs held against the file.

use proptest::prelude::*;

use super::*;

const FILE: &str = include_str!("../../../../config/retention.toml");

fn table() -> RetentionTable {
    RetentionTable::parse(FILE).expect("the shipped table is in order")
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

fn moscow() -> TimeZone {
    TimeZone::get("Europe/Moscow").expect("a zone")
}

#[test]
fn a_person_is_due_when_the_last_purpose_is_over() {
    let closed = Some(at("2025-11-30T10:00:00Z"));
    let left = Some(at("2026-11-29T10:00:00Z"));
    let facts =
        |last_closed_at, left_at| PersonFacts { last_closed_at, left_at, ..PersonFacts::default() };
    let open = |record, when: &str| Due::Open { record, achieved_at: at(when) };
    for (now, facts, expected) in [
        (
            "2026-11-30T10:00:00Z",
            facts(closed, None),
            open(Record::ClosedTickets, "2026-11-30T10:00:00Z"),
        ),
        ("2026-11-30T09:59:59Z", facts(closed, None), Due::Nothing(Kept::Period)),
        (
            "2026-11-30T10:00:00Z",
            facts(None, left),
            open(Record::EndedSubscriptions, "2026-11-29T10:00:00Z"),
        ),
        ("2026-11-30T09:00:00Z", facts(None, left), Due::Nothing(Kept::Period)),
        // The later of two purposes decides.
        (
            "2026-11-30T10:00:00Z",
            facts(closed, left),
            open(Record::ClosedTickets, "2026-11-30T10:00:00Z"),
        ),
        ("2026-11-30T10:00:00Z", facts(None, None), Due::Nothing(Kept::PurposeUnknown)),
    ] {
        assert_eq!(table().due(&facts, at(now), &moscow()), expected, "{now} {facts:?}");
    }
}

#[test]
fn what_stands_in_the_way_is_named() {
    let over =
        PersonFacts { last_closed_at: Some(at("2020-01-01T00:00:00Z")), ..PersonFacts::default() };
    let now = at("2026-12-01T00:00:00Z");
    for (facts, kept) in [
        (PersonFacts { holds: 1, ..over }, Kept::Held),
        (PersonFacts { standing_plans: 1, ..over }, Kept::UnderWay),
        (PersonFacts { open_tickets: 1, ..over }, Kept::OpenTicket),
        (PersonFacts { standing_subscriptions: 1, ..over }, Kept::Subscribed),
        (PersonFacts { standing_blocks: 1, ..over }, Kept::Blocked),
    ] {
        assert_eq!(table().due(&facts, now, &moscow()), Due::Nothing(kept));
    }
}

proptest! {
    #[test]
    fn nobody_held_or_under_way_is_ever_due(
        holds in 0u32..3, plans in 0u32..3, tickets in 0u32..3, subscriptions in 0u32..3,
        closed in proptest::option::of(0i64..4_000_000_000), left in proptest::option::of(0i64..4_000_000_000),
        now in 0i64..4_000_000_000,
    ) {
        let instant = |second: i64| Timestamp::from_second(second).expect("in range");
        let facts = PersonFacts {
            holds, standing_plans: plans, open_tickets: tickets, standing_subscriptions: subscriptions,
            last_closed_at: closed.map(instant), left_at: left.map(instant), standing_blocks: 0,
        };
        if let Due::Open { achieved_at, .. } = table().due(&facts, instant(now), &moscow()) {
            prop_assert_eq!(holds + plans + tickets + subscriptions, 0);
            prop_assert!(achieved_at <= instant(now));
        }
    }
}

#[test]
fn a_month_ends_where_the_shorter_month_ends() {
    let end = Period::Months(1).end(at("2027-01-31T09:00:00Z"), &moscow());
    assert_eq!(end, Some(at("2027-02-28T09:00:00Z")));
    assert_eq!(Period::Forever.end(at("2027-01-31T09:00:00Z"), &moscow()), None);
    let zone = moscow();
    let before = table().prune_before(Record::RawMail, at("2026-12-04T09:00:00Z"), &zone);
    assert_eq!(before, Some(at("2025-12-04T09:00:00Z")));
    assert_eq!(table().prune_before(Record::ConsentProof, at("2026-12-04T09:00:00Z"), &zone), None);
}

#[test]
fn the_look_is_due_once_a_day_and_after_a_downtime() {
    let zone = moscow();
    for (last, now, due) in [
        (None, "2026-12-04T09:00:00Z", true),
        // 03:00 in Moscow is 00:00 UTC.
        (Some("2026-12-04T00:00:05Z"), "2026-12-04T23:59:59Z", false),
        (Some("2026-12-04T00:00:05Z"), "2026-12-05T00:00:00Z", true),
        (Some("2026-12-03T23:59:59Z"), "2026-12-04T00:00:00Z", true),
        (Some("2026-11-01T00:00:05Z"), "2026-12-04T09:00:00Z", true),
    ] {
        assert_eq!(is_look_due(last.map(at), at(now), 3, &zone), due, "{last:?} {now}");
    }
}

#[test]
fn a_wrong_table_is_told_with_everything_that_is_wrong() {
    for (from, to, told) in [
        ("[record.raw_mail]", "[record.raw_mali]", "raw_mali"),
        ("then = \"prune\"", "then = \"destruction_ticket\"", "cannot happen"),
        ("unit = \"months\"", "unit = \"moons\"", "unit"),
        ("n = 12\n", "n = 0\n", "no whole number"),
    ] {
        let error = RetentionTable::parse(&FILE.replacen(from, to, 1)).expect_err(to);
        assert!(error.to_string().contains(told), "{to}: {error}");
    }
}

#[test]
fn the_docs_say_what_the_table_says() {
    for (locale, docs) in [
        (Locale::En, include_str!("../../../../docs/retention.md")),
        (Locale::Ru, include_str!("../../../../docs/retention.ru.md")),
    ] {
        let lines = table().lines(locale);
        let missing: Vec<_> = lines.iter().filter(|line| !docs.contains(line.as_str())).collect();
        assert!(missing.is_empty(), "docs/retention lacks:\n{missing:#?}");
        let shown = docs.lines().filter(|line| line.contains("(`")).count();
        assert_eq!(shown, lines.len(), "docs/retention has lines that the table has not");
    }
}
