//! A request that no label stands for, opened by a person of ours who read the letter.

use cases::requests::{deciding::Decided, executing::CarriedOut};
use domain::{
    classification::{Band, Label, Mark},
    regime::RequestName,
    request::{Outcome, RequestState},
};

use crate::{
    deciding::{done, is_refused},
    desk::Letter,
    room::{ANNA, BORIS, Room},
};

both! {
    an_automated_decision_is_looked_at_by_a_person_and_answered_with_the_result,
    nothing_else_is_opened_so,
}

const NAME: RequestName = RequestName::AutomatedDecision;

async fn an_automated_decision_is_looked_at_by_a_person_and_answered_with_the_result(
    mut room: Room,
) {
    room.with_both_regimes();
    let cases = room.cases();
    let matter = room.asks(ANNA, &[Label::Access]).await;
    let received = room.request(matter.request()).await.received_at;
    room.pass_days(2);
    let id = cases.open_request_by_hand(&matter.number, NAME, None, "anna").await.expect("opened");
    let row = room.request(id).await;
    assert_eq!((row.name, row.state), (NAME, RequestState::UnderReview));
    assert_eq!(row.received_at, received, "the clock runs from the letter");
    let dated =
        format!("duty WHERE request_id = {id} AND name = 'answer' AND legal_due_on IS NOT NULL");
    assert_eq!(room.count(&dated).await, 2, "under both laws");
    assert!(room.tasks(matter.ticket).await.contains(&"pause_automated_decision".to_owned()));
    let twice = cases.open_request_by_hand(&matter.number, NAME, None, "anna").await;
    is_refused(twice, "request_is_open");
    is_refused(cases.propose(id, None, "anna").await, "done_is_said");
    let result = done("решение об отказе в записи пересмотрено человеком и отменено");
    cases.propose_carried(id, &result, "anna").await.expect("proposed");
    assert_eq!(cases.decide(id, "vera").await.expect("decided"), Decided::Approved);
    let carried = cases.carry_out(id, None, "anna").await.expect("carried out");
    assert_eq!(carried, CarriedOut::Answered);
    let letter = room.letter(matter.ticket, "reply").await;
    let content = letter.content.expect("opened");
    for text in [&content.text, content.html.as_ref().expect("a part")] {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains("решение об отказе в записи пересмотрено"), "{text}");
        assert!(text.contains("vera"), "who decided: {text}");
    }
    room.relay_takes(letter.id).await;
    cases.settle_requests().await.expect("settled");
    let row = room.request(id).await;
    assert_eq!((row.state, row.outcome), (RequestState::Closed, Some(Outcome::Done)));
}

async fn nothing_else_is_opened_so(room: Room) {
    let cases = room.cases();
    let matter = room.asks(ANNA, &[Label::Access]).await;
    for name in RequestName::ALL.iter().filter(|name| **name != NAME) {
        let refused = cases.open_request_by_hand(&matter.number, *name, None, "anna").await;
        is_refused(refused, "opened_by_hand");
    }
    let other = Some(domain::ids::SubmissionId(999));
    let refused = cases.open_request_by_hand(&matter.number, NAME, other, "anna").await;
    is_refused(refused, "submission_of_the_ticket");
    let marks = [(Mark::Authority, Band::Auto)];
    let authority = room.files(Letter { marks: &marks, ..Letter::asking(BORIS, &[]) }).await;
    let refused = cases.open_request_by_hand(&authority.number, NAME, None, "anna").await;
    is_refused(refused, "authority_lane");
    assert_eq!(room.count("request WHERE name = 'automated_decision'").await, 0);
}
