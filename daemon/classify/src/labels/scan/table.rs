//! The words of a text by their classes, and where the elements of one pattern stand among them.

use crate::packs::{Packs, Pattern, Start, Step};
use crate::words::Words;

/// How many words a pattern may span.
pub(super) const REACH: usize = 64;

/// Where the elements of a pattern were found: bits relative to the first word.
#[derive(Debug, Clone, Copy)]
pub(super) struct Places {
    pub(super) first: usize,
    mask: u64,
}

impl Places {
    pub(super) fn last(&self) -> usize {
        self.first + 63 - self.mask.leading_zeros() as usize
    }

    pub(super) fn has(&self, at: usize) -> bool {
        at.checked_sub(self.first).is_some_and(|bit| bit < REACH && self.mask >> bit & 1 == 1)
    }
}

/// The words of a text with their classes.
pub(super) struct Table<'a> {
    pub(super) words: &'a Words,
    /// The classes of all words, and for each word where its own begin.
    classes: Vec<u16>,
    begins: Vec<usize>,
    /// For each class where the words that belong to it are marked, 0 when there are none.
    marks: Vec<u32>,
    /// The marks: for each class that occurs a bit for each word, and 64 bits more.
    places: Vec<u64>,
    /// For each sentence the word behind its last.
    ends: Vec<usize>,
    /// Byte ranges of what stands in quotation marks.
    pub(super) quotations: Vec<(usize, usize)>,
}

impl<'a> Table<'a> {
    pub(super) fn new(words: &'a Words, packs: &Packs) -> Self {
        let count = words.words.len();
        let mut classes = Vec::with_capacity(count * 8);
        let mut begins = Vec::with_capacity(count + 1);
        for word in &words.words {
            begins.push(classes.len());
            packs.vocabulary.classes(&word.form, &mut classes);
        }
        begins.push(classes.len());
        let length = count.div_ceil(64) + 1;
        let mut marks = vec![0_u32; packs.vocabulary.count];
        // What stands at 0 belongs to the classes that do not occur.
        let mut places = vec![0_u64; length];
        for (at, own) in begins.windows(2).enumerate() {
            for class in &classes[own[0]..own[1]] {
                let mark = &mut marks[usize::from(*class)];
                if *mark == 0 {
                    // Some thousand classes, and some ten thousand words at most.
                    *mark = u32::try_from(places.len()).unwrap_or(0);
                    places.resize(places.len() + length, 0);
                }
                places[*mark as usize + at / 64] |= 1 << (at % 64);
            }
        }
        let mut ends = vec![words.words.len(); words.questions.len()];
        for (at, word) in words.words.iter().enumerate() {
            if let Some(end) = ends.get_mut(word.sentence as usize) {
                *end = at + 1;
            }
        }
        Self { words, classes, begins, marks, places, ends, quotations: Vec::new() }
    }

    pub(super) fn classes(&self, at: usize) -> &[u16] {
        &self.classes[self.begins[at]..self.begins[at + 1]]
    }

    pub(super) fn is(&self, at: usize, class: u16) -> bool {
        self.places[self.marks[usize::from(class)] as usize + at / 64] >> (at % 64) & 1 == 1
    }

    /// The words of a class from the one at `at` on, as bits.
    fn places(&self, at: usize, class: u16) -> u64 {
        let block = self.marks[usize::from(class)] as usize + at / 64;
        let shift = at % 64;
        // Two shifts, since one by 64 is none.
        self.places[block] >> shift | self.places[block + 1] << 1 << (63 - shift)
    }

    /// The words from the one at `at` on that stand in sentences up to this one, as bits.
    fn up_to(&self, at: usize, sentence: u32) -> u64 {
        let end = self.ends.get(sentence as usize).map_or(self.words.words.len(), |end| *end);
        match end.saturating_sub(at) {
            count if count < REACH => (1 << count) - 1,
            _ => u64::MAX,
        }
    }

    /// Whether a word of the second element of a pattern stands in reach of its first at `at`.
    pub(super) fn may_begin(&self, start: &Start, at: usize) -> bool {
        let Some(second) = &start.second else { return true };
        self.places(at, second.class) & next(1, second.gap) != 0
    }

    pub(super) fn sentence(&self, at: usize) -> u32 {
        self.words.words[at].sentence
    }

    pub(super) fn begins_sentence(&self, at: usize) -> bool {
        at == 0 || self.sentence(at - 1) != self.sentence(at)
    }

    fn ends_sentence(&self, at: usize) -> bool {
        at + 1 == self.words.words.len() || self.sentence(at + 1) != self.sentence(at)
    }

    /// Finds a pattern whose first element is the word at `at`.
    pub(super) fn find(&self, pattern: &Pattern, at: usize) -> Option<Places> {
        if !self.is(at, pattern.steps[0].class)
            || (pattern.text_start && at != 0)
            || (pattern.sentence_start && !self.begins_sentence(at))
        {
            return None;
        }
        let mut sentence = self.sentence(at);
        let mut masks = [0_u64; 8];
        masks[0] = 1;
        for (number, step) in pattern.steps.iter().enumerate().skip(1) {
            sentence += u32::from(step.crosses);
            let window = next(masks[number - 1], step.gap) & self.up_to(at, sentence);
            let mut here = window & self.places(at, step.class);
            if step.tight {
                here = self.in_clauses(at, masks[number - 1], here, step);
            }
            if here == 0 {
                return None;
            }
            masks[number] = here;
        }
        self.trace(pattern, at, &masks)
    }

    /// Those of the places with one of the places before (within the gap) in the same clause.
    fn in_clauses(&self, at: usize, before: u64, here: u64, step: &Step) -> u64 {
        let clause = |bit: usize| self.words.words[at + bit].clause;
        let mut kept = 0;
        let mut left = here;
        while left != 0 {
            let bit = left.trailing_zeros() as usize;
            left &= left - 1;
            let low = bit.saturating_sub(usize::from(step.gap) + 1);
            if (low..bit).any(|p| before >> p & 1 == 1 && clause(p) == clause(bit)) {
                kept |= 1 << bit;
            }
        }
        kept
    }

    /// Walks back from the first possible end to one row of places.
    fn trace(&self, pattern: &Pattern, at: usize, masks: &[u64; 8]) -> Option<Places> {
        let count = pattern.steps.len();
        let mut ends = masks[count - 1];
        while ends != 0 {
            let end = ends.trailing_zeros() as usize;
            ends &= ends - 1;
            let last = at + end;
            if (pattern.text_end && last + 1 != self.words.words.len())
                || (pattern.sentence_end && !self.ends_sentence(last))
            {
                continue;
            }
            let mut mask = 1_u64 << end;
            let mut place = end;
            for number in (0..count - 1).rev() {
                let gap = usize::from(pattern.steps[number + 1].gap);
                let low = place.saturating_sub(gap + 1);
                let window = masks[number] & ((1_u64 << place) - 1) & !((1_u64 << low) - 1);
                if window == 0 {
                    return None;
                }
                place = 63 - window.leading_zeros() as usize;
                mask |= 1 << place;
            }
            return Some(Places { first: at, mask });
        }
        None
    }
}

/// Where an element may stand behind the places of the one before it: at most `gap` words between.
fn next(places: u64, gap: u8) -> u64 {
    let mut window = places << 1;
    let (mut reached, wanted) = (1, u32::from(gap) + 1);
    while reached < wanted {
        let more = reached.min(wanted - reached);
        window |= window << more;
        reached += more;
    }
    window
}
