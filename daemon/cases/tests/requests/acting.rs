//! Matters of somebody who acts for another: everything is done to the person represented, who
//! hears of it, and nothing to the one who wrote.

use cases::{
    access::HeldBack,
    correction::NewCorrection,
    corrections::Wanted,
    destruction::PlanOrder,
    identity::NewRepresentative,
    requests::{deciding::Decided, executing::CarriedOut},
};
use domain::{
    block::Field,
    classification::{Band, Label, Mark},
    identity::RepresentationKind,
    ids::{ContactId, RepresentationId, RequestId},
    regime::CountsFrom,
    request::Outcome,
};

use store::packages::PackageState;

use crate::{
    access::{files, of, prove, token, with_map},
    deciding::{attest, done, is_refused, refusal},
    desk::Letter,
    room::{ANNA, BORIS, Matter, Room},
};

both! {
    the_package_is_of_the_person_represented_and_reaches_that_person,
    a_representative_with_a_proven_mailbox_gets_the_link_while_the_paper_holds,
    what_could_be_read_by_nobody_is_not_proposed,
    the_correction_is_of_the_person_represented,
    every_answer_is_told_to_the_person_represented_and_only_the_act,
    who_is_represented_hears_of_an_end_without_an_answer,
    a_paper_that_ended_does_not_make_the_sender_the_person,
    a_plan_takes_only_a_contact_that_the_matter_is_lawfully_about,
}

const BOTH: [(&str, &str); 2] = [("Анна Петрова", "+7 495 123-45-67"), ("Борис Ким", "+7 495 76")];

fn paper(subject: ContactId) -> NewRepresentative {
    NewRepresentative {
        subject: Some(subject),
        tell: None,
        kind: RepresentationKind::PowerOfAttorney,
        paper: "77 АБ 1234567 от 01.12.2026".into(),
        valid_until: Some("2027-06-30".parse().expect("a date")),
    }
}

/// Somebody asks for another whose address on file is `subject`; both are contacts.
struct Acting {
    matter: Matter,
    subject: ContactId,
    sender: ContactId,
    paper: RepresentationId,
}

async fn acting(room: &Room, label: Label, band: Band, (subject, from): (&str, &str)) -> Acting {
    let [(anna, her_phone), (boris, his_phone)] = BOTH;
    let person = room.contact(anna, her_phone, &[subject]).await;
    let sender = room.contact(boris, his_phone, &[from]).await;
    let marks = [(Mark::Representative, band)];
    let labels = [(label, Band::Auto)];
    let text = "Прошу за доверителя: слова Бориса";
    let matter = room.files(Letter { marks: &marks, text, ..Letter::asking(from, &labels) }).await;
    let paper = room.cases().represent(&matter.number, &paper(person), "anna").await;
    let paper = paper.expect("written");
    attest(room, &matter).await;
    room.cases().review_request(matter.request(), "anna").await.expect("reviewed");
    Acting { matter, subject: person, sender, paper }
}

/// How many letters of this topic went to an address.
async fn sent_to(room: &Room, topic: &str, address: &str) -> i64 {
    let sql = format!(
        "delivery d JOIN address a ON a.id = d.address_id WHERE d.topic = '{topic}' AND a.email = '{address}'"
    );
    room.count(&sql).await
}

async fn approve(room: &Room, request: RequestId) {
    room.cases().propose(request, None, "boris").await.expect("proposed");
    assert_eq!(room.cases().decide(request, "vera").await.expect("decided"), Decided::Approved);
}

async fn the_package_is_of_the_person_represented_and_reaches_that_person(mut room: Room) {
    with_map(&mut room);
    let acting = acting(&room, Label::Access, Band::Auto, (ANNA, BORIS)).await;
    let (cases, request) = (room.cases(), acting.matter.request());
    let of_sender = cases.make_package(request, Some(acting.sender), HeldBack::LeftOut, "boris");
    is_refused(of_sender.await, "whose_data");
    cases.make_package(request, None, HeldBack::LeftOut, "boris").await.expect("made");
    let files = files(&room, request).await;
    let data = String::from_utf8(of(&files, "data.json").to_vec()).expect("text");
    assert!(data.contains("Анна Петрова") && data.contains(ANNA), "{data}");
    for (name, bytes) in &files {
        let text = String::from_utf8_lossy(bytes);
        for foreign in ["Борис", BORIS, "495 76"] {
            assert!(!text.contains(foreign), "`{foreign}` of the sender is in {name}");
        }
    }
    approve(&room, request).await;
    cases.send_package(request, "boris").await.expect("sent");
    // No mailbox of the sender was proven: the link goes to the address on file of the person.
    assert_eq!(sent_to(&room, "answer_access", ANNA).await, 1);
    assert_eq!(sent_to(&room, "answer_access", BORIS).await, 0);
    assert_eq!(sent_to(&room, "reply", BORIS).await, 1);
    let told = room.letter(acting.matter.ticket, "reply").await.content.expect("opened");
    assert!(told.text.contains("от чьего имени вы обратились") && !told.text.contains("/p/"));
    let link = token(&room, &acting.matter).await;
    assert!(cases.fetch_package(&link).await.expect("asked").is_some());
}

async fn a_representative_with_a_proven_mailbox_gets_the_link_while_the_paper_holds(
    mut room: Room,
) {
    with_map(&mut room);
    let acting = acting(&room, Label::Access, Band::Auto, (ANNA, BORIS)).await;
    let (cases, request) = (room.cases(), acting.matter.request());
    cases.ask_challenge(&acting.matter.number, None, "anna").await.expect("asked");
    assert_eq!(sent_to(&room, "challenge", BORIS).await, 1);
    prove(&room, &acting.matter).await;
    cases.make_package(request, None, HeldBack::LeftOut, "boris").await.expect("made");
    approve(&room, request).await;
    cases.send_package(request, "boris").await.expect("sent");
    assert_eq!(sent_to(&room, "answer_access", BORIS).await, 1);
    assert_eq!(sent_to(&room, "answer_access", ANNA).await, 0);
    assert_eq!(sent_to(&room, "representative_answer", ANNA).await, 1);
    let told = room.letter(acting.matter.ticket, "representative_answer").await;
    let told = told.content.expect("opened");
    for text in [&told.text, told.html.as_ref().expect("a part")] {
        assert!(text.contains("представителю отправлена ссылка") && text.contains("vera"));
        assert!(!text.contains("/p/") && !text.contains("Петрова"), "the act alone: {text}");
    }
    let link = token(&room, &acting.matter).await;
    let number = &acting.matter.number;
    cases.revoke_representation(number, acting.paper, "anna").await.expect("revoked");
    assert!(cases.fetch_package(&link).await.expect("asked").is_none(), "the paper is over");
    // The file is gone with it, and a later paper wakes nothing.
    let row = &cases.packages(request).await.expect("listed")[0];
    assert_eq!(row.state, PackageState::Void);
    assert!(!cases.vault().key_exists(row.vault_key).await.expect("asked"));
    cases.represent(number, &paper(acting.subject), "anna").await.expect("written");
    assert!(cases.fetch_package(&link).await.expect("asked").is_none());
}

async fn what_could_be_read_by_nobody_is_not_proposed(mut room: Room) {
    with_map(&mut room);
    let acting = acting(&room, Label::Access, Band::Auto, (ANNA, BORIS)).await;
    let (cases, request) = (room.cases(), acting.matter.request());
    cases.make_package(request, None, HeldBack::LeftOut, "boris").await.expect("made");
    // The copy came back, and several addresses are on file.
    let copy = room.letter(acting.matter.ticket, "representative_copy").await;
    room.relay_refuses(copy.id).await;
    let second = domain::address::EmailAddress::parse("anna@work.example").expect("valid");
    let digests = cases.digests().address(&second);
    let transaction = room.store().begin().await.expect("begins");
    let now = room.now();
    let id = store::addresses::find_or_add(&transaction, &second, &digests, now).await;
    let id = id.expect("an address");
    store::contacts::give_address(&transaction, acting.subject, id, now).await.expect("given");
    transaction.commit().await.expect("commits");
    is_refused(cases.propose(request, None, "boris").await, "no_challenge");
    // A refusal goes to whoever asks, and is possible all the same.
    cases.propose(request, Some(&refusal()), "boris").await.expect("proposed");
    cases.send_back(request, "спросим", "boris").await.expect("sent back");
    cases.ask_challenge(&acting.matter.number, None, "anna").await.expect("asked");
    is_refused(cases.propose(request, None, "boris").await, "no_challenge");
    prove(&room, &acting.matter).await;
    approve(&room, request).await;
    // Of the person themselves, whom somebody attested and no mailbox proved: the same.
    let own = room.asks("vera@mail.example", &[Label::Access]).await;
    attest(&room, &own).await;
    cases.review_request(own.request(), "anna").await.expect("reviewed");
    cases.make_package(own.request(), None, HeldBack::LeftOut, "boris").await.expect("made");
    is_refused(cases.propose(own.request(), None, "boris").await, "no_challenge");
}

async fn the_correction_is_of_the_person_represented(room: Room) {
    let acting = acting(&room, Label::Rectification, Band::Auto, (ANNA, BORIS)).await;
    let (cases, request) = (room.cases(), acting.matter.request());
    let new = NewCorrection {
        field: Field::Name,
        of: None,
        new: "Анна Сидорова".into(),
        proof: "свидетельство о браке".into(),
    };
    cases.propose_correction(request, &new, "boris").await.expect("proposed");
    approve(&room, request).await;
    cases.apply_corrections(request, "boris").await.expect("applied");
    let named = |contact: ContactId, name: &str| {
        format!("contact WHERE id = {contact} AND name = '{name}'")
    };
    assert_eq!(room.count(&named(acting.subject, "Анна Сидорова")).await, 1);
    assert_eq!(room.count(&named(acting.sender, BOTH[1].0)).await, 1, "the sender's stay");
    assert_eq!(sent_to(&room, "answer_corrected", BORIS).await, 1);
    assert_eq!(sent_to(&room, "representative_answer", ANNA).await, 1);
    let told = room.letter(acting.matter.ticket, "representative_answer").await;
    let text = told.content.expect("opened").text;
    assert!(text.contains("ваши данные исправлены") && !text.contains("Сидорова"), "{text}");
    // After the paper ended, nothing more is corrected, and never the sender.
    let number = &acting.matter.number;
    cases.revoke_representation(number, acting.paper, "anna").await.expect("revoked");
    cases.reopen_request(request, "ещё раз", "anna").await.ok();
    let again = NewCorrection { new: "Другая Анна".into(), ..new };
    assert!(cases.propose_correction(request, &again, "boris").await.is_err());
    assert_eq!(room.count(&named(acting.sender, BOTH[1].0)).await, 1);
}

async fn every_answer_is_told_to_the_person_represented_and_only_the_act(room: Room) {
    let cases = room.cases();
    let kinds = [
        (Label::Restriction, "ваши данные заблокированы"),
        (Label::Objection, "прекращена"),
        (Label::ConsentWithdrawal, "прекращена"),
        (Label::UnlawfulProcessing, "законность обработки ваших данных проверена"),
        (Label::StopPublication, "распространение ваших данных прекращено"),
    ];
    for (label, words) in kinds {
        let subject = format!("{}@subject.example", label.name());
        let from = format!("{}@advocate.example", label.name());
        let acting = acting(&room, label, Band::Auto, (&subject, &from)).await;
        let id = acting.matter.request();
        match label {
            Label::UnlawfulProcessing => {
                let now = room.now();
                cases
                    .record_event(id, CountsFrom::Detection, now, None, "anna")
                    .await
                    .expect("dated");
            }
            Label::Restriction => {
                set_block(&room, &acting.matter, acting.subject).await;
            }
            _ => {}
        }
        let carried = done("тайное слово в ответе");
        cases.propose_carried(id, &carried, "anna").await.expect("proposed");
        assert_eq!(cases.decide(id, "vera").await.expect("decided"), Decided::Approved);
        cases.carry_out(id, None, "anna").await.expect("carried out");
        assert_eq!(sent_to(&room, "representative_answer", &subject).await, 1, "{label:?}");
        let told = room.letter(acting.matter.ticket, "representative_answer").await;
        let text = told.content.expect("opened").text;
        assert!(text.contains(words), "{label:?}: {text}");
        assert!(!text.contains("тайное слово"), "{label:?}: the act alone");
    }
    // A refusal, and a matter of the person themselves.
    let acting = acting(&room, Label::Erasure, Band::Auto, (ANNA, BORIS)).await;
    let id = acting.matter.request();
    cases.propose(id, Some(&refusal()), "anna").await.expect("proposed");
    assert_eq!(cases.decide(id, "vera").await.expect("decided"), Decided::Refused);
    assert_eq!(room.request(id).await.outcome, Some(Outcome::Refused));
    let told = room.letter(acting.matter.ticket, "representative_answer").await;
    let text = told.content.expect("opened").text;
    assert!(text.contains("отказано") && !text.contains("Договор ещё исполняется"), "{text}");
    let own = room.asks("own@mail.example", &[Label::StopPublication]).await;
    cases.review_request(own.request(), "anna").await.expect("reviewed");
    cases.propose_carried(own.request(), &done("снято"), "anna").await.expect("proposed");
    cases.decide(own.request(), "vera").await.expect("decided");
    assert_eq!(
        cases.carry_out(own.request(), None, "anna").await.expect("carried out"),
        CarriedOut::Answered
    );
    assert_eq!(
        room.count(&format!(
            "delivery WHERE topic = 'representative_answer' AND ticket_id = {}",
            own.ticket
        ))
        .await,
        0
    );
    assert_eq!(room.count("task WHERE name = 'tell_represented'").await, 0);
}

async fn who_is_represented_hears_of_an_end_without_an_answer(room: Room) {
    let cases = room.cases();
    let back = acting(&room, Label::Objection, Band::Auto, (ANNA, BORIS)).await;
    let id = back.matter.request();
    cases.withdraw_request(id, (None, Some("по телефону")), "anna").await.expect("written");
    assert_eq!(sent_to(&room, "representative_answer", ANNA).await, 0, "it waits");
    cases.withdraw_request(id, (None, None), "vera").await.expect("confirmed");
    assert_eq!(room.request(id).await.outcome, Some(Outcome::Withdrawn));
    assert_eq!(sent_to(&room, "representative_answer", ANNA).await, 1);
    let subject = room.contact("Вера", "", &["vera@subject.example"]).await;
    let marks = [(Mark::Representative, Band::Auto)];
    let labels = [(Label::Erasure, Band::Auto)];
    let from = "igor@advocate.example";
    let asked = room.files(Letter { marks: &marks, ..Letter::asking(from, &labels) }).await;
    cases.represent(&asked.number, &paper(subject), "anna").await.expect("written");
    let seen = cases.see(&asked.number, None).await.expect("seen");
    let wanted = Wanted { labels: Some(vec![Label::Other]), ..Wanted::default() };
    cases.correct(&seen, &wanted, Some("вопрос"), "anna").await.expect("corrected");
    assert_eq!(room.request(asked.request()).await.outcome, Some(Outcome::Misread));
    assert_eq!(sent_to(&room, "representative_answer", "vera@subject.example").await, 1);
}

async fn set_block(room: &Room, matter: &Matter, contact: ContactId) {
    let sql = format!(
        "INSERT INTO block (state, scope, basis, ticket_id, contact_id, from_at, authentication) \
         VALUES ('active', 'full', 'test', {}, {contact}, 1, 'none') RETURNING id",
        matter.ticket
    );
    room.number(&sql).await;
}

async fn a_paper_that_ended_does_not_make_the_sender_the_person(mut room: Room) {
    with_map(&mut room);
    // The machine was not sure, so that the requester of the row is the sender; a person of ours
    // saw the paper.
    let acting = acting(&room, Label::Access, Band::Suggest, (ANNA, BORIS)).await;
    let (cases, request) = (room.cases(), acting.matter.request());
    cases.make_package(request, None, HeldBack::LeftOut, "boris").await.expect("made");
    cases.propose(request, None, "boris").await.expect("proposed");
    let number = &acting.matter.number;
    cases.revoke_representation(number, acting.paper, "anna").await.expect("revoked");
    is_refused(cases.decide(request, "vera").await, "representation");
    let again = cases.make_package(request, None, HeldBack::LeftOut, "boris").await;
    is_refused(again, "whose_data");
    cases.send_back(request, "полномочия отменены", "anna").await.expect("sent back");
    is_refused(cases.propose(request, None, "boris").await, "representation");
    cases.propose(request, Some(&refusal()), "boris").await.expect("a refusal is possible");
    assert_eq!(cases.decide(request, "vera").await.expect("decided"), Decided::Refused);
}

async fn a_plan_takes_only_a_contact_that_the_matter_is_lawfully_about(room: Room) {
    let cases = room.cases();
    let anna = room.contact("Анна Петрова", "", &[ANNA]).await;
    let of = |contact| PlanOrder { contact: Some(contact), ..PlanOrder::default() };
    // A stranger asks, and somebody names a contact that has nothing to do with it.
    let stranger = room.asks("zoya@mail.example", &[Label::Erasure]).await;
    is_refused(cases.draft_destruction(stranger.request(), &of(anna)).await, "whose_data");
    // Who was attested as nobody of ours, or as another, is not that contact.
    let other = room.contact("Пётр", "", &["petr@mail.example"]).await;
    attest(&room, &stranger).await;
    let number = &stranger.number;
    cases.attest_identity_as(number, Some(other), "паспорт", "anna").await.expect("attested");
    is_refused(cases.draft_destruction(stranger.request(), &of(anna)).await, "whose_data");
    let proof = cases.attest_identity_as(number, Some(anna), "паспорт", "anna").await;
    let proof = proof.expect("attested");
    let draft = cases.draft_destruction(stranger.request(), &of(anna)).await.expect("attested");
    assert_eq!(draft.whose.contact, Some(anna));
    cases.revoke_identity(number, proof, "ошибка", "anna").await.expect("revoked");
    is_refused(cases.draft_destruction(stranger.request(), &of(anna)).await, "whose_data");
    let unknown = ContactId(987_654);
    let unknown = cases.attest_identity_as(number, Some(unknown), "паспорт", "anna").await;
    assert!(matches!(unknown, Err(cases::CasesError::NotFound { .. })), "{unknown:?}");
    // One of those who share the sender's address.
    let shared = "family@mail.example";
    let mother = room.contact("Мать", "", &[shared]).await;
    room.contact("Сын", "", &[shared]).await;
    let family = room.asks(shared, &[Label::Erasure]).await;
    is_refused(cases.draft_destruction(family.request(), &of(anna)).await, "whose_data");
    let draft = cases.draft_destruction(family.request(), &of(mother)).await.expect("theirs");
    assert_eq!(draft.whose.contact, Some(mother));
    // A representative without a paper.
    let marks = [(Mark::Representative, Band::Auto)];
    let labels = [(Label::Erasure, Band::Auto)];
    let asked = room.files(Letter { marks: &marks, ..Letter::asking(BORIS, &labels) }).await;
    is_refused(cases.draft_destruction(asked.request(), &of(anna)).await, "whose_data");
    cases.represent(&asked.number, &paper(anna), "anna").await.expect("written");
    let draft = cases.draft_destruction(asked.request(), &of(anna)).await.expect("represented");
    assert_eq!(draft.whose.contact, Some(anna));
    is_refused(cases.draft_destruction(asked.request(), &of(mother)).await, "which_contact");
}
