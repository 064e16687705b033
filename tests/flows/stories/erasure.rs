//! Erasure from receipt to proof, and that nothing brings the person back.

use std::{fs, path::PathBuf};

use serde_json::Value;
use tests::{
    Result,
    connected_system::Reply,
    daemon::CampaignSettings,
    newsroom::{MARKETER, Newsroom, OPERATOR},
    wait::{LONG, wait_for, wait_until},
};

use super::{
    dates::{date, day_of, working_days},
    house::{DECIDER, House, PROPOSER},
    search,
};
use crate::clinic::{HELLO, ticket_number};

const PERSON: &str = "v.nezabudkina@post.example";
const NAME: &str = "Варвара Незабудкина";
const PHONE: &str = "+79261234567";
/// What must be nowhere in the end, whole or in part.
const TRACES: [&str; 4] = [PERSON, "nezabudkin", "Незабудкин", "9261234567"];

/// A paper with her name, address and number, beside the house and not in it.
fn people_file(house: &House) -> Result<PathBuf> {
    house.clinic.place.file(
        "people.csv",
        format!(
            "email,name,phone,act,document_number,document_date\n\
             {PERSON},{NAME},{PHONE},paper,A-17,2026-03-01\n"
        ),
    )
}

fn opened() -> Result<House> {
    let mut house = House::open_with(&[PERSON], |settings| {
        settings.with_campaigns(CampaignSettings::from("news@clinic.example"))
    })?;
    let newsroom = Newsroom::of(&house.home);
    newsroom.publish_policy("2026-03-01")?;
    newsroom.open_list("news")?;
    let file = people_file(&house)?;
    let file = file.to_string_lossy();
    let import = ["contact", "import", &*file, "--list", "news", "--actor", MARKETER];
    let told = house.home.json(&import)?;
    assert_eq!(told["counts"]["taken"], 1, "{told:#}");
    let number = told["import"].to_string();
    house.home.say(&["contact", "attest", &number, "--actor", OPERATOR])?;
    house.start()?;
    Ok(house)
}

/// She writes, and proves that it was she; returns the request and the number of the ticket.
fn asked(house: &House) -> Result<(i64, String)> {
    house.writes(
        NAME,
        PERSON,
        "Удаление персональных данных",
        &format!(
            "Здравствуйте!\n\nПрошу удалить все мои персональные данные: имя, телефон и адрес.\n\n\
             {NAME}\n{PHONE}\n"
        ),
    )?;
    let request = house.filed("erasure", &[])?;
    let blocks = house.home.blocks()?;
    assert!(blocks.iter().any(|block| block["scope"] == "full"), "{blocks:?}");
    let acknowledged = house.mail(PERSON, "CT-")?;
    let number = ticket_number(&acknowledged.text).expect("a number to quote");
    assert!(!acknowledged.text.contains(PHONE), "{}", acknowledged.text);
    assert_eq!(house.request(request)?["ticket"], number.as_str());
    let waiting = house.reaches(request, "identity")?;
    let received = day_of(&waiting["received_at"])?;
    let stop = house.duty(request, "stop")?;
    assert_eq!(date(&stop["safe_due_on"])?, working_days(received, 10)?, "{stop:#}");
    house.answers_challenge(PERSON, request, "mine")?;
    let shown = house.reaches(request, "under_review")?;
    assert_eq!(shown["identity"]["proven"], "challenge", "{shown:#}");
    Ok((request, number))
}

fn plan(house: &House, request: i64) -> Result<Value> {
    house.home.json(&["request", "plan", &request.to_string(), "--show"])
}

#[test]
fn an_erasure_goes_from_receipt_to_proof_and_nothing_brings_the_person_back() -> Result<()> {
    let mut house = opened()?;
    let (request, ticket) = asked(&house)?;
    wait_until("the shop has blocked her", LONG, || {
        Ok(house.shop.memory().people.get(PERSON).is_some_and(|act| act == "block"))
    })?;
    let backup = house.clinic.place.path().join("backup");
    house.home.say(&["backup", "--to", &backup.to_string_lossy()])?;
    assert!(!search::found(house.home.dir(), &TRACES)?.is_empty(), "the search finds nothing");

    carried_out(&mut house, request)?;
    house.stop()?;
    let proof = proven(&house, request, &ticket)?;
    imported_again(&house)?;
    nothing_is_left(&house)?;

    restored(&house, &backup)?;
    imported_again(&house)?;
    nothing_is_left(&house)?;
    house.start()?;
    assert!(house.home.json(&["status"])?.to_string().contains("restor"), "status is silent");
    house.home.say(&["restore", "--release"])?;
    writes_again(&house, &ticket)?;
    assert!(!fs::read_to_string(&proof)?.is_empty());
    house.close(&TRACES, &["restore", "audit-head", "hold"])
}

/// Plan, two pairs of eyes, the shop's delay, the copy on the server, the answer, the end.
fn carried_out(house: &mut House, request: i64) -> Result<()> {
    let id = request.to_string();
    let dry = house.home.json(&["request", "plan", &id, "--dry-run"])?;
    assert!(dry["steps"].as_array().is_some_and(|steps| steps.len() > 5), "{dry:#}");
    house.acts(PROPOSER, "plan", request, &[])?;
    house.shop.plan(&[Reply::Accepted]);
    house.decide(request)?;
    house.acts(DECIDER, "execute", request, &[]).map(drop)?;
    wait_until("the copy on the server is gone", LONG, || {
        Ok(house.clinic.store.mails(HELLO)?.is_empty())
    })?;
    wait_until("the shop took the call", LONG, || {
        Ok(house.shop.memory().taken.iter().any(|call| call.body["act"] == "destroy"))
    })?;
    // It said that it would, and did not say that it did: nothing is verified.
    house.plan_reaches(request, &["verify"])?;
    assert_eq!(house.request(request)?["state"], "executing");
    house.shop_acknowledges("destroy")?;
    let answer = house.is_destroyed(PERSON, request)?;
    assert!(answer.text.contains("уничтожены"), "{}", answer.text);
    assert!(!answer.text.contains(NAME), "{}", answer.text);
    Ok(())
}

/// The act on paper and as a page; what the plan kept.
fn proven(house: &House, request: i64, ticket: &str) -> Result<PathBuf> {
    let done = plan(house, request)?;
    assert_eq!((&done["state"], &done["stage"]), (&"closed".into(), &"done".into()), "{done:#}");
    let shown = house.home.json(&["ticket", "show", ticket])?;
    assert_eq!(shown["state"], "closed", "{shown:#}");
    let acts = house.home.rows(&["act", "list"])?;
    let [supplement, act] = acts.as_slice() else { panic!("an act with its supplement: {acts:?}") };
    let number = act["number"].as_str().expect("a number").to_owned();
    let file = |name: &str| house.clinic.place.path().join(name);
    for (act, name) in [(act, "act"), (supplement, "supplement")] {
        let number = act["number"].as_str().expect("a number");
        for format in ["pdf", "html", "json"] {
            let path = file(&format!("{name}.{format}"));
            let to = path.to_string_lossy();
            house.home.say(&["act", "export", number, "--format", format, "--to", &to])?;
        }
    }
    let page = fs::read_to_string(file("supplement.html"))?.replace('\u{a0}', " ");
    assert!(page.contains(&format!("Дополнение № {number}-1 к акту № {number}")), "{page}");
    assert!(page.contains("адрес для отправки ответа"), "{page}");
    assert!(fs::read(file("supplement.pdf"))?.starts_with(b"%PDF-"));
    assert!(fs::read(file("act.pdf"))?.starts_with(b"%PDF-"));
    let page = fs::read_to_string(file("act.html"))?;
    assert!(page.contains(&number), "{page}");
    for item in ["а)", "б)", "в)", "г)", "д)", "е)", "ж)", "з)", "и)", "к)"] {
        assert!(page.contains(item), "the act lacks item {item}: {page}");
    }
    Ok(file("act.html"))
}

fn nothing_is_left(house: &House) -> Result<()> {
    let left = search::found(house.home.dir(), &TRACES)?;
    assert!(left.is_empty(), "{left:#?}");
    let contact = house.home.json(&["contact", "show", PERSON, "--actor", OPERATOR])?;
    assert_eq!(contact["contacts"].as_array().map(Vec::len), Some(0), "{contact:#}");
    Ok(())
}

fn imported_again(house: &House) -> Result<()> {
    let file = people_file(house)?;
    let import = ["contact", "import", &*file.to_string_lossy(), "--list", "news", "--json"];
    let output = house.home.output(&[&import[..], &["--actor", MARKETER]].concat())?;
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(told.contains("erased"), "{told}");
    Ok(())
}

/// The database of before, with today's keys and journal.
fn restored(house: &House, backup: &std::path::Path) -> Result<()> {
    let from = backup.to_string_lossy();
    let report = house.home.json(&["restore", "--from", &from, "--replace"])?;
    let _ = fs::remove_file(house.home.dir().join("audit-head"));
    assert_eq!(report["erased"], 1, "{report:#}");
    let kept = house.home.rows(&["suppression", "list", "--of", PERSON])?;
    assert!(kept.iter().any(|one| one["reason"] == "erased"), "{kept:?}");
    Ok(())
}

/// She is free to write, as somebody who is not known.
fn writes_again(house: &House, before: &str) -> Result<()> {
    let text = "Здравствуйте! Какие документы нужны для справки?\n";
    house.writes(NAME, PERSON, "Вопрос", text)?;
    let ticket = wait_for("she has a new ticket", LONG, || {
        let tickets = house.home.tickets()?;
        Ok(tickets.into_iter().find(|ticket| ticket["number"] != before))
    })?;
    assert_eq!(ticket["contact"], Value::Null, "{ticket:#}");
    let contact = house.home.json(&["contact", "show", PERSON, "--actor", OPERATOR])?;
    assert_eq!(contact["contacts"].as_array().map(Vec::len), Some(0), "{contact:#}");
    assert_eq!(house.clinic.store.mails(HELLO)?.len(), 1);
    Ok(())
}
