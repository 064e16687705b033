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
    assert_eq!(document["campaign"], Value::Null);
    assert_eq!(document["after_stop"], Value::Null);
    Ok(())
}
