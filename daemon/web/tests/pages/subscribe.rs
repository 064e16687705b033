//! The subscription form: on our page, in another site, and for programs.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use domain::form::CapturePoint;
use domain::language::Locale;
use serde_json::json;
use web::{Act, Peer};

use crate::stage::{Fault, NEWS, Stage, TOKEN, form};

const EMAIL: &str = "anna@mail.example";

fn fields<'a>(boxes: &[&'a str]) -> Vec<(&'static str, &'a str)> {
    let rest = [("email", EMAIL), ("locale", "ru"), ("policy", "2026-11-01")];
    rest.into_iter().chain(boxes.iter().map(|value| ("consent", *value))).collect()
}

#[tokio::test]
async fn each_list_has_an_empty_box_and_its_own_words() {
    let stage = Stage::with_lists();
    let page = stage.get("/subscribe?locale=ru").await;
    assert_eq!(page.status, StatusCode::OK);
    for expected in [
        "<html lang=\"ru\">",
        "value=\"news:12\" aria-describedby=\"consent-1-title\">\n<label for=\"consent-1\">",
        "value=\"offers:7\" aria-describedby=\"consent-2-title\">\n<label for=\"consent-2\">",
        "Я согласен(-на) на &lt;предложения&gt;.",
        NEWS,
        "href=\"https://shop.example/policy\"",
        "редакция <span class=\"whole\">2026-11-01</span>",
        "href=\"/subscribe?locale&#x3D;en\"",
    ] {
        assert!(page.text.contains(expected), "no {expected}: {}", page.text);
    }
    assert!(!page.text.contains(" checked"), "a box is ticked already");
    assert!(!page.text.contains("<script"), "the page has a script");
    assert!(stage.desk.lists.wishes().is_empty());
}

#[tokio::test]
async fn each_control_has_one_label_and_nothing_is_inline() {
    let stage = Stage::with_lists();
    for (path, controls) in [
        ("/subscribe?locale=ru", 5),
        ("/subscribe?locale=en&list=news", 4),
        ("/subscribe/form?locale=en", 5),
    ] {
        let page = stage.get(path).await;
        let ids: Vec<_> = page.text.split("<label for=\"").skip(1).collect();
        assert_eq!(ids.len(), controls, "{path}");
        for id in ids.iter().filter_map(|rest| rest.split('"').next()) {
            assert_eq!(page.text.matches(&format!(" id=\"{id}\"")).count(), 1, "{path}: {id}");
        }
        let inputs = page.text.matches("<input ").count();
        let hidden = page.text.matches("type=\"hidden\"").count();
        assert_eq!(inputs - hidden, controls, "{path}");
        for banned in [" style=", "<style", "onclick=", "<script", "src=\"http"] {
            assert!(!page.text.contains(banned), "{path} has {banned}");
        }
    }
}

#[tokio::test]
async fn a_link_chooses_which_lists_are_shown_and_an_unknown_one_hides_nothing() {
    let stage = Stage::with_lists();
    let one = stage.get("/subscribe?list=offers").await;
    assert!(one.text.contains("offers:7") && !one.text.contains("news:12"));
    let other = stage.get("/subscribe?list=closed&list=%FF").await;
    assert!(other.text.contains("offers:7") && other.text.contains("news:12"));
    *stage.desk.lists.open.lock().expect("not poisoned") = web::OpenLists::default();
    let none = stage.get("/subscribe?locale=en").await;
    assert_eq!(none.status, StatusCode::OK);
    assert!(none.text.contains("no newsletters to subscribe to") && !none.text.contains("<form"));
}

#[tokio::test]
async fn a_wish_carries_its_evidence_from_either_sort_of_form() {
    let stage = Stage::with_lists();
    let urlencoded = Request::post("/subscribe")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded; charset=UTF-8")
        .header(header::USER_AGENT, "L".repeat(400))
        .header(header::REFERER, "https://shop.example/join?id=7#x")
        .header("x-forwarded-for", "198.51.100.9")
        .extension(Peer("10.0.0.1".parse().expect("an address")))
        .body(Body::from(
            "email=anna%40mail.example&name=+%D0%90%D0%BD%D0%BD%D0%B0%0D%0A&locale=ru\
             &policy=2026-11-01&website=&consent=news%3A12&consent=offers%3A7&list=news",
        ))
        .expect("a request");
    let answer = stage.send(urlencoded).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let wishes = stage.desk.lists.wishes();
    let [wish] = wishes.as_slice() else { panic!("one wish, not {}", wishes.len()) };
    assert_eq!((wish.email.expose(), wish.name.as_str()), (EMAIL, "Анна"));
    let texts: Vec<_> =
        wish.agreed.iter().map(|agreed| (agreed.list.as_str(), agreed.text_id.0)).collect();
    assert_eq!(texts, [("news", 12), ("offers", 7)]);
    assert_eq!((wish.locale, wish.act), (Locale::Ru, Act::Checkbox));
    assert_eq!(wish.policy_version, "2026-11-01");
    assert_eq!(wish.capture_point, CapturePoint::SubscriptionForm);
    assert_eq!(wish.page, "https://shop.example/join");
    assert_eq!(wish.visit.remote_address, "198.51.100.9");
    assert_eq!(wish.visit.user_agent.len(), 300);
    let shown = format!("{wish:?}");
    assert!(!shown.contains("anna") && !shown.contains("198.51") && !shown.contains("Анна"));

    let part = |name: &str, value: &str| {
        format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let body: String =
        fields(&["offers:7"]).iter().map(|(name, value)| part(name, value)).collect();
    let multipart = Request::post("/subscribe")
        .header(header::CONTENT_TYPE, "Multipart/Form-Data; boundary=b; charset=utf-8")
        .body(Body::from(format!("{body}--b--\r\n")))
        .expect("a request");
    let again = stage.send(multipart).await;
    assert_eq!((again.status, &again.text), (StatusCode::OK, &answer.text), "the answers differ");
    assert_eq!(stage.desk.lists.wishes().len(), 2);
}

#[tokio::test]
async fn our_own_form_names_our_own_page_and_another_form_names_none() {
    const OURS: &str = "https://hello.shop.example/subscribe?locale=ru&list=news";
    for (form_field, fetch_site, referer, expected) in [
        // Our pages forbid the browser to name them.
        ("page", Some("same-origin"), None, OURS),
        ("page", None, None, OURS),
        ("", Some("same-origin"), None, OURS),
        // The piece of HTML on another site, whose browser names nothing.
        ("", None, None, ""),
        ("page", Some("cross-site"), None, ""),
        (
            "",
            Some("cross-site"),
            Some("https://shop.example/join?id=7"),
            "https://shop.example/join",
        ),
    ] {
        let stage = Stage::with_lists();
        let mut typed = fields(&["news:12"]);
        // A list that is not open is somebody's own words: not kept.
        typed.extend([("form", form_field), ("list", "news"), ("list", "anna@mail.example")]);
        let mut request = form("/subscribe", &typed);
        for (name, value) in [("sec-fetch-site", fetch_site), ("referer", referer)] {
            if let Some(value) = value {
                request.headers_mut().insert(name, value.parse().expect("a value"));
            }
        }
        assert_eq!(stage.send(request).await.status, StatusCode::OK);
        assert_eq!(stage.desk.lists.wishes()[0].page, expected, "{form_field} {fetch_site:?}");
    }
    let stage = Stage::with_lists();
    assert_eq!(stage.get("/subscribe?locale=ru").await.hidden("form"), "page");
    assert!(!stage.get("/subscribe/form?locale=ru").await.text.contains("name=\"form\""));
}

#[tokio::test]
async fn the_words_are_shown_byte_for_byte_and_the_policy_is_the_one_of_the_lists() {
    let stage = Stage::with_lists();
    let words = "\n  Я согласен(-на):\n\n  на письма.  \n";
    {
        let mut open = stage.desk.lists.open.lock().expect("not poisoned");
        open.lists[0].text = words.to_owned();
        open.policy_version = "7-в-базе".to_owned();
    }
    for path in ["/subscribe?locale=ru", "/subscribe/form?locale=ru"] {
        let page = stage.get(path).await;
        assert!(page.text.contains(&format!(">{words}</label>")), "{path}: {}", page.text);
        assert!(page.text.contains("7-в-базе") && !page.text.contains("2026-11-01"), "{path}");
    }
    let mut typed = fields(&["news:12"]);
    typed[2].1 = "7-в-базе";
    let confirmation = format!("/subscribe/confirm/{TOKEN}");
    for page in [stage.post("/subscribe", &typed).await, stage.get(&confirmation).await] {
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.text.contains("7-в-базе") && !page.text.contains("2026-11-01"));
    }
    assert!(!stage.get(&format!("/u/{TOKEN}")).await.text.contains("2026-11-01"));
}

#[tokio::test]
async fn no_get_and_no_head_subscribes() {
    let stage = Stage::with_lists();
    let path = "/subscribe?email=anna%40mail.example&consent=news%3A12&policy=2026-11-01&locale=ru";
    for (method, status) in [(Method::GET, 200), (Method::HEAD, 200), (Method::OPTIONS, 405)] {
        let request = Request::builder().method(&method).uri(path).header("purpose", "prefetch");
        let answer = stage.send(request.body(Body::empty()).expect("a request")).await;
        assert_eq!(answer.status.as_u16(), status, "{method}");
        assert!(!answer.text.contains(EMAIL), "{method}");
    }
    assert!(stage.desk.lists.wishes().is_empty());
}

#[tokio::test]
async fn a_changed_text_is_read_again_and_its_box_comes_back_empty() {
    let stage = Stage::with_lists();
    stage.desk.lists.change_text(0, 13);
    let answer = stage.post("/subscribe", &fields(&["news:12", "offers:7"])).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.text.contains("<a href=\"#consent-1\">Текст согласия с тех пор изменился"));
    assert!(answer.text.contains("value=\"news:13\" aria-describedby"), "it is ticked");
    assert!(answer.text.contains("value=\"offers:7\" checked"), "it lost its tick");
    assert!(answer.text.contains(&format!("value=\"{EMAIL}\"")), "the address is lost");

    let policy = [("email", EMAIL), ("policy", "2020"), ("consent", "news:13"), ("locale", "en")];
    let answer = stage.post("/subscribe", &policy).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.text.contains("The privacy policy has changed"), "{}", answer.text);
    assert!(answer.text.contains("name=\"policy\" value=\"2026-11-01\""));

    *stage.desk.lists.changes.lock().expect("not poisoned") = true;
    let late = stage.post("/subscribe", &fields(&["news:13"])).await;
    assert_eq!(late.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(late.text.contains("Текст согласия с тех пор изменился"));
    assert!(stage.desk.lists.wishes().is_empty());
}

#[tokio::test]
async fn mistakes_send_the_form_back_with_everything_that_was_typed() {
    let stage = Stage::with_lists();
    let nasty = "\"><script>alert(1)</script>\u{202e}{{site.title}}";
    let typed = [("email", nasty), ("name", "Анна"), ("website", "x"), ("locale", "ru")];
    let answer = stage.post("/subscribe", &typed).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    for expected in [
        "<a href=\"#consent-1\">Отметьте хотя бы одну рассылку",
        "<a href=\"#email\">Проверьте адрес",
        "<a href=\"#website\">",
        "&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;{{site.title}}",
        "value=\"Анна\"",
        "aria-describedby=\"consents-hint consents-error\"",
    ] {
        assert!(answer.text.contains(expected), "no {expected}");
    }
    assert!(!answer.text.contains("<script") && !answer.text.contains("aria-hidden=\"true\""));
    assert!(stage.desk.lists.wishes().is_empty());
}

#[tokio::test]
async fn a_network_and_an_address_may_ask_only_so_often() {
    let stage = Stage::with_lists();
    // The guests of a clinic share one network.
    for n in 0..60 {
        let email = format!("a{n}@mail.example");
        let mut typed = fields(&["news:12"]);
        typed[0].1 = &email;
        assert_eq!(stage.post("/subscribe", &typed).await.status, StatusCode::OK, "{n}");
    }
    let over = stage.post("/subscribe", &fields(&["news:12"])).await;
    assert_eq!(over.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(!over.header("retry-after").is_empty() && over.text.contains(EMAIL));
    assert_eq!(stage.desk.lists.wishes().len(), 60);
    // Another network asks for the same address: nobody keeps its owner out.
    let mut elsewhere = form("/subscribe", &fields(&["news:12"]));
    elsewhere.extensions_mut().insert(Peer("198.51.100.1".parse().expect("an address")));
    assert_eq!(stage.send(elsewhere).await.status, StatusCode::OK);
    // The feedback form is counted apart.
    let token = stage.token().await;
    let feedback = [("email", EMAIL), ("text", "x"), ("form_token", token.as_str())];
    assert_eq!(stage.post("/ru/feedback", &feedback).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_desk_that_is_down_is_said_and_may_be_asked_again() {
    let stage = Stage::with_lists();
    stage.fault(Fault::Unavailable);
    for path in ["/subscribe", "/subscribe/form", "/api/lists"] {
        let answer = stage.get(path).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert_eq!(answer.header("retry-after"), "61", "{path}");
    }
    let answer = stage.post("/subscribe", &fields(&["news:12"])).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.header("retry-after"), "61");
    stage.mend();
    assert_eq!(stage.post("/subscribe", &fields(&["news:12"])).await.status, StatusCode::OK);
}

#[tokio::test]
async fn hostile_bodies_are_refused_and_change_nothing() {
    let stage = Stage::with_lists();
    let urlencoded = "application/x-www-form-urlencoded";
    let hundred: String = (0..100).map(|n| format!("consent=list{n}%3A{n}&")).collect();
    for (content_type, body, status) in [
        (urlencoded, "x".repeat(65 * 1024), 413),
        (urlencoded, hundred, 422),
        (urlencoded, "%%%=&&&\u{0}=%FF".to_owned(), 422),
        (urlencoded, String::new(), 422),
        (
            "multipart/form-data; boundary=b",
            "--b\r\nContent-Disposition: form-data".to_owned(),
            400,
        ),
        ("multipart/form-data", "--b--".to_owned(), 400),
        ("multipart/form-data; boundary=b", "nothing of the sort".to_owned(), 400),
        ("text/plain", "email=anna%40mail.example".to_owned(), 415),
        ("application/json", "{}".to_owned(), 415),
        ("", "email=anna%40mail.example".to_owned(), 415),
    ] {
        let request = Request::post("/subscribe").header(header::CONTENT_TYPE, content_type);
        let answer = stage.send(request.body(Body::from(body)).expect("a request")).await;
        assert_eq!(answer.status.as_u16(), status, "{content_type}: {}", answer.text);
        assert!(answer.header("content-type").starts_with("text/html"));
    }
    assert!(stage.desk.lists.wishes().is_empty());
}

#[tokio::test]
async fn the_form_for_another_site_posts_to_us_and_carries_the_words() {
    let stage = Stage::with_lists();
    let html = stage.get("/subscribe/form?list=news&locale=ru").await;
    assert_eq!(html.status, StatusCode::OK);
    assert!(html.header("content-type").starts_with("text/html"));
    for expected in [
        "action=\"https://hello.shop.example/subscribe\"",
        "https://hello.shop.example/subscribe/form?locale&#x3D;ru&amp;list&#x3D;news",
        "name=\"consent\" value=\"news:12\">",
        "name=\"policy\" value=\"2026-11-01\"",
        "name=\"locale\" value=\"ru\"",
        NEWS,
    ] {
        assert!(html.text.contains(expected), "no {expected}: {}", html.text);
    }
    for banned in ["<script", "<html", "<link", "checked", " style=", "offers:7"] {
        assert!(!html.text.contains(banned), "{banned}");
    }
    // Filled and sent as it stands there.
    let answer = stage.post("/subscribe", &fields(&["news:12"])).await;
    assert_eq!(answer.status, StatusCode::OK);
}

async fn post_json(stage: &Stage, body: &serde_json::Value) -> crate::stage::Answer {
    let request = Request::post("/api/subscriptions")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()));
    stage.send(request.expect("a request")).await
}

#[tokio::test]
async fn programs_ask_for_the_lists_and_post_what_was_agreed_to() {
    let stage = Stage::with_lists();
    let lists = stage.get("/api/lists?locale=ru&list=news").await;
    assert_eq!(lists.json()["lists"].as_array().map(Vec::len), Some(1));
    assert_eq!(lists.json()["lists"][0]["text"], NEWS);
    let body = json!({
        "email": EMAIL, "name": "Анна", "locale": "ru", "action": "button",
        "page": "https://shop.example/join?x=1",
        "policy_version": lists.json()["policy"]["version"],
        "lists": [{ "name": "news", "text_id": lists.json()["lists"][0]["text_id"] }],
    });
    let taken = post_json(&stage, &body).await;
    assert_eq!(taken.status, StatusCode::ACCEPTED, "{}", taken.text);
    assert_eq!(taken.json(), json!({ "status": "received" }));
    let wishes = stage.desk.lists.wishes();
    assert_eq!(wishes[0].capture_point, CapturePoint::Api);
    assert_eq!(
        (wishes[0].act, wishes[0].page.as_str()),
        (Act::Button, "https://shop.example/join")
    );

    stage.desk.lists.change_text(0, 13);
    let stale = post_json(&stage, &body).await;
    assert_eq!(stale.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(stale.json()["code"], "text_changed");
    let bad = post_json(&stage, &json!({ "email": "x", "policy_version": "2026-11-01" })).await;
    let problem = bad.json();
    let codes: Vec<_> =
        problem["errors"].as_array().expect("a list").iter().map(|error| &error["code"]).collect();
    assert_eq!(codes, ["list_missing", "email_invalid", "action_missing"]);
    for (content_type, body, status) in [
        ("application/json", "{", 400),
        ("application/json", "[]", 422),
        ("application/json", "{\"lists\":[{\"name\":7}]}", 400),
        ("text/plain", "{}", 415),
    ] {
        let request = Request::post("/api/subscriptions").header("content-type", content_type);
        let answer = stage.send(request.body(Body::from(body)).expect("a request")).await;
        assert_eq!(answer.status.as_u16(), status, "{body}: {}", answer.text);
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
    assert_eq!(stage.desk.lists.wishes().len(), 1);
}
