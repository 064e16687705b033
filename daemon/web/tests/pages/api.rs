//! The JSON endpoint: the page's checks, for programs.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde_json::{Value, json};

use crate::stage::{Answer, Fault, Stage, solve};

async fn post(stage: &Stage, content_type: &str, body: String) -> Answer {
    let request = Request::post("/api/v1/feedback")
        .header(header::CONTENT_TYPE, content_type)
        .body(Body::from(body))
        .expect("a request");
    stage.send(request).await
}

async fn post_json(stage: &Stage, body: &Value) -> Answer {
    post(stage, "application/json", body.to_string()).await
}

async fn described(stage: &Stage, query: &str) -> Value {
    stage.get(&format!("/api/v1/feedback/form{query}")).await.json()
}

#[tokio::test]
async fn a_program_asks_for_a_form_and_files_it() {
    let stage = Stage::new();
    let query = "?locale=en&capture_point=subscription_form&page=https://shop.example/join";
    let form = described(&stage, query).await;
    assert_eq!(form["policy"]["version"], "2026-11-01");
    let bits = u32::try_from(form["puzzle"]["bits"].as_u64().expect("a number")).expect("small");
    let answer = solve(form["puzzle"]["seed"].as_str().expect("a seed"), bits);
    let body = json!({
        "form_token": form["form_token"],
        "puzzle_answer": answer,
        "email": "anna@mail.example",
        "text": "Please delete my data",
    });
    for time in ["first", "again"] {
        let filed = post_json(&stage, &body).await;
        assert_eq!(filed.status, StatusCode::ACCEPTED, "{time}: {}", filed.text);
        assert_eq!(filed.json(), json!({ "status": "received" }), "{time}");
    }
    let entries = stage.entries();
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].page, "https://shop.example/join");
}

#[tokio::test]
async fn problems_are_told_in_json_with_stable_codes() {
    let stage = Stage::new();
    let form = described(&stage, "?locale=en").await;
    let token = form["form_token"].clone();
    stage.wait(10);
    let bad = post_json(&stage, &json!({ "form_token": token, "email": "x" })).await;
    assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(bad.header("content-type"), "application/problem+json");
    let problem = bad.json();
    assert_eq!(problem["code"], "invalid");
    let codes: Vec<_> =
        problem["errors"].as_array().expect("a list").iter().map(|e| &e["code"]).collect();
    assert_eq!(codes, ["email_invalid", "text_missing"]);
    assert_eq!(problem["errors"][0]["field"], "email");

    let no_token = post_json(&stage, &json!({ "email": "a@b.example", "text": "x" })).await;
    assert_eq!(no_token.json()["errors"][0]["code"], "form_unknown");

    for (content_type, body, status, code) in [
        ("application/json", "{".to_owned(), StatusCode::BAD_REQUEST, "unreadable"),
        ("application/json", "[7]".to_owned(), StatusCode::BAD_REQUEST, "unreadable"),
        ("application/json", "{\"email\":7}".to_owned(), StatusCode::BAD_REQUEST, "unreadable"),
        ("text/plain", "{}".to_owned(), StatusCode::UNSUPPORTED_MEDIA_TYPE, "media_type"),
        ("application/json", " ".repeat(300 * 1024), StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
    ] {
        let answer = post(&stage, content_type, body).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(answer.json()["code"], code);
    }
    assert_eq!(stage.get("/api/v1/nothing").await.json()["code"], "not_found");
    assert_eq!(stage.get("/api/v1/feedback").await.json()["code"], "method");
    assert!(stage.entries().is_empty());
}

#[tokio::test]
async fn limits_and_faults_are_told_in_json() {
    let stage = Stage::with_rule("burst = 5\nseconds = 300", "burst = 1\nseconds = 300");
    let form = described(&stage, "").await;
    stage.wait(10);
    let mut body = json!({ "form_token": form["form_token"], "email": "a@b.example", "text": "x" });
    stage.fault(Fault::Unavailable);
    let down = post_json(&stage, &body).await;
    assert_eq!(
        (down.status, &down.json()["code"]),
        (StatusCode::SERVICE_UNAVAILABLE, &json!("unavailable"))
    );
    body["text"] = json!("y");
    let over = post_json(&stage, &body).await;
    assert_eq!(
        (over.status, &over.json()["code"]),
        (StatusCode::TOO_MANY_REQUESTS, &json!("too_many"))
    );
    assert!(!over.header("retry-after").is_empty());
}
