//! The link in every mail of a list: one click of a program, the buttons of people.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use web::{Leaving, Peer};

use crate::stage::{Answer, Fault, Stage, TOKEN};

const URLENCODED: &str = "application/x-www-form-urlencoded";
const PAIR: &str = "List-Unsubscribe=One-Click";

fn link() -> String {
    format!("/u/{TOKEN}")
}

async fn post(stage: &Stage, path: &str, content_type: &str, body: &str) -> Answer {
    let mut request = Request::post(path);
    if !content_type.is_empty() {
        request = request.header(header::CONTENT_TYPE, content_type);
    }
    stage.send(request.body(Body::from(body.to_owned())).expect("a request")).await
}

fn multipart(name: &str, value: &str) -> String {
    format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n--b--\r\n")
}

fn is_one_click(answer: &Answer) {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(answer.text, "unsubscribed\n");
    assert!(answer.headers.get(header::SET_COOKIE).is_none());
    assert!(answer.headers.get(header::LOCATION).is_none());
}

#[tokio::test]
async fn one_click_leaves_by_both_sorts_of_body_and_with_no_context() {
    let pair = multipart("List-Unsubscribe", "One-Click");
    let quoted = pair.replace("--b", "--=_x 1");
    for (content_type, body) in [
        (URLENCODED, PAIR),
        ("application/x-www-form-urlencoded; charset=UTF-8", PAIR),
        (
            "Application/X-WWW-Form-UrlEncoded;charset=\"us-ascii\"",
            "List%2DUnsubscribe=One%2DClick",
        ),
        ("multipart/form-data; boundary=b", &pair),
        ("multipart/form-data; charset=utf-8; boundary=b", &pair),
        ("multipart/form-data; boundary=\"=_x 1\"", &quoted),
        // Not as the standard has it, and plain all the same.
        ("", PAIR),
        ("text/plain", PAIR),
        ("multipart/form-data", &pair),
        ("multipart/form-data; boundary=b", pair.trim_end().trim_end_matches("--b--")),
    ] {
        let stage = Stage::with_lists();
        is_one_click(&post(&stage, &link(), content_type, body).await);
        assert_eq!(stage.desk.lists.left(), [Leaving::OneClick], "{content_type}: {body}");
    }
}

#[tokio::test]
async fn one_click_again_from_elsewhere_or_for_what_is_gone_is_answered_the_same() {
    let stage = Stage::with_lists();
    let path = link();
    for uri in [path.clone(), path.clone(), format!("{path}/"), format!("{path}?utm_source=x")] {
        let request = Request::post(uri)
            .header(header::CONTENT_TYPE, URLENCODED)
            .header(header::ORIGIN, "https://provider.example")
            .header(header::HOST, "www.another.example")
            .header("x-forwarded-proto", "http")
            .body(Body::from(PAIR));
        is_one_click(&stage.send(request.expect("a request")).await);
    }
    stage.desk.lists.destroy_subscription();
    is_one_click(&post(&stage, &path, URLENCODED, PAIR).await);
}

#[tokio::test]
async fn what_shows_who_pressed_is_kept() {
    let stage = Stage::with_lists();
    let request = Request::post(link())
        .header(header::CONTENT_TYPE, URLENCODED)
        .header(header::USER_AGENT, "p".repeat(5_000))
        .header("x-forwarded-for", "6.6.6.6, 198.51.100.9")
        .extension(Peer("10.0.0.1".parse().expect("an address")))
        .body(Body::from(PAIR));
    is_one_click(&stage.send(request.expect("a request")).await);
    let left = stage.desk.lists.left.lock().expect("not poisoned").clone();
    assert_eq!(left[0].1.remote_address, "198.51.100.9");
    assert_eq!(left[0].1.user_agent.len(), 300);
    assert_eq!(format!("{:?}", left[0].1), "Visit(***)");
}

#[tokio::test]
async fn opening_the_link_changes_nothing_and_shows_two_buttons() {
    let stage = Stage::with_lists();
    for (method, status) in
        [(Method::GET, 200), (Method::HEAD, 200), (Method::OPTIONS, 405), (Method::DELETE, 405)]
    {
        let path = format!("{}?List-Unsubscribe=One-Click&leave=list", link());
        let request = Request::builder().method(&method).uri(path).header("purpose", "prefetch");
        let answer = stage.send(request.body(Body::from(PAIR)).expect("a request")).await;
        assert_eq!(answer.status.as_u16(), status, "{method}");
        assert!(answer.headers.get(header::SET_COOKIE).is_none());
    }
    assert!(stage.desk.lists.left().is_empty());

    let page = stage.get(&link()).await;
    for expected in ["Новости", "Отписаться от этой рассылки", "Отписаться от всех рассылок"]
    {
        assert!(page.text.contains(expected), "no {expected}");
    }
    assert_eq!(page.text.matches("<button").count(), 2);
    assert!(!page.text.contains("<script") && !page.text.contains("src=\"http"));
    for (name, value) in [
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
        ("x-robots-tag", "noindex, nofollow"),
    ] {
        assert_eq!(page.header(name), value);
    }
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("script-src"));
    let english = stage.get(&format!("{}?locale=en", link())).await;
    assert!(english.text.contains("Unsubscribe from all newsletters"));
    assert!(english.text.contains("<dd>News</dd>"));
}

#[tokio::test]
async fn the_buttons_leave_the_list_and_then_everything() {
    let stage = Stage::with_lists();
    let first = stage.post(&link(), &[("leave", "list")]).await;
    assert_eq!(first.status, StatusCode::OK);
    assert!(first.text.contains("<h1>Вы отписаны</h1>"), "{}", first.text);
    assert_eq!(first.text.matches("<button").count(), 1, "the other button is left");
    assert!(first.text.contains("href=\"/subscribe?locale&#x3D;ru&amp;list&#x3D;news\""));
    let again = stage.get(&link()).await;
    assert!(again.text.contains("Вы уже отписаны"));
    let body = multipart("leave", "everything");
    let second = post(&stage, &link(), "multipart/form-data; boundary=b", &body).await;
    assert!(second.text.contains("<h1>Вы отписаны от всех рассылок</h1>"), "{}", second.text);
    assert!(!second.text.contains("<button"));
    assert_eq!(stage.desk.lists.left(), [Leaving::List, Leaving::Everything]);
}

#[tokio::test]
async fn other_bodies_get_the_buttons_and_change_nothing() {
    let stage = Stage::with_lists();
    let fields: String = (0..100).map(|n| format!("field{n}=x&")).collect();
    let broken = "--b\r\nContent-Disposition: form-data; name=\"leave\"\r\n\r\nlist";
    for (content_type, body) in [
        (URLENCODED, ""),
        (URLENCODED, "List-Unsubscribe=Two-Clicks"),
        (URLENCODED, "leave=nothing"),
        (URLENCODED, "list_unsubscribe=One-Click"),
        (URLENCODED, "\u{0}%%%&&&=\u{ffff}"),
        (URLENCODED, &fields),
        ("multipart/form-data; boundary=b", broken),
        ("multipart/form-data; boundary=", "--"),
        ("application/json", "{\"List-Unsubscribe\":\"no\"}"),
        ("image/png", "x"),
    ] {
        let answer = post(&stage, &link(), content_type, body).await;
        assert_eq!(answer.status, StatusCode::OK, "{content_type}: {body}");
        assert_eq!(answer.text.matches("<button").count(), 2, "{content_type}: {body}");
    }
    // A hundred fields and the pair among them: it was asked for.
    assert!(stage.desk.lists.left().is_empty());
    is_one_click(&post(&stage, &link(), URLENCODED, &format!("{fields}{PAIR}")).await);
    let huge = format!("{PAIR}&x={}", "x".repeat(8 * 1024));
    let refused = post(&stage, &link(), URLENCODED, &huge).await;
    assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(stage.desk.lists.left().len(), 1);
}

#[tokio::test]
async fn a_forged_link_is_unknown_and_a_right_one_is_never_refused() {
    let stage = Stage::with_lists();
    let forged = format!("/u/{}", TOKEN.replace('m', "n"));
    let long = format!("/u/{}", "a".repeat(3_000));
    for path in [forged.as_str(), "/u/%ff", "/u/%00", "/u/a%2fb", &long] {
        let click = post(&stage, path, URLENCODED, PAIR).await;
        assert_eq!((click.status, click.text.as_str()), (StatusCode::NOT_FOUND, "unknown link\n"));
        let page = stage.get(path).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
        assert!(page.text.contains("отпишите меня"), "{}", page.text);
    }
    let mut last = StatusCode::OK;
    for _ in 0..20 {
        last = post(&stage, &forged, URLENCODED, PAIR).await.status;
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    assert!(stage.desk.lists.left().is_empty());
    // From the same network, a thousand times over.
    for _ in 0..1_000 {
        is_one_click(&post(&stage, &link(), URLENCODED, PAIR).await);
    }
}

#[tokio::test]
async fn while_the_database_is_down_the_provider_is_told_to_come_again() {
    let stage = Stage::with_lists();
    stage.fault(Fault::Unavailable);
    let click = post(&stage, &link(), URLENCODED, PAIR).await;
    assert_eq!(click.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(click.header("retry-after"), "61");
    let page = stage.post(&link(), &[("leave", "list")]).await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(page.header("retry-after"), "61");
    stage.mend();
    is_one_click(&post(&stage, &link(), URLENCODED, PAIR).await);
}

#[tokio::test]
async fn a_defect_of_ours_is_no_refusal() {
    let stage = Stage::with_lists();
    stage.fault(Fault::Panics);
    let click = post(&stage, &link(), URLENCODED, PAIR).await;
    assert!(click.status.is_server_error() && !click.text.contains("scripted"));
    stage.mend();
    is_one_click(&post(&stage, &link(), URLENCODED, PAIR).await);
}

#[tokio::test(start_paused = true)]
async fn a_desk_that_hangs_makes_the_provider_come_again() {
    let stage = Stage::with_lists();
    stage.fault(Fault::Hangs);
    let click = post(&stage, &link(), URLENCODED, PAIR).await;
    assert_eq!(click.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(!click.header("retry-after").is_empty());
}

#[tokio::test]
async fn a_subscription_that_is_gone_says_so_and_offers_no_button() {
    let stage = Stage::with_lists();
    stage.desk.lists.destroy_subscription();
    let page = stage.get(&link()).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains("Этой подписки уже нет") && !page.text.contains("<button"));
}
