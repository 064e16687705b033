//! What people of ours wrote goes with the person, and letters that a law keeps hold up nothing.

use cases::destruction::{PlanOrder, Progress};
use domain::{
    classification::Label,
    plan::{Keep, Part, PlanState},
    request::Outcome,
};

use crate::hands::*;
use crate::room::{ANNA, Matter, Room};

both! {
    what_people_of_ours_wrote_goes_with_the_person,
    it_goes_when_letters_are_kept_as_well_and_the_plan_ends,
}

/// Every kind of words of ours about a matter, with what still holds them.
async fn written(room: &Room, matter: &Matter) -> Vec<String> {
    let bytes = match room.store().dialect() {
        store::Dialect::Sqlite => "x'5a5a'",
        store::Dialect::Postgres => "decode('5a5a', 'hex')",
    };
    let (ticket, request) = (matter.ticket, matter.request());
    let block = room.number(&format!("SELECT MIN(id) FROM block WHERE ticket_id = {ticket}")).await;
    for sql in [
        format!(
            "INSERT INTO request_note (request_id, kind, content, at, actor) \
             VALUES ({request}, 'pause', {bytes}, 1, 'anna')"
        ),
        format!(
            "INSERT INTO block_exception (block_id, reason, actor, at) \
             VALUES ({block}, {bytes}, 'anna', 1)"
        ),
        format!(
            "INSERT INTO unblock_notice (block_id, note, reason, actor, at, words) \
             VALUES ({block}, {bytes}, 'sealed', 'anna', 1, {bytes})"
        ),
        format!("UPDATE block SET basis_words = {bytes}, lift_words = {bytes} WHERE id = {block}"),
        format!(
            "INSERT INTO legal_hold (ticket_id, from_at, reason, lift_reason, lift_words, lifted_at, lifted_by) \
             VALUES ({ticket}, 0, 'court', 'sealed', {bytes}, 1, 'anna')"
        ),
    ] {
        assert_eq!(store::probe::write(room.store(), &sql).await.expect("written"), 1, "{sql}");
    }
    [
        "request_note WHERE content IS NOT NULL",
        "block_exception WHERE length(reason) > 0",
        "unblock_notice WHERE note IS NOT NULL OR words IS NOT NULL",
        "block WHERE basis_words IS NOT NULL OR lift_words IS NOT NULL",
        "legal_hold WHERE lift_words IS NOT NULL",
        "identity_proof WHERE note IS NOT NULL",
    ]
    .map(str::to_owned)
    .to_vec()
}

async fn gone(room: &Room, held: &[String]) {
    for one in held {
        assert_eq!(room.count(one).await, 0, "{one}");
    }
}

async fn what_people_of_ours_wrote_goes_with_the_person(room: Room) {
    a_full_person(&room).await;
    let matter = room.asks(ANNA, &[Label::Erasure]).await;
    room.relay_takes_all(matter.ticket).await;
    let held = written(&room, &matter).await;
    for one in held.iter().filter(|one| !one.starts_with("identity_proof")) {
        assert_eq!(room.count(one).await, 1, "{one}");
    }
    let plan = planned(&room, matter.request(), &PlanOrder::default()).await;
    approved(&room, &matter).await;
    assert_eq!(carry_out(&room, &plan).await, Progress::Waiting("answer"));
    gone(&room, &held).await;
    finish(&room, &matter, &plan).await;
    gone(&room, &held).await;
    let plan = reread(&room, &plan).await;
    assert_eq!(plan.state, PlanState::Closed);
    assert!(room.cases().leftovers(room.store(), &plan).await.expect("asked").is_empty());
    // Whatever were still there would be seen by whoever asks again.
    for sql in [
        "UPDATE request_note SET content = {}",
        "UPDATE block_exception SET reason = {}",
        "UPDATE unblock_notice SET words = {}",
        "UPDATE block SET basis_words = {} WHERE id = (SELECT MIN(block_id) FROM unblock_notice)",
        "UPDATE legal_hold SET lift_words = {}",
    ] {
        let empty = sql.split(" WHERE").next().expect("a statement");
        let value = match room.store().dialect() {
            store::Dialect::Sqlite => "x'5a5a'",
            store::Dialect::Postgres => "decode('5a5a', 'hex')",
        };
        store::probe::write(room.store(), &sql.replace("{}", value)).await.expect("written");
        let left = room.cases().leftovers(room.store(), &plan).await.expect("asked");
        let notes = left.iter().find(|left| left.part == Part::Notes).map(|left| left.count);
        assert_eq!(notes, Some(1), "{sql}");
        let none = if sql.contains("reason") { "''" } else { "NULL" };
        let none = if none == "''" && value.starts_with('x') { "x''" } else { none };
        store::probe::write(room.store(), &empty.replace("{}", none)).await.expect("emptied");
    }
}

async fn it_goes_when_letters_are_kept_as_well_and_the_plan_ends(room: Room) {
    a_full_person(&room).await;
    let matter = room.asks(ANNA, &[Label::Erasure]).await;
    room.relay_takes_all(matter.ticket).await;
    let held = written(&room, &matter).await;
    room.cases().rekey_known_subjects(10).await.expect("moved");
    let keeps = vec![Keep::parse("letters=402-FZ art. 29(1),2031-12-31").expect("a rule")];
    let plan = planned(&room, matter.request(), &PlanOrder { keeps, ..PlanOrder::default() }).await;
    approved(&room, &matter).await;
    assert_eq!(carry_out(&room, &plan).await, Progress::Waiting("answer"));
    gone(&room, &held).await;
    finish(&room, &matter, &plan).await;
    gone(&room, &held).await;
    let plan = reread(&room, &plan).await;
    assert_eq!(plan.state, PlanState::Closed);
    assert_eq!(room.request(matter.request()).await.outcome, Some(Outcome::PartlyKept));
    assert!(room.cases().leftovers(room.store(), &plan).await.expect("asked").is_empty());
    assert_eq!(
        room.count("submission WHERE content IS NOT NULL OR vault_key_id IS NOT NULL").await,
        0
    );
    assert_eq!(room.count("ticket WHERE vault_key_id IS NOT NULL").await, 0);
    // What is kept can be read.
    let letters = room.letters(matter.ticket).await;
    assert!(!letters.is_empty());
    for letter in letters {
        assert!(letter.content.is_some(), "{} is kept", letter.topic);
    }
    assert_eq!(room.count("kept_record WHERE kind = 'act'").await, 2, "the act and its supplement");
}
