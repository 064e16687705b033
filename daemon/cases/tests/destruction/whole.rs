//! Destruction: from the plan to the proof that nothing is left.

use cases::destruction::{PlanOrder, Progress};
use domain::{
    classification::Label,
    plan::{Action, Finding, Keep, Method, Part, PlanState, Stage},
    request::{Outcome, RequestState},
};

use crate::room::{ANNA, BORIS, Matter, Room};

pub use crate::hands::*;

both! {
    a_person_is_destroyed_from_the_plan_to_the_proof,
    what_a_law_keeps_is_kept_and_the_rest_is_gone,
    nothing_is_destroyed_while_a_hold_stands,
    an_address_that_somebody_shares_stays_theirs,
    whoever_has_only_written_is_destroyed_as_well,
    erased_before_and_never_held_are_told_apart,
    an_anonymous_row_counts_and_tells_nothing,
    what_was_left_behind_is_found_and_told,
    what_is_not_what_was_approved_is_not_carried_out,
    two_nodes_at_once_destroy_once,
    an_erasure_by_hand_goes_the_same_way,
    a_destruction_put_off_waits,
    another_question_of_the_person_is_answered_first,
    whoever_has_no_address_stands_in_the_stop_journal,
}

async fn a_person_is_destroyed_from_the_plan_to_the_proof(room: Room) {
    let contact = a_full_person(&room).await;
    let matter = room.asks(ANNA, &[Label::Erasure]).await;
    room.relay_takes_all(matter.ticket).await;
    let plan = planned(&room, matter.request(), &PlanOrder::default()).await;
    let found = |part: Part| plan.draft.steps.iter().find(|step| step.part == part).cloned();
    for (part, n) in [
        (Part::Contact, 1),
        (Part::Subscriptions, 1),
        (Part::Consents, 2),
        (Part::Submissions, 1),
        (Part::RawMail, 0),
        (Part::Deliveries, 4),
        (Part::Blocks, 1),
    ] {
        let step = found(part);
        assert_eq!(step.map_or(0, |step| step.found), n, "{part:?}");
    }
    assert_eq!(found(Part::WebLogs).map(|step| step.found), Some(0));
    assert_eq!(plan.draft.finding, Finding::Held);
    approved(&room, &matter).await;

    // It can go no further than its answer.
    assert_eq!(carry_out(&room, &plan).await, Progress::Waiting("answer"));
    let plan = reread(&room, &plan).await;
    assert_eq!(plan.state, PlanState::Verified);
    assert_eq!(room.request(matter.request()).await.state, RequestState::Verified);
    assert!(is_suppressed(&room, ANNA).await);
    assert_eq!(room.count("stop WHERE act = 'erasure' AND contact_id IS NULL").await, 1);
    assert_eq!(room.count(&format!("contact WHERE id = {contact}")).await, 0);
    assert_eq!(room.count("address WHERE erased_at IS NULL").await, 1, "for the answer");
    let answer = room.letter(matter.ticket, "answer_destroyed").await;
    let text = answer.content.expect("it can be opened").text;
    assert!(text.contains("A-2026-000001"), "{text}");
    assert!(!text.contains(NAME) && !text.contains(ANNA), "{text}");

    finish(&room, &matter, &plan).await;
    let plan = reread(&room, &plan).await;
    assert_eq!(plan.state, PlanState::Closed);
    assert!(plan.results.iter().all(|result| result.state == "done"), "{:#?}", plan.results);
    assert_eq!(room.request(matter.request()).await.outcome, Some(Outcome::Done));
    assert_eq!(room.count("address WHERE email <> '' OR exact_key NOT LIKE 'erased:%'").await, 0);
    assert_eq!(room.count("delivery WHERE content IS NOT NULL OR reply_text IS NOT NULL").await, 0);
    // The sums of the ledger stay, and the evidence under a key of its own.
    assert_eq!(room.count("delivery WHERE campaign_id IS NOT NULL").await, 2);
    assert_eq!(room.count("consent_event WHERE evidence = '{}' AND contact_id IS NULL").await, 2);
    assert_eq!(room.count("kept_record WHERE kind = 'consent_proof'").await, 1);
    let ticket = room.ticket(matter.ticket).await;
    assert_eq!((ticket.address, ticket.contact), (None, None));

    // Once more is harmless.
    assert_eq!(carry_out(&room, &plan).await, Progress::Closed);
    assert!(room.cases().leftovers(room.store(), &plan).await.expect("asked").is_empty());
}

async fn what_a_law_keeps_is_kept_and_the_rest_is_gone(room: Room) {
    a_full_person(&room).await;
    let matter = room.asks(ANNA, &[Label::Erasure]).await;
    room.relay_takes_all(matter.ticket).await;
    let keeps =
        ["contact=402-FZ art. 29(1),2031-12-31", "submissions=402-FZ art. 29(1),2031-12-31"];
    let keeps = keeps.map(|text| Keep::parse(text).expect("a rule")).to_vec();
    let plan = planned(&room, matter.request(), &PlanOrder { keeps, ..PlanOrder::default() }).await;
    approved(&room, &matter).await;
    assert_eq!(carry_out(&room, &plan).await, Progress::Waiting("answer"));
    finish(&room, &matter, &plan).await;
    assert_eq!(room.request(matter.request()).await.outcome, Some(Outcome::PartlyKept));
    assert_eq!(room.count("contact WHERE name <> ''").await, 1);
    assert_eq!(room.count("submission WHERE content IS NOT NULL").await, 1);
    assert_eq!(room.count("block WHERE state = 'active'").await, 1, "what is kept stays blocked");
    assert_eq!(room.count("subscription").await, 0);
    assert!(is_suppressed(&room, ANNA).await);
    let ticket = room.ticket(matter.ticket).await;
    let keys = store::destruction::of_plan(room.store(), plan.id).await.expect("listed");
    let held = format!("submission WHERE ticket_id = {} AND vault_key_id IS NOT NULL", ticket.id);
    assert_eq!(room.count(&held).await, 1);
    for one in keys {
        let needed = format!("submission WHERE vault_key_id = '{}'", one.id);
        assert_eq!(room.count(&needed).await, 0, "the key of what is kept is kept");
    }
}

async fn nothing_is_destroyed_while_a_hold_stands(room: Room) {
    let contact = a_full_person(&room).await;
    let matter = room.asks(ANNA, &[Label::Erasure]).await;
    let plan = planned(&room, matter.request(), &PlanOrder::default()).await;
    approved(&room, &matter).await;
    let hold = format!(
        "INSERT INTO legal_hold (contact_id, ticket_id, from_at, reason) VALUES ({contact}, {}, 0, 'court') RETURNING id",
        matter.ticket
    );
    room.number(&hold).await;
    let Progress::Void(_) = carry_out(&room, &plan).await else { panic!("it went on") };
    assert_eq!(room.count("contact WHERE name <> ''").await, 1);
    assert_eq!(room.request(matter.request()).await.state, RequestState::UnderReview);
    assert!(!is_suppressed(&room, ANNA).await);
    let refused =
        room.cases().plan_destruction(matter.request(), &PlanOrder::default(), "anna").await;
    assert_rule(refused, "legal_hold");
}

async fn an_address_that_somebody_shares_stays_theirs(room: Room) {
    let anna = a_full_person(&room).await;
    let other = room.contact("Борис", "", &[BORIS, "office@mail.example"]).await;
    give(&room, anna, "office@mail.example").await;
    let matter = room.asks(ANNA, &[Label::Erasure]).await;
    room.relay_takes_all(matter.ticket).await;
    let plan = planned(&room, matter.request(), &PlanOrder::default()).await;
    assert_eq!(plan.draft.whose.addresses.len(), 1);
    approved(&room, &matter).await;
    assert_eq!(carry_out(&room, &plan).await, Progress::Waiting("answer"));
    finish(&room, &matter, &plan).await;
    assert_eq!(room.count("address WHERE email = 'office@mail.example'").await, 1);
    assert_eq!(room.count(&format!("contact_address WHERE contact_id = {other}")).await, 2);
    assert_eq!(room.count(&format!("contact_address WHERE contact_id = {anna}")).await, 0);
    assert!(!is_suppressed(&room, "office@mail.example").await);
}

async fn whoever_has_only_written_is_destroyed_as_well(room: Room) {
    let matter = room.asks(ANNA, &[Label::Erasure]).await;
    room.relay_takes_all(matter.ticket).await;
    let plan = planned(&room, matter.request(), &PlanOrder::default()).await;
    assert_eq!(plan.draft.finding, Finding::NeverHeld);
    approved(&room, &matter).await;
    assert_eq!(carry_out(&room, &plan).await, Progress::Waiting("answer"));
    let text = room.letter(matter.ticket, "answer_destroyed").await.content.expect("opened").text;
    assert!(text.contains("не нашли"), "{text}");
    finish(&room, &matter, &plan).await;
    assert_eq!(room.request(matter.request()).await.outcome, Some(Outcome::NothingHeld));
    assert_eq!(
        room.count("submission WHERE content IS NOT NULL OR vault_key_id IS NOT NULL").await,
        0
    );
}

async fn erased_before_and_never_held_are_told_apart(room: Room) {
    a_full_person(&room).await;
    let first = room.asks(ANNA, &[Label::Erasure]).await;
    room.relay_takes_all(first.ticket).await;
    let plan = planned(&room, first.request(), &PlanOrder::default()).await;
    approved(&room, &first).await;
    carry_out(&room, &plan).await;
    finish(&room, &first, &plan).await;
    room.pass_days(2);
    let second = room.asks(ANNA, &[Label::Erasure]).await;
    assert_ne!(second.ticket, first.ticket);
    room.relay_takes_all(second.ticket).await;
    let plan = planned(&room, second.request(), &PlanOrder::default()).await;
    assert_eq!(plan.draft.finding, Finding::ErasedBefore);
    approved(&room, &second).await;
    carry_out(&room, &plan).await;
    let text = room.letter(second.ticket, "answer_destroyed").await.content.expect("opened").text;
    assert!(text.contains("раньше"), "{text}");
    finish(&room, &second, &plan).await;
    assert_eq!(room.count("address WHERE erased_at IS NULL").await, 0);
}

async fn an_anonymous_row_counts_and_tells_nothing(room: Room) {
    let contact = a_full_person(&room).await;
    let matter = room.asks(ANNA, &[Label::Erasure]).await;
    room.relay_takes_all(matter.ticket).await;
    let order = PlanOrder { method: Method::Anonymise, ..PlanOrder::default() };
    let plan = planned(&room, matter.request(), &order).await;
    let step = plan.draft.steps.iter().find(|step| step.part == Part::Contact);
    assert_eq!(step.map(|step| step.action), Some(Action::Anonymise));
    approved(&room, &matter).await;
    assert_eq!(carry_out(&room, &plan).await, Progress::Waiting("answer"));
    finish(&room, &matter, &plan).await;
    assert_eq!(room.request(matter.request()).await.outcome, Some(Outcome::Anonymised));
    let emptied = format!(
        "contact WHERE id = {contact} AND name = '' AND phone = '' AND vault_key_id IS NULL"
    );
    assert_eq!(room.count(&emptied).await, 1);
    assert_eq!(room.count("subscription WHERE state = 'unsubscribed'").await, 1);
    assert_eq!(room.count("submission WHERE content IS NOT NULL").await, 0);
    assert_eq!(room.count("address WHERE email <> ''").await, 0);
}

async fn what_was_left_behind_is_found_and_told(room: Room) {
    a_full_person(&room).await;
    let matter = room.asks(ANNA, &[Label::Erasure]).await;
    room.relay_takes_all(matter.ticket).await;
    let plan = planned(&room, matter.request(), &PlanOrder::default()).await;
    approved(&room, &matter).await;
    // A copy on the mail server is still there.
    let copy = "UPDATE message SET copy_gone_at = NULL, state = 'moved' WHERE submission_id IS NOT NULL \
                OR id IN (SELECT message_id FROM submission) RETURNING id";
    room.number(copy).await;
    room.number("UPDATE message SET erase_failures = 0 RETURNING id").await;
    assert_eq!(carry_out_keeping_copies(&room, &plan).await, Progress::Waiting("server_copies"));
    // Somebody writes into the ticket what should be gone.
    let planted = format!(
        "UPDATE submission SET content = (SELECT sha256 FROM kept_record LIMIT 1) WHERE ticket_id = {} RETURNING id",
        matter.ticket
    );
    room.number(&planted).await;
    let Progress::Failed(word) = carry_out(&room, &plan).await else { panic!("not found") };
    assert_eq!(word, "left: submissions 1");
    let failed = reread(&room, &plan).await;
    assert_eq!((failed.state, failed.failures), (PlanState::Executing, 1));
    assert_eq!(room.request(matter.request()).await.state, RequestState::Executing);
    // It goes back to where rows are emptied.
    assert_eq!(carry_out(&room, &plan).await, Progress::Waiting("answer"));
}

async fn what_is_not_what_was_approved_is_not_carried_out(room: Room) {
    let contact = a_full_person(&room).await;
    let matter = room.asks(ANNA, &[Label::Erasure]).await;
    let plan = planned(&room, matter.request(), &PlanOrder::default()).await;
    approved(&room, &matter).await;
    give(&room, contact, "second@mail.example").await;
    assert_eq!(carry_out(&room, &plan).await, Progress::Void("person".into()));
    assert_eq!(reread(&room, &plan).await.state, PlanState::Void);
    assert_eq!(room.request(matter.request()).await.state, RequestState::UnderReview);
    assert_eq!(room.count("decision WHERE state <> 'void'").await, 0);
    assert_eq!(room.count("contact WHERE name <> ''").await, 1);
    // A new plan shows the second address, too.
    let plan = planned_again(&room, matter.request()).await;
    assert_eq!(plan.draft.whose.addresses.len(), 2);
}

async fn two_nodes_at_once_destroy_once(room: Room) {
    a_full_person(&room).await;
    let matter = room.asks(ANNA, &[Label::Erasure]).await;
    room.relay_takes_all(matter.ticket).await;
    let plan = planned(&room, matter.request(), &PlanOrder::default()).await;
    approved(&room, &matter).await;
    copies_gone(&room).await;
    let (one, two) = (room.cases().clone(), room.cases().clone());
    let (first, second) = tokio::join!(one.carry_out_due("one", 10), two.carry_out_due("two", 10));
    first.expect("carried out");
    second.expect("carried out");
    copies_gone(&room).await;
    let about = format!("plan:{}", plan.id);
    for _ in 0..8 {
        room.pass_days(1);
        let (first, second) =
            tokio::join!(one.carry_out_due("one", 10), two.carry_out_due("two", 10));
        first.expect("carried out");
        second.expect("carried out");
        copies_gone(&room).await;
    }
    assert_eq!(reread(&room, &plan).await.state, PlanState::Verified);
    for act in ["destruction_began", "rows_destroyed", "verified"] {
        let n = format!("audit_event WHERE subject = '{about}' AND act = '{act}'");
        assert_eq!(room.count(&n).await, 1, "{act}");
    }
    assert_eq!(room.count("kept_record WHERE kind = 'consent_proof'").await, 1);
    assert_eq!(room.count("delivery WHERE topic = 'answer_destroyed'").await, 1);
}

async fn an_erasure_by_hand_goes_the_same_way(room: Room) {
    let contact = a_full_person(&room).await;
    let erasure = room.cases().erase_contact(contact, room.now(), "clerk").await.expect("opened");
    let again = room.cases().erase_contact(contact, room.now(), "clerk").await;
    assert_rule(again, "same_person");
    let matter =
        Matter { ticket: erasure.ticket, number: erasure.number, requests: vec![erasure.request] };
    let plan = planned(&room, matter.request(), &PlanOrder::default()).await;
    approved(&room, &matter).await;
    assert_eq!(carry_out(&room, &plan).await, Progress::Waiting("answer"));
    finish(&room, &matter, &plan).await;
    assert_eq!(room.count("contact").await, 0);
}

async fn a_destruction_put_off_waits(room: Room) {
    a_full_person(&room).await;
    let matter = room.asks(ANNA, &[Label::Erasure]).await;
    room.relay_takes_all(matter.ticket).await;
    let plan = planned(&room, matter.request(), &PlanOrder::default()).await;
    let until = |days: i64| room.now() + jiff::SignedDuration::from_hours(24 * days);
    let (cases, id) = (room.cases(), matter.request());
    assert_rule(
        cases.postpone_destruction(id, until(30), "", "anna").await,
        "postpone_destruction",
    );
    assert_rule(
        cases.postpone_destruction(id, until(200), "tape", "anna").await,
        "postpone_destruction",
    );
    cases.postpone_destruction(id, until(30), "лента в хранилище", "anna").await.expect("put off");
    let text = room.letter(matter.ticket, "postponed").await.content.expect("opened").text;
    assert!(text.contains("лента в хранилище"), "{text}");
    approved(&room, &matter).await;
    assert_eq!(cases.carry_out_due("one", 10).await.expect("looked"), 0);
    assert_eq!(reread(&room, &plan).await.state, PlanState::Proposed);
    assert_eq!(room.count("block WHERE state = 'active'").await, 1);
    room.relay_takes_all(matter.ticket).await;
    room.pass_days(31);
    assert_eq!(cases.carry_out_due("one", 10).await.expect("carried out"), 1);
    let waits = reread(&room, &plan).await;
    assert_eq!((waits.state, waits.stage), (PlanState::Executing, Stage::Copies));
    assert_eq!(cases.carry_out_due("one", 10).await.expect("looked"), 0, "waits for the copies");
}

async fn another_question_of_the_person_is_answered_first(room: Room) {
    a_full_person(&room).await;
    let access = room.asks(ANNA, &[Label::Access]).await;
    let matter = room.asks(ANNA, &[Label::Erasure]).await;
    let erasure = *matter.requests.last().expect("a request");
    assert!(access.requests.iter().all(|request| *request != erasure));
    let refused = room.cases().plan_destruction(erasure, &PlanOrder::default(), "anna").await;
    assert_rule(refused, "answer_first");
}

async fn whoever_has_no_address_stands_in_the_stop_journal(room: Room) {
    let contact = room.contact(NAME, PHONE, &[]).await;
    let erasure = room.cases().erase_contact(contact, room.now(), "clerk").await.expect("opened");
    let matter =
        Matter { ticket: erasure.ticket, number: erasure.number, requests: vec![erasure.request] };
    let plan = planned(&room, matter.request(), &PlanOrder::default()).await;
    approved(&room, &matter).await;
    assert_eq!(carry_out(&room, &plan).await, Progress::Closed, "nobody can be written to");
    assert_eq!(room.count("contact").await, 0);
    assert_eq!(room.ticket(matter.ticket).await.state.name(), "closed");
    let named =
        format!("stop WHERE act = 'erasure' AND scope = 'suppression:erased contact:{contact}'");
    assert_eq!(room.count(&named).await, 1);
    let (entries, _) = vault::replay(&room.desk.dir.path().join("journal")).expect("read");
    let entry = entries
        .iter()
        .find(|entry| entry.intent.act == domain::journal::StopAct::Erasure)
        .expect("in the journal");
    assert!(entry.number.is_some() && entry.intent.digests.is_empty());
    assert!(entry.intent.scope.as_str().ends_with(&format!("contact:{contact}")));
}
