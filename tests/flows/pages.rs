//! The feedback form and the status page of a running daemon: the same filing as by mail.

use serde_json::json;
use sha2::{Digest as _, Sha256};
use tests::{Result, http};

use crate::clinic::{ANNA, SECRET, SmallHouse, erasure, parsed, ticket_number};

/// What the page's script does while the person types.
fn solve(seed: &str, bits: u32) -> String {
    let zeros = |answer: &String| {
        let digest = Sha256::digest(format!("{seed}:{answer}"));
        let first = digest.iter().take(8).fold(0_u64, |all, byte| all << 8 | u64::from(*byte));
        first.leading_zeros() >= bits
    };
    (0_u64..).map(|number| number.to_string()).find(zeros).expect("there is an answer")
}

/// The code that the letter tells beside the number.
fn status_code(letter: &str) -> Option<String> {
    let words: Vec<&str> = letter.split_whitespace().collect();
    let code = words.windows(3).find(|words| words.starts_with(&["и", "код"]))?.get(2)?;
    Some(code.trim_end_matches('.').to_owned())
}

#[test]
fn a_form_entry_opens_a_ticket_and_blocks_as_a_letter_does() -> Result<()> {
    let house = SmallHouse::open()?;
    let mut daemon = house.home.run()?;
    let port = house.home.pages();
    let form = http::get(port, "/api/v1/feedback/form?locale=ru&capture_point=order")?.json()?;
    let seed = form["puzzle"]["seed"].as_str().expect("a seed").to_owned();
    let bits = u32::try_from(form["puzzle"]["bits"].as_u64().expect("bits"))?;
    let entry = json!({
        "name": "Анна Сергеева",
        "email": ANNA,
        "phone": "",
        "text": format!("Прошу удалить все мои персональные данные. {SECRET}"),
        "form_token": form["form_token"],
        "puzzle_answer": solve(&seed, bits),
    });
    let post = || http::post(port, "/api/v1/feedback", "application/json", &entry.to_string());
    // The same form twice is one entry, and nothing is told of it here: number and code go to
    // the address by mail, since anybody can type it.
    for time in ["first", "again"] {
        let taken = post()?;
        assert_eq!(taken.status, 202, "{time}: {}", taken.body);
        assert_eq!(taken.json()?, json!({ "status": "received" }), "{time}");
    }

    let answer = house.answers(1)?;
    let letter = parsed(&answer[0]);
    let number = ticket_number(letter.subject().unwrap_or_default()).expect("a number");
    let code = status_code(&letter.body_text(0).unwrap_or_default()).expect("a code");
    let asked = format!("number={number}&code={code}");
    let state = http::post(port, "/ru/status", "application/x-www-form-urlencoded", &asked)?;
    assert_eq!(state.status, 200, "{}", state.body);
    assert!(state.body.contains("удаление персональных данных"), "{}", state.body);
    let tickets = house.home.tickets()?;
    assert_eq!(tickets[0]["number"], number.as_str());
    assert_eq!(tickets.len(), 1, "{tickets:?}");
    assert_eq!(house.home.blocks()?.len(), 1);

    // By mail the same person asks again: the open matter is joined.
    house.deliver(&erasure(ANNA, "one@post.example"))?;
    tests::wait::wait_until("the letter is filed", tests::wait::LONG, || {
        Ok(std::fs::read_dir(house.mailbox.join("new"))?.next().is_none())
    })?;
    daemon.stop()?;
    assert_eq!(house.home.tickets()?.len(), 1);
    house.home.check_log(&[SECRET, "Анна"], &[])
}

#[test]
fn junk_in_the_form_is_sent_back_with_what_was_typed() -> Result<()> {
    let house = SmallHouse::open()?;
    let mut daemon = house.home.run()?;
    let port = house.home.pages();
    let page = http::get(port, "/ru/feedback")?;
    assert_eq!(page.status, 200);
    assert!(page.head.to_lowercase().contains("content-security-policy"), "{}", page.head);
    let typed = "name=%3Cb%3EBoris&email=not-an-address&text=hello&form_token=&puzzle_answer=";
    let sent_back = http::post(port, "/ru/feedback", "application/x-www-form-urlencoded", typed)?;
    assert_eq!(sent_back.status, 422, "{}", sent_back.body);
    assert!(sent_back.body.contains("&lt;b&gt;Boris"), "{}", sent_back.body);
    assert!(!sent_back.body.contains("<b>Boris"), "{}", sent_back.body);
    assert!(house.home.tickets()?.is_empty());
    assert_eq!(http::get(port, "/readyz")?.status, 200);
    daemon.stop()
}
