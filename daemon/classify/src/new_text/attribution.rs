//! The line that a mail program puts above a quote: "On … X wrote:", "пт, 18 сент. … <a@b>:".
//! Programs fold it over up to four lines; people write such words too, so that a verb alone is
//! enough only above lines with a sign of quoting.

use super::lines::{Line, address, has_clock, has_date};
use super::words::{begins_like_date, ends_with_verb, holds_verb};

/// Longest such line, joined.
const LONGEST: usize = 500;
/// Most lines over which it is folded.
const FOLDED: usize = 4;

/// Such a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Attribution<'a> {
    /// Its lines.
    pub lines: usize,
    /// It is one, whatever follows; else only above quoted lines.
    pub sure: bool,
    /// The address of who wrote the quoted words, if it is told.
    pub author: Option<&'a str>,
}

/// The attribution that begins with the line at the start.
pub(super) fn attribution<'a>(lines: &[Line<'a>]) -> Option<Attribution<'a>> {
    let window = lines.get(..lines.len().min(FOLDED))?;
    let end = window.iter().position(Line::ends_with_colon);
    if let Some(end) = end {
        let head = &window[..=end];
        if head.iter().any(|line| line.is_blank() || line.text.len() > LONGEST) {
            return None;
        }
        return whole(head);
    }
    run_on(window.first()?)
}

/// One that ends with the line that ends with a colon.
fn whole<'a>(head: &[Line<'a>]) -> Option<Attribution<'a>> {
    if !head.iter().any(|line| line.digits > 0 || line.addressed) && head.len() > 1 {
        return None;
    }
    let sure = introduces(&join(head))?;
    if head.len() > 1 {
        // The shortest that tells a time stands for itself: what is above it is text.
        let below = &head[1..];
        let joined = join(below);
        if (has_clock(&joined) || has_date(&joined)) && introduces(&joined) == Some(true) {
            return None;
        }
        // What is folded begins like one.
        let first = crate::words::lower(head[0].text);
        let begun = begins_like_date(first.trim()) || head[0].addressed || holds_verb(&first);
        if !begun || !sure {
            return None;
        }
    }
    let author = head.iter().find_map(|line| line.addressed.then(|| address(line.text)).flatten());
    Some(Attribution { lines: head.len(), sure, author })
}

/// Yahoo writes on behind the colon: "On … <a@b> wrote: first words of the quote".
fn run_on<'a>(line: &Line<'a>) -> Option<Attribution<'a>> {
    if !line.addressed || line.digits < 3 || line.text.len() > 4 * LONGEST {
        return None;
    }
    let behind = line.text.find('>')?;
    let colon = behind + line.text[behind..].find(':')?;
    let head = &line.text[..colon];
    let lower = if head.len() <= 200 { crate::words::lower(head) } else { return None };
    let timed = has_clock(head) && has_date(head);
    if !timed || !begins_like_date(lower.trim()) || !ends_with_verb(&lower) {
        return None;
    }
    Some(Attribution { lines: 1, sure: true, author: address(head) })
}

fn join(lines: &[Line<'_>]) -> String {
    let mut out = String::with_capacity(lines.iter().map(|line| line.text.len() + 1).sum());
    for line in lines {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(line.bare());
    }
    crate::words::lower(&out)
}

/// Whether a joined line, in lower case, introduces a quote: `Some(true)` surely.
fn introduces(line: &str) -> Option<bool> {
    if line.len() > LONGEST {
        return None;
    }
    let (clock, date) = (has_clock(line), has_date(line));
    let addressed = line.contains('<') || address(line).is_some();
    let ends_addressed = line.trim_end_matches([':', '\u{ff1a}', ' ']).ends_with(['>', ']', ')'])
        || line.rsplit(' ').next().is_some_and(|last| address(last).is_some());
    let begins = begins_like_date(line);
    let verb_last = ends_with_verb(line);
    let verb = verb_last || holds_verb(line);
    let sure = verb_last && (addressed && (clock || date || !has_prose(line)) || clock && date)
        || verb && (addressed && (clock || date) || begins && clock && date)
        || begins && ends_addressed && addressed && (clock || date)
        || begins && clock && date && line.starts_with(|c: char| c.is_ascii_digit()) && verb_last;
    if sure {
        return Some(true);
    }
    verb_last.then_some(false)
}

/// More words than a name has.
fn has_prose(line: &str) -> bool {
    line.split_whitespace().count() > 9
}
