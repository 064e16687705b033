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
/// So sure a model is heard in spite of a negation.
const CLEAR: f32 = 0.98;
/// A hit of this weight is not weighed again.
const CERTAIN: f32 = 9.0;
/// The least confidence of what the model alone suggests beside a label that is sure.
const SHADOW: f32 = 0.8;
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
    drop_shadows(judged);
    raise_likeliest(judged, parts, model, &scores, opinion);
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

/// Beside a label that is sure, the model alone suggests a further one only when it is quite sure:
/// "remove me from the newsletter" has the words of an erasure and is none.
fn drop_shadows(judged: &mut Judged) {
    if !judged.labels.iter().any(|v| v.band == Band::Auto) {
        return;
    }
    let known = |e: &Evidence| e.weight > 0.0 && !e.rule.starts_with("model/");
    for verdict in &mut judged.labels {
        let by_model = verdict.band == Band::Suggest && !verdict.evidence.iter().any(known);
        if by_model && verdict.confidence < SHADOW {
            verdict.band = Band::None;
        }
    }
}

/// Suggests the likeliest label when there is a request and no label got so far. What a negation
/// stands before is not raised.
fn raise_likeliest(
    judged: &mut Judged,
    parts: Parts<'_>,
    model: &Model,
    scores: &[(Label, f32)],
    opinion: &Opinion,
) {
    let asks = |v: &Verdict<Label>| v.label.is_request() && v.band != Band::None;
    let any = weighing::any_request(&model.mixing, scores, opinion);
    if judged.labels.iter().any(asks) || any < model.mixing.suggest_any {
        return;
    }
    let open =
        |v: &&mut Verdict<Label>| v.label.is_request() && !v.evidence.iter().any(super::is_negated);
    let sum: f32 =
        judged.labels.iter().filter(|v| v.label.is_request()).map(|v| v.confidence).sum();
    let likeliest = judged.labels.iter_mut().filter(open);
    let Some(verdict) = likeliest.max_by(|a, b| a.confidence.total_cmp(&b.confidence)) else {
        return;
    };
    verdict.band = Band::Suggest;
    verdict.confidence = verdict.confidence.max(any * verdict.confidence / sum.max(f32::EPSILON));
    let weight = model.mixing.any.request * weighing::bound(opinion.logit(Head::Request));
    verdict.evidence.push(said(ANY, weight, opinion.place(Head::Request), parts));
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
    // So does a rule that leaves no room for doubt ("стоп" and nothing else).
    let own = |e: &Evidence| e.weight > 0.0 && packs.is_operators(&e.rule);
    let own = verdict.evidence.iter().any(|e| own(e) || e.weight >= CERTAIN);
    verdict.confidence = confidence;
    verdict.band = if own { band.max(verdict.band) } else { band };
    // A wish that stands only under a negation is none, whatever the words around it say.
    let negated = |e: &Evidence| super::is_negated(e) || e.weight <= 0.0;
    if verdict.evidence.iter().any(super::is_negated) && verdict.evidence.iter().all(negated) {
        // A negation that was misread must not lose a request that is plain all the same.
        verdict.band = if confidence >= CLEAR { Band::Suggest } else { Band::None };
    }
    let weight = model.mixing.said_by_model(head, &opinion.logits);
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
