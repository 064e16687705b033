//! Rows of the law beside the story of one request: repeats, contents of a request, destructions
//! that were put off, stops that came late.

use cases::requests::deciding::{Decided, Refusal};
use domain::{address::EmailAddress, classification::Label, request::RequestState};

use crate::{
    access::{list, sent, with_map},
    deciding::{is_refused, plan},
    room::{ANNA, BORIS, Matter, Room},
};

both! {
    a_request_of_information_within_thirty_days_is_noted_with_its_refusal_ready,
    who_writes_from_another_address_of_theirs_repeats_and_a_stranger_does_not,
    what_was_refused_gave_nothing_and_is_no_repeat,
    what_a_request_of_information_lacks_is_asked_for_with_the_clock_shown,
    a_destruction_that_is_put_off_is_told_after_one_three_and_five_months,
    stops_of_advertising_that_come_late_are_an_alarm_until_they_do_not,
    what_is_processed_is_told_whole_and_each_change_by_the_fifteenth,
}

/// Answered: the package left, its answer too.
async fn answered(room: &mut Room) -> Matter {
    let (matter, _) = sent(room).await;
    room.relay_takes_all(matter.ticket).await;
    room.cases().settle_requests().await.expect("settled");
    let row = room.request(matter.request()).await;
    assert!(matches!(row.state, RequestState::Answered | RequestState::Closed), "{row:?}");
    matter
}

async fn asks_again(room: &Room, from: &str) -> Matter {
    let matter = room.asks(from, &[Label::Access]).await;
    Matter { requests: vec![*matter.requests.last().expect("a request")], ..matter }
}

async fn a_request_of_information_within_thirty_days_is_noted_with_its_refusal_ready(
    mut room: Room,
) {
    let first = answered(&mut room).await;
    assert!(!room.tasks(first.ticket).await.contains(&"repeated_access".to_owned()));
    room.pass_days(10);
    let again = asks_again(&room, ANNA).await;
    assert_ne!(again.request(), first.request());
    assert!(room.tasks(again.ticket).await.contains(&"repeated_access".to_owned()));
    let detail = format!(
        "task WHERE name = 'repeated_access' AND detail = 'request:{} earlier:{} from:2027-01-03'",
        again.request(),
        first.request()
    );
    assert_eq!(room.count(&detail).await, 1);
    // Nothing is refused by itself: its clock runs as that of any other.
    let cases = room.cases();
    assert!(room.request(again.request()).await.state.is_open());
    assert_eq!(room.count(&format!("decision WHERE request_id = {}", again.request())).await, 0);
    let view = cases.show_request(again.request(), "anna").await.expect("shown");
    let repeat = view.repeat.expect("a repeat");
    assert_eq!(repeat.found.earlier, first.request());
    assert_eq!(repeat.refusal.clause, "152-ФЗ ст. 14 ч. 4");
    assert!(view.hints.iter().any(|hint| hint.contains("--repeated")), "{:?}", view.hints);
    let shown = cases.show_request(first.request(), "anna").await.expect("shown");
    assert!(shown.repeat.is_none());
    // A person proposes it, another decides, and the letter says from when on.
    cases.review_request(again.request(), "anna").await.expect("reviewed");
    let refusal = cases.refusal_of_repeat(again.request()).await.expect("ready");
    cases.propose(again.request(), Some(&refusal), "anna").await.expect("proposed");
    is_refused(cases.decide(again.request(), "anna").await, "four_eyes");
    assert_eq!(cases.decide(again.request(), "vera").await.expect("decided"), Decided::Refused);
    let letter = room.letter(again.ticket, "refusal").await.content.expect("opened");
    let text = letter.text.replace('\u{a0}', " ").split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("с 3 января 2027 г."), "{text}");
    assert!(text.contains("напишите, чего не хватает"), "{text}");
    assert!(text.contains("152-ФЗ ст. 14 ч. 4"), "{text}");
}

async fn who_writes_from_another_address_of_theirs_repeats_and_a_stranger_does_not(mut room: Room) {
    let first = answered(&mut room).await;
    let stranger = asks_again(&room, BORIS).await;
    assert!(!room.tasks(stranger.ticket).await.contains(&"repeated_access".to_owned()));
    is_refused(room.cases().refusal_of_repeat(stranger.request()).await, "not_repeated");
    // The thirtieth day is no longer too soon: received on the 4th of December.
    let other = "anna.work@mail.example";
    let contact = room.ticket(first.ticket).await.contact.expect("known");
    let address = EmailAddress::parse(other).expect("valid");
    let digests = room.cases().digests().address(&address);
    let transaction = room.store().begin().await.expect("begins");
    let now = room.now();
    let id = store::addresses::find_or_add(&transaction, &address, &digests, now).await;
    let id = id.expect("an address");
    store::contacts::give_address(&transaction, contact, id, now).await.expect("given");
    transaction.commit().await.expect("commits");
    room.set_time("2027-01-02T20:59:00Z");
    let early = asks_again(&room, other).await;
    let found = room.cases().show_request(early.request(), "anna").await.expect("shown").repeat;
    assert_eq!(found.map(|repeat| repeat.found.earlier), Some(first.request()));
    // A minute later, and it is no repeat.
    let later = format!(
        "UPDATE request SET received_at = received_at + 60000000 WHERE id = {} RETURNING id",
        early.request()
    );
    room.number(&later).await;
    is_refused(room.cases().refusal_of_repeat(early.request()).await, "not_repeated");
}

async fn what_was_refused_gave_nothing_and_is_no_repeat(room: Room) {
    let matter = room.asks(ANNA, &[Label::Access]).await;
    let cases = room.cases();
    cases.review_request(matter.request(), "anna").await.expect("reviewed");
    let refusal = Refusal {
        clause: "152-ФЗ ст. 14 ч. 8 п. 4".into(),
        reasons: "Сведения затрагивают права третьих лиц.".into(),
    };
    cases.propose(matter.request(), Some(&refusal), "anna").await.expect("proposed");
    cases.decide(matter.request(), "vera").await.expect("refused");
    room.relay_takes_all(matter.ticket).await;
    cases.settle_requests().await.expect("settled");
    room.pass_days(3);
    let again = asks_again(&room, ANNA).await;
    assert_ne!(again.request(), matter.request());
    is_refused(room.cases().refusal_of_repeat(again.request()).await, "not_repeated");
    assert!(!room.tasks(again.ticket).await.contains(&"repeated_access".to_owned()));
}

async fn what_a_request_of_information_lacks_is_asked_for_with_the_clock_shown(room: Room) {
    let matter = room.asks(ANNA, &[Label::Access]).await;
    let cases = room.cases();
    let view = cases.show_request(matter.request(), "anna").await.expect("shown");
    assert!(view.hints.iter().any(|hint| hint.contains("identity ask")), "{:?}", view.hints);
    let before = room.count("duty WHERE legal_due_on = '2026-12-18'").await;
    cases.ask_missing(matter.request(), &["2".to_owned()], "anna").await.expect("asked");
    let letter = room.letter(matter.ticket, "missing").await.content.expect("opened");
    let text = letter.text.replace('\u{a0}', " ").split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("сведения об отношениях с оператором"), "{text}");
    assert!(text.contains("со дня, когда получили обращение"), "the clock is shown: {text}");
    assert!(text.contains("18 декабря 2026 г."), "with its date: {text}");
    assert_eq!(room.count("duty WHERE legal_due_on = '2026-12-18'").await, before, "it runs on");
    let stop = room.asks(BORIS, &[Label::StopMarketing]).await;
    let refused = cases.ask_missing(stop.request(), &["паспорт".to_owned()], "anna").await;
    is_refused(refused, "missing_only_for_access");
}

async fn a_destruction_that_is_put_off_is_told_after_one_three_and_five_months(room: Room) {
    let matter = room.asks(ANNA, &[Label::Erasure]).await;
    plan(&room, matter.request(), 1, "boris").await;
    let until = "2027-06-04T20:59:59Z".parse().expect("an instant");
    let cases = room.cases();
    cases
        .postpone_destruction(matter.request(), until, "лента в архиве", "anna")
        .await
        .expect("put off");
    let told = || async {
        let raised = cases.watch_postponed().await.expect("looked");
        (
            raised,
            room.count("alarm WHERE name LIKE 'postponed_destruction/%' AND cleared_at IS NULL")
                .await,
        )
    };
    assert_eq!(told().await, (0, 0));
    for (now, raised) in [
        ("2027-01-03T20:00:00Z", 0),
        ("2027-01-04T20:00:00Z", 1),
        ("2027-02-04T20:00:00Z", 0),
        ("2027-03-04T20:00:00Z", 1),
        ("2027-05-04T20:00:00Z", 1),
        ("2027-06-03T20:00:00Z", 0),
    ] {
        room.set_time(now);
        let stands = i64::from(now > "2027-01-04");
        assert_eq!(told().await, (raised, stands), "at {now}");
    }
    let words = "alarm WHERE name LIKE 'postponed_destruction/%' AND detail LIKE '5 of 6 months%'";
    assert_eq!(room.count(words).await, 1);
    let over = format!(
        "UPDATE plan SET state = 'void' WHERE request_id = {} RETURNING id",
        matter.request()
    );
    room.number(&over).await;
    assert_eq!(told().await, (0, 0), "it goes when nothing is put off");
}

async fn stops_of_advertising_that_come_late_are_an_alarm_until_they_do_not(room: Room) {
    let cases = room.cases();
    let matter = room.asks(ANNA, &[Label::StopMarketing]).await;
    assert!(!cases.watch_stops().await.expect("looked"), "it had its effect when it was filed");
    let stands = || room.count("alarm WHERE name = 'stops_late' AND cleared_at IS NULL");
    // As of a mail that lay unread for an hour and a second, filed now.
    let hour = 3_600_000_000_i64;
    let received = |before: i64| {
        format!(
            "UPDATE request SET received_at = (SELECT done_at FROM duty WHERE request_id = {id} \
             AND name = 'stop') - {before} WHERE id = {id} RETURNING id",
            id = matter.request()
        )
    };
    room.number(&received(hour)).await;
    assert!(!cases.watch_stops().await.expect("looked"), "the hour itself is in time");
    room.number(&received(hour + 1_000_000)).await;
    assert!(cases.watch_stops().await.expect("looked"));
    assert_eq!(stands().await, 1);
    let told = "alarm WHERE name = 'stops_late' AND detail LIKE '%1 came late%'";
    assert_eq!(room.count(told).await, 1);
    room.pass_days(2);
    assert!(!cases.watch_stops().await.expect("looked"), "told for a day");
    assert_eq!(stands().await, 0);
    // One whose stop waits for a person.
    let open = format!(
        "UPDATE duty SET done_at = NULL WHERE request_id = {} AND name = 'stop' RETURNING id",
        matter.request()
    );
    room.number(&open).await;
    room.number(&format!(
        "UPDATE request SET state = 'received' WHERE id = {} RETURNING id",
        matter.request()
    ))
    .await;
    assert!(cases.watch_stops().await.expect("looked"));
    assert_eq!(
        room.count("alarm WHERE name = 'stops_late' AND detail LIKE '%: 1 have no effect%'").await,
        1
    );
}

async fn what_is_processed_is_told_whole_and_each_change_by_the_fifteenth(mut room: Room) {
    is_refused(room.cases().processing_sheet("anna").await, "data_map");
    with_map(&mut room);
    let sheet = room.cases().processing_sheet("anna").await.expect("made");
    let told = |section: &str| sheet.rows.iter().filter(|row| row[0] == section).count();
    assert_eq!(told("Цель обработки"), 4);
    let feedback = sheet.rows.iter().find(|row| row[1] == "ответы на обращения").expect("told");
    assert!(feedback[2].contains("ст. 20") && feedback[3].contains("имя"), "{feedback:?}");
    assert!(feedback[4].contains("хранение") && !feedback[6].is_empty(), "{feedback:?}");
    assert!(told("Срок хранения") > 5 && told("Обработка по поручению") == 1);
    assert_eq!(told("Трансграничная передача"), 1);
    // The map holds from the 1st of November on: by the 15th of December.
    assert_eq!(sheet.untold.len(), 4);
    assert!(sheet.untold.iter().all(|one| one.told_by.to_string() == "2026-12-15"));
    let stands = || room.count("alarm WHERE name = 'authority_not_told' AND cleared_at IS NULL");
    room.cases().watch_processing().await.expect("looked");
    assert_eq!(stands().await, 0, "there is time");
    room.set_time("2026-12-10T09:00:00Z");
    room.cases().watch_processing().await.expect("looked");
    assert_eq!(stands().await, 1, "five days before");
    is_refused(
        room.cases().processing_told("2026-12-11".parse().expect("a date"), "anna").await,
        "told_in_the_past",
    );
    let told = room.cases().processing_told("2026-12-10".parse().expect("a date"), "anna").await;
    assert_eq!(told.expect("noted"), 4);
    assert_eq!(stands().await, 0);
    // A new list is a change, and so is its end.
    let made = list(&room, "offers").await;
    let untold = room.cases().watch_processing().await.expect("looked");
    assert_eq!(untold.len(), 1);
    assert_eq!((untold[0].word.as_str(), untold[0].has_ended), ("list:offers", false));
    assert_eq!(untold[0].told_by.to_string(), "2027-01-15");
    room.cases()
        .processing_told("2026-12-10".parse().expect("a date"), "anna")
        .await
        .expect("noted");
    room.number(&format!("UPDATE list SET archived_at = 2 WHERE id = {made} RETURNING id")).await;
    room.set_time("2027-01-20T09:00:00Z");
    let untold = room.cases().watch_processing().await.expect("looked");
    assert!(untold[0].has_ended && untold[0].told_by.to_string() == "2027-02-15", "{untold:?}");
    assert_eq!(room.cases().watch_processing().await.expect("looked"), untold, "noted once");
    assert_eq!(room.count("audit_event WHERE act = 'processing_changed'").await, 3);
}
