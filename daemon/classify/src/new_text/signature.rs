//! Signatures: below `-- `, below a closing phrase, marks of phones, names and numbers at the end.
//!
//! Looks at the lines that are no quotes, from the end. A line that still speaks ("и удалите мой
//! номер") is never cut, and neither is what a colon announces ("мой новый адрес:").

mod line;
mod words;

use domain::classification::CutWhat;

use super::headers::is_rule;
use super::lines::Line;
use super::quotes::Fate;
use line::{
    belongs, is_closing, is_contact, is_courtesy, is_given_name, is_name, is_named, is_picture,
    is_postscript, is_wish, speaks,
};

pub(super) use line::is_device;

/// Most lines a signature has below its closing phrase.
const BELOW_CLOSING: usize = 20;
/// Most lines below a delimiter.
const BELOW_DELIMITER: usize = 40;

/// Marks the signature's lines among those that stay.
pub(super) fn mark(lines: &[Line<'_>], fates: &mut [Fate]) {
    let stays = |at: &usize| fates[*at].is_none() && !lines[*at].is_blank();
    let kept: Vec<usize> = (0..lines.len()).filter(stays).collect();
    let mut body = Body { lines, fates, kept };
    body.cut_devices();
    body.cut_delimited();
    body.cut_closing();
    body.cut_names();
    // "Mit freundlichen Grüßen" above "gez. …", a closing above a name.
    body.cut_closing();
}

/// The lines that stay, and what becomes of them.
struct Body<'l, 'a> {
    lines: &'l [Line<'a>],
    fates: &'l mut [Fate],
    /// Lines that stay, none of them blank.
    kept: Vec<usize>,
}

impl<'a> Body<'_, 'a> {
    fn line(&self, number: usize) -> &'a str {
        self.lines[self.kept[number]].bare()
    }

    /// Whether something stands between a kept line and the one before: a blank line, a cut.
    fn begins_paragraph(&self, number: usize) -> bool {
        number == 0 || self.kept[number - 1] + 1 != self.kept[number]
    }

    /// The first line of the paragraph in which a line stands.
    fn paragraph(&self, number: usize) -> usize {
        (0..=number).rev().find(|n| self.begins_paragraph(*n)).unwrap_or(0)
    }

    fn cut(&mut self, from: usize, to: usize) {
        for number in from..to {
            self.fates[self.kept[number]] = Some(CutWhat::Signature);
        }
        self.kept.drain(from..to);
    }

    /// Cuts from a line on, up to the first line that is text again.
    fn cut_below(&mut self, from: usize) {
        let again = (from + 1..self.kept.len())
            .find(|n| is_postscript(self.line(*n)) || speaks(self.line(*n)));
        let to = again.map_or(self.kept.len(), |n| self.paragraph(n).max(from + 1));
        self.cut(from, to);
    }

    /// Marks of phones, wherever they stand.
    fn cut_devices(&mut self) {
        let (lines, fates) = (self.lines, &mut *self.fates);
        self.kept.retain(|at| {
            let device = is_device(lines[*at].bare());
            if device {
                fates[*at] = Some(CutWhat::Signature);
            }
            !device
        });
    }

    /// What stands below `-- ` (RFC 3676 §4.3), or below another short rule if it looks like one.
    fn cut_delimited(&mut self) {
        let exact =
            (1..self.kept.len()).rev().take(BELOW_DELIMITER).find(|n| self.line(*n) == "--");
        if let Some(at) = exact {
            self.cut_below(at);
            return;
        }
        let Some(at) = (1..self.kept.len()).rev().take(BELOW_CLOSING).find(|n| self.is_loose(*n))
        else {
            return;
        };
        let below = at + 1..self.kept.len();
        let short =
            below.clone().all(|n| self.line(n).chars().count() <= 90 && !speaks(self.line(n)));
        let belongs = below.clone().take(3).any(|n| belongs(self.line(n)));
        if short && (belongs || below.is_empty()) {
            self.cut(at, self.kept.len());
        }
    }

    fn is_loose(&self, number: usize) -> bool {
        matches!(self.line(number), "—" | "––" | "---" | "__" | "___" | "==" | "***" | "- -")
            || is_rule(&self.lines[self.kept[number]])
    }

    /// Cuts from a closing phrase near the end, when only short lines follow.
    fn cut_closing(&mut self) {
        let count = self.kept.len();
        let found = (1..count).rev().take(BELOW_CLOSING + 6).find(|n| {
            is_closing(self.line(*n))
                || is_courtesy(self.line(*n))
                || self.is_thanks(*n)
                || self.is_yours(*n)
        });
        let Some(at) = found else { return };
        let again = (at + 1..count).find(|n| is_postscript(self.line(*n)) || speaks(self.line(*n)));
        let end = again.map_or(count, |n| self.paragraph(n).max(at + 1));
        let short = (at + 1..end).all(|n| {
            let line = self.line(n);
            line.chars().count() <= 200 || is_contact(line)
        });
        if short && end - at <= BELOW_CLOSING + 1 {
            self.cut(at, end);
        }
    }

    /// Whether the line is thanks with nothing but a signature below.
    fn is_thanks(&self, number: usize) -> bool {
        let line = self.line(number);
        if line.len() > 120 {
            return false;
        }
        let bare = crate::words::lower(line.trim_end_matches([',', '.', '!', ' ']));
        let leads = line.ends_with(',')
            && words::THANKS.iter().any(|thanks| bare.starts_with(thanks))
            && bare.split_whitespace().count() <= 8
            && !speaks(&bare);
        let below = number + 1..self.kept.len();
        (leads || words::THANKS.contains(&bare.as_str()))
            && !below.is_empty()
            && self.is_signature(below)
    }

    /// "Your pal, Craig." and "Ваш клиент Иванов" as the last line of text.
    fn is_yours(&self, number: usize) -> bool {
        let line = self.line(number).trim_end_matches('.');
        let lower = crate::words::lower(line);
        let thanks = words::THANKS.iter().any(|t| lower.starts_with(t));
        let begins = [
            "your ",
            "yours ",
            "ваш ",
            "ваша ",
            "ваши ",
            "твой ",
            "твоя ",
            "dein ",
            "deine ",
            "ihr ",
            "ihre ",
        ];
        if number + 4 < self.kept.len()
            || !thanks && !begins.iter().any(|b| lower.starts_with(b))
            || line.split([',', '(']).next().is_some_and(|head| head.split_whitespace().count() > 6)
            || line.contains(['?', '!'])
            || line.chars().count() > 80
            || speaks(line)
        {
            return false;
        }
        let who = [
            "клиент",
            "пациент",
            "подписчи",
            "покупател",
            "читател",
            "постоянн",
            "customer",
            "client",
            "patient",
            "friend",
        ];
        let capital =
            |part: &str| part.rsplit(' ').next().is_some_and(|w| w.starts_with(char::is_uppercase));
        let name_last = capital(line) || !thanks && line.split(',').next().is_some_and(capital);
        line.contains(',') && name_last
            || !thanks && who.iter().any(|w| lower.contains(w)) && name_last
    }

    /// Cuts names, offices and numbers that stand as paragraphs of their own at the very end, and
    /// a name right below the last sentence.
    fn cut_names(&mut self) {
        let mut from = self.kept.len();
        let mut named = false;
        for _ in 0..3 {
            if from == 0 {
                break;
            }
            let first = self.paragraph(from - 1);
            if first == 0
                || self.answers_a_quote(first)
                || !self.is_signature(first..from)
                || self.announces(first - 1)
            {
                break;
            }
            let has_name = (first..from).any(|n| is_named(self.line(n)));
            if named && (first..from).all(|n| is_name(self.line(n))) {
                break;
            }
            named |= has_name;
            from = first;
        }
        if named && from < self.kept.len() {
            self.cut(from, self.kept.len());
        }
        let Some(last) = self.kept.len().checked_sub(1).filter(|last| *last > 0) else { return };
        let above = self.line(last - 1);
        let ended = above.ends_with(['.', '!', '?', ')', '…', ';'])
            || above.chars().last().is_some_and(is_picture)
            || is_wish(above);
        if !self.begins_paragraph(last) && ended && is_given_name(self.line(last)) {
            self.cut(last, last + 1);
        }
    }

    /// Whether quoted lines stand right above: then a name is an answer.
    fn answers_a_quote(&self, number: usize) -> bool {
        let above = (0..self.kept[number]).rev().find(|at| !self.lines[*at].is_blank());
        above.is_some_and(|at| self.fates[at] == Some(CutWhat::Quote))
    }

    /// Whether a line announces what stands below it: then that is text.
    fn announces(&self, number: usize) -> bool {
        let line = self.line(number);
        line.ends_with([':', ',', '-', '—', '–'])
            || !line.ends_with(['.', '!', '?', ')', '…', ';'])
                && crate::words::lower(line).starts_with("нов")
    }

    /// Lines that begin with a name, an office or a number, are short, and mostly such lines.
    fn is_signature(&self, numbers: std::ops::Range<usize>) -> bool {
        let lines: Vec<&str> = numbers.map(|n| self.line(n)).collect();
        let first = lines.first().is_some_and(|line| belongs(line));
        let short = lines.iter().all(|line| {
            line.chars().count() <= 140 && !line.ends_with(['!', '?']) && !speaks(line)
        });
        let count = lines.iter().filter(|line| belongs(line)).count();
        first && short && lines.len() <= 12 && count * 2 >= lines.len()
    }
}
