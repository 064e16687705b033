//! A text as lines, each with its place and the few signs by which the other rooms look for
//! candidates. One pass over the bytes, so that most lines are never looked at again.

/// One line of a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    /// The line without its end and the spaces before it.
    pub text: &'a str,
    /// Where it begins in the whole text.
    pub start: usize,
    /// Where the next line begins.
    pub end: usize,
    /// The byte at which its first colon stands.
    pub colon: Option<usize>,
    /// Digits in it.
    pub digits: u32,
    /// It holds an at sign or an angle bracket: maybe an address.
    pub addressed: bool,
}

impl<'a> Line<'a> {
    fn new(whole: &'a str, start: usize, end: usize, seen: Seen) -> Self {
        let text = whole.get(start..end).unwrap_or_default();
        let colon = seen.colon.map(|at| at - start);
        Self {
            text: trim_end(text),
            start,
            end,
            colon,
            digits: seen.digits,
            addressed: seen.addressed,
        }
    }

    /// Nothing can be seen on it.
    pub fn is_blank(&self) -> bool {
        self.text.is_empty() || trim(self.text).is_empty()
    }

    /// The line without spaces and marks of direction around it.
    pub fn bare(&self) -> &'a str {
        trim(self.text)
    }

    /// Its first byte that is no space.
    pub fn first(&self) -> u8 {
        self.bare().bytes().next().unwrap_or(b' ')
    }

    /// Whether it ends with a colon.
    pub fn ends_with_colon(&self) -> bool {
        self.colon.is_some() && self.bare().ends_with(':') || self.text.ends_with('\u{ff1a}')
    }

    /// The line without its first sign of quoting and what stands before it; the place stays.
    pub fn unquoted(mut self) -> Self {
        let inner = self.bare();
        let inner = inner.strip_prefix(['>', '|', '\u{203a}']).unwrap_or(inner).trim_start();
        let removed = self.text.len() - inner.len();
        self.colon = self.colon.and_then(|at| at.checked_sub(removed));
        self.text = inner;
        self
    }
}

/// Signs of a line while it is read.
#[derive(Default, Clone, Copy)]
struct Seen {
    colon: Option<usize>,
    digits: u32,
    addressed: bool,
}

/// Cuts a text into lines; any sort of line end will do.
pub(super) fn lines(text: &str) -> Vec<Line<'_>> {
    let mut out = Vec::with_capacity(text.len() / 40 + 1);
    let bytes = text.as_bytes();
    let (mut start, mut at, mut seen) = (0, 0, Seen::default());
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\n' | b'\r' => {
                let next =
                    at + 1 + usize::from(*byte == b'\r' && bytes.get(at + 1) == Some(&b'\n'));
                out.push(Line::new(text, start, next, seen));
                (start, at, seen) = (next, next, Seen::default());
                continue;
            }
            b':' => seen.colon = seen.colon.or(Some(at)),
            b'0'..=b'9' => seen.digits += 1,
            b'@' | b'<' => seen.addressed = true,
            _ => {}
        }
        at += 1;
    }
    if start < bytes.len() {
        out.push(Line::new(text, start, bytes.len(), seen));
    }
    out
}

/// Signs that are not seen: marks of direction, zero-width signs, soft hyphens.
fn is_unseen(sign: char) -> bool {
    sign.is_whitespace()
        || matches!(sign, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{feff}' | '\u{ad}')
}

fn trim_end(text: &str) -> &str {
    match text.as_bytes().last() {
        Some(byte) if byte.is_ascii_graphic() => text,
        _ => text.trim_end_matches(is_unseen),
    }
}

fn trim(text: &str) -> &str {
    let text = trim_end(text);
    match text.as_bytes().first() {
        Some(byte) if byte.is_ascii_graphic() => text,
        _ => text.trim_start_matches(is_unseen),
    }
}

/// A time of day such as `10:02`, also with a mark of direction or a point in it.
pub(super) fn has_clock(line: &str) -> bool {
    let bytes = line.as_bytes();
    (1..bytes.len()).any(|at| {
        let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
        matches!(bytes[at], b':' | b'.' | b'h')
            && digit(at - 1)
            && digit(at + 1)
            && digit(at + 2)
            && !digit(at + 3)
            && !(at >= 3 && digit(at - 2) && digit(at - 3))
    })
}

/// A time of day that is no date: `10:02`, `10h02`, or `17.45` behind a date.
pub(super) fn tells_time(line: &str) -> bool {
    let clock = |part: &str| {
        part.split_once([':', 'h']).is_some_and(|(hour, minute)| {
            hour.ends_with(|c: char| c.is_ascii_digit())
                && minute.bytes().take_while(u8::is_ascii_digit).count() == 2
        })
    };
    let pointed = |part: &str| part.bytes().filter(|b| *b == b'.').count() == 1 && has_clock(part);
    line.split_whitespace().any(clock)
        || line
            .trim_end()
            .rsplit_once(char::is_whitespace)
            .is_some_and(|(date, last)| pointed(last) && has_date(date))
}

/// A year, or a date such as `05.03.24`, `3/5/24`.
pub(super) fn has_date(line: &str) -> bool {
    let year = |run: &str| run.len() == 4 && (run.starts_with("19") || run.starts_with("20"));
    if line.split(|c: char| !c.is_ascii_digit()).any(year) {
        return true;
    }
    // Day and month of one or two digits, then a year of two.
    let mut runs = [0usize; 2];
    let (mut run, mut joined) = (0, false);
    for byte in line.bytes() {
        match byte {
            b'0'..=b'9' => {
                run += 1;
                if run == 2 && joined && (1..=2).contains(&runs[0]) && (1..=2).contains(&runs[1]) {
                    return true;
                }
            }
            b'.' | b'/' | b'-' if run > 0 => {
                runs = [runs[1], run];
                (run, joined) = (0, true);
            }
            _ => {
                runs = [0, 0];
                (run, joined) = (0, false);
            }
        }
    }
    false
}

/// What looks like an address of electronic mail in a line: without brackets, as written.
pub(super) fn address(line: &str) -> Option<&str> {
    let at = line.find('@')?;
    let belongs = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '+' | '=' | '\'');
    let before = line[..at].trim_end_matches(belongs).len();
    let host = &line[at + 1..];
    let length = host.find(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '-')));
    let host = host[..length.unwrap_or(host.len())].trim_end_matches(['.', '-']);
    (before < at && host.contains('.')).then(|| &line[before..at + 1 + host.len()])
}
