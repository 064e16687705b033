//! A line of `expected.jsonl`: what the source of a delivery report says of it.

use std::collections::BTreeSet;

use serde_json::Value;

/// What is stated of one mail; empty where nothing is.
pub struct Expected {
    pub path: String,
    pub is_bounce: bool,
    /// Lower case. Where the source names none, the `Final-Recipient` of the mail itself.
    pub recipients: BTreeSet<String>,
    /// Whether the failure is hard, of each recipient.
    pub hard: Vec<bool>,
    /// Enhanced codes, without those that the source made up.
    pub codes: BTreeSet<String>,
}

impl Expected {
    /// Reads a line; a corpus that is broken stops the measurement.
    pub fn read(line: &str) -> Self {
        let value: Value = serde_json::from_str(line).expect("a line of the corpus is JSON");
        let empty = Vec::new();
        let stated = value["recipients"].as_array().unwrap_or(&empty);
        let fields = value["dsn"].as_array().unwrap_or(&empty);
        let named = |list: &[Value], name: &str| -> BTreeSet<String> {
            list.iter()
                .filter_map(|one| one[name].as_str())
                .map(bare)
                .filter(|a| !a.is_empty())
                .collect()
        };
        let mut recipients = named(stated, "address");
        if recipients.is_empty() {
            recipients = named(fields, "final_recipient");
        }
        let mut hard: Vec<bool> = stated
            .iter()
            .filter_map(|one| {
                one["hard"].as_bool().or_else(|| one["temporary"].as_bool().map(|t| !t))
            })
            .collect();
        if hard.is_empty() {
            match value["kind"].as_str() {
                Some("hard") => hard.push(true),
                Some("soft") => hard.push(false),
                _ => {}
            }
        }
        let codes = named(stated, "status").into_iter().filter(|code| !is_internal(code)).collect();
        let is_bounce = value["label"].as_str() == Some("bounce");
        let path = value["path"].as_str().unwrap_or_default().to_owned();
        Self { path, is_bounce, recipients, hard, codes }
    }
}

/// Codes of the form `5.0.9xx` are the source's own and stand in no mail.
fn is_internal(code: &str) -> bool {
    code.split('.').nth(2).is_some_and(|detail| detail.len() == 3 && detail.starts_with('9'))
}

/// An address without brackets, lower case.
pub fn bare(address: &str) -> String {
    address.trim().trim_matches(['<', '>', '"', ' ']).to_lowercase()
}
