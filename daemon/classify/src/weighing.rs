//! Rules and model weighed together: from what both say to a confidence and a band.
//!
//! Called by `labels` for every label and mark. The confidence is calibrated: a logistic curve
//! over the score of the rules and the logits of the model, fitted on authors whom neither the
//! rules nor the model knew. The model may raise to suggest and lower from auto to suggest; it
//! never makes auto, and what the rules are sure enough of it never hides.

use domain::classification::{Band, Label};
use serde::Deserialize;

use crate::model::{HEADS, Head, Opinion, Table};
use crate::packs::Curve;

/// Scores beyond say no more.
const MOST: f32 = 6.0;

/// Evidence against of at most this weight is a doubt, which a sure model may dispel; what is
/// heavier keeps a label out of auto.
const DOUBT: f32 = 0.1;

/// The trained model with its weights beside the rules.
#[derive(Debug, Clone)]
pub(crate) struct Model {
    pub table: Table,
    pub mixing: Mixing,
}

/// The fitted curve and the thresholds (`config/classifier/model.toml`).
#[derive(Debug, Clone, Deserialize)]
pub struct Mixing {
    /// What one point of the rules' score adds to the log odds of a label.
    pub rules: f32,
    /// What the model's logit of the label adds.
    pub model: f32,
    /// What the model's logit of "any request" adds to a label that opens one.
    pub request: f32,
    /// Where each label begins, by name.
    pub bias: std::collections::BTreeMap<String, f32>,
    /// The same for the question whether there is any request at all.
    pub any: AnyRequest,
    /// From which confidence on a label is suggested.
    pub suggest: f32,
    /// From which probability of any request the likeliest label is suggested.
    pub suggest_any: f32,
    /// The least score of the rules for band auto: the model alone makes nothing auto.
    pub auto_rules: f32,
    /// The least confidence of band auto.
    pub auto: f32,
    /// The same when the rules have a doubt.
    pub auto_in_doubt: f32,
    /// What the rules alone are so sure of is never below suggest.
    pub keep: f32,
}

/// Weights of the question whether there is any request at all.
#[derive(Debug, Clone, Deserialize)]
pub struct AnyRequest {
    /// Where it begins.
    pub bias: f32,
    /// Per point of the highest score of the rules on a label that opens a request.
    pub rules: f32,
    /// Per point of the model's logit of "any request".
    pub request: f32,
    /// Per point of the model's highest logit of a label that opens a request.
    pub label: f32,
}

impl Mixing {
    /// Reads the section `[mixing]` of a manifest.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn read(manifest: &str) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Manifest {
            mixing: Mixing,
        }
        let manifest: Manifest =
            toml::from_str(manifest).map_err(|error| error.message().to_owned())?;
        let mixing = manifest.mixing;
        let known = |head: &&Head| mixing.bias.contains_key(head.name()) || **head == Head::Request;
        if let Some(missing) = Head::ALL.iter().find(|head| !known(head)) {
            return Err(format!("bias.{} is missing", missing.name()));
        }
        let any = &mixing.any;
        let numbers = [
            mixing.rules,
            mixing.model,
            mixing.request,
            mixing.suggest,
            mixing.suggest_any,
            mixing.auto_rules,
            mixing.auto,
            mixing.auto_in_doubt,
            mixing.keep,
            any.bias,
            any.rules,
            any.request,
            any.label,
        ];
        if numbers.iter().chain(mixing.bias.values()).any(|number| !number.is_finite()) {
            return Err("a number is not finite".to_owned());
        }
        Ok(mixing)
    }

    /// The log odds of a label or mark.
    #[must_use]
    pub fn log_odds(&self, head: Head, rules: f32, logits: &[f32; HEADS]) -> f32 {
        self.bias.get(head.name()).copied().unwrap_or(-2.0)
            + self.rules * bound(rules)
            + self.said_by_model(head, logits)
    }

    /// What the model adds to the log odds of a label or mark.
    #[must_use]
    pub fn said_by_model(&self, head: Head, logits: &[f32; HEADS]) -> f32 {
        let asks = matches!(head, Head::Label(label) if label.is_request());
        let request = if asks { self.request * bound(logits[Head::Request.column()]) } else { 0.0 };
        self.model * bound(logits[head.column()]) + request
    }

    /// The log odds that there is any request, by the rules' highest score on one.
    #[must_use]
    pub fn any_request(&self, rules: f32, logits: &[f32; HEADS]) -> f32 {
        let label = Head::ALL
            .iter()
            .filter(|head| matches!(head, Head::Label(label) if label.is_request()))
            .map(|head| logits[head.column()])
            .fold(f32::NEG_INFINITY, f32::max);
        self.any.bias
            + self.any.rules * bound(rules)
            + self.any.request * bound(logits[Head::Request.column()])
            + self.any.label * bound(label)
    }
}

/// A score within what the curve was fitted on.
#[must_use]
pub fn bound(score: f32) -> f32 {
    score.clamp(-MOST, MOST)
}

/// The probability of log odds.
pub(crate) fn probability(log_odds: f32) -> f32 {
    1.0 / (1.0 + (-log_odds).exp())
}

/// What the rules say of a label: their score, and the most that they allow.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// The sum of the weights.
    pub score: f32,
    /// The heaviest evidence against, 0 when there is none.
    pub against: f32,
}

/// Confidence and band of a label or mark.
pub(crate) fn weigh(
    model: &Model,
    curve: &Curve,
    head: Head,
    rules: Rules,
    opinion: &Opinion,
) -> (f32, Band) {
    let mixing = &model.mixing;
    let confidence = probability(mixing.log_odds(head, rules.score, &opinion.logits));
    let alone = probability(curve.slope * (rules.score - curve.middle));
    let strong = rules.score >= mixing.auto_rules;
    let least = match rules.against {
        against if against < -DOUBT => f32::INFINITY,
        against if against < 0.0 => mixing.auto_in_doubt,
        _ => mixing.auto,
    };
    let band = if strong && confidence >= least {
        Band::Auto
    } else if confidence >= mixing.suggest || alone >= mixing.keep {
        Band::Suggest
    } else {
        Band::None
    };
    (confidence, band)
}

/// The probability that there is any request.
pub(crate) fn any_request(mixing: &Mixing, scores: &[(Label, f32)], opinion: &Opinion) -> f32 {
    let asking = scores.iter().filter(|(label, _)| label.is_request());
    let highest = asking.map(|(_, score)| *score).fold(0.0, f32::max);
    probability(mixing.any_request(highest, &opinion.logits))
}

#[cfg(test)]
mod tests;
