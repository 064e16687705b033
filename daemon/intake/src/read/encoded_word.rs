//! Encoded words (RFC 2047) in unstructured header values, as real programs write them.
//!
//! Called for subjects and other texts. Adjacent words of one charset are joined before their
//! bytes are decoded, because many programs split a word in the middle of a character.

use super::charset::{self, Found};

/// RFC 2047 §2 allows 75 characters; programs write whole subjects into one word.
const MAX_WORD: usize = 16 * 1024;
/// As many beginnings that turn out to be none are borne in one value: each is looked at as far
/// as [`MAX_WORD`].
pub const MAX_MISSES: usize = 100;

/// One encoded word as written.
struct Word<'a> {
    charset: &'a str,
    coding: Coding<'a>,
    length: usize,
}

/// The encoded text of a word.
#[derive(Clone, Copy)]
enum Coding<'a> {
    Base64(&'a str),
    Quoted(&'a str),
}

/// Decodes all encoded words of a value; the rest stays as it is.
#[must_use]
pub fn decode(value: &str) -> (String, Found) {
    let (text, found) = decode_once(value);
    // Some gateways encode a header that is encoded already.
    if text.starts_with("=?") && text.ends_with("?=") && text.len() < value.len() {
        let (inner, again) = decode_once(&text);
        return (inner, if found == Found::Declared { again } else { found });
    }
    (text, found)
}

/// The length of the encoded words that stand side by side at the start of `text`.
#[must_use]
pub fn run(text: &str) -> usize {
    let mut length = 0;
    while let Some(next) = word(text[length..].trim_start(), 0) {
        let space = text[length..].len() - text[length..].trim_start().len();
        length += space + next.length;
    }
    length
}

fn decode_once(value: &str) -> (String, Found) {
    let mut text = String::with_capacity(value.len());
    let mut found = Found::Declared;
    let mut rest = value;
    // Behind the last end there is none to look for.
    let endless = value.rfind("?=").map_or(value.len(), |at| value.len() - at);
    let mut misses = 0;
    while let Some(at) = rest.find("=?") {
        let Some(first) = word(&rest[at..], endless) else {
            text.push_str(&rest[..at + 2]);
            rest = &rest[at + 2..];
            misses += 1;
            if misses == MAX_MISSES {
                break;
            }
            continue;
        };
        text.push_str(&rest[..at]);
        rest = &rest[at + first.length..];
        let mut run = Run::of(&first);
        // White space between two encoded words is not shown (RFC 2047 §6.2).
        while let Some(next) = word(rest.trim_start(), endless) {
            rest = &rest.trim_start()[next.length..];
            if next.charset.eq_ignore_ascii_case(run.charset) {
                run.add(next.coding);
            } else {
                run.push(&mut text, &mut found);
                run = Run::of(&next);
            }
        }
        run.push(&mut text, &mut found);
    }
    text.push_str(rest);
    (text, found)
}

/// Adjacent words of one charset.
struct Run<'a> {
    charset: &'a str,
    words: Vec<Coding<'a>>,
}

impl<'a> Run<'a> {
    fn of(word: &Word<'a>) -> Self {
        Self { charset: word.charset, words: vec![word.coding] }
    }

    fn add(&mut self, coding: Coding<'a>) {
        self.words.push(coding);
    }

    /// The bytes of all words, each decoded by itself.
    fn bytes(&self) -> Vec<u8> {
        let one = |coding: &Coding<'_>| match coding {
            Coding::Base64(text) => base64(text),
            Coding::Quoted(text) => quoted(text),
        };
        self.words.iter().flat_map(one).collect()
    }

    /// The same where base64 was cut inside a group of four letters, so that the words make sense
    /// only as one; `None` when no word before the last can have been cut so.
    fn bytes_as_one(&self) -> Option<Vec<u8>> {
        let mut whole = String::new();
        let mut is_cut = false;
        for (at, coding) in self.words.iter().enumerate() {
            let Coding::Base64(text) = coding else { return None };
            is_cut |= at + 1 < self.words.len() && !text.len().is_multiple_of(4);
            whole.push_str(text);
        }
        (is_cut && !whole.trim_end_matches('=').contains('=')).then(|| base64(&whole))
    }

    fn push(self, text: &mut String, found: &mut Found) {
        let charset = Some(self.charset).filter(|charset| !charset.is_empty());
        let (mut decoded, mut how) = charset::decode(&self.bytes(), charset);
        if let Some(bytes) = self.bytes_as_one() {
            let (as_one, how_as_one) = charset::decode(&bytes, charset);
            let is_better = how != Found::Declared || decoded.contains(char::REPLACEMENT_CHARACTER);
            if is_better && how_as_one == Found::Declared {
                (decoded, how) = (as_one, how_as_one);
            }
        }
        text.push_str(&decoded);
        if how != Found::Declared {
            *found = how;
        }
    }
}

/// Reads `=?charset?encoding?text?=` at the start of `text`. The last word of a value may lack
/// its end, as in headers that were cut: the last end of the value stands `endless` bytes before
/// its end.
fn word(text: &str, endless: usize) -> Option<Word<'_>> {
    let body = text.strip_prefix("=?")?;
    let (charset, after) = head(body, 60)?;
    let (encoding, after) = head(after, 2)?;
    let mut reach = after.len().min(MAX_WORD);
    while !after.is_char_boundary(reach) {
        reach -= 1;
    }
    let is_quoted = encoding.trim().eq_ignore_ascii_case("q");
    if !is_quoted && !encoding.trim().eq_ignore_ascii_case("b") {
        return None;
    }
    let (encoded, closing) = match end(&after[..reach], is_quoted) {
        Some(end) => (&after[..end], 2),
        None if after.len() < endless => (open_end(after, is_quoted)?, 0),
        None => return None,
    };
    // RFC 2231 §5 lets a language follow the charset.
    let name = charset.split('*').next().unwrap_or(charset).trim();
    if name.contains(char::is_whitespace) {
        return None;
    }
    let length = 2 + charset.len() + 1 + encoding.len() + 1 + encoded.len() + closing;
    let coding = if is_quoted { Coding::Quoted(encoded) } else { Coding::Base64(encoded) };
    Some(Word { charset: name, coding, length })
}

/// What stands before the next question mark, if it is short.
fn head(text: &str, most: usize) -> Option<(&str, &str)> {
    let at = text.bytes().take(most + 1).position(|byte| byte == b'?')?;
    Some((&text[..at], &text[at + 1..]))
}

/// Where the word ends. A question mark that should have been encoded stands before many an `=`.
fn end(text: &str, is_quoted: bool) -> Option<usize> {
    let first = text.find("?=")?;
    let behind = &text.as_bytes()[first + 2..];
    let is_byte = behind.len() > 1 && behind[..2].iter().all(u8::is_ascii_hexdigit);
    if is_quoted && is_byte && !behind[..2].iter().all(u8::is_ascii_lowercase) {
        let later = text[first + 2..].find("?=").map(|at| first + 2 + at);
        let is_one_word = |end: &usize| {
            !text[first..*end].contains([' ', '\t']) && !text[first + 1..*end].contains("=?")
        };
        if let Some(later) = later.filter(is_one_word) {
            return Some(later);
        }
    }
    Some(first)
}

/// The text of a word without an end, where it plainly is one.
fn open_end(text: &str, is_quoted: bool) -> Option<&str> {
    let length = text.find(char::is_whitespace).unwrap_or(text.len());
    let encoded = &text[..length];
    let is_base64 =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'?');
    let is_plain = if is_quoted {
        encoded.bytes().filter(|byte| *byte == b'=').count() > 1
    } else {
        encoded.len() > 7 && encoded.bytes().all(is_base64)
    };
    (is_plain && encoded.len() <= MAX_WORD).then_some(encoded)
}

fn quoted(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = bytes.get(at + 1..at + 3).and_then(|pair| {
            let pair = std::str::from_utf8(pair).ok()?;
            u8::from_str_radix(pair, 16).ok()
        });
        match (bytes[at], hex) {
            (b'=', Some(byte)) => {
                decoded.push(byte);
                at += 3;
                continue;
            }
            (b'_', _) => decoded.push(b' '),
            (byte, _) => decoded.push(byte),
        }
        at += 1;
    }
    decoded
}

/// Lenient: padding may be absent, strange characters are skipped.
fn base64(text: &str) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut count) = (0u32, 0u32);
    for byte in text.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => continue,
        };
        bits = (bits << 6) | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            decoded.push(u8::try_from((bits >> count) & 0xff).unwrap_or(0));
        }
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_of_one_charset_are_joined_before_decoding() {
        // The letter "о" is split between the two words.
        let value = "Re: =?UTF-8?B?0L/RgNC+0YE=?=\t=?utf-8?Q?_=D0?= =?utf-8?Q?=BE_=D0=B4?= x";
        assert_eq!(decode(value).0, "Re: прос о д x");
    }

    #[test]
    fn the_errors_of_real_programs_are_borne() {
        for (value, text) in [
            // No space between, base64 without padding, and cut inside a group of four.
            ("=?utf-8?B?0YLQtdC80LA?==?utf-8?B?INC00LXQ?= =?utf-8?B?u9Cw?=", "тема дела"),
            ("=?utf-8?B?0L/RgNC+0YHR?= =?utf-8?B?jNCx0LA=?=", "просьба"),
            ("=?utf-8?B?0YLQt?= =?utf-8?B?dC80LA=?=", "тема"),
            // In quotes, with spaces, with a question mark as it stands.
            ("\"=?koi8-r?Q?=D4=C5=CD=C1?=\"", "\"тема\""),
            ("=?utf-8?Q?one two_three?= x", "one two three x"),
            ("=?utf-8?Q?=D0=BA=D1=82=D0=BE?=D0=B3=D0=B4=D0=B5=3F?=", "кто?где?"),
            // Without an end.
            ("=?utf-8?B?0YLQtdC80LAg0LTQtdC70LA", "тема дела"),
            ("=?utf-8?Q?=D1=82=D0=B5=D0=BC=D0=B0", "тема"),
            // The wrong charset, and none.
            ("=?us-ascii?Q?=CF=F0=EE=F8=F3_=F3=E4=E0=EB=E8=F2=FC?=", "Прошу удалить"),
            ("=?utf-8?B?z/Du+PMg8+Tg6+jy/A==?=", "Прошу удалить"),
            ("=??Q?=CF=F0=EE=F8=F3_=F3=E4=E0=EB=E8=F2=FC?=", "Прошу удалить"),
            ("=?utf-8*ru?Q?=D1=82?=", "т"),
            ("=?us-ascii?Q?=3D=3Fkoi8-r=3FQ=3F=3DD4=3DC5=3F=3D?=", "те"),
        ] {
            assert_eq!(decode(value).0, text, "{value}");
        }
    }

    #[test]
    fn a_value_full_of_beginnings_is_read_in_one_pass() {
        for piece in ["=?a?Q?", "=?a?Q? ", "=?", "=?a?B?x"] {
            let value = format!("{}?=", piece.repeat(10_000));
            assert!(decode(&value).0.len() <= value.len(), "{piece}");
        }
    }

    #[test]
    fn charsets_may_change_between_words() {
        let value = "=?koi8-r?Q?=D4=C5=CD=C1?= =?windows-1251?Q?_=F2=E5=EC=E0?= =?us-ascii?Q?!?=";
        assert_eq!(decode(value).0, "тема тема!");
    }

    #[test]
    fn what_is_no_encoded_word_stays() {
        for text in ["=?", "=?utf-8?X?abc?=", "a =? b ?= c", "=?utf-8?Q?open", "plain"] {
            assert_eq!(decode(text), (text.to_owned(), Found::Declared));
        }
        assert_eq!(decode("=?x-none?Q?=FF=FE=FD?=").1, Found::UnknownLabel);
    }

    proptest! {
        #[test]
        fn any_value_is_decoded_without_a_panic(value in "(=\\?|\\?=|[a-zA-Zя?=_ ]|utf-8|\\?[BQ]\\?){0,40}") {
            let _ = decode(&value);
        }
    }
}
