//! A consent is withdrawn and no purpose is left: thirty days, reminders, lateness, destruction.

use serde_json::Value;
use tests::{
    Result,
    wait::{LONG, wait_until},
};

use super::{
    dates::{date, day_of},
    house::{DECIDER, House, OFFICER, PROPOSER},
};

const PERSON: &str = "g.otzyvov@post.example";
const NAME: &str = "Глеб Отзывов";

fn writes_and_proves(house: &House) -> Result<i64> {
    let text = "Отзываю согласие на обработку персональных данных.\n\nГлеб Отзывов\n";
    house.writes(NAME, PERSON, "Отзыв согласия", text)?;
    let request = house.filed("consent_withdrawal", &[])?;
    house.reaches(request, "identity")?;
    house.answers_challenge(PERSON, request, "mine")?;
    house.reaches(request, "under_review")?;
    Ok(request)
}

#[test]
fn a_withdrawal_that_leaves_no_purpose_ends_in_destruction_however_late() -> Result<()> {
    let mut house = House::with_reader(PERSON, NAME)?;
    let request = writes_and_proves(&house)?;
    stopped(&house, request)?;
    let destroy = house.duty(request, "destroy")?;
    reminded(&mut house, request, &destroy)?;
    destroyed(&mut house, request)?;
    let done = house.duty(request, "destroy")?;
    assert!(!done["done_at"].is_null(), "{done:#}");
    house.close(&[NAME, "Отзывов", "otzyvov"], &["overdue"])
}

/// Two people let the processing stop; he is told, and a plan is due within the thirty days.
fn stopped(house: &House, request: i64) -> Result<()> {
    let done = "рассылки прекращены, договора нет";
    house.decide_on(request, &["--done", done])?;
    house.acts(DECIDER, "execute", request, &[])?;
    let told = house.mail(PERSON, done)?;
    assert!(told.text.contains("прекращена"), "{}", told.text);
    let shown = house.reaches(request, "under_review")?;
    let received = day_of(&shown["received_at"])?;
    let stop = house.duty(request, "stop")?;
    assert!(!stop["done_at"].is_null(), "{stop:#}");
    let destroy = house.duty(request, "destroy")?;
    assert!(destroy["done_at"].is_null(), "{destroy:#}");
    let thirtieth = received.checked_add(jiff::Span::new().days(30))?;
    let (safe, legal) = (date(&destroy["safe_due_on"])?, date(&destroy["legal_due_on"])?);
    assert!(safe <= thirtieth && thirtieth <= legal, "{destroy:#}");
    let ticket = shown["ticket"].as_str().unwrap_or_default().to_owned();
    let tasks = house.home.json(&["ticket", "show", &ticket])?["tasks"].clone();
    assert!(tasks.to_string().contains("plan_destruction"), "{tasks:#}");
    Ok(())
}

/// Nobody does anything: the officer is told at 50, 75, 90 and 100 %, and from then on loudly.
fn reminded(house: &mut House, request: i64, destroy: &Value) -> Result<()> {
    for stage in [50, 75, 90, 100] {
        house.passes(destroy, stage)?;
        wait_until(&format!("{stage} % are told"), LONG, || {
            Ok(house.duty(request, "destroy")?["reminded_percent"] == stage)
        })?;
        let told = house.mail(OFFICER, &format!("{stage} %: "))?;
        assert!(!told.text.contains("otzyvov") && !told.text.contains(NAME), "{}", told.text);
        let late = house.home.rows(&["request", "list", "--overdue"])?;
        assert_eq!(late.iter().any(|one| one["id"] == request), stage == 100, "{late:?}");
    }
    wait_until("status is loud", LONG, || {
        Ok(house.home.json(&["status"])?["alarms"].to_string().contains("duties_overdue"))
    })?;
    let shown = house.request(request)?;
    assert!(shown["penalties"].to_string().contains("13.11"), "{shown:#}");
    Ok(())
}

/// Late, but whole: plan, two pairs of eyes, destruction, answer, end; the alarm ends with it.
fn destroyed(house: &mut House, request: i64) -> Result<()> {
    house.acts(PROPOSER, "plan", request, &[])?;
    house.decide(request)?;
    house.acts(DECIDER, "execute", request, &[])?;
    house.is_destroyed(PERSON, request)?;
    wait_until("the alarm has ended", LONG, || {
        Ok(!house.home.json(&["status"])?["alarms"].to_string().contains("duties_overdue"))
    })?;
    assert!(house.home.rows(&["request", "list", "--overdue"])?.is_empty());
    Ok(())
}
