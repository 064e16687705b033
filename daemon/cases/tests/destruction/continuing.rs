//! A purpose that goes on: who it is stays, is still written to for it, and outlives a restore.

use crate::{
    room::{ANNA, Matter, Room},
    whole::{a_full_person, approved, carry_out, finish, is_suppressed},
};
use cases::{
    destruction::{PlanOrder, Progress},
    requests::executing::Carried,
};
use domain::{
    classification::Label,
    plan::Part,
    request::{Outcome, RequestState},
};

both! {
    what_goes_on_is_kept_and_written_to,
    what_has_no_word_of_ours_leaves_advertising_blocked,
}

const BASE: &str = "договор № 7 от 01.02.2026";

/// An objection, stopped but for one purpose; its plan is carried out.
async fn destroyed_but_for(room: &Room, purpose: &str) -> Matter {
    let contact = a_full_person(room).await;
    let matter = room.asks(ANNA, &[Label::Objection]).await;
    let id = matter.request();
    let cases = room.cases();
    assert_eq!(room.count("block WHERE state = 'active' AND scope = 'full'").await, 1);
    cases.attest_identity(&matter.number, "seen", "anna").await.expect("attested");
    if room.request(id).await.state != RequestState::UnderReview {
        cases.review_request(id, "anna").await.expect("reviewed");
    }
    let carried = Carried {
        done: vec!["рассылка прекращена".into()],
        continues: vec![(purpose.into(), BASE.into())],
        ..Carried::default()
    };
    cases.propose_carried(id, &carried, "anna").await.expect("proposed");
    cases.decide(id, "boris").await.expect("approved");
    cases.carry_out(id, None, "anna").await.expect("carried out");
    room.relay_takes_all(matter.ticket).await;
    let plan = cases.plan_destruction(id, &PlanOrder::default(), "anna").await.expect("a plan");
    assert!(plan.draft.goes_on() && plan.draft.is_kept(Part::Contact));
    assert!(!plan.draft.steps.iter().any(|step| step.part == Part::Suppression));
    approved(room, &matter).await;
    assert_eq!(carry_out(room, &plan).await, Progress::Waiting("answer"));
    finish(room, &matter, &plan).await;
    assert_eq!(room.request(id).await.outcome, Some(Outcome::PartlyKept));
    assert_eq!(room.count(&format!("contact WHERE id = {contact} AND name <> ''")).await, 1);
    matter
}

async fn what_goes_on_is_kept_and_written_to(room: Room) {
    destroyed_but_for(&room, "training_mail").await;
    let record = format!(
        "kept_record WHERE kind = 'statutory' AND law = '{BASE}' AND destroyed_at IS NULL \
         AND destroy_on = '9999-12-31'"
    );
    assert_eq!(room.count(&record).await, 1);
    assert_eq!(room.count("address WHERE erased_at IS NULL").await, 1);
    assert_eq!(room.count("subscription").await, 0, "what ended is gone");
    // Nothing stands on what goes on, and what ended stays blocked.
    assert!(!is_suppressed(&room, ANNA).await);
    assert_eq!(room.count("suppression WHERE reason = 'erased'").await, 0);
    assert_eq!(room.count("block WHERE state = 'active' AND scope = 'full'").await, 0);
    let narrow = "block WHERE state = 'active' AND scope = 'purposes' AND purposes LIKE '%newsletter%' \
                  AND purposes NOT LIKE '%training_mail%'";
    assert_eq!(room.count(narrow).await, 1);
    let lifted = "block WHERE state = 'lifted' AND lifted_by = 'boris' AND scope = 'full'";
    assert_eq!(room.count(lifted).await, 1);
    let entry = "stop WHERE act = 'erasure' AND scope LIKE 'rest:erased keeps:contact contact:%'";
    assert_eq!(room.count(entry).await, 1);
    assert_eq!(room.cases().destroy_due_records().await.expect("looked"), 0);
}

async fn what_has_no_word_of_ours_leaves_advertising_blocked(room: Room) {
    destroyed_but_for(&room, "исполнение договора").await;
    assert!(!is_suppressed(&room, ANNA).await);
    let active = "block WHERE state = 'active'";
    assert_eq!(room.count(active).await, 1);
    assert_eq!(room.count(&format!("{active} AND scope = 'marketing'")).await, 1);
}
