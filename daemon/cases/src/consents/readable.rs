//! A proof told for people: made from the signed payload alone, so that both say the same.

use serde_json::Value;

/// The payload as text.
pub(super) fn readable(payload: &Value) -> String {
    let mut out = Vec::new();
    out.push("PROOF OF CONSENT".to_owned());
    line(&mut out, "Made by", &payload["organisation"]);
    line(&mut out, "Contact", &payload["contact_of_organisation"]);
    line(&mut out, "Made at", &payload["made_at"]);
    line(&mut out, "Taken by", &payload["made_by"]);
    for address in items(&payload["addresses"]) {
        line(&mut out, "Address", &address["address"]);
    }
    for contact in items(&payload["contacts"]) {
        line(&mut out, "Contact number", contact);
    }
    out.push(String::new());
    out.push("EVENTS, oldest first".to_owned());
    for hashed in items(&payload["events"]) {
        event(&mut out, hashed);
    }
    out.push(String::new());
    out.push("SUBSCRIPTIONS as they stand".to_owned());
    for held in items(&payload["subscriptions"]) {
        let (id, list, state) = (word(&held["id"]), word(&held["list"]), word(&held["state"]));
        out.push(format!(
            "  {id}  list {list}: {state}, rests on event {}",
            word(&held["consent"])
        ));
    }
    out.push(String::new());
    out.push("MAILS that brought a consent or rested on one".to_owned());
    for mail in items(&payload["deliveries"]) {
        out.push(format!(
            "  {}  {} {} on {}, rested on event {}, Message-ID <{}>",
            word(&mail["id"]),
            word(&mail["occasion"]),
            word(&mail["state"]),
            word(&mail["planned_at"]),
            word(&mail["rested_on"]),
            word(&mail["message_id"]),
        ));
    }
    for (title, key) in [("CONSENT TEXT", "texts"), ("POLICY", "policies")] {
        for text in items(&payload[key]) {
            out.push(String::new());
            let (id, version, locale) =
                (word(&text["id"]), word(&text["version"]), word(&text["locale"]));
            out.push(format!("{title} {id}, version {version} ({locale})"));
            line(&mut out, "SHA-256", &text["sha256"]);
            out.push(String::new());
            out.push(word(&text["body"]));
        }
    }
    out.push(String::new());
    out.push("AUDIT LOG about these events".to_owned());
    for entry in items(&payload["audit"]) {
        let sealed = &entry["sealed"];
        let place = if sealed.is_null() {
            "not sealed yet".to_owned()
        } else {
            format!("sealed in batch {} ({})", word(&sealed["batch"]), word(&sealed["hash"]))
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
    out.push(String::new());
    out.push(
        "Check this file with `consentry consent check FILE --key PUBLIC`, or with openssl and sha256sum."
            .to_owned(),
    );
    out.join("\n") + "\n"
}

fn event(out: &mut Vec<String>, hashed: &Value) {
    let event = &hashed["event"];
    out.push(String::new());
    out.push(format!(
        "  {}  {}  {} ({}) for {}, list {}",
        word(&event["id"]),
        word(&event["at"]),
        word(&event["act"]),
        word(&event["grade"]),
        word(&event["purpose"]),
        word(&event["list"]),
    ));
    for (title, key) in
        [("captured at", "capture_point"), ("text", "text"), ("policy", "policy"), ("by", "actor")]
    {
        if !event[key].is_null() {
            out.push(format!("      {title}: {}", word(&event[key])));
        }
    }
    details(out, "evidence", &event["evidence"], 6);
    out.push(format!("      SHA-256: {}", word(&hashed["sha256"])));
}

/// Every value of the evidence on a line of its own.
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
