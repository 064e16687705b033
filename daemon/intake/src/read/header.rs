//! The header block, read by ourselves: what must be counted, ordered or decoded with care.
//!
//! Called by the reader before the parser sees the mail. It repairs raw 8-bit headers into UTF-8
//! (RFC 6532 allows only that), splits and unfolds fields, and decodes encoded words (RFC 2047).

use std::borrow::Cow;

use super::charset::{self, Found};
use super::encoded_word;

/// As many fields as are looked at; a mail with more is hostile.
const MAX_FIELDS: usize = 2_000;

/// As much of one value as is decoded.
const MAX_VALUE: usize = 64 * 1024;

/// One field: name in lower case, value unfolded and in UTF-8, encoded words still encoded.
#[derive(Clone)]
pub struct Field {
    /// The name, lower case.
    pub name: String,
    /// The value, one line.
    pub value: String,
}

/// The offset of the first byte after the header block and its empty line.
#[must_use]
pub fn end(raw: &[u8]) -> usize {
    let mut at = 0;
    while let Some(length) = memchr::memchr(b'\n', &raw[at..]) {
        let line = &raw[at..at + length];
        at += length + 1;
        if line.is_empty() || line == b"\r" {
            return at;
        }
    }
    raw.len()
}

/// Makes LF of lone CR where there is no other line end, as in files from old Macs: without one
/// there would be no header.
#[must_use]
pub fn line_ends(raw: &[u8]) -> Cow<'_, [u8]> {
    if raw.contains(&b'\n') || !raw.contains(&b'\r') {
        return Cow::Borrowed(raw);
    }
    Cow::Owned(raw.iter().map(|byte| if *byte == b'\r' { b'\n' } else { *byte }).collect())
}

/// Makes a mail that the parser can take: no mbox line on top, a header block that ends, and raw
/// 8-bit headers as UTF-8. Tells whether a charset was guessed.
#[must_use]
pub fn repair(raw: &[u8]) -> (Cow<'_, [u8]>, bool) {
    let mut raw = without_blank_start(raw);
    // "From " of an mbox, or ">From " of a careless copy, is no header field.
    while raw.starts_with(b"From ") || raw.starts_with(b">From ") {
        let line = raw.iter().position(|b| *b == b'\n').map_or(raw.len(), |at| at + 1);
        raw = &raw[line..];
    }
    let split = end(raw);
    let (head, body) = raw.split_at(split);
    let is_closed = head.ends_with(b"\n\n") || head.ends_with(b"\n\r\n") || split < raw.len();
    let needs_utf8 = std::str::from_utf8(head).is_err();
    if !needs_utf8 && is_closed {
        return (Cow::Borrowed(raw), false);
    }
    let mut whole = if needs_utf8 { in_utf8(head) } else { head.to_vec() };
    if !is_closed {
        whole.extend_from_slice(b"\r\n\r\n");
    }
    whole.extend_from_slice(body);
    (Cow::Owned(whole), needs_utf8)
}

/// Leaves out empty lines on top, which some programs write and which would end the header.
fn without_blank_start(raw: &[u8]) -> &[u8] {
    let mut rest = raw;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\n') {
        if !rest[..at].iter().all(u8::is_ascii_whitespace) {
            break;
        }
        rest = &rest[at + 1..];
    }
    rest
}

/// Rewrites the lines that are not UTF-8; they are guessed together, since one line has few
/// letters, with the charset declared for the body as a hint.
fn in_utf8(head: &[u8]) -> Vec<u8> {
    let odd: Vec<u8> = head
        .split_inclusive(|b| *b == b'\n')
        .filter(|line| std::str::from_utf8(line).is_err())
        .flatten()
        .copied()
        .collect();
    let hint = declared_charset(head);
    let encoding = charset::guessed_encoding(&odd, hint.as_deref());
    let mut whole = Vec::with_capacity(head.len() * 2);
    for line in head.split_inclusive(|b| *b == b'\n') {
        match std::str::from_utf8(line) {
            Ok(_) => whole.extend_from_slice(line),
            Err(_) => {
                whole.extend_from_slice(encoding.decode_without_bom_handling(line).0.as_bytes())
            }
        }
    }
    whole
}

fn declared_charset(head: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(head).to_ascii_lowercase();
    let at = text.find("charset=")? + "charset=".len();
    let label: String = text[at..]
        .trim_start_matches('"')
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        .collect();
    (!label.is_empty()).then_some(label)
}

/// Cuts a text to at most `limit` bytes, at a character.
pub fn cut(text: &mut String, limit: usize) {
    let mut end = text.len().min(limit);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
}

/// Splits a repaired header block into fields, top first.
#[must_use]
pub fn fields(raw: &[u8]) -> Vec<Field> {
    let head = String::from_utf8_lossy(&raw[..end(raw)]);
    let mut fields: Vec<Field> = Vec::new();
    for line in head.split('\n') {
        let line = line.trim_end_matches('\r');
        if line.is_empty() {
            continue;
        }
        if line.starts_with([' ', '\t']) {
            if let Some(field) = fields.last_mut() {
                field.value.push(' ');
                field.value.push_str(line.trim());
            }
            continue;
        }
        let Some((name, value)) = line.split_once(':') else { continue };
        let name = name.trim_end();
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_graphic()) {
            continue;
        }
        if fields.len() == MAX_FIELDS {
            break;
        }
        fields.push(Field { name: name.to_ascii_lowercase(), value: value.trim().to_owned() });
    }
    fields
}

/// The value as a person reads it: encoded words decoded, cut to `limit` characters.
#[must_use]
pub fn readable(value: &str, limit: usize) -> (String, Found) {
    let mut reach = value.len().min(MAX_VALUE);
    while !value.is_char_boundary(reach) {
        reach -= 1;
    }
    let (text, found) = encoded_word::decode(&value[..reach]);
    let text = super::mojibake::repaired(&text).unwrap_or(text);
    let text =
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(limit).collect::<String>();
    (text.trim().to_owned(), found)
}

/// The ids of a Message-ID, In-Reply-To or References value, without angle brackets.
#[must_use]
pub fn message_ids(value: &str) -> Vec<String> {
    let mut ids = Vec::new();
    let mut rest = value;
    while let Some(open) = rest.find('<') {
        let Some(length) = rest[open + 1..].find('>') else { break };
        let id: String =
            rest[open + 1..open + 1 + length].split_whitespace().collect::<Vec<_>>().concat();
        if !id.is_empty() && id.len() <= 998 {
            ids.push(id);
        }
        rest = &rest[open + length + 2..];
    }
    // Old programs wrote the bare id.
    let bare = value.trim();
    if ids.is_empty() && bare.contains('@') && !bare.contains([' ', '<', '>']) && bare.len() <= 998
    {
        ids.push(bare.to_owned());
    }
    ids
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_koi8_headers_become_utf_8_before_they_are_parsed() {
        let mut raw = b"From: ".to_vec();
        raw.extend(encoding_rs::KOI8_R.encode("Анна Петрова").0.iter());
        raw.extend_from_slice(b" <anna@mail.example>\r\nSubject: ");
        raw.extend(encoding_rs::KOI8_R.encode("удаление данных").0.iter());
        raw.extend_from_slice(b"\r\n\r\n\xff\xfe body");
        let (fixed, guessed) = repair(&raw);
        assert!(guessed);
        let fields = fields(&fixed);
        assert_eq!(fields[0].value, "Анна Петрова <anna@mail.example>");
        assert_eq!(fields[1].value, "удаление данных");
        assert!(fixed.ends_with(b"\xff\xfe body"));
    }

    #[test]
    fn fields_are_unfolded_and_counted() {
        let raw =
            b"From a@b Mon\r\nFrom: a@b\r\nFROM : c@d\r\nSubject: one\r\n\ttwo\r\nno colon\r\n";
        let (fixed, _) = repair(raw);
        let fields = fields(&fixed);
        assert_eq!(fields.iter().filter(|f| f.name == "from").count(), 2);
        assert_eq!(fields[2].value, "one two");
        assert!(fixed.ends_with(b"\r\n\r\n"));
    }

    #[test]
    fn ids_lose_their_brackets_and_folds() {
        assert_eq!(message_ids("<a@b> (x)\t<c d@e>"), ["a@b", "cd@e"]);
        assert_eq!(message_ids("bare@host"), ["bare@host"]);
        assert!(message_ids("Your message of Monday").is_empty());
    }
}
