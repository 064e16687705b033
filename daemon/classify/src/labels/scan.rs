//! Patterns over words: which rules hit where, and what undoes a hit.
//!
//! Every pattern is tried only at the words that belong to the class of its first element, and only
//! if a word of its second stands in reach. Inside a sentence, the places where each next element
//! may stand are kept as one 64-bit mask, so a try costs a few operations for each element whatever
//! the gaps: the scan is linear in the text.

mod scope;
mod table;

use crate::packs::{Packs, Pattern, Start, Voided};
use crate::words::Words;
use table::{Places, REACH, Table};

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
    /// The sentence asks for the way, or supposes, or says what another said.
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
        let mut table = Table::new(&cut, packs);
        table.quotations = scope::quotations(crate::words::cut(text, crate::words::TEXT_LIMIT));
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
            let starting =
                table.classes(at).iter().filter(|class| packs.starting.contains(**class));
            for start in starting.flat_map(|class| &packs.starts[usize::from(*class)]) {
                if table.may_begin(start, at) {
                    self.attempt(table, packs, &mut tries, start, at);
                }
            }
        }
    }

    fn attempt(
        &mut self,
        table: &Table<'_>,
        packs: &Packs,
        tries: &mut [u16],
        start: &Start,
        at: usize,
    ) {
        let (rule, pattern) = (start.rule as usize, start.pattern as usize);
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
        let void = if compiled.negated == Voided::Void
            && (table.negated(packs, &places) || table.denied(packs, &places))
        {
            Some(Void::Negated)
        } else if compiled.asked == Voided::Void
            && (table.asked(packs, &places) || table.quoted(packs, &places))
        {
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

impl Table<'_> {
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
                // "Ничего не нужно, прошу удалить": what was refused stands behind a comma.
                if self.words.words[previous].clause != self.words.words[at].clause {
                    return false;
                }
                if self.is(previous, packs.scopes.negation) {
                    return self.polite(packs, previous) != Some(true);
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
        let head = self.list_head(first);
        let from = head.min(first.saturating_sub(ACT_BEFORE));
        let to = (last + ACT_BEHIND).min(self.words.words.len() - 1);
        // A list hangs on the sentence before it ("прошу: 1. … 2. …").
        let above = self.sentence(head).saturating_sub(1);
        (from..=to).any(|at| {
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
                || (question
                    && self.is(at, packs.scopes.condition)
                    && !at.checked_sub(1).is_some_and(|b| self.is(b, packs.scopes.polite)))
        };
        (from..places.last())
            .any(|at| self.sentence(at) == sentence && !places.has(at) && is_how(at))
    }
}
