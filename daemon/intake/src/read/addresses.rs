//! Addresses of header fields: names decoded with care, addresses as written.
//!
//! Called by the reader for From, Sender, Reply-To, To and Cc, and for attached mails. Encoded
//! words are hidden from the parser behind marks and put back into its result, so that a comma or
//! bracket that was encoded never makes an address, and a character split between two words is
//! whole again.

use domain::mail::HeaderAddress;
use mail_parser::{Address, HeaderValue, parsers::MessageStream};

use super::{MAX_ADDRESSES, encoded_word, header::Field};

/// The marks around the number of a hidden word; code points that no text has.
const OPEN: char = '\u{f8f0}';
const CLOSE: char = '\u{f8f1}';
/// As much of one value as is read.
const MAX_VALUE: usize = 64 * 1024;

/// All addresses of all headers of one name, groups flattened, in order.
#[must_use]
pub fn of(fields: &[Field], name: &str) -> Vec<HeaderAddress> {
    let mut found = Vec::new();
    for field in fields.iter().filter(|field| field.name == name) {
        let room = MAX_ADDRESSES.saturating_sub(found.len());
        if room == 0 {
            break;
        }
        found.extend(in_value(&field.value, room));
    }
    found
}

fn in_value(value: &str, most: usize) -> Vec<HeaderAddress> {
    let mut reach = value.len().min(MAX_VALUE);
    while !value.is_char_boundary(reach) {
        reach -= 1;
    }
    let value = &value[..reach];
    if !value.contains("=?") {
        return parsed(value, &[], most);
    }
    let (hidden, words) = hide(value);
    parsed(&hidden, &words, most)
}

/// Puts a mark in the place of each run of encoded words.
fn hide(value: &str) -> (String, Vec<String>) {
    let value: String = value.chars().filter(|c| !matches!(*c, OPEN | CLOSE)).collect();
    let mut hidden = String::with_capacity(value.len());
    let mut words = Vec::new();
    let mut misses = 0;
    let mut rest = value.as_str();
    while let Some(at) = rest.find("=?") {
        let (before, run) = rest.split_at(at);
        let length = encoded_word::run(run);
        if length == 0 {
            hidden.push_str(&rest[..at + 2]);
            rest = &rest[at + 2..];
            misses += 1;
            if misses == encoded_word::MAX_MISSES {
                break;
            }
            continue;
        }
        hidden.push_str(before);
        hidden.push(OPEN);
        hidden.push_str(&words.len().to_string());
        hidden.push(CLOSE);
        words.push(encoded_word::decode(&run[..length]).0);
        rest = &run[length..];
    }
    hidden.push_str(rest);
    (hidden, words)
}

fn parsed(value: &str, words: &[String], most: usize) -> Vec<HeaderAddress> {
    // The parser wants the end of the line.
    let line = format!("{value}\n");
    let HeaderValue::Address(address) = MessageStream::new(line.as_bytes()).parse_address() else {
        return Vec::new();
    };
    flat(&address)
        .filter_map(|(name, address)| {
            let address = shown(address, words);
            let name: String =
                shown(name, words).chars().filter(|c| !c.is_control()).take(500).collect();
            let address = address.trim();
            (!address.is_empty()).then(|| HeaderAddress {
                name: name.trim().to_owned(),
                address: address.chars().filter(|c| !c.is_control()).take(320).collect(),
            })
        })
        .take(most)
        .collect()
}

fn flat<'a>(address: &'a Address<'_>) -> impl Iterator<Item = (&'a str, &'a str)> {
    address
        .iter()
        .filter_map(|one| Some((one.name.as_deref().unwrap_or(""), one.address.as_deref()?)))
}

/// The text with the hidden words put back.
fn shown(text: &str, words: &[String]) -> String {
    if words.is_empty() {
        return text.to_owned();
    }
    let mut whole = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, marked)) = rest.split_once(OPEN) {
        whole.push_str(before);
        let Some((number, after)) = marked.split_once(CLOSE) else { break };
        let word = number.parse::<usize>().ok().and_then(|at| words.get(at));
        whole.push_str(word.map_or("", String::as_str));
        rest = after;
    }
    whole.push_str(rest);
    whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pairs(value: &str) -> Vec<(String, String)> {
        in_value(value, 10).into_iter().map(|one| (one.name, one.address)).collect()
    }

    fn one(name: &str, address: &str) -> Vec<(String, String)> {
        vec![(name.to_owned(), address.to_owned())]
    }

    #[test]
    fn names_are_decoded_whole() {
        for value in [
            "=?utf-8?Q?=D0=90=D0=BD=D0?= =?utf-8?Q?=BD=D0=B0?= <a@x.example>",
            "\"=?utf-8?B?0JDQvdC90LA=?=\" <a@x.example>",
            "=?utf-8?B?0JDQvdC90LA=?=<a@x.example>",
            "=?us-ascii?Q?=C0=ED=ED=E0?= <a@x.example>",
        ] {
            assert_eq!(pairs(value), one("Анна", "a@x.example"), "{value}");
        }
        assert_eq!(pairs("a@x.example (=?utf-8?B?0JDQvdC90LA=?=), B <b@x.example>").len(), 2);
    }

    #[test]
    fn what_was_encoded_makes_no_address() {
        let value = "=?utf-8?Q?boss=40x=2Eexample=3E=2C?= <a@y.example>";
        assert_eq!(pairs(value), one("boss@x.example>,", "a@y.example"));
        let value = "=?utf-8?Q?Anna_=3Ca=40x=2Eexample=3E?=";
        assert!(pairs(value).is_empty());
    }

    proptest! {
        #[test]
        fn any_value_is_read_without_a_panic(value in "(=\\?utf-8\\?[QB]\\?|\\?=|[a-z@<>,;:\"()\\\\я =]|\u{f8f0}|\u{f8f1}){0,40}") {
            let _ = in_value(&value, 10);
        }
    }
}
