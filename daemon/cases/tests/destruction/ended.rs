//! What is owed after the end, what waits, what does not put a destruction off, and what the log
//! tells of whoever is gone.

use cases::{
    audits::About,
    destruction::{PlanOrder, Progress},
};
use domain::{
    address::EmailAddress,
    audit::proof::ProofLine,
    classification::Label,
    plan::{PlanState, Stage},
    request::RequestState,
};
use jiff::SignedDuration;
use store::{Dialect, plans::PlanRow};

use crate::{
    killed::opened_again,
    room::{ANNA, Matter, Room},
    searched::found_in,
    whole::{
        NAME, PHONE, a_full_person, approved, carry_out, carry_out_keeping_copies, finish, planned,
        reread,
    },
};

both! {
    a_reader_in_the_way_leaves_the_wipe_owed,
    what_is_owed_is_done_after_a_restart,
    every_table_is_let_go_of,
    what_comes_by_itself_is_looked_at_soon,
    a_further_letter_does_not_put_it_off,
    a_proven_question_is_answered_before_the_data_go,
    the_log_tells_of_whoever_is_destroyed,
}

const SECRETS: [&str; 3] = [ANNA, NAME, PHONE];

async fn ready(room: &Room) -> (Matter, PlanRow) {
    a_full_person(room).await;
    let matter = room.asks(ANNA, &[Label::Erasure]).await;
    room.relay_takes_all(matter.ticket).await;
    let plan = planned(room, matter.request(), &PlanOrder::default()).await;
    approved(room, &matter).await;
    (matter, plan)
}

fn in_files(room: &Room) -> Option<Vec<String>> {
    let is_file = room.store().dialect() == Dialect::Sqlite;
    is_file.then(|| found_in(room.desk.dir.path(), &SECRETS))
}

const ALARM: &str = "alarm WHERE name = 'destruction_wipe' AND cleared_at IS NULL";

async fn a_reader_in_the_way_leaves_the_wipe_owed(room: Room) {
    let reader = store::probe::reader(room.store()).await.expect("reads");
    let (matter, plan) = ready(&room).await;
    assert_eq!(carry_out(&room, &plan).await, Progress::Waiting("answer"));
    finish(&room, &matter, &plan).await;
    let ended = reread(&room, &plan).await;
    assert_eq!((ended.state, ended.wiped_at), (PlanState::Closed, None));
    assert_eq!(room.count(ALARM).await, 1);
    assert!(in_files(&room).is_none_or(|found| !found.is_empty()), "the reader holds the log");
    assert!(!room.cases().wipe_destroyed().await.expect("tried"), "it still reads");

    reader.rollback().await.expect("ended");
    assert!(room.cases().wipe_destroyed().await.expect("tried"));
    assert!(reread(&room, &plan).await.wiped_at.is_some());
    assert_eq!(room.count(ALARM).await, 0);
    assert_eq!(in_files(&room).unwrap_or_default(), Vec::<String>::new());
}

async fn what_is_owed_is_done_after_a_restart(room: Room) {
    let (matter, plan) = ready(&room).await;
    assert_eq!(carry_out(&room, &plan).await, Progress::Waiting("answer"));
    let reader = store::probe::reader(room.store()).await.expect("reads");
    finish(&room, &matter, &plan).await;
    assert_eq!(reread(&room, &plan).await.wiped_at, None);
    reader.rollback().await.expect("ended");
    // Whoever closed it died before the wipe; another process begins.
    if room.store().dialect() == Dialect::Sqlite {
        let (again, _) = opened_again(room.desk.dir.path()).await;
        assert!(again.wipe_destroyed().await.expect("wiped"));
    } else {
        assert!(room.cases().clone().wipe_destroyed().await.expect("wiped"));
    }
    assert!(reread(&room, &plan).await.wiped_at.is_some());
    assert_eq!(in_files(&room).unwrap_or_default(), Vec::<String>::new());
}

async fn every_table_is_let_go_of(room: Room) {
    let (matter, plan) = ready(&room).await;
    carry_out(&room, &plan).await;
    if room.store().dialect() == Dialect::Postgres {
        // A table that is written anew lies in another file.
        let before = "CREATE TABLE lay_in AS SELECT oid AS of, relfilenode AS file FROM pg_class WHERE relkind = 'r' \
                      AND relnamespace = CAST(current_schema() AS regnamespace)";
        store::probe::write(room.store(), before).await.expect("written");
    }
    finish(&room, &matter, &plan).await;
    assert!(reread(&room, &plan).await.wiped_at.is_some());
    if room.store().dialect() == Dialect::Postgres {
        let held = "lay_in JOIN pg_class ON oid = of WHERE relfilenode = file";
        assert_eq!(room.count(held).await, 0);
        assert!(room.count("lay_in").await > 40);
        store::probe::write(room.store(), "DROP TABLE lay_in").await.expect("dropped");
    }
}

async fn what_comes_by_itself_is_looked_at_soon(room: Room) {
    let (matter, plan) = ready(&room).await;
    for seconds in [2, 4, 8, 16, 32, 60, 60] {
        let progress = carry_out_keeping_copies(&room, &plan).await;
        assert_eq!(progress, Progress::Waiting("server_copies"));
        let next = reread(&room, &plan).await.next_try_at.expect("an instant");
        assert_eq!(next.duration_since(room.now()), SignedDuration::from_secs(seconds));
    }
    // What waits for something else begins anew.
    assert_eq!(carry_out(&room, &plan).await, Progress::Waiting("answer"));
    let next = reread(&room, &plan).await.next_try_at.expect("an instant");
    assert_eq!(next.duration_since(room.now()), SignedDuration::from_secs(2));
    finish(&room, &matter, &plan).await;
}

async fn a_further_letter_does_not_put_it_off(room: Room) {
    let (matter, plan) = ready(&room).await;
    room.pass_days(1);
    // Anybody can write in this name.
    let newer = room.asks(ANNA, &[Label::Access]).await;
    assert_ne!(newer.ticket, matter.ticket);
    room.relay_takes_all(newer.ticket).await;
    room.cases().rekey_known_subjects(10).await.expect("moved");
    assert_eq!(carry_out(&room, &plan).await, Progress::Waiting("answer"));
    assert_eq!(reread(&room, &plan).await.state, PlanState::Verified);
    finish(&room, &matter, &plan).await;
    assert_eq!(room.request(matter.request()).await.state, RequestState::Closed);
    assert_eq!(room.count("contact").await, 0);
    // The further matter goes on by itself, and can be read.
    assert!(room.ticket(newer.ticket).await.address.is_some());
    for letter in room.letters(newer.ticket).await {
        assert!(letter.content.is_some(), "{} is under a key of its own", letter.topic);
    }
    let gone = store::destruction::of_plan(room.store(), plan.id).await.expect("listed");
    for one in gone {
        let needed =
            format!("submission WHERE content IS NOT NULL AND vault_key_id = '{}'", one.id);
        assert_eq!(room.count(&needed).await, 0);
    }
    let held = format!("submission WHERE ticket_id = {} AND content IS NOT NULL", newer.ticket);
    assert_eq!(room.count(&held).await, 1);
}

async fn a_proven_question_is_answered_before_the_data_go(room: Room) {
    let (matter, plan) = ready(&room).await;
    room.pass_days(1);
    let newer = room.asks(ANNA, &[Label::Access]).await;
    room.relay_takes_all(newer.ticket).await;
    room.cases().attest_identity(&newer.number, "seen", "anna").await.expect("attested");
    for _ in 0..2 {
        assert_eq!(carry_out(&room, &plan).await, Progress::Waiting("answer_first"));
    }
    let waiting = reread(&room, &plan).await;
    assert_eq!((waiting.stage, waiting.state), (Stage::Protect, PlanState::Proposed));
    assert_eq!(room.request(matter.request()).await.state, RequestState::Approved, "not void");
    let told = "task WHERE name = 'answer_first' AND detail LIKE 'plan:% due:20%'";
    assert_eq!(room.count(told).await, 1);
    let answered =
        format!("UPDATE request SET state = 'closed' WHERE id = {} RETURNING id", newer.request());
    room.number(&answered).await;
    assert_eq!(carry_out(&room, &plan).await, Progress::Waiting("answer"));
    finish(&room, &matter, &plan).await;
}

async fn the_log_tells_of_whoever_is_destroyed(room: Room) {
    let (matter, plan) = ready(&room).await;
    let contact = plan.draft.whose.contact.expect("a contact");
    assert_eq!(carry_out(&room, &plan).await, Progress::Waiting("answer"));
    finish(&room, &matter, &plan).await;
    let address = EmailAddress::parse(ANNA).expect("an address");
    let told = [format!("plan:{}", plan.id), format!("request:{}", matter.request())];
    for about in [About::Contact(contact), About::Address(address)] {
        let lines = room.cases().export_audit(&about, "olga").await.expect("exported");
        let acts: Vec<String> = lines
            .iter()
            .filter_map(|line| match line {
                ProofLine::Event { event, .. } | ProofLine::Unsealed { event } => Some(event),
                ProofLine::Header { .. } | ProofLine::Batch { .. } | ProofLine::Link { .. } => None,
            })
            .filter(|event| told.contains(&event.subject))
            .map(|event| event.act.clone())
            .collect();
        for act in
            ["planned", "destruction_began", "rows_destroyed", "verified", "destruction_ended"]
        {
            assert!(acts.iter().any(|one| one == act), "{act} is not told: {acts:?}");
        }
    }
}
