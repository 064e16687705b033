//! What goes wrong on the way in: the mailbox, the disk. Nothing is lost, nothing is done twice.

use tests::{
    Result,
    daemon::{Home, MailboxSettings, Settings},
    disk::SmallDisk,
    maildir,
    place::Place,
    scripted::{ImapFault, ScriptedImap},
    smtp,
    wait::{LONG, wait_until},
};

use crate::clinic::{ANNA, BORIS, Clinic, HELLO, SECRET, erasure};

const RECEIVED: &str = "02-Nov-2026 09:14:22 +0300";

/// A home whose mailbox is the scripted server and whose answers go into a Maildir.
fn home_on(place: &Place, server: &ScriptedImap) -> Result<Home> {
    let replies = place.path().join("replies");
    maildir::make(&replies)?;
    let mut settings = Settings::embedded(HELLO, &replies, &replies);
    settings.mailbox =
        MailboxSettings::Imap { port: server.port(), tls: "none", authority: None, move_to: None };
    Home::make(place, "home", &settings)
}

fn answers(place: &Place) -> Result<usize> {
    Ok(maildir::mails(&place.path().join("replies"))?.len())
}

/// Two letters, one fault: both must be filed in the end, each once, each answered once.
fn survives(fault: ImapFault, explained: &[&str]) -> Result<()> {
    let place = Place::new()?;
    let server = ScriptedImap::start()?;
    server.add("INBOX", &erasure(ANNA, "one@post.example"), RECEIVED);
    server.add("INBOX", &erasure(BORIS, "two@post.example"), RECEIVED);
    server.fault(fault.clone());
    let home = home_on(&place, &server)?;
    let mut daemon = home.launch(&[])?;
    wait_until(&format!("both letters are answered in spite of {fault:?}"), LONG, || {
        assert!(daemon.is_running()?, "the daemon died of {fault:?}:\n{}", daemon.log());
        Ok(answers(&place)? == 2)
    })?;
    assert!(server.faults_are_spent(), "{fault:?} was never met: {:?}", server.commands());
    daemon.stop()?;
    assert_eq!(answers(&place)?, 2, "{fault:?}");
    assert_eq!(home.tickets()?.len(), 2, "{fault:?}");
    let commands = server.commands();
    assert!(!commands.iter().any(|c| c.contains("ENVELOPE") || c.contains("BODYSTRUCTURE")));
    home.check_log(&[SECRET], explained)
}

#[test]
fn a_fetch_answered_no_or_bad_is_no_empty_mailbox() -> Result<()> {
    for status in ["NO [INUSE] try again", "BAD unknown command"] {
        survives(ImapFault::Answer("UID FETCH", status), &["mailbox"])?;
    }
    Ok(())
}

#[test]
fn a_connection_cut_in_a_literal_loses_no_mail() -> Result<()> {
    for bytes in [0, 1, 300] {
        survives(ImapFault::CutInLiteral(bytes), &["mailbox"])?;
    }
    Ok(())
}

#[test]
fn a_connection_cut_between_two_answers_loses_no_mail() -> Result<()> {
    survives(ImapFault::CutBetweenAnswers, &["mailbox"])
}

#[test]
fn a_mail_the_server_left_out_is_asked_for_again() -> Result<()> {
    survives(ImapFault::LeaveOut(1), &["mailbox"])
}

#[test]
fn a_refused_login_or_select_is_tried_again() -> Result<()> {
    survives(ImapFault::Answer("SELECT", "NO [SERVERBUG] broken"), &["mailbox"])?;
    survives(ImapFault::Close("SELECT"), &["mailbox"])?;
    survives(ImapFault::Close("UID STORE"), &["mailbox"])
}

#[test]
fn a_changed_uid_validity_files_nothing_twice() -> Result<()> {
    let place = Place::new()?;
    let server = ScriptedImap::start()?;
    server.add("INBOX", &erasure(ANNA, "one@post.example"), RECEIVED);
    let home = home_on(&place, &server)?;
    home.say(&["intake", "run", "--once"])?;
    server.folder("INBOX", |folder| {
        folder.validity += 1;
        folder.next_uid = 1;
        let mails = std::mem::take(&mut folder.mails);
        for mail in mails {
            folder.add(&mail.raw, &mail.internal_date);
        }
        folder.add(&erasure(BORIS, "two@post.example"), RECEIVED);
    });
    home.say(&["intake", "run", "--once"])?;
    home.say(&["intake", "run", "--once"])?;
    let tickets = home.tickets()?;
    assert_eq!(tickets.len(), 2, "{tickets:?}");
    Ok(())
}

#[test]
fn a_mailbox_emptied_by_another_client_is_an_empty_mailbox() -> Result<()> {
    let clinic = Clinic::open()?;
    let home = Home::make(&clinic.place, "home", &clinic.settings())?;
    smtp::submit(clinic.postfix.port(), ANNA, &[HELLO], &erasure(ANNA, "one@post.example"))?;
    let mut daemon = home.run()?;
    clinic.mails_of(ANNA, 1)?;
    clinic.dovecot.session(HELLO)?.empty("INBOX")?;
    smtp::submit(clinic.postfix.port(), BORIS, &[HELLO], &erasure(BORIS, "two@post.example"))?;
    clinic.mails_of(BORIS, 1)?;
    daemon.stop()?;
    assert_eq!(clinic.store.mails(ANNA)?.len(), 1);
    assert_eq!(home.tickets()?.len(), 2);
    home.check_log(&[SECRET], &[])
}

#[test]
fn a_mail_server_that_is_killed_or_restarted_loses_no_mail() -> Result<()> {
    let mut clinic = Clinic::open()?;
    let home = Home::make(&clinic.place, "home", &clinic.settings())?;
    let mut daemon = home.run()?;
    clinic.dovecot.kill()?;
    smtp::submit(clinic.postfix.port(), ANNA, &[HELLO], &erasure(ANNA, "one@post.example"))?;
    wait_until("status tells of the mailbox", LONG, || {
        Ok(!home.json(&["status"])?["mailboxes"][0]["trouble"].is_null())
    })?;
    clinic.dovecot.resume()?;
    clinic.mails_of(ANNA, 1)?;
    clinic.dovecot.stop()?;
    clinic.dovecot.resume()?;
    smtp::submit(clinic.postfix.port(), BORIS, &[HELLO], &erasure(BORIS, "two@post.example"))?;
    clinic.mails_of(BORIS, 1)?;
    daemon.stop()?;
    assert_eq!(home.tickets()?.len(), 2);
    home.check_log(&[SECRET], &["mailbox"])
}

#[test]
fn a_full_disk_loses_no_mail_and_is_said_in_status() -> Result<()> {
    let place = Place::new()?;
    let (mailbox, replies) = (place.path().join("hello"), place.path().join("replies"));
    maildir::make(&mailbox)?;
    maildir::make(&replies)?;
    let disk = SmallDisk::mount(&place, "disk", 24)?;
    let mut settings = Settings::embedded(HELLO, &mailbox, &replies);
    settings.data = Some(disk.path().to_owned());
    let home = Home::make(&place, "home", &settings)?;
    let mut daemon = home.run()?;
    disk.fill()?;
    maildir::deliver(&mailbox, &erasure(ANNA, "one@post.example"), 1_793_600_000)?;
    wait_until("the daemon tells of its trouble", LONG, || {
        assert!(daemon.is_running()?, "the daemon died of a full disk:\n{}", daemon.log());
        Ok(daemon.log().contains("\"WARN\"") || daemon.log().contains("\"ERROR\""))
    })?;
    disk.relieve()?;
    wait_until("the letter is answered", LONG, || Ok(maildir::mails(&replies)?.len() == 1))?;
    daemon.stop()?;
    assert_eq!(home.tickets()?.len(), 1);
    Ok(())
}

#[test]
fn a_mail_over_the_limit_is_filed_by_its_header_alone() -> Result<()> {
    let place = Place::new()?;
    let server = ScriptedImap::start()?;
    let mut large = erasure(ANNA, "large@post.example");
    large.extend(vec![b'A'; 50 << 20]);
    server.add("INBOX", &large, RECEIVED);
    server.add("INBOX", &erasure(BORIS, "two@post.example"), RECEIVED);
    let home = home_on(&place, &server)?;
    let said = home.say(&["intake", "run", "--once"])?;
    let tickets = home.tickets()?;
    assert_eq!(tickets.len(), 2, "{said}");
    let review = tickets.iter().map(|ticket| ticket["review"].to_string()).collect::<String>();
    assert!(review.contains("too_big"), "{review}");
    for command in server.commands().iter().filter(|command| command.contains("BODY.PEEK[]")) {
        assert!(!command.starts_with("UID FETCH 1 "), "the whole mail was fetched: {command}");
    }
    Ok(())
}

#[test]
fn the_clock_starts_when_the_server_received_the_letter_not_at_its_date_or_our_poll() -> Result<()>
{
    let place = Place::new()?;
    let server = ScriptedImap::start()?;
    // The letter itself says 2 November; the server took it on the 6th, a Friday.
    server.add("INBOX", &erasure(ANNA, "one@post.example"), "06-Nov-2026 18:30:00 +0300");
    let home = home_on(&place, &server)?;
    home.say(&["intake", "run", "--once"])?;
    let number = home.tickets()?[0]["number"].as_str().unwrap_or_default().to_owned();
    let shown = home.json(&["ticket", "show", &number])?;
    let requests = shown["requests"].to_string();
    assert!(requests.contains("\"received_at\":\"2026-11-06T15:30:00Z\""), "{shown:#}");
    // Ten working days after 6 November 2026 (RULES 1.3): the 20th.
    assert!(requests.contains("\"legal_due_on\":\"2026-11-20\""), "{shown:#}");
    Ok(())
}
