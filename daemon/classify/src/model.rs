//! The second opinion: a linear model over the words of each sentence.
//!
//! Beside the lexicon, called with the same words. For every label, for "any request at all" and
//! for the marks it gives a logit (log odds), and names the sentence that spoke loudest. It knows
//! no rules and no grammar; what it says is weighed in `opinion` together with the rules.
//! Trained by `cargo run --release -p classify --example train`; see docs/classification.md.

pub mod features;
mod table;

use domain::classification::Label;

use crate::words::Words;
use features::Instance;
pub use table::{ModelError, Table};

/// Everything the model has an opinion on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Head {
    /// One label; `other` has no head.
    Label(Label),
    /// Any label that opens a request.
    Request,
    /// The mark authority.
    Authority,
    /// The mark representative.
    Representative,
}

/// How many heads there are.
pub const HEADS: usize = 13;

impl Head {
    /// All heads, in the order of the model's columns.
    pub const ALL: [Self; HEADS] = [
        Self::Label(Label::Erasure),
        Self::Label(Label::Rectification),
        Self::Label(Label::Restriction),
        Self::Label(Label::Access),
        Self::Label(Label::ConsentWithdrawal),
        Self::Label(Label::Objection),
        Self::Label(Label::StopMarketing),
        Self::Label(Label::StopPublication),
        Self::Label(Label::UnlawfulProcessing),
        Self::Label(Label::PolicyQuestion),
        Self::Request,
        Self::Authority,
        Self::Representative,
    ];

    /// The name used in the manifest and in evidence.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Label(label) => label.name(),
            Self::Request => "request",
            Self::Authority => "authority",
            Self::Representative => "representative",
        }
    }

    /// The column of the head.
    #[must_use]
    pub fn column(self) -> usize {
        Self::ALL.iter().position(|head| *head == self).unwrap_or(HEADS - 1)
    }
}

/// What the model says of one text.
#[derive(Debug, Clone)]
pub struct Opinion {
    /// The pooled logit of each head; 0 when there was no sentence to judge.
    pub logits: [f32; HEADS],
    /// The sentence that spoke loudest for each head: byte range, and whether in the subject.
    pub loudest: [Option<Place>; HEADS],
}

impl Opinion {
    /// Whether there was anything to judge.
    #[must_use]
    pub fn is_heard(&self) -> bool {
        self.loudest.iter().any(Option::is_some)
    }

    /// The logit of a head.
    #[must_use]
    pub fn logit(&self, head: Head) -> f32 {
        self.logits[head.column()]
    }

    /// The sentence that spoke loudest for a head.
    #[must_use]
    pub fn place(&self, head: Head) -> Option<Place> {
        self.loudest[head.column()]
    }
}

/// Where a sentence stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Byte range in the new text, or in the subject.
    pub span: (usize, usize),
    /// Whether it is the subject.
    pub in_subject: bool,
}

/// How loud the loudest sentence is against the others when sentences are pooled: the pooled
/// logit is `ln(sum(exp(SHARP * logit))) / SHARP`, plus what the text as a whole says.
pub const SHARP: f32 = 2.0;

/// A text cut into words, as the trainer prepares it.
#[derive(Debug)]
pub struct Prepared {
    body: Words,
    subject: Words,
    answers: bool,
}

impl Prepared {
    /// Cuts subject and new text into words, as classification does.
    #[must_use]
    pub fn new(subject: &str, new_text: &str) -> Self {
        let (subject, answers) = crate::bare_subject(subject);
        Self {
            body: crate::words::read(new_text).0,
            subject: crate::words::read(subject).0,
            answers,
        }
    }

    /// The features of every sentence.
    #[must_use]
    pub fn instances(&self) -> Vec<Instance> {
        let mut all = Vec::new();
        let text = Text { body: &self.body, subject: &self.subject, answers: self.answers };
        features::each(text, |instance| all.push(instance.clone()));
        all
    }

    /// The features of the text as a whole.
    #[must_use]
    pub fn around(&self) -> Vec<features::Feature> {
        features::around(Text { body: &self.body, subject: &self.subject, answers: self.answers })
    }

    /// The opinion of a model.
    #[must_use]
    pub fn opinion(&self, table: &Table) -> Opinion {
        opinion(table, Text { body: &self.body, subject: &self.subject, answers: self.answers })
    }
}

/// What the rules say of every head, as the trainer needs it: the score (for "any request" the
/// highest one of a label that opens a request; 0 where no rule hit), and the heaviest evidence
/// against, 0 where there is none.
#[must_use]
pub fn rule_scores(
    subject: &str,
    new_text: &str,
    packs: &crate::Packs,
) -> ([f32; HEADS], [f32; HEADS]) {
    let (subject, answers) = crate::bare_subject(subject);
    let parts = crate::labels::Parts { subject, answers, new_text, signature: "" };
    let judged = crate::labels::by_rules_alone(parts, packs);
    let sum = |evidence: &[domain::classification::Evidence]| -> f32 {
        evidence.iter().map(|e| e.weight).sum()
    };
    let (mut scores, mut against) = ([0.0_f32; HEADS], [0.0_f32; HEADS]);
    for verdict in &judged.labels {
        against[Head::Label(verdict.label).column()] = crate::labels::against(&verdict.evidence);
        let score = sum(&verdict.evidence);
        scores[Head::Label(verdict.label).column()] = score;
        if verdict.label.is_request() {
            let any = &mut scores[Head::Request.column()];
            *any = any.max(score);
        }
    }
    for verdict in &judged.marks {
        let head = match verdict.label {
            domain::classification::Mark::Authority => Head::Authority,
            domain::classification::Mark::Representative => Head::Representative,
        };
        scores[head.column()] = sum(&verdict.evidence);
    }
    (scores, against)
}

/// A text ready for the model.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Text<'a> {
    /// The words of the new text.
    pub body: &'a Words,
    /// The words of the bare subject.
    pub subject: &'a Words,
    /// Whether the subject answers or forwards another mail: then it is not the person's own.
    pub answers: bool,
}

/// The model's opinion on a text.
#[must_use]
pub(crate) fn opinion(table: &Table, text: Text<'_>) -> Opinion {
    let mut opinion = Opinion { logits: [0.0; HEADS], loudest: [None; HEADS] };
    let mut most = [f32::NEG_INFINITY; HEADS];
    let mut sums = [0.0_f32; HEADS];
    features::each(text, |instance: &Instance| {
        let scores = table.scores(&instance.features);
        for head in 0..HEADS {
            let score = scores[head];
            if score > most[head] {
                // The sum is kept relative to the loudest, so that nothing overflows.
                sums[head] *= (SHARP * (most[head] - score)).exp();
                most[head] = score;
                opinion.loudest[head] = Some(instance.place);
            }
            sums[head] += (SHARP * (score - most[head])).exp();
        }
    });
    let around = table.sums(&features::around(text));
    for head in 0..HEADS {
        if most[head].is_finite() {
            opinion.logits[head] = most[head] + sums[head].ln() / SHARP + around[head];
        }
    }
    opinion
}

#[cfg(test)]
mod tests;
