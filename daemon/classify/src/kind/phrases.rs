//! Many phrases looked for in one pass over a text.
//!
//! A report may be long and hostile, and there are hundreds of phrases: each place of the text is
//! compared only with those that begin with its two bytes. Built once for each list.

use std::collections::HashMap;

/// A list of phrases, each with a rank.
pub(super) struct Phrases {
    by_start: HashMap<[u8; 2], Vec<(&'static [u8], usize)>>,
    /// A bit for each pair of bytes by which one begins: most places of a text need no more.
    pairs: Box<[u64; 1024]>,
}

fn place([first, second]: [u8; 2]) -> usize {
    usize::from(first) << 8 | usize::from(second)
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
        let mut pairs = Box::new([0; 1024]);
        for pair in by_start.keys() {
            pairs[place(*pair) / 64] |= 1 << (place(*pair) % 64);
        }
        Self { by_start, pairs }
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
            let [first, second] = *pair else { continue };
            let Some(phrases) = self.starting_with([first, second]) else { continue };
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

    fn starting_with(&self, pair: [u8; 2]) -> Option<&Vec<(&'static [u8], usize)>> {
        let place = place(pair);
        (self.pairs[place / 64] >> (place % 64) & 1 == 1).then(|| self.by_start.get(&pair))?
    }

    /// Whether one of the phrases is in a text that is not in lower case. The phrases are ASCII,
    /// and without the `k` that the sign of the unit Kelvin becomes in lower case.
    pub(super) fn any_in_any_case(&self, text: &str) -> bool {
        let bytes = text.as_bytes();
        bytes.windows(2).enumerate().any(|(at, pair)| {
            let [first, second] = *pair else { return false };
            let pair = [first.to_ascii_lowercase(), second.to_ascii_lowercase()];
            self.starting_with(pair).is_some_and(|phrases| {
                phrases.iter().any(|(phrase, _)| {
                    bytes
                        .get(at..at + phrase.len())
                        .is_some_and(|here| here.eq_ignore_ascii_case(phrase))
                })
            })
        })
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
