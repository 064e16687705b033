//! Signatures: below `-- `, below a closing phrase, marks of phones, names and numbers at the end.
//!
//! Looks at the lines that are no quotes, from the end. A line that still speaks ("и удалите мой
//! номер") is never cut, and neither is what a colon announces ("мой новый адрес:").

mod words;

use domain::classification::CutWhat;

use super::headers::is_rule;
use super::lines::Line;
use super::quotes::Fate;

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
        let bare = line.trim_end_matches([',', '.', '!', ' ']).to_lowercase();
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
        let lower = line.to_lowercase();
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
                && line.to_lowercase().starts_with("нов")
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

fn belongs(line: &str) -> bool {
    is_named(line) || is_contact(line) || is_place(line)
}

/// A name, an office, a name with a role, or the day on which a letter was signed.
fn is_named(line: &str) -> bool {
    is_name(line) || is_office(line) || is_role(line) || is_day(line) || is_signed(line)
}

/// A place to sign: "__________ / Иванов И. И. /", "(подпись) Анна Петрова".
fn is_signed(line: &str) -> bool {
    line.contains("___") && line.split_whitespace().count() <= 8 && !speaks(line)
}

/// Where somebody lives or can be reached: "г. Самара, ул. Мира, 5", "тел.: 8 900 …".
fn is_place(line: &str) -> bool {
    let lower = line.to_lowercase();
    let begins = |word: &&str| {
        lower.strip_prefix(*word).is_some_and(|rest| !rest.starts_with(char::is_alphabetic))
    };
    line.chars().count() <= 140
        && !line.ends_with(['!', '?'])
        && (words::PLACES.iter().any(begins) || is_postal(line, &lower))
        && !speaks(line)
}

/// A postal address: a number of five or six digits or a house, and the word for a street.
fn is_postal(line: &str, lower: &str) -> bool {
    let digits = line.chars().any(|c| c.is_ascii_digit());
    digits
        && line.split_whitespace().count() <= 14
        && words::STREETS.iter().any(|word| lower.contains(word))
}

/// "Анна Павловна, ваша пациентка", "Иван Петров, тел. 8 900 …": a name and who that is.
fn is_role(line: &str) -> bool {
    let Some((name, role)) = line.split_once([',', '(', '|', '/', ';']) else { return false };
    let (name, role) = (name.trim(), role.trim_matches([' ', ')', '.']));
    if is_name(name) && (is_contact(role) || is_place(role) || is_day(role)) {
        return true;
    }
    let lower = format!("{} ", role.to_lowercase());
    line.chars().count() <= 70
        && !line.ends_with(['!', '?', ':'])
        && role.split_whitespace().count() <= 5
        && is_name(name)
        && words::ROLES.iter().any(|role| lower.contains(role))
        && !speaks(line)
}

/// A date alone: "12.09.2024", "«5» мая 2024 г."
fn is_day(line: &str) -> bool {
    let digits = line.chars().filter(char::is_ascii_digit).count();
    let behind_a_place = || {
        line.split_once(", ")
            .is_some_and(|(_, day)| day.starts_with(|c: char| c.is_ascii_digit() || c == '«'))
    };
    line.len() <= 70
        && (line.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '«' | '"'))
            || behind_a_place())
        && !line.contains(['№', '/'])
        && (5..=8).contains(&digits)
        && super::lines::has_date(line)
        && line.split_whitespace().count() <= 6
        && !line.contains(['@', '+', '!', '?'])
        && !speaks(line)
}

fn is_picture(sign: char) -> bool {
    matches!(sign, '\u{1f300}'..='\u{1faff}' | '\u{2600}'..='\u{27bf}' | '\u{fe0f}')
}

/// Short wishes without a full stop.
fn is_wish(line: &str) -> bool {
    let lower = line.trim_end_matches(['.', '!', ',']).to_lowercase();
    words::THANKS.contains(&lower.as_str())
        || matches!(
            lower.as_str(),
            "enjoy" | "bye" | "пока" | "ciao" | "tschüss" | "удачи" | "cheers"
        )
}

fn is_postscript(line: &str) -> bool {
    let lower = crate::words::cut(line, 40).to_lowercase();
    [
        "p.s",
        "p. s",
        "ps:",
        "ps.",
        "ps ",
        "з.ы",
        "зы ",
        "зы:",
        "п.с",
        "пс ",
        "пс:",
        "n.b",
        "постскриптум",
        "postskriptum",
    ]
    .iter()
    .any(|p| lower.starts_with(p))
}

/// Whether a line still says something to somebody.
fn speaks(line: &str) -> bool {
    let lower = format!(" {} ", crate::words::cut(line, 600).to_lowercase());
    words::SPEAKING.iter().any(|word| lower.contains(word))
        && !words::NOT_SPEAKING.iter().any(|word| lower.contains(word))
}

/// Whether a line is what phones and mail programs put at the end.
pub(super) fn is_device(line: &str) -> bool {
    let bare = line.trim_matches(|c: char| {
        matches!(c, '<' | '>' | '(' | ')' | '[' | ']' | '*' | '_' | ' ' | '-' | '~')
    });
    let cheap = matches!(bare.as_bytes().first(), Some(first) if !first.is_ascii_digit());
    if !cheap || bare.len() > 220 || bare.chars().count() > 140 {
        return false;
    }
    let lower = bare.to_lowercase().replace('[', "");
    let words = lower.split("http").next().unwrap_or(&lower).split_whitespace().count();
    let named = |text: &str| words::DEVICE_NAMES.iter().any(|name| text.contains(name));
    if words::DEVICES.iter().any(|device| lower.starts_with(device)) {
        // What is named stands before the first comma or full stop; behind it comes an excuse.
        let head = lower.split([',', '.']).next().unwrap_or(&lower);
        return words <= 16 && (named(head) || words <= 5 && !lower.contains([',', '?', '!']));
    }
    words <= 10
        && named(&lower)
        && words::DEVICE_ENDINGS.iter().any(|ending| lower.trim_end_matches('.').ends_with(ending))
        || words <= 3 && lower.ends_with("from mobile")
        || words <= 8 && (lower.contains("outlook для ") || lower.contains("outlook für "))
}

fn is_closing(line: &str) -> bool {
    let line = line.trim_start_matches([' ', '\t', '*', '_', '/']);
    if line.len() > 130 || line.chars().count() > 70 {
        return false;
    }
    let lower = line.to_lowercase();
    words::CLOSINGS.iter().any(|closing| {
        lower.strip_prefix(closing).is_some_and(|rest| {
            let goes_on = !closing.ends_with([',', '.']) && rest.starts_with(char::is_alphabetic);
            let most = if line.ends_with('.') { 3 } else { 5 };
            !goes_on && rest.split_whitespace().count() <= most && !speaks(rest)
        })
    })
}

/// A whole sentence of courtesy: "Veuillez agréer, Madame, … mes salutations distinguées."
fn is_courtesy(line: &str) -> bool {
    if line.chars().count() > 180 || !line.contains(char::is_whitespace) {
        return false;
    }
    let lower = line.trim_end_matches(['.', ',', '!', ' ']).to_lowercase();
    words::COURTESY_BEGINS.iter().any(|word| lower.starts_with(word))
        && words::COURTESY_ENDS.iter().any(|word| lower.ends_with(word))
}

/// A short line with an office or firm, or with initials, that is no sentence.
fn is_office(line: &str) -> bool {
    if line.chars().count() > 90
        || line.ends_with(['!', '?', ';', ':'])
        || line.split_whitespace().count() > 10
    {
        return false;
    }
    let lower = line.to_lowercase();
    let spoken = [" я ", " мне ", " меня", " вас ", " вы ", " you ", " sie ", " ваш"];
    if spoken.iter().any(|w| lower.contains(w)) || speaks(line) {
        return false;
    }
    words::OFFICES.iter().any(|o| lower.contains(o)) || has_initials(line)
}

/// Initials such as `И. И.` beside a word.
fn has_initials(line: &str) -> bool {
    let is_initial = |word: &str| {
        let mut chars = word.chars();
        chars.next().is_some_and(char::is_uppercase) && chars.next() == Some('.')
    };
    line.split_whitespace().any(is_initial) && line.split_whitespace().count() <= 6
}

/// One to five words that all begin with a capital letter, no full stop at the end of a sentence.
fn is_name(line: &str) -> bool {
    if line.chars().count() > 60 || line.ends_with(['!', '?', ':']) {
        return false;
    }
    let mut count = 0;
    let capital = line.split_whitespace().enumerate().all(|(number, word)| {
        count += 1;
        word.chars()
            .next()
            .is_some_and(|c| c.is_uppercase() || matches!(c, '«' | '"' | '|' | ',' | '/' | '('))
            || number > 0 && words::PARTICLES.contains(&word)
    });
    let loud = line.chars().filter(|c| c.is_uppercase()).count() * 2 > line.chars().count();
    let first = line.split_whitespace().next().unwrap_or(line);
    let first = first.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    capital
        && count <= 5
        && count > 0
        && (!loud || count <= 2 && is_given_name(line))
        && !words::NO_NAMES.contains(&first.as_str())
        && !first.ends_with("те")
}

/// One or two words of letters that begin with capitals: "Ed", "Анна К.", "BERT".
fn is_given_name(line: &str) -> bool {
    let line = line.trim_end_matches(['.', ',']).trim_start_matches(['-', '–', '—', '/', ' ', '~']);
    let count = line.split_whitespace().count();
    let lower = line.to_lowercase();
    let word = |word: &str| {
        word.starts_with(char::is_uppercase)
            && word.chars().all(|c| c.is_alphabetic() || matches!(c, '-' | '\'' | '.' | '’'))
    };
    (1..=3).contains(&count)
        && line.chars().count() <= 45
        && line.split_whitespace().all(word)
        && !speaks(line)
        && !lower.split_whitespace().any(|w| words::NO_NAMES.contains(&w) || w.ends_with("те"))
}

/// A line of contact data: mostly digits, an address, a link.
fn is_contact(line: &str) -> bool {
    let digits = line.chars().filter(char::is_ascii_digit).count();
    let letters = line.chars().filter(|c| c.is_alphabetic()).count();
    let few_words = line.split_whitespace().count() <= 5;
    digits >= 6 && letters <= digits + 12 && few_words
        || few_words && (line.contains('@') || line.starts_with("http") || line.starts_with("www."))
}
