//! Counting: per label, per kind, and the two rates that matter most.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use domain::classification::{Band, Classification, Kind};

use crate::corpus::Labelled;

/// Labels that are no requests.
const NO_REQUEST: [&str; 4] = ["other", "policy_question", "authority", "representative"];

/// Right, wrongly said, missed.
#[derive(Default, Clone, Copy)]
struct Count {
    right: u32,
    wrong: u32,
    missed: u32,
}

impl Count {
    fn precision(self) -> f64 {
        rate(self.right, self.right + self.wrong)
    }

    fn recall(self) -> f64 {
        rate(self.right, self.right + self.missed)
    }

    fn f1(self) -> f64 {
        rate(2 * self.right, 2 * self.right + self.wrong + self.missed)
    }
}

fn rate(part: u32, of: u32) -> f64 {
    if of == 0 { 1.0 } else { f64::from(part) / f64::from(of) }
}

/// A part of a whole.
#[derive(Default, Clone, Copy)]
struct Share {
    part: u32,
    of: u32,
}

impl Share {
    fn add(&mut self, holds: bool) {
        self.of += 1;
        self.part += u32::from(holds);
    }
}

impl Share {
    fn rate(self) -> f64 {
        rate(self.part, self.of)
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3} ({} of {})", rate(self.part, self.of), self.part, self.of)
    }
}

/// All figures of a run.
#[derive(Default)]
pub struct Figures {
    mails: u32,
    labels: BTreeMap<String, Count>,
    kinds: BTreeMap<(String, String), u32>,
    kind_right: Share,
    request_recall: Share,
    request_recall_ru: Share,
    false_requests: Share,
    false_auto: Share,
    auto_precision: Share,
    exact_or_accepted: Share,
    new_text_right: Share,
}

impl Figures {
    /// How many mails were counted.
    pub fn mails(&self) -> u32 {
        self.mails
    }

    /// Of the mails with a request, the share in which one was seen (auto or suggest).
    pub fn request_recall(&self) -> f64 {
        self.request_recall.rate()
    }

    /// Of the ordinary mails, the share with a request label in auto.
    pub fn ordinary_in_auto(&self) -> f64 {
        self.false_auto.rate()
    }

    /// Of all mails, the share whose kind is right.
    pub fn kind_accuracy(&self) -> f64 {
        self.kind_right.rate()
    }

    /// The mean F1 of the labels; `other` and the marks are left out.
    pub fn macro_f1(&self) -> f64 {
        let counted = self.labels.iter().filter(|(label, _)| {
            !matches!(label.as_str(), "other" | "authority" | "representative")
        });
        let all: Vec<f64> = counted.map(|(_, count)| count.f1()).collect();
        all.iter().sum::<f64>() / (all.len() as f64)
    }

    /// Counts a mail; what was missed or wrongly said, if anything, in a line.
    pub fn add(&mut self, labelled: &Labelled, found: &Classification) -> Option<String> {
        self.mails += 1;
        let kind = kind_name(found.kind);
        *self.kinds.entry((labelled.kind.clone(), kind.to_owned())).or_default() += 1;
        self.kind_right.add(labelled.kind == kind);
        if labelled.kind != "human" {
            return (labelled.kind != kind)
                .then(|| format!("{} KIND {} said {kind}", labelled.id, labelled.kind));
        }
        self.new_text_right.add(folded(&labelled.new_text) == folded(&found.new_text));
        let said = said(found, Band::Suggest);
        let truth = closest(labelled, &said);
        for name in truth.union(&said) {
            let count = self.labels.entry(name.clone()).or_default();
            match (truth.contains(name), said.contains(name)) {
                (true, true) => count.right += 1,
                (false, _) => count.wrong += 1,
                (true, false) => count.missed += 1,
            }
        }
        self.exact_or_accepted.add(truth == said);
        let asks = |set: &BTreeSet<String>| set.iter().any(|l| !NO_REQUEST.contains(&l.as_str()));
        let auto = self::said(found, Band::Auto);
        if asks(&labelled.labels) {
            self.request_recall.add(asks(&said));
            if labelled.lang == "ru" {
                self.request_recall_ru.add(asks(&said));
            }
        } else if !labelled.accept.iter().any(asks) {
            self.false_requests.add(asks(&said));
            self.false_auto.add(asks(&auto));
        }
        let allowed: BTreeSet<&String> =
            labelled.labels.iter().chain(labelled.accept.iter().flatten()).collect();
        for label in auto.iter().filter(|l| !NO_REQUEST.contains(&l.as_str())) {
            self.auto_precision.add(allowed.contains(label));
        }
        let kind_miss = if labelled.kind == kind { String::new() } else { format!(" KIND {kind}") };
        (truth != said || !kind_miss.is_empty()).then(|| {
            let text: String = folded(&found.new_text).chars().take(300).collect();
            let extra: Vec<_> = said.difference(&truth).collect();
            let lost: Vec<_> = truth.difference(&said).collect();
            let why: Vec<String> = said.symmetric_difference(&truth).map(|label| evidence_for(found, label)).collect();
            let why = why.join(" ");
            format!(
                "{}{kind_miss} MISSED {lost:?} WRONG {extra:?} AUTO {auto:?} ## {} ## {text}\n        {why}",
                labelled.id, labelled.mail.subject
            )
        })
    }
}

/// Of the label sets that a careful reader would call right, the one nearest to what was said.
fn closest(labelled: &Labelled, said: &BTreeSet<String>) -> BTreeSet<String> {
    std::iter::once(&labelled.labels)
        .chain(&labelled.accept)
        .min_by_key(|set| set.symmetric_difference(said).count())
        .cloned()
        .unwrap_or_default()
}

/// The rules that spoke for or against a label.
fn evidence_for(found: &Classification, name: &str) -> String {
    let labels = found.labels.iter().map(|v| (v.label.name(), v.confidence, &v.evidence));
    let marks = found.marks.iter().map(|v| (v.label.name(), v.confidence, &v.evidence));
    labels
        .chain(marks)
        .filter(|(label, _, _)| *label == name)
        .map(|(label, confidence, evidence)| {
            let rules: Vec<String> = evidence
                .iter()
                .map(|e| format!("{:.1} {} «{}»", e.weight, e.rule, folded(&e.words)))
                .collect();
            format!("{label} {confidence:.2} [{}]", rules.join("; "))
        })
        .collect()
}

fn said(found: &Classification, least: Band) -> BTreeSet<String> {
    let labels = found.labels.iter().filter(|v| v.band >= least).map(|v| v.label.name().to_owned());
    let marks = found.marks.iter().filter(|v| v.band >= least).map(|v| v.label.name().to_owned());
    labels.chain(marks).collect()
}

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Human => "human",
        Kind::Bounce => "bounce",
        Kind::Complaint => "complaint",
        Kind::AutoReply => "auto_reply",
        Kind::ListMail => "list_mail",
        Kind::Spam => "spam",
    }
}

fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:22} {:>5} {:>9} {:>7} {:>6}", "label", "n", "precision", "recall", "F1")?;
        for (label, count) in &self.labels {
            let n = count.right + count.missed;
            let (p, r, f1) = (count.precision(), count.recall(), count.f1());
            writeln!(f, "{label:22} {n:>5} {p:>9.3} {r:>7.3} {f1:>6.3}")?;
        }
        writeln!(f, "macro F1 (other and marks left out)  {:.3}", self.macro_f1())?;
        writeln!(f, "label set right          {}", self.exact_or_accepted)?;
        writeln!(f, "request recall           {}", self.request_recall)?;
        writeln!(f, "request recall, Russian  {}", self.request_recall_ru)?;
        writeln!(f, "ordinary in auto         {}", self.false_auto)?;
        writeln!(f, "ordinary in auto or suggest {}", self.false_requests)?;
        writeln!(f, "auto precision           {}", self.auto_precision)?;
        writeln!(f, "new text equal           {}", self.new_text_right)?;
        writeln!(f, "kind accuracy            {}", self.kind_right)?;
        for ((truth, said), n) in &self.kinds {
            if truth != said {
                writeln!(f, "    kind {truth} said {said}: {n}")?;
            }
        }
        Ok(())
    }
}
