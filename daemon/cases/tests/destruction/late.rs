//! What comes in while a destruction is under way, and what fails again and again.

use cases::{
    CasesError,
    correction::ContactEdit,
    destruction::{PlanOrder, Progress},
    identity::NewRepresentative,
};
use domain::{
    classification::Label,
    identity::RepresentationKind,
    plan::{Keep, Method, PlanState},
};
use jiff::ToSpan as _;
use store::destruction::{Kept, empty};

use crate::{
    room::{ANNA, BORIS, Matter, Room},
    whole::{a_full_person, approved, carry_out, finish, planned, reread},
};

both! {
    emptying_the_same_rows_again_is_harmless,
    a_letter_at_any_stage_begins_a_matter_of_its_own,
    a_letter_in_the_middle_is_answered_and_the_destruction_ends,
    what_came_in_all_the_same_goes_the_way_of_the_rest,
    a_key_that_came_late_is_destroyed_too,
    a_stage_that_fails_again_and_again_is_told,
    what_a_law_keeps_is_blocked_and_goes_when_its_day_is_over,
    who_acts_for_somebody_has_that_person_destroyed_and_not_themselves,
}

async fn emptying_the_same_rows_again_is_harmless(room: Room) {
    let contact = a_full_person(&room).await;
    let matter = room.asks(ANNA, &[Label::Erasure]).await;
    let paper = format!(
        "INSERT INTO representation (ticket_id, contact_id, kind, paper, attested_by, attested_at) \
         SELECT {}, {contact}, '{}', stop_digest, 'anna', 0 FROM address LIMIT 1 RETURNING id",
        matter.ticket,
        RepresentationKind::Parent.name(),
    );
    room.number(&paper).await;
    room.relay_takes_all(matter.ticket).await;
    let plan = planned(&room, matter.request(), &PlanOrder::default()).await;
    for method in [Method::Destroy, Method::Anonymise] {
        for _ in 0..3 {
            let transaction = room.store().begin().await.expect("begins");
            let of = (plan.id, method);
            let whose = &plan.draft.whose;
            empty(&transaction, whose, of, Kept::default(), None, room.now())
                .await
                .expect("emptied");
            transaction.commit().await.expect("commits");
        }
    }
    assert_eq!(room.count("representation WHERE length(paper) = 0").await, 1);
    assert_eq!(room.count("contact").await, 0);
}

async fn a_letter_at_any_stage_begins_a_matter_of_its_own(room: Room) {
    a_full_person(&room).await;
    let matter = room.asks(ANNA, &[Label::Erasure]).await;
    let plan = planned(&room, matter.request(), &PlanOrder::default()).await;
    let again = |n: u32| {
        let subject = format!("{} {n}", matter.number);
        let room = &room;
        async move {
            room.writes(ANNA, &subject, "Вы получили моё письмо?", &[Label::Erasure]).await
        }
    };
    assert_eq!(again(0).await.ticket, matter.ticket, "nothing began");
    for (n, stage) in (1..).zip(["tell", "rows", "objects", "copies", "verify", "answer", "close"])
    {
        let state = match stage {
            "verify" => "executed",
            "answer" | "close" => "verified",
            _ => "executing",
        };
        let sql = format!(
            "UPDATE plan SET state = '{state}', stage = '{stage}' WHERE id = {} RETURNING id",
            plan.id
        );
        room.number(&sql).await;
        let newer = again(n).await;
        assert_ne!(newer.ticket, matter.ticket, "{stage}");
        let linked = room.ticket(newer.ticket).await.linked;
        assert_eq!(linked, Some(matter.ticket), "{stage}");
        // The next one of them quotes the number of the first.
        room.number(&format!(
            "UPDATE ticket SET state = 'closed', closed_at = 0 WHERE id = {} RETURNING id",
            newer.ticket
        ))
        .await;
    }
}

async fn a_letter_in_the_middle_is_answered_and_the_destruction_ends(room: Room) {
    a_full_person(&room).await;
    let matter = room.asks(ANNA, &[Label::Erasure]).await;
    room.relay_takes_all(matter.ticket).await;
    let plan = planned(&room, matter.request(), &PlanOrder::default()).await;
    approved(&room, &matter).await;
    let first = room.cases().carry_out_plans(&[plan.id]).await.expect("carried out");
    assert_eq!(first[0].1, Progress::Waiting("server_copies"));
    let subject = matter.number.clone();
    let newer = room.writes(ANNA, &subject, "Ещё раз прошу", &[Label::Erasure]).await;
    assert_ne!(newer.ticket, matter.ticket);
    assert_eq!(carry_out(&room, &plan).await, Progress::Waiting("answer"));
    finish(&room, &matter, &plan).await;
    assert_eq!(reread(&room, &plan).await.state, PlanState::Closed);
    let held = format!("submission WHERE ticket_id = {} AND content IS NOT NULL", newer.ticket);
    assert_eq!(room.count(&held).await, 1);
    let blocked = format!("block WHERE ticket_id = {} AND state = 'active'", newer.ticket);
    assert_eq!(room.count(&blocked).await, 1, "the new matter keeps its block");
    assert!(!room.letters(newer.ticket).await.is_empty(), "and its letters");
}

async fn what_came_in_all_the_same_goes_the_way_of_the_rest(room: Room) {
    a_full_person(&room).await;
    let matter = room.asks(ANNA, &[Label::Erasure]).await;
    room.relay_takes_all(matter.ticket).await;
    let plan = planned(&room, matter.request(), &PlanOrder::default()).await;
    approved(&room, &matter).await;
    let first = room.cases().carry_out_plans(&[plan.id]).await.expect("carried out");
    assert_eq!(first[0].1, Progress::Waiting("server_copies"));
    let done_before = reread(&room, &plan).await.results;
    let planted = format!(
        "UPDATE submission SET content = (SELECT sha256 FROM kept_record LIMIT 1) \
         WHERE ticket_id = {} RETURNING id",
        matter.ticket
    );
    room.number(&planted).await;
    assert_eq!(carry_out(&room, &plan).await, Progress::Failed("left: submissions 1".into()));
    assert_eq!(reread(&room, &plan).await.stage, domain::plan::Stage::Rows);
    assert_eq!(carry_out(&room, &plan).await, Progress::Waiting("answer"));
    let plan = reread(&room, &plan).await;
    assert_eq!(plan.failures, 0);
    // The act counts what was destroyed the first time, too.
    for (step, (before, after)) in
        plan.draft.steps.iter().zip(done_before.iter().zip(&plan.results))
    {
        // Copies on the server count as there until they are gone.
        let kept = after.done + after.kept >= before.done + before.kept;
        assert!(after.done >= before.done && kept, "{step:?}");
    }
    finish(&room, &matter, &plan).await;
}

async fn a_key_that_came_late_is_destroyed_too(room: Room) {
    let matter = room.asks(ANNA, &[Label::Erasure]).await;
    room.relay_takes_all(matter.ticket).await;
    let plan = planned(&room, matter.request(), &PlanOrder::default()).await;
    approved(&room, &matter).await;
    let first = room.cases().carry_out_plans(&[plan.id]).await.expect("carried out");
    assert_eq!(first[0].1, Progress::Waiting("server_copies"));
    let entropy = tests::ambient::SeededEntropy::new(5);
    let bytes = domain::ambient::random_bytes(&entropy);
    let fresh = domain::ids::VaultKeyId::new(room.now(), bytes);
    room.cases().vault().create_key(fresh, &entropy).await.expect("a key");
    let transaction = room.store().begin().await.expect("begins");
    store::tickets::give_key(&transaction, matter.ticket, fresh).await.expect("given");
    transaction.commit().await.expect("commits");
    let mut progress = carry_out(&room, &plan).await;
    for _ in 0..2 {
        if let Progress::Failed(_) = progress {
            progress = carry_out(&room, &plan).await;
        }
    }
    assert_eq!(progress, Progress::Waiting("answer"));
    finish(&room, &matter, &plan).await;
    assert_eq!(room.count("ticket WHERE vault_key_id IS NOT NULL").await, 0);
}

async fn a_stage_that_fails_again_and_again_is_told(room: Room) {
    a_full_person(&room).await;
    let matter = room.asks(ANNA, &[Label::Erasure]).await;
    room.relay_takes_all(matter.ticket).await;
    let plan = planned(&room, matter.request(), &PlanOrder::default()).await;
    approved(&room, &matter).await;
    // An object whose name no vault has.
    let planted = format!(
        "INSERT INTO plan_object (plan_id, kind, vault_id) VALUES ({}, 'object', 'nowhere') RETURNING plan_id",
        plan.id
    );
    room.number(&planted).await;
    let alarm = format!("alarm WHERE name = 'destruction/{}' AND cleared_at IS NULL", plan.id);
    for n in 1..=4 {
        let Progress::Failed(word) = carry_out(&room, &plan).await else { panic!("no failure") };
        assert_eq!(word, "defect");
        assert_eq!(room.count(&alarm).await, i64::from(n >= 3), "{n}");
        let told = room.tasks(matter.ticket).await;
        let told = told.iter().filter(|task| task.contains("destruction_fails")).count();
        assert_eq!(told, usize::from(n >= 3), "{n}");
        room.pass_days(1);
    }
    room.number("DELETE FROM plan_object WHERE vault_id = 'nowhere' RETURNING plan_id").await;
    assert_eq!(carry_out(&room, &plan).await, Progress::Waiting("answer"));
    assert_eq!(room.count(&alarm).await, 0);
}

async fn what_a_law_keeps_is_blocked_and_goes_when_its_day_is_over(room: Room) {
    let contact = a_full_person(&room).await;
    let erasure = room.cases().erase_contact(contact, room.now(), "clerk").await.expect("opened");
    let matter =
        Matter { ticket: erasure.ticket, number: erasure.number, requests: vec![erasure.request] };
    let until = room.now().to_zoned(jiff::tz::TimeZone::UTC).date().saturating_add(400.days());
    let keeps = vec![Keep::parse(&format!("contact=402-FZ art. 29(1),{until}")).expect("a rule")];
    let plan = planned(&room, matter.request(), &PlanOrder { keeps, ..PlanOrder::default() }).await;
    approved(&room, &matter).await;
    assert_eq!(carry_out(&room, &plan).await, Progress::Waiting("answer"));
    finish(&room, &matter, &plan).await;
    let blocked =
        format!("block WHERE contact_id = {contact} AND state = 'active' AND scope = 'full'");
    assert_eq!(room.count(&blocked).await, 1);
    let edit = ContactEdit { name: Some("Другая".into()), ..ContactEdit::default() };
    room.cases().edit_contact(contact, &edit, "anna").await.expect_err("it is blocked");
    assert_eq!(room.count("kept_record WHERE kind = 'statutory'").await, 1);
    room.pass_days(399);
    room.cases().destroy_due_records().await.expect("looked");
    assert_eq!(room.count("contact WHERE name <> ''").await, 1, "the day is not over");
    room.pass_days(3);
    assert_eq!(room.cases().destroy_due_records().await.expect("destroyed"), 1);
    assert_eq!(room.cases().destroy_due_records().await.expect("done"), 0);
    assert_eq!(room.count("contact").await, 0);
    assert_eq!(room.count("address WHERE email <> ''").await, 0);
    assert_eq!(
        room.count("kept_record WHERE kind = 'statutory' AND destroyed_at IS NULL").await,
        0
    );
}

async fn who_acts_for_somebody_has_that_person_destroyed_and_not_themselves(room: Room) {
    let anna = a_full_person(&room).await;
    let lawyer = room.contact("Борис Поверенный", "", &[BORIS]).await;
    let matter = room.asks(BORIS, &[Label::Erasure]).await;
    room.relay_takes_all(matter.ticket).await;
    let paper = NewRepresentative {
        subject: Some(anna),
        tell: None,
        kind: RepresentationKind::Advocate,
        paper: "ордер 17".into(),
        valid_until: None,
    };
    room.cases().represent(&matter.number, &paper, "anna").await.expect("written down");
    room.relay_takes_all(matter.ticket).await;
    room.cases().attest_identity(&matter.number, "seen", "anna").await.expect("attested");
    let other = PlanOrder { contact: Some(lawyer), ..PlanOrder::default() };
    let refused = room.cases().draft_destruction(matter.request(), &other).await;
    assert!(matches!(refused, Err(CasesError::Refused { rule: "which_contact", .. })));
    let plan = planned(&room, matter.request(), &PlanOrder::default()).await;
    assert_eq!(plan.draft.whose.contact, Some(anna));
    approved(&room, &matter).await;
    assert_eq!(carry_out(&room, &plan).await, Progress::Waiting("answer"));
    let answers = "delivery WHERE topic = 'answer_destroyed' AND state = 'planned'";
    assert_eq!(room.count(answers).await, 2, "to the representative, and a copy to the person");
    finish(&room, &matter, &plan).await;
    assert_eq!(room.count(&format!("contact WHERE id = {anna}")).await, 0);
    assert_eq!(room.count(&format!("address WHERE email = '{ANNA}'")).await, 0);
    assert_eq!(room.count(&format!("contact WHERE id = {lawyer} AND name <> ''")).await, 1);
    assert_eq!(room.count(&format!("address WHERE email = '{BORIS}'")).await, 1);
}
