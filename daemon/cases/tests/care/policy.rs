//! A question about the policy: its own lane, answered by a person in their own words.

use cases::{CasesError, answering::AfterReply, policies::PolicyToAdd};
use domain::{
    classification::Label,
    language::Locale,
    regime::{RegimeId, RequestName},
    ticket::{Lane, TicketState},
};
use jiff::SignedDuration;
use sha2::{Digest as _, Sha256};

use crate::room::{ANNA, BORIS, Room};

const ACTOR: &str = "orlova";

fn rule(result: Result<impl std::fmt::Debug, CasesError>) -> &'static str {
    match result {
        Err(CasesError::Refused { rule, .. }) => rule,
        other => panic!("a refusal is expected: {other:?}"),
    }
}

async fn a_question_about_the_policy_has_a_lane_of_its_own(room: Room) {
    let question = room.asks(ANNA, &[Label::PolicyQuestion]).await;
    let both = room.asks(BORIS, &[Label::PolicyQuestion, Label::Erasure]).await;
    assert!(question.requests.is_empty());
    let ticket = room.ticket(question.ticket).await;
    assert_eq!(ticket.lane, Lane::Policy);
    assert_eq!(room.ticket(both.ticket).await.lane, Lane::Privacy);
    let lane = room.cases().tickets_of_lane(Lane::Policy, None, 50).await.expect("listed");
    let numbers: Vec<_> = lane.iter().map(|ticket| ticket.number.as_str()).collect();
    assert_eq!(numbers, [question.number.as_str()]);
    // A later request of the same person takes the ticket into the lane of requests.
    assert_eq!(
        room.cases().tickets_of_lane(Lane::Ordinary, None, 50).await.expect("listed").len(),
        0
    );
}

async fn an_answer_leaves_under_the_number_and_the_ticket_waits_or_is_closed(room: Room) {
    let question = room.asks(ANNA, &[Label::PolicyQuestion]).await;
    let cases = room.cases();
    let empty = cases.reply_to_ticket(&question.number, " \n\n ", AfterReply::Wait, ACTOR).await;
    assert_eq!(rule(empty), "reply_text");
    let text = "Мы храним письма год.\n\nЭто сказано\nв пункте 1.2 политики.";
    cases.reply_to_ticket(&question.number, text, AfterReply::Wait, ACTOR).await.expect("planned");
    let letter = room.letter(question.ticket, "reply").await.content.expect("sealed");
    assert!(letter.subject.contains(&question.number));
    assert!(letter.text.contains("\n\nЭто сказано в пункте 1.2 политики.\n\n"));
    assert!(!letter.automatic);
    let state = room.ticket(question.ticket).await.state;
    assert!(matches!(state, TicketState::Waiting { .. }), "{state:?}");
    cases
        .reply_to_ticket(&question.number, "Всё.", AfterReply::Close, ACTOR)
        .await
        .expect("planned");
    let state = room.ticket(question.ticket).await.state;
    assert!(matches!(state, TicketState::Closed { .. }), "{state:?}");
    assert_eq!(rule(cases.close_ticket(&question.number, ACTOR).await), "ticket_step");
    cases.open_ticket_again(&question.number, ACTOR).await.expect("reopened");
    assert_eq!(room.ticket(question.ticket).await.state, TicketState::Open);
    let clear = room.count("audit_event WHERE detail LIKE '%храним%'").await;
    assert_eq!(clear, 0);
}

async fn a_ticket_with_an_open_request_is_not_closed_by_an_answer(room: Room) {
    let matter = room.asks(ANNA, &[Label::Erasure]).await;
    let cases = room.cases();
    let letters = room.letters(matter.ticket).await.len();
    let answered = cases.reply_to_ticket(&matter.number, "Готово.", AfterReply::Close, ACTOR).await;
    assert_eq!(rule(answered), "ticket_owes");
    assert_eq!(rule(cases.close_ticket(&matter.number, ACTOR).await), "ticket_owes");
    assert_eq!(room.letters(matter.ticket).await.len(), letters, "nothing leaves by a refusal");
}

async fn the_regimes_of_a_person_give_their_requests_their_clocks(mut room: Room) {
    room.with_both_regimes();
    let anna = room.contact("Анна", "", &[ANNA]).await;
    let id = |text: &str| RegimeId::parse(text).expect("an id");
    let unknown = room.cases().set_regimes_of_contact(anna, &[id("xx-none")], ACTOR).await;
    assert_eq!(rule(unknown), "regime_known");
    room.cases().set_regimes_of_contact(anna, &[id("eu-gdpr")], ACTOR).await.expect("set");
    let shown = room.cases().regimes_of_contact(anna, ACTOR).await.expect("shown");
    assert_eq!((shown.regimes, shown.by.as_deref()), (vec![id("eu-gdpr")], Some(ACTOR)));
    let of_anna = room.asks(ANNA, &[Label::Access]).await;
    let of_boris = room.asks(BORIS, &[Label::Access]).await;
    let regimes = |duties: Vec<store::requests::DutyRow>| {
        let mut all: Vec<String> =
            duties.iter().filter_map(|d| Some(d.rule.split_once('@')?.0.to_owned())).collect();
        all.sort();
        all.dedup();
        all
    };
    let duties = store::requests::duties_of_ticket(room.store(), of_anna.ticket).await;
    assert_eq!(regimes(duties.expect("read")), ["eu-gdpr"]);
    let duties = store::requests::duties_of_ticket(room.store(), of_boris.ticket).await;
    assert_eq!(regimes(duties.expect("read")), ["eu-gdpr", "ru-152fz"]);
    // By rule: whoever writes from a .de address; what is set by hand outweighs it.
    room.with_settings(|settings| {
        settings.requests.regime_rules = vec![domain::regime::whose::RegimeRule {
            countries: vec!["example".to_owned()],
            regimes: vec![id("ru-152fz")],
            ..Default::default()
        }];
    });
    let by_rule = room.asks("clara@home.example", &[Label::Access]).await;
    let duties = store::requests::duties_of_ticket(room.store(), by_rule.ticket).await;
    assert_eq!(regimes(duties.expect("read")), ["ru-152fz"]);
    assert_eq!(room.request(by_rule.request()).await.name, RequestName::Access);
}

async fn a_ticket_names_the_policy_in_force_when_it_came(room: Room) {
    let before = room.asks(ANNA, &[Label::PolicyQuestion]).await;
    assert_eq!(room.ticket(before.ticket).await.policy, None);
    let now = room.now();
    let add = |version: &'static str, from: domain::Timestamp| {
        let store = room.store().clone();
        async move {
            let transaction = store.begin().await.expect("begins");
            let sha256 = [7_u8; 32];
            let new = store::policies::NewPolicy {
                version,
                locale: domain::language::Locale::Ru,
                url: "",
                body: "Текст",
                sha256,
                effective_from_at: from,
                created_by: "test",
            };
            let id = store::policies::add(&transaction, &new, now).await.expect("added");
            transaction.commit().await.expect("commits");
            id
        }
    };
    let current = add("1", now).await;
    add("2", now + jiff::SignedDuration::from_hours(24 * 30)).await;
    let after = room.asks(BORIS, &[Label::PolicyQuestion]).await;
    assert_eq!(room.ticket(after.ticket).await.policy, Some(current), "not one that comes later");
}

async fn a_later_version_holds_from_its_day(room: Room) {
    let day = SignedDuration::from_hours(24);
    let begun = room.now();
    let add = async |version: &str, body: &str, from| {
        let policy = PolicyToAdd {
            version: version.to_owned(),
            locale: Locale::Ru,
            url: String::new(),
            body: body.to_owned(),
            effective_from_at: from,
        };
        room.cases().add_policy(&policy, ACTOR).await.expect("written down").0
    };
    let first = add("1", "Первая", begun).await;
    let second = add("2", "Вторая", begun + day * 30).await;
    for (at, from, expected) in [
        (begun, ANNA, first),
        (begun + day * 30 - SignedDuration::from_secs(1), BORIS, first),
        (begun + day * 30, "vera@mail.example", second),
    ] {
        room.set_time(&at.to_string());
        let matter = room.asks(from, &[Label::Access]).await;
        assert_eq!(room.ticket(matter.ticket).await.policy, Some(expected), "{at}");
        let in_force = room.cases().policy_in_force(Locale::Ru).await.expect("read");
        assert_eq!(in_force.map(|policy| policy.id), Some(expected), "{at}");
    }
    assert_eq!(room.cases().policy_in_force(Locale::En).await.expect("read"), None);
}

async fn what_was_published_is_never_changed(room: Room) {
    let now = room.now();
    let policy = PolicyToAdd {
        version: "1".to_owned(),
        locale: Locale::Ru,
        url: "https://clinic.example/policy/1".to_owned(),
        body: "Первая редакция".to_owned(),
        effective_from_at: now,
    };
    let (_, sha256) = room.cases().add_policy(&policy, ACTOR).await.expect("written down");
    let another = PolicyToAdd { body: "Другая".to_owned(), ..policy.clone() };
    assert_eq!(rule(room.cases().add_policy(&another, ACTOR).await), "policy_exists");
    let at = now.as_microsecond();
    for sql in [
        format!(
            "INSERT INTO list (name, purpose, title_ru, title_en, advertiser, created_at, created_by) \
             VALUES ('news', 'newsletter', 'Н', 'N', 'A', {at}, 'anna')"
        ),
        format!(
            "INSERT INTO consent_text (list_id, version, locale, body, advertiser, sha256, created_at, created_by) \
             SELECT id, 1, 'ru', 'Согласен', 'A', (SELECT sha256 FROM policy_version), {at}, 'anna' FROM list"
        ),
    ] {
        store::probe::write(room.store(), &sql).await.expect("written");
    }
    for refused in [
        "UPDATE policy_version SET body = 'Другая'",
        "UPDATE policy_version SET effective_from_at = 0",
        "DELETE FROM policy_version",
        "UPDATE consent_text SET body = 'Не согласен'",
        "DELETE FROM consent_text",
    ] {
        assert!(store::probe::write(room.store(), refused).await.is_err(), "{refused}");
    }
    let all = room.cases().policies().await.expect("listed");
    let [held] = all.as_slice() else { panic!("one version: {all:?}") };
    assert_eq!((held.body.as_str(), held.sha256), (policy.body.as_str(), sha256));
    assert_eq!(sha256, <[u8; 32]>::from(Sha256::digest(policy.body.as_bytes())));
}

both! {
    a_later_version_holds_from_its_day,
    what_was_published_is_never_changed,
    a_question_about_the_policy_has_a_lane_of_its_own,
    an_answer_leaves_under_the_number_and_the_ticket_waits_or_is_closed,
    a_ticket_with_an_open_request_is_not_closed_by_an_answer,
    the_regimes_of_a_person_give_their_requests_their_clocks,
    a_ticket_names_the_policy_in_force_when_it_came,
}
