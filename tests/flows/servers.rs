//! Each server of the harness starts, does its work, survives what a test does to it, and ends.

use std::{fs::File, process::Command};

use tests::{
    Result,
    certificates::Certificates,
    dkim::DkimKeys,
    imap::ImapSession,
    letter::{Letter, Transfer},
    place::Place,
    scripted::{ImapFault, ScriptedImap, ScriptedSmtp, SmtpFault},
    servers::{Dovecot, MailStore, Postfix, Postgres, SmtpSink, smtp_tools},
    smtp,
    wait::{LONG, wait_for, wait_until},
};

const HELLO: &str = "hello@clinic.example";

fn letter(subject: &str) -> Vec<u8> {
    Letter::new("Анна", "anna@post.example", HELLO)
        .subject(subject)
        .text("Удалите мои данные.\n")
        .encoded("koi8-r", Transfer::EightBit)
        .bytes()
}

#[test]
fn a_letter_sent_by_smtp_is_seen_by_imap() -> Result<()> {
    let place = Place::new()?;
    let tls = Certificates::make(&place)?;
    let store = MailStore::make(&place, &[HELLO, "anna@post.example"])?;
    let dovecot = Dovecot::start(&place, &store, &tls)?;
    let postfix = Postfix::start(&place, &store, &tls, Some(&dovecot))?;

    smtp::submit(postfix.port(), "anna@post.example", &[HELLO], &letter("one"))?;
    let held = wait_for("the letter lies in the mailbox", LONG, || {
        Ok(dovecot.session(HELLO)?.list("INBOX")?.pop())
    })?;
    assert_eq!(held.uid, 1);
    let raw = String::from_utf8_lossy(&held.raw).into_owned();
    assert!(raw.contains("Return-Path: <anna@post.example>"), "{raw}");
    assert!(smtp::submit(postfix.port(), "a@b.example", &["nobody@post.example"], b"x").is_err());

    let mut session = smtp::Session::connect(postfix.port())?;
    let offered = session.step("EHLO test.example", 250)?;
    assert!(offered.iter().any(|line| line.contains("STARTTLS")), "{offered:?}");
    Ok(())
}

#[test]
fn dovecot_keeps_its_mail_over_kill_and_changes_its_uid_validity() -> Result<()> {
    let place = Place::new()?;
    let tls = Certificates::make(&place)?;
    let store = MailStore::make(&place, &[HELLO])?;
    let mut dovecot = Dovecot::start(&place, &store, &tls)?;
    let mut session = dovecot.session(HELLO)?;
    let before = session.select("INBOX")?;
    session.append("INBOX", &letter("one"), Some("02-Nov-2026 09:14:22 +0300"))?;
    store.deliver(HELLO, &letter("two"), 1_793_600_000)?;

    dovecot.kill()?;
    dovecot.resume()?;
    assert_eq!(dovecot.session(HELLO)?.list("INBOX")?.len(), 2);

    dovecot.stop()?;
    store.change_uid_validity(HELLO)?;
    dovecot.resume()?;
    let mut session = dovecot.session(HELLO)?;
    assert_ne!(session.select("INBOX")?, before);
    assert_eq!(session.list("INBOX")?.len(), 2);
    session.empty("INBOX")?;
    assert!(session.list("INBOX")?.is_empty());
    assert!(ImapSession::sign_in(dovecot.port(), HELLO, "wrong").is_err());
    Ok(())
}

#[test]
fn postgres_gives_fresh_databases_and_keeps_them_over_kill() -> Result<()> {
    let mut postgres = Postgres::start()?;
    let (one, two) = (postgres.database()?, postgres.database()?);
    assert_ne!(one, two);
    let name = one.rsplit('/').next().unwrap_or_default().to_owned();
    postgres.execute(&name, "CREATE TABLE t (a int); INSERT INTO t VALUES (7)")?;
    postgres.kill()?;
    postgres.resume()?;
    assert_eq!(postgres.execute(&name, "SELECT a FROM t")?.trim(), "7");
    postgres.stop()?;
    assert!(postgres.execute(&name, "SELECT 1").is_err());
    Ok(())
}

#[test]
fn the_sink_takes_what_the_source_sends_and_refuses_when_told() -> Result<()> {
    let place = Place::new()?;
    let sink = SmtpSink::start(&place, &[])?;
    smtp_tools::send_with_source(sink.port(), 4, 200, 2_000)?;
    let refusing = SmtpSink::start(&place, &["-f", "RCPT"])?;
    assert!(smtp::submit(refusing.port(), "a@b.example", &["c@d.example"], b"x").is_err());
    Ok(())
}

#[test]
fn a_scripted_imap_server_is_honest_until_a_fault_is_due() -> Result<()> {
    let server = ScriptedImap::start()?;
    server.add("INBOX", &letter("one"), "02-Nov-2026 09:14:22 +0300");
    server.add("INBOX", &letter("two"), "02-Nov-2026 09:14:23 +0300");
    let mut session = ImapSession::sign_in(server.port(), HELLO, "secret")?;
    assert_eq!(session.list("INBOX")?[1].raw, letter("two"));

    server.fault(ImapFault::Answer("UID FETCH", "NO [INUSE] try again"));
    assert!(session.list("INBOX").is_err());
    server.fault(ImapFault::LeaveOut(1));
    assert_eq!(session.list("INBOX")?.len(), 1);
    server.fault(ImapFault::CutInLiteral(10));
    assert!(session.list("INBOX").is_err());
    assert!(server.faults_are_spent());
    assert!(ImapSession::sign_in(server.port(), HELLO, "wrong").is_err());
    assert_eq!(server.connections(), 2);
    Ok(())
}

#[test]
fn a_scripted_smtp_server_keeps_what_it_took_and_cuts_when_told() -> Result<()> {
    let server = ScriptedSmtp::start(&["PIPELINING", "8BITMIME"])?;
    let send = || smtp::submit(server.port(), "a@b.example", &["c@d.example"], b"A: b\n\n.dot\n");
    send()?;
    assert_eq!(server.taken()[0].raw, b"A: b\r\n\r\n.dot\r\n");
    for (fault, taken) in [
        (SmtpFault::Reply("RCPT", "450 4.2.0 later"), 1),
        (SmtpFault::CutInBody(4), 1),
        (SmtpFault::CutAfterDot, 2),
        (SmtpFault::ReplyToDot("552 5.2.2 full"), 2),
    ] {
        server.fault(fault.clone());
        assert!(send().is_err(), "{fault:?}");
        assert_eq!(server.taken().len(), taken, "{fault:?}");
    }
    wait_until("all faults are spent", LONG, || Ok(server.faults_are_spent()))
}

#[test]
fn opendkim_tells_a_right_signature_from_a_wrong_one() -> Result<()> {
    let place = Place::new()?;
    let keys = DkimKeys::make(&place, "clinic.example")?;
    let unsigned = letter("one");
    assert!(!keys.verify(&place, &unsigned)?);
    let path = place.file("unsigned.eml", &unsigned)?;
    let signing = Command::new("/usr/sbin/opendkim-testmsg")
        .args(["-d", "clinic.example", "-s", "rsa", "-k"])
        .arg(&keys.rsa)
        .stdin(File::open(path)?)
        .output()?;
    let signed = signing.stdout;
    assert!(keys.verify(&place, &signed)?);
    let changed = [signed, b"one more line\r\n".to_vec()].concat();
    assert!(!keys.verify(&place, &changed)?);
    Ok(())
}
