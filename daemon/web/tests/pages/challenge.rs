//! "Was it you?": seen by many programs, answered by one button.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use web::{ChallengeAnswer, ChallengeStanding};

use crate::stage::{CHALLENGE, CODE, Fault, NUMBER, Stage};

fn link() -> String {
    format!("/c/{CHALLENGE}")
}

fn answers(stage: &Stage) -> Vec<ChallengeAnswer> {
    stage.desk.challenges.answers.lock().expect("not poisoned").clone()
}

#[tokio::test]
async fn opening_the_challenge_answers_nothing_and_shows_two_buttons() {
    let stage = Stage::new();
    let page = stage.get(&link()).await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(page.text.matches("<button").count(), 2);
    assert!(page.text.contains("Да, это я") && page.text.contains("Нет, это не я"));
    assert!(page.text.contains(NUMBER) && page.text.contains("lang=\"ru\""));
    assert!(!page.text.contains("<script"));
    assert!(!page.header("content-security-policy").contains("script-src"));
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    let english = stage.get(&format!("{}?locale=en", link())).await;
    assert!(english.text.contains("No, it was not me"));
    for (method, status) in
        [(Method::GET, 200), (Method::HEAD, 200), (Method::OPTIONS, 405), (Method::PUT, 405)]
    {
        for path in [link(), format!("{}/", link()), format!("{}?answer=mine", link())] {
            let request =
                Request::builder().method(&method).uri(path).header("sec-purpose", "prefetch");
            let answer = stage.send(request.body(Body::empty()).expect("a request")).await;
            assert_eq!(answer.status.as_u16(), status, "{method}");
        }
    }
    // A robot that presses what it finds, without saying which button.
    for body in [&[][..], &[("answer", "")], &[("answer", "yes")], &[("x", "mine")]] {
        let page = stage.post(&link(), body).await;
        assert_eq!(page.text.matches("<button").count(), 2);
    }
    assert!(answers(&stage).is_empty());
}

#[tokio::test]
async fn one_button_answers_and_the_other_comes_too_late() {
    let stage = Stage::new();
    let done = stage.post(&link(), &[("answer", "mine")]).await;
    assert_eq!(done.status, StatusCode::OK);
    assert!(done.text.contains("подтверждено") && !done.text.contains("<button"));
    let late = stage.post(&link(), &[("answer", "not_mine")]).await;
    assert!(late.text.contains("подтверждено"));
    assert_eq!(answers(&stage), [ChallengeAnswer::Mine]);

    let stage = Stage::new();
    let done = stage.post(&link(), &[("answer", "not_mine")]).await;
    assert!(done.text.contains("это были не вы") && !done.text.contains("<button"));
    assert_eq!(answers(&stage), [ChallengeAnswer::NotMine]);
    stage.desk.challenges.stand(ChallengeStanding::Over);
    for over in [stage.get(&link()).await, stage.post(&link(), &[("answer", "mine")]).await] {
        assert_eq!(over.status, StatusCode::GONE);
        assert!(!over.text.contains("<button"));
    }
}

#[tokio::test]
async fn a_wrong_number_and_a_wrong_code_get_the_same_answer() {
    let stage = Stage::new();
    let path = "/ru/challenge";
    let question = stage.get(path).await;
    assert_eq!(question.status, StatusCode::OK);
    assert!(question.text.contains("name=\"code\"") && !question.text.contains("<script"));
    let mut pages = Vec::new();
    for (number, code) in [(NUMBER, "0000000000"), ("CT-00000000", CODE)] {
        let fields = [("number", number), ("code", code), ("answer", "mine")];
        let page = stage.post(path, &fields).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
        pages.push(page.text.replace(number, "N").replace(code, "C"));
    }
    assert_eq!(pages[0], pages[1]);
    assert!(answers(&stage).is_empty());
    // Neither button: nothing is taken, and it is said.
    let neither = stage.post(path, &[("number", NUMBER), ("code", CODE)]).await;
    assert!(neither.text.contains("одну из двух кнопок"));
    assert!(answers(&stage).is_empty());
    // A typed code may be written as people write.
    let (first, second) = CODE.split_at(5);
    let typed = format!("{} {}", first.to_lowercase(), second.to_lowercase());
    let fields = [("number", "ct 7h2k 9mxq"), ("code", typed.as_str()), ("answer", "not_mine")];
    let done = stage.post("/en/challenge", &fields).await;
    assert_eq!(done.status, StatusCode::OK);
    assert_eq!(answers(&stage), [ChallengeAnswer::NotMine]);
}

#[tokio::test]
async fn codes_cannot_be_guessed_and_wrong_links_are_counted() {
    let stage = Stage::new();
    let mut status = StatusCode::OK;
    for _ in 0..40 {
        let fields = [("number", NUMBER), ("code", "0000000000"), ("answer", "mine")];
        status = stage.post("/ru/challenge", &fields).await.status;
    }
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    for token in ["wrong", "%00", "a.b"] {
        let path = format!("/c/{token}");
        for answer in [stage.get(&path).await, stage.post(&path, &[("answer", "mine")]).await] {
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{token}");
            assert!(!answer.text.contains("<button"));
        }
    }
    for _ in 0..20 {
        status = stage.get("/c/wrong").await.status;
    }
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(stage.get(&link()).await.status, StatusCode::OK, "the right one still works");
}

#[tokio::test]
async fn an_outage_takes_no_answer() {
    let stage = Stage::new();
    stage.fault(Fault::Unavailable);
    for answer in [stage.get(&link()).await, stage.post(&link(), &[("answer", "mine")]).await] {
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    }
    stage.mend();
    assert!(stage.post(&link(), &[("answer", "mine")]).await.text.contains("подтверждено"));
    assert_eq!(answers(&stage), [ChallengeAnswer::Mine]);
}
