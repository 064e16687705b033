//! What the person on file says they never wrote.

use cases::{identity::ChallengeAnswer, requests::deciding::Decided};
use domain::{classification::Label, request::RequestState};

use crate::deciding::{attest, done, is_refused, refusal};
use crate::room::{ANNA, Matter, Room};

both! {
    what_the_person_on_file_disowned_is_not_carried_out,
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
    let carried = done("обработка прекращена");
    is_refused(cases.propose_carried(id, &carried, "anna").await, "disowned");
    // A new challenge, answered later, does.
    room.pass_days(1);
    cases.ask_challenge(&matter.number, None, "anna").await.expect("asked");
    is_refused(cases.propose_carried(id, &carried, "anna").await, "disowned");
    press(&room, &matter, ChallengeAnswer::Mine).await;
    cases.propose_carried(id, &carried, "anna").await.expect("proposed");
    // Disowned while the proposal waits.
    room.pass_days(1);
    cases.ask_challenge(&matter.number, None, "anna").await.expect("asked");
    press(&room, &matter, ChallengeAnswer::NotMine).await;
    is_refused(cases.decide(id, "vera").await, "disowned");
    room.pass_days(1);
    cases.ask_challenge(&matter.number, None, "anna").await.expect("asked");
    press(&room, &matter, ChallengeAnswer::Mine).await;
    assert_eq!(cases.decide(id, "vera").await.expect("decided"), Decided::Approved);
    // Disowned again after the approval: what nobody began stays undone.
    room.pass_days(1);
    cases.ask_challenge(&matter.number, None, "anna").await.expect("asked");
    press(&room, &matter, ChallengeAnswer::NotMine).await;
    is_refused(cases.carry_out(id, None, "anna").await, "disowned");
    assert_eq!(room.request(id).await.state, RequestState::Approved);
    // It ends by a refusal, which destroys and discloses nothing.
    cases.send_back(id, "disowned", "anna").await.expect("sent back");
    cases.propose(id, Some(&refusal()), "anna").await.expect("proposed");
    assert_eq!(cases.decide(id, "vera").await.expect("decided"), Decided::Refused);
}
