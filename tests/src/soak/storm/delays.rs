//! Delays in classes, and the largest of them.

use std::{fmt, time::Duration};

/// Upper ends of the classes in milliseconds.
const CLASSES: [u64; 8] = [5, 20, 50, 100, 200, 400, 700, 1_000];

/// A histogram.
#[derive(Debug, Clone, Default)]
pub struct Delays {
    /// One more than there are ends: what is above all of them.
    classes: [usize; CLASSES.len() + 1],
    largest: Duration,
}

impl Delays {
    /// Counts one.
    pub fn note(&mut self, delay: Duration) {
        let class = CLASSES.iter().position(|end| delay <= Duration::from_millis(*end));
        self.classes[class.unwrap_or(CLASSES.len())] += 1;
        self.largest = self.largest.max(delay);
    }

    /// The largest so far.
    #[must_use]
    pub fn largest(&self) -> Duration {
        self.largest
    }

    /// How many.
    #[must_use]
    pub fn count(&self) -> usize {
        self.classes.iter().sum()
    }
}

impl fmt::Display for Delays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let largest = self.largest.as_secs_f64() * 1_000.0;
        write!(f, "{}, the largest delay {largest:.1} ms;", self.count())?;
        for (end, count) in CLASSES.iter().zip(self.classes) {
            write!(f, " ≤{end} ms: {count}")?;
        }
        write!(f, ", above: {}", self.classes[CLASSES.len()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_is_counted_in_its_class() {
        let mut delays = Delays::default();
        for delay in [5, 6, 1_001] {
            delays.note(Duration::from_millis(delay));
        }
        assert_eq!((delays.count(), delays.largest()), (3, Duration::from_millis(1_001)));
        assert!(delays.to_string().contains("≤5 ms: 1 ≤20 ms: 1 ≤50 ms: 0"), "{delays}");
        assert!(delays.to_string().ends_with("above: 1"), "{delays}");
    }
}
