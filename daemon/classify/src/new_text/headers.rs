//! Header lines above a quoted or forwarded mail: Outlook's block, Yandex's and Lotus' too.

use super::attribution;
use super::lines::{Line, address, has_clock, tells_time};
use super::words::{Between, Field, between, field};

/// Most lines of one block.
const BLOCK_LINES: usize = 24;

/// What stands at the head of another mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head<'a> {
    /// Its lines.
    pub lines: usize,
    /// The address of who wrote that mail, if it is told.
    pub author: Option<&'a str>,
    /// Whether the head itself says that the mail was passed on.
    pub forwarded: bool,
    /// Header lines with nothing in them that a program puts there: neither a line between mails
    /// above them, nor the author's address, nor a time of day. People write such above a letter.
    pub by_hand: bool,
}

/// The head that begins with the line at the start: separators, rules and header lines.
pub(super) fn head<'a>(lines: &[Line<'a>]) -> Option<Head<'a>> {
    let first = lines.first()?;
    let mut found = Head { lines: 0, author: None, forwarded: false, by_hand: false };
    let (mut separated, mut unsure) = (false, false);
    match separator(first) {
        Some(Between::End) => return None,
        Some(kind) => {
            found = Head { lines: 1, forwarded: kind == Between::Forwarded, ..found };
            separated = true;
            unsure = kind == Between::Unsure;
        }
        None if is_rule(first) => {
            let block = block(skip_blank(lines, 1)?, Trust::Ruled)?;
            let skipped = lines.len() - skip_blank(lines, 1)?.len();
            return Some(Head { lines: skipped + block.lines, author: block.author, ..found });
        }
        None => {}
    }
    let alone = separated && !unsure;
    let Some(rest) = skip_blank(lines, found.lines) else { return alone.then_some(found) };
    let trust = if separated { Trust::Ruled } else { Trust::Bare };
    if let Some(block) = block(rest, trust) {
        found.lines = lines.len() - rest.len() + block.lines;
        found.author = block.author;
        found.by_hand = trust == Trust::Bare && block.by_hand;
        return Some(found);
    }
    if separated && let Some(attribution) = attribution::attribution(rest) {
        found.lines = lines.len() - rest.len() + attribution.lines;
        found.author = attribution.author;
        return Some(found);
    }
    if separated && found.author.is_none() {
        found.author = address(first.text);
    }
    alone.then_some(found)
}

/// The lines from `from` on, from the first that is not blank; at most three are skipped.
fn skip_blank<'l, 'a>(lines: &'l [Line<'a>], from: usize) -> Option<&'l [Line<'a>]> {
    let rest = lines.get(from..)?;
    let at = rest.iter().take(4).position(|line| !line.is_blank())?;
    rest.get(at..)
}

/// What a line between two mails says, if it is one.
pub(super) fn separator(line: &Line<'_>) -> Option<Between> {
    let is_dash = |c: char| matches!(c, '-' | '=' | '_' | '*' | '#' | '~' | '–' | '—' | '+');
    let text = line.bare();
    let dashed = matches!(line.first(), b'-' | b'=' | b'_' | b'*' | b'#' | b'~' | b'+' | 0xe2);
    if text.len() > 160 || !dashed && !text.ends_with(':') {
        return None;
    }
    let inner = text.trim_matches(|c| is_dash(c) || c == ' ');
    let around = text.chars().take_while(|c| is_dash(*c)).count();
    let behind = text.chars().rev().take_while(|c| is_dash(*c)).count();
    if inner.is_empty() || inner.split_whitespace().count() > 14 {
        return None;
    }
    let lower = crate::words::lower(inner.trim_end_matches(':'));
    if around >= 2 && (behind >= 2 || behind == 0 && around >= 5) {
        return between(&lower, true);
    }
    (text.ends_with(':') || around > 0).then(|| between(&lower, false)).flatten()
}

/// A row of underscores, dashes or equals signs.
pub(super) fn is_rule(line: &Line<'_>) -> bool {
    let text = line.bare();
    text.len() >= 4
        && matches!(line.first(), b'_' | b'-' | b'=' | b'*' | 0xe2)
        && text.chars().all(|c| matches!(c, '_' | '-' | '=' | '*' | ' ' | '—' | '–' | '―' | '─'))
}

/// What a line says if it is a header line, and its value.
pub(super) fn header<'a>(line: &Line<'a>) -> Option<(Field, &'a str)> {
    let colon = line.colon?;
    if colon > 48 || colon >= line.text.len() {
        return None;
    }
    let is_frame = |c: char| {
        c.is_whitespace() || matches!(c, '*' | '_' | '|' | '\u{200e}' | '\u{200f}' | '\u{feff}')
    };
    let name = line.text.get(..colon)?.trim_matches(is_frame);
    if name.is_empty() || name.len() > 40 || name.bytes().filter(|b| *b == b' ').count() > 2 {
        return None;
    }
    let value = line.text.get(colon + 1..)?.trim_matches(is_frame);
    if value.starts_with("//") {
        return None;
    }
    Some((field(&crate::words::lower(name))?, value))
}

/// How much a block must show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trust {
    /// A line between mails stands above it.
    Ruled,
    /// Nothing does.
    Bare,
}

/// Header lines.
struct Block<'a> {
    lines: usize,
    author: Option<&'a str>,
    by_hand: bool,
}

/// The header lines at the start.
fn block<'a>(lines: &[Line<'a>], trust: Trust) -> Option<Block<'a>> {
    header(lines.first()?)?;
    let mut seen = Seen::default();
    let (mut length, mut folded) = (0, 0);
    for (number, line) in lines.iter().take(BLOCK_LINES).enumerate() {
        if let Some((field, value)) = header(line) {
            seen.note(field, value);
            (length, folded) = (number + 1, 0);
            continue;
        }
        if line.is_blank() {
            // Some programs put each header into a paragraph of its own; below the third only a
            // further one right there belongs to the block.
            folded += 1;
            if folded > 1 || seen.count() >= 4 {
                break;
            }
            continue;
        }
        // Yandex ends its block with the line that is an attribution elsewhere.
        if let Some(attribution) = attribution::attribution(&lines[number..])
            && attribution.sure
        {
            seen.from = true;
            seen.date = true;
            seen.attributed = true;
            seen.author = seen.author.or(attribution.author);
            length = number + attribution.lines;
            break;
        }
        folded += 1;
        if folded > 2 {
            break;
        }
        if line.text.starts_with([' ', '\t'])
            || line.addressed && line.text.ends_with([';', '>', ','])
        {
            seen.author =
                seen.author.or_else(|| seen.is_from_last.then(|| address(line.text)).flatten());
            length = number + 1;
        }
    }
    let by_hand = seen.author.is_none() && !seen.tells_time && !seen.attributed;
    seen.suffices(trust).then_some(Block { lines: length, author: seen.author, by_hand })
}

/// What the header lines of a block have told so far.
#[derive(Default)]
struct Seen<'a> {
    from: bool,
    to: bool,
    date: bool,
    subject: bool,
    further: bool,
    is_from_last: bool,
    has_time: bool,
    tells_time: bool,
    attributed: bool,
    author: Option<&'a str>,
}

impl<'a> Seen<'a> {
    fn note(&mut self, field: Field, value: &'a str) {
        self.is_from_last = field == Field::From;
        match field {
            Field::From => {
                self.from = true;
                self.author = self.author.or_else(|| address(value));
            }
            Field::To => self.to = true,
            Field::Date => {
                self.date = true;
                self.has_time |= has_clock(value);
                self.tells_time |= tells_time(value);
            }
            Field::Subject => self.subject = true,
            Field::Further => self.further = true,
        }
    }

    fn count(&self) -> usize {
        [self.from, self.to, self.date, self.subject].into_iter().filter(|seen| *seen).count()
    }

    /// People write "От:", "Кому:", "Тема:" above a formal letter too; what they write with a
    /// date is told apart by [`Head::by_hand`].
    fn suffices(&self, trust: Trust) -> bool {
        let count = self.count();
        if trust == Trust::Ruled {
            return count >= 2 && (self.from || self.date) || count >= 3;
        }
        count >= 3 && (self.date || self.author.is_some())
            || self.from && self.date && (self.author.is_some() || self.has_time)
            || self.to && self.subject && self.further
    }
}
