//! The demo: the whole inbound flow with nothing installed.

use std::process::Command;

use serde_json::Value;
use tests::{Result, daemon::program, place::Place};

#[test]
fn the_demo_files_every_sample_mail_and_ends_by_itself() -> Result<()> {
    let place = Place::new()?;
    let dir = place.path().join("demo");
    let output = Command::new(program()?)
        .args(["demo", "--until-idle", "--json", "--dir"])
        .arg(&dir)
        .output()?;
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{errors}");
    let document: Value = serde_json::from_slice(&output.stdout)?;
    let messages = document["messages"].as_array().expect("a list of messages");
    assert!(messages.len() >= 20, "{document:#}");
    let of = |name: &str| {
        let found = messages.iter().find(|m| m["path"].as_str().is_some_and(|p| p.contains(name)));
        found.unwrap_or_else(|| panic!("no {name} in {document:#}"))
    };
    for (name, label, block, reply) in [
        ("01-erasure-ru", "erasure", true, true),
        ("02-erasure-en", "erasure", true, true),
        ("05-restriction-ru", "restriction", true, true),
        ("07-consent-withdrawal-ru", "consent_withdrawal", true, true),
        ("06-access-en", "access", false, true),
        ("09-stop-marketing-ru", "stop_marketing", true, true),
    ] {
        let message = of(name);
        let labels = message["labels"].as_array().expect("a list of labels");
        assert!(labels.iter().any(|l| l == label), "{name}: {message}");
        assert!(message["ticket"].is_string(), "{name}: {message}");
        assert_eq!(
            (&message["block"], &message["reply"]),
            (&block.into(), &reply.into()),
            "{name}"
        );
    }
    for name in ["15-bounce", "16-bounce", "17-auto-reply", "18-newsletter", "19-complaint"] {
        let message = of(name);
        assert_eq!(
            (&message["ticket"], &message["reply"]),
            (&Value::Null, &false.into()),
            "{name}"
        );
    }
    assert_eq!(of("24-thanks")["block"], false, "quoted words are not the person's own");
    assert_eq!(of("25-erasure-reminder")["ticket"], of("01-erasure-ru")["ticket"]);
    assert!(of("23-broken")["ticket"].is_string(), "what cannot be read is a person's task");
    let late = of("26-erasure-while-the-campaign-runs");
    assert!(late["labels"].as_array().expect("labels").iter().any(|label| label == "erasure"));
    assert_eq!(late["block"], true, "{late}");
    check_campaign(&document["campaign"]);
    assert_eq!(document["after_stop"], 0, "a word to hello@ stops the very next mail");
    // Two went unmailed, and nobody was mailed twice.
    let sent = tests::maildir::mails(&dir.join("replies"))?;
    let newsletters: Vec<String> = sent
        .iter()
        .map(|mail| String::from_utf8_lossy(mail).into_owned())
        .filter(|mail| mail.contains("List-Unsubscribe-Post:"))
        .collect();
    assert_eq!(Value::from(newsletters.len()), document["campaign"]["accepted"]);
    for stopped in ["v.stepanova@", "g.tarasov@"] {
        assert!(!newsletters.iter().any(|mail| mail.contains(stopped)), "{stopped}");
    }
    Ok(())
}

/// The sums, and the two readers who stopped the campaign while it ran.
fn check_campaign(campaign: &Value) {
    let number = |value: &Value| value.as_i64().unwrap_or_default();
    let sum =
        |value: &Value| -> i64 { value.as_object().expect("reasons").values().map(number).sum() };
    let states = ["planned", "claimed", "accepted", "deferred", "rejected", "uncertain"];
    let rows: i64 = states.iter().map(|state| number(&campaign[state])).sum();
    assert_eq!(
        number(&campaign["candidates"]),
        sum(&campaign["excluded"]) + number(&campaign["audience"]),
        "{campaign}"
    );
    assert_eq!(number(&campaign["audience"]), rows + sum(&campaign["withheld"]), "{campaign}");
    assert_eq!(campaign["excluded"]["no_proven_consent"], 4, "{campaign}");
    assert_eq!(campaign["excluded"]["not_confirmed"], 1, "{campaign}");
    assert_eq!(campaign["withheld"]["full_block"], 1, "{campaign}");
    assert_eq!(campaign["withheld"]["unsubscribed"], 1, "{campaign}");
}
