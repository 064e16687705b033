//! Encoded words (RFC 2047) in unstructured header values, as real programs write them.
//!
//! Called for subjects and other texts. Adjacent words of one charset are joined before their
//! bytes are decoded, because many programs split a word in the middle of a character.

use super::charset::{self, Found};

/// RFC 2047 §2 allows 75 characters; programs write whole subjects into one word.
const MAX_WORD: usize = 16 * 1024;

/// One encoded word as written.
struct Word<'a> {
    charset: &'a str,
    bytes: Vec<u8>,
    length: usize,
}

/// Decodes all encoded words of a value; the rest stays as it is.
#[must_use]
pub fn decode(value: &str) -> (String, Found) {
    let mut text = String::with_capacity(value.len());
    let mut found = Found::Declared;
    let mut rest = value;
    while let Some(at) = rest.find("=?") {
        let Some(first) = word(&rest[at..]) else {
            text.push_str(&rest[..at + 2]);
            rest = &rest[at + 2..];
            continue;
        };
        text.push_str(&rest[..at]);
        rest = &rest[at + first.length..];
        let Word { charset, mut bytes, .. } = first;
        let mut pending: Option<(&str, Vec<u8>)> = None;
        // White space between two encoded words is not shown (RFC 2047 §6.2).
        while let Some(next) = word(rest.trim_start()) {
            rest = &rest.trim_start()[next.length..];
            if pending.is_none() && next.charset.eq_ignore_ascii_case(charset) {
                bytes.extend_from_slice(&next.bytes);
            } else {
                if let Some((charset, bytes)) = pending.take() {
                    push(&mut text, &mut found, &bytes, charset);
                } else {
                    push(&mut text, &mut found, &bytes, charset);
                    bytes.clear();
                }
                pending = Some((next.charset, next.bytes));
            }
        }
        if !bytes.is_empty() {
            push(&mut text, &mut found, &bytes, charset);
        }
        if let Some((charset, bytes)) = pending {
            push(&mut text, &mut found, &bytes, charset);
        }
    }
    text.push_str(rest);
    (text, found)
}

fn push(text: &mut String, found: &mut Found, bytes: &[u8], charset: &str) {
    let (decoded, how) = charset::decode(bytes, Some(charset));
    text.push_str(&decoded);
    if how != Found::Declared {
        *found = how;
    }
}

/// Reads `=?charset?encoding?text?=` at the start of `text`.
fn word(text: &str) -> Option<Word<'_>> {
    let body = text.strip_prefix("=?")?;
    let (charset, after) = body.split_once('?')?;
    if charset.is_empty() || charset.len() > 60 || charset.contains(char::is_whitespace) {
        return None;
    }
    let (encoding, after) = after.split_once('?')?;
    let mut reach = after.len().min(MAX_WORD);
    while !after.is_char_boundary(reach) {
        reach -= 1;
    }
    let end = after[..reach].find("?=")?;
    let encoded = &after[..end];
    let bytes = match encoding {
        "B" | "b" => base64(encoded),
        "Q" | "q" => quoted(encoded),
        _ => return None,
    };
    // RFC 2231 §5 lets a language follow the charset.
    let name = charset.split('*').next().unwrap_or(charset);
    let length = 2 + charset.len() + 1 + encoding.len() + 1 + end + 2;
    Some(Word { charset: name, bytes, length })
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
