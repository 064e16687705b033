//! The command line as scripts see it: help, exit codes, JSON.

use std::process::Command;

use crate::local::{consentry, errors, out};
use serde_json::Value;

const EXAMPLE: &str = include_str!("../../../../config/consentry.toml");

fn sample(name: &str) -> String {
    format!("{}/demo/mails/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn every_command_has_a_help() {
    for command in [
        "demo",
        "init",
        "run",
        "migrate",
        "doctor",
        "status",
        "node",
        "node list",
        "node retire",
        "intake",
        "intake run",
        "classify",
        "ticket",
        "ticket list",
        "ticket show",
        "ticket correct",
        "classifier examples",
        "block",
        "block list",
        "block lift",
        "audit",
        "audit verify",
        "completions",
        "man",
        "reader",
    ] {
        let arguments: Vec<&str> = command.split(' ').chain(["--help"]).collect();
        let output = consentry(&arguments);
        assert_eq!(output.status.code(), Some(0), "{command}: {}", errors(&output));
        assert!(out(&output).contains("Usage: consentry"), "{command}");
    }
}

#[test]
fn wrong_usage_ends_with_two() {
    for arguments in [&["no-such-command"][..], &["classify"], &["intake", "run"], &[]] {
        assert_eq!(consentry(arguments).status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn a_wrong_configuration_ends_with_two_and_tells_every_error() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("consentry.toml");
    let text = EXAMPLE
        .replace("kind = \"imap\"", "kind = \"pop3\"")
        .replace("policy_version = ", "policy_vresion = ");
    std::fs::write(&path, text).expect("written");
    let path = path.display().to_string();
    for command in [&["run"][..], &["status"], &["doctor"], &["migrate"], &["ticket", "list"]] {
        let output = consentry(&[command, &["--config", &path]].concat());
        assert_eq!(output.status.code(), Some(2), "{command:?}");
        let told = errors(&output);
        for key in ["mailbox[0].kind", "organisation.policy_version", "organisation.policy_vresion"]
        {
            assert!(told.contains(key), "{command:?}: {key} is not in {told}");
        }
        assert!(out(&output).is_empty(), "{command:?}");
    }
}

#[test]
fn a_missing_secret_keeps_the_daemon_from_starting() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("consentry.toml");
    std::fs::write(&path, EXAMPLE).expect("written");
    let output = consentry(&["run", "--config", &path.display().to_string()]);
    assert_eq!(output.status.code(), Some(2));
    let told = errors(&output);
    assert!(told.contains("mailbox[0].password_file"), "{told}");
    assert!(told.contains("relay[0].password_file"), "{told}");
}

#[test]
fn classify_prints_one_object_a_line_in_the_promised_shape() {
    let erasure = sample("01-erasure-ru.eml");
    let bounce = sample("15-bounce-user-unknown.eml");
    let output = consentry(&["classify", "--json", &erasure, &bounce]);
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    let lines: Vec<Value> = out(&output)
        .lines()
        .map(|line| serde_json::from_str(line).expect("one object a line"))
        .collect();
    let [erasure, bounce] = lines.as_slice() else { panic!("{lines:#?}") };
    let keys: Vec<&str> =
        erasure.as_object().expect("an object").keys().map(String::as_str).collect();
    let mut expected = vec![
        "path",
        "kind",
        "labels",
        "language",
        "from",
        "subject",
        "new_text",
        "auto_reasons",
        "bounce",
    ];
    expected.sort_unstable();
    assert_eq!(keys, expected);
    assert_eq!(erasure["kind"], "human");
    assert_eq!(erasure["language"], "ru");
    assert_eq!(erasure["from"], "m.kovaleva@pochta.example");
    assert_eq!(erasure["bounce"], Value::Null);
    let label = &erasure["labels"][0];
    assert_eq!((&label["label"], &label["band"]), (&"erasure".into(), &"auto".into()));
    assert!(label["confidence"].as_f64().is_some_and(|share| share > 0.5 && share <= 1.0));
    assert!(label["evidence"][0]["rule"].is_string(), "{label}");
    assert_eq!(bounce["kind"], "bounce");
    assert_eq!(bounce["bounce"]["class"], "hard");
    assert_eq!(bounce["bounce"]["code"], "5.1.1");
}

#[test]
fn explain_shows_more_than_json_and_a_missing_file_fails_the_command() {
    let mail = sample("05-restriction-ru.eml");
    let bands = |options: &[&str]| -> Vec<String> {
        let output = consentry(&[&["classify", &mail][..], options].concat());
        let line: Value = serde_json::from_str(out(&output).trim()).expect("an object");
        let labels = line["labels"].as_array().expect("a list").clone();
        labels.iter().map(|label| label["band"].as_str().expect("a band").to_owned()).collect()
    };
    assert!(!bands(&["--json"]).contains(&"none".to_owned()));
    assert!(bands(&["--json", "--explain"]).len() >= bands(&["--json"]).len());
    let output = consentry(&["classify", "--json", "/nowhere/at-all.eml", &mail]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(out(&output).lines().count(), 2, "the others are judged all the same");
}

#[test]
fn init_writes_a_configuration_that_is_in_order_and_replaces_none() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("etc/consentry.toml").display().to_string();
    let first = consentry(&["init", "--example", "--config", &path]);
    assert_eq!(first.status.code(), Some(0), "{}", errors(&first));
    assert_eq!(std::fs::read_to_string(&path).expect("written"), EXAMPLE);
    assert_eq!(consentry(&["init", "--example", "--config", &path]).status.code(), Some(2));
}

#[test]
fn a_letter_becomes_a_ticket_with_a_block_that_can_be_lifted_once() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = crate::local::config(dir.path());
    let with = |arguments: &[&str]| consentry(&[arguments, &["--config", &config]].concat());
    let early = with(&["ticket", "list"]);
    assert_eq!(early.status.code(), Some(1));
    assert!(errors(&early).contains("consentry migrate"), "{}", errors(&early));
    assert_eq!(with(&["migrate"]).status.code(), Some(0));
    std::fs::copy(sample("02-erasure-en.eml"), dir.path().join("inbox/new/1793600000.M1.test"))
        .expect("delivered");
    let intake = with(&["intake", "run", "--once"]);
    assert_eq!(intake.status.code(), Some(0), "{}", errors(&intake));
    assert_eq!(out(&intake).lines().count(), 1);
    assert!(with(&["intake", "run", "--once"]).stdout.is_empty(), "a second poll finds nothing");
    let list: Value =
        serde_json::from_str(&out(&with(&["ticket", "list", "--json"]))).expect("JSON");
    let number = list["tickets"][0]["number"].as_str().expect("a ticket").to_owned();
    let shown: Value =
        serde_json::from_str(&out(&with(&["ticket", "show", &number, "--json"]))).expect("JSON");
    assert_eq!(shown["requests"][0]["name"], "erasure", "{shown:#}");
    assert!(shown["requests"][0]["duties"].as_array().is_some_and(|duties| duties.len() >= 2));
    assert_eq!(shown["address"], "oliver.grant@letterbox.example");
    let block = shown["blocks"][0]["id"].to_string();
    let lifted = with(&["block", "lift", &block, "--reason", "misread", "--actor", "Anna"]);
    assert_eq!(lifted.status.code(), Some(0), "{}", errors(&lifted));
    let again = with(&["block", "lift", &block, "--reason", "misread"]);
    assert_eq!(again.status.code(), Some(3));
    assert!(errors(&again).contains("block_is_lifted"), "{}", errors(&again));
    let missing = with(&["ticket", "show", "CT-00000000"]);
    assert_eq!(missing.status.code(), Some(1));
}

#[test]
fn the_doctor_names_what_is_wrong() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = crate::local::config(dir.path());
    assert_eq!(consentry(&["migrate", "--config", &config]).status.code(), Some(0));
    let sound = consentry(&["doctor", "--json", "--config", &config]);
    assert_eq!(sound.status.code(), Some(0), "{}{}", out(&sound), errors(&sound));
    std::fs::remove_dir_all(dir.path().join("inbox")).expect("removed");
    let ill = consentry(&["doctor", "--json", "--config", &config]);
    assert_eq!(ill.status.code(), Some(1));
    let findings: Value = serde_json::from_str(&out(&ill)).expect("JSON");
    let wrong: Vec<&Value> = findings["findings"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|one| one["ok"] == false)
        .collect();
    assert_eq!(wrong.len(), 1, "{findings:#}");
    assert_eq!(wrong[0]["what"], "mailbox hello");
}

#[test]
fn a_mistyped_address_is_wrong_usage_and_is_not_repeated() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = crate::local::config(dir.path());
    let with = |arguments: &[&str]| consentry(&[arguments, &["--config", &config]].concat());
    assert_eq!(with(&["migrate"]).status.code(), Some(0));
    for arguments in [
        &["consent", "show", "no body@mail.example"][..],
        &["consent", "proof", "no body@mail.example"],
        &["consent", "withdraw", "no body@mail.example", "--reason", "x"],
        &["contact", "show", "no body@mail.example"],
        &["campaign", "test", "x", "--to", "no body@mail.example"],
        &["campaign", "preview", "x", "--as", "body@mail.example"],
        &["contact", "attest", "body@mail.example"],
        &["list", "list", "body@mail.example"],
    ] {
        let output = with(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", errors(&output));
        assert!(!errors(&output).contains("body"), "{arguments:?}: {}", errors(&output));
    }
    for arguments in [["contact", "show", "77"], ["consent", "show", "77"]] {
        let output = with(&arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(errors(&output).contains("consentry contact export"), "{}", errors(&output));
    }
}

#[test]
fn a_list_that_is_not_open_says_why_and_the_doctor_tells_the_key() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = crate::local::config(dir.path());
    let with = |arguments: &[&str]| consentry(&[arguments, &["--config", &config]].concat());
    assert_eq!(with(&["migrate"]).status.code(), Some(0));
    assert!(out(&with(&["doctor"])).contains("consentry consent key"), "no key is made by looking");
    let key: Value =
        serde_json::from_str(&out(&with(&["consent", "key", "--json"]))).expect("JSON");
    let fingerprint = key["fingerprint"].as_str().expect("a fingerprint");
    let doctor = with(&["doctor"]);
    assert_eq!(doctor.status.code(), Some(0), "{}", out(&doctor));
    assert!(out(&doctor).contains(fingerprint), "{}", out(&doctor));
    let titles = ["--title-ru", "Новости", "--title-en", "News", "--advertiser", "Clinic"];
    let list = [&["list", "add", "news", "--purpose", "newsletter"][..], &titles].concat();
    assert_eq!(with(&list).status.code(), Some(0));
    for output in [with(&["list", "list"]), with(&["list", "show", "news"]), with(&["doctor"])] {
        let told = out(&output);
        assert!(told.contains("consentry list text news --locale ru"), "{told}");
        assert!(told.contains("consentry policy add 1 --locale en"), "{told}");
    }
    assert_eq!(with(&["doctor"]).status.code(), Some(1));
}

#[test]
fn an_export_that_nobody_reads_to_its_end_is_audited() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = crate::local::config(dir.path());
    let with = |arguments: &[&str]| consentry(&[arguments, &["--config", &config]].concat());
    assert_eq!(with(&["migrate"]).status.code(), Some(0));
    let mut export = Command::new(env!("CARGO_BIN_EXE_consentry"))
        .args(["contact", "export", "--actor", "Olga", "--config", &config])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("started");
    // The reader is gone before the first line.
    drop(export.stdout.take());
    assert!(export.wait().expect("ended").success());
    let database = std::fs::read_dir(dir.path().join("data")).expect("a directory");
    let written = database.flatten().any(|file| {
        let bytes = std::fs::read(file.path()).unwrap_or_default();
        bytes.windows(8).any(|bytes| bytes == b"exported")
    });
    assert!(written, "the end of the export is not in the audit");
}

#[test]
fn manual_and_completions_are_printed() {
    let man = consentry(&["man"]);
    assert_eq!(man.status.code(), Some(0));
    assert!(out(&man).contains("consentry-classify") && !out(&man).contains("consentry-reader"));
    for shell in ["bash", "zsh", "fish"] {
        let output = consentry(&["completions", shell]);
        assert_eq!(output.status.code(), Some(0), "{shell}");
        assert!(out(&output).contains("classify"), "{shell}");
    }
}

/// A Russian calendar with data for these years alone.
fn calendar(years: std::ops::RangeInclusive<i16>) -> String {
    let mut text = "id = \"ru\"\nholidays = [\"01-01\"]\n".to_owned();
    for year in years {
        text.push_str(&format!(
            "[year.{year}]\nsource = \"test\"\nweekdays_off = []\nworking_weekends = []\n"
        ));
    }
    text
}

#[test]
fn provisional_dates_become_final_when_the_daemon_starts_with_more_calendar_data() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = crate::local::config(dir.path());
    let file = dir.path().join("calendars/ru.toml");
    std::fs::create_dir_all(dir.path().join("calendars")).expect("made");
    std::fs::write(&file, calendar(2020..=2020)).expect("written");
    let mut text = std::fs::read_to_string(&config).expect("read");
    text.push_str(&format!(
        "listen = \"127.0.0.1:0\"\n[regimes]\ncalendars_directory = \"{}/calendars\"\n",
        dir.path().display()
    ));
    std::fs::write(&config, text).expect("written");
    let with = |arguments: &[&str]| consentry(&[arguments, &["--config", &config]].concat());
    std::fs::copy(sample("02-erasure-en.eml"), dir.path().join("inbox/new/one"))
        .expect("delivered");
    let intake = with(&["intake", "run", "--once"]);
    assert_eq!(intake.status.code(), Some(0), "{}", errors(&intake));
    let list: Value =
        serde_json::from_str(&out(&with(&["ticket", "list", "--json"]))).expect("JSON");
    let number = list["tickets"][0]["number"].as_str().expect("a ticket").to_owned();
    let provisional = || -> usize {
        let shown = out(&with(&["ticket", "show", &number, "--json"]));
        let shown: Value = serde_json::from_str(&shown).expect("JSON");
        let duties = shown["requests"][0]["duties"].as_array().expect("duties").clone();
        duties.iter().filter(|duty| duty["is_provisional"] == true).count()
    };
    assert!(provisional() > 0);
    std::fs::write(&file, calendar(2020..=2199)).expect("written");
    let mut daemon = Command::new(env!("CARGO_BIN_EXE_consentry"))
        .args(["run", "--config", &config])
        .env_remove("NOTIFY_SOCKET")
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("started");
    let is_final = (0..300).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(100));
        provisional() == 0
    });
    let id = rustix::process::Pid::from_child(&daemon);
    rustix::process::kill_process(id, rustix::process::Signal::TERM).expect("told");
    let status = daemon.wait().expect("ended");
    assert!(is_final, "still provisional");
    assert!(status.success(), "{status}");
}
