//! The register of disclosures knows no row without a ground, and whoever has data is told.

use cases::{CasesError, parties::DisclosureToRecord, requests::executing::Carried};
use domain::{
    block::Purpose,
    classification::Label,
    consent::{ConsentAct, Grade},
    disclosure::{Ground, NoticeAct, NoticeState, Role},
    ids::{ConsentEventId, ContactId, PlanId},
    request::RequestState,
};
use store::{consents::NewConsentEvent, recipients::NewRecipient};

use crate::room::{ANNA, BORIS, Matter, Room};

pub fn recipient(name: &str, role: Role) -> NewRecipient {
    NewRecipient {
        name: name.into(),
        role,
        title: format!("ООО «{name}»"),
        postal_address: String::new(),
        email: format!("privacy@{name}.example"),
        country: "RU".into(),
        agreement: "№ 5 от 01.02.2026".into(),
        data: String::new(),
        purpose: String::new(),
        authority_told_on: None,
    }
}

pub async fn add(room: &Room, recipient: NewRecipient) {
    room.cases().add_recipient(&recipient, "olga").await.expect("added");
}

pub fn contract(recipient: &str, contact: ContactId) -> DisclosureToRecord {
    DisclosureToRecord {
        recipient: recipient.into(),
        contact,
        ground: Ground::Contract,
        reference: "№ 17".into(),
        consent: None,
        data: vec!["email".into()],
        until_on: None,
        approved_by: None,
        request: None,
    }
}

async fn refusal(room: &Room, wanted: &DisclosureToRecord) -> &'static str {
    match room.cases().record_disclosure(wanted, "olga").await {
        Err(CasesError::Refused { rule, .. }) => rule,
        other => panic!("not refused: {other:?}"),
    }
}

async fn no_ground_no_row_not_even_by_hand(room: Room) {
    let contact = room.contact("Анна", "", &[ANNA]).await;
    add(&room, recipient("partner", Role::ThirdParty)).await;
    let insert = |columns: &str, values: &str| {
        format!(
            "INSERT INTO disclosure (recipient_id, contact_id, disclosed_at, data, recorded_by{columns}) \
             VALUES (1, {contact}, 0, 'email', 'olga'{values}) RETURNING id"
        )
    };
    for (columns, values) in [
        ("", ""),
        (", ground", ", NULL"),
        (", ground", ", 'because'"),
        (", ground", ", 'contract'"),
        (", ground, reference", ", 'contract', '  '"),
        (", ground, reference", ", 'law', '№ 1'"),
        (", ground, reference, approved_by", ", 'law', '№ 1', ' '"),
        (", ground, approved_by", ", 'law', 'olga'"),
        (", ground, reference", ", 'business_transfer', '№ 1'"),
        (", ground, reference", ", 'support_security', '№ 1'"),
        (", ground, reference", ", 'consent', '№ 1'"),
        (", ground, consent_id", ", 'consent', 4711"),
    ] {
        let written = store::probe::number(room.store(), &insert(columns, values)).await;
        assert!(written.is_err(), "{columns}: {values}");
    }
    let good = insert(", ground, reference, approved_by", ", 'law', '№ 1', 'olga'");
    assert!(room.number(&good).await > 0);
    assert_eq!(room.count("disclosure").await, 1);
}

async fn consent(room: &Room, contact: ContactId, act: ConsentAct) -> ConsentEventId {
    let addresses = store::contacts::addresses_of(room.store(), contact).await.expect("read");
    let event = NewConsentEvent {
        contact: Some(contact),
        address: addresses.first().copied(),
        purpose: Purpose::PartnerOffers,
        list: None,
        act,
        grade: Grade::Proven,
        capture_point: "page",
        evidence: "{}",
        submission: None,
        text: None,
        policy: None,
        subscription: None,
        delivery: None,
        import: None,
        actor: None,
    };
    let transaction = room.store().begin().await.expect("begins");
    let id = store::consents::append(&transaction, &event, room.now()).await.expect("appended");
    transaction.commit().await.expect("commits");
    id
}

async fn a_consent_must_be_of_this_person_and_stand(room: Room) {
    let anna = room.contact("Анна", "", &[ANNA]).await;
    let boris = room.contact("Борис", "", &[BORIS]).await;
    add(&room, recipient("partner", Role::ThirdParty)).await;
    let by_consent = |consent| DisclosureToRecord {
        ground: Ground::Consent,
        consent,
        reference: String::new(),
        ..contract("partner", anna)
    };
    assert_eq!(refusal(&room, &by_consent(None)).await, "consent_must_stand");
    let of_boris = consent(&room, boris, ConsentAct::Granted).await;
    assert_eq!(refusal(&room, &by_consent(Some(of_boris))).await, "consent_must_stand");
    let of_anna = consent(&room, anna, ConsentAct::Granted).await;
    let cases = room.cases();
    cases.record_disclosure(&by_consent(Some(of_anna)), "olga").await.expect("consented");
    consent(&room, anna, ConsentAct::Withdrawn).await;
    assert_eq!(refusal(&room, &by_consent(Some(of_anna))).await, "consent_must_stand");
    assert_eq!(room.count("audit_event WHERE act = 'disclosed'").await, 1);
}

async fn abroad_blocked_and_ended_are_refused(room: Room) {
    let anna = room.contact("Анна", "", &[ANNA]).await;
    add(&room, recipient("partner", Role::ThirdParty)).await;
    add(&room, NewRecipient { country: "DE".into(), ..recipient("berlin", Role::Processor) }).await;
    assert_eq!(refusal(&room, &contract("berlin", anna)).await, "cross_border_needs_notice");
    room.cases().record_disclosure(&contract("partner", anna), "olga").await.expect("recorded");
    room.asks(ANNA, &[Label::Erasure]).await;
    assert_eq!(refusal(&room, &contract("partner", anna)).await, "person_is_blocked");
    let by_law = DisclosureToRecord {
        ground: Ground::Law,
        approved_by: Some("vera".into()),
        ..contract("partner", anna)
    };
    room.cases().record_disclosure(&by_law, "olga").await.expect("the law asks");
    room.cases().end_recipient("partner", "olga").await.expect("ended");
    assert_eq!(refusal(&room, &by_law).await, "recipient_ended");
    let unknown = room.cases().record_disclosure(&contract("nobody", anna), "olga").await;
    assert!(matches!(unknown, Err(CasesError::NotFound { what: "recipient", .. })));
    let page = room.cases().disclosures(Some(anna), None, 10, "olga").await.expect("read");
    assert_eq!(
        page.iter().map(|row| row.ground).collect::<Vec<_>>(),
        [Ground::Law, Ground::Contract]
    );
    assert_eq!(room.cases().export_disclosures("olga").await.expect("exported").len(), 2);
    let read = "audit_event WHERE act IN ('disclosures_read', 'disclosures_exported')";
    assert_eq!(room.count(read).await, 2);
}

async fn raise(room: &Room, matter: &Matter, contact: ContactId, plan: Option<PlanId>) -> usize {
    let (ticket, request) =
        (room.ticket(matter.ticket).await, room.request(matter.request()).await);
    let cases = room.cases();
    let prepared = cases
        .prepare_recipient_notices(
            room.store(),
            (&ticket, &request),
            plan,
            Some(contact),
            NoticeAct::Destroy,
        )
        .await
        .expect("prepared");
    let transaction = room.store().begin().await.expect("begins");
    let raised =
        cases.raise_recipient_notices(&transaction, &prepared, room.now()).await.expect("raised");
    transaction.commit().await.expect("commits");
    raised
}

async fn whoever_has_data_is_told_by_letter_or_by_hand(room: Room) {
    let anna = room.contact("Анна Белова", "+7 900 000-00-00", &[ANNA]).await;
    add(&room, recipient("partner", Role::ThirdParty)).await;
    add(&room, recipient("stranger", Role::ThirdParty)).await;
    add(&room, NewRecipient { data: "email name".into(), ..recipient("mailer", Role::Processor) })
        .await;
    add(&room, NewRecipient { data: "health".into(), ..recipient("clinic", Role::Processor) })
        .await;
    let silent = NewRecipient { email: String::new(), ..recipient("archive", Role::ThirdParty) };
    add(&room, silent).await;
    room.cases().record_disclosure(&contract("partner", anna), "olga").await.expect("recorded");
    room.cases().record_disclosure(&contract("archive", anna), "olga").await.expect("recorded");
    let matter = room.asks(ANNA, &[Label::Erasure]).await;
    assert_eq!(raise(&room, &matter, anna, None).await, 3);
    // Told once.
    assert_eq!(raise(&room, &matter, anna, None).await, 0);
    let cases = room.cases();
    let notices = cases.notices_of_request(matter.request()).await.expect("read");
    let told: Vec<_> =
        notices.iter().map(|row| (row.recipient_name.as_str(), row.by_hand)).collect();
    assert_eq!(told, [("archive", true), ("mailer", false), ("partner", false)]);
    assert!(room.tasks(matter.ticket).await.contains(&"tell_recipient".to_owned()));
    let letters = room.letters(matter.ticket).await;
    let letters: Vec<_> =
        letters.iter().filter(|letter| letter.topic == "recipient_notice").collect();
    let text = &letters[0].content.as_ref().expect("a letter").text;
    for word in ["Анна Белова", ANNA, &matter.number] {
        assert!(text.contains(word), "{word}: {text}");
    }
    // What it never had it is not told now.
    assert!(!text.contains("+7 900 000-00-00"), "{text}");
    let other = &letters[1].content.as_ref().expect("a letter").text;
    assert!(other.contains(ANNA) && !other.contains("Анна Белова"), "{other}");
    // One leaves, the other is refused for good.
    room.relay_takes(letters[0].id).await;
    room.relay_refuses(letters[1].id).await;
    let keys: Vec<_> = notices.iter().filter_map(|row| row.vault_key).collect();
    assert_eq!(cases.follow_recipient_letters().await.expect("followed"), 2);
    assert_eq!(cases.follow_recipient_letters().await.expect("nothing left"), 0);
    for key in keys {
        assert!(!cases.vault().key_exists(key).await.expect("looked"));
    }
    let letters = room.letters(matter.ticket).await;
    let open = letters.iter().filter(|letter| letter.topic == "recipient_notice");
    assert_eq!(open.filter(|letter| letter.content.is_some()).count(), 0);
    let notices = cases.notices_of_request(matter.request()).await.expect("read");
    let states: Vec<_> = notices.iter().map(|row| (row.state, row.by_hand)).collect();
    assert_eq!(
        states,
        [(NoticeState::Planned, true), (NoticeState::Sent, false), (NoticeState::Planned, true)]
    );
    let tasks = room.tasks(matter.ticket).await;
    assert_eq!(tasks.iter().filter(|task| *task == "tell_recipient").count(), 2);
    // Receipts need words.
    let settle = |notice: usize, to, note| {
        cases.settle_recipient_notice(notices[notice].id, to, note, "olga")
    };
    assert!(settle(0, NoticeState::Acknowledged, " ").await.is_err());
    settle(0, NoticeState::Acknowledged, "by telephone, 4 December").await.expect("settled");
    settle(2, NoticeState::Impossible, "wound up in 2025").await.expect("settled");
    assert!(settle(0, NoticeState::Impossible, "again").await.is_err());
    assert_eq!(room.count("recipient_notice WHERE state = 'planned'").await, 0);
}

async fn a_recipient_is_written_down_whole(room: Room) {
    let good = recipient("partner", Role::ThirdParty);
    let cases = room.cases();
    for wrong in [
        NewRecipient { name: "two words".into(), ..good.clone() },
        NewRecipient { title: " ".into(), ..good.clone() },
        NewRecipient { country: "Russia".into(), ..good.clone() },
        NewRecipient { email: "nowhere".into(), ..good.clone() },
        NewRecipient { data: "soul".into(), ..good.clone() },
        NewRecipient { role: Role::Processor, agreement: String::new(), ..good.clone() },
    ] {
        let refused = cases.add_recipient(&wrong, "olga").await.expect_err("refused").to_string();
        assert!(refused.contains("recipient_is_complete"), "{refused}");
    }
    cases.add_recipient(&good, "olga").await.expect("added");
    let twice = cases.add_recipient(&good, "olga").await.expect_err("refused").to_string();
    assert!(twice.contains("recipient_name_is_free"), "{twice}");
    cases.end_recipient("partner", "olga").await.expect("ended");
    assert!(cases.end_recipient("partner", "olga").await.is_err());
}

pub async fn acts(room: &Room, matter: &Matter) -> Vec<(String, NoticeAct)> {
    let notices = room.cases().notices_of_request(matter.requests[0]).await.expect("read");
    notices.into_iter().map(|row| (row.recipient_name, row.act)).collect()
}

async fn recipients_hear_of_blocks_and_of_their_end(room: Room) {
    let anna = room.contact("Анна Белова", "", &[ANNA]).await;
    room.contact("Борис", "", &[BORIS]).await;
    add(&room, recipient("partner", Role::ThirdParty)).await;
    add(&room, recipient("stranger", Role::ThirdParty)).await;
    room.cases().record_disclosure(&contract("partner", anna), "olga").await.expect("recorded");
    let marketing = room.asks(ANNA, &[Label::StopMarketing]).await;
    let matter = room.asks(ANNA, &[Label::Restriction]).await;
    let other = room.asks(BORIS, &[Label::Restriction]).await;
    assert!(acts(&room, &matter).await.is_empty(), "not while it is filed");
    for _ in 0..2 {
        room.cases().spread_notices(100).await.expect("spread");
    }
    let partner = |act| ("partner".to_owned(), act);
    assert_eq!(acts(&room, &matter).await, [partner(NoticeAct::Block)]);
    assert!(acts(&room, &marketing).await.is_empty(), "a stop of advertising is ours alone");
    assert!(acts(&room, &other).await.is_empty(), "nobody has his data");
    // Another block of hers stands: nothing has ended.
    let second = room.asks(ANNA, &[Label::Erasure]).await;
    let block = async |of: &Matter| {
        store::blocks::of_ticket(room.store(), of.ticket).await.expect("read")[0].id
    };
    let handled = cases::blocks::LiftGround::Handled;
    let (first, last) = (block(&matter).await, block(&second).await);
    room.cases().lift_block(first, "anna", "проверено", handled).await.expect("lifted");
    room.cases().spread_notices(100).await.expect("spread");
    assert_eq!(acts(&room, &matter).await, [partner(NoticeAct::Block)]);
    room.cases().lift_block(last, "anna", "проверено", handled).await.expect("lifted");
    room.cases().spread_notices(100).await.expect("spread");
    assert_eq!(
        acts(&room, &second).await,
        [partner(NoticeAct::Block), partner(NoticeAct::Unblock)]
    );
}

async fn recipients_hear_of_a_stop(room: Room) {
    let cases = room.cases();
    let anna = room.contact("Анна Белова", "", &[ANNA]).await;
    add(&room, recipient("partner", Role::ThirdParty)).await;
    cases.record_disclosure(&contract("partner", anna), "olga").await.expect("recorded");
    let carried = |continues: bool| Carried {
        done: vec!["обработка прекращена".into()],
        continues: continues
            .then(|| ("договор".into(), "152-ФЗ ст. 6 ч. 1 п. 5".into()))
            .into_iter()
            .collect(),
        all_continue: continues,
        ..Carried::default()
    };
    for (label, goes_on, told) in [
        (Label::Objection, false, true),
        (Label::StopPublication, false, true),
        (Label::ConsentWithdrawal, true, false),
    ] {
        room.pass_days(2);
        let matter = room.asks(ANNA, &[label]).await;
        cases.attest_identity(&matter.number, "seen", "anna").await.expect("attested");
        if room.request(matter.request()).await.state != RequestState::UnderReview {
            cases.review_request(matter.request(), "anna").await.expect("reviewed");
        }
        let words = carried(goes_on);
        cases.propose_carried(matter.request(), &words, "anna").await.expect("proposed");
        cases.decide(matter.request(), "vera").await.expect("decided");
        cases.carry_out(matter.request(), None, "anna").await.expect("carried out");
        let stop = ("partner".to_owned(), NoticeAct::Stop);
        assert_eq!(acts(&room, &matter).await.contains(&stop), told, "{label:?}");
        let tasks = room.tasks(matter.ticket).await;
        let asked = tasks.contains(&"tell_recipients_what_stopped".to_owned());
        assert_eq!(asked, goes_on, "{label:?}: {tasks:?}");
    }
}

both! {
    recipients_hear_of_blocks_and_of_their_end,
    recipients_hear_of_a_stop,
    no_ground_no_row_not_even_by_hand,
    a_consent_must_be_of_this_person_and_stand,
    abroad_blocked_and_ended_are_refused,
    whoever_has_data_is_told_by_letter_or_by_hand,
    a_recipient_is_written_down_whole,
}
