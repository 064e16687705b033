//! The clock while a request is carried: events, extensions, rests, reminders, joining, ends.

use std::sync::Arc;

use domain::{
    classification::{Band, Label},
    decision::taking_back::TakingBack,
    ids::RequestId,
    regime::{CountsFrom, DutyName, Regime},
    request::{Outcome, RequestState},
};
use store::holds::Which;

use crate::{
    deciding::{attest, is_refused, under_review},
    desk::Letter,
    room::{ANNA, BORIS, Room},
};

const CAUSES: &str = "Сведения собирают три подразделения, архив отвечает позже.";

async fn due(room: &Room, request: RequestId, name: &str) -> Vec<(String, bool)> {
    let duties = store::duties::of_request(room.store(), request).await.expect("duties");
    let of_name = duties.into_iter().filter(|duty| duty.name == name);
    of_name.map(|duty| (duty.legal_due_on.unwrap_or_default(), duty.extended)).collect()
}

async fn an_extension_is_granted_when_its_notice_left_in_time_and_once(room: Room) {
    let cases = room.cases();
    let matter = room.asks(ANNA, &[Label::Access]).await;
    let id = matter.request();
    let ask = |causes| cases.ask_extension(id, DutyName::Answer, causes, "anna");
    is_refused(ask("нет").await, "extension_needs_causes");
    is_refused(cases.ask_extension(id, DutyName::Destroy, CAUSES, "anna").await, "extension");
    assert_eq!(ask(CAUSES).await.expect("asked"), 1);
    is_refused(ask(CAUSES).await, "extension_once");
    assert_eq!(cases.settle_extensions(10).await.expect("settled"), 0, "it has not left");
    assert_eq!(due(&room, id, "answer").await, [("2026-12-18".to_owned(), false)]);
    let letter = room.letter(matter.ticket, "extension").await;
    assert!(letter.content.as_ref().is_some_and(|letter| letter.text.contains(CAUSES)));
    room.relay_takes(letter.id).await;
    // Two nodes at once: one grants.
    let (one, two) = tokio::join!(cases.settle_extensions(10), cases.settle_extensions(10));
    assert_eq!(one.expect("settled") + two.expect("settled"), 1);
    assert_eq!(due(&room, id, "answer").await, [("2026-12-25".to_owned(), true)]);
    assert_eq!(room.count("clock_event WHERE act = 'extend'").await, 1);
    is_refused(ask(CAUSES).await, "extension");
}

async fn a_notice_that_leaves_too_late_lengthens_nothing_and_is_loud(room: Room) {
    let cases = room.cases();
    let matter = room.asks(ANNA, &[Label::Access]).await;
    let id = matter.request();
    cases.ask_extension(id, DutyName::Answer, CAUSES, "anna").await.expect("asked");
    room.set_time("2026-12-19T09:00:00Z");
    assert_eq!(cases.settle_extensions(10).await.expect("settled"), 1);
    assert_eq!(due(&room, id, "answer").await, [("2026-12-18".to_owned(), false)]);
    assert_eq!(room.count("extension WHERE state = 'late'").await, 1);
    assert_eq!(room.count("alarm WHERE name LIKE 'extension_not_granted/%'").await, 1);
    assert!(room.tasks(matter.ticket).await.contains(&"extension_not_granted".to_owned()));
    // The letter itself is not sent any more.
    let letter = room.letter(matter.ticket, "extension").await;
    let now = room.now().as_microsecond();
    assert_eq!(
        room.count(&format!("delivery WHERE id = {} AND expires_at < {now}", letter.id)).await,
        1
    );
    // The alarm goes with its cause.
    let alarm = "alarm WHERE name LIKE 'extension_not_granted/%' AND cleared_at IS NULL";
    room.cases().settle_extensions(10).await.expect("looks");
    assert_eq!(room.count(alarm).await, 1, "the duty is owed still");
    let done =
        format!("UPDATE duty SET done_at = 1 WHERE request_id = {} RETURNING id", matter.request());
    room.number(&done).await;
    room.cases().settle_extensions(10).await.expect("looks");
    assert_eq!(room.count(alarm).await, 0);
}

async fn a_notice_by_hand_counts_with_date_and_proof(room: Room) {
    let cases = room.cases();
    let matter = room.asks(ANNA, &[Label::Access]).await;
    let id = matter.request();
    let now = room.now();
    let record =
        |proof, at| cases.record_extension(id, DutyName::Answer, (CAUSES, proof), at, "anna");
    is_refused(record(" ", now).await, "notice_required");
    let later = now + jiff::SignedDuration::from_secs(60);
    is_refused(record("заказное письмо № 7", later).await, "notice_required");
    assert_eq!(record("заказное письмо № 7", now).await.expect("granted"), 1);
    assert_eq!(due(&room, id, "answer").await, [("2026-12-25".to_owned(), true)]);
}

async fn of_two_regimes_each_keeps_its_own_date(mut room: Room) {
    room.with_both_regimes();
    let cases = room.cases();
    let matter = room.asks(ANNA, &[Label::Erasure]).await;
    let id = matter.request();
    room.pass_days(3);
    cases
        .record_event(id, CountsFrom::FactsReceived, room.now(), None, "anna")
        .await
        .expect("noted");
    let mut found = due(&room, id, "destroy").await;
    found.sort();
    let dates: Vec<_> = found.iter().map(|(on, _)| on.as_str()).collect();
    assert_eq!(dates, ["2026-12-16", "2027-01-04", "2027-01-11"]);
    let earlier = room.now() - jiff::SignedDuration::from_hours(1);
    let again = cases.record_event(id, CountsFrom::FactsReceived, earlier, None, "anna").await;
    is_refused(again, "event_changed_with_reason");
    let reason = Some("the letter came an hour before");
    cases
        .record_event(id, CountsFrom::FactsReceived, earlier, reason, "anna")
        .await
        .expect("noted");
}

async fn a_clock_rests_only_where_the_law_lets_it(mut room: Room) {
    let matter = room.asks(ANNA, &[Label::Access]).await;
    let id = matter.request();
    is_refused(room.cases().pause_request(id, "identity in doubt", "anna").await, "no_pause");
    let text = include_str!("../../../../config/regimes/ru-152fz.toml")
        .replace("[row.ACCESS]\n", "[row.ACCESS]\npause = { ru = \"ст. 0\", en = \"art. 0\" }\n");
    let regime = Regime::parse(&text).expect("a regime");
    room.rebuild(|parts| parts.regimes = Arc::new(vec![regime]));
    let cases = room.cases();
    is_refused(cases.resume_request(id, "anna").await, "clock_rests");
    cases.pause_request(id, "identity in doubt", "anna").await.expect("rests");
    let again = cases.pause_request(id, "twice", "anna").await;
    assert!(again.is_err(), "{again:?}");
    room.pass_days(3);
    cases.resume_request(id, "anna").await.expect("goes on");
    assert_eq!(due(&room, id, "answer").await, [("2026-12-21".to_owned(), false)]);
    // Reckoning again keeps the rest.
    cases
        .record_event(id, CountsFrom::FactsReceived, room.now(), None, "anna")
        .await
        .expect("noted");
    assert_eq!(due(&room, id, "answer").await, [("2026-12-21".to_owned(), false)]);
    let acts = "clock_event WHERE act IN ('pause', 'resume')";
    assert_eq!(room.count(acts).await, 2);
}

async fn each_stage_is_told_once_and_after_a_standstill_the_highest_alone(mut room: Room) {
    let to = domain::address::EmailAddress::parse("dpo@clinic.example").expect("an address");
    room.with_settings(|settings| settings.requests.alarm_to = vec![to]);
    let cases = room.cases();
    let matter = room.asks(ANNA, &[Label::Access]).await;
    let mails = "delivery WHERE purpose_of_mail = 'alarm' AND class = 'staff'";
    assert_eq!(cases.remind("node").await.expect("told"), 0);
    for (at, told, mailed) in [
        // Received on 4 December at noon, due on the 18th.
        ("2026-12-11T12:00:00Z", 0, 0),
        ("2026-12-12T12:00:00Z", 1, 1),
        ("2026-12-13T12:00:00Z", 0, 1),
        // A standstill over 75 and 90 %: told once.
        ("2026-12-18T12:00:00Z", 1, 2),
        ("2026-12-18T20:00:00Z", 0, 2),
        // Overdue: the stage, and the daily mail.
        ("2026-12-19T09:00:00Z", 1, 4),
        ("2026-12-19T20:00:00Z", 0, 4),
        ("2026-12-20T10:00:00Z", 0, 5),
    ] {
        room.set_time(at);
        assert_eq!(cases.remind("node").await.expect("told"), told, "{at}");
        assert_eq!(room.count(mails).await, mailed, "{at}");
    }
    assert_eq!(room.count("alarm WHERE name = 'duties_overdue' AND cleared_at IS NULL").await, 1);
    let listed = cases.due_requests(Default::default(), 10).await.expect("listed");
    assert!(listed[0].is_overdue && listed[0].penalty.is_some() && listed[0].days_left < 0);
    let tasks = room.tasks(matter.ticket).await;
    assert!(tasks.contains(&"duty_overdue".to_owned()), "{tasks:?}");
    // Whoever closes the task has not done the duty: it comes back a day later.
    let now = room.now().as_microsecond();
    let close = format!("UPDATE task SET done_at = {now} WHERE name = 'duty_overdue' RETURNING id");
    room.number(&close).await;
    cases.remind("node").await.expect("looks");
    assert!(!room.tasks(matter.ticket).await.contains(&"duty_overdue".to_owned()), "not at once");
    room.set_time("2026-12-21T11:00:00Z");
    cases.remind("node").await.expect("looks");
    assert!(room.tasks(matter.ticket).await.contains(&"duty_overdue".to_owned()));
    // Two nodes at once tell one stage once.
    let other = room.asks(BORIS, &[Label::Access]).await;
    room.set_time("2027-01-11T12:00:00Z");
    let (one, two) = tokio::join!(cases.remind("one"), cases.remind("two"));
    assert_eq!(one.expect("told") + two.expect("told"), 1);
    let names = [matter.request(), other.request()];
    for id in names {
        cases
            .withdraw_request(id, (None, Some("by telephone")), "anna")
            .await
            .expect("written down");
        cases.withdraw_request(id, (None, None), "boris").await.expect("withdrawn");
    }
    cases.remind("node").await.expect("told");
    assert_eq!(room.count("alarm WHERE name = 'duties_overdue' AND cleared_at IS NULL").await, 0);
}

async fn a_stop_of_advertising_settles_itself(room: Room) {
    room.contact("Анна", "", &[ANNA]).await;
    let matter = room.asks(ANNA, &[Label::StopMarketing]).await;
    let id = matter.request();
    room.cases().settle_requests().await.expect("settled");
    assert_eq!(room.request(id).await.state, RequestState::Answered);
    room.cases().settle_requests().await.expect("settled");
    assert_eq!(room.request(id).await.state, RequestState::Answered, "the word is on its way");
    room.relay_takes_all(matter.ticket).await;
    room.cases().settle_requests().await.expect("settled");
    let request = room.request(id).await;
    assert_eq!((request.state, request.outcome), (RequestState::Closed, Some(Outcome::Done)));
}

async fn joined_requests_keep_the_first_clock(room: Room) {
    let cases = room.cases();
    let labels: &[_] = &[(Label::Access, Band::Auto)];
    let first = room.files(Letter::asking(ANNA, labels)).await;
    // The same person once more, after the first was closed as misread by the ticket: another one.
    let close = format!(
        "UPDATE ticket SET state = 'closed', closed_at = 1 WHERE id = {} RETURNING id",
        first.ticket
    );
    room.number(&close).await;
    room.pass_days(2);
    let second = room.files(Letter::asking(ANNA, labels)).await;
    assert_ne!(first.ticket, second.ticket);
    let (one, two) = (first.request(), second.request());
    cases
        .record_event(two, CountsFrom::FactsReceived, room.now(), None, "anna")
        .await
        .expect("noted");
    is_refused(cases.join_requests(one, one, "anna").await, "same_matter");
    let stranger = room.asks(BORIS, &[Label::Access]).await.request();
    is_refused(cases.join_requests(one, stranger, "anna").await, "same_matter");
    // Whichever is named first: the earlier one goes on.
    assert_eq!(cases.join_requests(one, two, "anna").await.expect("joined"), one);
    let (stays, joined) = (room.request(one).await, room.request(two).await);
    assert!(stays.state.is_open());
    assert_eq!(stays.facts_received_at, Some(room.now()));
    assert_eq!((joined.state, joined.joined_to), (RequestState::Joined, Some(one)));
    assert_eq!(due(&room, one, "answer").await, [("2026-12-18".to_owned(), false)]);
}

async fn who_takes_a_request_back_is_known_or_was_heard(room: Room) {
    let cases = room.cases();
    let matter = under_review(&room, Label::Erasure).await;
    let id = matter.request();
    is_refused(cases.withdraw_request(id, (None, None), "anna").await, "own_word");
    // What one of ours attests is no word of the person.
    attest(&room, &matter).await;
    is_refused(cases.withdraw_request(id, (None, None), "anna").await, "own_word");
    let said = cases.withdraw_request(id, (None, Some("сказала по телефону")), "anna").await;
    assert_eq!(said.expect("written down"), TakingBack::Waits);
    assert_eq!(room.request(id).await.state, RequestState::UnderReview);
    assert!(room.tasks(matter.ticket).await.contains(&"confirm_withdrawal".to_owned()));
    // Neither the same person nor one whose name reads the same.
    for same in ["anna", "ANNA", "\u{430}nn\u{430}"] {
        is_refused(cases.withdraw_request(id, (None, None), same).await, "four_eyes");
    }
    let said = cases.withdraw_request(id, (None, None), "boris").await;
    assert_eq!(said.expect("withdrawn"), TakingBack::Ends);
    assert!(!room.tasks(matter.ticket).await.contains(&"confirm_withdrawal".to_owned()));
    let request = room.request(id).await;
    assert_eq!(
        (request.state, request.outcome),
        (RequestState::Withdrawn, Some(Outcome::Withdrawn))
    );
    assert!(room.tasks(matter.ticket).await.contains(&"look_at_block".to_owned()));
    let told = room.letter(matter.ticket, "taken_back").await.content.expect("opens").text;
    assert!(told.contains("пока действуют"), "the block stands: {told}");
    is_refused(cases.reopen_request(id, " ", "anna").await, "note_given");
    cases.reopen_request(id, "it was another person", "anna").await.expect("reopened");
    let request = room.request(id).await;
    assert_eq!((request.state, request.outcome), (RequestState::UnderReview, None));
    assert!(cases.holds(Which::Standing).await.expect("holds").is_empty());
    let view = cases.show_request(id, "anna").await.expect("shown");
    let notes: Vec<_> = view.notes.iter().filter_map(|note| note.text.as_deref()).collect();
    assert_eq!(notes, ["сказала по телефону", "it was another person"]);
    assert!(!view.penalties.is_empty() && !view.exceptions.is_empty());
}

async fn what_is_cut_off_in_a_transaction_leaves_nothing(room: Room) {
    let matter = under_review(&room, Label::Restriction).await;
    let id = matter.request();
    let before = room.count("audit_event").await;
    {
        let transaction = room.store().begin().await.expect("begins");
        let step = RequestState::UnderReview
            .step(domain::request::RequestStep::Approve, domain::request::Warrant::Person)
            .expect("a step");
        store::requests::change_state(&transaction, id, step, room.now()).await.expect("changed");
        store::requests::set_outcome(&transaction, id, Outcome::Done).await.expect("set");
        // The process dies here.
    }
    let request = room.request(id).await;
    assert_eq!((request.state, request.outcome), (RequestState::UnderReview, None));
    assert_eq!(room.count("audit_event").await, before);
}

both! {
    an_extension_is_granted_when_its_notice_left_in_time_and_once,
    a_notice_that_leaves_too_late_lengthens_nothing_and_is_loud,
    a_notice_by_hand_counts_with_date_and_proof,
    of_two_regimes_each_keeps_its_own_date,
    a_clock_rests_only_where_the_law_lets_it,
    each_stage_is_told_once_and_after_a_standstill_the_highest_alone,
    a_stop_of_advertising_settles_itself,
    joined_requests_keep_the_first_clock,
    who_takes_a_request_back_is_known_or_was_heard,
    what_is_cut_off_in_a_transaction_leaves_nothing,
}
