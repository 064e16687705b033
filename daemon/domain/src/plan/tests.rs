use jiff::{Timestamp, civil::date, tz::TimeZone};
use proptest::prelude::*;

use super::*;
use crate::ids::{AddressId, ContactId, TicketId};

fn facts() -> Facts {
    Facts {
        erased_before: false,
        has_reply_address: true,
        today: date(2026, 12, 4),
        holds: 0,
        unanswered: 0,
    }
}

fn whose() -> Whose {
    Whose { contact: Some(ContactId(1)), addresses: vec![AddressId(2)], tickets: vec![TicketId(3)] }
}

fn counts() -> Counts {
    [
        (Part::Contact, 1),
        (Part::Addresses, 1),
        (Part::Consents, 2),
        (Part::Submissions, 1),
        (Part::RawMail, 1),
    ]
    .into()
}

fn draft(counts: &Counts, keeps: &[Keep]) -> Draft {
    Draft::make(Method::Destroy, whose(), counts, keeps, &facts()).expect("a plan")
}

#[test]
fn a_plan_names_what_is_destroyed_and_what_is_kept_and_why() {
    let plan = draft(&counts(), &[]);
    let kept: Vec<_> = plan
        .steps
        .iter()
        .filter(|step| step.action == Action::Keep)
        .map(|step| (step.part.name(), step.until.map(|day| day.to_string())))
        .collect();
    let three_years = Some("2029-12-04".to_owned());
    assert_eq!(
        kept,
        [
            ("suppression", None),
            ("consent_proof", three_years.clone()),
            ("act", three_years),
            ("reply_address", None)
        ]
    );
    assert_eq!(plan.finding, Finding::Held);
    assert!(plan.is_complete());
}

#[test]
fn a_legal_hold_and_an_open_question_forbid_every_plan() {
    for method in Method::ALL {
        let make = |facts: &Facts| Draft::make(*method, whose(), &counts(), &[], facts);
        assert_eq!(make(&Facts { holds: 1, ..facts() }), Err(PlanError::Held(1)));
        assert_eq!(make(&Facts { unanswered: 2, ..facts() }), Err(PlanError::Unanswered(2)));
    }
}

#[test]
fn what_a_law_keeps_is_kept_with_all_that_belongs_to_it() {
    let keep = Keep::parse("submissions=402-FZ art. 29(1), as amended,2031-12-31").expect("a rule");
    assert_eq!(keep.law, "402-FZ art. 29(1), as amended");
    let plan = draft(&counts(), &[keep]);
    for part in [Part::Submissions, Part::RawMail] {
        assert!(plan.is_kept(part), "{part:?}");
    }
    assert!(!plan.is_kept(Part::Contact) && !plan.is_complete());
}

#[test]
fn what_cannot_be_kept_by_a_law_is_refused() {
    for (text, error) in [
        ("contact", KeepError::Form),
        ("contact=402-FZ", KeepError::Form),
        ("suppression=402-FZ,2031-12-31", KeepError::Part),
        ("contact=,2031-12-31", KeepError::Law),
        ("contact=402-FZ,some day", KeepError::Until),
    ] {
        assert_eq!(Keep::parse(text), Err(error), "{text}");
    }
}

#[test]
fn three_findings_are_told_apart() {
    let alone: Counts = [(Part::Submissions, 1), (Part::Tickets, 1)].into();
    let find = |counts: &Counts, erased_before| {
        let facts = Facts { erased_before, ..facts() };
        Draft::make(Method::Destroy, whose(), counts, &[], &facts).expect("a plan").finding
    };
    assert_eq!(find(&alone, false), Finding::NeverHeld);
    assert_eq!(find(&alone, true), Finding::ErasedBefore);
    assert_eq!(find(&counts(), true), Finding::Held);
}

#[test]
fn more_of_the_same_is_covered_and_anything_else_is_not() {
    let approved = draft(&counts(), &[]);
    let mut grown = counts();
    grown.insert(Part::Submissions, 5);
    assert_eq!(approved.uncovered(&draft(&grown, &[])), None);
    grown.insert(Part::Subscriptions, 1);
    assert_eq!(approved.uncovered(&draft(&grown, &[])), Some(Uncovered::Part(Part::Subscriptions)));
    let mut other = draft(&counts(), &[]);
    other.whose.tickets.push(TicketId(9));
    assert_eq!(approved.uncovered(&other), None, "a further ticket is a matter of its own");
    other = draft(&counts(), &[]);
    other.whose.addresses.clear();
    assert_eq!(approved.uncovered(&other), Some(Uncovered::Person));
    let keep = Keep::parse("contact=402-FZ,2031-12-31").expect("a rule");
    let kept = draft(&counts(), std::slice::from_ref(&keep));
    assert_eq!(approved.uncovered(&kept), Some(Uncovered::Keep(Part::Contact)));
    assert_eq!(kept.uncovered(&approved), Some(Uncovered::Keep(Part::Contact)));
    assert_eq!(kept.keeps(), [keep]);
}

#[test]
fn every_stage_leads_to_the_end_and_none_is_left_out() {
    let mut stage = Stage::Protect;
    let mut seen = vec![stage];
    while let Some(next) = stage.next() {
        assert!(next > stage);
        stage = next;
        seen.push(stage);
    }
    assert_eq!(seen, Stage::ALL);
    assert_eq!(stage.state(), PlanState::Closed);
}

#[test]
fn what_was_begun_is_neither_begun_again_nor_void() {
    for state in PlanState::ALL {
        let fresh = matches!(state, PlanState::Proposed | PlanState::Approved);
        assert_eq!(state.begin().is_ok(), fresh, "{state:?}");
        assert_eq!(state.void().is_ok(), fresh, "{state:?}");
    }
}

#[test]
fn six_months_at_most_and_only_for_a_reason() {
    let zone = TimeZone::get("Europe/Moscow").expect("a zone");
    let at = |text: &str| text.parse::<Timestamp>().expect("an instant");
    let (received, now) = (at("2026-08-31T09:00:00Z"), at("2026-09-01T09:00:00Z"));
    let last = latest_postponement(received, &zone);
    assert_eq!(last, at("2027-02-28T20:59:59Z"), "the end of the month is clamped");
    let new = |reason: &str, until| Postponed::new(reason, received, until, now, &zone);
    assert_eq!(new("tape", last), Ok(Postponed { until: last }));
    assert_eq!(new(" ", last), Err(PostponeError::NoReason));
    assert_eq!(new("tape", now), Err(PostponeError::Past));
    assert_eq!(new("tape", at("2027-02-28T21:00:00Z")), Err(PostponeError::TooLate));
}

proptest! {
    /// Whatever is shown belongs to the hash: a plan that shows anything else has another one.
    #[test]
    fn another_plan_has_another_hash(
        found in proptest::collection::btree_map(0_usize..19, 1_i64..9, 1..8),
        other in proptest::collection::btree_map(0_usize..19, 1_i64..9, 1..8),
    ) {
        let plan = |found: &std::collections::BTreeMap<usize, i64>| {
            let counts: Counts = found.iter().map(|(part, n)| (Part::ALL[*part], *n)).collect();
            draft(&counts, &[])
        };
        let (one, two) = (plan(&found), plan(&other));
        prop_assert_eq!(one.hash() == two.hash(), one == two);
        prop_assert_eq!(one.uncovered(&one), None);
    }
}
