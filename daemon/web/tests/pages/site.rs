//! What holds for every answer, and the small addresses around the pages.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};

use crate::stage::{Fault, Stage};

#[tokio::test]
async fn every_answer_carries_the_headers_that_protect_its_reader() {
    let stage = Stage::new();
    for (method, path, status) in [
        (Method::GET, "/ru/feedback", 200),
        (Method::GET, "/en/status", 200),
        (Method::GET, "/", 303),
        (Method::GET, "/nothing", 404),
        (Method::GET, "/assets/site.css", 200),
        (Method::GET, "/assets/nothing.css", 404),
        (Method::GET, "/assets/..%2f..%2fCargo.toml", 404),
        (Method::GET, "/healthz", 200),
        (Method::GET, "/readyz", 200),
        (Method::DELETE, "/ru/feedback", 405),
        (Method::POST, "/ru/feedback", 400),
        (Method::POST, "/api/v1/feedback", 415),
    ] {
        let request = Request::builder().method(&method).uri(path).body(Body::empty());
        let answer = stage.send(request.expect("a request")).await;
        assert_eq!(answer.status.as_u16(), status, "{method} {path}");
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'"), "{path}");
        assert!(!policy.contains("unsafe"), "{path}");
        for (name, value) in [
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("strict-transport-security", "max-age=31536000"),
        ] {
            assert_eq!(answer.header(name), value, "{method} {path}");
        }
        assert!(answer.headers.get(header::SET_COOKIE).is_none(), "{path}");
    }
}

#[tokio::test]
async fn pages_hold_nothing_inline_and_nothing_from_elsewhere() {
    let stage = Stage::new();
    for path in ["/ru/feedback", "/en/feedback", "/ru/status", "/en/status", "/ru/nothing"] {
        let page = stage.get(path).await;
        assert_eq!(page.header("cache-control"), "no-store");
        for banned in [" style=", "<style", "onclick=", "<script>", "src=\"http", "javascript:"] {
            assert!(!page.text.contains(banned), "{path} has {banned}");
        }
        // Each control has a label of its own, each label a control.
        let ids: Vec<_> = page.text.split("<label for=\"").skip(1).collect();
        for id in ids.iter().filter_map(|rest| rest.split('"').next()) {
            assert_eq!(page.text.matches(&format!(" id=\"{id}\"")).count(), 1, "{path}: {id}");
        }
        let controls =
            page.text.matches("<textarea").count() + page.text.matches("<input id").count();
        assert_eq!(controls, ids.len(), "{path}");
        assert!(page.text.contains(&format!("<html lang=\"{}\">", &path[1..3])));
    }
}

#[tokio::test]
async fn the_front_door_leads_to_the_form_in_the_visitors_language() {
    let stage = Stage::new();
    for (accepted, expected) in
        [("en-GB", "/en/feedback"), ("ru", "/ru/feedback"), ("", "/ru/feedback")]
    {
        let request = Request::get("/").header(header::ACCEPT_LANGUAGE, accepted);
        let answer = stage.send(request.body(Body::empty()).expect("a request")).await;
        assert_eq!(answer.header("location"), expected);
        assert_eq!(answer.header("vary"), "Accept-Language");
    }
}

#[tokio::test]
async fn each_page_leads_to_itself_in_the_other_language() {
    let stage = Stage::new();
    let page = stage.get("/ru/feedback?from=order&page=https://shop.example/").await;
    let expected = "/en/feedback?from&#x3D;order&amp;page&#x3D;https://shop.example/";
    assert!(page.text.contains(expected), "{}", page.text);
    assert!(stage.get("/en/status").await.text.contains("href=\"/ru/status\""));
}

#[tokio::test]
async fn a_panic_becomes_a_page_without_details() {
    let stage = Stage::new();
    let token = stage.token().await;
    stage.fault(Fault::Panics);
    let typed = [("email", "a@b.example"), ("text", "x"), ("form_token", token.as_str())];
    let answer = stage.post("/en/feedback", &typed).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(answer.text.contains("Something broke") && !answer.text.contains("scripted"));
    assert!(!answer.header("content-security-policy").is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_desk_that_hangs_does_not_hang_the_visitor() {
    let stage = Stage::new();
    let token = stage.token().await;
    stage.fault(Fault::Hangs);
    let typed = [("email", "a@b.example"), ("text", "keep me"), ("form_token", token.as_str())];
    let answer = stage.post("/en/feedback", &typed).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.text.contains("keep me"));
    assert_eq!(stage.get("/readyz").await.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn readiness_names_what_fails() {
    let stage = Stage::new();
    assert_eq!(stage.get("/readyz").await.json()["is_ready"], true);
    stage.fault(Fault::Unavailable);
    let answer = stage.get("/readyz").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.json()["failing"][0], "database");
    assert_eq!(stage.get("/healthz").await.status, StatusCode::OK);
}
