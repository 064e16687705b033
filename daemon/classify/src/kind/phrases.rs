//! Many phrases looked for in one pass over a text.
//!
//! A report may be long and hostile, and there are hundreds of phrases: each place of the text is
//! compared only with those that begin with its two bytes. Built once for each list.

use std::collections::HashMap;

/// A list of phrases, each with a rank.
pub(super) struct Phrases {
    by_start: HashMap<[u8; 2], Vec<(&'static [u8], usize)>>,
}

impl Phrases {
    /// Of phrases of at least two bytes with their ranks.
    pub(super) fn ranked(phrases: impl IntoIterator<Item = (&'static str, usize)>) -> Self {
        let mut by_start: HashMap<[u8; 2], Vec<(&'static [u8], usize)>> = HashMap::new();
        for (phrase, rank) in phrases {
            if let [first, second, ..] = phrase.as_bytes() {
                by_start.entry([*first, *second]).or_default().push((phrase.as_bytes(), rank));
            }
        }
        Self { by_start }
    }

    /// Of phrases that are all the same.
    pub(super) fn equal(phrases: impl IntoIterator<Item = &'static str>) -> Self {
        Self::ranked(phrases.into_iter().map(|phrase| (phrase, 0)))
    }

    /// The least rank of the phrases in the text.
    pub(super) fn least_in(&self, text: &str) -> Option<usize> {
        let bytes = text.as_bytes();
        let mut least = None;
        for (at, pair) in bytes.windows(2).enumerate() {
            let Some(phrases) = self.by_start.get(pair) else { continue };
            let rest = bytes.get(at..).unwrap_or_default();
            for (phrase, rank) in phrases {
                if least.is_none_or(|known| *rank < known) && rest.starts_with(phrase) {
                    least = Some(*rank);
                }
            }
            if least == Some(0) {
                break;
            }
        }
        least
    }

    /// Whether one of the phrases is in the text.
    pub(super) fn any_in(&self, text: &str) -> bool {
        self.least_in(text).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_rank_is_found_wherever_it_stands() {
        let phrases =
            Phrases::ranked([("full", 1), ("fully", 2), ("unknown user", 0), ("ящик", 3)]);
        assert_eq!(phrases.least_in("the box is full"), Some(1));
        assert_eq!(phrases.least_in("fully ящик"), Some(1));
        assert_eq!(phrases.least_in("full, unknown user"), Some(0));
        assert_eq!(phrases.least_in("мой ящик"), Some(3));
        assert_eq!(phrases.least_in(""), None);
        assert_eq!(phrases.least_in("f"), None);
        assert!(Phrases::equal(["a b"]).any_in("xa b") && !Phrases::equal(["a b"]).any_in("ab"));
    }
}
