//! Letters that arrive while a destruction goes on.

use cases::destruction::{PlanOrder, Progress};
use domain::{classification::Label, plan::PlanState};

use crate::hands::*;
use crate::room::{ANNA, Room};

both! {
    a_letter_of_a_new_matter_survives,
    a_letter_in_the_middle_of_a_destruction_keeps_its_key,
}

async fn a_letter_of_a_new_matter_survives(room: Room) {
    a_full_person(&room).await;
    let matter = room.asks(ANNA, &[Label::Erasure]).await;
    room.relay_takes_all(matter.ticket).await;
    let plan = planned(&room, matter.request(), &PlanOrder::default()).await;
    approved(&room, &matter).await;
    assert_eq!(carry_out(&room, &plan).await, Progress::Waiting("answer"));
    // Before the answer leaves, the person asks something else.
    let newer = room.asks(ANNA, &[Label::Access]).await;
    assert_ne!(newer.ticket, matter.ticket);
    finish(&room, &matter, &plan).await;
    assert_eq!(reread(&room, &plan).await.state, PlanState::Closed);
    assert!(room.ticket(newer.ticket).await.address.is_some(), "somebody must be answered");
    let held = format!("submission WHERE ticket_id = {} AND content IS NOT NULL", newer.ticket);
    assert_eq!(room.count(&held).await, 1);
}

async fn a_letter_in_the_middle_of_a_destruction_keeps_its_key(room: Room) {
    let contact = a_full_person(&room).await;
    let matter = room.asks(ANNA, &[Label::Erasure]).await;
    room.relay_takes_all(matter.ticket).await;
    let plan = planned(&room, matter.request(), &PlanOrder::default()).await;
    room.cases().rekey_known_subjects(10).await.expect("moved");
    let set = async |state: &str| {
        let sql = format!("UPDATE plan SET state = '{state}' WHERE id = {} RETURNING id", plan.id);
        room.number(&sql).await;
    };
    let under_its_key = format!(
        "submission JOIN contact ON contact.vault_key_id = submission.vault_key_id WHERE contact.id = {contact}"
    );
    assert_eq!(room.count(&under_its_key).await, 1);
    for state in ["executing", "executed", "verified"] {
        set(state).await;
        room.pass_days(2);
        let newer = room.asks(ANNA, &[Label::Access]).await;
        room.relay_takes_all(newer.ticket).await;
        assert_eq!(room.cases().rekey_known_subjects(10).await.expect("looked"), 0, "{state}");
        assert_eq!(room.count(&under_its_key).await, 1, "{state}");
        // What people of ours write about it does not go with that key, either.
        let letters = format!(
            "delivery JOIN contact ON contact.vault_key_id = delivery.vault_key_id \
             WHERE ticket_id = {}",
            newer.ticket
        );
        assert!(!room.letters(newer.ticket).await.is_empty());
        assert_eq!(room.count(&letters).await, 0, "{state}");
    }
    set("void").await;
    assert!(room.cases().rekey_known_subjects(10).await.expect("moved") >= 1);
}
