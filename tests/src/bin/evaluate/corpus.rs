//! Labelled mails: from lines of the project's own format, and from folders with a manifest.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::letter;

/// A mail with its truth.
pub struct Labelled {
    pub id: String,
    /// The author of an authored mail, else the folder's name.
    pub source: String,
    pub language: String,
    pub kind: String,
    pub labels: BTreeSet<String>,
    pub accept: Vec<BTreeSet<String>>,
    /// What was newly written, where somebody stated it.
    pub new_text: Option<String>,
    pub bytes: Vec<u8>,
}

impl Labelled {
    /// Whether a careful reader would give the mail this label.
    pub fn allows(&self, label: &str) -> bool {
        self.labels.contains(label) || self.accept.iter().any(|set| set.contains(label))
    }
}

/// Adds the mails of a file of JSON lines, or of all such files below a folder.
///
/// # Errors
/// When something cannot be read, or a line is not understood (with file and line).
pub fn collect(path: &Path, mails: &mut Vec<Labelled>) -> Result<()> {
    if !path.is_dir() {
        return lines(path, mails);
    }
    let mut entries: Vec<PathBuf> =
        fs::read_dir(path)?.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>()?;
    entries.sort();
    for entry in entries {
        if entry.is_dir() || entry.extension().is_some_and(|e| e == "jsonl") {
            collect(&entry, mails)?;
        }
    }
    Ok(())
}

fn lines(path: &Path, mails: &mut Vec<Labelled>) -> Result<()> {
    let text = fs::read_to_string(path)?;
    for (number, line) in text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()) {
        let place = || format!("{}:{}", path.display(), number + 1);
        let value: Value = serde_json::from_str(line).with_context(place)?;
        let labelled = if value["headers"].is_object() {
            Some(authored(&value).with_context(place)?)
        } else {
            from_manifest(path, &value).with_context(place)?
        };
        mails.extend(labelled);
    }
    Ok(())
}

fn authored(line: &Value) -> Result<Labelled> {
    let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
    Ok(Labelled {
        id: text("id"),
        source: text("author"),
        language: text("lang"),
        kind: text("kind"),
        labels: set(&line["labels"]),
        accept: line["accept"].as_array().into_iter().flatten().map(set).collect(),
        new_text: line["new_text"].as_str().map(str::to_owned),
        bytes: letter::bytes(line)?,
    })
}

/// A line that names a file beside the manifest: a text, or a raw mail (`.eml`). Lines that are
/// no labelled mails are left out.
fn from_manifest(manifest: &Path, line: &Value) -> Result<Option<Labelled>> {
    let (Some(path), Some(label)) = (line["path"].as_str(), line["label"].as_str()) else {
        return Ok(None);
    };
    let folder = manifest.parent().unwrap_or(Path::new("."));
    // Paths count from the folder of the manifest or from the one above it.
    let near = [Some(folder), folder.parent()];
    let Some(file) = near.into_iter().flatten().map(|f| f.join(path)).find(|f| f.is_file()) else {
        return Ok(None);
    };
    let raw = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let is_mail = file.extension().is_some_and(|e| e == "eml");
    let Some((kind, sets)) = meaning(label, line) else { return Ok(None) };
    let mut sets = sets.into_iter();
    let source = line["source"].as_str().unwrap_or("manifest");
    Ok(Some(Labelled {
        id: path.to_owned(),
        source: format!("{label} ({source})"),
        language: line["lang"].as_str().unwrap_or("?").to_owned(),
        kind: kind.to_owned(),
        labels: sets.next().unwrap_or_default(),
        accept: sets.collect(),
        new_text: None,
        bytes: if is_mail { raw } else { letter::around("", &String::from_utf8_lossy(&raw)) },
    }))
}

/// The kind and the right sets of labels of a manifest's label.
fn meaning(label: &str, line: &Value) -> Option<(&'static str, Vec<BTreeSet<String>>)> {
    let kind = match label {
        "bounce" => "bounce",
        "complaint" | "arf" | "feedback" => "complaint",
        "auto_reply" | "autoreply" => "auto_reply",
        "spam" => "spam",
        "list_mail" => "list_mail",
        _ => "human",
    };
    if kind != "human" {
        return Some((kind, Vec::new()));
    }
    let also: Vec<&str> =
        line["also"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut sets = vec![BTreeSet::new()];
    for name in std::iter::once(label).chain(also) {
        let choices = names(name)?;
        sets = sets
            .into_iter()
            .flat_map(|set| {
                choices.iter().map(move |choice| {
                    let mut set = set.clone();
                    set.extend(choice.iter().map(|&name| name.to_owned()));
                    set
                })
            })
            .collect();
    }
    Some((kind, sets))
}

/// What a manifest's label may be called here; every entry is a right set.
fn names(label: &str) -> Option<&'static [&'static [&'static str]]> {
    Some(match label {
        "erasure" => &[&["erasure"]],
        "correction" | "rectification" => &[&["rectification"]],
        "access_portability" | "access" => &[&["access"]],
        "restriction_objection" => {
            &[&["restriction"], &["objection"], &["restriction", "objection"]]
        }
        "withdrawal_unsubscribe" => &[
            &["consent_withdrawal"],
            &["stop_marketing"],
            &["consent_withdrawal", "stop_marketing"],
        ],
        "other" => &[&["other"]],
        // A reminder belongs to its request: any request keeps it from being missed.
        "followup" => {
            &[&["access"], &["erasure"], &["rectification"], &["restriction"], &["objection"]]
        }
        // A copy of a complaint to the authority is for the legal desk.
        "complaint_to_dpa" => &[
            &["unlawful_processing"],
            &["authority"],
            &["unlawful_processing", "authority"],
            &["access"],
            &["erasure"],
        ],
        _ => return None,
    })
}

fn set(value: &Value) -> BTreeSet<String> {
    value.as_array().into_iter().flatten().filter_map(|v| v.as_str().map(str::to_owned)).collect()
}
