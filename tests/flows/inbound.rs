//! A letter to hello@ becomes a ticket, a block and an answer, on real servers.

use tests::{
    Result,
    letter::Letter,
    smtp,
    wait::{LONG, wait_for, wait_until},
};

use crate::clinic::{
    ANNA, BORIS, Clinic, HELLO, SECRET, SmallHouse, erasure, parsed, ticket_number,
};

#[test]
fn a_russian_deletion_letter_becomes_a_ticket_a_block_and_a_signed_answer() -> Result<()> {
    let clinic = Clinic::open()?;
    let home = tests::daemon::Home::make(&clinic.place, "home", &clinic.settings())?;
    let mut daemon = home.run()?;
    smtp::submit(clinic.postfix.port(), ANNA, &[HELLO], &erasure(ANNA, "one@post.example"))?;

    let answers = clinic.mails_of(ANNA, 1)?;
    assert_eq!(answers.len(), 1);
    assert!(clinic.keys.verify(&clinic.place, &answers[0])?, "OpenDKIM refuses the signature");
    let answer = parsed(&answers[0]);
    let text = answer.body_text(0).unwrap_or_default().into_owned();
    let number = ticket_number(answer.subject().unwrap_or_default()).expect("a number to quote");
    assert_eq!(answer.in_reply_to().as_text(), Some("one@post.example"));
    assert_eq!(answer.header("Auto-Submitted").and_then(|h| h.as_text()), Some("auto-replied"));
    let raw = String::from_utf8_lossy(&answers[0]).into_owned();
    assert!(raw.contains("Return-Path: <>"), "an answer has the null sender (RFC 3834): {raw}");
    assert!(text.contains(&number), "{text}");
    assert!(!text.contains(SECRET), "the answer echoes the letter: {text}");

    let tickets = home.tickets()?;
    assert_eq!(tickets.len(), 1, "{tickets:?}");
    assert_eq!(tickets[0]["number"], number.as_str(), "{tickets:?}");
    let shown = home.json(&["ticket", "show", &number])?;
    assert!(shown.to_string().contains("erasure"), "{shown}");
    let blocks = home.blocks()?;
    assert_eq!(blocks.len(), 1, "{blocks:?}");
    assert_eq!(blocks[0]["scope"], "full", "{blocks:?}");

    let flags = wait_for("the mail carries our keyword", LONG, || {
        let held = clinic.dovecot.session(HELLO)?.list("INBOX")?;
        let flags = held.into_iter().next().map(|mail| mail.flags).unwrap_or_default();
        Ok(flags.to_lowercase().contains("$consentry").then_some(flags))
    })?;
    assert!(!flags.contains("\\Seen"), "{flags}");

    daemon.stop()?;
    home.check_log(&[SECRET, "Анна", "Удаление", "anna"], &[])
}

#[test]
fn a_letter_is_moved_once_it_is_filed_and_its_answer_is_the_only_one() -> Result<()> {
    let clinic = Clinic::open()?;
    let mut settings = clinic.settings();
    if let tests::daemon::MailboxSettings::Imap { port, tls, move_to, .. } = &mut settings.mailbox {
        (*port, *tls, *move_to) = (clinic.dovecot.port(), "starttls", Some("Filed".to_owned()));
    }
    clinic.dovecot.session(HELLO)?.create("Filed")?;
    let home = tests::daemon::Home::make(&clinic.place, "home", &settings)?;
    smtp::submit(clinic.postfix.port(), ANNA, &[HELLO], &erasure(ANNA, "one@post.example"))?;
    let mut daemon = home.run()?;
    wait_until("the letter is moved", LONG, || {
        Ok(clinic.dovecot.session(HELLO)?.list("Filed")?.len() == 1)
    })?;
    assert!(clinic.dovecot.session(HELLO)?.list("INBOX")?.is_empty());
    clinic.mails_of(ANNA, 1)?;
    daemon.stop()?;

    let mut daemon = home.run()?;
    smtp::submit(clinic.postfix.port(), BORIS, &[HELLO], &erasure(BORIS, "two@post.example"))?;
    clinic.mails_of(BORIS, 1)?;
    daemon.stop()?;
    assert_eq!(clinic.store.mails(ANNA)?.len(), 1, "a restart answered again");
    assert_eq!(home.tickets()?.len(), 2);
    home.check_log(&[SECRET], &[])
}

#[test]
fn a_second_letter_of_the_same_person_joins_the_open_ticket() -> Result<()> {
    let house = SmallHouse::open()?;
    house.deliver(&erasure(ANNA, "one@post.example"))?;
    house.home.say(&["intake", "run", "--once"])?;
    house.deliver(&erasure(ANNA, "two@post.example"))?;
    house.home.say(&["intake", "run", "--once"])?;
    assert_eq!(house.home.tickets()?.len(), 1);
    house.deliver(&erasure(BORIS, "three@post.example"))?;
    house.home.say(&["intake", "run", "--once"])?;
    assert_eq!(house.home.tickets()?.len(), 2);
    Ok(())
}

#[test]
fn the_same_bytes_are_filed_once_however_often_they_come() -> Result<()> {
    let house = SmallHouse::open()?;
    for _ in 0..3 {
        house.deliver(&erasure(ANNA, "one@post.example"))?;
    }
    house.home.say(&["intake", "run", "--once"])?;
    house.home.say(&["intake", "run", "--once"])?;
    let mut daemon = house.home.run()?;
    house.answers(1)?;
    daemon.stop()?;
    assert_eq!(house.answers(1)?.len(), 1);
    assert_eq!(house.home.tickets()?.len(), 1);
    Ok(())
}

#[test]
fn an_automatic_answer_is_never_answered() -> Result<()> {
    let house = SmallHouse::open()?;
    let away = Letter::new("Inna", BORIS, HELLO)
        .subject("Out of office")
        .header("Auto-Submitted", "auto-replied")
        .text("I am away. Please delete my data.\n")
        .bytes();
    house.deliver(&away)?;
    house.deliver(&erasure(ANNA, "one@post.example"))?;
    let mut daemon = house.home.run()?;
    let answers = house.answers(1)?;
    daemon.stop()?;
    assert_eq!(answers.len(), 1);
    assert_eq!(parsed(&answers[0]).in_reply_to().as_text(), Some("one@post.example"));
    Ok(())
}

#[test]
fn a_relay_that_is_down_defers_the_answer_and_says_so() -> Result<()> {
    let clinic = Clinic::open()?;
    let mut settings = clinic.settings();
    let silent = tests::place::Port::reserve()?;
    if let tests::daemon::OutletSettings::Smtp { port, .. } = &mut settings.outlet {
        *port = silent.number();
    }
    let home = tests::daemon::Home::make(&clinic.place, "home", &settings)?;
    let mut daemon = home.run()?;
    smtp::submit(clinic.postfix.port(), ANNA, &[HELLO], &erasure(ANNA, "one@post.example"))?;
    wait_until("status tells of the relay", LONG, || {
        Ok(home.json(&["status"])?["alarms"].to_string().contains("relay"))
    })?;
    assert_eq!(home.tickets()?.len(), 1);
    daemon.stop()?;
    home.check_log(&[SECRET], &["relay"])
}
