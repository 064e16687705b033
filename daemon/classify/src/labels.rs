//! Words to verdicts: which rules hit, what they add up to, and how sure that is.
//!
//! Called once for each submission, with the new text, the subject and the signature (marks only
//! look there). A rule counts once, with its strongest hit. The sum of the weights of a label goes
//! through the pack's logistic curve to a confidence, and by two thresholds to a band.

mod scan;
mod second;

use domain::classification::{Band, Evidence, Label, Mark, Verdict};

use crate::model::{Text, opinion};
use crate::packs::{Curve, Packs, Target};
pub(crate) use scan::{Hit, Scan};

/// Hits in a first subject weigh nearly as much as hits in the text.
const SUBJECT: f32 = 0.8;
/// The subject of an answer was mostly not written by its sender.
const ANSWER_SUBJECT: f32 = 0.25;
/// Name of the evidence that a long text gives against every label.
const LENGTH: &str = "length";
/// A wish that is also negated in the same text is contested.
const NEGATED: f32 = -1.0;
/// Evidence against that counts by itself.
const TRAP: f32 = -1.0;
/// What is left of a hit that is only told of.
const TOLD: f32 = 0.45;
/// What a question for the way leaves of a hit, and what it gives to policy_question.
const ASKED: f32 = 0.15;
const ASKED_POLICY: f32 = 0.75;

/// The parts of a submission that are judged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parts<'a> {
    /// The subject, without `Re:` and the like.
    pub subject: &'a str,
    /// Whether the subject answers or forwards another mail.
    pub answers: bool,
    /// What the person newly wrote.
    pub new_text: &'a str,
    /// The cut-off signature; only marks are looked for in it.
    pub signature: &'a str,
}

/// What the rules say about a submission.
#[derive(Debug, Default)]
pub(crate) struct Judged {
    /// Verdicts on labels, all bands, strongest first.
    pub labels: Vec<Verdict<Label>>,
    /// Verdicts on marks.
    pub marks: Vec<Verdict<Mark>>,
    /// Score of the kind auto_reply.
    pub auto_reply: f32,
    /// Score of the kind spam.
    pub spam: f32,
    /// Whether the text was Russian in Latin letters or typed in the wrong layout.
    pub russian_in_latin: bool,
}

impl Judged {
    /// Puts the strongest verdicts first.
    pub(crate) fn sort(&mut self) {
        self.labels.sort_by(|a, b| {
            b.band.cmp(&a.band).then_with(|| b.confidence.total_cmp(&a.confidence))
        });
    }

    /// Moves places in the subject behind the signs of answering that were left out.
    pub(crate) fn shift_subject(&mut self, by: usize) {
        let labels = self.labels.iter_mut().flat_map(|v| &mut v.evidence);
        let marks = self.marks.iter_mut().flat_map(|v| &mut v.evidence);
        for evidence in labels.chain(marks).filter(|e| e.in_subject) {
            evidence.span = evidence.span.map(|(from, to)| (from + by, to + by));
        }
    }
}

/// One weighed hit of one rule.
struct Weighed {
    target: Target,
    evidence: Evidence,
}

/// Judges the parts of a submission by the packs.
pub(crate) fn judge(parts: Parts<'_>, packs: &Packs) -> Judged {
    let body = Scan::new(parts.new_text, packs);
    let subject = Scan::new(parts.subject, packs);
    let mut judged = by_rules(parts, packs, &body, &subject);
    if let Some(model) = &packs.model {
        let text = Text { body: &body.text, subject: &subject.text, answers: parts.answers };
        let opinion = opinion(&model.table, text);
        if opinion.is_heard() {
            second::opinion(&mut judged, parts, model, packs, &opinion);
        }
    }
    judged
}

/// What the rules alone say, for the trainer.
pub(crate) fn by_rules_alone(parts: Parts<'_>, packs: &Packs) -> Judged {
    let (body, subject) = (Scan::new(parts.new_text, packs), Scan::new(parts.subject, packs));
    by_rules(parts, packs, &body, &subject)
}

/// What the rules alone say.
fn by_rules(parts: Parts<'_>, packs: &Packs, body: &Scan, subject: &Scan) -> Judged {
    let signature = Scan::new(parts.signature, packs);
    let subject_factor = if parts.answers { ANSWER_SUBJECT } else { SUBJECT };
    let mut weighed = Vec::new();
    for rule in 0..packs.rules.len() {
        let index = u32::try_from(rule).unwrap_or(u32::MAX);
        let in_body = body.hit(index).map(|hit| (hit, 1.0, parts.new_text, Place::Body));
        let in_subject =
            subject.hit(index).map(|hit| (hit, subject_factor, parts.subject, Place::Subject));
        let in_signature =
            signature.hit(index).map(|hit| (hit, 1.0, parts.signature, Place::Signature));
        let own = match (in_body, in_subject) {
            (Some(b), Some(s)) if b.0.void.is_some() && s.0.void.is_none() => Some(s),
            (b, s) => b.or(s),
        };
        if let Some((hit, factor, text, place)) = own {
            weigh(&mut weighed, packs, rule, (hit, factor, text, place), |_| true);
        } else if let Some((hit, factor, text, place)) = in_signature {
            weigh(&mut weighed, packs, rule, (hit, factor, text, place), |t| {
                matches!(t, Target::Mark(_))
            });
        }
    }
    length(&mut weighed, packs, body.words);
    sum_up(weighed, packs, body.reread)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Body,
    Subject,
    Signature,
}

fn weigh(
    weighed: &mut Vec<Weighed>,
    packs: &Packs,
    rule: usize,
    (hit, factor, text, place): (&Hit, f32, &str, Place),
    wanted: impl Fn(Target) -> bool,
) {
    let rule = &packs.rules[rule];
    let words = text.get(hit.span.0..hit.span.1).unwrap_or_default();
    let evidence = |weight: f32, why: &str| Evidence {
        rule: if why.is_empty() { rule.id.clone() } else { format!("{}:{why}", rule.id) },
        weight,
        words: crate::words::cut(words, 200).to_owned(),
        span: (place != Place::Signature).then_some(hit.span),
        in_subject: place == Place::Subject,
    };
    for (target, weight) in &rule.weights {
        if !wanted(*target) {
            continue;
        }
        let weight = weight * factor;
        match hit.void {
            None => weighed.push(Weighed { target: *target, evidence: evidence(weight, "") }),
            Some(scan::Void::Negated) => {
                weighed.push(Weighed { target: *target, evidence: evidence(0.0, "negated") });
            }
            Some(scan::Void::Told) => {
                weighed.push(Weighed { target: *target, evidence: evidence(weight * TOLD, "told") })
            }
            Some(scan::Void::Asked) => {
                weighed
                    .push(Weighed { target: *target, evidence: evidence(weight * ASKED, "asked") });
                if weight > 0.0 && matches!(target, Target::Label(l) if l.is_request()) {
                    let evidence = evidence(weight * ASKED_POLICY, "asked");
                    weighed
                        .push(Weighed { target: Target::Label(Label::PolicyQuestion), evidence });
                }
            }
        }
    }
}

/// What a long text takes from every label: the longer it is, the more rules hit by chance.
fn length(weighed: &mut Vec<Weighed>, packs: &Packs, words: usize) {
    #[allow(clippy::cast_precision_loss)] // at most some ten thousand words
    let folds = (words as f32 / packs.curve.long).ln();
    if folds <= 0.0 || packs.curve.length == 0.0 {
        return;
    }
    for target in Label::ALL.map(Target::Label) {
        if weighed.iter().any(|w| w.target == target && w.evidence.weight > 0.0) {
            let evidence = Evidence {
                rule: LENGTH.to_owned(),
                weight: -packs.curve.length * folds,
                words: String::new(),
                span: None,
                in_subject: false,
            };
            weighed.push(Weighed { target, evidence });
        }
    }
}

fn sum_up(weighed: Vec<Weighed>, packs: &Packs, russian_in_latin: bool) -> Judged {
    let mut judged = Judged { russian_in_latin, ..Judged::default() };
    for label in Label::ALL {
        if label == Label::Other {
            continue;
        }
        let target = Target::Label(label);
        let evidence = gather(
            &weighed,
            |t| t == target || (t == Target::Requests && label.is_request()),
            label,
        );
        // A trap counts against what the model would suggest, even where no rule speaks for it.
        if evidence.iter().any(|e| e.weight > 0.0 || is_negated(e) || e.weight <= TRAP) {
            judged.labels.push(verdict(label, evidence, &packs.curve));
        }
    }
    for mark in [Mark::Authority, Mark::Representative] {
        let evidence = gather(&weighed, |t| t == Target::Mark(mark), Label::Other);
        if evidence.iter().any(|e| e.weight > 0.0) {
            judged.marks.push(verdict(mark, evidence, &packs.curve));
        }
    }
    let total = |wanted: Target| {
        weighed.iter().filter(|w| w.target == wanted).map(|w| w.evidence.weight).sum()
    };
    judged.auto_reply = total(Target::AutoReply);
    judged.spam = total(Target::Spam);
    judged.labels.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    judged
}

/// Whether the words of a hit stand under a negation.
pub(crate) fn is_negated(evidence: &Evidence) -> bool {
    evidence.rule.ends_with(":negated")
}

/// The sum of the weights.
fn score(evidence: &[Evidence]) -> f32 {
    evidence.iter().map(|e| e.weight).sum()
}

/// The heaviest evidence against; 0 when there is none. With it in sight a person looks, however
/// strong the rest is.
pub(crate) fn against(evidence: &[Evidence]) -> f32 {
    let weight = |e: &Evidence| if is_negated(e) { NEGATED } else { e.weight };
    evidence.iter().filter(|e| e.rule != LENGTH).map(weight).fold(0.0, f32::min)
}

/// The evidence that counts for one target, strongest first. Questions about several rights give
/// to policy_question once.
fn gather(weighed: &[Weighed], wanted: impl Fn(Target) -> bool, label: Label) -> Vec<Evidence> {
    let mut evidence: Vec<Evidence> =
        weighed.iter().filter(|w| wanted(w.target)).map(|w| w.evidence.clone()).collect();
    evidence.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()));
    if label == Label::PolicyQuestion {
        let mut asked = false;
        evidence.retain(|e| !e.rule.ends_with(":asked") || !std::mem::replace(&mut asked, true));
    }
    evidence
}

/// The verdict that a pile of evidence gives.
pub(crate) fn verdict<T>(label: T, evidence: Vec<Evidence>, curve: &Curve) -> Verdict<T> {
    let score = score(&evidence);
    let confidence = 1.0 / (1.0 + (-curve.slope * (score - curve.middle)).exp());
    let most = if against(&evidence) < 0.0 { Band::Suggest } else { Band::Auto };
    Verdict { label, confidence, band: band(confidence, curve).min(most), evidence }
}

/// The band of a confidence.
pub(crate) fn band(confidence: f32, curve: &Curve) -> Band {
    if confidence >= curve.auto {
        Band::Auto
    } else if confidence >= curve.suggest {
        Band::Suggest
    } else {
        Band::None
    }
}

/// Closes the list of labels: `other` alone when nothing is in auto or suggest.
pub(crate) fn close(labels: &mut Vec<Verdict<Label>>, curve: &Curve) {
    if labels.iter().any(|v| v.band != Band::None) {
        return;
    }
    let strongest = labels.first().map_or(0.0, |v| v.confidence);
    let confidence = 1.0 - strongest;
    let band = if confidence >= curve.auto { Band::Auto } else { Band::Suggest };
    labels.insert(0, Verdict { label: Label::Other, confidence, band, evidence: Vec::new() });
}
