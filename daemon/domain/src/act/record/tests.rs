use super::*;
use crate::ids::{AuditEventId, ContactId};

fn facts() -> ActFacts {
    ActFacts {
        ticket_number: "CT-7K3M9QXW".into(),
        regimes: vec!["ru-152fz".into()],
        subject: ActSubject::new(Some(ContactId(17)), "CT-7K3M9QXW", None)
            .named(Some("Анна Орлова".into())),
        processors: Vec::new(),
        informed: Vec::new(),
        asked_again_at: None,
        executed_by: vec!["anna".into(), "consentry".into(), "anna".into()],
        categories: Vec::new(),
        method: Method::Destroy,
        tool: String::new(),
        reason: "erasure".into(),
        law: "152-FZ art. 21(5)".into(),
        destroyed_at: Timestamp::UNIX_EPOCH,
        parts: vec![ActPart {
            part: "contact".into(),
            action: "destroy".into(),
            found: 1,
            done: 1,
            kept: 0,
            basis: String::new(),
            law: String::new(),
            keep_until_on: None,
            done_at: None,
        }],
    }
}

fn house(shows: SubjectShown) -> ActHouse {
    ActHouse {
        operator: ActParty { name: "ООО".into(), address: "Москва".into() },
        system: "Consentry".into(),
        tool: "Consentry 1".into(),
        persons: vec![ActPerson {
            actor: "anna".into(),
            name: "А. П. Белова".into(),
            post: "специалист".into(),
        }],
        shows,
    }
}

fn lines() -> Vec<ExtractLine> {
    vec![ExtractLine {
        event: AuditEventId(9),
        at: Timestamp::UNIX_EPOCH,
        actor: "consentry".into(),
        act: "destroyed".into(),
        about: "plan:3".into(),
        detail: "{}".into(),
    }]
}

fn drawn(shows: SubjectShown) -> Act {
    let on = jiff::civil::date(2026, 11, 23);
    let number = ActNumber::next(2026, None);
    Act::draw_up(number, &facts(), &house(shows), lines(), on, Timestamp::UNIX_EPOCH)
        .expect("drawn up")
}

#[test]
fn the_act_holds_the_hash_of_the_extract_and_shows_any_change_of_it() {
    let mut act = drawn(SubjectShown::Code);
    assert!(act.opened_extract().is_some());
    act.extract = act.extract.replace("destroyed", "kept");
    assert!(act.opened_extract().is_none());
}

#[test]
fn a_name_stands_in_the_act_alone_and_only_where_names_were_chosen() {
    let code = drawn(SubjectShown::Code);
    assert_eq!(code.subject.name, None);
    assert!(code.stands_in_for.is_empty());
    let name = drawn(SubjectShown::Name);
    assert_eq!(name.subject.name.as_deref(), Some("Анна Орлова"));
    assert_eq!(name.stands_in_for, ['а']);
    assert!(!name.extract.contains("Орлова"));
}

#[test]
fn who_destroyed_stands_once_with_name_and_post() {
    let act = drawn(SubjectShown::Code);
    let names: Vec<_> = act.executed_by.iter().map(|person| person.name.as_str()).collect();
    assert_eq!(names, ["А. П. Белова"], "the daemon is nobody");
    assert_eq!(act.categories, ["name", "email", "phone", "attributes"]);
}

#[test]
fn without_events_there_is_no_act() {
    let (number, on) = (ActNumber::next(2026, None), jiff::civil::date(2026, 11, 23));
    let house = house(SubjectShown::Code);
    let at = Timestamp::UNIX_EPOCH;
    let none = Act::draw_up(number, &facts(), &house, Vec::new(), on, at);
    assert_eq!(none, Err(NoAct::NoEvents));
}

#[test]
fn without_an_address_or_a_post_there_is_no_act() {
    let (number, on) = (ActNumber::next(2026, None), jiff::civil::date(2026, 11, 23));
    let at = Timestamp::UNIX_EPOCH;
    let none = |house: &ActHouse, facts: &ActFacts| {
        Act::draw_up(number, facts, house, lines(), on, at).expect_err("none")
    };
    let mut without = house(SubjectShown::Code);
    without.operator.address.clear();
    assert_eq!(none(&without, &facts()), NoAct::Lacks(Lack::OperatorAddress));
    let known = Some(house(SubjectShown::Code).operator);
    assert!(without.or_as_known(known, Vec::new()).can_say(["anna"]).is_ok());
    let mut without = house(SubjectShown::Code);
    without.persons[0].post.clear();
    assert_eq!(none(&without, &facts()), NoAct::Lacks(Lack::Person("anna".into())));
    let alone = ActFacts { executed_by: vec!["consentry".into()], ..facts() };
    assert_eq!(none(&house(SubjectShown::Code), &alone), NoAct::Nobody);
}

#[test]
fn no_act_tells_of_more_destroyed_than_found() {
    let (number, on) = (ActNumber::next(2026, None), jiff::civil::date(2026, 11, 23));
    let mut facts = facts();
    facts.parts[0].done = 2;
    let house = house(SubjectShown::Code);
    let none = Act::draw_up(number, &facts, &house, lines(), on, Timestamp::UNIX_EPOCH);
    assert_eq!(none, Err(NoAct::Sum("contact".into())));
}

#[test]
fn a_supplement_stands_beside_its_act_and_says_what_went_since() {
    let act = drawn(SubjectShown::Code);
    let number = ActNumber::next(2026, None).supplemented();
    let reply = ActPart { part: "addresses".into(), ..act.parts[0].clone() };
    let (now, on) = (Timestamp::UNIX_EPOCH, jiff::civil::date(2026, 11, 25));
    let made =
        act.supplement(number, vec![reply], lines(), (Some(now), now), on, now).expect("drawn up");
    assert_eq!(made.number, "A-2026-000001-1");
    assert_eq!(made.kind, ActKind::Supplement { to: "A-2026-000001".into() });
    assert_eq!((made.wiped_at, made.kept_until.year()), (Some(now), 2029));
    assert_eq!((&made.executed_by, &made.operator), (&act.executed_by, &act.operator));
    assert_eq!(made.categories, ["email"]);
    assert!(made.opened_extract().is_some() && made.extract != act.extract);
    let bare = act.supplement(number, Vec::new(), lines(), (None, now), on, now);
    assert_eq!(bare.expect("of traces alone").categories, act.categories);
    let silent = act.supplement(number, Vec::new(), Vec::new(), (None, now), on, now);
    assert_eq!(silent, Err(NoAct::NoEvents));
}
