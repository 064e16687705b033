//! Who decides on what: four eyes, identity, holds, and what was changed since.

use cases::{
    CasesError,
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
pub async fn plan(room: &Room, request: RequestId, hash: u8, maker: &str) {
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

pub fn refusal() -> Refusal {
    Refusal {
        clause: "152-ФЗ ст. 6 ч. 1 п. 5".into(),
        reasons: "Договор ещё исполняется.\n\nДо его конца данные нужны.".into(),
    }
}

/// What people did, in the words that are decided on.
pub fn done(words: &str) -> Carried {
    Carried { done: vec![words.into()], ..Carried::default() }
}

/// Proposed by one, decided by another.
pub async fn decided(room: &Room, id: RequestId, carried: &Carried) {
    room.cases().propose_carried(id, carried, "anna").await.expect("proposed");
    assert_eq!(room.cases().decide(id, "vera").await.expect("decided"), Decided::Approved);
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
    let carried = done("данные заблокированы");
    room.cases().propose_carried(id, &carried, "anna").await.expect("proposed");
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
    // Nobody approves what nobody said.
    is_refused(cases.propose(id, None, "anna").await, "done_is_said");
    is_refused(cases.propose_carried(id, &Carried::default(), "anna").await, "done_is_said");
    decided(&room, id, &done("данные заблокированы")).await;
    assert_eq!(cases.carry_out(id, None, "anna").await.expect("done"), CarriedOut::Answered);
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
    decided(&room, id, &done("обработка прекращена")).await;
    assert_eq!(cases.carry_out(id, None, "anna").await.expect("done"), CarriedOut::PlanDue);
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

async fn only_where_every_purpose_goes_on_is_nothing_destroyed(room: Room) {
    let cases = room.cases();
    let matter = under_review(&room, Label::ConsentWithdrawal).await;
    let id = matter.request();
    attest(&room, &matter).await;
    let based = |base: &str| Carried {
        continues: vec![("исполнение договора".into(), base.into())],
        ..done("рассылки прекращены")
    };
    for bad in ["так надо", "1", "стол 1", "договор"] {
        let proposed = cases.propose_carried(id, &based(bad), "anna").await;
        is_refused(proposed, "continues_with_base");
    }
    // The mailings ended: what was held for them is destroyed, whatever else goes on.
    decided(&room, id, &based("152-ФЗ ст. 6 ч. 1 п. 5")).await;
    assert_eq!(cases.carry_out(id, None, "anna").await.expect("done"), CarriedOut::PlanDue);
    let owed = format!(
        "duty WHERE request_id = {id} AND name = 'destroy' AND done_at IS NULL AND legal_due_on IS NOT NULL"
    );
    assert!(room.count(&owed).await > 0);
    assert_eq!(room.request(id).await.state, RequestState::UnderReview);
    let text = room.letter(matter.ticket, "answer_stopped").await.content.expect("opens").text;
    assert!(text.contains("ст. 6 ч. 1 п. 5") && text.contains("рассылки прекращены"), "{text}");
    // Two people find that nothing is to be destroyed.
    let all = Carried { all_continue: true, ..based("договор № 7 от 01.02.2026") };
    let none = Carried { continues: Vec::new(), ..all.clone() };
    is_refused(cases.propose_carried(id, &none, "anna").await, "continues_with_base");
    decided(&room, id, &all).await;
    assert_eq!(cases.carry_out(id, None, "anna").await.expect("done"), CarriedOut::Answered);
    assert_eq!(room.count(&owed).await, 0);
    let letter = room.letter(matter.ticket, "answer_stopped").await;
    assert!(letter.content.expect("opens").text.contains("договор № 7"));
    room.relay_takes(letter.id).await;
    cases.settle_requests().await.expect("settled");
    let request = room.request(id).await;
    assert_eq!((request.state, request.outcome), (RequestState::Closed, Some(Outcome::PartlyKept)));
}

async fn that_a_claim_was_not_confirmed_is_a_refusal_by_two_people(room: Room) {
    let cases = room.cases();
    let matter = under_review(&room, Label::Objection).await;
    let id = matter.request();
    attest(&room, &matter).await;
    let found = Carried {
        not_confirmed: true,
        clause: "152-ФЗ ст. 21 ч. 5.1".into(),
        reasons: "Мы проверили все списки: этих данных никто не обрабатывает.".into(),
        ..Carried::default()
    };
    let bare = Carried { clause: "стол 1".into(), ..found.clone() };
    is_refused(cases.propose_carried(id, &bare, "anna").await, "refusal_needs_clause");
    let mute = Carried { reasons: "нет".into(), ..found.clone() };
    is_refused(cases.propose_carried(id, &mute, "anna").await, "refusal_needs_reasons");
    let both =
        Carried { continues: vec![("договор".into(), "ст. 6".into())], ..found.clone() };
    is_refused(cases.propose_carried(id, &both, "anna").await, "continues_with_base");
    cases.propose_carried(id, &found, "anna").await.expect("proposed");
    is_refused(cases.carry_out(id, None, "mallory").await, "decision_stands");
    is_refused(cases.decide(id, "anna").await, "four_eyes");
    cases.decide(id, "vera").await.expect("decided");
    assert_eq!(cases.carry_out(id, None, "anna").await.expect("done"), CarriedOut::Answered);
    let text = room.letter(matter.ticket, "refusal").await.content.expect("opens").text;
    for words in ["ст. 21 ч. 5.1", "этих данных никто не обрабатывает", "Роскомнадзор", "vera"]
    {
        assert!(text.contains(words), "{words} is missing in {text}");
    }
    assert!(!text.contains("прекращена"), "{text}");
    // Nothing was stopped or destroyed, and nothing says so.
    let undone = "duty WHERE name IN ('stop', 'destroy') AND done_at IS NOT NULL";
    assert_eq!(room.count(undone).await, 0);
    assert_eq!(room.request(id).await.outcome, Some(Outcome::NotConfirmed));
    room.relay_takes(room.letter(matter.ticket, "refusal").await.id).await;
    cases.settle_requests().await.expect("settled");
    assert_eq!(room.request(id).await.state, RequestState::Closed);
}

async fn a_decision_covers_the_words_it_was_made_on(room: Room) {
    let cases = room.cases();
    let matter = under_review(&room, Label::Restriction).await;
    let id = matter.request();
    decided(&room, id, &done("данные заблокированы")).await;
    // The words of another proposal are not the ones that were approved.
    let other = under_review(&room, Label::StopPublication).await;
    let other = other.request();
    cases.propose_carried(other, &done("ничего"), "anna").await.expect("proposed");
    let swapped = format!(
        "UPDATE decision SET reasons = (SELECT reasons FROM decision WHERE request_id = {other}) \
         WHERE request_id = {id} RETURNING id"
    );
    room.number(&swapped).await;
    let taken = cases.carry_out(id, None, "anna").await;
    is_refused(taken, "decision_covers_its_subject");
}

async fn a_restriction_is_answered_only_while_a_block_stands(room: Room) {
    let cases = room.cases();
    let matter = under_review(&room, Label::Restriction).await;
    let id = matter.request();
    decided(&room, id, &done("данные заблокированы")).await;
    let ended = format!(
        "UPDATE block SET state = 'lifted', lifted_at = 1, lifted_by = 'anna', lift_reason = 'test' \
         WHERE submission_id IN (SELECT submission_id FROM request WHERE id = {id}) RETURNING id"
    );
    room.number(&ended).await;
    is_refused(cases.carry_out(id, None, "anna").await, "block_stands");
}

async fn a_stop_of_advertising_under_review_is_carried_out_and_answered(room: Room) {
    let cases = room.cases();
    let matter = room.asks(ANNA, &[Label::StopMarketing]).await;
    let id = matter.request();
    cases.settle_requests().await.expect("settled");
    cases.reopen_request(id, "the newsletter came again", "anna").await.expect("reopened");
    let owed = format!("duty WHERE request_id = {id} AND name = 'stop' AND done_at IS NULL");
    assert!(room.count(&owed).await > 0, "the mail went on: the stop is owed again");
    decided(&room, id, &done("адрес исключён из второго списка")).await;
    assert_eq!(cases.carry_out(id, None, "anna").await.expect("done"), CarriedOut::Answered);
    assert_eq!(room.count(&owed).await, 0);
    let letter = room.letter(matter.ticket, "reply").await;
    assert!(letter.content.expect("opens").text.contains("исключён из второго списка"));
    room.relay_takes(letter.id).await;
    cases.settle_requests().await.expect("settled");
    assert_eq!(room.request(id).await.state, RequestState::Closed);
}

async fn unlawful_processing_needs_its_detection_and_two_clocks(room: Room) {
    let cases = room.cases();
    let matter = under_review(&room, Label::UnlawfulProcessing).await;
    let id = matter.request();
    attest(&room, &matter).await;
    decided(&room, id, &done("нарушение устранено")).await;
    is_refused(cases.carry_out(id, None, "anna").await, "detection_is_dated");
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
    assert_eq!(cases.carry_out(id, None, "anna").await.expect("done"), CarriedOut::Answered);
    room.relay_takes(room.letter(matter.ticket, "answer_lawfulness").await.id).await;
    cases.settle_requests().await.expect("settled");
    assert_eq!(room.request(id).await.state, RequestState::Closed);
}

async fn one_person_alone_decides_where_the_configuration_lets_them(mut room: Room) {
    room.with_settings(|settings| settings.requests.four_eyes = false);
    let matter = under_review(&room, Label::Restriction).await;
    let (cases, id) = (room.cases(), matter.request());
    is_refused(cases.decide(id, "anna").await, "done_is_said");
    cases.propose_carried(id, &done("данные заблокированы"), "anna").await.expect("proposed");
    let decided = cases.decide(id, "anna").await.expect("decided");
    assert_eq!(decided, Decided::Approved);
}

both! {
    another_person_approves_and_what_was_changed_is_void,
    of_two_who_decide_at_once_one_wins,
    a_refusal_needs_article_reasons_and_a_person_and_is_answered,
    an_answer_that_does_not_arrive_leaves_the_request_open_and_a_task,
    a_withdrawal_that_leaves_no_purpose_owes_a_plan,
    only_where_every_purpose_goes_on_is_nothing_destroyed,
    that_a_claim_was_not_confirmed_is_a_refusal_by_two_people,
    a_decision_covers_the_words_it_was_made_on,
    a_restriction_is_answered_only_while_a_block_stands,
    a_stop_of_advertising_under_review_is_carried_out_and_answered,
    unlawful_processing_needs_its_detection_and_two_clocks,
    one_person_alone_decides_where_the_configuration_lets_them,
}
