//! Labelled mails as samples: features of every sentence, and what is true of the mail.

use std::path::Path;

use classify::Packs;
use classify::model::{
    HEADS, Head, Opinion, Prepared, Table,
    features::{Feature, Instance},
    rule_scores,
};
use serde_json::Value;

/// A mail to learn from.
pub struct Sample {
    pub author: String,
    pub instances: Vec<Instance>,
    pub around: Vec<Feature>,
    pub prepared: Prepared,
    /// What the rules say, for each head.
    pub rules: [f32; HEADS],
    /// The heaviest evidence of the rules against each head.
    pub against: [f32; HEADS],
    /// For each head whether it holds; `None` where a careful reader could say either.
    pub truth: [Option<bool>; HEADS],
    /// Whether the mail holds a request, by its first set of labels.
    pub asks: bool,
    /// Whether some careful reader would see one.
    pub may_ask: bool,
}

impl Sample {
    pub fn opinion(&self, table: &Table) -> [f32; HEADS] {
        let opinion: Opinion = self.prepared.opinion(table);
        opinion.logits
    }
}

/// Reads all human mails of the folders.
pub fn read<'a>(
    folders: impl Iterator<Item = &'a Path>,
    packs: &Packs,
) -> std::io::Result<Vec<Sample>> {
    let mut samples = Vec::new();
    for folder in folders {
        let mut files: Vec<_> =
            std::fs::read_dir(folder)?.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>()?;
        files.sort();
        for file in files.iter().filter(|f| f.extension().is_some_and(|e| e == "jsonl")) {
            for line in std::fs::read_to_string(file)?.lines() {
                let line: Value = serde_json::from_str(line)?;
                if line["kind"] == "human" {
                    samples.push(sample(&line, packs));
                }
            }
        }
    }
    Ok(samples)
}

fn sample(line: &Value, packs: &Packs) -> Sample {
    let text = line["new_text"].as_str().unwrap_or_default();
    let subject = line["headers"]["Subject"].as_str().unwrap_or_default();
    let prepared = Prepared::new(subject, text);
    let set = |value: &Value| -> Vec<String> {
        value
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|v| v.as_str().map(str::to_owned))
            .collect()
    };
    let labels = set(&line["labels"]);
    let (rules, against) = rule_scores(subject, text, packs);
    let accepted: Vec<Vec<String>> =
        line["accept"].as_array().into_iter().flatten().map(set).collect();
    let truth = Head::ALL.map(|head| {
        let holds = |set: &Vec<String>| holds(head, set);
        let first = holds(&labels);
        accepted.iter().all(|set| holds(set) == first).then_some(first)
    });
    Sample {
        author: line["author"].as_str().unwrap_or_default().to_owned(),
        instances: prepared.instances(),
        around: prepared.around(),
        prepared,
        rules,
        against,
        truth,
        asks: holds(Head::Request, &labels),
        may_ask: accepted.iter().chain([&labels]).any(|set| holds(Head::Request, set)),
    }
}

fn holds(head: Head, labels: &[String]) -> bool {
    match head {
        Head::Request => Head::ALL.iter().any(|head| {
            matches!(head, Head::Label(label) if label.is_request()
                && labels.iter().any(|name| name == label.name()))
        }),
        head => labels.iter().any(|name| name == head.name()),
    }
}
