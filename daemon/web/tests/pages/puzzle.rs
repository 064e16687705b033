//! One solved puzzle is worth one submission, however its sender goes about it.

use axum::http::StatusCode;
use futures::FutureExt;
use futures::future::join_all;

use crate::stage::{Answer, Fault, Stage, solve};

/// A form page just made, with its puzzle solved: only as a solved one it is taken so early.
async fn solved_form(stage: &Stage) -> (String, String) {
    let page = stage.get("/ru/feedback").await;
    (page.hidden("form_token"), solve(&page.between("data-seed=\"", "\""), 16))
}

async fn send(stage: &Stage, (token, answer): &(String, String), text: &str) -> Answer {
    let typed = [
        ("email", "anna@mail.example"),
        ("text", text),
        ("form_token", token),
        ("puzzle_answer", answer),
    ];
    stage.post("/ru/feedback", &typed).await
}

#[tokio::test]
async fn many_posts_at_once_share_no_solution() {
    let stage = Stage::new();
    let form = solved_form(&stage).await;
    let texts: Vec<String> = (0..10).map(|n| format!("entry {n}")).collect();
    let answers = join_all(texts.iter().map(|text| send(&stage, &form, text))).await;
    let taken = answers.iter().filter(|answer| answer.status == StatusCode::OK).count();
    assert_eq!((taken, stage.entries().len()), (1, 1));
    assert!(answers.iter().skip(1).all(|answer| answer.text.contains("быстрее")));
}

#[tokio::test]
async fn the_same_form_many_times_at_once_is_one_entry_and_one_answer() {
    let stage = Stage::new();
    let form = solved_form(&stage).await;
    let answers = join_all((0..5).map(|_| send(&stage, &form, "same"))).await;
    assert!(answers.iter().all(|answer| answer.status == StatusCode::OK));
    assert!(answers.iter().all(|answer| answer.text == answers[0].text));
    assert_eq!(stage.entries().len(), 1);
}

#[tokio::test]
async fn who_goes_away_in_the_middle_takes_no_solution_along() {
    let stage = Stage::new();
    let form = solved_form(&stage).await;
    stage.fault(Fault::Hangs);
    assert!(send(&stage, &form, "one").now_or_never().is_none(), "it is being filed");
    *stage.desk.fault.lock().expect("not poisoned") = None;
    let other = send(&stage, &form, "two").await;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(other.text.contains("быстрее"));
}

#[tokio::test]
async fn a_filing_that_fails_gives_the_solution_back() {
    for fault in [Fault::Unavailable, Fault::Panics] {
        let stage = Stage::new();
        let form = solved_form(&stage).await;
        stage.fault(fault);
        assert!(send(&stage, &form, "one").await.status.is_server_error());
        *stage.desk.fault.lock().expect("not poisoned") = None;
        assert_eq!(send(&stage, &form, "better words").await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn a_refused_submission_gives_the_solution_back() {
    let stage = Stage::with_rule("burst = 30\nseconds = 20", "burst = 1\nseconds = 20");
    let first = solved_form(&stage).await;
    assert_eq!(send(&stage, &first, "one").await.status, StatusCode::OK);
    let form = solved_form(&stage).await;
    let refused = send(&stage, &form, "two").await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    stage.wait(21);
    assert_eq!(send(&stage, &form, "two in other words").await.status, StatusCode::OK);
    assert_eq!(stage.entries().len(), 2);
}
