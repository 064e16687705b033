//! Counts what was found against what is stated.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use domain::classification::{BounceClass, Classification, Kind};

use crate::truth::{Expected, bare};

/// Right ones of all.
#[derive(Default, Clone, Copy)]
struct Share {
    right: usize,
    all: usize,
}

impl Share {
    fn add(&mut self, is_right: bool) {
        self.right += usize::from(is_right);
        self.all += 1;
    }

    /// The rate with its 95 % Wilson interval.
    fn shown(self) -> String {
        let as_float = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        let (right, all) = (as_float(self.right), as_float(self.all.max(1)));
        let (rate, z) = (right / all, 1.96_f64);
        let middle = rate + z * z / (2.0 * all);
        let half = z * (rate * (1.0 - rate) / all + z * z / (4.0 * all * all)).sqrt();
        let scale = 1.0 + z * z / all;
        let (low, high) = ((middle - half) / scale, (middle + half) / scale);
        format!("{rate:.3} ({} of {}; {low:.3} to {high:.3})", self.right, self.all)
    }
}

/// Figures of the delivery reports.
#[derive(Default)]
pub struct Bounces {
    detected: Share,
    not_detected: Share,
    recipients: Share,
    hard: Share,
    code: Share,
    missed: Vec<String>,
}

impl Bounces {
    pub fn add(&mut self, truth: &Expected, found: &Classification) {
        let is_bounce = found.kind == Kind::Bounce;
        if !truth.is_bounce {
            self.not_detected.add(!is_bounce);
            if is_bounce {
                self.missed.push(format!("{}: taken for a bounce", truth.path));
            }
            return;
        }
        self.detected.add(is_bounce);
        if !is_bounce {
            let reason = found.kind_reasons.first().map_or("", String::as_str);
            self.missed.push(format!("{}: kind {:?} {reason}", truth.path, found.kind));
        }
        if !truth.recipients.is_empty() {
            let named: BTreeSet<String> =
                found.bounces.iter().filter_map(|one| one.recipient.as_deref()).map(bare).collect();
            self.recipients.add(named == truth.recipients);
            if named != truth.recipients {
                self.missed.push(format!(
                    "{}: recipients {named:?}, stated {:?}",
                    truth.path, truth.recipients
                ));
            }
        }
        if !truth.hard.is_empty() {
            let stated: BTreeSet<bool> = truth.hard.iter().copied().collect();
            let told: BTreeSet<bool> =
                found.bounces.iter().map(|one| one.class == BounceClass::Hard).collect();
            self.hard.add(stated == told);
            if stated != told {
                self.missed.push(format!(
                    "{}: hard {told:?}, stated {stated:?}; {:?}",
                    truth.path, found.bounces
                ));
            }
        }
        if !truth.codes.is_empty() {
            let told: BTreeSet<String> =
                found.bounces.iter().filter_map(|one| one.code.clone()).collect();
            self.code.add(told == truth.codes);
            if told != truth.codes {
                self.missed
                    .push(format!("{}: code {told:?}, stated {:?}", truth.path, truth.codes));
            }
        }
    }

    pub fn figures(&self) -> String {
        [
            ("seen as a bounce", self.detected),
            ("no bounce, and not seen as one", self.not_detected),
            ("recipients exactly right (final recipient)", self.recipients),
            ("hard or not, as stated", self.hard),
            ("enhanced code as stated", self.code),
        ]
        .map(|(name, share)| format!("{name}: {}", share.shown()))
        .join("\n")
    }

    pub fn misses(&self) -> String {
        self.missed.join("\n")
    }
}

/// The kinds found in one folder.
pub struct Kinds {
    folder: &'static str,
    wanted: &'static [Kind],
    right: Share,
    found: BTreeMap<String, usize>,
    missed: Vec<String>,
}

impl Kinds {
    pub fn new(folder: &'static str, wanted: &'static [Kind]) -> Self {
        Self { folder, wanted, right: Share::default(), found: BTreeMap::new(), missed: Vec::new() }
    }

    pub fn add(&mut self, path: &Path, found: &Classification) {
        let is_right = self.wanted.contains(&found.kind);
        self.right.add(is_right);
        *self.found.entry(format!("{:?}", found.kind)).or_default() += 1;
        if !is_right {
            self.missed.push(format!(
                "{}: {:?} {:?}",
                path.display(),
                found.kind,
                found.kind_reasons
            ));
        }
    }

    pub fn figures(&self) -> String {
        format!(
            "{}, as one of {:?}: {}; {:?}",
            self.folder,
            self.wanted,
            self.right.shown(),
            self.found
        )
    }

    pub fn misses(&self) -> String {
        self.missed.join("\n")
    }
}
