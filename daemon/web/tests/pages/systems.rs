//! What connected systems say of calls, over HTTP with the real desk behind it: believed when it is
//! signed and of now, and then once.

use std::sync::Arc;

use aws_lc_rs::hmac;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use cases::Cases;
use cases::systems::{SigningSecret, SigningSecrets, System, Systems};
use data_encoding::BASE64;
use domain::ambient::Clock as _;
use domain::webhook::CallState;
use tempfile::TempDir;

use crate::filing::filing_room;
use crate::stage::{Answer, Fault, Stage, StillClock};

const SECRET: [u8; 32] = [7; 32];
const OTHER: [u8; 32] = [8; 32];
const SHOP: &str = "/api/systems/shop/acknowledgements";

struct Known;

impl SigningSecrets for Known {
    fn read(&self) -> Result<Vec<SigningSecret>, String> {
        let text = format!("whsec_{}", BASE64.encode(&SECRET));
        SigningSecret::parse(&text).map(|secret| vec![secret]).map_err(|error| error.to_string())
    }
}

/// A house with one block, of which the shop has to be told.
struct House {
    stage: Stage,
    cases: Cases,
    clock: Arc<StillClock>,
    _dir: TempDir,
}

impl House {
    async fn new() -> Self {
        let dir = TempDir::new().expect("a directory");
        let clock = Arc::new(StillClock::default());
        let shop = System::new("shop", "http://127.0.0.1:9/", Arc::new(Known));
        let cases = filing_room(&dir, Arc::clone(&clock)).await.with_systems(Systems(vec![shop]));
        let stage = Stage::before(Arc::new(cases.clone()), Arc::clone(&clock));
        let typed = [
            ("email", "anna@mail.example"),
            ("text", "Прошу удалить все мои персональные данные."),
            ("form_token", &stage.token().await),
        ];
        assert_eq!(stage.post("/ru/feedback", &typed).await.status, StatusCode::OK);
        assert_eq!(cases.spread_notices(10).await.expect("spread"), 1);
        Self { stage, cases, clock, _dir: dir }
    }

    async fn call(&self) -> store::systems::CallRow {
        self.cases.system_calls(None, None, 10).await.expect("calls").remove(0)
    }

    fn now(&self) -> i64 {
        self.clock.now().as_second()
    }

    async fn says(&self, message: &Message<'_>) -> Answer {
        let signed = format!("{}.{}.{}", message.id, message.sent, message.body);
        let key = hmac::Key::new(hmac::HMAC_SHA256, message.secret);
        let tag = BASE64.encode(hmac::sign(&key, signed.as_bytes()).as_ref());
        let request = Request::post(message.path)
            .header("content-type", "application/json")
            .header("webhook-id", message.id)
            .header("webhook-timestamp", message.sent.to_string())
            .header("webhook-signature", format!("v1,{tag}"))
            .body(Body::from(message.sends.unwrap_or(message.body).to_owned()));
        self.stage.send(request.expect("a request")).await
    }
}

/// A message of the shop; `sends` is what comes in place of what was signed.
#[derive(Clone, Copy)]
struct Message<'a> {
    path: &'a str,
    id: &'a str,
    sent: i64,
    secret: &'a [u8],
    body: &'a str,
    sends: Option<&'a str>,
}

impl<'a> Message<'a> {
    fn of(house: &House, body: &'a str) -> Self {
        let sent = house.now();
        Self { path: SHOP, id: "ack_1", sent, secret: &SECRET, body, sends: None }
    }
}

fn done(call: &str) -> String {
    format!(r#"{{"id":"{call}","status":"done"}}"#)
}

#[tokio::test]
async fn a_signed_message_is_noted_and_the_same_again_changes_nothing() {
    let house = House::new().await;
    let body = done(&house.call().await.webhook_id);
    let message = Message::of(&house, &body);
    let noted = house.says(&message).await;
    assert_eq!(noted.status, StatusCode::OK, "{}", noted.text);
    assert_eq!(noted.json()["status"], "noted");
    assert_eq!(house.call().await.state, CallState::Acknowledged);
    let settled_at = house.call().await.settled_at;
    // A replay, at once and within the five minutes.
    assert_eq!(house.says(&message).await.status, StatusCode::OK);
    house.stage.wait(60);
    assert_eq!(house.says(&message).await.status, StatusCode::OK);
    assert_eq!(house.call().await.settled_at, settled_at);
    // The recording of another day is nobody's.
    house.stage.wait(300);
    assert_eq!(house.says(&message).await.status, StatusCode::UNAUTHORIZED);
    // What is settled cannot be unsaid.
    let failed = body.replace("done", "failed");
    let failed = Message { id: "ack_2", ..Message::of(&house, &failed) };
    assert_eq!(house.says(&failed).await.status, StatusCode::CONFLICT);
    assert_eq!(house.call().await.state, CallState::Acknowledged);
}

#[tokio::test]
async fn a_message_that_is_not_signed_now_by_this_system_is_refused() {
    let house = House::new().await;
    let body = done(&house.call().await.webhook_id);
    let good = Message::of(&house, &body);
    let other = body.replace("done", "failed");
    for (what, message) in [
        ("another secret", Message { secret: &OTHER, ..good }),
        ("another body", Message { sends: Some(&other), ..good }),
        ("expired", Message { sent: house.now() - 301, ..good }),
        ("of the future", Message { sent: house.now() + 301, ..good }),
        ("no id", Message { id: "", ..good }),
        ("no such system", Message { path: "/api/systems/site/acknowledgements", ..good }),
    ] {
        let answer = house.says(&message).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{what}");
        assert_eq!(answer.json()["code"], "not_signed", "{what}: {}", answer.text);
    }
    let bare = Request::post(SHOP).body(Body::from(body.clone())).expect("a request");
    assert_eq!(house.stage.send(bare).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(house.call().await.state, CallState::Planned);
    // At the very edge it is of now.
    let late = Message { sent: house.now() - 300, ..good };
    assert_eq!(house.says(&late).await.status, StatusCode::OK);
}

#[tokio::test]
async fn what_is_signed_and_means_nothing_is_told_apart() {
    let house = House::new().await;
    for (body, status) in [
        (done("msg_of_nobody"), StatusCode::NOT_FOUND),
        ("{}".to_owned(), StatusCode::BAD_REQUEST),
        ("done".to_owned(), StatusCode::BAD_REQUEST),
    ] {
        assert_eq!(house.says(&Message::of(&house, &body)).await.status, status, "{body}");
    }
    let long = " ".repeat(domain::webhook::LARGEST_EXPORT + 8 * 1024);
    let answer = house.says(&Message::of(&house, &long)).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(house.call().await.state, CallState::Planned);
}

#[tokio::test]
async fn guessing_is_slowed_down_and_the_right_system_is_still_heard() {
    let house = House::new().await;
    let body = done(&house.call().await.webhook_id);
    let good = Message::of(&house, &body);
    let forged = Message { secret: &OTHER, ..good };
    let mut answers = Vec::new();
    for _ in 0..40 {
        answers.push(house.says(&forged).await);
    }
    assert_eq!(answers[0].status, StatusCode::UNAUTHORIZED);
    let last = answers.last().expect("forty");
    assert_eq!(last.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(!last.header("retry-after").is_empty());
    assert_eq!(house.says(&good).await.status, StatusCode::OK);
    // However well signed: one network cannot keep the house busy.
    let mut status = StatusCode::OK;
    for _ in 0..1_200 {
        status = house.says(&good).await.status;
    }
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    house.stage.wait(2);
    assert_eq!(house.says(&good).await.status, StatusCode::OK);
}

#[tokio::test]
async fn an_outage_asks_the_system_to_say_it_again() {
    let stage = Stage::new();
    stage.fault(Fault::Unavailable);
    let answer = stage.send(Request::post(SHOP).body(Body::from("{}")).expect("a request")).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(!answer.header("retry-after").is_empty());
}
