//! Parts of a whole with their 95 % Wilson intervals, and counts of right, wrong and missed.

use std::fmt;

/// The quantile of the normal distribution for 95 %.
const Z: f64 = 1.959_964;

/// A part of a whole.
#[derive(Debug, Default, Clone, Copy)]
pub struct Share {
    /// How many hold.
    pub part: u32,
    /// Of how many.
    pub of: u32,
}

impl Share {
    /// Counts one more.
    pub fn add(&mut self, holds: bool) {
        self.of += 1;
        self.part += u32::from(holds);
    }

    /// The rate; `None` when nothing was counted.
    pub fn rate(self) -> Option<f64> {
        (self.of > 0).then(|| f64::from(self.part) / f64::from(self.of))
    }

    /// The 95 % interval of Wilson (1927).
    pub fn interval(self) -> (f64, f64) {
        let Some(p) = self.rate() else { return (0.0, 1.0) };
        let n = f64::from(self.of);
        let middle = (p + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
        let half = Z / (1.0 + Z * Z / n) * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
        ((middle - half).max(0.0), (middle + half).min(1.0))
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.rate() {
            None => f.write_str("–"),
            Some(rate) => {
                let (low, high) = self.interval();
                write!(f, "{rate:.3} [{low:.3}, {high:.3}] ({} of {})", self.part, self.of)
            }
        }
    }
}

/// Right, wrongly said, missed.
#[derive(Debug, Default, Clone, Copy)]
pub struct Count {
    /// Said and true.
    pub right: u32,
    /// Said and not true.
    pub wrong: u32,
    /// True and not said.
    pub missed: u32,
}

impl Count {
    /// Of what was said, the true share.
    pub fn precision(self) -> Share {
        Share { part: self.right, of: self.right + self.wrong }
    }

    /// Of what is true, the said share.
    pub fn recall(self) -> Share {
        Share { part: self.right, of: self.right + self.missed }
    }

    /// The harmonic mean of both; `None` when the label neither is true nor was said anywhere.
    pub fn f1(self) -> Option<f64> {
        let of = 2 * self.right + self.wrong + self.missed;
        (of > 0).then(|| f64::from(2 * self.right) / f64::from(of))
    }
}
