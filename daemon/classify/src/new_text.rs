//! What the person newly wrote: the visible text without quotes, signature, footer, our own words.
//!
//! Called before anything is judged, so that our own newsletter, quoted below a thank-you, asks for
//! nothing. Every line gets a fate; what is cut is told with its place. A mail that was passed on
//! with few words or none is itself what is asked, and the verdict learns that it was passed on.

mod attribution;
mod footer;
mod forward;
mod headers;
mod lines;
mod own_text;
mod quotes;
mod signature;
mod words;

use domain::classification::{Cut, CutWhat};
use domain::mail::{AttachedMail, ReadMail};

use crate::OwnIdentity;
use crate::words::{TEXT_LIMIT, cut};
use lines::Line;
use quotes::{Fate, Inner, Opening};

pub use own_text::OwnText;

/// Mails inside mails that were each passed on without a word; deeper ones are left as they are.
const DEEPEST: usize = 4;

/// A text taken apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Taken {
    /// The newly written text.
    pub new_text: String,
    /// The signature, on which only marks are looked for.
    pub signature: String,
    /// What was left out, in order.
    pub cut: Vec<Cut>,
    /// The new text is that of another mail, wholly or in part.
    pub forwarded: bool,
    /// The text of a mail inside this one that stays cut and yet may hold a request, taken apart
    /// likewise; empty when there is none, when it is ours, and when it is in the new text.
    pub forwarded_text: String,
}

/// Takes the newly written text out of a mail's visible text.
pub(crate) fn take(mail: &ReadMail, own: &OwnIdentity) -> Taken {
    let mut text = Text::read(cut(&mail.text, TEXT_LIMIT));
    let found = text.take(mail, own);
    let forwarded_text = text.beside(mail, own, found.inner);
    let mut forwarded = found.forwarded;
    let mut new_text = text.join(None);
    let mut signature = text.join(Some(CutWhat::Signature));
    if let Some(attached) = passed_on_as_file(mail, own, &text, forwarded) {
        forwarded = true;
        let mut inner = Text::read(cut(&attached.text, TEXT_LIMIT));
        inner.take(mail, own);
        for (whole, part) in [(&mut new_text, None), (&mut signature, Some(CutWhat::Signature))] {
            if !whole.is_empty() {
                whole.push_str("\n\n");
            }
            whole.push_str(&inner.join(part));
        }
    }
    Taken { new_text, signature, cut: text.cuts(), forwarded, forwarded_text }
}

/// The attached mail that is meant, when nothing else was written; the original in a report of a
/// mail server is not.
fn passed_on_as_file<'m>(
    mail: &'m ReadMail,
    own: &OwnIdentity,
    text: &Text<'_>,
    forwarded: bool,
) -> Option<&'m AttachedMail> {
    if forwarded || mail.report.report_type.is_some() {
        return None;
    }
    let attached = mail.attached.iter().find(|attached| !attached.text.trim().is_empty())?;
    let author = attached.from.first().map(|from| from.address.as_str());
    let inner = Inner { body: 0, end: 0, author, forwarded: true, kept: false };
    forward::is_passed_on(mail, own, &inner, &text.own_lines()).then_some(attached)
}

/// What taking a text apart showed.
struct Found<'a> {
    /// It was passed on.
    forwarded: bool,
    /// The mail inside that stays cut; its lines counted from the first of the text.
    inner: Option<Inner<'a>>,
}

/// Lines and their fates.
struct Text<'a> {
    lines: Vec<Line<'a>>,
    fates: Vec<Fate>,
}

impl<'a> Text<'a> {
    fn read(text: &'a str) -> Self {
        let lines = lines::lines(text);
        let fates = vec![None; lines.len()];
        Self { lines, fates }
    }

    /// Decides every line's fate.
    fn take(&mut self, mail: &ReadMail, own: &OwnIdentity) -> Found<'a> {
        let (mut from, mut to) = (0, self.lines.len());
        let mut forwarded = false;
        let passes_on = forward::subject_forwards(&mail.subject);
        let opening = if passes_on { Opening::Forward } else { Opening::Letter };
        for _ in 0..DEEPEST {
            let (lines, fates) = (&self.lines[from..to], &mut self.fates[from..to]);
            let inner = quotes::mark(lines, fates, opening);
            own.own_text.mark(lines, fates);
            footer::mark(lines, fates);
            let unsigned = fates.to_vec();
            signature::mark(lines, fates);
            let Some(inner) = inner.filter(|inner| !inner.kept) else {
                forwarded |= inner.is_some_and(|inner| inner.kept);
                keep_a_lone_signature(lines, fates, &unsigned);
                return Found { forwarded, inner: None };
            };
            if !forward::is_passed_on(mail, own, &inner, &self.own_lines()) {
                let (lines, fates) = (&self.lines[from..to], &mut self.fates[from..to]);
                keep_a_lone_signature(lines, fates, &unsigned);
                let (body, end) = (from + inner.body, from + inner.end);
                return Found { forwarded, inner: Some(Inner { body, end, ..inner }) };
            }
            forwarded = true;
            (from, to) = (from + inner.body, from + inner.end);
            let unquoted = self.unquoted(from, to);
            self.lines[from..to].copy_from_slice(&unquoted);
            self.fates[from..to].fill(None);
        }
        Found { forwarded, inner: None }
    }

    /// Lines without their first sign of quoting.
    fn unquoted(&self, from: usize, to: usize) -> Vec<Line<'a>> {
        let line = |at: usize| match quotes::is_quoted(&self.lines, at) {
            true => self.lines[at].unquoted(),
            false => self.lines[at],
        };
        (from..to).map(line).collect()
    }

    /// The text of the mail inside that stays cut, if it is worth a look.
    fn beside(&self, mail: &ReadMail, own: &OwnIdentity, inner: Option<Inner<'a>>) -> String {
        let worth = |inner: &Inner<'a>| {
            let lines = &self.lines[inner.body..inner.end];
            forward::is_worth_a_look(mail, own, inner, &self.own_lines(), lines)
        };
        let Some(inner) = inner.filter(worth) else { return String::new() };
        let lines = self.unquoted(inner.body, inner.end);
        let fates = vec![None; lines.len()];
        let mut text = Text { lines, fates };
        text.take(mail, own);
        text.join(None)
    }

    /// The sender's lines that stay.
    fn own_lines(&self) -> Vec<&'a str> {
        let kept = self.lines.iter().zip(&self.fates).filter(|(_, fate)| fate.is_none());
        kept.map(|(line, _)| line.bare()).filter(|line| !line.is_empty()).collect()
    }

    /// Joins the lines of one fate, with at most one empty line in a row and none at the ends.
    fn join(&self, wanted: Fate) -> String {
        let length = self.lines.last().map_or(0, |line| line.end);
        let mut out = String::with_capacity(if wanted.is_none() { length } else { 0 });
        let mut empty = 0;
        for (line, fate) in self.lines.iter().zip(&self.fates) {
            if line.is_blank() {
                empty += 1;
            } else if *fate == wanted {
                if !out.is_empty() {
                    out.push_str(if empty > 0 { "\n\n" } else { "\n" });
                }
                empty = 0;
                out.push_str(line.text);
            }
        }
        out
    }

    /// What was cut, neighbours of one sort together.
    fn cuts(&self) -> Vec<Cut> {
        let mut cuts: Vec<Cut> = Vec::new();
        let mut open = false;
        for (line, fate) in self.lines.iter().zip(&self.fates) {
            match (fate, cuts.last_mut()) {
                (Some(what), Some(last)) if open && last.what == *what => last.span.1 = line.end,
                (Some(what), _) if !line.is_blank() => {
                    cuts.push(Cut { what: *what, span: (line.start, line.end) });
                    open = true;
                }
                _ => open &= line.is_blank(),
            }
        }
        cuts
    }
}

/// A text that is nothing but a signature is text, save for the marks of phones.
fn keep_a_lone_signature(lines: &[Line<'_>], fates: &mut [Fate], unsigned: &[Fate]) {
    let mut all = lines.iter().zip(fates.iter().zip(unsigned)).filter(|(line, _)| !line.is_blank());
    if all.any(|(_, (fate, _))| fate.is_none()) {
        return;
    }
    for ((line, fate), before) in lines.iter().zip(fates.iter_mut()).zip(unsigned) {
        if !signature::is_device(line.bare()) {
            *fate = *before;
        }
    }
}

#[cfg(test)]
mod tests;
