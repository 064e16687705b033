//! From words to the numbered features of each sentence.
//!
//! Stems are the first letters of a word, so that the endings of all languages fall away; pairs of
//! stems carry the phrase, and pieces of four letters carry typos and words of the same root.
//! The stems of the whole sentence before and of the whole text stand by as context. Features are
//! hashed into a table of fixed size. The values were chosen by leaving one author out at a time.

use crate::words::{Word, Words};

use super::{Place, Text};

/// log2 of the number of rows.
pub const BITS: u32 = 18;
/// Number of rows of the table.
pub const ROWS: usize = 1 << BITS;
/// Letters of a stem.
const STEM: usize = 5;
/// Letters of a piece.
const PIECE: usize = 4;
/// Most sentences that are looked at.
const SENTENCES: usize = 2_000;
/// Words of the sentence before that are context.
const CONTEXT: usize = 12;

/// One feature: the row of the table and how much it counts.
pub type Feature = (u32, f32);

/// A sentence as features.
#[derive(Debug, Clone)]
pub struct Instance {
    /// Rows and values.
    pub features: Vec<Feature>,
    /// Where it stands.
    pub place: Place,
}

/// What sort of feature a row stands for; part of the hash.
#[derive(Clone, Copy)]
enum Sort {
    Stem = 1,
    Pair = 2,
    Around = 3,
    Piece = 4,
    Before = 5,
    Mark = 6,
}

/// Most words of a text that are its surroundings.
const AROUND: usize = 400;

/// The features of the text as a whole: they count for every sentence.
pub(crate) fn around(text: Text<'_>) -> Vec<Feature> {
    let words = text.body.words.iter().take(AROUND);
    words.map(|word| (row(Sort::Around, stem(word)), 0.5)).collect()
}

/// Calls `seen` with every sentence of a text, the subject (when it is the person's own) last.
pub(crate) fn each(text: Text<'_>, mut seen: impl FnMut(&Instance)) {
    let stems: Vec<u64> = text.body.words.iter().map(stem).collect();
    let count = text.body.words.last().map_or(0, |word| word.sentence as usize + 1);
    let mut instance = Instance {
        features: Vec::with_capacity(256),
        place: Place { span: (0, 0), in_subject: false },
    };
    let mut from = 0;
    let mut before = 0..0;
    for _ in 0..SENTENCES {
        let Some(first) = text.body.words.get(from) else { break };
        let to = from
            + text.body.words[from..].iter().take_while(|w| w.sentence == first.sentence).count();
        instance.features.clear();
        sentence(&mut instance.features, &text.body.words[from..to], &stems[from..to]);
        for stem in &stems[before.clone()] {
            instance.features.push((row(Sort::Before, *stem), 0.3));
        }
        let question = text.body.questions.get(first.sentence as usize) == Some(&true);
        marks(&mut instance.features, to - from, count, question);
        instance.place =
            Place { span: (first.span.0, text.body.words[to - 1].span.1), in_subject: false };
        seen(&instance);
        before = to.saturating_sub(CONTEXT).max(from)..to;
        from = to;
    }
    if !text.answers {
        subject(text.subject, count, &mut instance, seen);
    }
}

fn subject(
    words: &Words,
    sentences: usize,
    instance: &mut Instance,
    mut seen: impl FnMut(&Instance),
) {
    let (Some(first), Some(last)) = (words.words.first(), words.words.last()) else { return };
    let stems: Vec<u64> = words.words.iter().map(stem).collect();
    instance.features.clear();
    sentence(&mut instance.features, &words.words, &stems);
    marks(&mut instance.features, words.words.len(), sentences, false);
    instance.features.push((row(Sort::Mark, 1), 1.0));
    instance.place = Place { span: (first.span.0, last.span.1), in_subject: true };
    seen(instance);
}

fn sentence(features: &mut Vec<Feature>, words: &[Word], stems: &[u64]) {
    features.extend(stems.iter().map(|stem| (row(Sort::Stem, *stem), 1.0)));
    for pair in stems.windows(2) {
        features.push((row(Sort::Pair, pair[0].rotate_left(17) ^ pair[1]), 1.0));
    }
    for word in words {
        pieces(features, &word.form);
    }
}

/// The marks of a sentence: whether it asks, how long it is, how many there are.
fn marks(features: &mut Vec<Feature>, words: usize, sentences: usize, question: bool) {
    if question {
        features.push((row(Sort::Mark, 2), 1.0));
    }
    #[allow(clippy::cast_precision_loss)] // some thousand words
    let (length, many) = ((words as f32 / 30.0).min(2.0), (sentences as f32).ln_1p() * 0.3);
    features.push((row(Sort::Mark, 3), length));
    features.push((row(Sort::Mark, 4), many));
    features.push((row(Sort::Mark, 5), 1.0));
}

/// The pieces of four letters of a word, its bounds included.
fn pieces(features: &mut Vec<Feature>, form: &str) {
    if form.starts_with('#') || form.starts_with(|c: char| c.is_ascii_digit()) {
        return;
    }
    let mut window = [0_u64; PIECE];
    let mut seen = 0;
    for c in std::iter::once('^').chain(form.chars()).chain(std::iter::once('$')) {
        window.rotate_left(1);
        window[PIECE - 1] = u64::from(u32::from(c));
        seen += 1;
        if seen >= PIECE {
            let key = window.iter().fold(0_u64, |key, c| key << 16 ^ c);
            features.push((row(Sort::Piece, key), 0.4));
        }
    }
}

/// A number for the stem of a word; all numbers are one.
fn stem(word: &Word) -> u64 {
    if word.form.starts_with(|c: char| c.is_ascii_digit()) {
        return 7;
    }
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for c in word.form.chars().take(STEM) {
        hash = (hash ^ u64::from(u32::from(c))).wrapping_mul(0x0100_0000_01b3);
    }
    hash
}

/// The row of a feature.
fn row(sort: Sort, key: u64) -> u32 {
    let mut hash = key ^ (sort as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    hash ^= hash >> 32;
    hash = hash.wrapping_mul(0xd6e8_feb8_6659_fd93);
    hash ^= hash >> 32;
    hash = hash.wrapping_mul(0xd6e8_feb8_6659_fd93);
    // The upper bits are the best mixed ones.
    u32::try_from(hash >> (64 - BITS)).unwrap_or(0)
}
