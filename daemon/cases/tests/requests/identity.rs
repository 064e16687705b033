//! Who asks: challenges, what they cover, and what does not answer them.

use cases::{
    identity::{ChallengeAnswer, ChallengeStanding},
    settings::ChallengeMode,
};
use domain::{
    authentication::SenderAuthentication,
    classification::{Band, Kind, Label, Mark},
    identity::IdentityLevel,
    request::RequestState,
    ticket_number::{StatusCode, TicketNumber},
};

use crate::{
    desk::{ERASURE, Letter},
    room::{ANNA, BORIS, Matter, Room},
};

both! {
    a_sure_request_of_a_contact_is_challenged_at_once,
    nobody_is_challenged_whom_no_automatic_answer_may_reach,
    a_mail_that_quotes_the_link_answers_nothing,
    looking_at_the_link_answers_nothing_and_the_button_once,
    five_wrong_codes_spend_the_code_and_not_the_link,
    seven_days_end_a_challenge_at_the_instant,
    a_question_that_nobody_answered_is_a_task_once_and_can_be_asked_again,
    another_challenge_makes_the_first_void,
    this_was_not_me_lifts_what_nobody_vouched_for,
    this_was_not_me_leaves_a_vouched_block_to_a_person,
    two_answers_at_once_are_one,
    a_proven_ticket_does_not_vouch_for_what_is_forged_later,
    only_an_address_on_file_is_asked,
}

/// What a challenge letter carries.
pub struct Secrets {
    pub token: String,
    code: StatusCode,
}

pub async fn secrets(room: &Room, matter: &Matter) -> Secrets {
    let letter = room.letter(matter.ticket, "challenge").await;
    let text = letter.content.expect("opened").text;
    let at = text.find("/c/").expect("a link") + 3;
    let token: String = text[at..].chars().take_while(char::is_ascii_alphanumeric).collect();
    assert!(token.len() >= 26, "at least 128 bits in base32");
    let code = text
        .split_whitespace()
        .map(|word| word.trim_matches(|c: char| !c.is_ascii_alphanumeric()))
        .filter(|word| word.len() == 11 && word.as_bytes()[5] == b'-')
        .find_map(|word| StatusCode::parse(word).ok())
        .expect("a code");
    Secrets { token, code }
}

pub async fn challenged(room: &Room) -> (Matter, Secrets) {
    room.contact("Анна", "", &[ANNA]).await;
    let matter = room.asks(ANNA, &[Label::Erasure]).await;
    let secrets = secrets(room, &matter).await;
    (matter, secrets)
}

pub async fn level(room: &Room, matter: &Matter) -> Option<IdentityLevel> {
    let request = room.request(matter.requests[0]).await;
    room.cases().identity_level(room.store(), &request).await.expect("read")
}

pub fn number(matter: &Matter) -> TicketNumber {
    TicketNumber::parse(&matter.number).expect("a number")
}

pub fn another(code: &StatusCode) -> StatusCode {
    let last = if code.expose().ends_with('7') { "8" } else { "7" };
    StatusCode::parse(&format!("{}{last}", &code.expose()[..9])).expect("a code")
}

async fn a_sure_request_of_a_contact_is_challenged_at_once(room: Room) {
    let (matter, _) = challenged(&room).await;
    assert_eq!(room.request(matter.request()).await.state, RequestState::Identity);
    assert_eq!(level(&room, &matter).await, Some(IdentityLevel::From));
    let clear =
        "challenge WHERE LENGTH(token_digest) = 32 AND LENGTH(code_digest) = 32 AND state = 'open'";
    assert_eq!(room.count(clear).await, 1);
    // The same address asks again elsewhere on the same day: no second letter.
    room.asks(ANNA, &[Label::Access]).await;
    assert_eq!(room.count("delivery WHERE topic = 'challenge'").await, 1);
    // A stranger, and somebody who only wants no more news, are not challenged.
    room.asks(BORIS, &[Label::Erasure]).await;
    room.contact("Вера", "", &["vera@mail.example"]).await;
    room.asks("vera@mail.example", &[Label::StopMarketing]).await;
    assert_eq!(room.count("challenge").await, 1);
    let vouched = room
        .files(Letter {
            authentication: SenderAuthentication::Pass,
            ..Letter::asking("gleb@mail.example", ERASURE)
        })
        .await;
    assert_eq!(level(&room, &vouched).await, Some(IdentityLevel::Aligned));
}

async fn nobody_is_challenged_whom_no_automatic_answer_may_reach(room: Room) {
    let suggested = [(Label::Erasure, Band::Suggest)];
    let authority = [(Mark::Authority, Band::Auto)];
    let perhaps_authority = [(Mark::Authority, Band::Suggest)];
    let representative = [(Mark::Representative, Band::Auto)];
    let plain = Letter::asking("", ERASURE);
    let letters = [
        Letter { kind: Kind::AutoReply, ..plain },
        Letter { kind: Kind::ListMail, ..plain },
        Letter { auto_reasons: &["precedence_bulk"], ..plain },
        Letter { authentication: SenderAuthentication::Fail, ..plain },
        Letter { marks: &representative, ..plain },
        Letter { labels: &suggested, ..plain },
        Letter { marks: &authority, ..plain },
        Letter { marks: &perhaps_authority, ..plain },
    ];
    for (at, letter) in letters.into_iter().enumerate() {
        let from = format!("person{at}@mail.example");
        room.contact("Анна", "", &[&from]).await;
        let matter = room.files(Letter { from: &from, ..letter }).await;
        assert_eq!(room.count("challenge").await, 0);
        if !letter.marks.iter().any(|(mark, _)| *mark == Mark::Authority) {
            continue;
        }
        let letters = room.letters(matter.ticket).await;
        assert!(letters.is_empty(), "an authority gets no automatic letter");
        let asked = room.cases().ask_challenge(&matter.number, None, "anna").await;
        assert!(asked.expect_err("refused").to_string().contains("authority_lane"));
    }
}

async fn a_mail_that_quotes_the_link_answers_nothing(room: Room) {
    let (matter, secrets) = challenged(&room).await;
    let text = format!(
        "> https://clinic.example/c/{}\n> {}\nДа, это я",
        secrets.token,
        secrets.code.expose()
    );
    let subject = format!("Re: {}", matter.number);
    let quoting = Letter { subject: &subject, text: &text, ..Letter::asking(ANNA, &[]) };
    for letter in [
        quoting,
        Letter { kind: Kind::AutoReply, auto_reasons: &["auto_submitted"], ..quoting },
        Letter { kind: Kind::Bounce, ..quoting },
        Letter { from: BORIS, ..quoting },
        Letter { authentication: SenderAuthentication::Pass, ..quoting },
    ] {
        room.desk.file(letter).await;
        assert_eq!(room.count("challenge WHERE state = 'open'").await, 1);
        assert_eq!(room.count("identity_proof WHERE level = 'challenge'").await, 0);
        assert_eq!(room.request(matter.request()).await.state, RequestState::Identity);
    }
}

async fn looking_at_the_link_answers_nothing_and_the_button_once(mut room: Room) {
    let (matter, secrets) = challenged(&room).await;
    for _ in 0..3 {
        let view = room.cases().challenge(&secrets.token).await.expect("read").expect("ours");
        assert_eq!(view.standing, ChallengeStanding::Open);
    }
    assert_eq!(level(&room, &matter).await, Some(IdentityLevel::From));
    assert!(
        room.cases().challenge("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa").await.expect("read").is_none()
    );
    // The daemon is started anew in between.
    room.rebuild(|_| {});
    let answer = room.cases().answer_challenge(&secrets.token, ChallengeAnswer::Mine);
    assert_eq!(answer.await.expect("taken").expect("ours").standing, ChallengeStanding::Answered);
    assert_eq!(level(&room, &matter).await, Some(IdentityLevel::Challenge));
    assert_eq!(room.request(matter.request()).await.state, RequestState::UnderReview);
    // Too late for another word, and the same word says nothing new.
    for late in [ChallengeAnswer::NotMine, ChallengeAnswer::Mine] {
        let view = room.cases().answer_challenge(&secrets.token, late).await.expect("read");
        assert_eq!(view.expect("ours").standing, ChallengeStanding::Answered);
    }
    let by_code =
        room.cases().answer_challenge_code(number(&matter), secrets.code, ChallengeAnswer::NotMine);
    assert!(by_code.await.expect("read").is_none());
    assert_eq!(room.count("identity_proof WHERE level = 'challenge'").await, 1);
    assert_eq!(room.count("block WHERE state = 'active'").await, 1);
    // A person of ours takes it back.
    let proof = room.number("SELECT MAX(id) FROM identity_proof").await;
    let proof = domain::ids::IdentityProofId(proof);
    room.cases().revoke_identity(&matter.number, proof, "ошибка", "anna").await.expect("revoked");
    assert_eq!(level(&room, &matter).await, Some(IdentityLevel::From));
    room.cases()
        .attest_identity(&matter.number, "паспорт показан", "anna")
        .await
        .expect("attested");
    assert_eq!(level(&room, &matter).await, Some(IdentityLevel::Attested));
    let seen = room.cases().identity(&matter.number, "anna").await.expect("shown");
    assert!(seen.proofs.iter().any(|proof| proof.note.as_deref() == Some("паспорт показан")));
}

async fn five_wrong_codes_spend_the_code_and_not_the_link(room: Room) {
    let (matter, secrets) = challenged(&room).await;
    let answer =
        |code| room.cases().answer_challenge_code(number(&matter), code, ChallengeAnswer::Mine);
    for _ in 0..5 {
        assert!(answer(another(&secrets.code)).await.expect("read").is_none());
    }
    assert!(answer(secrets.code).await.expect("read").is_none(), "spent");
    assert_eq!(room.count("challenge WHERE state = 'open' AND tries_left = 0").await, 1);
    assert_eq!(level(&room, &matter).await, Some(IdentityLevel::From));
    let tasks = room.tasks(matter.ticket).await;
    assert_eq!(tasks.iter().filter(|task| *task == "challenge_code_spent").count(), 1);
    // Whoever typed them knew a number; the person still has the link.
    let pressed = room.cases().answer_challenge(&secrets.token, ChallengeAnswer::Mine).await;
    let view = pressed.expect("taken").expect("ours");
    assert_eq!(view.standing, ChallengeStanding::Answered);
    assert_eq!(level(&room, &matter).await, Some(IdentityLevel::Challenge));
    // The right code of another ticket is a wrong one here.
    room.contact("Борис", "", &[BORIS]).await;
    let other = room.asks(BORIS, &[Label::Access]).await;
    let theirs = self::secrets(&room, &other).await;
    assert!(answer(theirs.code).await.expect("read").is_none());
    let right =
        room.cases().answer_challenge_code(number(&other), theirs.code, ChallengeAnswer::Mine);
    let view = right.await.expect("taken").expect("right");
    assert_eq!(view.standing, ChallengeStanding::Answered);
}

async fn seven_days_end_a_challenge_at_the_instant(room: Room) {
    let (matter, secrets) = challenged(&room).await;
    room.pass_days(7);
    let view = room.cases().answer_challenge(&secrets.token, ChallengeAnswer::Mine).await;
    assert_eq!(view.expect("read").expect("ours").standing, ChallengeStanding::Over);
    let code =
        room.cases().answer_challenge_code(number(&matter), secrets.code, ChallengeAnswer::Mine);
    assert!(code.await.expect("read").is_none());
    assert_eq!(level(&room, &matter).await, Some(IdentityLevel::From));
    assert_eq!(room.request(matter.request()).await.state, RequestState::Identity);
}

async fn a_question_that_nobody_answered_is_a_task_once_and_can_be_asked_again(room: Room) {
    let (matter, secrets) = challenged(&room).await;
    let cases = room.cases();
    let expire = || async { cases.expire_challenges().await.expect("noted") };
    let tasks = || async {
        let tasks = room.tasks(matter.ticket).await;
        tasks.iter().filter(|task| *task == "challenge_expired").count()
    };
    room.pass_days(6);
    assert_eq!((expire().await, tasks().await), (0, 0), "it still stands");
    room.pass_days(1);
    let (one, other) = tokio::join!(expire(), expire());
    assert_eq!((one + other, tasks().await), (1, 1), "told once, whoever looks");
    assert_eq!((expire().await, tasks().await), (0, 1));
    let seen = cases.identity(&matter.number, "anna").await.expect("shown");
    assert_eq!(seen.challenges[0].challenge.word(seen.at), "expired");
    assert_eq!(room.ticket(matter.ticket).await.state, domain::ticket::TicketState::Open);
    // Nobody knows who asks: the request waits, its dates run on, and it can be asked or refused.
    assert_eq!(room.request(matter.request()).await.state, RequestState::Identity);
    room.pass_days(1);
    let reminded = cases.remind("node").await.expect("reminded");
    assert!(reminded > 0, "dates are reminded of all the same");
    let late = cases.answer_challenge(&secrets.token, ChallengeAnswer::Mine).await;
    assert_eq!(late.expect("read").expect("ours").standing, ChallengeStanding::Over);
    cases.ask_challenge(&matter.number, None, "anna").await.expect("asked again");
    let again = self::secrets(&room, &matter).await;
    let answered = cases.answer_challenge(&again.token, ChallengeAnswer::Mine).await;
    assert_eq!(answered.expect("read").expect("ours").standing, ChallengeStanding::Answered);
    assert_eq!(room.request(matter.request()).await.state, RequestState::UnderReview);
    // Of a question for which no request waits any more, nobody is told.
    let boris = room.contact("Борис", "", &[BORIS]).await;
    assert!(boris.0 > 0);
    let other = room.asks(BORIS, &[Label::Erasure]).await;
    cases.attest_identity(&other.number, "паспорт показан", "anna").await.expect("attested");
    room.pass_days(7);
    assert_eq!(expire().await, 1);
    assert!(!room.tasks(other.ticket).await.contains(&"challenge_expired".to_owned()));
}

async fn another_challenge_makes_the_first_void(mut room: Room) {
    room.with_settings(|settings| settings.requests.challenge = ChallengeMode::ByHand);
    room.contact("Анна", "", &[ANNA]).await;
    let matter = room.asks(ANNA, &[Label::Access]).await;
    assert_eq!(room.count("challenge").await, 0, "people ask by hand");
    room.cases().ask_challenge(&matter.number, None, "anna").await.expect("asked");
    let first = secrets(&room, &matter).await;
    room.cases().ask_challenge(&matter.number, None, "anna").await.expect("asked again");
    let second = secrets(&room, &matter).await;
    assert_ne!(first.token, second.token);
    let late = room.cases().answer_challenge(&first.token, ChallengeAnswer::Mine).await;
    assert_eq!(late.expect("read").expect("ours").standing, ChallengeStanding::Over);
    assert_eq!(level(&room, &matter).await, Some(IdentityLevel::From));
    let right = room.cases().answer_challenge(&second.token, ChallengeAnswer::Mine).await;
    assert_eq!(right.expect("taken").expect("ours").standing, ChallengeStanding::Answered);
    assert_eq!(room.request(matter.request()).await.state, RequestState::UnderReview);
}

async fn this_was_not_me_lifts_what_nobody_vouched_for(room: Room) {
    let (matter, secrets) = challenged(&room).await;
    assert_eq!(room.count("block WHERE state = 'active'").await, 1);
    let view = room.cases().answer_challenge(&secrets.token, ChallengeAnswer::NotMine).await;
    assert_eq!(view.expect("taken").expect("ours").standing, ChallengeStanding::Disowned);
    assert_eq!(room.count("block WHERE state = 'active'").await, 0);
    assert_eq!(room.count("stop WHERE number IS NOT NULL AND act = 'lift'").await, 1);
    assert!(room.ticket(matter.ticket).await.review.contains("disowned"));
    assert_eq!(room.request(matter.request()).await.state, RequestState::UnderReview);
    assert_eq!(level(&room, &matter).await, Some(IdentityLevel::From));
    assert!(store::challenges::is_disowned(room.store(), matter.ticket).await.expect("read"));
    assert!(room.tasks(matter.ticket).await.contains(&"disowned".to_owned()));
    let letter = room.letter(matter.ticket, "disowned").await.content.expect("opened").text;
    assert!(
        letter.contains("сделано не будет.") && !letter.contains("остаётся в силе"),
        "{letter}"
    );
}

async fn this_was_not_me_leaves_a_vouched_block_to_a_person(room: Room) {
    room.contact("Анна", "", &[ANNA]).await;
    let letter =
        Letter { authentication: SenderAuthentication::Pass, ..Letter::asking(ANNA, ERASURE) };
    let matter = room.files(letter).await;
    let secrets = secrets(&room, &matter).await;
    let answer = ChallengeAnswer::NotMine;
    room.cases().answer_challenge_code(number(&matter), secrets.code, answer).await.expect("taken");
    assert_eq!(room.count("block WHERE state = 'active'").await, 1, "it stands");
    assert_eq!(room.count("challenge WHERE state = 'disowned'").await, 1);
    assert!(room.tasks(matter.ticket).await.contains(&"disowned_but_vouched".to_owned()));
    let letter = room.letter(matter.ticket, "disowned").await.content.expect("opened").text;
    assert!(letter.contains("кроме названного ниже"), "{letter}");
    assert!(letter.contains("- блокирование ваших данных и отказ от рассылок"), "{letter}");
}

async fn two_answers_at_once_are_one(room: Room) {
    let (matter, secrets) = challenged(&room).await;
    let press = |answer| room.cases().answer_challenge(&secrets.token, answer);
    let (a, b, c) = tokio::join!(
        press(ChallengeAnswer::Mine),
        press(ChallengeAnswer::NotMine),
        press(ChallengeAnswer::Mine)
    );
    let standings = [a, b, c].map(|view| view.expect("read").expect("ours").standing);
    assert!(standings.iter().all(|standing| *standing == standings[0]), "{standings:?}");
    let proofs = room.count("identity_proof WHERE level = 'challenge'").await;
    let lifted = room.count("block WHERE state = 'lifted'").await;
    assert_eq!(proofs + lifted, 1, "one of the two, once");
    let audited = "audit_event WHERE actor = 'person_on_file' AND subject LIKE 'ticket:%'";
    assert_eq!(room.count(audited).await, 1);
    assert_eq!(room.request(matter.request()).await.state, RequestState::UnderReview);
}

async fn a_proven_ticket_does_not_vouch_for_what_is_forged_later(room: Room) {
    let (matter, secrets) = challenged(&room).await;
    room.cases().answer_challenge(&secrets.token, ChallengeAnswer::Mine).await.expect("taken");
    let labels = [(Label::Access, Band::Suggest)];
    let forged = Letter { subject: &matter.number, ..Letter::asking(ANNA, &labels) };
    let joined = room.files(forged).await;
    assert_eq!(joined.ticket, matter.ticket);
    let access = room.request(*joined.requests.last().expect("two")).await;
    let found = room.cases().identity_level(room.store(), &access).await.expect("read");
    assert_eq!(found, Some(IdentityLevel::From));
    assert_eq!(level(&room, &matter).await, Some(IdentityLevel::Challenge));
}

async fn only_an_address_on_file_is_asked(mut room: Room) {
    room.with_settings(|settings| settings.requests.challenge = ChallengeMode::ByHand);
    room.contact("Анна", "", &[ANNA, "anna@work.example"]).await;
    let text = "Пишите мне на boris@mail.example";
    let matter = room.writes(ANNA, "Запрос", text, &[Label::Access]).await;
    let address = |text: &str| domain::address::EmailAddress::parse(text).expect("valid");
    let (work, boris) = (address("anna@work.example"), address(BORIS));
    room.asks(BORIS, &[]).await;
    let named = room.cases().ask_challenge(&matter.number, Some(&boris), "anna").await;
    assert!(named.expect_err("refused").to_string().contains("address_on_file"));
    room.cases().ask_challenge(&matter.number, Some(&work), "anna").await.expect("asked");
    let to = "delivery d JOIN address a ON a.id = d.address_id WHERE d.topic = 'challenge' \
              AND a.email = 'anna@work.example'";
    assert_eq!(room.count(to).await, 1);
    // Of a stranger the own address is all there is on file.
    let stranger = room.asks("zoya@mail.example", &[Label::Access]).await;
    room.cases().ask_challenge(&stranger.number, None, "anna").await.expect("asked");
    let to = "delivery d JOIN address a ON a.id = d.address_id WHERE d.topic = 'challenge' \
              AND a.email = 'zoya@mail.example'";
    assert_eq!(room.count(to).await, 1);
}
