//! Quoted mail: lines with `>` or `|` in front, the line above them, header blocks, forwarded
//! parts. Everything below a head without such signs is the quote; answers between and below
//! lines with signs stay, in their order.

use domain::classification::CutWhat;

use super::attribution;
use super::forward;
use super::headers::{self, Head};
use super::lines::Line;
use super::words::Between;
use crate::words::cut;

/// What becomes of a line: nothing, when it stays.
pub(super) type Fate = Option<CutWhat>;

/// Lines that looked like a head and were none; below so many nobody looks any more, and the rest
/// stays as text.
const TRIES: usize = 1000;

/// Another mail inside the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Inner<'a> {
    /// The first line below its head.
    pub body: usize,
    /// The line behind its last.
    pub end: usize,
    /// Who wrote it, if that is told.
    pub author: Option<&'a str>,
    /// The text says that it was passed on.
    pub forwarded: bool,
    /// Its lines stay where they are, since nothing shows where it ends.
    pub kept: bool,
}

/// What header lines at the very beginning are, if no program wrote them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opening {
    /// Those of the person's own formal letter.
    Letter,
    /// Those of another mail: the subject says that it was passed on.
    Forward,
}

/// Marks quoted lines; the first mail inside, if there is one.
pub(super) fn mark<'a>(
    lines: &[Line<'a>],
    fates: &mut [Fate],
    opening: Opening,
) -> Option<Inner<'a>> {
    let mut inner: Option<Inner<'a>> = None;
    let (mut at, mut above, mut tries) = (0, false, 0);
    // Nothing but a greeting so far.
    let mut opens = opening == Opening::Letter;
    while at < lines.len() {
        let line = &lines[at];
        if line.is_blank() {
            at += 1;
            continue;
        }
        if is_quoted(lines, at) {
            let end = quoted_end(lines, at);
            fates[at..end].fill(Some(CutWhat::Quote));
            inner = inner.or(Some(Inner {
                body: at,
                end,
                author: None,
                forwarded: false,
                kept: false,
            }));
            at = end;
            continue;
        }
        if headers::separator(line) == Some(Between::End) {
            fates[at] = Some(CutWhat::ForwardHeader);
            at += 1;
            continue;
        }
        if tries < TRIES
            && may_be_head(line)
            && let Some(head) = headers::head(&lines[at..])
        {
            if opens && inner.is_none() && head.by_hand {
                (above, opens) = (true, false);
                at += head.lines.max(1);
                continue;
            }
            let swallowed = swallow(lines, fates, at, head);
            inner = inner.or(Some(swallowed));
            at = swallowed.end;
            continue;
        }
        if tries < TRIES
            && let Some(found) = attribution::attribution(&lines[at..])
        {
            let body = at + found.lines;
            let below = lines[body..].iter().position(|line| !line.is_blank()).map(|n| n + body);
            let quoted = below.is_some_and(|below| is_quoted(lines, below));
            let begun = Inner {
                body,
                end: lines.len(),
                author: found.author,
                forwarded: false,
                kept: false,
            };
            if quoted || found.sure {
                fates[at..body].fill(Some(CutWhat::Attribution));
            }
            if quoted {
                let below = below.unwrap_or(body);
                inner = inner.or(Some(Inner { end: quoted_end(lines, below), ..begun }));
                at = body;
                continue;
            }
            if found.sure {
                // No signs in front of the quoted lines: all below is the quote, unless nothing
                // was written above; then the answer stands below it, nobody knows where.
                let kept = !above;
                inner = inner.or(Some(Inner { kept, ..begun }));
                if above {
                    fates[body..].fill(Some(CutWhat::Quote));
                    return inner;
                }
                at = body;
                continue;
            }
        }
        above = true;
        opens = opens && forward::is_greeting(&crate::words::lower(cut(line.bare(), 400)));
        tries += usize::from(may_be_head(line));
        at += 1;
    }
    inner
}

/// Cuts a head and what belongs to it: the lines with signs right below, else all, up to a line
/// that says where it ends.
fn swallow<'a>(lines: &[Line<'a>], fates: &mut [Fate], at: usize, head: Head<'a>) -> Inner<'a> {
    let body = at + head.lines.max(1);
    fates[at..body].fill(Some(CutWhat::ForwardHeader));
    let below = lines[body..].iter().position(|line| !line.is_blank()).map_or(body, |n| n + body);
    let mut end = lines.len();
    if below < lines.len() && is_quoted(lines, below) {
        end = quoted_end(lines, below);
    } else if head.forwarded {
        let says_end = |line: &Line<'_>| headers::separator(line) == Some(Between::End);
        end = lines[body..].iter().position(says_end).map_or(end, |n| n + body);
    }
    fates[body..end].fill(Some(CutWhat::Quote));
    Inner { body, end, author: head.author, forwarded: head.forwarded, kept: false }
}

/// A cheap look: dashes, a bracket, or a header line.
fn may_be_head(line: &Line<'_>) -> bool {
    line.colon.is_some()
        || matches!(line.first(), b'-' | b'_' | b'=' | b'*' | b'#' | b'~' | b'+' | 0xe2)
}

/// Whether the line at `at` has a sign of quoting in front.
pub(super) fn is_quoted(lines: &[Line<'_>], at: usize) -> bool {
    let line = &lines[at];
    let text = line.bare();
    match line.first() {
        b'>' => text.trim() != ">:",
        b'|' => {
            let beside = |other: Option<&Line<'_>>| other.is_some_and(|line| line.first() == b'|');
            beside(lines.get(at + 1)) || at > 0 && beside(lines.get(at - 1))
        }
        0xe2 => text.starts_with('\u{203a}'),
        // The Bat! puts initials in front: "ИП> …".
        _ if text.as_bytes().iter().take(9).any(|b| *b == b'>') => {
            text.split_once('>').is_some_and(|(name, _)| {
                (1..=8).contains(&name.len()) && name.chars().all(char::is_uppercase)
            })
        }
        _ => false,
    }
}

/// The end of the quoted lines that begin at `from`. A line that was broken off a long one by a
/// program on the way belongs to them.
fn quoted_end(lines: &[Line<'_>], from: usize) -> usize {
    let mut at = from;
    while at < lines.len() {
        if is_quoted(lines, at) {
            at += 1;
            continue;
        }
        let broken = at > from
            && lines[at - 1].text.chars().count() >= 60
            && !lines[at].text.starts_with([' ', '\t'])
            && lines[at].bare().starts_with(char::is_lowercase)
            && at + 1 < lines.len()
            && is_quoted(lines, at + 1);
        if !broken {
            break;
        }
        at += 1;
    }
    at
}
