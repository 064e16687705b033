//! A proof told for people: made from the signed payload alone, so that both say the same.

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
            heading(&mut out, &word(&text["body"]));
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
                details(out, key, member, indent + 2);
            }
        }
        Value::Null => {}
        // What a stranger's browser said of itself stands here too: one line, no signs.
        other => {
            let told = word(other).replace(char::is_control, " ");
            out.push(format!("{pad}{name}: {told}"));
        }
    }
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
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
