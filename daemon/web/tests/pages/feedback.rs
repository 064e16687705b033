//! The feedback form as people and programs in disguise use it.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use domain::form::CapturePoint;
use domain::language::Locale;
use web::Peer;

use crate::stage::{Fault, Stage, form, solve};

const EMAIL: &str = "anna@mail.example";
const TEXT: &str = "Прошу удалить мои данные.";

fn fields<'a>(token: &'a str, text: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![("email", EMAIL), ("text", text), ("form_token", token)]
}

#[tokio::test]
async fn a_form_is_filed_without_any_script() {
    let stage = Stage::new();
    let page = stage.get("/ru/feedback?from=order&page=https://shop.example/cart%3Fid=7").await;
    assert_eq!(page.status, StatusCode::OK);
    let token = page.hidden("form_token");
    stage.wait(30);
    let request = Request::post("/ru/feedback")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::USER_AGENT, "Lynx/2.9")
        .body(Body::from(format!(
            "name=Anna&email=anna%40mail.example&phone=%2B7+900&text=a%0D%0Ab&website=&form_token={token}&puzzle_answer="
        )))
        .expect("a request");
    let answer = stage.send(request).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert!(answer.text.contains("письмо с номером обращения и кодом"), "{}", answer.text);
    let entries = stage.entries();
    let [entry] = entries.as_slice() else { panic!("one entry, not {}", entries.len()) };
    assert_eq!((entry.name.as_str(), entry.phone.as_str()), ("Anna", "+7 900"));
    assert_eq!((entry.email.expose(), entry.text.as_str()), (EMAIL, "a\nb"));
    assert_eq!((entry.capture_point, entry.locale), (CapturePoint::Order, Locale::Ru));
    assert_eq!(entry.page, "https://shop.example/cart");
    assert_eq!(entry.policy_version, "2026-11-01");
    assert_eq!(entry.remote_address, "203.0.113.7");
    assert_eq!(entry.user_agent, "Lynx/2.9");
}

#[tokio::test]
async fn the_english_form_files_an_english_entry() {
    let stage = Stage::new();
    let token = stage.get("/en/feedback").await.hidden("form_token");
    stage.wait(10);
    let answer = stage.post("/en/feedback", &fields(&token, "Please delete my data")).await;
    assert!(answer.text.contains("Message received"), "{}", answer.text);
    assert_eq!(stage.entries().first().map(|entry| entry.locale), Some(Locale::En));
}

#[tokio::test]
async fn the_same_form_twice_is_one_entry_and_other_words_are_another() {
    let stage = Stage::new();
    let token = stage.token().await;
    let first = stage.post("/ru/feedback", &fields(&token, TEXT)).await;
    let again = stage.post("/ru/feedback", &fields(&token, TEXT)).await;
    assert_eq!(again.status, StatusCode::OK);
    assert_eq!(again.text, first.text, "the answer is the same");
    assert_eq!(stage.entries().len(), 1);
    // Back, edit, send: nothing of it is lost.
    stage.post("/ru/feedback", &fields(&token, "И ещё одно")).await;
    assert_eq!(stage.entries().len(), 2);
}

#[tokio::test]
async fn mistakes_send_the_form_back_with_everything_that_was_typed() {
    let stage = Stage::new();
    let token = stage.token().await;
    let nasty = "\"><script>alert(1)</script>\u{202e}{{site.title}}";
    let name = "я".repeat(300);
    let typed = [
        ("name", name.as_str()),
        ("email", nasty),
        ("phone", "+7 900 000-00-00"),
        ("text", "</textarea><img src=x>\r\nвторая строка"),
        ("form_token", &token),
    ];
    let answer = stage.post("/ru/feedback", &typed).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    for expected in [
        &name,
        "+7 900 000-00-00",
        "&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;{{site.title}}",
        "&lt;/textarea&gt;&lt;img src",
        "вторая строка",
        // The summary leads to the control, the control says what is wrong with it.
        "<a href=\"#email\">Проверьте адрес",
        "<a href=\"#name\">Имя длиннее",
        "aria-describedby=\"email-hint email-error\" aria-invalid=\"true\"",
        "role=\"alert\"",
        &token,
    ] {
        assert!(answer.text.contains(expected), "no {expected}");
    }
    assert!(!answer.text.contains("<script>alert") && !answer.text.contains("<img src"));
    assert!(stage.entries().is_empty());
}

#[tokio::test]
async fn who_fills_the_trap_is_told_and_not_dropped_in_silence() {
    let stage = Stage::new();
    let token = stage.token().await;
    let mut typed = fields(&token, TEXT);
    typed.push(("website", "https://spam.example"));
    let answer = stage.post("/ru/feedback", &typed).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.text.contains("href=\"#website\"") && answer.text.contains(TEXT));
    assert!(!answer.text.contains("aria-hidden=\"true\""), "the field is shown to be mended");
    assert!(stage.entries().is_empty());
}

#[tokio::test]
async fn a_form_is_neither_too_young_nor_too_old_nor_forged() {
    let stage = Stage::new();
    let page = stage.get("/ru/feedback").await;
    let token = page.hidden("form_token");
    let early = stage.post("/ru/feedback", &fields(&token, TEXT)).await;
    assert_eq!(early.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(early.text.contains("быстрее") && early.text.contains(TEXT));
    assert_eq!(early.hidden("form_token"), token, "its age counts from the first page");

    // Whoever solved the puzzle has shown their patience.
    let answer = solve(&page.between("data-seed=\"", "\""), 16);
    let mut solved = fields(&token, TEXT);
    solved.push(("puzzle_answer", &answer));
    assert_eq!(stage.post("/ru/feedback", &solved).await.status, StatusCode::OK);

    let old = stage.get("/ru/feedback?from=review").await.hidden("form_token");
    stage.wait(25 * 3600);
    let expired = stage.post("/ru/feedback", &fields(&old, TEXT)).await;
    assert_eq!(expired.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(expired.text.contains("слишком долго") && expired.text.contains(TEXT));
    let renewed = expired.hidden("form_token");
    stage.wait(10);
    assert_eq!(stage.post("/ru/feedback", &fields(&renewed, TEXT)).await.status, StatusCode::OK);
    assert_eq!(stage.entries().last().map(|e| e.capture_point), Some(CapturePoint::Review));

    let (payload, _) = renewed.split_once('.').expect("two parts");
    let long = "A".repeat(10_000);
    for forged in ["", "x", "a.b", &format!("{payload}.AAAA"), &long] {
        let answer = stage.post("/ru/feedback", &fields(forged, TEXT)).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{forged}");
        assert!(answer.text.contains("устарела"));
    }
    assert_eq!(stage.entries().len(), 2);
}

#[tokio::test]
async fn a_network_may_send_so_many_and_more_with_the_puzzle_solved() {
    let stage = Stage::new();
    for n in 0..5 {
        let token = stage.token().await;
        let email = format!("p{n}@mail.example");
        let typed = [("email", email.as_str()), ("text", TEXT), ("form_token", &token)];
        assert_eq!(stage.post("/ru/feedback", &typed).await.status, StatusCode::OK);
    }
    let page = stage.get("/ru/feedback").await;
    let token = page.hidden("form_token");
    stage.wait(10);
    let typed = fields(&token, TEXT);
    let refused = stage.post("/ru/feedback", &typed).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(!refused.header("retry-after").is_empty());
    assert!(refused.text.contains(TEXT), "what was typed is kept");
    assert!(refused.text.contains("mailto:hello@shop.example"), "there is another way");

    // Another network is not concerned, nor is a solved puzzle.
    let mut elsewhere = form("/ru/feedback", &typed);
    elsewhere.extensions_mut().insert(Peer("198.51.100.1".parse().expect("an address")));
    assert_eq!(stage.send(elsewhere).await.status, StatusCode::OK);
    let answer = solve(&page.between("data-seed=\"", "\""), 16);
    let mut solved = fields(&token, TEXT);
    solved.push(("puzzle_answer", &answer));
    assert_eq!(stage.post("/ru/feedback", &solved).await.status, StatusCode::OK);

    // One solution is worth one submission.
    let mut other_words = fields(&token, "другое");
    other_words.push(("puzzle_answer", &answer));
    let refused = stage.post("/ru/feedback", &other_words).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn one_address_is_not_flooded_from_one_network_whatever_its_spelling() {
    let stage = Stage::with_rule("burst = 5\nseconds = 300", "burst = 100\nseconds = 300");
    let spellings = [
        "anna@gmail.com",
        "an.na@gmail.com",
        "ANNA+1@gmail.com",
        "anna@googlemail.com",
        "a.nna@gmail.com",
        "anna+x@gmail.com",
    ];
    let mut statuses = Vec::new();
    for email in spellings {
        let token = stage.token().await;
        let typed = [("email", email), ("text", TEXT), ("form_token", &token)];
        statuses.push(stage.post("/ru/feedback", &typed).await.status);
    }
    assert_eq!(statuses.iter().filter(|status| **status == StatusCode::OK).count(), 5);
    assert_eq!(statuses.last(), Some(&StatusCode::TOO_MANY_REQUESTS));

    // From elsewhere nobody learns that somebody wrote for that address, and nobody who writes
    // for it keeps its owner out.
    let token = stage.token().await;
    let typed = [("email", "anna@gmail.com"), ("text", TEXT), ("form_token", &token)];
    let mut elsewhere = form("/ru/feedback", &typed);
    elsewhere.extensions_mut().insert(Peer("198.51.100.1".parse().expect("an address")));
    assert_eq!(stage.send(elsewhere).await.status, StatusCode::OK);
}

#[tokio::test]
async fn only_a_trusted_proxy_says_for_whom_it_speaks() {
    let stage = Stage::new();
    for (peer, expected) in [("10.0.0.1", "192.0.2.44"), ("203.0.113.7", "203.0.113.7")] {
        let token = stage.token().await;
        let mut request = form("/ru/feedback", &fields(&token, peer));
        let forwarded = "6.6.6.6, 192.0.2.44".parse().expect("a header value");
        request.headers_mut().insert("x-forwarded-for", forwarded);
        request.extensions_mut().insert(Peer(peer.parse().expect("an address")));
        assert_eq!(stage.send(request).await.status, StatusCode::OK);
        let last = stage.entries().pop().expect("an entry");
        assert_eq!(last.remote_address, expected);
    }
}

#[tokio::test]
async fn a_desk_that_is_down_loses_nothing_that_was_typed() {
    let stage = Stage::new();
    let token = stage.token().await;
    stage.fault(Fault::Unavailable);
    let answer = stage.post("/ru/feedback", &fields(&token, TEXT)).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.text.contains(TEXT) && answer.text.contains(EMAIL));
    assert_eq!(answer.header("retry-after"), "61");
}

#[tokio::test]
async fn a_body_that_is_too_large_or_no_form_gets_a_page_that_says_so() {
    let stage = Stage::new();
    let token = stage.token().await;
    let huge = "x".repeat(300 * 1024);
    let answer = stage.post("/ru/feedback", &fields(&token, &huge)).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(answer.text.contains("слишком большое"));
    // Long, but not too large to be read: kept, with the mistake told.
    let long = "я".repeat(20_001);
    let answer = stage.post("/ru/feedback", &fields(&token, &long)).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.text.contains(&long) && answer.text.contains("длиннее 20"));
    let request = Request::post("/en/feedback")
        .header(header::CONTENT_TYPE, "text/plain")
        .body(Body::from("hello"))
        .expect("a request");
    let answer = stage.send(request).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(answer.text.contains("could not be read"));
}

#[tokio::test]
async fn looking_at_the_form_changes_nothing() {
    let stage = Stage::new();
    for path in ["/ru/feedback?email=a@b.example&text=x", "/api/v1/feedback/form", "/ru/status"] {
        assert_eq!(stage.get(path).await.status, StatusCode::OK);
        let head = Request::head(path).body(Body::empty()).expect("a request");
        let answer = stage.send(head).await;
        assert_eq!((answer.status, answer.text.as_str()), (StatusCode::OK, ""));
    }
    assert!(stage.entries().is_empty());
}

#[tokio::test]
async fn with_the_puzzle_switched_off_the_form_still_works() {
    let stage = Stage::with_rule("puzzle_bits = 16", "puzzle_bits = 0");
    let token = stage.token().await;
    assert_eq!(stage.post("/ru/feedback", &fields(&token, TEXT)).await.status, StatusCode::OK);
}
