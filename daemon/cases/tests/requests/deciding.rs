//! Who decides on what: four eyes, identity, holds, and what was changed since.

use cases::{
    CasesError,
    identity::ChallengeAnswer,
    requests::{
        deciding::{Decided, Refusal},
        executing::{Carried, CarriedOut},
    },
};
use domain::{
    classification::Label,
    identity::IdentityLevel,
    ids::RequestId,
    regime::{CountsFrom, DutyName},
    request::{Outcome, RequestState},
};
use store::StoreError;

use crate::room::{ANNA, Matter, Room};

pub fn is_refused<T: std::fmt::Debug>(result: Result<T, CasesError>, expected: &str) {
    match result {
        Err(CasesError::Refused { rule, .. }) => assert_eq!(rule, expected),
        other => panic!("not refused by {expected}: {other:?}"),
    }
}

pub async fn under_review(room: &Room, label: Label) -> Matter {
    let matter = room.asks(ANNA, &[label]).await;
    room.cases().review_request(matter.request(), "anna").await.expect("reviewed");
    matter
}

pub async fn attest(room: &Room, matter: &Matter) {
    let sql = format!(
        "INSERT INTO identity_proof (ticket_id, level, at, actor, newest_request) \
         VALUES ({}, '{}', 1, 'anna', {}) RETURNING id",
        matter.ticket,
        IdentityLevel::Attested.name(),
        matter.requests.iter().map(|id| id.0).max().unwrap_or(0),
    );
    room.number(&sql).await;
}

/// A standing plan, as its own room would make it.
async fn plan(room: &Room, request: RequestId, hash: u8, maker: &str) {
    let bytes = match room.store().dialect() {
        store::Dialect::Sqlite => format!("x'{}'", format!("{hash:02x}").repeat(32)),
        store::Dialect::Postgres => {
            format!("decode('{}', 'hex')", format!("{hash:02x}").repeat(32))
        }
    };
    let sql = format!(
        "INSERT INTO plan (request_id, method, state, addresses, tickets, hash, made_by, made_at, finding) \
         VALUES ({request}, 'destroy', 'proposed', '[]', '[]', {bytes}, '{maker}', 1, 'held') RETURNING id"
    );
    room.number(&sql).await;
}

fn refusal() -> Refusal {
    Refusal {
        clause: "152-ФЗ ст. 6 ч. 1 п. 5".into(),
        reasons: "Договор ещё исполняется.\n\nДо его конца данные нужны.".into(),
    }
}

async fn another_person_approves_and_what_was_changed_is_void(room: Room) {
    let cases = room.cases();
    let matter = under_review(&room, Label::Erasure).await;
    let id = matter.request();
    is_refused(cases.propose(id, None, "anna").await, "prepared");
    plan(&room, id, 1, "boris").await;
    cases.propose(id, None, "anna").await.expect("proposed");
    is_refused(cases.propose(id, None, "vera").await, "decision_stands");
    is_refused(cases.decide(id, "anna").await, "four_eyes");
    is_refused(cases.decide(id, "Boris").await, "four_eyes");
    is_refused(cases.decide(id, "vera").await, "identity_level");
    attest(&room, &matter).await;
    let hold = format!(
        "INSERT INTO legal_hold (ticket_id, from_at, reason) VALUES ({}, 1, 'authority') RETURNING id",
        matter.ticket
    );
    let hold = room.number(&hold).await;
    is_refused(cases.decide(id, "vera").await, "legal_hold");
    is_refused(cases.lift_hold(hold, " ", "anna").await, "lift_needs_reason");
    cases.lift_hold(hold, "the court is done", "anna").await.expect("lifted");
    // The plan was made anew: what was proposed is not what is there.
    let changed = format!("UPDATE plan SET state = 'void' WHERE request_id = {id} RETURNING id");
    room.number(&changed).await;
    plan(&room, id, 2, "boris").await;
    is_refused(cases.decide(id, "vera").await, "decision_covers_its_subject");
    assert_eq!(room.count("decision WHERE state = 'void'").await, 1);
    is_refused(cases.decide(id, "vera").await, "decision_stands");
    cases.propose(id, None, "anna").await.expect("proposed anew");
    assert_eq!(cases.decide(id, "vera").await.expect("decided"), Decided::Approved);
    assert_eq!(room.request(id).await.state, RequestState::Approved);
    cases.send_back(id, "the plan lacks a store", "anna").await.expect("sent back");
    assert_eq!(room.request(id).await.state, RequestState::UnderReview);
    is_refused(cases.decide(id, "vera").await, "decision_stands");
}

async fn of_two_who_decide_at_once_one_wins(room: Room) {
    let matter = under_review(&room, Label::Restriction).await;
    let id = matter.request();
    room.cases().propose(id, None, "anna").await.expect("proposed");
    let mut work = Vec::new();
    for actor in ["boris", "vera", "galina", "dina"] {
        let cases = room.cases().clone();
        work.push(tokio::spawn(async move { cases.decide(id, actor).await }));
    }
    let mut decided = 0;
    for one in work {
        match one.await.expect("ends") {
            Ok(_) => decided += 1,
            Err(CasesError::Store(StoreError::Conflict { .. }))
            | Err(CasesError::Refused { rule: "decision_stands", .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(decided, 1);
    assert_eq!(room.count("audit_event WHERE act = 'decide'").await, 1);
    assert_eq!(room.request(id).await.state, RequestState::Approved);
}

async fn a_refusal_needs_article_reasons_and_a_person_and_is_answered(room: Room) {
    let cases = room.cases();
    let matter = under_review(&room, Label::Objection).await;
    let id = matter.request();
    let bare = Refusal { clause: "не хотим".into(), ..refusal() };
    is_refused(cases.propose(id, Some(&bare), "anna").await, "refusal_needs_clause");
    let mute = Refusal { reasons: " ".into(), ..refusal() };
    is_refused(cases.propose(id, Some(&mute), "anna").await, "refusal_needs_reasons");
    cases.propose(id, Some(&refusal()), "anna").await.expect("proposed");
    is_refused(cases.decide(id, "anna").await, "four_eyes");
    assert_eq!(cases.decide(id, "vera").await.expect("decided"), Decided::Refused);
    let letter = room.letter(matter.ticket, "refusal").await;
    let text = letter.content.expect("opens").text;
    for words in ["ст. 6 ч. 1 п. 5", "Договор ещё исполняется", "Роскомнадзор", "суд"]
    {
        assert!(text.contains(words), "{words} is missing in {text}");
    }
    // Nothing is answered before the letter has left.
    assert_eq!(cases.settle_requests().await.expect("settled"), 0);
    assert_eq!(room.request(id).await.state, RequestState::Refused);
    room.relay_takes(letter.id).await;
    cases.settle_requests().await.expect("settled");
    let request = room.request(id).await;
    assert_eq!((request.state, request.outcome), (RequestState::Closed, Some(Outcome::Refused)));
    assert_eq!(room.ticket(matter.ticket).await.state.name(), "closed");
}

async fn an_answer_that_does_not_arrive_leaves_the_request_open_and_a_task(room: Room) {
    let cases = room.cases();
    let matter = under_review(&room, Label::Restriction).await;
    let id = matter.request();
    cases.propose(id, None, "anna").await.expect("proposed");
    cases.decide(id, "vera").await.expect("decided");
    let carried = Carried {
        done: vec!["данные заблокированы".into()], ..Carried::default()
    };
    is_refused(cases.carry_out(id, &Carried::default(), "anna").await, "done_is_said");
    assert_eq!(cases.carry_out(id, &carried, "anna").await.expect("done"), CarriedOut::Answered);
    let letter = room.letter(matter.ticket, "answer_restricted").await;
    assert!(letter.content.expect("opens").text.contains("данные заблокированы"));
    room.relay_refuses(letter.id).await;
    for _ in 0..2 {
        assert_eq!(cases.settle_requests().await.expect("settled"), 0);
    }
    assert_eq!(room.request(id).await.state, RequestState::Verified);
    let tasks = room.tasks(matter.ticket).await;
    assert_eq!(
        tasks.iter().filter(|task| *task == "answer_did_not_arrive").count(),
        1,
        "{tasks:?}"
    );
    let now = room.now();
    cases.answer_by_hand(id, now, "handed over at the desk", "anna").await.expect("answered");
    assert_eq!(room.request(id).await.state, RequestState::Closed);
}

async fn a_withdrawal_that_leaves_no_purpose_owes_a_plan(room: Room) {
    let cases = room.cases();
    let matter = under_review(&room, Label::Objection).await;
    let id = matter.request();
    attest(&room, &matter).await;
    cases.propose(id, None, "anna").await.expect("proposed");
    cases.decide(id, "vera").await.expect("decided");
    let carried = Carried {
        done: vec!["обработка прекращена".into()], ..Carried::default()
    };
    assert_eq!(cases.carry_out(id, &carried, "anna").await.expect("done"), CarriedOut::PlanDue);
    let request = room.request(id).await;
    assert_eq!((request.state, request.outcome), (RequestState::UnderReview, None));
    assert_eq!(request.achieved_at, Some(room.now()));
    assert!(room.tasks(matter.ticket).await.contains(&"plan_destruction".to_owned()));
    let destroy = format!(
        "duty WHERE request_id = {id} AND name = 'destroy' AND done_at IS NULL AND legal_due_on = '2027-01-11'"
    );
    assert_eq!(room.count(&destroy).await, 1, "30 days from the stop");
    room.letter(matter.ticket, "answer_stopped").await;
}

async fn what_goes_on_with_its_base_ends_the_request(room: Room) {
    let cases = room.cases();
    let matter = under_review(&room, Label::ConsentWithdrawal).await;
    let id = matter.request();
    attest(&room, &matter).await;
    cases.propose(id, None, "anna").await.expect("proposed");
    cases.decide(id, "vera").await.expect("decided");
    let base = |base: &str| Carried {
        done: vec!["рассылки прекращены".into()],
        continues: vec![("исполнение договора".into(), base.into())],
        not_confirmed: false,
    };
    is_refused(cases.carry_out(id, &base("так надо"), "anna").await, "continues_with_base");
    let carried = base("152-ФЗ ст. 6 ч. 1 п. 5");
    assert_eq!(cases.carry_out(id, &carried, "anna").await.expect("done"), CarriedOut::Answered);
    let letter = room.letter(matter.ticket, "answer_stopped").await;
    assert!(letter.content.expect("opens").text.contains("ст. 6 ч. 1 п. 5"));
    room.relay_takes(letter.id).await;
    cases.settle_requests().await.expect("settled");
    let request = room.request(id).await;
    assert_eq!((request.state, request.outcome), (RequestState::Closed, Some(Outcome::PartlyKept)));
}

async fn unlawful_processing_needs_its_detection_and_two_clocks(room: Room) {
    let cases = room.cases();
    let matter = under_review(&room, Label::UnlawfulProcessing).await;
    let id = matter.request();
    attest(&room, &matter).await;
    cases.propose(id, None, "anna").await.expect("proposed");
    cases.decide(id, "vera").await.expect("decided");
    let carried = Carried {
        done: vec!["нарушение устранено".into()], ..Carried::default()
    };
    is_refused(cases.carry_out(id, &carried, "anna").await, "detection_is_dated");
    let early = room.request(id).await.received_at - jiff::SignedDuration::from_secs(1);
    let detect = |at| cases.record_event(id, CountsFrom::Detection, at, None, "anna");
    is_refused(detect(early).await, "event_date");
    detect(room.now()).await.expect("recorded");
    let due = |name: DutyName, on: &str| {
        format!(
            "duty WHERE request_id = {id} AND name = '{}' AND legal_due_on = '{on}'",
            name.name()
        )
    };
    assert_eq!(room.count(&due(DutyName::Stop, "2026-12-09")).await, 1, "3 working days");
    assert_eq!(room.count(&due(DutyName::Destroy, "2026-12-18")).await, 1, "10 working days");
    assert_eq!(cases.carry_out(id, &carried, "anna").await.expect("done"), CarriedOut::Answered);
    room.relay_takes(room.letter(matter.ticket, "answer_lawfulness").await.id).await;
    cases.settle_requests().await.expect("settled");
    assert_eq!(room.request(id).await.state, RequestState::Closed);
}

/// The person on file answers the newest challenge of a matter.
async fn press(room: &Room, matter: &Matter, answer: ChallengeAnswer) {
    let text = room.letter(matter.ticket, "challenge").await.content.expect("opens").text;
    let at = text.find("/c/").expect("a link") + 3;
    let token: String = text[at..].chars().take_while(char::is_ascii_alphanumeric).collect();
    room.cases().answer_challenge(&token, answer).await.expect("taken").expect("ours");
}

async fn what_the_person_on_file_disowned_is_not_carried_out(room: Room) {
    let cases = room.cases();
    room.contact("Анна", "", &[ANNA]).await;
    let matter = room.asks(ANNA, &[Label::Objection]).await;
    let id = matter.request();
    press(&room, &matter, ChallengeAnswer::NotMine).await;
    // Not even somebody who saw a passport outweighs the word of the person.
    attest(&room, &matter).await;
    cases.propose(id, None, "anna").await.expect("proposed");
    is_refused(cases.decide(id, "vera").await, "disowned");
    // A new challenge, answered later, does.
    room.pass_days(1);
    cases.ask_challenge(&matter.number, None, "anna").await.expect("asked");
    is_refused(cases.decide(id, "vera").await, "disowned");
    press(&room, &matter, ChallengeAnswer::Mine).await;
    assert_eq!(cases.decide(id, "vera").await.expect("decided"), Decided::Approved);
    // Disowned again after the approval: what nobody began stays undone.
    room.pass_days(1);
    cases.ask_challenge(&matter.number, None, "anna").await.expect("asked");
    press(&room, &matter, ChallengeAnswer::NotMine).await;
    let carried = Carried {
        done: vec!["обработка прекращена".into()], ..Carried::default()
    };
    is_refused(cases.carry_out(id, &carried, "anna").await, "disowned");
    assert_eq!(room.request(id).await.state, RequestState::Approved);
    // It ends by a refusal, which destroys and discloses nothing.
    cases.send_back(id, "disowned", "anna").await.expect("sent back");
    cases.propose(id, Some(&refusal()), "anna").await.expect("proposed");
    assert_eq!(cases.decide(id, "vera").await.expect("decided"), Decided::Refused);
}

async fn one_person_alone_decides_where_the_configuration_lets_them(mut room: Room) {
    room.with_settings(|settings| settings.requests.four_eyes = false);
    let matter = under_review(&room, Label::Restriction).await;
    let decided = room.cases().decide(matter.request(), "anna").await.expect("decided");
    assert_eq!(decided, Decided::Approved);
}

both! {
    another_person_approves_and_what_was_changed_is_void,
    of_two_who_decide_at_once_one_wins,
    a_refusal_needs_article_reasons_and_a_person_and_is_answered,
    an_answer_that_does_not_arrive_leaves_the_request_open_and_a_task,
    a_withdrawal_that_leaves_no_purpose_owes_a_plan,
    what_goes_on_with_its_base_ends_the_request,
    unlawful_processing_needs_its_detection_and_two_clocks,
    one_person_alone_decides_where_the_configuration_lets_them,
    what_the_person_on_file_disowned_is_not_carried_out,
}
