//! People want us to stop: advertising, a publication, processing; and to hold still meanwhile.

use serde_json::Value;
use tests::{
    Result,
    wait::{LONG, wait_for},
};

use super::{
    asking::bring_in,
    dates::{date, day_of, working_days},
    house::{DECIDER, House, PROPOSER},
};

const BORIS: &str = "boris.orlov@post.example";
const VERA: &str = "vera.ilina@letters.example";
const GLEB: &str = "gleb@post.example";
const DARIA: &str = "daria@letters.example";

#[test]
fn what_must_stop_stops_in_time_and_the_answer_says_what_goes_on() -> Result<()> {
    let mut house = House::open(&[BORIS, VERA, GLEB, DARIA])?;
    let lines = [BORIS, VERA, GLEB, DARIA].map(|address| format!("{address},,"));
    bring_in(&house, &lines.each_ref().map(String::as_str))?;
    house.start()?;
    house.writes(
        "Вера",
        VERA,
        "Рассылка",
        "Прошу больше не присылать мне рекламные рассылки.\n",
    )?;
    house.writes(
        "Глеб",
        GLEB,
        "Публикация на сайте",
        "Прошу прекратить распространение моих персональных данных на вашем сайте.\n",
    )?;
    house.writes(
        "Дарья",
        DARIA,
        "Блокирование данных",
        "Прошу ограничить обработку моих персональных данных (заблокировать их), пока вы не \
         проверите их точность.\n",
    )?;
    house.writes(
        "Борис",
        BORIS,
        "Возражение против обработки",
        "Требую прекратить обработку моих персональных данных (ч. 5.1 ст. 21 152-ФЗ).\n",
    )?;
    marketing(&house)?;
    publication(&house)?;
    restriction(&house)?;
    objection(&mut house)?;
    house.close(&["Орлов", "Ильин", "Вера", "Глеб", "Дарья", "договоры с партнёрами"], &[])
}

/// Advertising stops with the filing itself, and the acknowledgement is the answer.
fn marketing(house: &House) -> Result<()> {
    let id = house.filed("stop_marketing", &[])?;
    let closed = house.reaches(id, "closed")?;
    assert_eq!(closed["decisions"], Value::Array(Vec::new()), "nobody had to decide");
    assert!(house.duty(id, "stop")?["done_at"].is_string());
    let told = house.mail(VERA, "рассылки и реклама на ваш адрес остановлены")?;
    assert!(!told.text.contains("не присылать мне"), "it echoes the letter: {}", told.text);
    Ok(())
}

/// The site is told when the person has answered the challenge, within three working days, and
/// says that it is done.
fn publication(house: &House) -> Result<()> {
    let id = house.filed("stop_publication", &[])?;
    let stop = house.duty(id, "stop")?;
    let due = working_days(day_of(&house.request(id)?["received_at"])?, 3)?;
    assert_eq!((date(&stop["legal_due_on"])?, date(&stop["safe_due_on"])?), (due, due));
    let is_told = || house.shop.memory().taken.iter().any(|c| c.body["act"] == "stop_publication");
    let challenged = house.mail(GLEB, "/c/")?;
    assert!(!is_told(), "a mail that nobody vouches for took it down: {}", challenged.text);
    house.answers_challenge(GLEB, id, "mine")?;
    let call = wait_for("the site is told", LONG, || {
        let memory = house.shop.memory();
        let mut calls = memory.taken.iter();
        Ok(calls.find(|call| call.body["act"] == "stop_publication").cloned())
    })?;
    assert!(call.signed);
    assert_eq!(call.body["person"]["emails"][0], GLEB, "{:#}", call.body);
    wait_for("the site has said that it is done", LONG, || {
        let calls = house.home.json(&["system", "show", "shop"])?.to_string();
        Ok((calls.contains("stop_publication") && calls.contains("acknowledged")).then_some(()))
    })?;

    house.acts(PROPOSER, "review", id, &[])?;
    house.decide_on(id, &["--done", "фотография снята с сайта"])?;
    house.acts(DECIDER, "execute", id, &[])?;
    house.reaches(id, "closed")?;
    assert!(house.mail(GLEB, "Что снято")?.text.contains("фотография снята с сайта"));
    Ok(())
}

/// Restricted at once, decided within seven working days of the facts, and lifted by a person.
fn restriction(house: &House) -> Result<()> {
    let id = house.filed("restriction", &[])?;
    let ticket = house.request(id)?["ticket_id"].clone();
    let block = || -> Result<Option<Value>> {
        let blocks = house.home.blocks()?;
        Ok(blocks.into_iter().find(|block| block["ticket"] == ticket))
    };
    let held = block()?;
    assert_eq!(held.as_ref().map(|block| &block["scope"]), Some(&Value::from("full")));

    house.acts(PROPOSER, "review", id, &[])?;
    house.acts(PROPOSER, "event", id, &["facts_received"])?;
    let due = working_days(day_of(&house.request(id)?["facts_received_at"])?, 7)?;
    assert_eq!(date(&house.duty(id, "decide")?["legal_due_on"])?, due);
    house.decide_on(id, &["--done", "данные заблокированы до проверки"])?;
    house.acts(DECIDER, "execute", id, &[])?;
    house.reaches(id, "closed")?;
    // The Russian law owes her no word before the end, so none is promised.
    assert!(!house.mail(DARIA, "Что ограничено")?.text.contains("Прежде чем"));
    assert_eq!(block()?, held, "the block ended with the request");

    let number = held.map(|block| block["id"].to_string()).unwrap_or_default();
    house.home.say(&["--actor", DECIDER, "block", "lift", &number, "--reason", "checked"])?;
    assert_eq!(block()?, None);
    wait_for("the shop is told of the end", LONG, || {
        let memory = house.shop.memory();
        let ended = memory.people.get(DARIA).is_some_and(|act| act == "unblock");
        Ok(ended.then_some(()))
    })
}

/// Five working days more, granted when the notice has left; then the answer, and nothing late.
fn objection(house: &mut House) -> Result<()> {
    let id = house.filed("objection", &[])?;
    house.answers_challenge(BORIS, id, "mine")?;
    house.reaches(id, "under_review")?;
    let received = day_of(&house.request(id)?["received_at"])?;
    let due = || date(&house.duty(id, "stop")?["legal_due_on"]);
    assert_eq!(due()?, working_days(received, 10)?);

    // With the daemon at rest the notice cannot leave: nothing is extended yet.
    house.stop()?;
    let causes = ["--duty", "stop", "--causes", "Нужно проверить договоры с партнёрами."];
    house.acts(PROPOSER, "extend", id, &causes)?;
    assert_eq!(date(&house.duty(id, "stop")?["legal_due_on"])?, working_days(received, 10)?);
    house.start()?;
    assert!(house.mail(BORIS, "продлён")?.text.contains("договоры с партнёрами"));
    let longer = wait_for("the extension is granted", LONG, || {
        Ok(Some(house.duty(id, "stop")?).filter(|duty| duty["is_extended"] == true))
    })?;
    assert_eq!(date(&longer["legal_due_on"])?, working_days(received, 15)?);
    let number = id.to_string();
    let again = ["--actor", PROPOSER, "request", "extend", &number, "--duty", "stop"];
    house.refuses(&[&again[..], &["--causes", "again"]].concat(), "extension")?;

    let base = "152-ФЗ ст. 6 ч. 1 п. 5";
    let goes_on = format!("исполнение договора={base}");
    let done = ["--done", "рассылки прекращены", "--continues", &goes_on, "--all-continue"];
    house.decide_on(id, &done)?;
    house.acts(DECIDER, "execute", id, &[])?;
    let closed = house.reaches(id, "closed")?;
    assert!(closed["duties"].as_array().into_iter().flatten().all(|d| d["done_at"].is_string()));
    let answer = house.mail(BORIS, "Какая обработка продолжается")?;
    for told in ["рассылки прекращены", "исполнение договора", base]
    {
        assert!(answer.text.contains(told), "{}", answer.text);
    }
    let status = house.home.json(&["status"])?;
    assert_eq!(status["overdue_duties"], 0, "{status:#}");
    Ok(())
}
