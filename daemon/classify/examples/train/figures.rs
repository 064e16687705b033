//! How well a model alone tells requests from ordinary mail.

use classify::model::HEADS;

use crate::corpus::Sample;

/// Request recall at several rates of ordinary mail that is taken for a request, and macro F1.
pub fn line(judged: &[(&Sample, [f32; HEADS])]) -> String {
    let mut out = format!("{:5} mails", judged.len());
    for (name, score) in [
        ("request", (|l: &[f32; HEADS]| l[10]) as fn(&[f32; HEADS]) -> f32),
        ("labels", |l| l[..9].iter().copied().fold(f32::NEG_INFINITY, f32::max)),
        ("both", |l| l[10] + l[..9].iter().copied().fold(f32::NEG_INFINITY, f32::max)),
    ] {
        let mut ordinary: Vec<f32> =
            judged.iter().filter(|(s, _)| !s.may_ask).map(|(_, l)| score(l)).collect();
        ordinary.sort_by(|a, b| b.total_cmp(a));
        let asking: Vec<f32> =
            judged.iter().filter(|(s, _)| s.asks).map(|(_, l)| score(l)).collect();
        if ordinary.is_empty() || asking.is_empty() {
            continue;
        }
        out.push_str(&format!(" | {name}"));
        for rate in [0.02, 0.05, 0.1, 0.2] {
            #[allow(
                clippy::cast_precision_loss,
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss
            )]
            let least = ordinary[(ordinary.len() as f64 * rate) as usize];
            let found = asking.iter().filter(|s| **s > least).count();
            #[allow(clippy::cast_precision_loss)]
            let recall = found as f64 / asking.len() as f64;
            out.push_str(&format!(" {rate}:{recall:.3}"));
        }
    }
    let best = [-2.0_f32, -1.5, -1.0, -0.5, 0.0]
        .map(|least| (macro_f1(judged, least), least))
        .into_iter()
        .max_by(|a, b| a.0.total_cmp(&b.0));
    if let Some((f1, least)) = best {
        out.push_str(&format!(" | F1 {f1:.3} at {least}"));
    }
    out
}

fn macro_f1(judged: &[(&Sample, [f32; HEADS])], least: f32) -> f64 {
    let mut sum = 0.0;
    for head in 0..10 {
        let (mut right, mut wrong) = (0_u32, 0_u32);
        for (sample, logits) in judged {
            let Some(truth) = sample.truth[head] else { continue };
            match (truth, logits[head] >= least) {
                (true, true) => right += 2,
                (false, true) | (true, false) => wrong += 1,
                (false, false) => {}
            }
        }
        sum += if right + wrong == 0 { 1.0 } else { f64::from(right) / f64::from(right + wrong) };
    }
    sum / 10.0
}
