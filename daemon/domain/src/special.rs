//! What is special about a text: health (152-FZ art. 10, GDPR art. 9) and identity papers.
//!
//! Filing notes the words on the ticket; whoever shows a text hides what is found here, unless a
//! person asks for it with a reason. Found too much costs a click, found too little shows a
//! diagnosis to everybody: still, ordinary mail must stay readable, so single weak words are none.

mod health;
mod papers;

use std::ops::Range;

use crate::mail::ReadMail;
use crate::words::words;

/// A kind of special data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SpecialKind {
    /// Data concerning health.
    Health,
    /// Numbers of identity papers, insurance, tax and cards.
    IdentityPaper,
}

words!(SpecialKind { Health => "health", IdentityPaper => "identity_paper" });

/// A place in a text with the rule that found it.
#[derive(Clone, PartialEq, Eq)]
pub struct Evidence {
    /// What it is.
    pub kind: SpecialKind,
    /// The rule, such as `passport` or `diagnosis`.
    pub rule: &'static str,
    /// Bytes of the text.
    pub place: Range<usize>,
}

impl std::fmt::Debug for Evidence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Evidence({} {:?})", self.rule, self.place)
    }
}

/// What was found in a text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Special {
    /// Every place, in order.
    pub evidence: Vec<Evidence>,
}

impl Special {
    /// Whether something of this kind was found.
    #[must_use]
    pub fn has(&self, kind: SpecialKind) -> bool {
        self.evidence.iter().any(|evidence| evidence.kind == kind)
    }

    /// Whether nothing was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.evidence.is_empty()
    }

    /// The words of the kinds, separated by spaces, as a ticket keeps them.
    #[must_use]
    pub fn words(&self) -> String {
        let found = SpecialKind::ALL.iter().filter(|kind| self.has(**kind));
        found.map(|kind| kind.name()).collect::<Vec<_>>().join(" ")
    }
}

/// Looks for health and identity papers in a text. Never fails, linear in its length.
#[must_use]
pub fn find(text: &str) -> Special {
    let mut evidence = health::find(text);
    evidence.extend(papers::find(text));
    evidence.sort_by_key(|evidence| evidence.place.start);
    Special { evidence }
}

/// The words of all that is special in a mail: its subject, its texts, what is attached.
#[must_use]
pub fn of_mail(mail: &ReadMail) -> String {
    let attached = mail.attached.iter().flat_map(|mail| [&mail.subject, &mail.text]);
    let files = mail.attachments.iter().map(|file| &file.text);
    let texts = [&mail.subject, &mail.text, &mail.other_text];
    let all = texts.into_iter().chain(attached).chain(files);
    union(all.map(|text| find(text).words()).collect::<Vec<_>>().iter().map(String::as_str))
}

/// Words of several texts together, each once.
#[must_use]
pub fn union<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let mut all: Vec<&str> = Vec::new();
    for word in words.into_iter().flat_map(str::split_whitespace) {
        if !all.contains(&word) {
            all.push(word);
        }
    }
    all.join(" ")
}

/// What stands in place of a text that tells of health.
pub const HIDDEN: &str = "[…]";

/// The text as it is shown to whoever gave no reason to see more: digits of papers masked but for
/// the last two, a text that tells of health hidden whole.
#[must_use]
pub fn masked(text: &str) -> String {
    match find(text).has(SpecialKind::Health) {
        true => HIDDEN.to_owned(),
        false => papers_masked(text),
    }
}

/// The text with digits of papers masked but for the last two, and all else as it is: for what
/// people of ours write for each other to decide by.
#[must_use]
pub fn papers_masked(text: &str) -> String {
    let mut found = papers::find(text);
    found.sort_by_key(|evidence| evidence.place.start);
    let mut out = String::with_capacity(text.len());
    let mut end = 0;
    for evidence in &found {
        if evidence.place.start < end {
            continue;
        }
        out.push_str(&text[end..evidence.place.start]);
        let paper = &text[evidence.place.clone()];
        let count = paper.chars().filter(|c| c.is_alphanumeric()).count();
        let mut seen = 0;
        for c in paper.chars() {
            let hides = c.is_alphanumeric() || c == '<';
            seen += usize::from(c.is_alphanumeric());
            out.push(if hides && seen + 2 <= count { '•' } else { c });
        }
        end = evidence.place.end;
    }
    out.push_str(&text[end..]);
    out
}

/// A word of a text: folded, with its place.
struct Word {
    folded: String,
    place: Range<usize>,
}

/// The words of a text in lower case, ё as е.
fn words_of(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut begin = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        match (begin, c.is_alphanumeric()) {
            (None, true) => begin = Some(at),
            (Some(from), false) => {
                let folded = text[from..at].to_lowercase().replace('ё', "е");
                words.push(Word { folded, place: from..at });
                begin = None;
            }
            (None, false) | (Some(_), true) => {}
        }
    }
    words
}

#[cfg(test)]
mod tests;
