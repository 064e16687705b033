//! Blocks set by hand: whom they hold, what they keep out, how they end.

use cases::blocks::{BlockByHand, LiftGround, Lifted, Whom};
use domain::{
    address::EmailAddress,
    block::{Effective, Field, Purpose, Scope},
    classification::{Band, Label, Mark},
    ids::BlockId,
    regime::RegimeId,
};

use crate::{
    desk::Letter,
    room::{ANNA, BORIS, Room},
};

both! {
    an_address_is_blocked_before_it_is_a_contact,
    overlapping_blocks_hold_their_union,
    an_export_leaves_out_what_blocks_hold,
    something_is_excepted_only_while_data_are_checked,
    a_block_of_a_rectification_is_called_to_mind_every_day,
    under_gdpr_the_person_is_told_before_the_block_ends,
    who_is_told_before_the_block_ends_goes_by_the_persons_own_laws,
    an_authority_has_a_block_set_with_its_hold,
}

fn address(text: &str) -> EmailAddress {
    EmailAddress::parse(text).expect("valid")
}

fn by_hand(whom: Whom, scope: Scope) -> BlockByHand {
    BlockByHand {
        whom,
        scope,
        basis: "restriction".into(),
        ticket: None,
        exception: None,
        by_authority: false,
    }
}

async fn set(room: &Room, new: &BlockByHand) -> BlockId {
    room.cases().set_block(new, "anna").await.expect("set")
}

async fn effective(room: &Room, text: &str) -> Effective {
    room.cases().effective_block(room.store(), &address(text)).await.expect("read")
}

async fn an_address_is_blocked_before_it_is_a_contact(room: Room) {
    let block = set(&room, &by_hand(Whom::Address(address(ANNA)), Scope::Full)).await;
    assert_eq!(room.count("contact").await, 0);
    assert_eq!(room.count("stop WHERE number IS NOT NULL AND act = 'block'").await, 1);
    assert_eq!(room.count("system_notice WHERE act = 'block'").await, 1);
    // The contact comes later, and under another spelling of the address.
    room.contact("Анна", "", &["Anna+shop@mail.example"]).await;
    assert!(effective(&room, "anna+shop@mail.example").await.full);
    let own = by_hand(Whom::Address(address("boss@clinic.example")), Scope::Full);
    let refused = room.cases().set_block(&own, "anna").await.expect_err("refused");
    assert!(refused.to_string().contains("own_address"));
    let ended = room.cases().lift_block(block, "anna", "решено", LiftGround::Handled).await;
    ended.expect("lifted");
    assert!(effective(&room, ANNA).await.is_none());
    let told = "block WHERE lifted_by = 'anna' AND lift_reason = 'handled'";
    assert_eq!(room.count(told).await, 1);
    assert_eq!(room.count("audit_event WHERE subject LIKE 'block:%'").await, 2);
    assert_eq!(room.count("system_notice WHERE act = 'unblock'").await, 1);
}

async fn overlapping_blocks_hold_their_union(room: Room) {
    let anna = room.contact("Анна", "1", &[ANNA]).await;
    let phone = Scope::Fields(vec![Field::Phone]);
    let research = Scope::Purposes(vec![Purpose::Research]);
    set(&room, &by_hand(Whom::Contact(anna), phone)).await;
    set(&room, &by_hand(Whom::Address(address(ANNA)), research)).await;
    let third = set(&room, &by_hand(Whom::Contact(anna), Scope::Marketing)).await;
    let held = effective(&room, ANNA).await;
    assert!(held.marketing && !held.full && held.holds_field(Field::Phone));
    assert!(held.holds_purpose(Purpose::Research) && held.holds_purpose(Purpose::Newsletter));
    room.cases().lift_block(third, "anna", "готово", LiftGround::Handled).await.expect("lifted");
    let held = effective(&room, ANNA).await;
    assert!(!held.holds_purpose(Purpose::Newsletter), "one is lifted");
    assert!(held.holds_field(Field::Phone) && held.holds_purpose(Purpose::Research));
    let edit = room.cases().refuse_editing_of_blocked(room.store(), anna).await;
    assert!(edit.expect_err("refused").to_string().contains("contact_is_blocked"));
    let boris = room.contact("Борис", "", &[BORIS]).await;
    room.cases().refuse_editing_of_blocked(room.store(), boris).await.expect("free");
}

async fn an_export_leaves_out_what_blocks_hold(room: Room) {
    let anna = room.contact("Анна", "111", &[ANNA]).await;
    room.contact("Борис", "222", &[BORIS]).await;
    room.contact("Вера", "333", &["vera@mail.example"]).await;
    set(&room, &by_hand(Whom::Contact(anna), Scope::Full)).await;
    let fields = Scope::Fields(vec![Field::Phone]);
    set(&room, &by_hand(Whom::Address(address(BORIS)), fields)).await;
    let mut export = room.cases().export_contacts(None, "anna").await.expect("begun");
    let page = export.next_page().await.expect("a page");
    let shown: Vec<_> = page.iter().map(|row| (row.name.as_str(), row.phone.as_str())).collect();
    assert_eq!(shown, [("Борис", ""), ("Вера", "333")]);
    assert!(export.next_page().await.expect("the end").is_empty());
    assert_eq!((export.held().left_out, export.held().masked), (1, 1));
    // A court's order brings all of it, and the audit log says so.
    for wrong in ["", "суд, anna@mail.example"] {
        let export = room.cases().export_contacts(None, "anna").await.expect("begun");
        assert!(export.for_statute(wrong).await.is_err());
    }
    let export = room.cases().export_contacts(None, "anna").await.expect("begun");
    let mut export = export.for_statute("ст. 57 ГПК, запрос суда 12/7").await.expect("begun");
    assert_eq!(export.next_page().await.expect("a page").len(), 3);
    assert_eq!(room.count("audit_event WHERE act = 'export_for_statute'").await, 1);
}

async fn something_is_excepted_only_while_data_are_checked(room: Room) {
    room.contact("Анна", "1", &[ANNA]).await;
    let matter = room.asks(ANNA, &[Label::Restriction]).await;
    let narrow = BlockByHand {
        ticket: Some(matter.number.clone()),
        exception: Some("завтра приём".into()),
        ..by_hand(Whom::Address(address(ANNA)), Scope::Purposes(vec![Purpose::Newsletter]))
    };
    set(&room, &narrow).await;
    let kept = "block_exception WHERE actor = 'anna' AND LENGTH(reason) > 20";
    assert_eq!(room.count(kept).await, 1);
    let full = BlockByHand { scope: Scope::Full, ..narrow.clone() };
    let refused = room.cases().set_block(&full, "anna").await.expect_err("not of a full block");
    assert!(refused.to_string().contains("exception_needs_check"));
    let other = room.asks(BORIS, &[Label::Erasure]).await;
    let erasure = BlockByHand { ticket: Some(other.number), ..narrow };
    let refused = room.cases().set_block(&erasure, "anna").await.expect_err("nothing is checked");
    assert!(refused.to_string().contains("exception_needs_check"));
}

async fn a_block_of_a_rectification_is_called_to_mind_every_day(room: Room) {
    room.contact("Анна", "1", &[ANNA]).await;
    let matter = room.asks(ANNA, &[Label::Rectification]).await;
    room.asks(BORIS, &[Label::Erasure]).await;
    assert_eq!(room.cases().remind_of_blocks().await.expect("looks"), 0);
    for day in 1..=3 {
        room.pass_days(1);
        assert_eq!(room.cases().remind_of_blocks().await.expect("looks"), 1, "day {day}");
        assert_eq!(room.cases().remind_of_blocks().await.expect("looks"), 0, "once a day");
        let open = "task WHERE name = 'block_stands' AND done_at IS NULL";
        assert_eq!(room.count(open).await, 1, "day {day}");
    }
    assert_eq!(room.count("task WHERE name = 'block_stands'").await, 3);
    let block = store::blocks::of_ticket(room.store(), matter.ticket).await.expect("read")[0].id;
    room.cases().lift_block(block, "anna", "решено", LiftGround::Handled).await.expect("lifted");
    assert!(!room.tasks(matter.ticket).await.contains(&"block_stands".to_owned()));
    room.pass_days(1);
    assert_eq!(room.cases().remind_of_blocks().await.expect("looks"), 0);
}

async fn under_gdpr_the_person_is_told_before_the_block_ends(mut room: Room) {
    room.with_both_regimes();
    room.contact("Анна", "1", &[ANNA]).await;
    let matter = room.asks(ANNA, &[Label::Restriction]).await;
    let block = store::blocks::of_ticket(room.store(), matter.ticket).await.expect("read")[0].id;
    let lift = || {
        let who = ("anna", "проверено");
        room.cases().lift_block_telling(block, who, LiftGround::Handled, None)
    };
    assert_eq!(lift().await.expect("told"), Lifted::OnceTold);
    assert_eq!(room.cases().lift_told_blocks().await.expect("looks"), 0, "not yet accepted");
    assert!(lift().await.expect_err("once").to_string().contains("notice_under_way"));
    assert!(effective(&room, ANNA).await.full, "it holds");
    let letter = room.letter(matter.ticket, "unblock_notice").await;
    room.relay_takes(letter.id).await;
    assert_eq!(room.cases().lift_told_blocks().await.expect("looks"), 1);
    assert!(effective(&room, ANNA).await.is_none());
    assert_eq!(room.count("block WHERE lifted_by = 'anna' AND lift_reason = 'handled'").await, 1);
    assert_eq!(room.cases().lift_told_blocks().await.expect("looks"), 0);
    // By hand, with a note.
    let other = room.asks(BORIS, &[Label::Restriction]).await;
    let block = store::blocks::of_ticket(room.store(), other.ticket).await.expect("read")[0].id;
    let who = ("anna", "проверено");
    let by_hand = Some("по телефону");
    let lifted = room.cases().lift_block_telling(block, who, LiftGround::Handled, by_hand).await;
    assert_eq!(lifted.expect("lifted"), Lifted::Now);
    assert_eq!(
        room.count("unblock_notice WHERE delivery_id IS NULL AND note IS NOT NULL").await,
        1
    );
    // A stop of advertising is no restriction of art. 18.
    let marketing = room.asks("vera@mail.example", &[Label::StopMarketing]).await;
    let block = store::blocks::of_ticket(room.store(), marketing.ticket).await.expect("read")[0].id;
    let lifted = room.cases().lift_block_telling(block, who, LiftGround::Handled, None).await;
    assert_eq!(lifted.expect("lifted"), Lifted::Now);
}

async fn who_is_told_before_the_block_ends_goes_by_the_persons_own_laws(mut room: Room) {
    room.with_both_regimes();
    let anna = room.contact("Анна", "1", &[ANNA]).await;
    let boris = room.contact("Борис", "2", &[BORIS]).await;
    let lift = async |room: &Room, from: &str| {
        let matter = room.asks(from, &[Label::Restriction]).await;
        let block =
            store::blocks::of_ticket(room.store(), matter.ticket).await.expect("read")[0].id;
        let who = ("anna", "проверено");
        let lifted = room.cases().lift_block_telling(block, who, LiftGround::Handled, None).await;
        lifted.expect("lifted or told")
    };
    let only = |id: &str| [RegimeId::parse(id).expect("an id")];
    room.cases().set_regimes_of_contact(anna, &only("ru-152fz"), "olga").await.expect("set");
    assert_eq!(lift(&room, ANNA).await, Lifted::Now, "GDPR does not protect her");
    room.with_settings(|settings| settings.regimes.retain(|id| id.as_str() == "ru-152fz"));
    room.cases().set_regimes_of_contact(boris, &only("eu-gdpr"), "olga").await.expect("set");
    assert_eq!(lift(&room, BORIS).await, Lifted::OnceTold, "GDPR protects him alone");
    assert_eq!(lift(&room, "vera@mail.example").await, Lifted::Now);
}

async fn an_authority_has_a_block_set_with_its_hold(room: Room) {
    let anna = room.contact("Анна", "1", &[ANNA]).await;
    let marks = [(Mark::Authority, Band::Suggest)];
    let letter = Letter { marks: &marks, ..Letter::asking("rkn@rkn.example", &[]) };
    let matter = room.files(letter).await;
    let new = BlockByHand {
        ticket: Some(matter.number.clone()),
        by_authority: true,
        ..by_hand(Whom::Contact(anna), Scope::Full)
    };
    set(&room, &new).await;
    assert!(effective(&room, ANNA).await.full);
    let held = format!("legal_hold WHERE ticket_id = {} AND contact_id = {anna}", matter.ticket);
    assert_eq!(room.count(&held).await, 1);
    let plain = room.asks(BORIS, &[Label::Access]).await;
    let new = BlockByHand { ticket: Some(plain.number), ..new };
    let refused = room.cases().set_block(&new, "anna").await.expect_err("refused");
    assert!(refused.to_string().contains("not_an_authority"));
}
