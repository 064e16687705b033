//! The link of a package: opened by many programs, spent by one button.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};

use crate::stage::{Fault, PACKAGE, Stage};

const PRESSED: &[(&str, &str)] = &[("take", "package")];

fn link() -> String {
    format!("/p/{PACKAGE}")
}

#[tokio::test]
async fn opening_the_link_spends_nothing_and_shows_one_button() {
    let stage = Stage::new();
    let page = stage.get(&link()).await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(page.text.matches("<button").count(), 1);
    let told = page.text.replace('\u{a0}', " ");
    assert!(told.contains("11 декабря 2026") && told.contains("48 КБ"), "{told}");
    assert!(!page.text.contains("<script"));
    assert!(!page.header("content-security-policy").contains("script-src"));
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    let english = stage.get(&format!("{}?locale=en", link())).await;
    assert!(english.text.contains("Download the archive"));
    for (method, status) in
        [(Method::GET, 200), (Method::HEAD, 200), (Method::OPTIONS, 405), (Method::PUT, 405)]
    {
        for path in [link(), format!("{}/", link()), format!("{}?take=package", link())] {
            let request =
                Request::builder().method(&method).uri(path).header("sec-purpose", "prefetch");
            let answer = stage.send(request.body(Body::empty()).expect("a request")).await;
            assert_eq!(answer.status.as_u16(), status, "{method}");
        }
    }
    // A robot that posts what it finds, without saying which button.
    for body in [&[][..], &[("take", "")], &[("x", "package")]] {
        let page = stage.post(&link(), body).await;
        assert_eq!(page.text.matches("<button").count(), 1);
    }
    assert_eq!(stage.desk.packages.taken(), 0);
}

#[tokio::test]
async fn the_button_gives_a_file_that_nothing_keeps_or_runs() {
    let stage = Stage::new();
    let file = stage.post(&link(), PRESSED).await;
    assert_eq!((file.status, file.text.as_str()), (StatusCode::OK, "PK"));
    assert_eq!(file.header("content-type"), "application/zip");
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"CT-7H2K9MXQ.zip\"");
    assert_eq!(file.header("cache-control"), "no-store");
    assert_eq!(file.header("x-content-type-options"), "nosniff");
    assert!(file.header("content-security-policy").contains("sandbox"));
    for spent in [stage.get(&link()).await, stage.post(&link(), PRESSED).await] {
        assert_eq!(spent.status, StatusCode::GONE);
        assert!(spent.text.contains("уже") && !spent.text.contains("<button"));
    }
    assert_eq!(stage.desk.packages.taken(), 1);
}

#[tokio::test]
async fn a_link_that_is_over_or_unknown_says_so() {
    let stage = Stage::new();
    *stage.desk.packages.is_over.lock().expect("not poisoned") = true;
    let over = stage.post(&link(), PRESSED).await;
    assert_eq!(over.status, StatusCode::GONE);
    assert!(over.text.contains("больше не действует"));
    for token in ["0000", "not a token", "..%2f.."] {
        let unknown = stage.post(&format!("/p/{}", token.replace(' ', "%20")), PRESSED).await;
        assert_eq!(unknown.status, StatusCode::NOT_FOUND, "{token}");
    }
}

#[tokio::test]
async fn an_outage_spends_nothing() {
    let stage = Stage::new();
    stage.fault(Fault::Unavailable);
    let answer = stage.post(&link(), PRESSED).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(!answer.header("retry-after").is_empty());
    stage.mend();
    assert_eq!(stage.post(&link(), PRESSED).await.text, "PK");
}
