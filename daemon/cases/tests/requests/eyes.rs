//! Whose eyes: accounts of the machine, names that read alike, and the person's own word.

use cases::settings::AccountSettings;
use domain::{
    classification::{Band, Label},
    decision::taking_back::TakingBack,
    request::RequestState,
};

use crate::{
    deciding::{attest, decided, done, is_refused, refusal, under_review},
    desk::Letter,
    room::{ANNA, BORIS, Room},
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

async fn a_later_word_of_the_person_ends_a_request_and_a_strangers_does_not(mut room: Room) {
    under(&mut room, "office", false);
    let matter = under_review(&room, Label::Erasure).await;
    let id = matter.request();
    is_refused(room.cases().withdraw_request(id, None, "anna").await, "own_word");
    let subject = format!("Re: {}", matter.number);
    let again = Letter { subject: &subject, ..Letter::asking(BORIS, &[]) };
    room.files(Letter { text: "Отзываю", ..again }).await;
    is_refused(room.cases().withdraw_request(id, None, "anna").await, "own_word");
    room.pass_days(1);
    let again = Letter { subject: &subject, ..Letter::asking(ANNA, &[(Label::Other, Band::Auto)]) };
    let joined = room.files(Letter { text: "Передумала, не удаляйте", ..again }).await;
    assert_eq!(joined.ticket, matter.ticket);
    let ended = room.cases().withdraw_request(id, None, "anna").await.expect("ended");
    assert_eq!(ended, TakingBack::Ends);
    assert_eq!(room.request(id).await.state, RequestState::Withdrawn);
    let heard = "audit_event WHERE act = 'withdrawal_heard' AND detail LIKE '%submission%'";
    assert_eq!(room.count(heard).await, 1);
}

async fn what_somebody_wrote_down_another_account_confirms(mut room: Room) {
    under(&mut room, "office", false);
    let id = under_review(&room, Label::Erasure).await.request();
    let note = Some("сказала по телефону");
    let waits = room.cases().withdraw_request(id, note, "anna").await.expect("written down");
    assert_eq!(waits, TakingBack::Waits);
    is_refused(room.cases().withdraw_request(id, None, "boris").await, "four_eyes");
    under(&mut room, "home", false);
    let ends = room.cases().withdraw_request(id, None, "boris").await.expect("confirmed");
    assert_eq!(ends, TakingBack::Ends);
}

async fn who_decides_alone_says_how_they_heard_it(mut room: Room) {
    room.with_settings(|settings| settings.requests.four_eyes = false);
    let matter = room.asks(ANNA, &[Label::Restriction]).await;
    let id = matter.request();
    is_refused(room.cases().withdraw_request(id, None, "anna").await, "own_word");
    let ends = room.cases().withdraw_request(id, Some("по телефону"), "anna").await;
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
    a_later_word_of_the_person_ends_a_request_and_a_strangers_does_not,
    what_somebody_wrote_down_another_account_confirms,
    who_decides_alone_says_how_they_heard_it,
    a_base_is_an_article_or_a_contract_and_no_free_text,
}
