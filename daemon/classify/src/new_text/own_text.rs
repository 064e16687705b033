//! What we ourselves write: known by rows of words, so that our mail, come back without any sign
//! of quoting, asks for nothing.
//!
//! Built once from template sources. Values that were filled in are unknown, and programs on the
//! way break lines anew: so rows of five words are compared, and a line is ours when they cover
//! most of it.

use std::collections::HashSet;

use domain::classification::CutWhat;
use serde::{Deserialize, Serialize};

use super::lines::Line;
use super::quotes::Fate;

/// Words in a row by which our text is known.
const ROW: usize = 5;
/// Most of a line's words that are looked at.
const LINE_WORDS: usize = 2000;
/// Most words of a filled-in value at the end of a line.
const VALUE_WORDS: usize = 12;
/// A number that stands for a filled-in value: no word has it.
const GAP: u64 = 0;

/// Rows of words of our own templates and mails. Holds no text, only numbers made of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnText {
    /// Five words in a row.
    rows: HashSet<u64>,
    /// Short whole lines, which count only beside a line of ours.
    pieces: HashSet<u64>,
    /// What stands in front of a value that is filled in; counts only there too.
    leads: HashSet<u64>,
}

impl OwnText {
    /// Reads the sources of templates: `{{…}}` is a value that nobody knows. Also takes plain
    /// text, such as a mail that was sent.
    pub fn from_sources<'a>(sources: impl IntoIterator<Item = &'a str>) -> Self {
        let mut own = Self::default();
        for source in sources {
            own.add(source);
        }
        own
    }

    /// Adds words that stand in our mails but are too common to tell them by themselves, such as
    /// the names of requests: they count only beside a line of ours.
    #[must_use]
    pub fn with_pieces<'a>(mut self, pieces: impl IntoIterator<Item = &'a str>) -> Self {
        for piece in pieces {
            let words = numbers(piece);
            if !words.is_empty() && words.len() <= 60 {
                self.pieces.insert(joined(&words));
            }
        }
        self
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.pieces.is_empty()
    }

    fn add(&mut self, source: &str) {
        let mut words: Vec<u64> = Vec::new();
        let mut rest = source;
        while let Some(at) = rest.find("{{") {
            let (text, tag) = rest.split_at(at);
            self.add_pieces(text);
            words.extend(numbers(text));
            if tag.starts_with("{{") && !tag.starts_with("{{#") && !tag.starts_with("{{/") {
                let lead = numbers(text.rsplit('\n').next().unwrap_or(text));
                if (2..ROW + 5).contains(&lead.len()) {
                    self.leads.insert(joined(&lead));
                }
            }
            let (tag, behind) = match tag.find("}}") {
                Some(end) => tag.split_at(end + 2),
                None => (tag, ""),
            };
            // `{{#if …}}`, `{{else}}` and `{{/if}}` print nothing, but what stands on both sides
            // does not always stand together.
            if !tag.starts_with("{{!") {
                words.push(GAP);
            }
            rest = behind.trim_start_matches('}');
        }
        self.add_pieces(rest);
        words.extend(numbers(rest));
        for run in words.split(|word| *word == GAP) {
            self.rows.extend(run.windows(ROW).map(joined));
        }
    }

    fn add_pieces(&mut self, text: &str) {
        for line in text.lines() {
            let words = numbers(line);
            if (1..ROW + 3).contains(&words.len()) {
                self.pieces.insert(joined(&words));
            }
        }
    }

    /// Marks our lines among those that stay.
    pub(super) fn mark(&self, lines: &[Line<'_>], fates: &mut [Fate]) {
        if self.rows.is_empty() {
            return;
        }
        let kept = (0..lines.len()).filter(|at| fates[*at].is_none() && !lines[*at].is_blank());
        let kept: Vec<usize> = kept.collect();
        let mut words: Vec<u64> = Vec::new();
        let mut ends = Vec::with_capacity(kept.len());
        for at in &kept {
            push_numbers(lines[*at].text, &mut words);
            ends.push(words.len());
        }
        // A word is ours when a row that is ours holds it; rows reach over the ends of lines.
        let mut ours = vec![false; words.len()];
        for (at, row) in words.windows(ROW).enumerate() {
            if self.rows.contains(&joined(row)) {
                ours[at..at + ROW].fill(true);
            }
        }
        let mut start = 0;
        let mut own: Vec<bool> = Vec::with_capacity(kept.len());
        for end in &ends {
            let (count, covered) = (end - start, ours[start..*end].iter().filter(|o| **o).count());
            own.push(count > 0 && covered * 5 >= count * 3);
            start = *end;
        }
        if !own.contains(&true) {
            return;
        }
        self.reach(&words, &ends, &mut own);
        for (at, own) in kept.iter().zip(&own) {
            if *own {
                fates[*at] = Some(CutWhat::OwnText);
            }
        }
    }

    /// Lets short pieces count that stand beside a line of ours, downwards and upwards.
    fn reach(&self, words: &[u64], ends: &[usize], own: &mut [bool]) {
        let start = |number: usize| if number == 0 { 0 } else { ends[number - 1] };
        let is_piece = |number: usize| {
            let line = &words[start(number)..ends[number]];
            // A line may end with a value that was filled in: "Номер обращения: 12-345".
            let led = || {
                let from = line.len().saturating_sub(VALUE_WORDS).max(2);
                (from..=line.len()).any(|length| self.leads.contains(&joined(&line[..length])))
            };
            self.pieces.contains(&joined(line)) || line.len() >= 2 && led()
        };
        for number in 1..own.len() {
            own[number] |= own[number - 1] && is_piece(number);
        }
        for number in (0..own.len().saturating_sub(1)).rev() {
            own[number] |= own[number + 1] && is_piece(number);
        }
    }
}

fn numbers(text: &str) -> Vec<u64> {
    let mut out = Vec::new();
    push_numbers(text, &mut out);
    out
}

/// One number for each word: letters and digits in lower case, all else parts words.
fn push_numbers(text: &str, out: &mut Vec<u64>) {
    let most = out.len() + LINE_WORDS;
    let mut number = GAP;
    for sign in text.chars() {
        if let Some(folded) = folded(sign) {
            number = step(if number == GAP { START } else { number }, u64::from(folded));
        } else if number != GAP {
            out.push(number);
            number = GAP;
            if out.len() >= most {
                return;
            }
        }
    }
    if number != GAP {
        out.push(number);
    }
}

/// A letter or digit in lower case; `ё` counts as `е`.
fn folded(sign: char) -> Option<u32> {
    let code = u32::from(sign);
    match code {
        0x30..=0x39 | 0x61..=0x7a | 0x430..=0x44f => Some(code),
        0x41..=0x5a | 0x410..=0x42f => Some(code + 0x20),
        0x401 | 0x451 => Some(0x435),
        0..0x80 => None,
        _ if sign.is_alphanumeric() => sign.to_lowercase().next().map(u32::from),
        _ => None,
    }
}

/// FNV-1a (offset and prime of 64 bits): quick, and nothing here has to be kept from an attacker,
/// who could as well quote our words.
const START: u64 = 0xcbf2_9ce4_8422_2325;

fn step(number: u64, word: u64) -> u64 {
    (number ^ word).wrapping_mul(0x100_0000_01b3)
}

fn joined(words: &[u64]) -> u64 {
    words.iter().fold(START, |number, word| step(number, *word).rotate_left(5))
}
