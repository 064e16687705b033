//! A person asks what is held, another has it corrected.

use std::{
    fs,
    io::{Cursor, Read as _, Write as _},
    net::TcpStream,
    path::Path,
};

use anyhow::Context as _;
use serde_json::Value;
use tests::{
    Result, http,
    wait::{LONG, wait_for, wait_until},
};

use super::{
    dates::{date, day_of, working_days},
    house::{DECIDER, FORM, House, PROPOSER},
};

const ANNA: &str = "anna.sergeeva@post.example";
const GALINA: &str = "galina@letters.example";
const MAILER: &str = "privacy@mailer.example";

/// Makes contacts of lines `address,name,phone`.
pub fn bring_in(house: &House, lines: &[&str]) -> Result<()> {
    let home = &house.home;
    let list = ["list", "add", "news", "--purpose", "newsletter", "--advertiser", "Test clinic"];
    home.say(&[&list[..], &["--title-ru", "Новости", "--title-en", "News"]].concat())?;
    let text = format!("email,name,phone\n{}\n", lines.join("\n"));
    let file = house.clinic.place.file("people.csv", text)?.display().to_string();
    home.say(&["contact", "import", &file, "--list", "news"]).map(drop)
}

#[test]
fn who_asks_gets_a_package_by_one_button_and_who_corrects_is_told_who_was_told() -> Result<()> {
    let map = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/data_map.toml");
    let mut house = House::open_with(&[ANNA, GALINA, MAILER], |mut settings| {
        // The shop, whose section is the last, knows telephone numbers.
        settings.further.push_str("sends = [\"email\", \"phone\"]\n");
        settings.further.push_str(&format!("\n[access]\ndata_map = \"{}\"\n", map.display()));
        settings
    })?;
    let people = [
        "anna.sergeeva@post.example,Анна Сергеева,+79031112233",
        "galina@letters.example,Галина Орлова,+79032223344",
    ];
    bring_in(&house, &people)?;
    let processor = ["recipient", "add", "mailer", "--role", "processor", "--title", "Mailer LLC"];
    let paper = ["--agreement", "No. 5 of 2026-02-01", "--purpose", "sending newsletters"];
    let reached = ["--email", MAILER, "--data", "email,name,phone"];
    house.home.say(&[&processor[..], &paper, &reached].concat())?;
    house.start()?;

    correction(&house)?;
    let link = access(&house)?;

    // A week later nothing is left of the package but that it was fetched.
    house.days_pass(8)?;
    for answer in [
        http::get(house.home.pages(), &link)?,
        http::post(house.home.pages(), &link, FORM, "take=package")?,
    ] {
        assert_eq!(answer.status, 410, "{}", answer.head);
    }
    wait_until("the package is destroyed", LONG, || {
        let shown = house.home.json(&["package", "show", "2"])?;
        Ok(shown["packages"][0]["destroyed_at"].is_string())
    })?;
    register(&house)?;
    let secrets = ["Сергеева", "Анна", "Орлова", "79031112233", "9035556677", "555-66-77"];
    house.close(&secrets, &[])
}

/// Two people make and approve the package; its link gives it by POST alone.
fn access(house: &House) -> Result<String> {
    house.writes(
        "Анна Сергеева",
        ANNA,
        "Запрос сведений о персональных данных",
        "Здравствуйте!\n\nПрошу сообщить, какие мои персональные данные вы обрабатываете, откуда \
         они у вас и кому вы их передавали.\n\nАнна Сергеева\n",
    )?;
    let id = house.filed("access", &[])?;
    let due = working_days(day_of(&house.request(id)?["received_at"])?, 10)?;
    let duty = house.duty(id, "answer")?;
    assert_eq!((date(&duty["legal_due_on"])?, date(&duty["safe_due_on"])?), (due, due));
    let number = id.to_string();

    house.answers_challenge(ANNA, id, "mine")?;
    house.reaches(id, "under_review")?;
    wait_for("the shop has said what it holds", LONG, || {
        let shown = house.home.json(&["system", "show", "shop"])?;
        let mut calls = shown["calls"].as_array().into_iter().flatten();
        let said = calls.any(|call| call["act"] == "access" && call["state"] == "acknowledged");
        Ok(said.then_some(()))
    })?;
    let made = house.home.json(&["--actor", PROPOSER, "package", "make", &number])?;
    let send = ["--actor", DECIDER, "package", "send", &number];
    house.refuses(&send, "decision_stands")?;
    house.decide(id)?;
    house.home.say(&send)?;
    let closed = house.reaches(id, "closed")?;
    assert_eq!(closed["outcome"], "done", "{closed:#}");
    assert_eq!(closed["decisions"][0]["subject"], made["sha256"], "another file was approved");

    let link = house.link(&house.mail(ANNA, "/p/")?, "/p/")?;
    for _ in 0..2 {
        let page = http::get(house.home.pages(), &link)?;
        assert_eq!(page.status, 200, "{}", page.head);
        assert!(page.body.contains("name=\"take\" value=\"package\""), "{}", page.body);
    }
    let package = || -> Result<Value> {
        let shown = house.home.json(&["package", "show", &number])?;
        Ok(shown["packages"][0].clone())
    };
    assert_eq!(package()?["fetched_at"], Value::Null, "a look spent the link");
    let file = download(house.home.pages(), &link)?;
    assert!(package()?["fetched_at"].is_string());
    looks_whole(&file)?;
    Ok(link)
}

/// The ZIP has a page for people and all that 152-FZ art. 14(7) lists for programs.
fn looks_whole(file: &[u8]) -> Result<()> {
    let mut archive = zip::ZipArchive::new(Cursor::new(file))?;
    let mut read = |name: &str| -> Result<String> {
        let mut text = String::new();
        archive.by_name(name)?.read_to_string(&mut text)?;
        Ok(text)
    };
    let page = read("index.html")?;
    let data: Value = serde_json::from_str(&read("data.json")?)?;
    for told in ["Анна Сергеева", ANNA, "79031112233", "Test clinic"] {
        assert!(page.contains(told), "{told} is missing in the page");
    }
    assert_eq!(data["format"], "consentry-package/1");
    assert_eq!(data["person"]["name"], "Анна Сергеева");
    assert_eq!(data["addresses"][0]["address"], ANNA);
    assert_eq!(data["subscriptions"][0]["list"], "news");
    assert_eq!(data["matter"]["request"], "access");
    // Items of art. 14(7) that are the same for everybody come from the data map.
    let map = data["data_map"].as_object().context("no data map")?;
    for item in ["sources", "access", "recipients", "cross_border", "measures", "rights", "other"] {
        assert!(page.contains(&in_russian(&map[item])?), "{item} is missing in the page");
    }
    Ok(())
}

/// What the data map says of an item, or of the first of its list, as a page has it.
fn in_russian(item: &Value) -> Result<String> {
    let told = item.get(0).unwrap_or(item)["ru"].as_str().context("nothing is told")?;
    Ok(told.to_owned())
}

/// Her number is wrong: blocked, checked within seven working days of the facts, put right, and
/// told to whom it was told.
fn correction(house: &House) -> Result<()> {
    house.writes(
        "Галина Орлова",
        GALINA,
        "Исправьте мои персональные данные",
        "Здравствуйте!\n\nПрошу исправить мой номер телефона в ваших персональных данных: он \
         неверный, правильный номер +7 903 555-66-77.\n\nГалина Орлова\n",
    )?;
    let id = house.filed("rectification", &[])?;
    let blocks = house.home.blocks()?;
    let held: Vec<_> = blocks.iter().map(|block| (&block["scope"], &block["of"][0])).collect();
    assert_eq!(held, [(&Value::from("fields"), &Value::from("phone"))], "{blocks:#?}");
    assert_eq!(house.duty(id, "correct")?["legal_due_on"], Value::Null, "no facts came yet");

    // A block that is over before the shop heard of it need not be told.
    shop_hears(house, 1)?;

    house.answers_challenge(GALINA, id, "mine")?;
    house.reaches(id, "under_review")?;
    house.acts(PROPOSER, "event", id, &["facts_received"])?;
    let shown = house.request(id)?;
    let due = working_days(day_of(&shown["facts_received_at"])?, 7)?;
    assert_eq!(date(&house.duty(id, "correct")?["legal_due_on"])?, due);

    let number = id.to_string();
    let new = ["--field", "phone", "--new", "+7 903 555-66-77", "--proof", "договор № 7"];
    let propose = ["--actor", PROPOSER, "correction", "propose", &number];
    house.home.say(&[&propose[..], &new].concat())?;
    let apply = ["--actor", DECIDER, "correction", "apply", &number];
    house.refuses(&apply, "decision_stands")?;
    house.decide(id)?;
    house.home.say(&apply)?;
    let closed = house.reaches(id, "closed")?;
    assert!(closed["duties"].as_array().into_iter().flatten().all(|d| d["done_at"].is_string()));

    assert!(house.home.blocks()?.is_empty(), "the block of the check stands still");
    let contact = house.home.json(&["contact", "show", GALINA])?;
    assert_eq!(contact["contacts"][0]["phone"], "+7 903 555-66-77");
    let answer = house.mail(GALINA, "исправлен номер телефона")?;
    assert!(answer.text.contains("Mailer LLC"), "{}", answer.text);
    assert!(!answer.text.contains("555-66-77"), "the answer echoes the number: {}", answer.text);
    let notice = house.mail(MAILER, "Извещение")?.text;
    assert!(notice.contains("Галина Орлова") && notice.contains("+7 903 555-66-77"), "{notice}");
    let acts = shop_hears(house, 3)?;
    for act in ["block", "correct", "unblock"] {
        assert!(acts.contains(&Value::from(act)), "{acts:?}");
    }
    Ok(())
}

/// Waits until the shop took so many calls; their acts.
fn shop_hears(house: &House, calls: usize) -> Result<Vec<Value>> {
    wait_for("the shop is told of block, correction, end of the block", LONG, || {
        let memory = house.shop.memory();
        let acts: Vec<_> = memory.taken.iter().map(|call| call.body["act"].clone()).collect();
        Ok((acts.len() >= calls).then_some(acts))
    })
}

/// The register of appeals has both, as a table and on paper, without addresses.
fn register(house: &House) -> Result<()> {
    let table = house.home.say(&["register", "export", "--from", "2026-01-01"])?;
    let numbers: Vec<_> = house.home.tickets()?.into_iter().map(|t| t["number"].clone()).collect();
    assert_eq!(numbers.len(), 2);
    for number in &numbers {
        assert!(table.contains(number.as_str().context("a ticket without a number")?), "{table}");
    }
    assert!(!table.contains(ANNA) && !table.contains(GALINA), "{table}");
    let paper = house.home.dir().join("register.pdf");
    let name = paper.display().to_string();
    house.home.say(&["register", "export", "--format", "pdf", "--file", &name])?;
    assert!(fs::read(&paper)?.starts_with(b"%PDF-"));
    Ok(())
}

/// Presses the button of a package and takes the file as it comes.
fn download(port: u16, path: &str) -> Result<Vec<u8>> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    let body = "take=package";
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\
         Content-Type: {FORM}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").context("no head")?;
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert!(head.contains("application/zip"), "{head}");
    Ok(answer.split_off(end + 4))
}
