//! How often ordinary letters are marked as special, and how much of what is special is found, on
//! the labelled mails of `tests/corpus/authored` and on letters written for this test.

use domain::special::{SpecialKind, find};
use serde_json::Value;

/// Letters that tell of health or hold numbers of papers; one JSON object a line.
const WRITTEN: &str = include_str!("special/letters.jsonl");

fn text_of(mail: &Value) -> String {
    let part = |name: &str| mail[name].as_str().unwrap_or_default();
    let subject = mail["headers"]["Subject"].as_str().unwrap_or_default();
    format!("{subject}\n{}\n{}", part("text"), part("html"))
}

fn corpus() -> Vec<Value> {
    let folder = format!("{}/../../tests/corpus/authored", env!("CARGO_MANIFEST_DIR"));
    let mut mails = Vec::new();
    for letter in 'a'..='z' {
        let text = std::fs::read_to_string(format!("{folder}/mails-{letter}.jsonl"));
        let text = text.expect("the corpus stands in the checkout");
        mails.extend(text.lines().map(|line| serde_json::from_str(line).expect("JSON")));
    }
    mails
}

#[test]
fn few_ordinary_letters_are_marked() {
    let mails = corpus();
    let share = |kind: SpecialKind| {
        let found = mails.iter().filter(|mail| find(&text_of(mail)).has(kind)).count();
        (found, found as f64 / mails.len() as f64)
    };
    let (health, health_share) = share(SpecialKind::Health);
    let (papers, papers_share) = share(SpecialKind::IdentityPaper);
    println!(
        "of {}: health {health} ({health_share:.4}), papers {papers} ({papers_share:.4})",
        mails.len()
    );
    assert!(health_share < 0.05, "{health}");
    assert!(papers_share < 0.05, "{papers}");
}

#[test]
fn what_is_special_is_found_in_letters_written_for_it() {
    let (mut right, mut all) = (0, 0);
    let mut missed = Vec::new();
    for line in WRITTEN.lines() {
        let letter: Value = serde_json::from_str(line).expect("JSON");
        let wanted = letter["special"].as_str().expect("words");
        let found = find(letter["text"].as_str().expect("a text")).words();
        all += 1;
        if found == wanted {
            right += 1;
        } else {
            missed.push(format!("{}: wanted `{wanted}`, found `{found}`", letter["id"]));
        }
    }
    println!("{right} of {all}; {missed:?}");
    assert!(f64::from(right) >= 0.9 * f64::from(all), "{missed:?}");
}
