//! What a single line of a signature looks like: names, offices, places, numbers, closings, marks
//! of phones; and by what a line still speaks. Pure questions about one line each.

use super::words;

pub(super) fn belongs(line: &str) -> bool {
    is_named(line) || is_contact(line) || is_place(line)
}

/// A name, an office, a name with a role, or the day on which a letter was signed.
pub(super) fn is_named(line: &str) -> bool {
    is_name(line) || is_office(line) || is_role(line) || is_day(line) || is_signed(line)
}

/// A place to sign: "__________ / Иванов И. И. /", "(подпись) Анна Петрова".
fn is_signed(line: &str) -> bool {
    line.contains("___") && line.split_whitespace().count() <= 8 && !speaks(line)
}

/// Where somebody lives or can be reached: "г. Самара, ул. Мира, 5", "тел.: 8 900 …".
fn is_place(line: &str) -> bool {
    let lower = crate::words::lower(line);
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
    let lower = format!("{} ", crate::words::lower(role));
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
        && super::super::lines::has_date(line)
        && line.split_whitespace().count() <= 6
        && !line.contains(['@', '+', '!', '?'])
        && !speaks(line)
}

pub(super) fn is_picture(sign: char) -> bool {
    matches!(sign, '\u{1f300}'..='\u{1faff}' | '\u{2600}'..='\u{27bf}' | '\u{fe0f}')
}

/// Short wishes without a full stop.
pub(super) fn is_wish(line: &str) -> bool {
    let lower = crate::words::lower(line.trim_end_matches(['.', '!', ',']));
    words::THANKS.contains(&lower.as_str())
        || matches!(
            lower.as_str(),
            "enjoy" | "bye" | "пока" | "ciao" | "tschüss" | "удачи" | "cheers"
        )
}

pub(super) fn is_postscript(line: &str) -> bool {
    let lower = crate::words::lower(crate::words::cut(line, 40));
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
pub(super) fn speaks(line: &str) -> bool {
    let lower = format!(" {} ", crate::words::lower(crate::words::cut(line, 600)));
    words::SPEAKING.iter().any(|word| lower.contains(word))
        && !words::NOT_SPEAKING.iter().any(|word| lower.contains(word))
}

/// Bytes of a line that hold whatever such a line may begin with.
const LONGEST_BEGINNING: usize = 96;

/// Whether a line is what phones and mail programs put at the end.
pub(in crate::new_text) fn is_device(line: &str) -> bool {
    let bare = line.trim_matches(|c: char| {
        matches!(c, '<' | '>' | '(' | ')' | '[' | ']' | '*' | '_' | ' ' | '-' | '~')
    });
    let cheap = matches!(bare.as_bytes().first(), Some(first) if !first.is_ascii_digit());
    if !cheap || bare.len() > 220 || bare.chars().count() > 140 {
        return false;
    }
    // A longer line must begin like one, save for a link in it.
    let head = crate::words::lower(crate::words::cut(bare, LONGEST_BEGINNING));
    let begins = words::DEVICES.iter().any(|device| head.starts_with(device));
    if !begins
        && !bare.contains('[')
        && bare.split_whitespace().nth(10).is_some()
        && !bare.as_bytes().windows(4).any(|run| run.eq_ignore_ascii_case(b"http"))
    {
        return false;
    }
    let lower = crate::words::lower(bare).replace('[', "");
    let words = lower.split("http").next().unwrap_or(&lower).split_whitespace().count();
    let named = |text: &str| words::DEVICE_NAMES.iter().any(|name| text.contains(name));
    if words::DEVICES.iter().any(|device| lower.starts_with(device)) {
        // What is named stands before the first comma or full stop; behind it comes an excuse.
        let head = lower.split([',', '.']).next().unwrap_or(&lower);
        return words <= 16 && (named(head) || words <= 5 && !lower.contains([',', '?', '!']));
    }
    let ended = lower.trim_end_matches('.');
    words <= 10
        && words::DEVICE_ENDINGS.iter().any(|ending| ended.ends_with(ending))
        && named(&lower)
        || words <= 3 && lower.ends_with("from mobile")
        || words <= 8 && (lower.contains("outlook для ") || lower.contains("outlook für "))
}

pub(super) fn is_closing(line: &str) -> bool {
    let line = line.trim_start_matches([' ', '\t', '*', '_', '/']);
    if line.len() > 130 || line.chars().count() > 70 {
        return false;
    }
    let lower = crate::words::lower(line);
    words::CLOSINGS.iter().any(|closing| {
        lower.strip_prefix(closing).is_some_and(|rest| {
            let goes_on = !closing.ends_with([',', '.']) && rest.starts_with(char::is_alphabetic);
            let most = if line.ends_with('.') { 3 } else { 5 };
            !goes_on && rest.split_whitespace().count() <= most && !speaks(rest)
        })
    })
}

/// A whole sentence of courtesy: "Veuillez agréer, Madame, … mes salutations distinguées."
pub(super) fn is_courtesy(line: &str) -> bool {
    if line.chars().count() > 180 || !line.contains(char::is_whitespace) {
        return false;
    }
    let lower = crate::words::lower(line.trim_end_matches(['.', ',', '!', ' ']));
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
    let lower = crate::words::lower(line);
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
pub(super) fn is_name(line: &str) -> bool {
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
    let first = crate::words::lower(first.trim_matches(|c: char| !c.is_alphanumeric()));
    capital
        && count <= 5
        && count > 0
        && (!loud || count <= 2 && is_given_name(line))
        && !words::NO_NAMES.contains(&first.as_str())
        && !first.ends_with("те")
}

/// One or two words of letters that begin with capitals: "Ed", "Анна К.", "BERT".
pub(super) fn is_given_name(line: &str) -> bool {
    let line = line.trim_end_matches(['.', ',']).trim_start_matches(['-', '–', '—', '/', ' ', '~']);
    let count = line.split_whitespace().count();
    let lower = crate::words::lower(line);
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
pub(super) fn is_contact(line: &str) -> bool {
    let digits = line.chars().filter(char::is_ascii_digit).count();
    let letters = line.chars().filter(|c| crate::words::is_letter(*c)).count();
    let few_words = line.split_whitespace().count() <= 5;
    digits >= 6 && letters <= digits + 12 && few_words
        || few_words && (line.contains('@') || line.starts_with("http") || line.starts_with("www."))
}
