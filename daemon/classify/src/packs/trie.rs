//! Words to classes: two tries (as written, and folded for slips of spelling).

use crate::words::looser;

/// Shortest stem that may also match in the looser form.
const LOOSE_LENGTH: usize = 5;

/// A set of classes as bits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ClassSet(Vec<u64>);

impl ClassSet {
    pub(crate) fn with_capacity(classes: usize) -> Self {
        Self(vec![0; classes.div_ceil(64)])
    }

    pub(crate) fn insert(&mut self, class: u16) {
        self.0[usize::from(class) / 64] |= 1 << (class % 64);
    }

    pub(crate) fn bits(&self) -> &[u64] {
        &self.0
    }
}

/// One entry at a node: the class, and how its stem stands there.
#[derive(Debug, Clone, Copy)]
struct Entry {
    class: u16,
    prefix: bool,
    excluded: bool,
}

#[derive(Debug, Default)]
struct Node {
    children: Vec<(char, u32)>,
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Trie {
    nodes: Vec<Node>,
}

impl Trie {
    fn new() -> Self {
        Self { nodes: vec![Node::default()] }
    }

    fn insert(&mut self, stem: &str, entry: Entry) {
        let mut at = 0;
        for c in stem.chars() {
            let children = &self.nodes[at].children;
            at = match children.binary_search_by_key(&c, |(child, _)| *child) {
                Ok(place) => children[place].1 as usize,
                Err(place) => {
                    let new = self.nodes.len();
                    let id = u32::try_from(new).unwrap_or(u32::MAX);
                    self.nodes[at].children.insert(place, (c, id));
                    self.nodes.push(Node::default());
                    new
                }
            };
        }
        self.nodes[at].entries.push(entry);
    }

    fn collect(&self, word: &str, include: &mut [u64], exclude: &mut [u64]) {
        let mut at = 0;
        let mut chars = word.chars();
        loop {
            let node = &self.nodes[at];
            let next = chars.next();
            for entry in &node.entries {
                if entry.prefix || next.is_none() {
                    let side = if entry.excluded { &mut *exclude } else { &mut *include };
                    side[usize::from(entry.class) / 64] |= 1 << (entry.class % 64);
                }
            }
            let Some(c) = next else { return };
            match node.children.binary_search_by_key(&c, |(child, _)| *child) {
                Ok(place) => at = node.children[place].1 as usize,
                Err(_) => return,
            }
        }
    }
}

/// Whether a word has the ending of a Russian imperative to several or politely: удалите,
/// исправьте, уничтожайте. Some forms of the present tense share it.
fn is_russian_imperative(word: &str) -> bool {
    word.len() >= 10 && (word.ends_with("йте") || word.ends_with("ите") || word.ends_with("ьте"))
}

/// Which classes a word belongs to.
#[derive(Debug)]
pub(crate) struct Vocabulary {
    written: Trie,
    loose: Trie,
    /// Number of 64-bit words of a row.
    pub(crate) width: usize,
}

impl Vocabulary {
    pub(super) fn new(classes: usize) -> Self {
        Self { written: Trie::new(), loose: Trie::new(), width: classes.div_ceil(64) }
    }

    /// Adds a stem or word of a class.
    pub(super) fn insert(&mut self, class: u16, stem: &str, prefix: bool, excluded: bool) {
        let entry = Entry { class, prefix, excluded };
        self.written.insert(stem, entry);
        // A stem that ends in a soft sign would grow wider without it.
        let narrow = prefix && stem.ends_with(['ь', 'ъ']);
        if excluded || (stem.chars().count() >= LOOSE_LENGTH && !narrow) {
            let loose = looser(stem).unwrap_or_else(|| stem.to_owned());
            self.loose.insert(&loose, entry);
        }
    }

    /// Sets the bits of a word's classes in `row` (of `width`, all zero); `scratch` is twice as
    /// wide. An exclusion holds for the spelling it was written in: "удалит" is excluded, and
    /// "удалить", which has the same looser form, is not.
    pub(crate) fn classes(&self, word: &str, row: &mut [u64], scratch: &mut [u64]) {
        let (excluded, loose_row) = scratch.split_at_mut(row.len());
        excluded.fill(0);
        self.written.collect(word, row, excluded);
        if word.bytes().all(|b| b.is_ascii_digit()) {
            self.written.collect("#number", row, excluded);
        } else if is_russian_imperative(word) {
            self.written.collect("#imperative", row, excluded);
        }
        take_away(row, excluded);
        if word.len() >= LOOSE_LENGTH {
            let loose = looser(word);
            loose_row.fill(0);
            self.loose.collect(loose.as_deref().unwrap_or(word), loose_row, excluded);
            take_away(loose_row, excluded);
            for (all, more) in row.iter_mut().zip(loose_row) {
                *all |= *more;
            }
        }
    }
}

/// Clears the bits of `excluded` in `row`.
fn take_away(row: &mut [u64], excluded: &[u64]) {
    for (include, exclude) in row.iter_mut().zip(excluded) {
        *include &= !*exclude;
    }
}
