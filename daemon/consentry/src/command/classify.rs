//! `consentry classify`: what a mail asks for, and why, without filing anything.
//!
//! The mails are read in this process: whoever types the command vouches for them. Without a
//! configuration the built-in packs judge and no domain is ours.

mod explaining;

use std::path::Path;
use std::process::ExitCode;

use ::classify::{OwnIdentity, Packs};
use anyhow::Context as _;
use domain::classification::{Band, Classification, Evidence, Label, Verdict};
use domain::mail::ReadMail;
use serde_json::{Value, json};

use super::{config_path, cut};
use crate::cli::{Classify, General};
use crate::config::Config;
use crate::failure::WrongUse;
use crate::house::own_identity;
use crate::print;
use crate::rulebook::load_packs;

/// Classifies every file; a file that cannot be read makes the command fail at its end.
///
/// # Errors
/// When the configuration or standard output cannot be used.
pub fn run(general: &General, arguments: &Classify) -> anyhow::Result<ExitCode> {
    let (packs, own) = judge(general)?;
    let mut code = ExitCode::SUCCESS;
    for path in &arguments.files {
        match classify_file(path, &packs, &own) {
            Ok((mail, classification)) => {
                let document = describe(path, &mail, &classification, arguments.explain);
                if arguments.json {
                    print::json_line(&document)?;
                } else if arguments.explain {
                    let path = path.to_string_lossy();
                    print::line(&explaining::listing(&path, &mail, &classification))?;
                } else {
                    print::line(&for_people(&document))?;
                }
            }
            Err(error) => {
                tracing::debug!(%error, "a file was not classified");
                let document =
                    json!({ "path": path.to_string_lossy(), "error": format!("{error:#}") });
                if arguments.json {
                    print::json_line(&document)?;
                } else {
                    print::line(&format!("{}: {error:#}", path.display()))?;
                }
                code = ExitCode::FAILURE;
            }
        }
    }
    Ok(code)
}

fn judge(general: &General) -> anyhow::Result<(Packs, OwnIdentity)> {
    let path = config_path(general);
    let config = match general.config.is_some() || path.exists() {
        true => Some(Config::load(&path)?),
        false => None,
    };
    let directory = config.as_ref().and_then(|config| config.rules.classifier_directory.clone());
    let packs = load_packs(directory.as_deref()).map_err(|problems| {
        WrongUse(format!("the language packs are wrong:\n  {}", problems.join("\n  ")))
    })?;
    let own = config.map(|config| own_identity(&config, None)).unwrap_or_default();
    Ok((packs, own))
}

fn classify_file(
    path: &Path,
    packs: &Packs,
    own: &OwnIdentity,
) -> anyhow::Result<(ReadMail, Classification)> {
    let raw = std::fs::read(path).context("the file cannot be read")?;
    Ok(intake::child::read_in_process(&raw, |mail| ::classify::classify(mail, packs, own))?)
}

/// The document of one mail, as the contract of the command line has it.
fn describe(path: &Path, mail: &ReadMail, found: &Classification, explain: bool) -> Value {
    let from: Vec<&str> = mail.from.iter().map(|from| from.address.as_str()).collect();
    let mut document = json!({
        "path": path.to_string_lossy(),
        "kind": found.kind,
        "labels": labels(found, explain),
        "language": found.language,
        "from": (!from.is_empty()).then(|| from.join(", ")),
        "subject": mail.subject,
        "new_text": found.new_text,
        "auto_reasons": found.auto_reasons,
        "bounce": found.bounces.first().map(bounce),
    });
    if explain {
        document["forwarded"] = json!(found.forwarded);
        document["cut"] = cut::cuts_json(&mail.text, &found.cut);
        document["kind_reasons"] = json!(found.kind_reasons);
        document["bounces"] = json!(found.bounces.iter().map(bounce).collect::<Vec<_>>());
    }
    document
}

fn bounce(found: &domain::classification::BouncedRecipient) -> Value {
    json!({
        "recipient": found.recipient,
        "class": found.class,
        "code": found.code,
        "reason": found.reason,
    })
}

/// Labels and marks in auto and suggest, all with `explain`; `other` only when it stands alone.
fn labels(found: &Classification, explain: bool) -> Vec<Value> {
    let is_shown = |band: Band| explain || band != Band::None;
    let acts = |label: Label| label != Label::Other;
    let asks = found.labels.iter().any(|one| acts(one.label) && one.band != Band::None);
    let labels = found.labels.iter().filter(|one| is_shown(one.band));
    let labels = labels.filter(|one| explain || acts(one.label) || !asks);
    let text = found.new_text.as_str();
    let labels = labels.map(|one| verdict_json(one.label.name(), one, text));
    let marks = found.marks.iter().filter(|one| is_shown(one.band));
    labels.chain(marks.map(|one| verdict_json(one.label.name(), one, text))).collect()
}

fn verdict_json<T>(name: &str, verdict: &Verdict<T>, new_text: &str) -> Value {
    let hits = verdict.evidence.iter();
    let evidence: Vec<Value> = hits.map(|hit| evidence_json(hit, new_text)).collect();
    json!({
        "label": name,
        "confidence": (f64::from(verdict.confidence) * 1000.0).round() / 1000.0,
        "band": verdict.band,
        "evidence": evidence,
    })
}

fn evidence_json(evidence: &Evidence, new_text: &str) -> Value {
    let start = evidence.span.filter(|_| !evidence.in_subject).map(|span| span.0);
    let place = start.and_then(|start| explaining::place(new_text, start));
    json!({
        "rule": evidence.rule,
        "weight": (f64::from(evidence.weight) * 1000.0).round() / 1000.0,
        "words": evidence.words,
        "span": evidence.span,
        "line": place.map(|place| place.0),
        "column": place.map(|place| place.1),
        "in_subject": evidence.in_subject,
    })
}

fn for_people(document: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let verdicts = document["labels"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut found: Vec<String> = verdicts
        .iter()
        .map(|verdict| {
            let share = verdict["confidence"].as_f64().unwrap_or_default();
            format!("{} ({} {share:.2})", text(&verdict["label"]), text(&verdict["band"]))
        })
        .collect();
    if found.is_empty() {
        found.push("nothing".to_owned());
    }
    let (path, kind) = (text(&document["path"]), text(&document["kind"]));
    format!("{path}: {kind}, {}: {}", text(&document["language"]), found.join(", "))
}
