//! Which of the parts of a message a person is shown, and their text.
//!
//! Called by `body` for every message. The plain part counts where there is some text in it; where
//! the HTML part says something else, its text is kept beside it, because most programs show that.

use std::collections::HashSet;

use mail_parser::{Message, MessagePartId, MimeHeaders, PartType};

use crate::read::{Oddities, header, part};

/// Text of another part that is compared, in bytes.
pub(super) const MAX_COMPARED: usize = 128 * 1024;
/// Bits in the table of words.
const BITS: usize = 1 << 18;

/// What is seen of a message.
#[derive(Default)]
pub(super) struct Visible {
    pub(super) text: String,
    pub(super) from_html: bool,
    /// The text of the HTML part where it disagrees.
    pub(super) other: String,
}

/// The plain text where there is some, else the text of the HTML.
pub(super) fn read(
    message: &Message<'_>,
    readable: &HashSet<usize>,
    limit: usize,
    odd: &mut Oddities,
) -> Visible {
    let (text, from_html) = of(message, &message.text_body, readable, limit, odd);
    // Some programs write an empty plain part beside the real HTML.
    if text.trim().is_empty() {
        let (mut text, from_html) = of(message, &message.html_body, readable, limit, odd);
        if text.trim().is_empty() && readable.contains(&0) {
            text = untyped(message, odd).unwrap_or(text);
        }
        return Visible { text, from_html, other: String::new() };
    }
    // Footers are parts of their own and stand in both lists.
    let in_text: HashSet<MessagePartId> = message.text_body.iter().copied().collect();
    let html: Vec<MessagePartId> =
        message.html_body.iter().copied().filter(|id| !in_text.contains(id)).collect();
    if html.is_empty() {
        return Visible { text, from_html, other: String::new() };
    }
    let (mut other, _) = of(message, &html, readable, limit, odd);
    header::cut(&mut other, MAX_COMPARED);
    let other = strange_lines(&text, &other);
    Visible { text, from_html, other }
}

fn of(
    message: &Message<'_>,
    ids: &[MessagePartId],
    readable: &HashSet<usize>,
    limit: usize,
    odd: &mut Oddities,
) -> (String, bool) {
    let mut text = String::new();
    let mut from_html = false;
    for id in ids.iter().filter_map(|id| usize::try_from(*id).ok()) {
        let Some(one) = message.parts.get(id).filter(|_| readable.contains(&id)) else {
            continue;
        };
        let Some(found) = part::shown(one, message, odd) else { continue };
        from_html |= matches!(one.body, PartType::Html(_)) && !found.is_empty();
        if text.is_empty() {
            text = found;
        } else {
            if !text.ends_with('\n') {
                text.push('\n');
            }
            text.push_str(&found);
        }
        if text.len() > limit {
            break;
        }
    }
    (text, from_html)
}

/// The text of a mail that says wrongly, or not, of what type it is: it counts as plain text
/// (RFC 2045 §5.2) where it looks like one.
fn untyped(message: &Message<'_>, odd: &mut Oddities) -> Option<String> {
    let [root] = message.parts.as_slice() else { return None };
    let media_type = part::media_type(root);
    let is_untyped = match media_type.split_once('/') {
        // Where no subtype is said, it is filled in with this one.
        None | Some((_, "") | ("text", "octet-stream")) => true,
        Some(("multipart", _)) => {
            root.content_type().and_then(|declared| declared.attribute("boundary")).is_none()
        }
        Some(("application", "octet-stream")) => {
            part::file_name(&part::fields(root, message)).is_empty()
        }
        Some(_) => false,
    };
    let is_control = |byte: &u8| *byte < 0x20 && !byte.is_ascii_whitespace() && *byte != 0x1b;
    let is_text = is_untyped && !part::bytes(root, message).iter().any(is_control);
    is_text.then(|| part::text(root, message, odd))
}

/// The lines of the second text that say what the first does not, quoted mails aside. The other
/// way round the first may say more: addresses of links, a note on HTML.
pub(super) fn strange_lines(plain: &str, other: &str) -> String {
    let (mut said, mut quoted) = (Table::new(), Table::new());
    for line in plain.lines() {
        match is_quoted(line) {
            true => pairs(line).for_each(|pair| quoted.insert(pair)),
            false => words(line).for_each(|word| said.insert(word)),
        }
    }
    let mut found = String::new();
    for line in other.lines().filter(|line| !is_quoted(line)) {
        if words(line).all(|word| said.contains(word)) {
            continue;
        }
        // What one part marks as quoted, the other may not.
        let (mut known, mut all) = (0usize, 0usize);
        for pair in pairs(line) {
            all += 1;
            known += usize::from(quoted.contains(pair));
        }
        if all < 2 || known * 4 < all * 3 {
            found.push_str(line);
            found.push('\n');
        }
    }
    found.truncate(found.trim_end().len());
    found
}

fn is_quoted(line: &str) -> bool {
    line.trim_start().starts_with('>')
}

/// A set of hashes that may take one for another, rarely.
struct Table(Vec<u64>);

impl Table {
    fn new() -> Self {
        Self(vec![0; BITS / 64])
    }

    fn insert(&mut self, hash: u64) {
        let at = place(hash);
        self.0[at / 64] |= 1 << (at % 64);
    }

    fn contains(&self, hash: u64) -> bool {
        let at = place(hash);
        self.0[at / 64] & (1 << (at % 64)) != 0
    }
}

fn place(hash: u64) -> usize {
    let bits = BITS as u64;
    usize::try_from((hash ^ (hash >> 32)) % bits).unwrap_or(0)
}

/// Hashes (FNV-1a) of the words of two letters and more, in small letters.
fn words(text: &str) -> impl Iterator<Item = u64> + '_ {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| word.len() > 1).map(|word| {
        word.chars().fold(0xcbf2_9ce4_8422_2325u64, |hash, c| {
            (hash ^ u64::from(u32::from(small(c)))).wrapping_mul(0x0100_0000_01b3)
        })
    })
}

/// Hashes of words that follow each other.
fn pairs(text: &str) -> impl Iterator<Item = u64> + '_ {
    let mut before = 0u64;
    words(text).map(move |word| {
        let pair = before.rotate_left(7) ^ word;
        before = word;
        pair
    })
}

fn small(c: char) -> char {
    match c {
        'а'..='я' | 'a'..='z' => c,
        'А'..='Я' => char::from_u32(u32::from(c) + 32).unwrap_or(c),
        c => c.to_lowercase().next().unwrap_or(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_words_agree_whatever_their_dress() {
        let plain = "ДОБРЫЙ день! Пришлите прайс: https://clinic.example/price";
        assert_eq!(strange_lines(plain, "Добрый день!\n\nПришлите прайс"), "");
        assert_eq!(strange_lines("", ""), "");
    }

    #[test]
    fn a_few_new_words_are_kept_with_their_line() {
        for (plain, html, strange) in [
            ("-", "Здравствуйте!\nОтпишите меня", "Здравствуйте!\nОтпишите меня"),
            ("Здравствуйте!", "Здравствуйте!\nУдалите мои данные", "Удалите мои данные"),
            ("Добрый день, Анна", "Добрый день, Анна\nСтоп", "Стоп"),
        ] {
            assert_eq!(strange_lines(plain, html), strange);
        }
    }

    #[test]
    fn a_quote_neither_hides_new_words_nor_makes_them() {
        let quote: String = (0..60).map(|n| format!(" слово{n}")).collect();
        let new = "Спасибо. Прошу удалить все мои данные";
        let plain = format!("Спасибо\n>{quote}");
        assert_eq!(strange_lines(&plain, &format!("{new}\n>{quote}")), new);
        assert_eq!(strange_lines(&plain, &format!("{new}\n{quote}")), new);
        assert_eq!(strange_lines(&format!("Спасибо\n> {new}"), new), "");
    }
}
