//! Which of the Cyrillic single-byte charsets some bytes are written in.
//!
//! Called by `charset` alone. The charsets share their byte ranges and differ in letter and case,
//! so right text shows common letters in lower case, and wrong text shows rare letters, capitals
//! inside words, and letters glued to Latin ones.

use encoding_rs::{Encoding, IBM866, ISO_8859_5, KOI8_R, KOI8_U, WINDOWS_1251, X_MAC_CYRILLIC};

/// The charsets that are told apart, most common first.
pub const CANDIDATES: [&Encoding; 6] =
    [WINDOWS_1251, KOI8_R, KOI8_U, IBM866, ISO_8859_5, X_MAC_CYRILLIC];

/// As much of a text as is looked at; letters repeat.
const SAMPLE: usize = 16 * 1024;

/// The Cyrillic charset that the bytes are in; `None` when they are in none of them. A declared
/// one is kept unless another fits clearly better.
#[must_use]
pub fn best(bytes: &[u8], declared: Option<&'static Encoding>) -> Option<&'static Encoding> {
    let sample = &bytes[..bytes.len().min(SAMPLE)];
    let high = sample.iter().filter(|b| **b >= 0x80).count();
    if high == 0 {
        return None;
    }
    let mut found: Option<(&'static Encoding, i64)> = None;
    for candidate in CANDIDATES {
        let (text, _) = candidate.decode_without_bom_handling(sample);
        // Letters stand in words: a lone sign between Latin text is a dash or a space.
        if neighbours(&text) * 3 < high {
            continue;
        }
        let mut score = fit(&text);
        if declared == Some(candidate) {
            score += (score.abs() / 10).max(1);
        }
        if found.is_none_or(|(_, best)| score > best) {
            found = Some((candidate, score));
        }
    }
    let enough = i64::try_from(high).unwrap_or(i64::MAX);
    found.filter(|(_, score)| *score >= enough).map(|(encoding, _)| encoding)
}

/// Sums how well each letter beyond ASCII fits Russian (and its neighbours) where it stands.
fn fit(text: &str) -> i64 {
    let mut score = 0;
    let mut before = ' ';
    for c in text.chars() {
        if c.is_ascii() {
            if c.is_ascii_alphabetic() && is_cyrillic(before) {
                score -= 5;
            }
        } else if is_cyrillic(c) {
            score += frequency(c);
            if c.is_uppercase() {
                score -= 1;
                if before.is_lowercase() && is_cyrillic(before) {
                    score -= 6;
                }
            }
            if before.is_ascii_alphabetic() {
                score -= 5;
            }
        } else if !matches!(
            c,
            '«' | '»'
                | '—'
                | '–'
                | '…'
                | '№'
                | '“'
                | '”'
                | '„'
                | '’'
                | '\u{a0}'
                | '•'
                | '§'
                | '©'
        ) {
            score -= 4;
        }
        before = c;
    }
    score
}

/// How many Cyrillic letters follow another one.
fn neighbours(text: &str) -> usize {
    let mut before = ' ';
    text.chars()
        .filter(|c| {
            let both = is_cyrillic(before) && is_cyrillic(*c);
            before = *c;
            both
        })
        .count()
}

fn is_cyrillic(c: char) -> bool {
    matches!(c, '\u{400}'..='\u{4ff}')
}

/// How common a letter is, from 3 to -2.
fn frequency(c: char) -> i64 {
    let lower = c.to_lowercase().next().unwrap_or(c);
    match lower {
        'о' | 'е' | 'а' | 'и' | 'н' | 'т' | 'с' | 'р' | 'в' | 'л' => 3,
        'к' | 'м' | 'д' | 'п' | 'у' | 'я' | 'ы' | 'ь' | 'г' | 'з' | 'б' | 'ч' | 'й' => {
            2
        }
        'х' | 'ж' | 'ш' | 'ю' | 'ц' | 'щ' | 'э' | 'ф' | 'ё' | 'і' | 'ї' | 'є' | 'ў' => {
            1
        }
        'ъ' | 'ґ' => 0,
        _ => -2,
    }
}
