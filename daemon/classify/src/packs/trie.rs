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

    pub(crate) fn contains(&self, class: u16) -> bool {
        self.0[usize::from(class) / 64] >> (class % 64) & 1 == 1
    }
}

/// One entry at a node: the class, and how its stem stands there.
#[derive(Debug, Clone, Copy)]
struct Entry {
    class: u16,
    prefix: bool,
    excluded: bool,
}

/// Widest range of letters of a node with few children that gets a slot for each letter.
const NARROW: u32 = 64;
/// The same of a node with many children.
const WIDE: u32 = 2048;
/// Children from which on a node has many.
const MANY: usize = 8;

/// A node: the letters of its children, and the classes of the words that end there.
#[derive(Debug, Default)]
struct Node {
    /// The least letter of a child.
    least: u32,
    /// How many slots there are from that letter on; 0 when the children stand in a row instead.
    slots: u32,
    /// Where the slots begin, or the row.
    from: u32,
    /// How many children stand in a row.
    row: u32,
    /// The set of a word that goes on otherwise than any child.
    onward: u32,
    /// The set of the word that ends here.
    whole: u32,
}

/// What all stems on the way to a node say together, in order and each class once.
#[derive(Debug, Clone, Default)]
struct Set {
    /// The classes, without the excluded ones.
    classes: Vec<u16>,
    excluded: Vec<u16>,
}

impl Set {
    fn with<'e>(&self, entries: impl Iterator<Item = &'e Entry>) -> Self {
        let mut set = self.clone();
        for entry in entries {
            let side = if entry.excluded { &mut set.excluded } else { &mut set.classes };
            side.push(entry.class);
        }
        set.excluded.sort_unstable();
        set.excluded.dedup();
        set.classes.sort_unstable();
        set.classes.dedup();
        set.classes.retain(|class| !set.excluded.contains(class));
        set
    }
}

/// A trie that is only read: every step is two looks into flat tables, and the classes of all
/// stems on the way are known at its end.
#[derive(Debug, Default)]
struct Trie {
    nodes: Vec<Node>,
    /// The child of each slot, 0 for none (the root is nobody's child).
    slots: Vec<u32>,
    /// Children of nodes whose letters lie far apart.
    rows: Vec<(u32, u32)>,
    sets: Vec<Set>,
}

impl Trie {
    fn step(&self, node: &Node, letter: u32) -> usize {
        let slot = letter.wrapping_sub(node.least);
        if slot < node.slots {
            return self.slots[(node.from + slot) as usize] as usize;
        }
        if node.row == 0 {
            return 0;
        }
        let row = &self.rows[node.from as usize..][..node.row as usize];
        row.iter().find(|(child, _)| *child == letter).map_or(0, |(_, to)| *to as usize)
    }

    /// What the stems say of a word.
    fn set(&self, word: impl Iterator<Item = char>) -> &Set {
        let mut node = &self.nodes[0];
        for c in word {
            match self.step(node, u32::from(c)) {
                0 => return &self.sets[node.onward as usize],
                child => node = &self.nodes[child],
            }
        }
        &self.sets[node.whole as usize]
    }
}

/// A trie while it is filled.
#[derive(Debug)]
struct Growing(Vec<GrowingNode>);

/// Where each next letter leads, and what ends here.
type GrowingNode = (Vec<(char, u32)>, Vec<Entry>);

impl Growing {
    fn new() -> Self {
        Self(vec![(Vec::new(), Vec::new())])
    }

    fn insert(&mut self, stem: impl Iterator<Item = char>, entry: Entry) {
        let mut at = 0;
        for c in stem {
            let children = &self.0[at].0;
            at = match children.binary_search_by_key(&c, |(child, _)| *child) {
                Ok(place) => children[place].1 as usize,
                Err(place) => {
                    let new = self.0.len();
                    // Far below four thousand million: the stems come from files of kilobytes.
                    self.0[at].0.insert(place, (c, new as u32));
                    self.0.push((Vec::new(), Vec::new()));
                    new
                }
            };
        }
        self.0[at].1.push(entry);
    }

    /// The same trie in flat tables.
    fn flat(self) -> Trie {
        let mut trie = Trie { sets: vec![Set::default()], ..Trie::default() };
        // Children stand behind their parents: the set of each is known before it is looked at.
        let mut above = vec![0; self.0.len()];
        for (at, (children, entries)) in self.0.into_iter().enumerate() {
            let mut node = trie.placed(&children);
            (node.onward, node.whole) = (above[at], above[at]);
            if !entries.is_empty() {
                let before = trie.sets[above[at] as usize].clone();
                node.onward = trie.add(before.with(entries.iter().filter(|e| e.prefix)));
                node.whole = trie.add(before.with(entries.iter()));
            }
            for (_, child) in children {
                above[child as usize] = node.onward;
            }
            trie.nodes.push(node);
        }
        trie
    }
}

impl Trie {
    fn add(&mut self, set: Set) -> u32 {
        self.sets.push(set);
        self.sets.len() as u32 - 1
    }

    /// A node with its children in the tables.
    fn placed(&mut self, children: &[(char, u32)]) -> Node {
        let mut node = Node::default();
        let (Some((first, _)), Some((last, _))) = (children.first(), children.last()) else {
            return node;
        };
        let (first, last) = (u32::from(*first), u32::from(*last));
        let width = last - first + 1;
        if width <= NARROW || children.len() >= MANY && width <= WIDE {
            (node.least, node.slots) = (first, width);
            node.from = self.slots.len() as u32;
            self.slots.resize(self.slots.len() + width as usize, 0);
            for (child, to) in children {
                self.slots[(node.from + u32::from(*child) - first) as usize] = *to;
            }
        } else {
            node.from = self.rows.len() as u32;
            node.row = children.len() as u32;
            self.rows.extend(children.iter().map(|(child, to)| (u32::from(*child), *to)));
        }
        node
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
    /// How many classes there are.
    pub(crate) count: usize,
}

/// A vocabulary while it is filled.
#[derive(Debug)]
pub(super) struct Stems {
    written: Growing,
    loose: Growing,
    count: usize,
}

impl Stems {
    pub(super) fn new(classes: usize) -> Self {
        Self { written: Growing::new(), loose: Growing::new(), count: classes }
    }

    /// Adds a stem or word of a class.
    pub(super) fn insert(&mut self, class: u16, stem: &str, prefix: bool, excluded: bool) {
        let entry = Entry { class, prefix, excluded };
        self.written.insert(stem.chars(), entry);
        // A stem that ends in a soft sign would grow wider without it.
        let narrow = prefix && stem.ends_with(['ь', 'ъ']);
        if excluded || (stem.chars().count() >= LOOSE_LENGTH && !narrow) {
            self.loose.insert(looser(stem), entry);
        }
    }

    pub(super) fn vocabulary(self) -> Vocabulary {
        Vocabulary { written: self.written.flat(), loose: self.loose.flat(), count: self.count }
    }
}

impl Vocabulary {
    /// Adds the classes of a word to `found`, in order, each once. An exclusion holds for the
    /// spelling it was written in: "удалит" is excluded, and "удалить", which has the same looser
    /// form, is not.
    pub(crate) fn classes(&self, word: &str, found: &mut Vec<u16>) {
        let first = found.len();
        let set = self.written.set(word.chars());
        let special = if word.bytes().all(|b| b.is_ascii_digit()) {
            Some("#number")
        } else if is_russian_imperative(word) {
            Some("#imperative")
        } else {
            None
        };
        let Some(special) = special else {
            if word.len() < LOOSE_LENGTH {
                found.extend_from_slice(&set.classes);
            } else {
                let loose = self.loose.set(looser(word));
                merge(&set.classes, &loose.classes, &set.excluded, found);
            }
            return;
        };
        let more = self.written.set(special.chars());
        let excluded = [set.excluded.as_slice(), more.excluded.as_slice()].concat();
        let mut add = |classes: &[u16], excluded: &[u16]| {
            found.extend(classes.iter().filter(|class| !excluded.contains(class)));
        };
        add(&set.classes, &excluded);
        add(&more.classes, &excluded);
        if word.len() >= LOOSE_LENGTH {
            add(&self.loose.set(looser(word)).classes, &excluded);
        }
        found[first..].sort_unstable();
        let mut kept = first;
        for at in first..found.len() {
            if at == first || found[at] != found[kept - 1] {
                found[kept] = found[at];
                kept += 1;
            }
        }
        found.truncate(kept);
    }
}

/// Merges two rows that are in order; `excluded` holds for the second.
fn merge(one: &[u16], other: &[u16], excluded: &[u16], found: &mut Vec<u16>) {
    let mut one = one.iter().copied().peekable();
    for class in other.iter().copied().filter(|class| !excluded.contains(class)) {
        while let Some(before) = one.next_if(|before| *before < class) {
            found.push(before);
        }
        one.next_if_eq(&class);
        found.push(class);
    }
    found.extend(one);
}
