//! Patterns over words: which rules hit where, and what undoes a hit.
//!
//! Every pattern is tried only at the words that belong to the class of its first element. Inside
//! a sentence, the places where each next element may stand are kept as one 64-bit mask, so a
//! try costs a few operations for each element whatever the gaps: the scan is linear in the text.

use crate::packs::{Packs, Pattern, Voided};
use crate::words::Words;

/// How many words a pattern may span.
const REACH: usize = 64;
/// How far around a hit an `unless` pattern undoes it, in words.
const NEAR: usize = 4;
/// How far before a hit a question for the way undoes it without a question mark.
const HOW_NEAR: usize = 4;
/// In texts up to so many words everything that is said is asked for.
const SHORT: usize = 45;
/// How far before and behind a hit a word that asks for it may stand.
const ACT_BEFORE: usize = 20;
const ACT_BEHIND: usize = 5;
/// How many words of a list may stand before an item.
const LIST: usize = 150;
/// After so many undone hits of one rule in a text no further ones are looked for.
const TRIES: u16 = 400;

/// Why a hit does not count as such; the later, the less is left of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Void {
    /// A long text tells of it, and asks for nothing there.
    Told,
    /// The sentence asks for the way, or supposes.
    Asked,
    /// A negation stands before its words.
    Negated,
}

/// One hit of a rule in a text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hit {
    /// Byte range from the first to the last word.
    pub span: (usize, usize),
    /// Set when the hit is undone.
    pub void: Option<Void>,
}

/// The hits of all rules in one text.
pub(crate) struct Scan {
    /// For each rule its best hit: one that counts before one that is undone.
    hits: Vec<Option<Hit>>,
    /// How many words the text has.
    pub(crate) words: usize,
    /// The text as words.
    pub(crate) text: Words,
    /// Whether the text was Russian in other letters.
    pub(crate) reread: bool,
}

impl Scan {
    /// Looks for every rule in the text.
    pub(crate) fn new(text: &str, packs: &Packs) -> Self {
        let mut scan = Self {
            hits: vec![None; packs.rules.len()],
            words: 0,
            text: Words::default(),
            reread: false,
        };
        if text.is_empty() {
            return scan;
        }
        let (cut, reread) = crate::words::read(text);
        scan.words = cut.words.len();
        scan.reread = reread;
        let table = Table::new(&cut, packs);
        scan.run(&table, packs);
        scan.text = cut;
        scan
    }

    /// The best hit of a rule.
    pub(crate) fn hit(&self, rule: u32) -> Option<&Hit> {
        self.hits.get(rule as usize).and_then(Option::as_ref)
    }

    fn run(&mut self, table: &Table<'_>, packs: &Packs) {
        let mut tries = vec![0_u16; packs.rules.len()];
        for at in 0..table.words.words.len() {
            let row = table.row(at);
            for (word, (bits, starting)) in row.iter().zip(packs.starting.bits()).enumerate() {
                let mut left = bits & starting;
                while left != 0 {
                    let class = word * 64 + left.trailing_zeros() as usize;
                    left &= left - 1;
                    for (rule, pattern) in &packs.starts[class] {
                        self.attempt(
                            table,
                            packs,
                            &mut tries,
                            (*rule as usize, *pattern as usize),
                            at,
                        );
                    }
                }
            }
        }
    }

    fn attempt(
        &mut self,
        table: &Table<'_>,
        packs: &Packs,
        tries: &mut [u16],
        (rule, pattern): (usize, usize),
        at: usize,
    ) {
        let known = self.hits[rule];
        if known.is_some_and(|hit| hit.void.is_none()) || tries[rule] >= TRIES {
            return;
        }
        let compiled = &packs.rules[rule];
        let Some(places) = table.find(&compiled.any[pattern], at) else { return };
        tries[rule] += 1;
        let (first, last) = (places.first, places.last());
        if compiled.unless.iter().any(|pattern| table.found_near(pattern, first, last)) {
            return;
        }
        let void = if compiled.negated == Voided::Void && table.negated(packs, &places) {
            Some(Void::Negated)
        } else if compiled.asked == Voided::Void && table.asked(packs, &places) {
            Some(Void::Asked)
        } else if compiled.told == Voided::Void && self.words > SHORT && !table.acts(packs, &places)
        {
            Some(Void::Told)
        } else {
            None
        };
        if known.is_none_or(|hit| void < hit.void) {
            let span = (table.words.words[first].span.0, table.words.words[last].span.1);
            self.hits[rule] = Some(Hit { span, void });
        }
    }
}

/// Where the elements of a pattern were found: bits relative to the first word.
#[derive(Debug, Clone, Copy)]
struct Places {
    first: usize,
    mask: u64,
}

impl Places {
    fn last(&self) -> usize {
        self.first + 63 - self.mask.leading_zeros() as usize
    }

    fn has(&self, at: usize) -> bool {
        at.checked_sub(self.first).is_some_and(|bit| bit < REACH && self.mask >> bit & 1 == 1)
    }
}

/// The words of a text with their classes.
struct Table<'a> {
    words: &'a Words,
    rows: Vec<u64>,
    width: usize,
}

impl<'a> Table<'a> {
    fn new(words: &'a Words, packs: &Packs) -> Self {
        let width = packs.vocabulary.width;
        let mut rows = vec![0; words.words.len() * width];
        let mut scratch = vec![0; 2 * width];
        for (word, row) in words.words.iter().zip(rows.chunks_exact_mut(width)) {
            packs.vocabulary.classes(&word.form, row, &mut scratch);
        }
        Self { words, rows, width }
    }

    fn row(&self, at: usize) -> &[u64] {
        &self.rows[at * self.width..(at + 1) * self.width]
    }

    fn is(&self, at: usize, class: u16) -> bool {
        self.rows[at * self.width + usize::from(class) / 64] >> (class % 64) & 1 == 1
    }

    fn sentence(&self, at: usize) -> u32 {
        self.words.words[at].sentence
    }

    fn begins_sentence(&self, at: usize) -> bool {
        at == 0 || self.sentence(at - 1) != self.sentence(at)
    }

    fn ends_sentence(&self, at: usize) -> bool {
        at + 1 == self.words.words.len() || self.sentence(at + 1) != self.sentence(at)
    }

    /// Finds a pattern whose first element is the word at `at`.
    fn find(&self, pattern: &Pattern, at: usize) -> Option<Places> {
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
            let mut window = 0_u64;
            for gap in 0..=u32::from(step.gap) {
                window |= masks[number - 1] << (gap + 1);
            }
            let mut here = 0_u64;
            sentence += u32::from(step.crosses);
            let mut left = window;
            while left != 0 {
                let bit = left.trailing_zeros() as usize;
                left &= left - 1;
                let place = at + bit;
                if place >= self.words.words.len() || self.sentence(place) > sentence {
                    break;
                }
                if self.is(place, step.class)
                    && (!step.tight || self.in_clause(at, masks[number - 1], bit, step.gap))
                {
                    here |= 1 << bit;
                }
            }
            if here == 0 {
                return None;
            }
            masks[number] = here;
        }
        self.trace(pattern, at, &masks)
    }

    /// Whether one of the places before `bit` (within the gap) is in the same clause.
    fn in_clause(&self, at: usize, before: u64, bit: usize, gap: u8) -> bool {
        let low = bit.saturating_sub(usize::from(gap) + 1);
        (low..bit).any(|p| {
            before >> p & 1 == 1
                && self.words.words[at + p].clause == self.words.words[at + bit].clause
        })
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

    /// Whether a pattern stands in the same sentence, near the hit.
    fn found_near(&self, pattern: &Pattern, first: usize, last: usize) -> bool {
        let sentence = self.sentence(first);
        let from = first.saturating_sub(NEAR);
        let to = (last + NEAR).min(self.words.words.len() - 1);
        (from..=to).any(|at| self.sentence(at) == sentence && self.find(pattern, at).is_some())
    }

    /// Whether a negation stands right before one of the found words.
    fn negated(&self, packs: &Packs, places: &Places) -> bool {
        (places.first..=places.last()).filter(|at| places.has(*at)).any(|at| {
            let mut before = at;
            for _ in 0..3 {
                let Some(previous) = before.checked_sub(1) else { return false };
                if self.sentence(previous) != self.sentence(at) || places.has(previous) {
                    return false;
                }
                if self.is(previous, packs.scopes.negation) {
                    return true;
                }
                if !self.is(previous, packs.scopes.filler) {
                    return false;
                }
                before = previous;
            }
            false
        })
    }

    /// Whether the words ask for an act: they begin a sentence, are a question, or a word of asking
    /// stands among or near them.
    fn acts(&self, packs: &Packs, places: &Places) -> bool {
        let (first, last) = (places.first, places.last());
        let sentence = self.sentence(last);
        if self.begins_sentence(first) || self.words.questions.get(sentence as usize) == Some(&true)
        {
            return true;
        }
        let from = self.list_head(first).min(first.saturating_sub(ACT_BEFORE));
        let to = (last + ACT_BEHIND).min(self.words.words.len() - 1);
        (from..=to).any(|at| {
            // A list hangs on the sentence before it ("прошу: 1. … 2. …").
            let above = self.sentence(self.list_head(first)).saturating_sub(1);
            let within = (above..=sentence).contains(&self.sentence(at));
            within && self.is(at, packs.scopes.act)
        })
    }

    /// The first word of the list in which a word stands, or of its sentence.
    fn list_head(&self, at: usize) -> usize {
        let is_item = |sentence: u32| self.words.items.get(sentence as usize) == Some(&true);
        let mut head = at;
        while let Some(before) = head.checked_sub(1).filter(|_| at - head < LIST) {
            if self.sentence(before) != self.sentence(head) && !is_item(self.sentence(head)) {
                break;
            }
            head = before;
        }
        head
    }

    /// "как бы", "как субъект", "после того как": a word of asking that asks nothing.
    fn is_idle_how(&self, at: usize, packs: &Packs) -> bool {
        let idle = |at: usize| at < self.words.words.len() && self.is(at, packs.scopes.idle);
        idle(at + 1) || at.checked_sub(1).is_some_and(idle)
    }

    /// Whether the sentence asks for the way ("how do I ..."), or only supposes in a question.
    fn asked(&self, packs: &Packs, places: &Places) -> bool {
        let sentence = self.sentence(places.last());
        let question = self.words.questions.get(sentence as usize).copied().unwrap_or(false);
        let reach = if question { REACH / 2 } else { HOW_NEAR };
        let from = places.first.saturating_sub(reach);
        let is_how = |at: usize| {
            (self.is(at, packs.scopes.how) && !self.is_idle_how(at, packs))
                || (question && self.is(at, packs.scopes.condition))
        };
        (from..places.last())
            .any(|at| self.sentence(at) == sentence && !places.has(at) && is_how(at))
    }
}
