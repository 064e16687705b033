//! What connected systems hold of a person goes into the package, or the package says that it does
//! not.

use cases::{access::HeldBack, systems::CallbackAnswer};
use domain::{
    classification::Label,
    request::Outcome,
    webhook::{CallState, SystemAct},
};
use serde_json::{Value, json};
use tests::connected_system::{ConnectedSystem, Reply};

use crate::{
    access::{files, of, prove, with_map},
    deciding::is_refused,
    room::{ANNA, Matter, Room},
    systems::{Message, SECRET, calls, connect, connect_as, pass, shop, states},
};

both! {
    what_a_system_holds_goes_into_the_package,
    a_system_that_holds_nothing_says_so_and_only_then_is_nothing_held,
    a_system_that_does_not_listen_to_access_is_named_as_not_asked,
    a_package_waits_for_systems_or_says_which_are_silent,
    an_answer_that_tells_no_data_is_none,
    what_a_system_says_later_is_taken_with_its_data,
    nobody_is_asked_before_who_asks_is_proven,
}

async fn asks(room: &mut Room) -> (ConnectedSystem, Matter) {
    with_map(room);
    room.contact("Анна", "", &[ANNA]).await;
    let shop = shop(room);
    connect(room, &shop);
    let matter = room.asks(ANNA, &[Label::Access]).await;
    (shop, matter)
}

async fn make(room: &Room, matter: &Matter) -> Result<bool, cases::CasesError> {
    let made = room.cases().make_package(matter.request(), None, HeldBack::LeftOut, "boris").await;
    made.map(|made| made.row.nothing_held)
}

async fn data(room: &Room, matter: &Matter) -> Value {
    let files = files(room, matter.request()).await;
    serde_json::from_slice(of(&files, "data.json")).expect("JSON")
}

async fn what_a_system_holds_goes_into_the_package(mut room: Room) {
    let (shop, matter) = asks(&mut room).await;
    let orders =
        json!({ "orders": [{ "number": "A-17", "sum": 4200, "note": "<b>до двери</b>" }] });
    shop.memory().holds.insert(ANNA.to_owned(), orders.clone());
    prove(&room, &matter).await;
    // Asked with the proof: whoever makes the package finds the answer there.
    pass(&room).await;
    assert_eq!(states(&room).await, [(SystemAct::Access, CallState::Acknowledged)]);
    assert_eq!(shop.memory().taken[0].body["person"]["emails"], json!([ANNA]));
    assert!(!make(&room, &matter).await.expect("made"));
    let files = files(&room, matter.request()).await;
    let told: Value = serde_json::from_slice(of(&files, "systems/shop.json")).expect("JSON");
    assert_eq!(told, orders);
    let data = data(&room, &matter).await;
    assert_eq!(data["systems"][0]["state"], "answered");
    assert_eq!(data["systems"][0]["data"], orders);
    let index = String::from_utf8_lossy(of(&files, "index.html")).into_owned();
    assert!(index.contains("A-17") && index.contains("&lt;b&gt;до двери"), "{index}");
    assert!(!data["left_out"].to_string().contains("systems_silent"));
    // Nothing of it stands in clear in the database.
    let sealed = room.number("SELECT COUNT(*) FROM system_export WHERE content IS NOT NULL").await;
    assert_eq!(sealed, 1);
    // It goes when its package is over.
    room.cases().propose(matter.request(), None, "boris").await.expect("proposed");
    room.cases().decide(matter.request(), "vera").await.expect("approved");
    room.cases().send_package(matter.request(), "boris").await.expect("sent");
    room.relay_takes_all(matter.ticket).await;
    room.cases().settle_requests().await.expect("settled");
    room.cases().end_packages(10).await.expect("ended");
    assert_eq!(room.count("system_export WHERE content IS NOT NULL").await, 1, "it may be taken");
    room.pass_days(8);
    room.cases().end_packages(10).await.expect("ended");
    assert_eq!(room.count("system_export WHERE content IS NOT NULL").await, 0);
}

async fn a_system_that_holds_nothing_says_so_and_only_then_is_nothing_held(mut room: Room) {
    with_map(&mut room);
    let shop = shop(&room);
    connect(&mut room, &shop);
    let matter = room.asks("stranger@mail.example", &[Label::Access]).await;
    room.cases().ask_challenge(&matter.number, None, "anna").await.expect("asked");
    prove(&room, &matter).await;
    let incomplete =
        room.cases().make_incomplete_package(matter.request(), None, HeldBack::LeftOut, "boris");
    assert!(!incomplete.await.expect("made").row.nothing_held, "the shop has not said so");
    pass(&room).await;
    assert!(make(&room, &matter).await.expect("made"));
    assert_eq!(data(&room, &matter).await["systems"][0]["state"], "nothing_held");
}

async fn a_system_that_does_not_listen_to_access_is_named_as_not_asked(mut room: Room) {
    with_map(&mut room);
    let shop = shop(&room);
    connect_as(&mut room, &shop, vec![SECRET], |system| system.acts = vec![SystemAct::Destroy]);
    let matter = room.asks("stranger@mail.example", &[Label::Access]).await;
    room.cases().ask_challenge(&matter.number, None, "anna").await.expect("asked");
    prove(&room, &matter).await;
    pass(&room).await;
    assert!(shop.memory().taken.is_empty());
    assert!(!make(&room, &matter).await.expect("made"), "nobody asked the shop");
    let told = data(&room, &matter).await;
    assert_eq!(told["nothing_else_held"], false);
    assert_eq!(told["systems"][0]["state"], "not_asked");
    assert!(told["left_out"].to_string().contains("systems_silent"));
    let (cases, request) = (room.cases(), matter.request());
    cases.propose(request, None, "boris").await.expect("proposed");
    cases.decide(request, "vera").await.expect("approved");
    cases.send_package(request, "boris").await.expect("sent");
    let letter = room.letter(matter.ticket, "answer_access").await.content.expect("opened").text;
    assert!(letter.contains("«shop»") && letter.contains("не опрашивается"), "{letter}");
    assert_eq!(room.request(request).await.outcome, Some(Outcome::PartlyKept));
}

async fn a_package_waits_for_systems_or_says_which_are_silent(mut room: Room) {
    let (shop, matter) = asks(&mut room).await;
    shop.plan(&[Reply::Status(500)]);
    prove(&room, &matter).await;
    pass(&room).await;
    is_refused(make(&room, &matter).await, "systems_answer");
    assert_eq!(room.count("package").await, 0);
    let (cases, request) = (room.cases(), matter.request());
    let made = cases.make_incomplete_package(request, None, HeldBack::LeftOut, "boris").await;
    assert_eq!(made.expect("made").row.silent, ["shop"]);
    let files = files(&room, request).await;
    let index = String::from_utf8_lossy(of(&files, "index.html")).into_owned();
    assert!(index.contains("ответа ещё нет") && index.contains("не от всех систем"));
    assert!(data(&room, &matter).await["left_out"].to_string().contains("systems_silent"));
    cases.propose(request, None, "boris").await.expect("proposed");
    cases.decide(request, "vera").await.expect("approved");
    cases.send_package(request, "boris").await.expect("sent");
    let letter = room.letter(matter.ticket, "answer_access").await.content.expect("opened").text;
    assert!(letter.contains("«shop»") && letter.contains("не ответила"), "{letter}");
    assert_eq!(room.request(request).await.outcome, Some(Outcome::PartlyKept));
    assert!(room.tasks(matter.ticket).await.contains(&"package_incomplete".to_owned()));
}

async fn an_answer_that_tells_no_data_is_none(mut room: Room) {
    let (shop, matter) = asks(&mut room).await;
    // A receiver that knows no such act and says to everything that it is done.
    shop.answers_done_to_everything();
    prove(&room, &matter).await;
    pass(&room).await;
    assert_eq!(states(&room).await, [(SystemAct::Access, CallState::Refused)]);
    assert_eq!(calls(&room).await[0].failure.as_deref(), Some("no_data_told"));
    is_refused(make(&room, &matter).await, "systems_answer");
    // A person gives it up: the package can be made, and says so.
    let call = calls(&room).await[0].id;
    room.cases().drop_call(call, "olga", "asked by telephone").await.expect("dropped");
    assert!(!make(&room, &matter).await.expect("made"));
    assert_eq!(data(&room, &matter).await["systems"][0]["state"], "not_asked");
}

async fn what_a_system_says_later_is_taken_with_its_data(mut room: Room) {
    let (shop, matter) = asks(&mut room).await;
    shop.plan(&[Reply::Accepted]);
    prove(&room, &matter).await;
    pass(&room).await;
    let call = calls(&room).await[0].webhook_id.clone();
    let bare = Message::about(&room, &call, "done");
    assert_eq!(bare.say(&room).await, CallbackAnswer::Unreadable);
    is_refused(make(&room, &matter).await, "systems_answer");
    let told = Message::telling(&room, &call, &json!({ "orders": ["A-18"] }));
    assert_eq!(told.say(&room).await, CallbackAnswer::Noted);
    assert_eq!(told.say(&room).await, CallbackAnswer::Noted);
    make(&room, &matter).await.expect("made");
    assert_eq!(data(&room, &matter).await["systems"][0]["data"]["orders"][0], "A-18");
}

async fn nobody_is_asked_before_who_asks_is_proven(mut room: Room) {
    let (shop, matter) = asks(&mut room).await;
    pass(&room).await;
    is_refused(make(&room, &matter).await, "systems_answer");
    pass(&room).await;
    assert!(shop.memory().taken.is_empty());
    prove(&room, &matter).await;
    pass(&room).await;
    assert_eq!(shop.memory().taken.len(), 1);
    make(&room, &matter).await.expect("made");
}
