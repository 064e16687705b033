//! Text in units of two bytes (UTF-16), declared or not.
//!
//! Called by `charset` before all else, since Cyrillic text in UTF-16 is made of ASCII bytes. The
//! order of the bytes is seen from the text, because the label `utf-16` leaves it open and is
//! often wrong.

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};

/// As many bytes as show which order they have.
const SAMPLE: usize = 1_024;

/// The text, when the bytes are UTF-16 by their mark, their look or (as a last resort) their label.
#[must_use]
pub fn decode(bytes: &[u8], label: Option<&str>) -> Option<String> {
    let is_said = label.is_some_and(|label| label.starts_with("utf-16"));
    let marked = match bytes {
        [0xff, 0xfe, ..] => Some(UTF_16LE),
        [0xfe, 0xff, ..] => Some(UTF_16BE),
        _ => None,
    };
    // "яю" begins no letter, but a mark of two bytes is little to go by.
    let marked = marked.filter(|_| is_said || bytes.len().is_multiple_of(2));
    let seen = || order(bytes).or_else(|| is_said.then(|| by_label(label)));
    let encoding = marked.or_else(seen)?;
    let (text, _) = encoding.decode_with_bom_removal(bytes);
    Some(text.into_owned())
}

fn by_label(label: Option<&str>) -> &'static Encoding {
    if label == Some("utf-16be") { UTF_16BE } else { UTF_16LE }
}

/// The order, seen from the high bytes: nearly all of one text are 0 (Latin) or 4 (Cyrillic).
fn order(bytes: &[u8]) -> Option<&'static Encoding> {
    let sample = &bytes[..bytes.len().min(SAMPLE)];
    if sample.len() < 8 || !sample.iter().any(|byte| matches!(byte, 0 | 4)) {
        return None;
    }
    let (mut even, mut odd) = (0, 0);
    for pair in sample.chunks_exact(2) {
        even += usize::from(matches!(pair[0], 0 | 4));
        odd += usize::from(matches!(pair[1], 0 | 4));
    }
    let pairs = sample.len() / 2;
    let most = |count: usize| count * 10 >= pairs * 8;
    let few = |count: usize| count * 10 <= pairs * 3;
    match (even, odd) {
        (even, odd) if most(odd) && few(even) => Some(UTF_16LE),
        (even, odd) if most(even) && few(odd) => Some(UTF_16BE),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LETTER: &str = "Прошу удалить мои данные. Anna";

    fn bytes(text: &str, order: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(order).collect()
    }

    #[test]
    fn both_orders_are_seen_with_and_without_a_label() {
        for label in [None, Some("utf-16"), Some("utf-16le"), Some("utf-8")] {
            for order in [u16::to_le_bytes, u16::to_be_bytes] {
                assert_eq!(decode(&bytes(LETTER, order), label).as_deref(), Some(LETTER));
                let marked = bytes(&format!("\u{feff}{LETTER}"), order);
                assert_eq!(decode(&marked, label).as_deref(), Some(LETTER), "{label:?}");
            }
        }
    }

    #[test]
    fn other_text_is_left_alone() {
        for text in
            ["", "Hello, world", "Привет", "a\0b", "\u{4}\u{4}\u{4}\u{4}\u{4}\u{4}\u{4}\u{4}"]
        {
            assert_eq!(decode(text.as_bytes(), None), None, "{text:?}");
        }
    }
}
