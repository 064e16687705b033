//! Which of the Cyrillic single-byte charsets some bytes are written in.
//!
//! Called by `charset` and `mojibake`. The charsets share their byte ranges and differ in letter
//! and case, so right text shows common letters, and wrong text shows rare letters, capitals behind
//! small ones, and letters glued to Latin ones. Words in capitals are as good as others: people
//! write "СТОП" in them. Works on bytes by tables made once.

use std::sync::LazyLock;

use encoding_rs::{Encoding, IBM866, ISO_8859_5, KOI8_R, KOI8_U, WINDOWS_1251, X_MAC_CYRILLIC};

/// The charsets that are told apart, most common first.
pub const CANDIDATES: [&Encoding; 6] =
    [WINDOWS_1251, KOI8_R, KOI8_U, IBM866, ISO_8859_5, X_MAC_CYRILLIC];

/// As many bytes of a text as are walked to find letters.
const REACH: usize = 64 * 1024;
/// As many letters as decide; they repeat.
const ENOUGH: usize = 1_500;

/// What a byte is in one charset.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    Latin,
    Lower,
    Upper,
    /// A quotation mark, dash, space or the like.
    Known,
    /// What nobody writes in a letter.
    Strange,
    Ascii,
}

/// One charset: what each byte is, and how common that letter is.
struct Table([(Sign, i8); 256]);

static TABLES: LazyLock<[Table; 6]> = LazyLock::new(|| CANDIDATES.map(Table::of));

/// How well bytes fit one charset.
#[derive(Debug, Clone, Copy, Default)]
pub struct Fit {
    /// The sum over all letters; 3 is the most for each.
    pub score: i64,
    /// Cyrillic letters met.
    pub letters: i64,
    /// Cyrillic letters that follow another one.
    neighbours: usize,
}

/// The Cyrillic charset that the bytes are in; `None` when they are in none of them. A declared
/// one is kept unless another fits clearly better.
#[must_use]
pub fn best(bytes: &[u8], declared: Option<&'static Encoding>) -> Option<&'static Encoding> {
    let (sample, high) = sample(bytes);
    if high == 0 {
        return None;
    }
    let mut found: Option<(&'static Encoding, i64)> = None;
    for (candidate, table) in CANDIDATES.into_iter().zip(TABLES.iter()) {
        let fit = table.fit(&sample);
        // Letters stand in words: a lone sign between Latin text is a dash or a space.
        if fit.neighbours * 3 < high {
            continue;
        }
        let mut score = fit.score;
        if declared == Some(candidate) {
            // A few letters decide nothing against what was said of them.
            score += score.abs() / 10 + 4;
        }
        if found.is_none_or(|(_, best)| score > best) {
            found = Some((candidate, score));
        }
    }
    let enough = i64::try_from(high).unwrap_or(i64::MAX);
    found.filter(|(_, score)| *score >= enough).map(|(encoding, _)| encoding)
}

/// How well the bytes fit one of the candidates; nothing for another charset.
#[must_use]
pub fn fit(bytes: &[u8], encoding: &'static Encoding) -> Fit {
    let (sample, _) = sample(bytes);
    CANDIDATES
        .iter()
        .position(|candidate| *candidate == encoding)
        .map_or_else(Fit::default, |at| TABLES[at].fit(&sample))
}

/// The bytes beyond ASCII with what stands next to them, and how many they are.
fn sample(bytes: &[u8]) -> (Vec<u8>, usize) {
    let bytes = &bytes[..bytes.len().min(REACH)];
    let mut sample = Vec::with_capacity(bytes.len().min(2 * ENOUGH));
    let mut high = 0;
    let mut before = b' ';
    for byte in bytes {
        if *byte >= 0x80 {
            if before < 0x80 {
                sample.push(before);
            }
            sample.push(*byte);
            high += 1;
            if high == ENOUGH {
                break;
            }
        } else if before >= 0x80 {
            sample.push(*byte);
        }
        before = *byte;
    }
    (sample, high)
}

impl Table {
    fn of(encoding: &'static Encoding) -> Self {
        let mut table = [(Sign::Ascii, 0i8); 256];
        for (byte, entry) in (0u8..=255).zip(table.iter_mut()) {
            let (text, _) = encoding.decode_without_bom_handling(std::slice::from_ref(&byte));
            let c = text.chars().next().unwrap_or(' ');
            *entry = match c {
                'a'..='z' | 'A'..='Z' => (Sign::Latin, 0),
                '\u{400}'..='\u{4ff}' if c.is_uppercase() => (Sign::Upper, frequency(c)),
                '\u{400}'..='\u{4ff}' => (Sign::Lower, frequency(c)),
                c if c.is_ascii() => (Sign::Ascii, 0),
                '«' | '»' | '—' | '–' | '…' | '№' | '“' | '”' | '„' | '’' => {
                    (Sign::Known, 0)
                }
                '\u{a0}' | '•' | '§' | '©' => (Sign::Known, 0),
                _ => (Sign::Strange, 0),
            };
        }
        Self(table)
    }

    /// Sums how well each letter fits Russian (and its neighbours) where it stands.
    fn fit(&self, sample: &[u8]) -> Fit {
        let mut fit = Fit::default();
        let mut before = Sign::Ascii;
        for byte in sample {
            let (sign, common) = self.0[usize::from(*byte)];
            let is_letter = matches!(sign, Sign::Lower | Sign::Upper);
            let follows = matches!(before, Sign::Lower | Sign::Upper);
            if is_letter {
                fit.letters += 1;
                fit.score += i64::from(common);
                fit.neighbours += usize::from(follows);
            }
            fit.score -= match (before, sign) {
                (Sign::Lower | Sign::Upper, Sign::Latin) => 5,
                (Sign::Latin, Sign::Lower) => 5,
                (Sign::Latin, Sign::Upper) => 6,
                (Sign::Lower, Sign::Upper) => 7,
                // Once a word, so that of two readings of single words the small one goes before.
                (Sign::Ascii | Sign::Known | Sign::Strange, Sign::Upper) => 1,
                (_, Sign::Strange) => 4,
                (_, Sign::Lower | Sign::Upper | Sign::Latin | Sign::Known | Sign::Ascii) => 0,
            };
            before = sign;
        }
        fit
    }
}

/// How common a letter is, from 3 to -2.
fn frequency(c: char) -> i8 {
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
