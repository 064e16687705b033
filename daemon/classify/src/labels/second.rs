//! The second opinion at work: every verdict of the rules is weighed again with the model.
//!
//! Called by `labels` when a model is loaded. Adds the model's evidence (its weight, and the
//! sentence that spoke loudest), and raises the likeliest label when there is a request but no
//! rule knows which.

use domain::classification::{Band, Evidence, Label, Mark, Verdict};

use super::{Judged, Parts, against, score, verdict};
use crate::model::{Head, Opinion, Place};
use crate::packs::Packs;
use crate::weighing::{self, Model};

/// Names of the model's evidence: a label's loudest sentence, and that there is any request.
const SENTENCE: &str = "model/sentence";
const ANY: &str = "model/any_request";
/// Verdicts of less confidence without any rule are not worth a line.
const LEAST: f32 = 0.05;
/// Weighs what the rules say together with the model.
pub(super) fn opinion(
    judged: &mut Judged,
    parts: Parts<'_>,
    model: &Model,
    packs: &Packs,
    opinion: &Opinion,
) {
    let curve = &packs.curve;
    let scores: Vec<(Label, f32)> =
        judged.labels.iter().map(|v| (v.label, score(&v.evidence))).collect();
    for label in Label::ALL.into_iter().filter(|label| *label != Label::Other) {
        if !judged.labels.iter().any(|v| v.label == label) {
            judged.labels.push(verdict(label, Vec::new(), curve));
        }
    }
    for verdict in &mut judged.labels {
        reconsider(verdict, Head::Label(verdict.label), parts, model, packs, opinion);
    }
    let asks = |v: &Verdict<Label>| v.label.is_request() && v.band != Band::None;
    if !judged.labels.iter().any(asks)
        && let Some(label) = weighing::likeliest(&model.mixing, &scores, opinion)
        && let Some(verdict) = judged.labels.iter_mut().find(|v| v.label == label)
    {
        verdict.band = Band::Suggest;
        let place = opinion.place(Head::Request);
        verdict.evidence.push(said(ANY, opinion.logit(Head::Request), place, parts));
    }
    judged.labels.retain(|v| v.band != Band::None || v.confidence >= LEAST || rules_hit(v));
    for mark in [Mark::Authority, Mark::Representative] {
        if !judged.marks.iter().any(|v| v.label == mark) {
            judged.marks.push(verdict(mark, Vec::new(), curve));
        }
    }
    for verdict in &mut judged.marks {
        let head = match verdict.label {
            Mark::Authority => Head::Authority,
            Mark::Representative => Head::Representative,
        };
        reconsider(verdict, head, parts, model, packs, opinion);
    }
    judged.marks.retain(|v| v.band != Band::None || rules_hit(v));
    judged
        .labels
        .sort_by(|a, b| b.band.cmp(&a.band).then_with(|| b.confidence.total_cmp(&a.confidence)));
}

fn rules_hit<T>(verdict: &Verdict<T>) -> bool {
    verdict.evidence.iter().any(|e| !e.rule.starts_with("model/"))
}

fn reconsider<T>(
    verdict: &mut Verdict<T>,
    head: Head,
    parts: Parts<'_>,
    model: &Model,
    packs: &Packs,
    opinion: &Opinion,
) {
    let curve = &packs.curve;
    let against = against(&verdict.evidence);
    let rules = weighing::Rules { score: score(&verdict.evidence), against };
    let (confidence, band) = weighing::weigh(model, curve, head, rules, opinion);
    // What an operator's own rule makes auto stays auto: it was written for words of this house.
    let own = verdict.evidence.iter().any(|e| e.weight > 0.0 && packs.is_operators(&e.rule));
    verdict.confidence = confidence;
    verdict.band = if own { band.max(verdict.band) } else { band };
    let weight = model.mixing.model * opinion.logit(head);
    verdict.evidence.push(said(SENTENCE, weight, opinion.place(head), parts));
}

/// What the model said, with the sentence that spoke loudest.
fn said(rule: &str, weight: f32, place: Option<Place>, parts: Parts<'_>) -> Evidence {
    let in_subject = place.is_some_and(|p| p.in_subject);
    let text = if in_subject { parts.subject } else { parts.new_text };
    let span = place.map(|p| p.span);
    let words = span.and_then(|(from, to)| text.get(from..to)).unwrap_or_default();
    let words = crate::words::cut(words, 200).to_owned();
    Evidence { rule: rule.to_owned(), weight, words, span, in_subject }
}
