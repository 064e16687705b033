//! Fits the curve that weighs rules and model together, on authors whom neither knew.
//!
//! Logistic regression with a handful of parameters: one beginning for each label, and common
//! weights for the score of the rules, the model's logit and its logit of "any request".

use std::collections::BTreeMap;

use classify::model::{HEADS, Head};
use classify::weighing::{AnyRequest, Mixing, bound};

use crate::corpus::Sample;

/// Passes over all rows.
const PASSES: usize = 400;

/// Fits on mails with the logits of a model that did not know their author.
pub fn fit(judged: &[(&Sample, [f32; HEADS])]) -> Mixing {
    let mut rows: Vec<(Vec<f32>, f32)> = Vec::new();
    for (sample, logits) in judged {
        for (column, head) in Head::ALL.iter().enumerate().filter(|(_, h)| **h != Head::Request) {
            let Some(truth) = sample.truth[column] else { continue };
            let asks = matches!(head, Head::Label(label) if label.is_request());
            let mut row = vec![0.0; 3 + HEADS];
            row[0] = bound(sample.rules[column]);
            row[1] = bound(logits[column]);
            row[2] = if asks { bound(logits[Head::Request.column()]) } else { 0.0 };
            row[3 + column] = 1.0;
            rows.push((row, f32::from(u8::from(truth))));
        }
    }
    let label = descend(&rows, 3 + HEADS);
    let rows: Vec<(Vec<f32>, f32)> = judged
        .iter()
        .filter(|(sample, _)| sample.asks || !sample.may_ask)
        .map(|(sample, logits)| {
            let highest = logits[..9].iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let column = Head::Request.column();
            let row = vec![1.0, bound(sample.rules[column]), bound(logits[column]), bound(highest)];
            (row, f32::from(u8::from(sample.asks)))
        })
        .collect();
    let any = descend(&rows, 4);
    let bias: BTreeMap<String, f32> = Head::ALL
        .iter()
        .enumerate()
        .filter(|(_, head)| **head != Head::Request)
        .map(|(column, head)| (head.name().to_owned(), label[3 + column]))
        .collect();
    Mixing {
        rules: label[0],
        model: label[1],
        request: label[2],
        bias,
        any: AnyRequest { bias: any[0], rules: any[1], request: any[2], label: any[3] },
        suggest: 0.35,
        suggest_any: 0.4,
        auto_rules: 3.0,
        auto: 0.95,
        auto_in_doubt: 0.97,
        keep: 0.95,
    }
}

/// Full gradient descent (AdaGrad).
fn descend(rows: &[(Vec<f32>, f32)], width: usize) -> Vec<f32> {
    let (mut weights, mut squares) = (vec![0.0_f32; width], vec![1e-6_f32; width]);
    #[allow(clippy::cast_precision_loss)] // some ten thousand rows
    let count = rows.len() as f32;
    for _ in 0..PASSES {
        let mut gradient = vec![0.0_f32; width];
        for (row, truth) in rows {
            let odds: f32 = row.iter().zip(&weights).map(|(x, w)| x * w).sum();
            let error = 1.0 / (1.0 + (-odds).exp()) - truth;
            for (slope, x) in gradient.iter_mut().zip(row) {
                *slope += error * x / count;
            }
        }
        for ((weight, square), slope) in weights.iter_mut().zip(&mut squares).zip(&gradient) {
            *square += slope * slope;
            *weight -= 0.15 * slope / square.sqrt();
        }
    }
    weights
}

/// What the thresholds are chosen by: recall, false requests and macro F1 over a grid of them.
pub fn grid(mixing: &Mixing, judged: &[(&Sample, [f32; HEADS])]) -> String {
    let mut out = String::new();
    for (suggest, keep) in [(0.25_f32, 0.95_f32), (0.3, 0.8), (0.3, 0.9), (0.3, 0.95), (0.4, 0.95)]
    {
        for suggest_any in [0.3_f32, 0.4, 0.5, 0.6] {
            let mixing = Mixing { suggest, keep, suggest_any, ..mixing.clone() };
            let (mut found, mut asking, mut wrong, mut ordinary) = (0, 0, 0, 0);
            let mut counts = [(0, 0); 10];
            for (sample, logits) in judged {
                let said = said(&mixing, sample, logits);
                let asks = said[..9].contains(&true);
                asking += usize::from(sample.asks);
                found += usize::from(sample.asks && asks);
                ordinary += usize::from(!sample.may_ask);
                wrong += usize::from(!sample.may_ask && asks);
                for (column, (right, missed)) in counts.iter_mut().enumerate() {
                    match (sample.truth[column], said[column]) {
                        (Some(true), true) => *right += 2,
                        (Some(false), true) | (Some(true), false) => *missed += 1,
                        _ => {}
                    }
                }
            }
            let f1: f64 = counts.iter().map(|(r, m)| share(*r, r + m) / 10.0).sum();
            out.push_str(&format!(
                "  suggest {suggest} keep {keep} any {suggest_any}: recall {:.3} ordinary {:.3} macro F1 {f1:.3}\n",
                share(found, asking),
                share(wrong, ordinary)
            ));
        }
    }
    out
}

/// Precision and count of band auto over its thresholds.
pub fn auto_grid(mixing: &Mixing, judged: &[(&Sample, [f32; HEADS])]) -> String {
    let mut out = String::new();
    for (auto, doubt, curve) in
        [(0.9_f32, 0.97_f32, 3.9_f32), (0.95, 0.97, 3.0), (0.95, 0.98, 2.5), (0.97, 0.98, 2.0)]
    {
        let (mut right, mut said, mut ordinary, mut wrong, mut asks, mut seen) = (0, 0, 0, 0, 0, 0);
        for (sample, logits) in judged {
            let mut any = false;
            for column in 0..9 {
                let odds = mixing.log_odds(Head::ALL[column], sample.rules[column], logits);
                let least = if sample.against[column] < -0.1 {
                    9.0
                } else if sample.against[column] < 0.0 {
                    doubt
                } else {
                    auto
                };
                if sample.rules[column] >= curve && 1.0 / (1.0 + (-odds).exp()) >= least {
                    any = true;
                    said += 1;
                    right += usize::from(sample.truth[column] != Some(false));
                }
            }
            ordinary += usize::from(!sample.may_ask);
            wrong += usize::from(!sample.may_ask && any);
            asks += usize::from(sample.asks);
            seen += usize::from(sample.asks && any);
        }
        out.push_str(&format!("  auto {auto} doubt {doubt} score {curve}: precision {:.4} of {said}; ordinary in auto {:.4}; requests in auto {:.3}\n", share(right, said), share(wrong, ordinary), share(seen, asks)));
    }
    out
}

fn share(part: usize, of: usize) -> f64 {
    #[allow(clippy::cast_precision_loss)] // some thousand mails
    let share = part as f64 / of.max(1) as f64;
    share
}

/// The labels that would be suggested, without the bands of the rules alone.
fn said(mixing: &Mixing, sample: &Sample, logits: &[f32; HEADS]) -> [bool; 10] {
    let probability = |odds: f32| 1.0 / (1.0 + (-odds).exp());
    let odds: [f32; 10] = std::array::from_fn(|column| {
        mixing.log_odds(Head::ALL[column], sample.rules[column], logits)
    });
    let alone = |column: usize| probability(1.6 * (sample.rules[column] - 2.0)) >= mixing.keep;
    let mut said: [bool; 10] =
        std::array::from_fn(|column| probability(odds[column]) >= mixing.suggest || alone(column));
    let any = mixing.any_request(sample.rules[Head::Request.column()], logits);
    if !said[..9].contains(&true) && probability(any) >= mixing.suggest_any {
        let best = (0..9).max_by(|a, b| odds[*a].total_cmp(&odds[*b])).unwrap_or(0);
        said[best] = true;
    }
    said
}
