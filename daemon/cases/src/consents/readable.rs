//! A proof told for people: made from the signed payload alone, so that both say the same.
//!
//! What strangers wrote stands in it too (a browser's name, the header line of a file): no word of
//! theirs can begin a line, hide one or turn its direction, and so look like a line of ours.

mod titles;

use domain::language::Locale;
use serde_json::Value;

use titles::Titles;

/// The payload as text, in the language it names.
pub(super) fn readable(payload: &Value) -> String {
    let locale = payload["locale"].as_str().and_then(Locale::from_code).unwrap_or_default();
    let titles = Titles::of(locale);
    let mut out = vec![titles.proof.to_owned()];
    line(&mut out, titles.made_by, &payload["organisation"]);
    line(&mut out, titles.responsible, &payload["contact_of_organisation"]);
    line(&mut out, titles.made_at, &payload["made_at"]);
    line(&mut out, titles.taken_by, &payload["made_by"]);
    for address in items(&payload["addresses"]) {
        line(&mut out, titles.address, &address["address"]);
    }
    for contact in items(&payload["contacts"]) {
        line(&mut out, titles.contact, contact);
    }
    heading(&mut out, titles.events);
    for hashed in items(&payload["events"]) {
        event(&mut out, hashed, titles);
    }
    standing(&mut out, payload, titles);
    for (title, key) in [(titles.text, "texts"), (titles.policy, "policies")] {
        for text in items(&payload[key]) {
            let (id, version, locale) =
                (word(&text["id"]), word(&text["version"]), word(&text["locale"]));
            heading(&mut out, &format!("{title} {id}, {} {version} ({locale})", titles.version));
            line(&mut out, "SHA-256", &text["sha256"]);
            out.push(String::new());
            body(&mut out, &text["body"]);
        }
    }
    audit(&mut out, payload, titles);
    heading(&mut out, titles.check);
    out.join("\n") + "\n"
}

/// Subscriptions, and the mails that brought a consent or rested on one.
fn standing(out: &mut Vec<String>, payload: &Value, titles: &Titles) {
    heading(out, titles.subscriptions);
    for held in items(&payload["subscriptions"]) {
        out.push(format!(
            "  {}  {}: {}, {} {}",
            word(&held["id"]),
            word(&held["list"]),
            word(&held["state"]),
            titles.rests_on,
            word(&held["consent"]),
        ));
    }
    heading(out, titles.mails);
    for mail in items(&payload["deliveries"]) {
        out.push(format!(
            "  {}  {} {} {}, {} {}, Message-ID <{}>",
            word(&mail["id"]),
            word(&mail["planned_at"]),
            word(&mail["occasion"]),
            word(&mail["state"]),
            titles.rests_on,
            word(&mail["rested_on"]),
            word(&mail["message_id"]),
        ));
    }
}

fn audit(out: &mut Vec<String>, payload: &Value, titles: &Titles) {
    heading(out, titles.audit);
    for entry in items(&payload["audit"]) {
        let sealed = &entry["sealed"];
        let place = if sealed.is_null() {
            titles.not_sealed.to_owned()
        } else {
            format!("{} {} ({})", titles.sealed, word(&sealed["batch"]), word(&sealed["hash"]))
        };
        out.push(format!(
            "  {}  {}  {} {} {}, {place}",
            word(&entry["id"]),
            word(&entry["at"]),
            word(&entry["actor"]),
            word(&entry["act"]),
            word(&entry["subject"]),
        ));
    }
}

fn event(out: &mut Vec<String>, hashed: &Value, titles: &Titles) {
    let event = &hashed["event"];
    heading(
        out,
        &format!(
            "  {}  {}  {} ({}), {}, {}",
            word(&event["id"]),
            word(&event["at"]),
            word(&event["act"]),
            word(&event["grade"]),
            word(&event["purpose"]),
            word(&event["list"]),
        ),
    );
    for (title, key) in [
        (titles.captured, "capture_point"),
        (titles.text_number, "text"),
        (titles.policy_number, "policy"),
        (titles.by, "actor"),
    ] {
        if !event[key].is_null() {
            out.push(format!("      {title}: {}", word(&event[key])));
        }
    }
    details(out, titles.evidence, &event["evidence"], 6);
    out.push(format!("      SHA-256: {}", word(&hashed["sha256"])));
}

/// Every value of the evidence on a line of its own, under the name it has in the file.
fn details(out: &mut Vec<String>, name: &str, value: &Value, indent: usize) {
    let pad = " ".repeat(indent);
    match value {
        Value::Object(members) => {
            out.push(format!("{pad}{name}:"));
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(key, _)| key.as_str());
            for (key, member) in members {
                details(out, &name_of(key), member, indent + 2);
            }
        }
        Value::Null => {}
        other => out.push(format!("{pad}{name}: {}", word(other))),
    }
}

/// A text of ours, line by line; the stroke before each shows where it begins and ends.
fn body(out: &mut Vec<String>, text: &Value) {
    let text = text.as_str().unwrap_or("-");
    out.extend(text.lines().map(|line| format!("  | {}", harmless(line)).trim_end().to_owned()));
}

/// A key of the evidence. Those of ours are plain words; any other may be a header of a file that
/// was imported, and stands in quotes.
fn name_of(key: &str) -> String {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if !key.is_empty() && key.chars().all(is_plain) {
        key.to_owned()
    } else {
        harmless(&Value::from(key).to_string())
    }
}

/// One line that reads as it stands: signs that break, hide or turn it are shown as one sign.
fn harmless(text: &str) -> String {
    text.chars().map(|c| if is_deceptive(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// Controls, line and paragraph separators, marks of direction, and what takes no room.
fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn heading(out: &mut Vec<String>, text: &str) {
    out.push(String::new());
    out.push(text.to_owned());
}

fn line(out: &mut Vec<String>, title: &str, value: &Value) {
    out.push(format!("{title}: {}", word(value)));
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn word(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => harmless(text),
        other => harmless(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn payload(key: &str, value: &str) -> Value {
        json!({
            "locale": "en", "organisation": value, "contact_of_organisation": value,
            "made_at": value, "made_by": value,
            "addresses": [{ "id": 1, "address": value }], "contacts": [1],
            "events": [{
                "event": {
                    "id": 1, "at": value, "act": value, "grade": value, "purpose": value,
                    "list": value, "capture_point": value, "actor": value,
                    "evidence": { key: value, "columns": { key: [value, { key: value }] } },
                },
                "sha256": value,
            }],
            "subscriptions": [{ "id": 1, "list": value, "state": value, "consent": 1 }],
            "deliveries": [{ "id": 1, "message_id": value, "state": value }],
            "texts": [{ "id": 1, "version": 1, "locale": value, "sha256": value, "body": value }],
            "policies": [],
            "audit": [{ "id": 1, "actor": value, "act": value, "subject": value }],
        })
    }

    #[test]
    fn no_header_of_a_file_and_no_other_word_makes_a_line_of_its_own() {
        let forged = "x\n\nEVENTS, oldest first\u{2028}  9  confirmed (proven)\r\u{85}a: b";
        let key = format!("{forged}\u{202e}");
        let lines = readable(&payload("k", "v")).lines().count();
        let told = readable(&payload(&key, "v"));
        assert_eq!(told.lines().count(), lines, "{told}");
        assert!(told.lines().all(|line| !line.starts_with("  9")), "{told}");
        let told = readable(&payload("k", forged));
        // The body of a text alone has lines, each behind its stroke.
        assert_eq!(told.lines().count(), lines + 2, "{told}");
        assert!(told.contains("\n  | EVENTS, oldest first\u{fffd}"), "{told}");
        assert!(!told.contains("\nEVENTS, oldest first\u{fffd}"), "{told}");
        assert!(!told.contains(['\u{2028}', '\u{202e}', '\r', '\u{85}']));
    }

    #[test]
    fn a_key_that_is_not_ours_stands_in_quotes() {
        assert_eq!(name_of("user_agent"), "user_agent");
        assert_eq!(name_of("confirmed: yes"), "\"confirmed: yes\"");
        assert_eq!(name_of("Дата\" x"), "\"Дата\\\" x\"");
    }

    proptest! {
        #[test]
        fn any_word_leaves_the_lines_as_they_are(key in "\\PC*|.*", value in ".*") {
            prop_assume!(key != "columns" && !value.contains(['\n', '\r']));
            let told = readable(&payload(&key, &value));
            let plain = readable(&payload("k", "v"));
            let missing = usize::from(value.is_empty());
            prop_assert_eq!(told.split('\n').count() + missing, plain.split('\n').count());
            prop_assert!(told.chars().all(|c| c == '\n' || !is_deceptive(c)));
        }
    }
}
