//! Every kind of request ends: its letter is accepted, it closes, and nothing is owed any more,
//! under one law and under two.

use cases::{
    access::HeldBack,
    correction::NewCorrection,
    requests::{deciding::Refusal, executing::Carried},
};
use domain::{
    block::Field,
    classification::Label,
    request::{Outcome, RequestState},
};

use crate::{
    access::with_map,
    room::{ANNA, Matter, Room},
};

both! {
    every_kind_ends_with_its_letter,
    every_kind_ends_with_its_letter_under_two_laws,
}

async fn every_kind_ends_with_its_letter_under_two_laws(mut room: Room) {
    room.with_both_regimes();
    every_kind_ends_with_its_letter(room).await;
}

async fn every_kind_ends_with_its_letter(mut room: Room) {
    with_map(&mut room);
    room.contact("Анна Питрова", "+7 495 000-00-00", &[ANNA]).await;
    let carried = |continues: bool| Carried {
        done: vec!["сделано, о чём просили".into()],
        continues: continues
            .then(|| ("исполнение договора".into(), "152-ФЗ ст. 6 ч. 1 п. 5".into()))
            .into_iter()
            .collect(),
        all_continue: continues,
        ..Carried::default()
    };

    let matter = approved_after(&room, Label::Access, async |room, matter| {
        let made = room.cases().make_package(matter.request(), None, HeldBack::LeftOut, "boris");
        made.await.expect("made");
    })
    .await;
    room.cases().send_package(matter.request(), "boris").await.expect("sent");
    ends(&room, &matter, "answer_access", Outcome::Done).await;

    let matter = approved_after(&room, Label::Rectification, async |room, matter| {
        let new = NewCorrection {
            field: Field::Name,
            of: None,
            new: "Анна Петрова".into(),
            proof: "паспорт предъявлен".into(),
        };
        let made = room.cases().propose_correction(matter.request(), &new, "boris");
        made.await.expect("proposed");
    })
    .await;
    room.cases().apply_corrections(matter.request(), "boris").await.expect("applied");
    ends(&room, &matter, "answer_corrected", Outcome::Done).await;

    let by_hand = [
        (Label::Objection, true, "answer_stopped", Outcome::PartlyKept),
        (Label::StopPublication, false, "answer_unpublished", Outcome::Done),
        (Label::Restriction, false, "answer_restricted", Outcome::Done),
    ];
    for (label, continues, letter, outcome) in by_hand {
        let matter = under_review(&room, label).await;
        let words = carried(continues);
        let proposed = room.cases().propose_carried(matter.request(), &words, "boris");
        proposed.await.expect("proposed");
        room.cases().decide(matter.request(), "vera").await.expect("approved");
        let done = room.cases().carry_out(matter.request(), None, "boris");
        done.await.expect("carried out");
        ends(&room, &matter, letter, outcome).await;
    }

    for label in [Label::Erasure, Label::Access, Label::Objection] {
        let matter = under_review(&room, label).await;
        let refusal = Refusal {
            clause: "152-ФЗ ст. 6 ч. 1 п. 5".into(),
            reasons: "Договор ещё исполняется.".into(),
        };
        room.cases().propose(matter.request(), Some(&refusal), "boris").await.expect("proposed");
        room.cases().decide(matter.request(), "vera").await.expect("refused");
        ends(&room, &matter, "refusal", Outcome::Refused).await;
    }
}

/// A new matter of Anna, a day and more after the last one, whose challenge she answered.
async fn under_review(room: &Room, label: Label) -> Matter {
    room.pass_days(2);
    let matter = room.asks(ANNA, &[label]).await;
    let number = &matter.number;
    let is_asked = room.letters(matter.ticket).await.iter().any(|one| one.topic == "challenge");
    if !is_asked {
        room.cases().ask_challenge(number, None, "anna").await.expect("asked");
    }
    let text = room.letter(matter.ticket, "challenge").await.content.expect("opened").text;
    let at = text.find("/c/").expect("a link") + 3;
    let token: String = text[at..].chars().take_while(char::is_ascii_alphanumeric).collect();
    let mine = cases::identity::ChallengeAnswer::Mine;
    room.cases().answer_challenge(&token, mine).await.expect("taken").expect("ours");
    if room.request(matter.request()).await.state != RequestState::UnderReview {
        room.cases().review_request(matter.request(), "anna").await.expect("reviewed");
    }
    matter
}

async fn approved_after(
    room: &Room,
    label: Label,
    prepare: impl AsyncFnOnce(&Room, &Matter),
) -> Matter {
    let matter = under_review(room, label).await;
    prepare(room, &matter).await;
    room.cases().propose(matter.request(), None, "boris").await.expect("proposed");
    room.cases().decide(matter.request(), "vera").await.expect("approved");
    matter
}

/// Not before the letter was accepted, and then wholly.
async fn ends(room: &Room, matter: &Matter, letter: &str, outcome: Outcome) {
    let id = matter.request();
    room.cases().settle_requests().await.expect("looked");
    let before = room.request(id).await.state;
    assert!(matches!(before, RequestState::Verified | RequestState::Refused), "{before:?}");
    room.relay_takes(room.letter(matter.ticket, letter).await.id).await;
    room.cases().settle_requests().await.expect("settled");
    let row = room.request(id).await;
    assert_eq!((row.state, row.outcome), (RequestState::Closed, Some(outcome)), "{letter}");
    assert_eq!(room.ticket(matter.ticket).await.state.name(), "closed", "{letter}");
    if outcome != Outcome::Refused {
        let owed = format!("duty WHERE request_id = {id} AND done_at IS NULL");
        assert_eq!(room.count(&owed).await, 0, "{letter}: {owed}");
    }
    let all = cases::requests::showing::Filter::default();
    let due = room.cases().due_requests(all, 100).await;
    assert!(due.expect("listed").is_empty(), "{letter}: nothing is owed");
}
