//! From a line of the corpus to what the reader would have found.

use std::collections::BTreeSet;

use domain::mail::{HeaderAddress, ReadMail, ReportParts, ReturnPath};
use serde_json::Value;

/// A mail with its truth.
pub struct Labelled {
    pub id: String,
    pub lang: String,
    pub kind: String,
    pub labels: BTreeSet<String>,
    pub accept: Vec<BTreeSet<String>>,
    pub new_text: String,
    pub mail: ReadMail,
}

impl Labelled {
    /// Reads a line; a corpus that is broken stops the measurement.
    pub fn read(line: &str) -> Self {
        let value: Value = serde_json::from_str(line).expect("a line of the corpus is JSON");
        let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
        Self {
            id: text("id"),
            lang: text("lang"),
            kind: text("kind"),
            labels: set(&value["labels"]),
            accept: value["accept"]
                .as_array()
                .map(|a| a.iter().map(set).collect())
                .unwrap_or_default(),
            new_text: text("new_text"),
            mail: read_mail(&value),
        }
    }
}

fn set(value: &Value) -> BTreeSet<String> {
    value
        .as_array()
        .map(|a| a.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect())
        .unwrap_or_default()
}

fn read_mail(value: &Value) -> ReadMail {
    let mut mail = ReadMail::default();
    for (name, value) in value["headers"].as_object().into_iter().flatten() {
        let name = name.to_lowercase();
        let value = value.as_str().unwrap_or_default().to_owned();
        match name.as_str() {
            "from" => {
                mail.from = addresses(&value);
                mail.from_headers = 1;
            }
            "sender" => mail.sender = addresses(&value).into_iter().next(),
            "reply-to" => mail.reply_to = addresses(&value),
            "to" | "cc" => mail.recipients.extend(addresses(&value)),
            "subject" => mail.subject = value,
            "message-id" => mail.message_id = Some(bare(&value)),
            "in-reply-to" | "references" => mail.answers.extend(value.split_whitespace().map(bare)),
            "return-path" => {
                mail.return_path = match bare(&value).as_str() {
                    "" => ReturnPath::Null,
                    address => ReturnPath::Address(address.to_owned()),
                }
            }
            _ => {
                if let Some((_, kind)) = value.split_once("report-type=") {
                    let kind =
                        kind.split(';').next().unwrap_or(kind).trim_matches('"').to_lowercase();
                    mail.report = ReportParts { report_type: Some(kind), ..ReportParts::default() };
                }
                mail.headers.push((name, value));
            }
        }
    }
    let part = |name: &str| value["report"][name].as_str().map(str::to_owned);
    if value["report"].is_object() {
        mail.report = ReportParts {
            report_type: part("report_type"),
            delivery_status: part("delivery_status"),
            feedback_report: part("feedback_report"),
            disposition: part("disposition"),
            returned_headers: part("returned_headers"),
        };
    }
    match (value["text"].as_str(), value["html"].as_str()) {
        (Some(text), _) if !text.is_empty() => mail.text = text.to_owned(),
        (_, Some(html)) => {
            mail.text = visible(html);
            mail.text_from_html = true;
        }
        _ => {}
    }
    mail
}

fn bare(value: &str) -> String {
    value.trim().trim_matches(['<', '>']).to_owned()
}

fn addresses(value: &str) -> Vec<HeaderAddress> {
    value
        .split(',')
        .filter(|part| part.contains('@'))
        .map(|part| match part.split_once('<') {
            Some((name, address)) => HeaderAddress {
                name: name.trim().trim_matches('"').to_owned(),
                address: address.split('>').next().unwrap_or_default().to_owned(),
            },
            None => HeaderAddress {
                name: String::new(),
                address: part.split('(').next().unwrap_or(part).trim().to_owned(),
            },
        })
        .collect()
}

/// The visible text of simple HTML; what stands in a blockquote gets `>` in front.
fn visible(html: &str) -> String {
    let mut out = String::new();
    let mut depth = 0_usize;
    let mut hidden = false;
    let mut line_start = true;
    for piece in html.split('<') {
        let (tag, text) = piece.split_once('>').unwrap_or(("", piece));
        let name: String = tag
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '/')
            .collect::<String>()
            .to_lowercase();
        match name.as_str() {
            "blockquote" => depth += 1,
            "/blockquote" => depth = depth.saturating_sub(1),
            "style" | "script" | "head" | "title" => hidden = true,
            "/style" | "/script" | "/head" | "/title" => hidden = false,
            _ => {}
        }
        let breaks = [
            "p",
            "/p",
            "div",
            "/div",
            "br",
            "br/",
            "/tr",
            "blockquote",
            "/blockquote",
            "li",
            "/li",
            "h1",
            "/h1",
            "/h2",
            "hr",
            "/table",
        ];
        if breaks.contains(&name.as_str()) {
            out.push('\n');
            line_start = true;
        }
        if hidden || text.trim().is_empty() {
            continue;
        }
        if line_start && depth > 0 {
            out.push_str("> ");
        }
        line_start = false;
        let decoded = text
            .replace("&nbsp;", " ")
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&quot;", "\"")
            .replace("&amp;", "&");
        out.push_str(&decoded.replace('\n', " "));
    }
    out
}
