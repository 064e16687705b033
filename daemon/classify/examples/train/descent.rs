//! Logistic regression by stochastic gradient descent (AdaGrad), all heads at once.
//!
//! A mail is a bag of sentences; its logit is the soft maximum of theirs, so the gradient goes to
//! the sentences that spoke loudest. Half of the features is left out at each visit, which
//! keeps rare words from carrying a verdict alone. No chance: the same corpus gives the same bytes.

use classify::model::{
    HEADS, SHARP, Table,
    features::{Feature, ROWS},
};

use crate::corpus::Sample;

/// Visits of every mail.
const EPOCHS: usize = 12;
/// Step of AdaGrad.
const STEP: f32 = 0.12;
/// What is taken from a weight at each touch.
const DECAY: f32 = 2e-4;
/// One feature of so many is left out.
const LEFT_OUT: u64 = 2;

struct Descent {
    weights: Vec<[f32; HEADS]>,
    squares: Vec<[f32; HEADS]>,
    bias: [f32; HEADS],
    bias_squares: [f32; HEADS],
    chance: u64,
}

/// Trains on the samples.
pub fn train(samples: &[&Sample]) -> Table {
    let mut descent = Descent {
        weights: vec![[0.0; HEADS]; ROWS],
        squares: vec![[1e-2; HEADS]; ROWS],
        bias: [-1.5; HEADS],
        bias_squares: [1.0; HEADS],
        chance: 0x2545_f491_4f6c_dd1d,
    };
    let mut order: Vec<usize> = (0..samples.len()).collect();
    for _ in 0..EPOCHS {
        for at in (1..order.len()).rev() {
            let other = usize::try_from(descent.next() % (at as u64 + 1)).unwrap_or(0);
            order.swap(at, other);
        }
        for at in &order {
            descent.learn(samples[*at]);
        }
    }
    Table::round(&descent.weights, descent.bias)
}

impl Descent {
    /// xorshift64*.
    fn next(&mut self) -> u64 {
        self.chance ^= self.chance >> 12;
        self.chance ^= self.chance << 25;
        self.chance ^= self.chance >> 27;
        self.chance.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    fn learn(&mut self, sample: &Sample) {
        let kept: Vec<Vec<Feature>> =
            sample.instances.iter().map(|instance| self.some_of(&instance.features)).collect();
        let around = self.some_of(&sample.around);
        let scores: Vec<[f32; HEADS]> =
            kept.iter().map(|features| self.scores(self.bias, features)).collect();
        let everywhere = self.scores([0.0; HEADS], &around);
        let mut whole = [0.0_f32; HEADS];
        let mut gradients = vec![[0.0_f32; HEADS]; kept.len()];
        for head in 0..HEADS {
            let Some(truth) = sample.truth[head] else { continue };
            let most = scores.iter().map(|s| s[head]).fold(f32::NEG_INFINITY, f32::max);
            let shares: Vec<f32> =
                scores.iter().map(|s| (SHARP * (s[head] - most)).exp()).collect();
            let sum: f32 = shares.iter().sum();
            let pooled = most + sum.ln() / SHARP + everywhere[head];
            let error = 1.0 / (1.0 + (-pooled).exp()) - f32::from(u8::from(truth));
            whole[head] = error;
            for (gradient, share) in gradients.iter_mut().zip(&shares) {
                gradient[head] = error * share / sum;
            }
        }
        for (features, gradient) in kept.iter().zip(&gradients) {
            self.step(features, gradient);
            for (head, slope) in gradient.iter().enumerate() {
                self.bias_squares[head] += slope * slope;
                self.bias[head] -= STEP * slope / self.bias_squares[head].sqrt();
            }
        }
        self.step(&around, &whole);
    }

    fn some_of(&mut self, features: &[Feature]) -> Vec<Feature> {
        features.iter().filter(|_| !self.next().is_multiple_of(LEFT_OUT)).copied().collect()
    }

    fn scores(&self, from: [f32; HEADS], features: &[Feature]) -> [f32; HEADS] {
        let mut scores = from;
        for (row, value) in features {
            for (score, weight) in scores.iter_mut().zip(&self.weights[*row as usize]) {
                *score += value * weight;
            }
        }
        scores
    }

    fn step(&mut self, features: &[Feature], gradient: &[f32; HEADS]) {
        for (row, value) in features {
            let (weights, squares) =
                (&mut self.weights[*row as usize], &mut self.squares[*row as usize]);
            for head in 0..HEADS {
                let slope = gradient[head] * value + DECAY * weights[head];
                squares[head] += slope * slope;
                weights[head] -= STEP * slope / squares[head].sqrt();
            }
        }
    }
}
