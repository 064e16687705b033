//! Parameters of Content-Type and Content-Disposition (RFC 2045 §5.1, RFC 2231).
//!
//! Called for the names of files and the charset of a part, with the unfolded value of our own
//! header reader. Continuations, percent-encoding with a charset, encoded words inside quotes,
//! values without quotes and stray semicolons are read as programs write them.

use super::{charset, header};

/// As many parameters as are looked at.
const MAX_PARAMETERS: usize = 100;

/// The parameter of that name, decoded; the extended form (RFC 2231) before the plain one.
#[must_use]
pub fn get(value: &str, name: &str) -> Option<String> {
    let mut plain = None;
    let mut pieces: Vec<(u32, bool, &str)> = Vec::new();
    let unquoted: Vec<(&str, String)> = split(value);
    for (key, text) in &unquoted {
        if key.eq_ignore_ascii_case(name) {
            plain.get_or_insert(text.as_str());
            continue;
        }
        let Some(rest) = key
            .get(..name.len())
            .filter(|k| k.eq_ignore_ascii_case(name))
            .and(key.get(name.len()..))
        else {
            continue;
        };
        let Some(rest) = rest.strip_prefix('*') else { continue };
        let (number, is_encoded) = match rest.strip_suffix('*') {
            Some(number) => (number, true),
            None => (rest, rest.is_empty()),
        };
        let number = if number.is_empty() { Some(0) } else { number.parse::<u32>().ok() };
        if let Some(number) = number {
            pieces.push((number, is_encoded, text));
        }
    }
    if pieces.is_empty() {
        return plain.map(|text| header::readable(text, 1_000).0);
    }
    pieces.sort_by_key(|(number, ..)| *number);
    pieces.dedup_by_key(|(number, ..)| *number);
    Some(joined(&pieces))
}

/// Joins the pieces of an extended value and decodes its charset over the whole.
fn joined(pieces: &[(u32, bool, &str)]) -> String {
    let mut label = None;
    let mut bytes = Vec::new();
    for (at, (_, is_encoded, text)) in pieces.iter().enumerate() {
        let mut text = *text;
        if at == 0 && *is_encoded {
            let mut parts = text.splitn(3, '\'');
            if let (Some(charset), Some(_), Some(rest)) = (parts.next(), parts.next(), parts.next())
            {
                label = Some(charset).filter(|charset| !charset.is_empty());
                text = rest;
            }
        }
        if *is_encoded {
            percent_decode(text, &mut bytes);
        } else {
            bytes.extend_from_slice(text.as_bytes());
        }
    }
    let text = charset::decode(&bytes, label).0;
    header::readable(&text, 1_000).0
}

fn percent_decode(text: &str, bytes: &mut Vec<u8>) {
    let raw = text.as_bytes();
    let mut at = 0;
    while at < raw.len() {
        let hex = raw.get(at + 1..at + 3).and_then(|pair| std::str::from_utf8(pair).ok());
        match (raw[at], hex.and_then(|pair| u8::from_str_radix(pair, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                at += 3;
            }
            (byte, _) => {
                bytes.push(byte);
                at += 1;
            }
        }
    }
}

/// Splits `type/subtype; a=b; c="d;e"` into its parameters, quotes taken off.
fn split(value: &str) -> Vec<(&str, String)> {
    let mut found = Vec::new();
    let Some((_, mut rest)) = value.split_once(';') else { return found };
    while !rest.is_empty() && found.len() < MAX_PARAMETERS {
        rest = rest.trim_start_matches([';', ' ', '\t']);
        let Some(equals) = rest.find(['=', ';']) else { break };
        if rest.as_bytes()[equals] == b';' {
            rest = &rest[equals + 1..];
            continue;
        }
        let key = rest[..equals].trim();
        let text = rest[equals + 1..].trim_start();
        let (text, after) = match text.strip_prefix('"') {
            Some(quoted) => unquote(quoted),
            None => {
                let end = text.find(';').unwrap_or(text.len());
                (text[..end].trim().to_owned(), &text[end..])
            }
        };
        found.push((key, text));
        rest = after;
    }
    found
}

/// A quoted value without its quotes, and what follows; without an end it reaches to the end.
fn unquote(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut is_escaped = false;
    for (at, c) in text.char_indices() {
        match (is_escaped, c) {
            (false, '"') => return (value, &text[at + 1..]),
            (false, '\\') => is_escaped = true,
            (_, c) => {
                value.push(c);
                is_escaped = false;
            }
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_of_files_are_read_as_programs_write_them() {
        for (value, name) in [
            ("a/b; filename=\"one; two.pdf\"; x=y", "one; two.pdf"),
            ("a/b; filename=two words.pdf", "two words.pdf"),
            ("a/b;filename*=utf-8'ru'%D1%82%D0%B5%D0%BC%D0%B0.pdf; filename=x.pdf", "тема.pdf"),
            ("a/b; filename*0*=koi8-r''%D4%C5; filename*1*=%CD%C1; filename*2=.pdf", "тема.pdf"),
            ("a/b; filename*1=\"b.pdf\"; filename*0=\"a\"", "ab.pdf"),
            ("a/b; filename=\"=?koi8-r?Q?=D4=C5=CD=C1=2Epdf?=\"", "тема.pdf"),
            ("a/b; filename*=%D1%82.pdf", "т.pdf"),
            ("a/b; filename*0*=utf-8''%D1; filename*1*=%82.pdf", "т.pdf"),
            ("a/b; ; FILENAME = x.pdf ;", "x.pdf"),
            ("a/b; filename=\"open", "open"),
            ("a/b; filename=\"a\\\"b\"", "a\"b"),
        ] {
            assert_eq!(get(value, "filename").as_deref(), Some(name), "{value}");
        }
        for value in ["a/b", "a/b; filenamex=1", "a/b; name", ""] {
            assert_eq!(get(value, "filename"), None, "{value}");
        }
    }

    proptest! {
        #[test]
        fn any_value_is_read_without_a_panic(value in "(filename|\\*|0|=|;|\"|%|'|utf-8|[a-zя \\\\]){0,40}") {
            let _ = get(&value, "filename");
        }
    }
}
