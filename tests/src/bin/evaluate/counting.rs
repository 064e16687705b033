//! Counting: per label, per kind, and the rates that matter most.
//!
//! A mail may have several label sets that a careful reader would call right (`accept`); it is
//! measured against the nearest of them. Request recall and false requests go by the truth.

use std::collections::{BTreeMap, BTreeSet};

use domain::classification::{Band, Classification, Kind};

use crate::corpus::Labelled;
use crate::shares::{Count, Share};

/// Labels and marks that open no request.
const NO_REQUEST: [&str; 4] = ["other", "policy_question", "authority", "representative"];
/// Bins of the calibration error.
const BINS: usize = 10;
/// Verdicts below say nothing and would only flatter the calibration.
const LEAST_CONFIDENCE: f32 = 0.05;

/// All figures of a group of mails.
#[derive(Debug, Default)]
pub struct Figures {
    pub mails: u32,
    /// Per label and mark.
    pub labels: BTreeMap<String, Count>,
    /// (true kind, found kind) and how often.
    pub kinds: BTreeMap<(String, String), u32>,
    pub kind_right: Share,
    /// Of the mails with a request, those with a request label in auto or suggest.
    pub request_recall: Share,
    /// Of the mails with a request, those without any request label in auto or suggest.
    pub request_unseen: Share,
    /// Of the ordinary mails, those with a request label in auto or suggest.
    pub ordinary_suggest: Share,
    /// Of the ordinary mails, those with a request label in auto.
    pub ordinary_auto: Share,
    /// Of the request labels in auto, the true ones.
    pub auto_precision: Share,
    /// Mails whose set of labels and marks is right.
    pub set_right: Share,
    pub new_text_right: Share,
    /// Sum of confidences, true ones and count, per bin.
    bins: [(f64, u32, u32); BINS],
}

impl Figures {
    /// The mean F1 of the labels that occur; `other` and the marks are left out.
    pub fn macro_f1(&self) -> Option<f64> {
        let left_out = ["other", "authority", "representative"];
        let all: Vec<f64> = self
            .labels
            .iter()
            .filter(|(label, _)| !left_out.contains(&label.as_str()))
            .filter_map(|(_, count)| count.f1())
            .collect();
        #[allow(clippy::cast_precision_loss)] // ten labels
        (!all.is_empty()).then(|| all.iter().sum::<f64>() / all.len() as f64)
    }

    /// The expected calibration error over all verdicts of at least 0.05, in ten bins.
    pub fn calibration_error(&self) -> Option<f64> {
        let total: u32 = self.bins.iter().map(|b| b.2).sum();
        (total > 0).then(|| {
            self.bins
                .iter()
                .filter(|b| b.2 > 0)
                .map(|(sum, right, _)| (sum - f64::from(*right)).abs() / f64::from(total))
                .sum()
        })
    }

    /// Counts a mail (`None`: it could not be read); what was missed or wrong, in a line.
    pub fn add(&mut self, mail: &Labelled, found: Option<&Classification>) -> Option<String> {
        self.mails += 1;
        let kind = found.map_or("unreadable", |found| kind_name(found.kind));
        *self.kinds.entry((mail.kind.clone(), kind.to_owned())).or_default() += 1;
        self.kind_right.add(mail.kind == kind);
        let wrong_kind = (mail.kind != kind).then(|| format!(" KIND {} said {kind}", mail.kind));
        if mail.kind != "human" {
            return wrong_kind.map(|wrong| format!("{}{wrong}", mail.id));
        }
        if let (Some(expected), Some(found)) = (&mail.new_text, found) {
            self.new_text_right.add(folded(expected) == folded(&found.new_text));
        }
        let said = said(found, Band::Suggest);
        let auto = self::said(found, Band::Auto);
        let truth = closest(mail, &said);
        self.count_labels(&truth, &said);
        self.count_requests(mail, &said, &auto);
        self.count_calibration(mail, found);
        (truth != said || wrong_kind.is_some())
            .then(|| miss(mail, found, &truth, &said, &auto, wrong_kind.as_deref().unwrap_or("")))
    }

    fn count_labels(&mut self, truth: &BTreeSet<String>, said: &BTreeSet<String>) {
        for name in truth.union(said) {
            let count = self.labels.entry(name.clone()).or_default();
            match (truth.contains(name), said.contains(name)) {
                (true, true) => count.right += 1,
                (false, _) => count.wrong += 1,
                (true, false) => count.missed += 1,
            }
        }
        self.set_right.add(truth == said);
    }

    fn count_requests(
        &mut self,
        mail: &Labelled,
        said: &BTreeSet<String>,
        auto: &BTreeSet<String>,
    ) {
        if asks(&mail.labels) {
            self.request_recall.add(asks(said));
            self.request_unseen.add(!asks(said));
        } else if !mail.accept.iter().any(asks) {
            self.ordinary_suggest.add(asks(said));
            self.ordinary_auto.add(asks(auto));
        }
        for label in auto.iter().filter(|l| !NO_REQUEST.contains(&l.as_str())) {
            self.auto_precision.add(mail.allows(label));
        }
    }

    fn count_calibration(&mut self, mail: &Labelled, found: Option<&Classification>) {
        let Some(found) = found else { return };
        let verdicts = found
            .labels
            .iter()
            .filter(|v| v.label.name() != "other")
            .filter(|v| v.confidence >= LEAST_CONFIDENCE || v.band != Band::None);
        for verdict in verdicts {
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                clippy::cast_precision_loss
            )]
            let bin = ((verdict.confidence * BINS as f32) as usize).min(BINS - 1);
            let (sum, right, n) = &mut self.bins[bin];
            *sum += f64::from(verdict.confidence);
            *right += u32::from(mail.allows(verdict.label.name()));
            *n += 1;
        }
    }
}

fn asks(set: &BTreeSet<String>) -> bool {
    set.iter().any(|label| !NO_REQUEST.contains(&label.as_str()))
}

/// Of the label sets that a careful reader would call right, the one nearest to what was said.
fn closest(mail: &Labelled, said: &BTreeSet<String>) -> BTreeSet<String> {
    std::iter::once(&mail.labels)
        .chain(&mail.accept)
        .min_by_key(|set| set.symmetric_difference(said).count())
        .cloned()
        .unwrap_or_default()
}

fn said(found: Option<&Classification>, least: Band) -> BTreeSet<String> {
    let Some(found) = found else { return BTreeSet::new() };
    let labels = found.labels.iter().filter(|v| v.band >= least).map(|v| v.label.name().to_owned());
    let marks = found.marks.iter().filter(|v| v.band >= least).map(|v| v.label.name().to_owned());
    labels.chain(marks).collect()
}

fn miss(
    mail: &Labelled,
    found: Option<&Classification>,
    truth: &BTreeSet<String>,
    said: &BTreeSet<String>,
    auto: &BTreeSet<String>,
    wrong_kind: &str,
) -> String {
    let lost: Vec<_> = truth.difference(said).collect();
    let extra: Vec<_> = said.difference(truth).collect();
    let text: String =
        found.map(|f| folded(&f.new_text)).unwrap_or_default().chars().take(300).collect();
    let why: Vec<String> = found
        .map(|found| said.symmetric_difference(truth).filter_map(|l| evidence(found, l)).collect())
        .unwrap_or_default();
    format!(
        "{}{wrong_kind} MISSED {lost:?} WRONG {extra:?} AUTO {auto:?} ## {text}\n        {}",
        mail.id,
        why.join(" ")
    )
}

/// The rules that spoke for or against a label.
fn evidence(found: &Classification, name: &str) -> Option<String> {
    let labels = found.labels.iter().map(|v| (v.label.name(), v.confidence, &v.evidence));
    let marks = found.marks.iter().map(|v| (v.label.name(), v.confidence, &v.evidence));
    labels.chain(marks).find(|(label, _, _)| *label == name).map(|(label, confidence, evidence)| {
        let rules: Vec<String> = evidence
            .iter()
            .map(|e| format!("{:.1} {} «{}»", e.weight, e.rule, folded(&e.words)))
            .collect();
        format!("{label} {confidence:.2} [{}]", rules.join("; "))
    })
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
