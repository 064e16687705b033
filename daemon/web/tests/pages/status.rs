//! The status page: the right number and code, and every other pair.

use axum::http::StatusCode;
use domain::regime::{DutyName, RequestName};
use domain::request::RequestState;
use domain::ticket::TicketState;
use jiff::civil::date;
use web::{RequestView, StatusView};

use crate::stage::{CODE, Fault, NUMBER, Stage};

fn view() -> StatusView {
    StatusView {
        ticket_number: NUMBER.parse().expect("a number"),
        state: TicketState::Open,
        opened_at: "2026-11-22T14:57:00Z".parse().expect("a timestamp"),
        requests: vec![RequestView {
            name: RequestName::Erasure,
            state: RequestState::Blocked,
            owed: vec![
                (DutyName::Answer, date(2026, 12, 4)),
                (DutyName::Notify, date(2026, 12, 5)),
                (DutyName::Destroy, date(2026, 12, 22)),
            ],
        }],
    }
}

fn stage() -> Stage {
    let stage = Stage::new();
    *stage.desk.view.lock().expect("not poisoned") = Some(view());
    stage
}

#[tokio::test]
async fn number_and_code_show_the_ticket_with_its_dates() {
    let stage = stage();
    // As people copy them: lower case, spaces, letters for digits.
    for (number, code) in [(NUMBER, CODE), (" ct 7h2k 9mxq", "4t8v2-zc6rn ")] {
        let answer = stage.post("/ru/status", &[("number", number), ("code", code)]).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        for expected in [
            "Обращение CT-7H2K9MXQ",
            "22\u{a0}ноября 2026\u{a0}г., 17:57 (московское время)",
            "удаление персональных данных",
            "Получена, данные заблокированы",
            "не позднее 4\u{a0}декабря 2026\u{a0}г. ответим вам",
        ] {
            assert!(answer.text.contains(expected), "no {expected}");
        }
        assert!(!answer.text.contains(CODE), "the code is not repeated");
    }
    let answer = stage.post("/en/status", &[("number", NUMBER), ("code", CODE)]).await;
    assert!(answer.text.contains("by 4\u{a0}December 2026 at the latest we answer you"));
}

#[tokio::test]
async fn a_ticket_without_requests_says_that_a_person_will_answer() {
    let stage = stage();
    let plain = StatusView { requests: Vec::new(), ..view() };
    *stage.desk.view.lock().expect("not poisoned") = Some(plain);
    let answer = stage.post("/ru/status", &[("number", NUMBER), ("code", CODE)]).await;
    assert!(answer.text.contains("Сотрудник ответит вам"));
}

#[tokio::test]
async fn who_has_to_confirm_is_led_to_the_page_for_the_code() {
    let stage = stage();
    let fields = [("number", NUMBER), ("code", CODE)];
    let before = stage.post("/ru/status", &fields).await;
    assert!(!before.text.contains("/ru/challenge"));
    let mut waiting = view();
    waiting.requests[0].state = RequestState::Identity;
    *stage.desk.view.lock().expect("not poisoned") = Some(waiting);
    let answer = stage.post("/ru/status", &fields).await;
    assert!(answer.text.contains("href=\"/ru/challenge\""), "{}", answer.text);
}

#[tokio::test]
async fn wrong_number_wrong_code_and_nonsense_get_one_answer() {
    let stage = stage();
    let mut answers = Vec::new();
    for (number, code) in
        [(NUMBER, "4T8V2ZC6RX"), ("CT-00000000", CODE), ("x", CODE), (NUMBER, "y")]
    {
        let answer = stage.post("/ru/status", &[("number", number), ("code", code)]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        let shown = |value: &str| format!("value=\"{value}\"");
        answers.push(answer.text.replace(&shown(number), "N").replace(&shown(code), "C"));
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "the answers differ");
    assert!(answers[0].contains("с такими номером и кодом нет"));
}

#[tokio::test]
async fn empty_fields_are_asked_for() {
    let answer = stage().post("/en/status", &[("number", " ")]).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.text.contains("href=\"#number\"") && answer.text.contains("href=\"#code\""));
}

#[tokio::test]
async fn guessing_codes_soon_ends() {
    let stage = stage();
    let mut last = StatusCode::OK;
    for n in 0..11 {
        let code = format!("00000000{n:02}");
        last = stage.post("/ru/status", &[("number", NUMBER), ("code", &code)]).await.status;
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    // While it lasts the right code tells nothing either.
    let answer = stage.post("/ru/status", &[("number", NUMBER), ("code", CODE)]).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    stage.wait(3600);
    let answer = stage.post("/ru/status", &[("number", NUMBER), ("code", CODE)]).await;
    assert_eq!(answer.status, StatusCode::OK);
}

#[tokio::test]
async fn a_desk_that_is_down_is_said() {
    let stage = stage();
    stage.fault(Fault::Unavailable);
    let answer = stage.post("/ru/status", &[("number", NUMBER), ("code", CODE)]).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.text.contains(NUMBER));
}

#[tokio::test]
async fn every_state_and_request_has_words_in_both_languages() {
    let stage = stage();
    for state in RequestState::ALL {
        for name in RequestName::ALL {
            let request = RequestView { name: *name, state: *state, owed: Vec::new() };
            *stage.desk.view.lock().expect("not poisoned") =
                Some(StatusView { requests: vec![request], ..view() });
            for path in ["/ru/status", "/en/status"] {
                stage.wait(60);
                let answer = stage.post(path, &[("number", NUMBER), ("code", CODE)]).await;
                assert_eq!(answer.status, StatusCode::OK);
                assert!(!answer.text.contains("_states."), "{state:?} has no words at {path}");
            }
        }
    }
}
