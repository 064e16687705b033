//! The command line around a verdict: why it was reached, what was left out, and its correction.

use std::process::Output;

use crate::local::{consentry, errors, out};
use serde_json::Value;

fn json(output: &Output) -> Value {
    serde_json::from_str(&out(output)).unwrap_or_else(|_| panic!("{}", errors(output)))
}

const LETTER: &str = "From: Anna <anna@letterbox.example>\r\nTo: hello@clinic.example\r\n\
    Subject: My account\r\nMessage-ID: <one@letterbox.example>\r\nDate: Mon, 2 Nov 2026 10:00:00 +0000\r\n\
    Content-Type: text/plain; charset=utf-8\r\n\r\n\
    Hello,\r\n\r\nplease delete all my personal data.\r\n\r\n-- \r\nAnna Smith\r\nOffice 12\r\n";
const ORDINARY: &str = "From: Boris <boris@letterbox.example>\r\nTo: hello@clinic.example\r\n\
    Subject: Monday\r\nMessage-ID: <two@letterbox.example>\r\nDate: Mon, 2 Nov 2026 10:00:00 +0000\r\n\
    Content-Type: text/plain; charset=utf-8\r\n\r\nHello, are you open on Monday at nine?\r\n";

#[test]
fn explain_shows_each_hit_with_its_place_and_what_was_left_out() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("letter.eml");
    std::fs::write(&file, LETTER).expect("written");
    let file = file.display().to_string();
    let told = consentry(&["classify", "--explain", &file]);
    assert_eq!(told.status.code(), Some(0), "{}", errors(&told));
    let told = out(&told);
    for part in [
        "  subject: My account\n",
        "  kind: human\n",
        "  language: ",
        "erasure: auto, confidence ",
        "--- the new text, which was judged\n  | Hello,\n",
        "--- what was left out\nsignature, bytes ",
        "  | Anna Smith\n",
    ] {
        assert!(told.contains(part), "{part:?} is not in\n{told}");
    }
    let both = json(&consentry(&["classify", "--explain", "--json", &file]));
    let text = both["new_text"].as_str().expect("a text");
    let mut located = 0;
    for hit in both["labels"][0]["evidence"].as_array().expect("hits") {
        let (Some(from), Some(to)) = (hit["span"][0].as_u64(), hit["span"][1].as_u64()) else {
            continue;
        };
        let (from, to) = (from as usize, to as usize);
        if hit["in_subject"] == true {
            continue;
        }
        let before = &text[..from];
        let (line, column) = (hit["line"].as_u64(), hit["column"].as_u64());
        assert_eq!(line, Some(before.matches('\n').count() as u64 + 1), "{hit}");
        assert!(column.is_some_and(|column| column >= 1) && to <= text.len(), "{hit}");
        located += 1;
        let rule = hit["rule"].as_str().expect("a rule");
        assert!(told.contains(rule) && hit["weight"].is_number(), "{rule} is not in\n{told}");
    }
    assert!(located > 0, "{both:#}");
    assert_eq!(both["cut"][0]["what"], "signature");
    assert!(both["cut"][0]["text"].as_str().is_some_and(|text| text.contains("Office 12")));
}

#[test]
fn a_verdict_is_corrected_once_shown_and_handed_out_as_an_example() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = crate::local::config(dir.path());
    let with = |arguments: &[&str]| consentry(&[arguments, &["--config", &config]].concat());
    assert_eq!(with(&["migrate"]).status.code(), Some(0));
    for (name, letter) in [("1793600000.M1.test", LETTER), ("1793600001.M2.test", ORDINARY)] {
        std::fs::write(dir.path().join("inbox/new").join(name), letter).expect("delivered");
    }
    let intake = with(&["intake", "run", "--once"]);
    assert_eq!(intake.status.code(), Some(0), "{}", errors(&intake));
    let list = json(&with(&["ticket", "list", "--json"]));
    let mut numbers: Vec<String> = list["tickets"]
        .as_array()
        .expect("tickets")
        .iter()
        .map(|ticket| ticket["number"].as_str().expect("a number").to_owned())
        .collect();
    let (Some(first), Some(second)) = (numbers.pop(), numbers.pop()) else { panic!("{list:#}") };

    // What was left out is said, and shown on demand.
    let shown = out(&with(&["ticket", "show", &first]));
    assert!(shown.contains("(left out: signature (") && !shown.contains("Office 12"), "{shown}");
    let whole = out(&with(&["ticket", "show", &first, "--full"]));
    assert!(whole.contains("[signature] Office 12"), "{whole}");
    let shown = json(&with(&["ticket", "show", &first, "--json"]));
    assert_eq!(shown["submissions"][0]["content"]["cut"][0]["what"], "signature");

    let correct = ["ticket", "correct", &second, "--labels", "erasure,access", "--actor", "Olga"];
    let noted = [&correct[..], &["--note", "she means her account", "--json"]].concat();
    let done = with(&noted);
    assert_eq!(done.status.code(), Some(0), "{}", errors(&done));
    let done = json(&done);
    assert_eq!(done["consequences"]["opened"], serde_json::json!(["erasure", "access"]));
    assert_eq!(done["before"]["labels"], serde_json::json!(["other"]));
    let again = with(&correct);
    assert_eq!(again.status.code(), Some(0));
    assert!(out(&again).contains("nothing was changed"), "{}", out(&again));
    let shown = json(&with(&["ticket", "show", &second, "--json"]));
    let correction = &shown["submissions"][0]["corrections"][0];
    assert_eq!(correction["note"], "she means her account");
    assert_eq!(
        (&correction["actor"], shown["requests"].as_array().map(Vec::len)),
        (&"Olga".into(), Some(2))
    );
    let text = out(&with(&["ticket", "show", &second]));
    assert!(text.contains("by Olga: human erasure access"), "{text}");

    let refused = with(&["ticket", "correct", &second, "--labels", "other,access"]);
    assert_eq!(refused.status.code(), Some(3));
    assert!(errors(&refused).contains("other_stands_alone"), "{}", errors(&refused));
    for wrong in [&["--labels", "erasures"][..], &["--marks", "boss"], &["--kind", "letter"], &[]] {
        let output = with(&[&["ticket", "correct", &second], wrong].concat());
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
    }
    assert_eq!(
        with(&["ticket", "correct", "CT-00000000", "--labels", "other"]).status.code(),
        Some(1)
    );

    let examples = with(&["classifier", "examples"]);
    assert!(errors(&examples).contains("letters of people"), "{}", errors(&examples));
    let example = json(&examples);
    assert_eq!(example["labels"], serde_json::json!(["erasure", "access"]));
    assert_eq!(example["headers"], serde_json::json!({ "Subject": "Monday" }));
    let file = dir.path().join("examples.jsonl").display().to_string();
    let written = json(&with(&["classifier", "examples", "--out", &file, "--json"]));
    assert_eq!((&written["examples"], &written["destroyed"]), (&1.into(), &0.into()));
    assert_eq!(std::fs::read_to_string(&file).expect("written").trim(), out(&examples).trim());
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(&file).expect("there").permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
    let taken = with(&["classifier", "examples", "--out", &file]);
    assert_eq!(taken.status.code(), Some(1), "no file is overwritten");
}
