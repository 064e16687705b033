//! Data that are corrected: old to new with proof, or not at all.

use cases::{
    correction::{ContactEdit, NewCorrection},
    requests::deciding::Refusal,
};
use domain::{
    block::Field,
    classification::Label,
    ids::{ContactId, RequestId},
    regime::RegimeId,
    request::{Outcome, RequestState},
};

use crate::{
    access::prove,
    deciding::is_refused,
    room::{ANNA, BORIS, Matter, Room},
};

both! {
    a_correction_is_applied_and_its_block_ends,
    what_was_changed_meanwhile_is_not_overwritten,
    a_new_mailbox_gets_nothing_before_it_confirms,
    an_address_of_another_or_of_an_erased_person_is_not_taken,
    what_was_not_confirmed_ends_the_block_with_reasons,
    whom_gdpr_protects_hears_that_the_block_of_the_check_ends,
    of_two_who_apply_at_once_one_does,
    blocked_data_are_not_edited,
}

fn to(field: Field, new: &str) -> NewCorrection {
    NewCorrection {
        field, of: None, new: new.into(), proof: "паспорт предъявлен".into()
    }
}

async fn asked(room: &Room) -> (ContactId, Matter) {
    let contact = room.contact("Анна Питрова", "+7 495 000-00-00", &[ANNA]).await;
    let matter = room.asks(ANNA, &[Label::Rectification]).await;
    prove(room, &matter).await;
    (contact, matter)
}

async fn approve(room: &Room, request: RequestId) {
    room.cases().propose(request, None, "boris").await.expect("proposed");
    is_refused(room.cases().decide(request, "boris").await, "four_eyes");
    room.cases().decide(request, "vera").await.expect("approved");
}

async fn a_correction_is_applied_and_its_block_ends(room: Room) {
    let (contact, matter) = asked(&room).await;
    let (cases, request) = (room.cases(), matter.request());
    let blocked = room.count("block WHERE state = 'active'").await;
    assert_eq!(blocked, 1, "the field is blocked while it is checked");
    let without = NewCorrection { proof: " ".into(), ..to(Field::Name, "Анна Петрова") };
    is_refused(
        cases.propose_correction(request, &without, "boris").await,
        "correction_needs_proof",
    );
    let bad = to(Field::Phone, "позвоните");
    is_refused(cases.propose_correction(request, &bad, "boris").await, "correction_value");
    cases
        .propose_correction(request, &to(Field::Name, "Анна Петрова"), "boris")
        .await
        .expect("proposed");
    let shown = cases.proposed_corrections(request, "vera").await.expect("shown");
    let content = shown[0].content.as_ref().expect("opened");
    assert_eq!((content.old.as_str(), content.new.as_str()), ("Анна Питрова", "Анна Петрова"));
    is_refused(cases.apply_corrections(request, "boris").await, "decision_stands");
    approve(&room, request).await;
    let late = cases.propose_correction(request, &to(Field::Name, "Другая"), "boris").await;
    is_refused(late, "request_state");
    let applied = cases.apply_corrections(request, "boris").await.expect("applied");
    assert_eq!((applied.applied.len(), applied.blocks_lifted), (1, 1));
    let named = format!("contact WHERE id = {contact} AND name = 'Анна Петрова'");
    assert_eq!(room.count(&named).await, 1);
    assert_eq!(room.count("block WHERE state = 'active'").await, 0);
    let row = room.request(request).await;
    assert_eq!((row.state, row.outcome), (RequestState::Verified, Some(Outcome::Done)));
    let letter = room.letter(matter.ticket, "answer_corrected").await.content.expect("opened");
    assert!(!letter.text.contains("Петрова") && !letter.text.contains("Питрова"), "no value in it");
    let open = format!(
        "duty WHERE request_id = {request} AND done_at IS NULL AND name IN ('correct', 'decide', 'check')"
    );
    assert_eq!(room.count(&open).await, 0);
    let audited = "audit_event WHERE detail LIKE '%Петрова%' OR detail LIKE '%паспорт%'";
    assert_eq!(room.count(audited).await, 0);
}

async fn what_was_changed_meanwhile_is_not_overwritten(room: Room) {
    let (contact, matter) = asked(&room).await;
    let (cases, request) = (room.cases(), matter.request());
    cases
        .propose_correction(request, &to(Field::Phone, "+7 495 111-11-11"), "boris")
        .await
        .expect("proposed");
    cases
        .propose_correction(request, &to(Field::Name, "Анна Петрова"), "boris")
        .await
        .expect("proposed");
    approve(&room, request).await;
    let sql = format!("UPDATE contact SET name = 'Третья' WHERE id = {contact} RETURNING id");
    room.number(&sql).await;
    is_refused(cases.apply_corrections(request, "boris").await, "value_changed");
    let untouched =
        format!("contact WHERE id = {contact} AND name = 'Третья' AND phone = '+7 495 000-00-00'");
    assert_eq!(room.count(&untouched).await, 1, "all of them or none");
    assert_eq!(room.request(request).await.state, RequestState::Approved);
    assert_eq!(room.count("block WHERE state = 'active'").await, 1);
    cases.send_back(request, "another name stands there", "vera").await.expect("sent back");
    cases
        .propose_correction(request, &to(Field::Name, "Анна Петрова"), "boris")
        .await
        .expect("anew");
}

async fn a_new_mailbox_gets_nothing_before_it_confirms(room: Room) {
    let (contact, matter) = asked(&room).await;
    let (cases, request) = (room.cases(), matter.request());
    let list = room
        .number(
            "INSERT INTO list (name, purpose, title_ru, title_en, advertiser, created_at, created_by) \
             VALUES ('news', 'newsletter', 'Новости', 'News', 'x', 1, 'x') RETURNING id",
        )
        .await;
    let sql = format!(
        "INSERT INTO subscription (list_id, contact_id, address_id, state, since_at, created_at) \
         SELECT {list}, {contact}, address_id, 'confirmed', 1, 1 FROM contact_address \
         WHERE contact_id = {contact} RETURNING id"
    );
    room.number(&sql).await;
    cases
        .propose_correction(request, &to(Field::Email, "anna.new@mail.example"), "boris")
        .await
        .expect("proposed");
    approve(&room, request).await;
    let applied = cases.apply_corrections(request, "boris").await.expect("applied");
    // The list has no consent text in force: nobody can be asked, and nobody is mailed.
    assert_eq!(applied.lists_asked, 0);
    assert_eq!(room.count("subscription WHERE state = 'confirmed'").await, 0);
    let has = format!(
        "contact_address JOIN address ON address.id = address_id WHERE contact_id = {contact} \
         AND email = 'anna.new@mail.example'"
    );
    assert_eq!(room.count(&has).await, 1);
    assert_eq!(room.count(&format!("contact_address WHERE contact_id = {contact}")).await, 1);
    assert!(room.count("stop WHERE act = 'withdrawal' AND number IS NOT NULL").await >= 1);
}

async fn an_address_of_another_or_of_an_erased_person_is_not_taken(room: Room) {
    let (_, matter) = asked(&room).await;
    room.contact("Борис", "", &[BORIS]).await;
    let propose = |new: &'static str| {
        let (cases, request) = (room.cases().clone(), matter.request());
        async move { cases.propose_correction(request, &to(Field::Email, new), "boris").await }
    };
    is_refused(propose(BORIS).await, "address_of_another");
    is_refused(propose(ANNA).await, "correction_value");
    let gone = domain::address::EmailAddress::parse("gone@mail.example").expect("valid");
    let digests = room.cases().digests().address(&gone);
    let bytes = |bytes: [u8; 32]| match room.store().dialect() {
        store::Dialect::Sqlite => format!("x'{}'", hex::encode(bytes)),
        store::Dialect::Postgres => format!("decode('{}', 'hex')", hex::encode(bytes)),
    };
    let sql = format!(
        "INSERT INTO suppression (digest_key, exact_digest, stop_digest, reason, source, since_at) \
         VALUES (1, {}, {}, 'erased', 'x', 1) RETURNING id",
        bytes(digests.exact.bytes),
        bytes(digests.stop.bytes)
    );
    room.number(&sql).await;
    is_refused(propose("gone@mail.example").await, "erased");
}

async fn what_was_not_confirmed_ends_the_block_with_reasons(room: Room) {
    let (_, matter) = asked(&room).await;
    let (cases, request) = (room.cases(), matter.request());
    cases
        .propose_correction(request, &to(Field::Name, "Анна Петрова"), "boris")
        .await
        .expect("proposed");
    is_refused(cases.end_unconfirmed(request, "boris").await, "needs_refusal");
    let refusal = Refusal {
        clause: "152-ФЗ ст. 20 ч. 3".into(),
        reasons: "Паспорт подтверждает прежнее имя.".into(),
    };
    cases.propose(request, Some(&refusal), "boris").await.expect("proposed");
    assert_eq!(room.count("block WHERE state = 'active'").await, 1);
    cases.decide(request, "vera").await.expect("refused");
    // The block ends with the refusal itself, by a numbered stop, and the reasons are told.
    assert_eq!(room.count("block WHERE state = 'active'").await, 0);
    assert_eq!(room.count("block WHERE state = 'lifted' AND lifted_by = 'vera'").await, 1);
    assert_eq!(room.count("stop WHERE act = 'lift' AND number IS NOT NULL").await, 1);
    assert_eq!(room.request(request).await.outcome, Some(Outcome::NotConfirmed));
    assert_eq!(room.count("rectification WHERE state = 'proposed'").await, 0);
    let letter = room.letter(matter.ticket, "refusal").await;
    assert!(letter.content.expect("opened").text.contains("прежнее имя"));
    assert_eq!(room.count("delivery WHERE topic = 'unblock_notice'").await, 0, "152-FZ asks none");
    assert_eq!(cases.end_unconfirmed(request, "vera").await.expect("again"), 0);
    room.relay_takes(letter.id).await;
    cases.settle_requests().await.expect("settled");
    let row = room.request(request).await;
    assert_eq!((row.state, row.outcome), (RequestState::Closed, Some(Outcome::NotConfirmed)));
}

async fn whom_gdpr_protects_hears_that_the_block_of_the_check_ends(mut room: Room) {
    room.with_both_regimes();
    room.with_settings(|settings| settings.regimes.truncate(1));
    let (contact, matter) = asked(&room).await;
    let (cases, request) = (room.cases(), matter.request());
    let gdpr = [RegimeId::parse("eu-gdpr").expect("an id")];
    cases.set_regimes_of_contact(contact, &gdpr, "anna").await.expect("set");
    let refusal = Refusal {
        clause: "152-ФЗ ст. 20 ч. 3".into(),
        reasons: "Паспорт подтверждает прежнее имя.".into(),
    };
    cases.propose(request, Some(&refusal), "boris").await.expect("proposed");
    cases.decide(request, "vera").await.expect("refused");
    // First the word, then the end: the block holds until the letter was accepted.
    let active = "block WHERE state = 'active'";
    assert_eq!(cases.lift_told_blocks().await.expect("looks"), 0);
    assert_eq!(room.count(active).await, 1);
    let notice = room.letter(matter.ticket, "unblock_notice").await;
    room.relay_takes(notice.id).await;
    assert_eq!(cases.lift_told_blocks().await.expect("lifts"), 1);
    assert_eq!(room.count(active).await, 0);
}

async fn of_two_who_apply_at_once_one_does(room: Room) {
    let (_, matter) = asked(&room).await;
    let (cases, request) = (room.cases(), matter.request());
    cases
        .propose_correction(request, &to(Field::Name, "Анна Петрова"), "boris")
        .await
        .expect("proposed");
    approve(&room, request).await;
    let (one, two) = tokio::join!(
        cases.apply_corrections(request, "boris"),
        cases.apply_corrections(request, "vera")
    );
    assert_eq!(usize::from(one.is_ok()) + usize::from(two.is_ok()), 1, "{one:?} {two:?}");
    assert_eq!(room.count("audit_event WHERE act = 'corrected'").await, 1);
    assert_eq!(room.count("rectification WHERE state = 'applied'").await, 1);
}

async fn blocked_data_are_not_edited(room: Room) {
    let contact = room.contact("Анна", "+7 495 000-00-00", &[ANNA]).await;
    let cases = room.cases();
    let named = |name: &str| ContactEdit { name: Some(name.into()), ..ContactEdit::default() };
    let changed = cases.edit_contact(contact, &named("Анна Петрова"), "boris").await;
    assert_eq!(changed.expect("edited"), ["name"]);
    is_refused(
        cases.edit_contact(contact, &ContactEdit::default(), "boris").await,
        "contact_value",
    );
    let zone = ContactEdit { zone: Some("Mars/Base".into()), ..ContactEdit::default() };
    is_refused(cases.edit_contact(contact, &zone, "boris").await, "contact_value");
    room.asks(ANNA, &[Label::Erasure]).await;
    is_refused(cases.edit_contact(contact, &named("Другая"), "boris").await, "blocked");
    let locale = ContactEdit { locale: Some("en".into()), ..ContactEdit::default() };
    is_refused(cases.edit_contact(contact, &locale, "boris").await, "blocked");
    assert_eq!(room.count("audit_event WHERE act = 'edited'").await, 1);
}
