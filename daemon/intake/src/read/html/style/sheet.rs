//! The page's own style: which classes and ids hide or show, and how.
//!
//! Called by `style`. Only simple rules are read; one that comes later goes before, as in a
//! program that shows the page.

use std::collections::HashMap;

use super::{Marks, values::declarations};

/// Bytes of a style that are read.
const MAX_STYLE: usize = 64 * 1024;
/// Names that are remembered.
const MAX_NAMES: usize = 2_000;
/// What was said last of each way to hide.
#[derive(Clone, Copy, Default)]
pub(super) struct Hiding {
    pub(super) gone: Option<bool>,
    pub(super) faded: Option<bool>,
    pub(super) tiny: Option<bool>,
    pub(super) unseen: Option<bool>,
    /// A box without room that shows nothing beyond it.
    pub(super) cut: Option<bool>,
    pub(super) empty: Option<bool>,
}

impl Hiding {
    /// What holds when `later` is said after it.
    pub(super) fn then(self, later: Self) -> Self {
        Self {
            gone: later.gone.or(self.gone),
            faded: later.faded.or(self.faded),
            tiny: later.tiny.or(self.tiny),
            unseen: later.unseen.or(self.unseen),
            cut: later.cut.or(self.cut),
            empty: later.empty.or(self.empty),
        }
    }

    fn says_nothing(&self) -> bool {
        [self.gone, self.faded, self.tiny, self.unseen, self.cut, self.empty] == [None; 6]
    }
}

/// Classes and ids that the page's own style hides or shows.
#[derive(Default)]
pub(in super::super) struct HiddenNames<'a> {
    classes: HashMap<&'a str, Hiding>,
    ids: HashMap<&'a str, Hiding>,
}

impl<'a> HiddenNames<'a> {
    pub(super) fn classes(&self, value: &str) -> Hiding {
        if self.classes.is_empty() {
            return Hiding::default();
        }
        let names = value.split_ascii_whitespace();
        names
            .filter_map(|name| self.classes.get(name))
            .fold(Hiding::default(), |all, one| all.then(*one))
    }

    pub(super) fn id(&self, value: &str) -> Hiding {
        if self.ids.is_empty() {
            return Hiding::default();
        }
        self.ids.get(value.trim()).copied().unwrap_or_default()
    }

    /// Reads the simple rules of a style: `.name{…}`, `p.name{…}`, `#id{…}`. Rules inside a
    /// condition (`@media`) hold elsewhere, and are passed over.
    pub(in super::super) fn read(&mut self, style: &'a str) {
        let mut end = style.len().min(MAX_STYLE);
        while !style.is_char_boundary(end) {
            end -= 1;
        }
        let mut rest = &style[..end];
        while let Some((selectors, inside)) = rest.split_once('{') {
            let selectors = selectors.rsplit(['}', ';']).next().unwrap_or(selectors);
            if selectors.trim_start().starts_with('@') {
                rest = behind_block(inside);
                continue;
            }
            let (body, after) = inside.split_once('}').unwrap_or((inside, ""));
            rest = after;
            let mut marks = Marks::default();
            declarations(body).for_each(|(name, value)| marks.declare(name, value));
            if marks.is_gone || (marks.is_taken_out && marks.is_far_left) {
                marks.hiding.gone = Some(true);
            }
            if marks.hiding.says_nothing() {
                continue;
            }
            for selector in selectors.split(',').map(str::trim) {
                self.add(selector, marks.hiding);
            }
        }
    }

    /// A rule that comes later says more than one before it.
    fn add(&mut self, selector: &'a str, hiding: Hiding) {
        let is_simple = |name: &str| {
            !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || ".#:[>+~".contains(c))
        };
        let is_full = self.classes.len() + self.ids.len() >= MAX_NAMES;
        let (names, name) = if let Some((_, name)) = selector.split_once('.') {
            (&mut self.classes, name)
        } else if let Some((_, name)) = selector.split_once('#') {
            (&mut self.ids, name)
        } else {
            return;
        };
        if is_simple(name) && (!is_full || names.contains_key(name)) {
            let known = names.entry(name).or_default();
            *known = known.then(hiding);
        }
    }
}

/// What follows the end of a block that may hold further blocks.
fn behind_block(text: &str) -> &str {
    let mut depth = 1usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &text[at + 1..];
        }
    }
    ""
}
