//! Several daemons on one PostgreSQL and one mailbox, and a database that goes away.

use tests::{
    Result,
    daemon::{Home, Settings},
    maildir,
    place::Place,
    servers::Postgres,
    smtp,
    wait::{LONG, wait_until},
};

use crate::clinic::{ANNA, Clinic, HELLO, SECRET, erasure};

/// Homes of nodes that share database, vault and mailbox.
fn nodes(place: &Place, settings: &Settings, url: &str, count: usize) -> Result<Vec<Home>> {
    let mut homes = Vec::new();
    for number in 0..count {
        let mut settings = settings.clone();
        settings.node = format!("node-{number}");
        settings.postgres = Some(url.to_owned());
        settings.vault = Some(place.path().join("vault"));
        homes.push(Home::make(place, &settings.node.clone(), &settings)?);
    }
    Ok(homes)
}

#[test]
fn two_daemons_on_one_mailbox_file_and_answer_each_letter_once() -> Result<()> {
    let postgres = Postgres::start()?;
    let people: Vec<String> = (0..12).map(|number| format!("p{number}@post.example")).collect();
    let people: Vec<&str> = people.iter().map(String::as_str).collect();
    let clinic = Clinic::open_for(&people)?;
    let homes = nodes(&clinic.place, &clinic.settings(), &postgres.database()?, 2)?;
    homes[0].say(&["migrate"])?;
    let mut daemons = Vec::new();
    for home in &homes {
        daemons.push(home.run()?);
    }
    for person in &people {
        let letter = erasure(person, &format!("letter.{person}"));
        smtp::submit(clinic.postfix.port(), person, &[HELLO], &letter)?;
    }
    for person in &people {
        clinic.mails_of(person, 1)?;
    }
    for daemon in &mut daemons {
        daemon.stop()?;
    }
    for person in &people {
        assert_eq!(clinic.store.mails(person)?.len(), 1, "{person} was answered twice");
    }
    assert_eq!(homes[1].tickets()?.len(), people.len());
    assert_eq!(homes[1].blocks()?.len(), people.len());
    for home in &homes {
        home.check_log(&[SECRET], &["lease"])?;
    }
    Ok(())
}

#[test]
fn a_database_that_is_killed_and_comes_back_loses_no_mail() -> Result<()> {
    let mut postgres = Postgres::start()?;
    let place = Place::new()?;
    let (mailbox, replies) = (place.path().join("hello"), place.path().join("replies"));
    maildir::make(&mailbox)?;
    maildir::make(&replies)?;
    let settings = Settings::embedded(HELLO, &mailbox, &replies);
    let homes = nodes(&place, &settings, &postgres.database()?, 1)?;
    homes[0].say(&["migrate"])?;
    let mut daemon = homes[0].run()?;
    postgres.kill()?;
    maildir::deliver(&mailbox, &erasure(ANNA, "one@post.example"), 1_793_600_000)?;
    wait_until("the daemon tells of its trouble", LONG, || {
        assert!(daemon.is_running()?, "the daemon died with its database:\n{}", daemon.log());
        Ok(daemon.log().contains("\"WARN\"") || daemon.log().contains("\"ERROR\""))
    })?;
    postgres.resume()?;
    wait_until("the letter is answered", LONG, || Ok(maildir::mails(&replies)?.len() == 1))?;
    daemon.stop()?;
    assert_eq!(homes[0].tickets()?.len(), 1);
    Ok(())
}
