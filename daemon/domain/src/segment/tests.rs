use jiff::civil::date;
use proptest::prelude::*;

use super::*;

fn field(id: i64, name: &str, kind: FieldType) -> CustomField {
    let choices = match kind {
        FieldType::Choice => vec!["Gold".to_owned(), "silver".to_owned()],
        _ => Vec::new(),
    };
    CustomField { id, name: name.to_owned(), kind, choices, is_special: name == "diagnosis" }
}

fn vocabulary() -> Vocabulary {
    Vocabulary {
        fields: vec![
            field(1, "city", FieldType::Text),
            field(2, "visits", FieldType::Number),
            field(3, "birthday", FieldType::Date),
            field(4, "member", FieldType::YesNo),
            field(5, "level", FieldType::Choice),
            field(6, "diagnosis", FieldType::Text),
        ],
    }
}

fn read(text: &str) -> Segment {
    Segment::parse(text, &vocabulary()).unwrap()
}

fn wrong(text: &str) -> String {
    Segment::parse(text, &vocabulary()).unwrap_err().to_string()
}

fn test(test: Test) -> Segment {
    Segment::Test(test)
}

fn city(name: &str) -> Segment {
    test(Test::Text(Subject::Custom(1), TextMatch::Equals, vec![name.to_owned()]))
}

#[test]
fn every_sort_of_test_is_read() {
    let rows: Vec<(&str, Segment)> = vec![
        ("tag \"vip\"", test(Test::Tag("vip".to_owned()))),
        ("subscribed \"news\"", test(Test::Subscribed("news".to_owned()))),
        ("reached \"May\"", test(Test::Reached("May".to_owned()))),
        ("city = \"Омск\"", city("Омск")),
        ("city != \"Омск\"", Segment::Not(Box::new(city("Омск")))),
        (
            "city in (\"Омск\", \"Томск\")",
            test(Test::Text(
                Subject::Custom(1),
                TextMatch::Equals,
                vec!["Омск".to_owned(), "Томск".to_owned()],
            )),
        ),
        (
            "city starts_with \"Ом\"",
            test(Test::Text(Subject::Custom(1), TextMatch::StartsWith, vec!["Ом".to_owned()])),
        ),
        ("city is known", test(Test::IsKnown(Subject::Custom(1)))),
        ("city is unknown", Segment::Not(Box::new(test(Test::IsKnown(Subject::Custom(1)))))),
        (
            "visits >= -1.5",
            test(Test::Number(
                Subject::Custom(2),
                Order::AtLeast,
                Decimal::from_millionths(-1_500_000),
            )),
        ),
        (
            "birthday < 1990-02-28",
            test(Test::Date(Subject::Custom(3), Order::Less, DateValue::On(date(1990, 2, 28)))),
        ),
        (
            "joined >= today - 1 year + 2 weeks",
            test(Test::Date(
                Subject::Joined,
                Order::AtLeast,
                DateValue::Today { months: -12, days: 14 },
            )),
        ),
        (
            "birthday.month = 5",
            test(Test::DatePart(Subject::Custom(3), DatePart::Month, Order::Equal, 5)),
        ),
        ("member = yes", test(Test::YesNo(Subject::Custom(4), true))),
        (
            "level = GOLD",
            test(Test::Text(Subject::Custom(5), TextMatch::Equals, vec!["Gold".to_owned()])),
        ),
        (
            "locale = en",
            test(Test::Text(Subject::Locale, TextMatch::Equals, vec!["en".to_owned()])),
        ),
    ];
    for (text, expected) in rows {
        assert_eq!(read(text), expected, "{text}");
    }
}

#[test]
fn not_binds_stronger_than_and_and_and_stronger_than_or() {
    let (a, b, c) = (city("a"), city("b"), city("c"));
    assert_eq!(
        read("city = \"a\" or not city = \"b\" and city = \"c\""),
        Segment::Or(vec![
            a.clone(),
            Segment::And(vec![Segment::Not(Box::new(b.clone())), c.clone()])
        ])
    );
    assert_eq!(
        read("(city = \"a\" OR city = \"b\") And city = \"c\""),
        Segment::And(vec![Segment::Or(vec![a, b]), c])
    );
}

#[test]
fn what_is_wrong_is_told_with_its_place_and_a_remedy() {
    let rows = [
        ("", "at character 1: the name of a field"),
        ("town = \"Омск\"", "at character 1: there is no field `town`; see `consentry field list`"),
        ("city = Омск", "at character 8: a text in \"quotes\" was expected, not `омск`"),
        ("city = “Омск”", "at character 8: a text is written between straight quotes"),
        ("visits = \"3\"", "at character 10: a number was expected, not a text"),
        ("visits = 3 birthday", "at character 12: `birthday` after the end"),
        ("birthday = 2026-02-30", "at character 12: a number has up to six places"),
        ("birthday.month = 13", "at character 18: a month is 1 to 12"),
        ("level = bronze", "at character 9: it is one of: Gold, silver"),
        ("level contains \"o\"", "at character 7: `=`, `!=`, `in` or `is known` was expected"),
        ("city.month = 3", "at character 6: only a date has a month and a day"),
        ("diagnosis = \"x\"", "at character 1: the field `diagnosis` holds special data"),
        ("(city = \"a\"", "at character 12: `)` is missing at the end"),
        ("city = \" \"", "at character 8: an empty text matches nobody"),
        ("visits = 1; drop table contact", "at character 11: `;` means nothing here"),
        ("visits = 99999999999999999999", "at character 10: a number has up to six places"),
        ("joined > today - 1.5 days", "at character 18: a whole number up to 10000"),
    ];
    for (text, start) in rows {
        let told = wrong(text);
        assert!(told.starts_with(start), "{text}: {told}");
    }
}

#[test]
fn what_is_too_large_is_refused() {
    let deep = format!("{}city is known{}", "(".repeat(40), ")".repeat(40));
    assert!(wrong(&deep).contains("deeper than 32"));
    let negated = format!("{}city is known", "not ".repeat(100_000 / 4));
    assert!(wrong(&negated).contains("4096 bytes"));
    let many = vec!["member = no"; 101].join(" or ");
    assert!(wrong(&many).contains("at most 100 tests"));
    let values = vec!["1"; 501].join(",");
    assert!(wrong(&format!("visits in ({values})")).contains("at most 500 values"));
}

#[test]
fn today_moves_by_the_calendar() {
    let value = DateValue::Today { months: -1, days: 1 };
    assert_eq!(value.on(date(2026, 3, 31)), date(2026, 3, 1));
    let far = DateValue::Today { months: 1_000_000, days: 0 };
    assert_eq!(far.on(date(2026, 3, 31)).year(), 9999);
}

fn any_test() -> impl Strategy<Value = Test> {
    let text = "[a-zа-я \"\\\\%_']{0,8}[a-z]";
    let order = prop::sample::select(Order::ALL);
    prop_oneof![
        text.prop_map(Test::Tag),
        text.prop_map(Test::Subscribed),
        text.prop_map(Test::Reached),
        (prop::collection::vec(text, 1..4)).prop_map(|values| Test::Text(
            Subject::Custom(1),
            TextMatch::Equals,
            values
        )),
        (text).prop_map(|value| Test::Text(Subject::Zone, TextMatch::Contains, vec![value])),
        (order.clone(), any::<i32>()).prop_map(|(order, value)| {
            Test::Number(Subject::Custom(2), order, Decimal::from_millionths(i64::from(value)))
        }),
        (order.clone(), -500_i32..500, -500_i32..500).prop_map(|(order, months, days)| {
            Test::Date(Subject::Joined, order, DateValue::Today { months, days })
        }),
        (order, 1_i8..=31).prop_map(|(order, day)| {
            Test::DatePart(Subject::Custom(3), DatePart::Day, order, day)
        }),
        any::<bool>().prop_map(|value| Test::YesNo(Subject::Custom(4), value)),
        Just(Test::IsKnown(Subject::Custom(5))),
    ]
}

fn any_segment() -> impl Strategy<Value = Segment> {
    any_test().prop_map(Segment::Test).prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|one| Segment::Not(Box::new(one))),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Segment::And),
            prop::collection::vec(inner, 2..4).prop_map(Segment::Or),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_reads_back_as_the_same(segment in any_segment()) {
        let text = segment.text(&vocabulary());
        if text.len() <= LONGEST_TEXT {
            prop_assert_eq!(Segment::parse(&text, &vocabulary()), Ok(segment), "{}", text);
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC{0,200}") {
        let _ = Segment::parse(&text, &vocabulary());
    }

    #[test]
    fn words_of_the_language_in_any_order_make_no_panic(
        words in prop::collection::vec(prop::sample::select(vec![
            "and", "or", "not", "(", ")", "city", "=", "!=", "\"a\"", "1", "2026-01-01", "today",
            "-", "days", "in", ",", "is", "known", "tag", ".", "month", "birthday", "visits",
        ]), 0..60),
    ) {
        let _ = Segment::parse(&words.join(" "), &vocabulary());
    }
}
