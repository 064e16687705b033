//! The link of a confirmation mail: seen by many programs, confirmed by one button.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use web::ConfirmationState;

use crate::stage::{Fault, NEWS, Stage, TOKEN};

fn link() -> String {
    format!("/subscribe/confirm/{TOKEN}")
}

#[tokio::test]
async fn the_page_shows_the_words_and_one_button_without_a_script() {
    let stage = Stage::with_lists();
    let page = stage.get(&link()).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains(NEWS) && page.text.contains("Новости"));
    assert_eq!(page.text.matches("<button").count(), 1);
    // To the very same address, whatever stands behind it.
    assert!(page.text.contains("<form method=\"post\">"), "{}", page.text);
    assert!(!page.text.contains("<script"));
    assert!(!page.header("content-security-policy").contains("script-src"));
    assert!(page.header("content-security-policy").starts_with("default-src 'none'"));
    let english = stage.get(&format!("{}?locale=en", link())).await;
    assert!(english.text.contains("Confirm the subscription"));
}

#[tokio::test]
async fn only_a_post_confirms() {
    let stage = Stage::with_lists();
    for (method, status) in
        [(Method::GET, 200), (Method::HEAD, 200), (Method::OPTIONS, 405), (Method::PUT, 405)]
    {
        for path in [link(), format!("{}/", link()), format!("{}?confirm=1", link())] {
            let request =
                Request::builder().method(&method).uri(path).header("sec-purpose", "prefetch");
            let answer = stage.send(request.body(Body::empty()).expect("a request")).await;
            assert_eq!(answer.status.as_u16(), status, "{method}");
        }
    }
    assert!(stage.desk.lists.confirmed_by.lock().expect("not poisoned").is_empty());

    let request = Request::post(link()).header(header::USER_AGENT, "Lynx/2.9").body(Body::empty());
    let done = stage.send(request.expect("a request")).await;
    assert_eq!(done.status, StatusCode::OK);
    assert!(done.text.contains("Подписка подтверждена") && !done.text.contains("<button"));
    let visits = stage.desk.lists.confirmed_by.lock().expect("not poisoned").clone();
    assert_eq!(visits.len(), 1);
    assert_eq!(visits[0].user_agent, "Lynx/2.9");
    assert_eq!(visits[0].remote_address, "203.0.113.7");

    for answer in [stage.post(&link(), &[]).await, stage.get(&link()).await] {
        assert_eq!(answer.status, StatusCode::OK);
        assert!(answer.text.contains("уже подтверждена") && !answer.text.contains("<button"));
    }
    assert_eq!(stage.desk.lists.confirmed_by.lock().expect("not poisoned").len(), 1);
}

#[tokio::test]
async fn an_expired_link_leads_back_to_its_list() {
    let stage = Stage::with_lists();
    stage.desk.lists.set_confirmation(ConfirmationState::Expired);
    for answer in [stage.get(&link()).await, stage.post(&link(), &[]).await] {
        assert_eq!(answer.status, StatusCode::GONE);
        assert!(answer.text.contains("href=\"/subscribe?locale&#x3D;ru&amp;list&#x3D;news\""));
        assert!(!answer.text.contains("<button"));
    }
}

#[tokio::test]
async fn a_wrong_link_is_unknown_and_only_wrong_ones_are_counted() {
    let stage = Stage::with_lists();
    let long = "a".repeat(3_000);
    for token in ["wrong", "%00", "%ff%fe", "a.b", "..%2f..%2fu", &long] {
        let path = format!("/subscribe/confirm/{token}");
        for answer in [stage.get(&path).await, stage.post(&path, &[]).await] {
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{token}");
            assert!(answer.text.contains("Такой ссылки нет"), "{token}");
            assert!(!answer.text.contains(token), "{token} is repeated");
        }
    }
    let mut status = StatusCode::NOT_FOUND;
    for _ in 0..20 {
        status = stage.get("/subscribe/confirm/wrong").await.status;
    }
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(stage.get(&link()).await.status, StatusCode::OK, "the right one still works");
    assert_eq!(stage.post(&link(), &[]).await.status, StatusCode::OK);
}

#[tokio::test]
async fn an_outage_is_said_and_the_button_works_afterwards() {
    let stage = Stage::with_lists();
    stage.fault(Fault::Unavailable);
    for answer in [stage.get(&link()).await, stage.post(&link(), &[]).await] {
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.header("retry-after"), "61");
    }
    stage.mend();
    assert!(stage.post(&link(), &[]).await.text.contains("Подписка подтверждена"));
}
