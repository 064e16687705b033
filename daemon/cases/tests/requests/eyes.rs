//! Whose eyes: accounts of the machine, names that read alike, and the person's own word.

use cases::{identity::ChallengeAnswer, settings::AccountSettings};
use domain::{
    authentication::SenderAuthentication,
    classification::{Band, Label},
    decision::taking_back::TakingBack,
    ids::SubmissionId,
    request::RequestState,
};

use crate::{
    deciding::{attest, decided, done, is_refused, refusal, under_review},
    desk::Letter,
    identity::challenged,
    room::{ANNA, BORIS, Matter, Room},
};

/// The commands of one account of the machine.
fn under(room: &mut Room, account: &str, shared: bool) {
    let own = Some(account.to_owned());
    room.with_settings(|settings| settings.requests.accounts = AccountSettings { own, shared });
}

async fn one_account_does_not_decide_what_it_proposed_under_another_name(mut room: Room) {
    let id = under_review(&room, Label::Restriction).await.request();
    under(&mut room, "office", false);
    room.cases().propose(id, Some(&refusal()), "anna").await.expect("proposed");
    is_refused(room.cases().decide(id, "boris").await, "four_eyes");
    // The same eyes in other letters.
    under(&mut room, "home", false);
    for same in ["anna", "\u{410}nn\u{430}", "ａｎｎａ"] {
        is_refused(room.cases().decide(id, same).await, "four_eyes");
    }
    room.cases().decide(id, "boris").await.expect("another person under another account");
    for (act, account) in [("propose", "office"), ("decide", "home")] {
        let told = format!(
            "audit_event WHERE act = '{act}' AND detail LIKE '%\"account\":\"{account}\"%'"
        );
        assert_eq!(room.count(&told).await, 1, "{act}");
    }
}

async fn where_people_share_an_account_names_alone_are_told_apart(mut room: Room) {
    under(&mut room, "office", true);
    let id = under_review(&room, Label::Restriction).await.request();
    room.cases().propose(id, Some(&refusal()), "anna").await.expect("proposed");
    is_refused(room.cases().decide(id, " Anna").await, "four_eyes");
    room.cases().decide(id, "boris").await.expect("decided");
}

/// A letter in the matter that carries its number; its id.
async fn writes(
    room: &Room,
    matter: &Matter,
    from: &str,
    text: &str,
    authentication: SenderAuthentication,
) -> SubmissionId {
    let subject = format!("Re: {}", matter.number);
    let labels = &[(Label::Other, Band::Auto)];
    let letter = Letter { subject: &subject, text, authentication, ..Letter::asking(from, labels) };
    room.files(letter).await;
    SubmissionId(room.number("SELECT MAX(id) FROM submission").await)
}

async fn a_later_letter_that_is_named_and_confirmed_ends_a_request(mut room: Room) {
    use SenderAuthentication::{Fail, None as NoPolicy, Pass, Unknown};
    under(&mut room, "office", false);
    let matter = under_review(&room, Label::Erasure).await;
    let id = matter.request();
    let asked = SubmissionId(room.number("SELECT MIN(id) FROM submission").await);
    room.pass_days(1);
    let mut wrong = vec![asked, SubmissionId(4711)];
    wrong.push(writes(&room, &matter, BORIS, "Отзываю", Pass).await);
    for authentication in [Unknown, Fail, NoPolicy] {
        wrong.push(writes(&room, &matter, ANNA, "Отзываю", authentication).await);
    }
    // What came is read by people: by itself no letter is a word.
    writes(&room, &matter, ANNA, "Когда же вы удалите?", Pass).await;
    is_refused(room.cases().withdraw_request(id, (None, None), "anna").await, "own_word");
    for named in wrong {
        let said = room.cases().withdraw_request(id, (Some(named), None), "anna").await;
        is_refused(said, "own_word");
    }
    let named = writes(&room, &matter, ANNA, "Передумала, не удаляйте", Pass).await;
    let waits = room.cases().withdraw_request(id, (Some(named), None), "anna").await;
    assert_eq!(waits.expect("written down"), TakingBack::Waits);
    assert_eq!(room.request(id).await.state, RequestState::UnderReview);
    assert_eq!(taken_back_letters(&room, &matter).await, 0, "nobody is told yet");
    // Whoever confirms sees which letter it was.
    let view = room.cases().show_request(id, "boris").await.expect("shown");
    let note = view.notes.iter().find_map(|note| note.text.clone());
    assert_eq!(note, Some(format!("submission {named}")));
    for (same, account) in [("anna", "home"), ("boris", "office")] {
        under(&mut room, account, false);
        for word in [None, Some(named)] {
            let again = room.cases().withdraw_request(id, (word, None), same).await;
            is_refused(again, "four_eyes");
        }
    }
    assert_eq!(taken_back_letters(&room, &matter).await, 0, "nobody is told yet");
    under(&mut room, "home", false);
    let ends = room.cases().withdraw_request(id, (None, None), "boris").await.expect("confirmed");
    assert_eq!(ends, TakingBack::Ends);
    assert_eq!(room.request(id).await.state, RequestState::Withdrawn);
    assert_eq!(taken_back_letters(&room, &matter).await, 1);
    let written = format!(
        "audit_event WHERE act = 'withdrawal_proposed' AND detail LIKE '%\"submission\":{named}%'"
    );
    assert_eq!(room.count(&written).await, 1);
}

async fn taken_back_letters(room: &Room, matter: &Matter) -> usize {
    let letters = room.letters(matter.ticket).await;
    letters.iter().filter(|letter| letter.topic == "taken_back").count()
}

async fn an_answered_challenge_takes_nothing_back_yet_shows_the_sender(mut room: Room) {
    under(&mut room, "office", false);
    let (matter, secrets) = challenged(&room).await;
    let id = matter.request();
    let mine = room.cases().answer_challenge(&secrets.token, ChallengeAnswer::Mine).await;
    mine.expect("taken").expect("ours");
    is_refused(room.cases().withdraw_request(id, (None, None), "anna").await, "own_word");
    room.pass_days(1);
    let unknown = SenderAuthentication::Unknown;
    let named = writes(&room, &matter, ANNA, "Передумала, не удаляйте", unknown).await;
    let forged =
        writes(&room, &matter, ANNA, "Передумала, не удаляйте", SenderAuthentication::Fail).await;
    let said = room.cases().withdraw_request(id, (Some(forged), None), "anna").await;
    is_refused(said, "own_word");
    let waits = room.cases().withdraw_request(id, (Some(named), None), "anna").await;
    assert_eq!(waits.expect("written down"), TakingBack::Waits);
}

async fn what_somebody_wrote_down_another_account_confirms(mut room: Room) {
    under(&mut room, "office", false);
    let id = under_review(&room, Label::Erasure).await.request();
    let note = Some("сказала по телефону");
    let waits =
        room.cases().withdraw_request(id, (None, note), "anna").await.expect("written down");
    assert_eq!(waits, TakingBack::Waits);
    is_refused(room.cases().withdraw_request(id, (None, None), "boris").await, "four_eyes");
    under(&mut room, "home", false);
    let ends = room.cases().withdraw_request(id, (None, None), "boris").await.expect("confirmed");
    assert_eq!(ends, TakingBack::Ends);
}

async fn who_decides_alone_says_how_they_heard_it(mut room: Room) {
    room.with_settings(|settings| settings.requests.four_eyes = false);
    let matter = room.asks(ANNA, &[Label::Restriction]).await;
    let id = matter.request();
    is_refused(room.cases().withdraw_request(id, (None, None), "anna").await, "own_word");
    let ends = room.cases().withdraw_request(id, (None, Some("по телефону")), "anna").await;
    assert_eq!(ends.expect("ended"), TakingBack::Ends);
    // Nothing is decided of what was ended.
    assert_eq!(room.request(id).await.state, RequestState::Withdrawn);
}

async fn a_base_is_an_article_or_a_contract_and_no_free_text(room: Room) {
    let matter = under_review(&room, Label::Objection).await;
    let id = matter.request();
    let with = |base: &str| cases::requests::executing::Carried {
        continues: vec![("исполнение договора".into(), base.into())],
        ..done("рассылки прекращены")
    };
    for base in ["1", "ст. 6", "152-ФЗ стол 6", "Иванов сказал, 152-ФЗ ст. 6", "договор"]
    {
        let refused = room.cases().propose_carried(id, &with(base), "anna").await;
        is_refused(refused, "continues_with_base");
    }
    let mut wrong = refusal();
    for clause in ["стол 1", "ст. 14", "152-ФЗ ст. 14, потому что Иванов должен"]
    {
        wrong.clause = clause.into();
        is_refused(room.cases().propose(id, Some(&wrong), "anna").await, "refusal_needs_clause");
    }
    attest(&room, &matter).await;
    decided(&room, id, &with("договор № 7 от 01.02.2026")).await;
}

both! {
    one_account_does_not_decide_what_it_proposed_under_another_name,
    where_people_share_an_account_names_alone_are_told_apart,
    a_later_letter_that_is_named_and_confirmed_ends_a_request,
    an_answered_challenge_takes_nothing_back_yet_shows_the_sender,
    what_somebody_wrote_down_another_account_confirms,
    who_decides_alone_says_how_they_heard_it,
    a_base_is_an_article_or_a_contract_and_no_free_text,
}
