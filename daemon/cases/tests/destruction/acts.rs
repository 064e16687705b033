//! Acts of destruction: what they must say, what they may say yet, and what follows them.

use cases::destruction::{PlanOrder, Progress};
use domain::{
    act::{Act, ActKind},
    classification::Label,
    plan::{Keep, PlanState},
    request::RequestState,
};
use jiff::ToSpan as _;
use store::StoreError;

use crate::{
    room::{ANNA, BORIS, Matter, Room},
    whole::{
        a_full_person, approved, assert_rule, carry_out, carry_out_keeping_copies, copies_gone,
        finish, planned, reread,
    },
};

both! {
    without_an_address_or_a_post_nothing_is_planned_or_approved,
    what_the_configuration_lost_since_keeps_no_act_from_being_drawn_up,
    the_act_says_what_is_left_and_a_supplement_what_went,
    of_every_kind_as_much_is_found_as_is_destroyed_and_kept,
    a_supplement_waits_for_the_database_and_is_drawn_up_once,
    whoever_was_told_stands_in_the_act,
    what_a_law_kept_has_an_act_of_its_own_when_its_day_is_over,
    a_late_destruction_that_died_anywhere_has_one_act,
    what_a_law_kept_goes_where_the_key_of_the_record_went_before,
    records_that_cannot_be_ended_hold_up_no_other,
    two_acts_at_once_share_no_number,
    no_key_is_given_to_whoever_is_being_destroyed,
}

async fn ready(room: &Room) -> (Matter, store::plans::PlanRow) {
    a_full_person(room).await;
    let matter = room.asks(ANNA, &[Label::Erasure]).await;
    room.relay_takes_all(matter.ticket).await;
    let plan = planned(room, matter.request(), &PlanOrder::default()).await;
    approved(room, &matter).await;
    (matter, plan)
}

async fn act(room: &Room, number: &str) -> Act {
    room.cases().act(number, "read", "olga").await.expect("opened")
}

async fn numbers(room: &Room) -> Vec<String> {
    let listed = room.cases().acts(None, 20).await.expect("listed");
    listed.iter().map(|act| act.number.to_string()).collect()
}

fn adds_up(act: &Act) {
    for part in &act.parts {
        assert_eq!(part.found, part.done + part.kept, "{part:?}");
    }
}

async fn without_an_address_or_a_post_nothing_is_planned_or_approved(mut room: Room) {
    a_full_person(&room).await;
    let matter = room.asks(ANNA, &[Label::Erasure]).await;
    room.relay_takes_all(matter.ticket).await;
    let id = matter.request();
    planned(&room, id, &PlanOrder::default()).await;
    let plan = async |room: &Room, actor: &str| {
        room.cases().plan_destruction(id, &PlanOrder::default(), actor).await
    };
    assert_rule(plan(&room, "nobody").await, "act_person");
    room.with_settings(|settings| settings.requests.acts.operator_address = " ".into());
    assert_rule(plan(&room, "anna").await, "act_operator_address");
    room.with_settings(|settings| settings.requests.acts = crate::desk::acts());
    room.with_settings(|settings| {
        let persons = &mut settings.requests.acts.persons;
        persons.iter_mut().filter(|one| one.actor == "anna").for_each(|one| one.post.clear());
    });
    assert_rule(plan(&room, "anna").await, "act_person");
    room.with_settings(|settings| settings.requests.acts = crate::desk::acts());
    room.cases().propose(id, None, "anna").await.expect("proposed");
    // Whoever decides stands in the act, too.
    assert_rule(room.cases().decide(id, "nobody").await, "act_person");
    assert_eq!(room.request(id).await.state, RequestState::UnderReview);
    room.cases().decide(id, "boris").await.expect("approved");
    // Nothing is begun that could not be proven, and people are told.
    room.with_settings(|settings| settings.requests.acts.operator_address.clear());
    let plan = room.cases().plan_of(id).await.expect("read").expect("a plan");
    for _ in 0..3 {
        let failed = carry_out(&room, &plan).await;
        assert_eq!(failed, Progress::Failed("act_operator_address".into()));
        room.pass_days(1);
    }
    assert_eq!(room.count("contact WHERE name <> ''").await, 1);
    assert_eq!(room.count("kept_record").await, 0);
    assert_eq!(room.count("alarm WHERE name LIKE 'destruction/%' AND cleared_at IS NULL").await, 1);
    room.with_settings(|settings| settings.requests.acts = crate::desk::acts());
    assert_eq!(carry_out(&room, &plan).await, Progress::Waiting("answer"));
}

async fn what_the_configuration_lost_since_keeps_no_act_from_being_drawn_up(mut room: Room) {
    let (matter, plan) = ready(&room).await;
    assert_eq!(carry_out_keeping_copies(&room, &plan).await, Progress::Waiting("server_copies"));
    room.with_settings(|settings| {
        settings.requests.acts.persons.clear();
        settings.requests.acts.operator_address.clear();
    });
    assert_eq!(carry_out(&room, &plan).await, Progress::Waiting("answer"));
    let drawn = act(&room, "A-2026-000001").await;
    assert!(drawn.operator.address.contains("Тимура Фрунзе"), "{:?}", drawn.operator);
    let posts: Vec<_> = drawn.executed_by.iter().map(|one| (&*one.actor, &*one.post)).collect();
    let post = "специалист по защите данных";
    assert_eq!(posts, [("boris", post), ("anna", post)]);
    finish(&room, &matter, &plan).await;
    assert_eq!(numbers(&room).await.len(), 2, "and its supplement");
}

async fn the_act_says_what_is_left_and_a_supplement_what_went(room: Room) {
    let (matter, plan) = ready(&room).await;
    assert_eq!(carry_out(&room, &plan).await, Progress::Waiting("answer"));
    assert_eq!(numbers(&room).await, ["A-2026-000001"]);
    let drawn = act(&room, "A-2026-000001").await;
    assert_eq!((&drawn.kind, drawn.wiped_at), (&ActKind::Act, None));
    assert!(drawn.asked_again_at.is_some());
    let waiting: Vec<_> = drawn.waiting().map(|part| part.part.as_str()).collect();
    assert_eq!(waiting, ["addresses", "reply_address"]);
    finish(&room, &matter, &plan).await;
    assert_eq!(numbers(&room).await, ["A-2026-000001-1", "A-2026-000001"]);
    let supplement = act(&room, "A-2026-000001-1").await;
    assert_eq!(supplement.kind, ActKind::Supplement { to: "A-2026-000001".into() });
    let ended = reread(&room, &plan).await;
    assert_eq!(supplement.asked_again_at, ended.closed_at);
    assert!(supplement.wiped_at >= ended.closed_at && ended.wiped_at.is_some());
    let gone = |name: &str| {
        let part = supplement.parts.iter().find(|part| part.part == name);
        part.map(|part| (part.found, part.done, part.kept))
    };
    assert_eq!(gone("addresses"), Some((1, 1, 0)));
    assert_eq!(gone("reply_address"), Some((1, 1, 0)));
    assert!(gone("letters").is_some_and(|(_, done, _)| done > 0), "{:?}", supplement.parts);
    assert_eq!(supplement.waiting().count(), 0);
    assert_eq!(supplement.executed_by, drawn.executed_by);
    let lines = supplement.opened_extract().expect("unchanged").lines;
    assert!(lines.iter().any(|line| line.act == "destruction_ended"), "{lines:?}");
    let told = drawn.opened_extract().expect("unchanged").lines;
    assert!(lines.iter().all(|line| told.iter().all(|before| before.event != line.event)));
    adds_up(&supplement);
    // Both are kept for three years, each under a key of its own.
    let keys = "kept_record WHERE kind = 'act' AND destroy_on > '2029-11-01'";
    assert_eq!(room.count(keys).await, 2);
    let keys = "(SELECT DISTINCT vault_key_id FROM kept_record WHERE kind = 'act') AS keys";
    assert_eq!(room.count(keys).await, 2);
}

async fn of_every_kind_as_much_is_found_as_is_destroyed_and_kept(room: Room) {
    let (matter, plan) = ready(&room).await;
    // One stop stands when the plan is made, the erasure is another.
    let shown = plan.draft.steps.iter().find(|step| step.part == domain::plan::Part::Stops);
    let shown = shown.map_or(0, |step| step.found);
    assert_eq!(carry_out(&room, &plan).await, Progress::Waiting("answer"));
    let drawn = act(&room, "A-2026-000001").await;
    adds_up(&drawn);
    let stops = drawn.parts.iter().find(|part| part.part == "stops").expect("stops");
    assert_eq!((stops.found, stops.done), (shown + 1, shown + 1));
    for kept in ["act", "reply_address", "suppression", "consent_proof"] {
        let part = drawn.parts.iter().find(|part| part.part == kept).expect("kept");
        assert!(part.kept > 0 && part.done == 0 && !part.basis.is_empty(), "{part:?}");
    }
    finish(&room, &matter, &plan).await;
    for (step, result) in plan.draft.steps.iter().zip(reread(&room, &plan).await.results) {
        let reply = matches!(step.part.name(), "addresses" | "reply_address");
        assert!(!reply || result.kept == 0, "{step:?} {result:?}");
    }
}

async fn a_supplement_waits_for_the_database_and_is_drawn_up_once(room: Room) {
    let (matter, plan) = ready(&room).await;
    assert_eq!(carry_out(&room, &plan).await, Progress::Waiting("answer"));
    let reader = store::probe::reader(room.store()).await.expect("reads");
    finish(&room, &matter, &plan).await;
    assert_eq!(reread(&room, &plan).await.state, PlanState::Closed);
    assert_eq!(numbers(&room).await, ["A-2026-000001"], "the database holds traces");
    reader.rollback().await.expect("ended");
    // Two at once, and whoever died before it was written down.
    let (one, two) = (room.cases().clone(), room.cases().clone());
    let (first, second) = tokio::join!(one.wipe_destroyed(), two.wipe_destroyed());
    assert!(first.expect("wiped") && second.expect("wiped"));
    let owed = format!("UPDATE plan SET wiped_at = NULL WHERE id = {} RETURNING id", plan.id);
    room.number(&owed).await;
    assert!(room.cases().wipe_destroyed().await.expect("wiped"));
    assert!(reread(&room, &plan).await.wiped_at.is_some());
    assert_eq!(numbers(&room).await, ["A-2026-000001-1", "A-2026-000001"]);
    assert_eq!(room.count("audit_event WHERE act = 'act_supplemented'").await, 1);
}

async fn whoever_was_told_stands_in_the_act(room: Room) {
    let (matter, plan) = ready(&room).await;
    assert_eq!(carry_out_keeping_copies(&room, &plan).await, Progress::Waiting("server_copies"));
    let (at, id, request) = (room.now().as_microsecond(), plan.id, matter.request());
    let notice = room
        .number(&format!(
            "INSERT INTO system_notice (act, ticket_id, raised_at, plan_id, spread_at) \
             VALUES ('destroy', {}, {at}, {id}, {at}) RETURNING id",
            matter.ticket
        ))
        .await;
    room.number(&format!(
        "INSERT INTO system_call (notice_id, system, webhook_id, act, subject, plan_id, state, next_try_at, \
         raised_at, due_at, told_at, settled_at) VALUES ({notice}, 'shop', 'w1', 'destroy', 'contact:1', {id}, \
         'acknowledged', {at}, {at}, {at}, {at}, {at}) RETURNING id"
    ))
    .await;
    let recipient = room
        .number(&format!(
            "INSERT INTO recipient (name, role, title, postal_address, country, created_at, created_by) \
             VALUES ('post', 'processor', 'ООО «Рассылка»', 'г. Казань', 'RU', {at}, 'anna') RETURNING id"
        ))
        .await;
    room.number(&format!(
        "INSERT INTO recipient_notice (request_id, recipient_id, plan_id, act, state, note, raised_at, settled_at) \
         VALUES ({request}, {recipient}, {id}, 'destroy', 'sent', '', {at}, {at}) RETURNING id"
    ))
    .await;
    assert_eq!(carry_out(&room, &plan).await, Progress::Waiting("answer"));
    let drawn = act(&room, "A-2026-000001").await;
    let processors: Vec<_> = drawn.processors.iter().map(|one| &*one.address).collect();
    assert_eq!(processors, ["г. Казань"]);
    let informed: Vec<_> = drawn
        .informed
        .iter()
        .map(|one| (&*one.name, &*one.role, one.told_at.is_some(), one.acknowledged_at.is_some()))
        .collect();
    assert_eq!(
        informed,
        [("shop", "system", true, true), ("ООО «Рассылка»", "processor", true, false)]
    );
}

async fn kept_by_law(room: &Room) -> store::plans::PlanRow {
    let contact = a_full_person(room).await;
    let erasure = room.cases().erase_contact(contact, room.now(), "clerk").await.expect("opened");
    let matter =
        Matter { ticket: erasure.ticket, number: erasure.number, requests: vec![erasure.request] };
    let until = room.now().to_zoned(jiff::tz::TimeZone::UTC).date().saturating_add(400.days());
    let keeps = ["contact", "consents"]
        .map(|part| Keep::parse(&format!("{part}=402-FZ art. 29(1),{until}")).expect("a rule"));
    let order = PlanOrder { keeps: keeps.to_vec(), ..PlanOrder::default() };
    let plan = planned(room, matter.request(), &order).await;
    approved(room, &matter).await;
    assert_eq!(carry_out(room, &plan).await, Progress::Waiting("answer"));
    finish(room, &matter, &plan).await;
    room.pass_days(402);
    plan
}

async fn what_a_law_kept_has_an_act_of_its_own_when_its_day_is_over(mut room: Room) {
    kept_by_law(&room).await;
    // Years later nobody remembers who they were.
    room.with_settings(|settings| settings.requests.acts.persons.clear());
    assert_eq!(room.cases().destroy_due_records().await.expect("destroyed"), 2);
    assert_eq!(room.count("contact").await, 0);
    let listed = numbers(&room).await;
    let late: Vec<_> = listed.iter().filter(|number| !number.starts_with("A-2026")).collect();
    assert_eq!(late.len(), 1, "both parts went at once: {listed:?}");
    let late = act(&room, late[0]).await;
    assert_eq!(late.kind, ActKind::Late { after: Some("A-2026-000001".into()) });
    assert!(late.wiped_at.is_some() && late.asked_again_at.is_some());
    assert_eq!(late.executed_by.len(), 2, "as it was decided then");
    assert!(late.executed_by.iter().all(|one| !one.post.is_empty()));
    assert!(late.operator.address.contains("Тимура Фрунзе") && late.law.contains("402-FZ"));
    let contact = late.parts.iter().find(|part| part.part == "contact").expect("the contact");
    assert_eq!((contact.found, contact.done, contact.kept), (1, 1, 0));
    assert!(late.parts.iter().any(|part| part.part == "consents" && part.done == 2));
    adds_up(&late);
    assert!(
        late.opened_extract()
            .expect("unchanged")
            .lines
            .iter()
            .any(|line| line.act == "kept_destroyed")
    );
    assert_eq!(room.cases().destroy_due_records().await.expect("done"), 0);
}

async fn a_late_destruction_that_died_anywhere_has_one_act(room: Room) {
    kept_by_law(&room).await;
    // Traces in the database: neither an act yet nor the end of the record.
    let reader = store::probe::reader(room.store()).await.expect("reads");
    assert_eq!(room.cases().destroy_due_records().await.expect("looked"), 0);
    assert_eq!(room.count("contact").await, 0, "it is destroyed");
    let before = numbers(&room).await.len();
    reader.rollback().await.expect("ended");
    // As after a death between the act and the end of the record.
    room.pass_days(1);
    let (one, two) = (room.cases().clone(), room.cases().clone());
    let (first, second) = tokio::join!(one.destroy_due_records(), two.destroy_due_records());
    assert_eq!(first.expect("destroyed") + second.expect("destroyed"), 2);
    assert_eq!(numbers(&room).await.len(), before + 1);
    let late = act(&room, &numbers(&room).await[0]).await;
    let contact = late.parts.iter().find(|part| part.part == "contact").expect("the contact");
    assert_eq!(contact.done, 1, "counted when it went, not when the act was drawn up");
    assert_eq!(
        room.count("kept_record WHERE kind = 'statutory' AND destroyed_at IS NULL").await,
        0
    );
}

async fn what_a_law_kept_goes_where_the_key_of_the_record_went_before(room: Room) {
    kept_by_law(&room).await;
    let kind = store::kept_records::KeptKind::Statutory;
    for row in store::kept_records::standing(room.store(), kind).await.expect("standing") {
        room.cases().vault().destroy_key(row.vault_key).await.expect("destroyed");
    }
    let before = numbers(&room).await;
    assert_eq!(room.cases().destroy_due_records().await.expect("destroyed"), 2);
    assert_eq!(room.count("contact").await, 0);
    assert_eq!(room.count("address WHERE email <> ''").await, 0);
    assert_eq!(numbers(&room).await, before, "the act of the first end tells of it");
    assert_eq!(room.cases().destroy_due_records().await.expect("done"), 0);
}

async fn records_that_cannot_be_ended_hold_up_no_other(room: Room) {
    kept_by_law(&room).await;
    for _ in 0..101 {
        let damaged = "INSERT INTO kept_record (kind, basis, law, content, vault_key_id, sha256, made_at, destroy_on) \
                       SELECT kind, basis, law, content, vault_key_id, stop_digest, made_at, '2026-12-01' \
                       FROM (SELECT kept.kind, kept.basis, kept.law, kept.content, kept.vault_key_id, \
                       kept.made_at, address.stop_digest AS stop_digest FROM kept_record kept, address \
                       WHERE kept.kind = 'statutory' ORDER BY kept.id LIMIT 1) AS one RETURNING id";
        room.number(damaged).await;
    }
    assert_eq!(room.cases().destroy_due_records().await.expect("destroyed"), 2);
    assert_eq!(room.count("contact").await, 0);
    let told = "alarm WHERE name LIKE 'kept_record/%' AND cleared_at IS NULL";
    assert_eq!(room.count(told).await, 101);
}

async fn two_acts_at_once_share_no_number(room: Room) {
    for round in 0..6 {
        let mut plans = Vec::new();
        for from in [ANNA, BORIS] {
            let from = format!("{round}{from}");
            let matter = room.asks(&from, &[Label::Erasure]).await;
            room.relay_takes_all(matter.ticket).await;
            let plan = planned(&room, matter.request(), &PlanOrder::default()).await;
            approved(&room, &matter).await;
            assert_eq!(
                carry_out_keeping_copies(&room, &plan).await,
                Progress::Waiting("server_copies")
            );
            plans.push(plan);
        }
        copies_gone(&room).await;
        let (one, two) = (room.cases().clone(), room.cases().clone());
        let (first, second) = ([plans[0].id], [plans[1].id]);
        let (first, second) =
            tokio::join!(one.carry_out_plans(&first), two.carry_out_plans(&second));
        for done in [first.expect("carried out"), second.expect("carried out")] {
            assert_eq!(done[0].1, Progress::Waiting("answer"));
        }
    }
    let mut expected: Vec<_> = (1..=12).map(|n| format!("A-2026-{n:06}")).collect();
    expected.reverse();
    assert_eq!(numbers(&room).await, expected);
}

async fn no_key_is_given_to_whoever_is_being_destroyed(room: Room) {
    let (matter, plan) = ready(&room).await;
    let contact = plan.draft.whose.contact.expect("a contact");
    // Found before the destruction began; it goes on afterwards.
    let found = store::subject_keys::unkeyed(room.store(), 10).await.expect("found");
    assert_eq!(found.len(), 1);
    assert_eq!(carry_out_keeping_copies(&room, &plan).await, Progress::Waiting("server_copies"));
    let fresh = room.cases().key_of_act(plan.id).await.expect("a key");
    let transaction = room.store().begin().await.expect("begins");
    let given = store::subject_keys::give(&transaction, contact, fresh).await;
    assert!(matches!(given, Err(StoreError::Conflict { .. })), "{given:?}");
    let moved = store::subject_keys::move_submission(
        &transaction,
        found[0].submission,
        found[0].key,
        fresh,
        found[0].content.as_deref(),
    );
    let moved = moved.await;
    assert!(matches!(moved, Err(StoreError::Conflict { .. })), "{moved:?}");
    transaction.rollback().await.expect("undone");
    // Whoever approves once more gives no key, either; nobody proposes anything after the end.
    room.cases().decide(matter.request(), "vera").await.expect_err("it was decided");
    assert_eq!(room.count("ticket WHERE vault_key_id IS NOT NULL").await, 0);
    assert_eq!(carry_out(&room, &plan).await, Progress::Waiting("answer"));
    finish(&room, &matter, &plan).await;
    let refusal = cases::requests::deciding::Refusal {
        clause: "152-ФЗ ст. 21 ч. 5".into(),
        reasons: "Это было уничтожено раньше.".into(),
    };
    let late = room.cases().propose(matter.request(), Some(&refusal), "vera").await;
    late.expect_err("there is nothing left to refuse");
    assert_eq!(room.count("ticket WHERE vault_key_id IS NOT NULL").await, 0);
}
