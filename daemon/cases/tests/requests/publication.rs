//! What is published is taken down when who asks is proven, and put back when nobody asked.

use cases::{corrections::Wanted, identity::ChallengeAnswer, requests::executing::Carried};
use domain::{
    authentication::SenderAuthentication,
    classification::{Band, Label},
    request::RequestState,
    webhook::{CallState, SystemAct},
};
use serde_json::{Value, json};
use tests::connected_system::ConnectedSystem;

use crate::{
    deciding::{done, refusal},
    desk::Letter,
    room::{ANNA, Matter, Room},
    systems::{connect, pass, shop, states},
};

both! {
    a_forged_mail_takes_nothing_down,
    a_mail_whose_domain_vouches_takes_down_at_once_and_disowning_puts_it_back,
    a_person_who_attests_or_approves_takes_it_down,
    what_is_refused_not_confirmed_or_taken_back_is_put_back,
    a_misread_letter_puts_back_what_it_took_down,
    what_was_never_told_is_not_put_back,
}

const LABELS: &[(Label, Band)] = &[(Label::StopPublication, Band::Auto)];

async fn site(room: &mut Room) -> ConnectedSystem {
    room.contact("Анна", "", &[ANNA]).await;
    let site = shop(room);
    connect(room, &site);
    site
}

async fn wants(room: &Room, authentication: SenderAuthentication) -> Matter {
    room.files(Letter { authentication, ..Letter::asking(ANNA, LABELS) }).await
}

async fn press(room: &Room, matter: &Matter, answer: ChallengeAnswer) {
    let text = room.letter(matter.ticket, "challenge").await.content.expect("opens").text;
    let at = text.find("/c/").expect("a link") + 3;
    let token: String = text[at..].chars().take_while(char::is_ascii_alphanumeric).collect();
    room.cases().answer_challenge(&token, answer).await.expect("taken").expect("ours");
}

async fn attest(room: &Room, matter: &Matter) {
    let attested = room.cases().attest_identity(&matter.number, "паспорт предъявлен", "anna");
    attested.await.expect("attested");
}

/// What the site heard, in order: act and data.
fn heard(site: &ConnectedSystem) -> Vec<(String, Value)> {
    let memory = site.memory();
    let heard =
        |body: &Value| (body["act"].as_str().unwrap_or_default().to_owned(), body["data"].clone());
    memory.taken.iter().map(|call| heard(&call.body)).collect()
}

fn stopped() -> (String, Value) {
    ("stop_publication".to_owned(), json!(["all"]))
}

fn resumed() -> (String, Value) {
    ("resume_publication".to_owned(), json!(["all"]))
}

async fn a_forged_mail_takes_nothing_down(mut room: Room) {
    let site = site(&mut room).await;
    let matter = wants(&room, SenderAuthentication::Unknown).await;
    pass(&room).await;
    assert_eq!(heard(&site), []);
    // The request, its clock and the question to the address on file are there as usual.
    assert_eq!(room.request(matter.request()).await.state, RequestState::Received);
    assert_eq!(room.count("duty WHERE name = 'stop' AND legal_due_on IS NOT NULL").await, 1);
    press(&room, &matter, ChallengeAnswer::NotMine).await;
    // Not even somebody who saw a passport outweighs the word of the person.
    attest(&room, &matter).await;
    pass(&room).await;
    assert_eq!(heard(&site), []);

    room.pass_days(2);
    let again = wants(&room, SenderAuthentication::Unknown).await;
    room.cases().ask_challenge(&again.number, None, "anna").await.expect("asked");
    press(&room, &again, ChallengeAnswer::Mine).await;
    pass(&room).await;
    assert_eq!(heard(&site), [stopped()]);
    assert_eq!(site.memory().people[ANNA], "stop_publication");
    assert_eq!(site.memory().taken[0].body["ticket"], again.number);
}

async fn a_mail_whose_domain_vouches_takes_down_at_once_and_disowning_puts_it_back(mut room: Room) {
    let site = site(&mut room).await;
    let matter = wants(&room, SenderAuthentication::Pass).await;
    pass(&room).await;
    assert_eq!(heard(&site), [stopped()]);
    // More of the same is no news.
    wants(&room, SenderAuthentication::Pass).await;
    attest(&room, &matter).await;
    pass(&room).await;
    assert_eq!(heard(&site).len(), 1);
    room.cases().ask_challenge(&matter.number, None, "anna").await.expect("asked");
    press(&room, &matter, ChallengeAnswer::NotMine).await;
    pass(&room).await;
    assert_eq!(heard(&site), [stopped(), resumed()]);
    assert_eq!(site.memory().people[ANNA], "resume_publication");
    let settled = [
        (SystemAct::StopPublication, CallState::Acknowledged),
        (SystemAct::ResumePublication, CallState::Acknowledged),
    ];
    assert_eq!(states(&room).await, settled);
}

async fn a_person_who_attests_or_approves_takes_it_down(mut room: Room) {
    let site = site(&mut room).await;
    let attested = wants(&room, SenderAuthentication::Fail).await;
    attest(&room, &attested).await;
    pass(&room).await;
    assert_eq!(heard(&site), [stopped()]);

    room.pass_days(2);
    room.contact("Борис", "", &[crate::room::BORIS]).await;
    let letter = Letter::asking(crate::room::BORIS, LABELS);
    let approved = room.files(letter).await;
    let id = approved.request();
    let cases = room.cases();
    cases.review_request(id, "anna").await.expect("reviewed");
    cases.propose_carried(id, &done("снято"), "anna").await.expect("proposed");
    pass(&room).await;
    assert_eq!(heard(&site).len(), 1, "a proposal is no decision");
    cases.decide(id, "vera").await.expect("approved");
    pass(&room).await;
    assert_eq!(heard(&site), [stopped(), stopped()]);
}

async fn what_is_refused_not_confirmed_or_taken_back_is_put_back(mut room: Room) {
    let site = site(&mut room).await;
    let cases = room.cases().clone();
    let mut expected = Vec::new();
    for end in ["refused", "not confirmed", "taken back"] {
        room.pass_days(2);
        let matter = wants(&room, SenderAuthentication::Pass).await;
        let id = matter.request();
        pass(&room).await;
        expected.push(stopped());
        assert_eq!(heard(&site), expected, "{end}");
        if end == "taken back" {
            cases.withdraw_request(id, (None, Some("по телефону")), "anna").await.expect("noted");
            cases.withdraw_request(id, (None, None), "vera").await.expect("withdrawn");
        } else {
            cases.review_request(id, "anna").await.expect("reviewed");
            if end == "refused" {
                cases.propose(id, Some(&refusal()), "anna").await.expect("proposed");
                cases.decide(id, "vera").await.expect("refused");
            } else {
                let carried = Carried {
                    not_confirmed: true,
                    clause: "152-ФЗ ст. 10.1 ч. 12".into(),
                    reasons: "Этих данных на сайте нет.".into(),
                    ..Carried::default()
                };
                cases.propose_carried(id, &carried, "anna").await.expect("proposed");
                cases.decide(id, "vera").await.expect("decided");
                cases.carry_out(id, None, "anna").await.expect("carried out");
            }
        }
        pass(&room).await;
        expected.push(resumed());
        assert_eq!(heard(&site), expected, "{end}");
        room.relay_takes_all(matter.ticket).await;
        cases.settle_requests().await.expect("settled");
    }
}

async fn a_misread_letter_puts_back_what_it_took_down(mut room: Room) {
    let site = site(&mut room).await;
    let matter = wants(&room, SenderAuthentication::Pass).await;
    pass(&room).await;
    let wanted = Wanted { labels: Some(vec![Label::Other]), ..Wanted::default() };
    let seen = room.cases().see(&matter.number, None).await.expect("seen");
    room.cases().correct(&seen, &wanted, Some("спросили"), "anna").await.expect("corrected");
    pass(&room).await;
    assert_eq!(heard(&site), [stopped(), resumed()]);
}

async fn what_was_never_told_is_not_put_back(mut room: Room) {
    let site = site(&mut room).await;
    let matter = wants(&room, SenderAuthentication::Pass).await;
    // Disowned before the daemon made the call: neither is made.
    room.cases().ask_challenge(&matter.number, None, "anna").await.expect("asked");
    press(&room, &matter, ChallengeAnswer::NotMine).await;
    pass(&room).await;
    pass(&room).await;
    assert_eq!(heard(&site), []);
    let states = states(&room).await;
    assert!(states.iter().all(|(_, state)| *state == CallState::Moot), "{states:?}");
}
