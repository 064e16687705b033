//! Who asks, and who says no: refusal, forgery, representatives, authorities, questions, incidents.

use serde_json::Value;
use tests::{
    Result,
    wait::{LONG, wait_for, wait_until},
};

use super::{
    asking::bring_in,
    dates::{date, day_of, working_days},
    house::{DECIDER, House, OFFICER, PROPOSER},
};

const ANNA: &str = "anna.sergeeva@post.example";
const BORIS: &str = "boris.orlov@post.example";
const GALINA: &str = "galina@letters.example";
const IGOR: &str = "igor@advocates.example";
const ELENA: &str = "elena@letters.example";
const REGULATOR: &str = "rsockanc77@rkn.gov.ru";

#[test]
fn nothing_is_done_for_who_is_not_known_and_a_refusal_takes_two() -> Result<()> {
    let mut house = House::open(&[ANNA, BORIS, GALINA, IGOR])?;
    let lines = [ANNA, BORIS, GALINA].map(|address| format!("{address},,"));
    bring_in(&house, &lines.each_ref().map(String::as_str))?;
    house.start()?;
    refusal(&house)?;
    let forged = forgery(&house)?;
    representative(&house, forged)?;
    house.close(&["Галина", "Игорь", "Орлов", "прав третьих лиц", "доверенность № 7"], &[])
}

#[test]
fn authorities_and_questions_are_answered_by_people_and_an_incident_is_loud() -> Result<()> {
    let mut house = House::open(&[ELENA, REGULATOR])?;
    house.start()?;
    authority(&house)?;
    question(&house)?;
    incident(&mut house)?;
    house.close(&["Роскомнадзор", "Елена", "as the notice tells it"], &[])
}

/// The newest ticket of a lane.
fn ticket(house: &House, lane: &str) -> Result<Value> {
    wait_for(&format!("a ticket in the lane {lane}"), LONG, || {
        Ok(house.home.tickets()?.into_iter().find(|ticket| ticket["lane"] == lane))
    })
}

/// A refusal needs an article, reasons and two people, and tells where to complain.
fn refusal(house: &House) -> Result<()> {
    let wish = "Прошу сообщить, какие мои персональные данные вы обрабатываете.\n";
    house.writes("Галина", GALINA, "Запрос сведений", wish)?;
    let id = house.filed("access", &[])?;
    house.answers_challenge(GALINA, id, "mine")?;
    house.reaches(id, "under_review")?;
    let number = id.to_string();
    let refuse = ["--actor", PROPOSER, "request", "refuse", &number, "--reasons"];
    let (reasons, clause) = ("Ответ нарушает права третьих лиц.", "152-ФЗ ст. 14 ч. 8 п. 3");
    let without = [&refuse[..], &[reasons, "--clause", ""]].concat();
    house.refuses(&without, "refusal_needs_clause")?;
    house.home.say(&[&refuse[..], &[reasons, "--clause", clause]].concat())?;
    house.refuses(&["--actor", PROPOSER, "request", "approve", &number], "four_eyes")?;
    house.refuses(&["--actor", "VERA", "request", "approve", &number], "actor")?;
    assert_eq!(house.request(id)?["state"], "under_review");
    house.acts(DECIDER, "approve", id, &[])?;
    let closed = house.reaches(id, "closed")?;
    assert_eq!(closed["outcome"], "refused", "{closed:#}");
    assert!(house.duty(id, "answer")?["done_at"].is_string());
    let letter = house.mail(GALINA, "отказ")?.text;
    let letter = letter.split_whitespace().collect::<Vec<_>>().join(" ");
    for told in [clause, reasons, DECIDER, "Роскомнадзор", "в суд"] {
        assert!(letter.contains(told), "{told} is missing: {letter}");
    }
    Ok(())
}

/// Somebody writes in his name: blocked at once, lifted by his button, nothing carried out.
fn forgery(house: &House) -> Result<i64> {
    let wish = "Требую прекратить обработку моих персональных данных.\n";
    house.writes("Б. Орлов", BORIS, "Возражение против обработки", wish)?;
    let id = house.filed("objection", &[])?;
    let held = house.home.blocks()?;
    assert_eq!(held.len(), 1, "{held:#?}");
    assert_eq!(held[0]["scope"], "full");
    house.answers_challenge(BORIS, id, "not_mine")?;
    wait_until("the block is lifted", LONG, || Ok(house.home.blocks()?.is_empty()))?;
    let number = house.request(id)?["ticket"].as_str().unwrap_or_default().to_owned();
    let identity = house.home.json(&["identity", "show", &number])?;
    assert_eq!(identity["disowned"], true, "{identity:#}");
    house.mail(BORIS, "не вы")?;
    let request = id.to_string();
    let propose = ["--actor", PROPOSER, "request", "propose", &request];
    house.refuses(&[&propose[..], &["--done", "обработка прекращена"]].concat(), "disowned")?;
    let contact = house.home.json(&["contact", "show", BORIS])?;
    assert_eq!(contact["contacts"].as_array().map(Vec::len), Some(1), "{contact:#}");
    Ok(id)
}

/// Without a paper nothing moves for a representative; with one the person on file is told.
fn representative(house: &House, forged: i64) -> Result<()> {
    house.writes(
        "Игорь Павлов",
        IGOR,
        "Запрос по доверенности",
        "Я действую по доверенности от имени Анны Сергеевой. Прошу прекратить обработку её \
         персональных данных.\n\nИгорь Павлов, адвокат\n",
    )?;
    let id = house.filed("objection", &[forged])?;
    let shown = house.request(id)?;
    assert_eq!(shown["requester"], "representative", "{shown:#}");
    assert!(house.home.blocks()?.is_empty(), "somebody was blocked");
    let ticket = shown["ticket"].as_str().unwrap_or_default();
    house.acts(PROPOSER, "review", id, &[])?;
    let attest = ["--actor", PROPOSER, "identity", "attest", ticket, "--note", "seen at the desk"];
    house.home.say(&attest)?;
    let number = id.to_string();
    let propose = ["--actor", PROPOSER, "request", "propose", &number];
    house
        .refuses(&[&propose[..], &["--done", "обработка прекращена"]].concat(), "representation")?;
    house.home.say(&["--actor", PROPOSER, "identity", "ask-paper", ticket])?;
    house.mail(IGOR, "полномочия")?;

    let anna = house.home.json(&["contact", "show", ANNA])?["contacts"][0]["id"].to_string();
    let represent = ["--actor", PROPOSER, "identity", "represent", ticket, "--subject", &anna];
    let paper = ["--kind", "power_of_attorney", "--paper", "доверенность № 7"];
    house.refuses(&[&represent[..], &paper].concat(), "until_needed")?;
    let until = (jiff::civil::date(2027, 12, 20)).to_string();
    house.home.say(&[&represent[..], &paper, &["--until", &until]].concat())?;
    let told = house.mail(ANNA, "от вашего имени")?;
    assert!(!told.text.contains("доверенность № 7"), "{}", told.text);
    house.decide_on(id, &["--done", "обработка прекращена"])?;
    assert_eq!(house.request(id)?["state"], "approved");
    Ok(())
}

/// No letter of a machine goes to an authority; its hold stands until a person lifts it.
fn authority(house: &House) -> Result<()> {
    house.writes(
        "Роскомнадзор",
        REGULATOR,
        "Запрос Роскомнадзора",
        "Управление Роскомнадзора по Центральному федеральному округу\n\nТребуем представить \
         сведения об обработке персональных данных в связи с обращением гражданина.\n\
         Запрос № 08-12/345.\n",
    )?;
    let id = house.filed("authority_request", &[])?;
    let shown = house.request(id)?;
    let due = working_days(day_of(&shown["received_at"])?, 10)?;
    assert_eq!(date(&house.duty(id, "answer")?["legal_due_on"])?, due);
    assert_eq!(shown["holds"], 1, "{shown:#}");
    let number = ticket(house, "authority")?["number"].as_str().unwrap_or_default().to_owned();
    house.refuses(&["identity", "challenge", &number], "authority_lane")?;

    house.acts(PROPOSER, "review", id, &[])?;
    house.decide_on(id, &["--done", "сведения представлены"])?;
    house.acts(DECIDER, "execute", id, &[])?;
    house.acts(DECIDER, "answer", id, &["--note", "No. 5"])?;
    house.reaches(id, "closed")?;
    assert!(house.mails(REGULATOR)?.is_empty(), "a machine wrote to an authority");

    let holds = house.home.json(&["request", "hold", "list"])?;
    let hold = holds["holds"][0]["id"].to_string();
    let lift = ["--actor", DECIDER, "request", "hold", "lift", &hold, "--reason", "answered"];
    house.home.say(&lift)?;
    assert_eq!(house.request(id)?["holds"], 0);
    Ok(())
}

/// A question about the policy opens no request: a person answers it.
fn question(house: &House) -> Result<()> {
    house.writes(
        "Елена",
        ELENA,
        "Вопрос о политике конфиденциальности",
        "Объясните, пожалуйста, пункт 5 вашей политики обработки персональных данных: сколько \
         времени хранятся данные посетителей сайта?\n",
    )?;
    let number = ticket(house, "policy")?["number"].as_str().unwrap_or_default().to_owned();
    let shown = house.home.json(&["ticket", "show", &number])?;
    assert_eq!(shown["requests"], Value::Array(Vec::new()), "{shown:#}");
    assert!(house.home.blocks()?.is_empty());
    house.mail(ELENA, "прочитает сотрудник")?;
    let words = "Данные посетителей сайта хранятся шесть месяцев.";
    let file = house.clinic.place.file("answer.txt", words)?.display().to_string();
    let reply = ["--actor", PROPOSER, "ticket", "reply", &number, "--file", &file, "--close"];
    house.home.say(&reply)?;
    house.mail(ELENA, words)?;
    assert_eq!(ticket(house, "policy")?["state"], "closed");
    Ok(())
}

/// Its clocks are real hours; what is late is loud.
fn incident(house: &mut House) -> Result<()> {
    fn by<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
        [&["--actor", PROPOSER, "incident"], arguments].concat()
    }
    let known = |name: &str| format!("{name}=as the notice tells it");
    let first = ["what", "causes", "data", "people", "records", "harm", "measures"].map(known);
    house.home.say(&by(&["open", "--set", "happened=at night"]))?;
    let hours = |shown: &Value, at: usize| -> Result<f64> {
        let instant = |value: &Value| value.as_str().unwrap_or_default().parse();
        let from: jiff::Timestamp = instant(&shown["detected_at"])?;
        let until: jiff::Timestamp = instant(&shown["duties"][at]["legal_due_at"])?;
        Ok(until.duration_since(from).as_secs_f64() / 3600.0)
    };
    let shown = house.home.json(&["incident", "show", "1"])?;
    assert_eq!((hours(&shown, 0)?.round(), hours(&shown, 1)?.round()), (24.0, 72.0));
    house.refuses(&by(&["notified", "1"]), "incident_form_complete")?;

    house.days_pass(2)?;
    wait_until("what is overdue is loud", LONG, || {
        let alarms = house.home.json(&["status"])?["alarms"].to_string();
        Ok(alarms.contains("incident/1") && alarms.contains("duties_overdue"))
    })?;
    wait_until("the officer has a mail", LONG, || Ok(!house.mails(OFFICER)?.is_empty()))?;

    for text in first.iter().chain(&["contact_person", "inquiry", "culprits"].map(known)) {
        house.home.say(&by(&["update", "1", "--set", text]))?;
    }
    for (form, noted) in [("first", "notified"), ("second", "reported")] {
        let notice = house.home.say(&by(&["export", "1", "--form", form]))?;
        assert!(notice.contains("as the notice tells it"), "{notice}");
        house.home.say(&by(&[noted, "1"]))?;
    }
    house.home.say(&by(&["close", "1"]))?;
    wait_until("nothing is loud any more", LONG, || {
        Ok(!house.home.json(&["status"])?["alarms"].to_string().contains("incident/1"))
    })
}
