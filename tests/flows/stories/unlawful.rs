//! Data are processed without a ground: found, stopped in three and destroyed in ten working days.

use jiff::Timestamp;
use tests::{
    Result,
    wait::{LONG, wait_until},
};

use super::{
    dates::{date, day_of, working_days},
    house::{DECIDER, House, PROPOSER},
};

const PERSON: &str = "k.chuzhoy@post.example";
const NAME: &str = "Ким Чужой";

#[test]
fn unlawful_processing_is_found_and_ended_in_three_and_ten_working_days() -> Result<()> {
    let mut house = House::with_reader(PERSON, NAME)?;
    let text = "Клиентом клиники я не являюсь, согласия не давал. Считаю, что мои персональные \
                данные получены и обрабатываются незаконно.\n\nКим Чужой\n";
    house.writes(NAME, PERSON, "Незаконная обработка персональных данных", text)?;
    let request = house.filed("unlawful_processing", &[])?;
    wait_until("his data are blocked", LONG, || Ok(!house.home.blocks()?.is_empty()))?;
    house.reaches(request, "identity")?;
    house.answers_challenge(PERSON, request, "mine")?;
    let shown = house.reaches(request, "under_review")?;
    let received = day_of(&shown["received_at"])?;
    let check = house.duty(request, "check")?;
    assert_eq!(date(&check["safe_due_on"])?, working_days(received, 3)?, "{check:#}");
    for name in ["stop", "destroy", "answer"] {
        let duty = house.duty(request, name)?;
        assert!(duty["safe_due_on"].is_null(), "it was not found yet: {duty:#}");
    }
    found_two_days_later(&mut house, request)?;
    house.acts(PROPOSER, "plan", request, &[])?;
    house.decide(request)?;
    house.acts(DECIDER, "execute", request, &[])?;
    let answer = house.is_destroyed(PERSON, request)?;
    assert!(!answer.text.contains(NAME), "{}", answer.text);
    for name in ["check", "stop", "destroy", "answer"] {
        let duty = house.duty(request, name)?;
        assert!(!duty["done_at"].is_null(), "{duty:#}");
    }
    house.close(&[NAME, "Чужой", "chuzhoy"], &[])
}

/// From the finding three working days to stop, ten to destroy and to answer.
fn found_two_days_later(house: &mut House, request: i64) -> Result<()> {
    let number = request.to_string();
    let before = "2026-01-12T09:00:00Z";
    house.refuses(&["request", "event", &number, "detection", "--at", before], "event")?;
    house.days_pass(2)?;
    let at = Timestamp::from_second(house.seconds() - 60)?.to_string();
    house.acts(PROPOSER, "event", request, &["detection", "--at", &at])?;
    let shown = house.request(request)?;
    let found = day_of(&shown["detected_at"])?;
    for (name, days) in [("stop", 3), ("destroy", 10), ("answer", 10)] {
        let duty = house.duty(request, name)?;
        assert_eq!(date(&duty["safe_due_on"])?, working_days(found, days)?, "{duty:#}");
        assert_eq!(date(&duty["legal_due_on"])?, working_days(found, days)?, "{duty:#}");
    }
    Ok(())
}
