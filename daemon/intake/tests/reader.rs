//! The reader child as a real process: what it answers, and what it dies of.

use std::{path::PathBuf, time::Duration};

use intake::child::{Reader, ReaderConfig, ReaderError};

/// The example program stands beside the test's directory.
fn program() -> PathBuf {
    let test = std::env::current_exe().expect("own path");
    let profile = test.parent().and_then(|deps| deps.parent()).expect("target/debug");
    profile.join("examples/reader")
}

fn reader(limit: Duration) -> Reader {
    Reader::new(ReaderConfig { time_limit: limit, ..ReaderConfig::new(program(), vec![]) })
}

fn shell(script: &str) -> Reader {
    let arguments = vec!["-c".to_owned(), script.to_owned()];
    Reader::new(ReaderConfig {
        time_limit: Duration::from_millis(800),
        ..ReaderConfig::new("/bin/sh".into(), arguments)
    })
}

fn mail(subject: &str) -> Vec<u8> {
    format!("From: a@mail.example\r\nSubject: {subject}\r\n\r\ntext of {subject}\r\n").into_bytes()
}

#[tokio::test]
async fn mails_are_read_one_after_the_other_by_one_child() {
    let mut reader = reader(Duration::from_secs(20));
    for n in 0..50 {
        let (mail, classification) = reader.read(&mail(&n.to_string())).await.expect("read");
        assert_eq!(mail.subject, n.to_string());
        assert_eq!(classification.new_text.trim(), format!("text of {n}"));
    }
    assert!(matches!(reader.read(b"").await, Err(ReaderError::Unreadable)));
    let mut big = mail("big");
    big.resize(30 * 1024 * 1024, b'x');
    assert!(reader.read(&big).await.is_ok());
    assert!(reader.read(&mail("file")).await.is_ok(), "no file can be opened");
    reader.close().await;
}

#[tokio::test]
async fn a_mail_that_kills_the_child_is_blamed_and_the_next_is_read() {
    let mut reader = reader(Duration::from_secs(20));
    for deadly in ["panic", "abort", "memory"] {
        let error = reader.read(&mail(deadly)).await.expect_err(deadly);
        assert!(matches!(error, ReaderError::Died { .. }), "{deadly}: {error}");
        assert!(error.counts());
        assert!(reader.read(&mail("next")).await.is_ok(), "after {deadly}");
    }
}

#[tokio::test]
async fn a_mail_that_never_ends_is_stopped() {
    let mut reader = reader(Duration::from_millis(600));
    let error = reader.read(&mail("spin")).await.expect_err("never ends");
    assert!(matches!(error, ReaderError::TimedOut(_)) && error.counts(), "{error}");
    assert!(reader.read(&mail("next")).await.is_ok());
}

#[tokio::test]
async fn no_mail_is_blamed_for_a_child_that_cannot_run() {
    let missing = ReaderConfig::new("/nonexistent/reader".into(), vec![]);
    for mut reader in [Reader::new(missing), shell("exit 0"), shell("sleep 9")] {
        let error = reader.read(&mail("x")).await.expect_err("no child");
        assert!(matches!(error, ReaderError::Unavailable(_)) && !error.counts(), "{error}");
    }
    // Ready (frame of one byte 0), then gone before it took the mail.
    let error = shell("printf '\\001\\000\\000\\000\\000'").read(&mail("x")).await;
    assert!(matches!(error, Err(ReaderError::Unavailable(_))), "{error:?}");
}

#[tokio::test]
async fn an_answer_out_of_order_is_not_taken() {
    // Ready, then a second Ready where an answer is due.
    let script = "printf '\\001\\000\\000\\000\\000\\001\\000\\000\\000\\000'; sleep 9";
    let error = shell(script).read(&mail("x")).await;
    assert!(matches!(error, Err(ReaderError::Garbled)), "{error:?}");
    let mut garbling = shell("printf '\\001\\000\\000\\000\\000\\377\\377\\377\\377'; sleep 9");
    let error = garbling.read(&mail("x")).await;
    assert!(matches!(error, Err(ReaderError::Garbled)), "{error:?}");
}
