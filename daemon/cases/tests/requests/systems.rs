//! Connected systems are told in order, once and again, until they say that it is done.

use std::{sync::Arc, time::Duration};

use cases::systems::{
    Callback, CallbackAnswer, Passed, SigningSecret, SigningSecrets, System, Systems,
};
use domain::{
    ambient::Clock as _,
    classification::Label,
    ids::{ContactId, PlanId, SystemCallId},
    webhook::{CallState, Change, SystemAct},
};
use store::systems::CallRow;
use tests::connected_system::{ConnectedSystem, Reply, signature};

use crate::room::{ANNA, Matter, Room};

pub const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const OTHER: &str = "whsec_HxweHRwbGhkYFxYVFBMSERAPDg0MCwoJCAcGBQQDAgE=";

struct Known(Vec<&'static str>);

impl SigningSecrets for Known {
    fn read(&self) -> Result<Vec<SigningSecret>, String> {
        self.0.iter().map(|text| SigningSecret::parse(text).map_err(|e| e.to_string())).collect()
    }
}

/// A system whose clock is the room's.
pub fn shop(room: &Room) -> ConnectedSystem {
    let clock = Arc::clone(&room.desk.clock);
    ConnectedSystem::start(SECRET, move || clock.now().as_second()).expect("a system")
}

pub fn connect(room: &mut Room, system: &ConnectedSystem) {
    connect_as(room, system, vec![SECRET], |_| {});
}

pub fn connect_as(
    room: &mut Room,
    system: &ConnectedSystem,
    secrets: Vec<&'static str>,
    change: impl FnOnce(&mut System),
) {
    let mut shop = System::new("shop", &system.url(), Arc::new(Known(secrets)));
    shop.timeout = Duration::from_secs(5);
    change(&mut shop);
    room.desk.cases = room.cases().clone().with_systems(Systems(vec![shop]));
}

/// One pass of the daemon's loop.
pub async fn pass(room: &Room) -> Passed {
    room.cases().spread_notices(100).await.expect("spread");
    let passed = room.cases().call_systems().await.expect("called");
    room.cases().watch_systems().await.expect("watched");
    passed
}

pub async fn calls(room: &Room) -> Vec<CallRow> {
    let mut calls = room.cases().system_calls(None, None, 100).await.expect("calls");
    calls.sort_by_key(|call| call.notice);
    calls
}

pub async fn states(room: &Room) -> Vec<(SystemAct, CallState)> {
    calls(room).await.iter().map(|call| (call.act, call.state)).collect()
}

async fn alarms(room: &Room) -> Vec<String> {
    let alarms = store::alarms::standing(room.store()).await.expect("alarms");
    alarms.into_iter().map(|alarm| alarm.name).filter(|name| name.contains("system_")).collect()
}

async fn blocked_anna(room: &Room) -> (ContactId, Matter) {
    let contact = room.contact("Анна", "+7 900 000-00-00", &[ANNA]).await;
    (contact, room.asks(ANNA, &[Label::Erasure]).await)
}

/// A plan of destruction of a matter, as C makes it.
async fn plan(room: &Room, matter: &Matter) -> PlanId {
    let sql = format!(
        "INSERT INTO plan (request_id, method, state, finding, addresses, tickets, hash, made_by, made_at) \
         VALUES ({}, 'destroy', 'executing', 'held', '[]', '[]', {}, 'anna', 0) RETURNING id",
        matter.request(),
        blob(room),
    );
    PlanId(room.number(&sql).await)
}

fn blob(room: &Room) -> &'static str {
    match room.store().dialect() {
        store::Dialect::Sqlite => "x'00'",
        store::Dialect::Postgres => "'\\x00'::bytea",
    }
}

async fn raise_destroy(room: &Room, contact: ContactId, matter: &Matter) -> PlanId {
    let plan = plan(room, matter).await;
    let ticket = room.ticket(matter.ticket).await;
    let cases = room.cases();
    let prepared = cases
        .prepare_destroy(room.store(), plan, &ticket, Some(contact), &[])
        .await
        .expect("prepared");
    let transaction = room.store().begin().await.expect("begins");
    cases.raise_calls(&transaction, &prepared, room.now()).await.expect("raised");
    transaction.commit().await.expect("commits");
    plan
}

async fn what_is_blocked_is_told_signed_and_once(mut room: Room) {
    let shop = shop(&room);
    connect(&mut room, &shop);
    let (_, matter) = blocked_anna(&room).await;
    assert_eq!(pass(&room).await, Passed { heard: 1, again: 0, moot: 0 });
    assert_eq!(states(&room).await, [(SystemAct::Block, CallState::Acknowledged)]);
    {
        let memory = shop.memory();
        let taken = &memory.taken[0];
        assert!(taken.signed && taken.id.starts_with("msg_") && memory.taken.len() == 1);
        assert_eq!(taken.body["ticket"], matter.number);
        assert_eq!(taken.body["scope"], "full");
        // What the system is not told of it does not get.
        assert_eq!(taken.body["person"], serde_json::json!({ "emails": [ANNA] }));
    }
    assert_eq!(pass(&room).await, Passed::default());
    assert_eq!(room.count("system_notice WHERE acknowledged_at IS NULL").await, 0);
    assert!(alarms(&room).await.is_empty());
}

async fn a_lost_answer_is_asked_for_again_with_the_same_id(mut room: Room) {
    let shop = shop(&room);
    connect(&mut room, &shop);
    blocked_anna(&room).await;
    shop.plan(&[Reply::ActsAndHangsUp, Reply::Status(500), Reply::Page, Reply::Huge]);
    for tries in 1..=4 {
        assert_eq!(pass(&room).await.again, 1, "try {tries}");
        // Not before its time.
        assert_eq!(pass(&room).await, Passed::default());
        room.desk.clock.advance(Duration::from_secs(60));
    }
    assert_eq!(pass(&room).await.heard, 1);
    let memory = shop.memory();
    let ids: std::collections::BTreeSet<_> = memory.taken.iter().map(|call| &call.id).collect();
    assert_eq!((memory.taken.len(), ids.len(), memory.acts), (5, 1, 1));
}

async fn who_dies_between_the_call_and_its_note_calls_again(mut room: Room) {
    let shop = shop(&room);
    connect_as(&mut room, &shop, vec![SECRET], |system| {
        system.timeout = Duration::from_secs(60);
    });
    blocked_anna(&room).await;
    room.cases().spread_notices(10).await.expect("spread");
    shop.plan(&[Reply::ActsAndIsSilent]);
    let dying = room.cases().clone();
    let pass_that_dies = tokio::spawn(async move { dying.call_systems().await });
    tests_wait(|| shop.memory().acts == 1).await;
    pass_that_dies.abort();
    let _ = pass_that_dies.await;
    // The claim stands: nobody hurries after it, and then it is made with the same id.
    assert_eq!(states(&room).await, [(SystemAct::Block, CallState::Planned)]);
    assert_eq!(pass(&room).await, Passed::default());
    room.desk.clock.advance(Duration::from_secs(60));
    assert_eq!(pass(&room).await.heard, 1);
    let memory = shop.memory();
    assert_eq!(memory.taken[0].id, memory.taken[1].id);
    assert_eq!((memory.taken.len(), memory.acts), (2, 1));
}

/// Waits for a condition of another thread.
async fn tests_wait(holds: impl Fn() -> bool) {
    for _ in 0..3000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("what was waited for did not come");
}

async fn a_system_that_never_answers_is_told_of(mut room: Room) {
    let shop = shop(&room);
    connect(&mut room, &shop);
    blocked_anna(&room).await;
    shop.plan(&[Reply::Status(503); 2]);
    pass(&room).await;
    assert!(alarms(&room).await.is_empty());
    room.desk.clock.advance(Duration::from_secs(25 * 3600));
    pass(&room).await;
    assert_eq!(alarms(&room).await, ["system_silent/shop"]);
    // It comes back: the tries never ended, and the alarm goes.
    room.desk.clock.advance(Duration::from_secs(2 * 3600));
    assert_eq!(pass(&room).await.heard, 1);
    assert!(alarms(&room).await.is_empty());
}

async fn a_refusal_asks_a_person_and_holds_nobody_up(mut room: Room) {
    let shop = shop(&room);
    connect(&mut room, &shop);
    let (contact, matter) = blocked_anna(&room).await;
    shop.plan(&[Reply::Redirect]);
    pass(&room).await;
    assert_eq!(states(&room).await, [(SystemAct::Block, CallState::Refused)]);
    assert_eq!(shop.memory().taken.len(), 1, "a redirect is not followed");
    assert!(room.tasks(matter.ticket).await.contains(&"system_refused".to_owned()));
    assert_eq!(alarms(&room).await, ["system_refused/shop"]);
    let plan = raise_destroy(&room, contact, &matter).await;
    assert!(!room.cases().all_acknowledged(room.store(), plan).await.expect("read"));
    pass(&room).await;
    assert!(room.cases().all_acknowledged(room.store(), plan).await.expect("read"));
    // Given up only with a reason, and only once.
    let refused = calls(&room).await[0].id;
    let cases = room.cases();
    assert!(cases.drop_call(refused, "olga", " ").await.is_err());
    cases.drop_call(refused, "olga", "told by telephone").await.expect("dropped");
    assert!(cases.drop_call(refused, "olga", "again").await.is_err());
    assert!(cases.drop_call(SystemCallId(999), "olga", "none").await.is_err());
    cases.watch_systems().await.expect("watched");
    assert!(alarms(&room).await.is_empty());
}

async fn a_destruction_is_sealed_and_its_key_goes_with_the_acknowledgement(mut room: Room) {
    let shop = shop(&room);
    connect(&mut room, &shop);
    let (contact, matter) = blocked_anna(&room).await;
    let plan = raise_destroy(&room, contact, &matter).await;
    // The data go here; what was sealed still says whom.
    room.number("UPDATE address SET email = '', exact_key = 'erased:1' RETURNING id").await;
    shop.plan(&[Reply::Accepted]);
    pass(&room).await;
    let call = calls(&room).await.pop().expect("a call");
    let key = call.vault_key.expect("a key");
    assert_eq!((call.act, call.state), (SystemAct::Destroy, CallState::Accepted));
    // The block had not been told: it is not needed any more.
    assert_eq!(calls(&room).await[0].state, CallState::Moot);
    let acknowledgement = Message::about(&room, &call.webhook_id, "done");
    assert_eq!(acknowledgement.say(&room).await, CallbackAnswer::Noted);
    assert!(room.cases().all_acknowledged(room.store(), plan).await.expect("read"));
    assert!(room.cases().vault().key_exists(key).await.expect("looked"));
    assert_eq!(room.cases().destroy_call_keys(10).await.expect("destroyed"), 1);
    assert!(!room.cases().vault().key_exists(key).await.expect("looked"));
    assert_eq!(room.count("system_call WHERE payload IS NOT NULL").await, 0);
    assert_eq!(room.cases().destroy_call_keys(10).await.expect("nothing left"), 0);
    let memory = shop.memory();
    assert_eq!(memory.taken[0].body["person"]["emails"], serde_json::json!([ANNA]));
    assert_eq!(memory.taken[0].body["act"], "destroy");
}

pub struct Message {
    id: String,
    body: String,
    sent: i64,
    secret: &'static str,
}

impl Message {
    pub fn telling(room: &Room, call: &str, data: &serde_json::Value) -> Self {
        let body = format!(r#"{{"id":"{call}","status":"done","data":{data}}}"#);
        Self { body, ..Self::about(room, call, "done") }
    }

    pub fn about(room: &Room, call: &str, status: &str) -> Self {
        let body = format!(r#"{{"id":"{call}","status":"{status}"}}"#);
        Self { id: "ack_1".into(), body, sent: room.now().as_second(), secret: SECRET }
    }

    pub async fn say(&self, room: &Room) -> CallbackAnswer {
        let signature = signature(self.secret, &self.id, self.sent, &self.body);
        let callback = Callback {
            system: "shop",
            id: &self.id,
            timestamp: &self.sent.to_string(),
            signature: &signature,
            body: self.body.as_bytes(),
        };
        room.cases().hear(callback).await.expect("heard")
    }
}

async fn forged_and_recorded_messages_change_nothing(mut room: Room) {
    let shop = shop(&room);
    connect(&mut room, &shop);
    blocked_anna(&room).await;
    shop.plan(&[Reply::Accepted]);
    pass(&room).await;
    let id = calls(&room).await[0].webhook_id.clone();
    let now = room.now().as_second();
    let message = |status| Message::about(&room, &id, status);
    let forged = [
        Message { secret: OTHER, ..message("done") },
        Message { sent: now - 301, ..message("done") },
        Message { sent: now + 301, ..message("done") },
        Message { id: String::new(), ..message("done") },
    ];
    for message in &forged {
        assert_eq!(message.say(&room).await, CallbackAnswer::Forged);
    }
    assert_eq!(
        Message::about(&room, "msg_of_nobody", "done").say(&room).await,
        CallbackAnswer::Unknown
    );
    assert_eq!(message("accepted").say(&room).await, CallbackAnswer::Unreadable);
    assert_eq!(states(&room).await, [(SystemAct::Block, CallState::Accepted)]);
    assert_eq!(message("done").say(&room).await, CallbackAnswer::Noted);
    assert_eq!(message("done").say(&room).await, CallbackAnswer::Noted);
    let failed = Message { id: "ack_2".into(), ..message("failed") };
    assert_eq!(failed.say(&room).await, CallbackAnswer::Settled);
    assert_eq!(states(&room).await, [(SystemAct::Block, CallState::Acknowledged)]);
    // That it was accepted, and that it is done.
    assert_eq!(room.count("audit_event WHERE act = 'told'").await, 2);
}

async fn while_the_secret_is_changed_both_are_good(mut room: Room) {
    let shop = shop(&room);
    connect_as(&mut room, &shop, vec![OTHER, SECRET], |_| {});
    blocked_anna(&room).await;
    assert_eq!(pass(&room).await.heard, 1);
    shop.change_secret(OTHER);
    connect(&mut room, &shop);
    room.contact("Борис", "", &[crate::room::BORIS]).await;
    room.asks(crate::room::BORIS, &[Label::Erasure]).await;
    // We sign with the old one alone: the system knows us no more, and a person is asked.
    assert_eq!(pass(&room).await.heard, 1);
    assert_eq!(states(&room).await[1], (SystemAct::Block, CallState::Refused));
    assert!(!shop.memory().taken[1].signed);
}

async fn only_what_a_system_listens_to_and_finds_by_is_told(mut room: Room) {
    let shop = shop(&room);
    connect_as(&mut room, &shop, vec![SECRET], |system| {
        system.acts = vec![SystemAct::Correct];
        system.sends = vec![domain::block::Field::Phone];
    });
    let (contact, matter) = blocked_anna(&room).await;
    let ticket = room.ticket(matter.ticket).await;
    let change = |field: &str, old: &str, new: &str| Change {
        field: field.into(),
        old: old.into(),
        new: new.into(),
    };
    let changes = vec![change("name", "Анна", "Анна Б."), change("phone", "1", "2")];
    let cases = room.cases();
    let prepared =
        cases.prepare_correct(room.store(), &ticket, contact, changes).await.expect("prepared");
    let transaction = room.store().begin().await.expect("begins");
    assert_eq!(cases.raise_calls(&transaction, &prepared, room.now()).await.expect("raised"), 1);
    transaction.commit().await.expect("commits");
    pass(&room).await;
    assert_eq!(states(&room).await, [(SystemAct::Correct, CallState::Acknowledged)]);
    let body = shop.memory().taken[0].body.clone();
    let told = serde_json::json!([{ "field": "phone", "old": "1", "new": "2" }]);
    assert_eq!(body["changes"], told);
    assert_eq!(body["person"], serde_json::json!({ "phone": "+7 900 000-00-00" }));
}

async fn a_system_that_is_gone_is_told_of_while_calls_are_open(mut room: Room) {
    let shop = shop(&room);
    connect(&mut room, &shop);
    blocked_anna(&room).await;
    shop.plan(&[Reply::Status(500)]);
    pass(&room).await;
    room.desk.cases = room.cases().clone().with_systems(Systems::default());
    pass(&room).await;
    assert_eq!(alarms(&room).await, ["system_gone/shop"]);
    let call = calls(&room).await.remove(0);
    let refused = room.cases().retry_call(call.id, "olga").await.expect_err("not configured");
    assert!(refused.to_string().contains("system_is_configured"));
    room.cases().drop_call(call.id, "olga", "the shop was closed").await.expect("dropped");
    pass(&room).await;
    assert!(alarms(&room).await.is_empty());
}

both! {
    what_is_blocked_is_told_signed_and_once,
    a_lost_answer_is_asked_for_again_with_the_same_id,
    who_dies_between_the_call_and_its_note_calls_again,
    a_system_that_never_answers_is_told_of,
    a_refusal_asks_a_person_and_holds_nobody_up,
    a_destruction_is_sealed_and_its_key_goes_with_the_acknowledgement,
    forged_and_recorded_messages_change_nothing,
    while_the_secret_is_changed_both_are_good,
    only_what_a_system_listens_to_and_finds_by_is_told,
    a_system_that_is_gone_is_told_of_while_calls_are_open,
}
