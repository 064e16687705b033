//! What stands around a hit and undoes it from afar: a negation behind the act or above it, and
//! quotation marks behind a word of saying.
//!
//! Asked by `scan` for every hit that a negation could undo. Each question looks at a bounded
//! number of words.

use super::table::{Places, Table};
use crate::packs::Packs;

/// How far behind a hit its clause may end with the negation.
const BEHIND: usize = 6;
/// How far before a hit stands what is not wished.
const ABOVE: usize = 10;
/// How far around a quotation a word of saying stands, in words.
const SAYING: usize = 5;
/// Longest quotation, in bytes.
const QUOTATION: usize = 600;

impl Table<'_> {
    /// Whether the act is denied from afar: "Löschen Sie meine Daten nicht", "there is no need to".
    pub(super) fn denied(&self, packs: &Packs, places: &Places) -> bool {
        self.denied_behind(packs, places) || self.denied_above(packs, places)
    }

    /// Whether the clause ends with a negation, or holds one between the words that were found.
    fn denied_behind(&self, packs: &Packs, places: &Places) -> bool {
        let (first, last) = (places.first, places.last());
        let clause = |at: usize| self.words.words[at].clause;
        let to = (last + BEHIND).min(self.words.words.len() - 1);
        for at in first + 1..=to {
            if at > last && (clause(at) != clause(last) || self.is(at, packs.scopes.opener)) {
                return false;
            }
            if !self.is(at, packs.scopes.negation_last) {
                continue;
            }
            let ends = at + 1 == self.words.words.len() || clause(at + 1) != clause(at);
            let only = !ends && self.is(at + 1, packs.scopes.only);
            if (at < last && !only) || (at > last && ends) {
                return true;
            }
        }
        false
    }

    /// Whether the act hangs on something that is not wished: "I don't want you to delete".
    fn denied_above(&self, packs: &Packs, places: &Places) -> bool {
        let (first, scopes) = (places.first, &packs.scopes);
        let clause = |at: usize| self.words.words[at].clause;
        let from = first.saturating_sub(ABOVE);
        (from..first).rev().any(|wish| {
            self.sentence(wish) == self.sentence(first)
                && clause(wish) + 1 >= clause(first)
                && self.is(wish, scopes.wished)
                && self.is_unwished(packs, wish)
                && !(wish + 1..first).any(|at| self.is(at, scopes.opener))
                && self.hangs_on(packs, wish, places)
        })
    }

    /// Whether a negation stands with a word of wishing: "do not want", "will nicht".
    fn is_unwished(&self, packs: &Packs, wish: usize) -> bool {
        let clause = |at: usize| self.words.words[at].clause;
        let to = (wish + 2).min(self.words.words.len() - 1);
        (wish.saturating_sub(2)..=to).any(|at| {
            let class = if at < wish { packs.scopes.denial } else { packs.scopes.negation_last };
            at != wish && clause(at) == clause(wish) && self.is(at, class)
        })
    }

    /// Whether the act is what the word of wishing speaks of: joined by "that", or by "to" right
    /// before the act, or standing right behind it.
    fn hangs_on(&self, packs: &Packs, wish: usize, places: &Places) -> bool {
        let (first, last, scopes) = (places.first, places.last(), &packs.scopes);
        let clause = |at: usize| self.words.words[at].clause;
        let joined = (wish + 1..=last).find(|at| {
            !places.has(*at) && (self.is(*at, scopes.link_to) || self.is(*at, scopes.link_that))
        });
        match joined {
            Some(at) if self.is(at, scopes.link_that) => at < first && clause(at) == clause(first),
            Some(at) => places.has(at + 1),
            None => {
                first - wish <= 3 && clause(wish) == clause(first) && self.is(wish, scopes.needless)
            }
        }
    }

    /// "Could you not send me": a negation that only makes a question polite. `Some(true)` when a
    /// word of asking behind it makes that sure.
    pub(super) fn polite(&self, packs: &Packs, at: usize) -> Option<bool> {
        let question = self.words.questions.get(self.sentence(at) as usize) == Some(&true);
        let could = (at.saturating_sub(2)..at).any(|before| {
            self.sentence(before) == self.sentence(at) && self.is(before, packs.scopes.polite)
        });
        let sure = at + 1 < self.words.words.len() && self.is(at + 1, packs.scopes.please);
        (question && could).then_some(sure)
    }

    /// Whether the hit lies in a quotation beside a word of saying.
    pub(super) fn quoted(&self, packs: &Packs, places: &Places) -> bool {
        let span = |at: usize| self.words.words[at].span;
        let (first, last) = (places.first, places.last());
        let behind = self.quotations.partition_point(|(from, _)| *from <= span(first).0);
        let Some((from, to)) = behind.checked_sub(1).map(|at| self.quotations[at]) else {
            return false;
        };
        if span(last).1 > to {
            return false;
        }
        let end = (last + 4 * SAYING).min(self.words.words.len() - 1);
        let outside = |at: &usize| span(*at).1 <= from || span(*at).0 >= to;
        let before = (first.saturating_sub(4 * SAYING)..first).rev().filter(outside).take(SAYING);
        let after = (last + 1..=end).filter(outside).take(SAYING);
        before.chain(after).any(|at| self.is(at, packs.scopes.says))
    }
}

/// The quotations of a text, as byte ranges in order, none within another. Linear in the text.
pub(super) fn quotations(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut open: Option<(usize, char)> = None;
    let mut previous = ' ';
    let mut signs = text.char_indices().peekable();
    while let Some((at, sign)) = signs.next() {
        let next = signs.peek().map_or(' ', |(_, next)| *next);
        match open {
            Some((from, _)) if at - from > QUOTATION => open = None,
            Some((from, mark))
                if closes(mark, sign) && (sign != '\'' || !next.is_alphanumeric()) =>
            {
                found.push((from, at));
                open = None;
            }
            Some(_) => {}
            None if matches!(sign, '«' | '„' | '“' | '"' | '‘')
                || (sign == '\'' && !previous.is_alphanumeric() && next.is_alphanumeric()) =>
            {
                open = Some((at, sign));
            }
            None => {}
        }
        previous = sign;
    }
    found
}

/// Whether a sign closes what the mark opened.
fn closes(mark: char, sign: char) -> bool {
    match mark {
        '«' => sign == '»',
        '„' => matches!(sign, '“' | '”' | '"'),
        '“' => matches!(sign, '”' | '"'),
        '‘' => sign == '’',
        other => sign == other,
    }
}
