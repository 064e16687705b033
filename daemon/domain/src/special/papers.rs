//! Numbers of identity papers, insurance, tax and cards: by their form, their checksum, and the
//! words before them where the form alone says too little.

use std::ops::Range;

use super::{Evidence, SpecialKind};

/// So many bytes before a number are read for a word that says what it is.
const BEFORE: usize = 160;

/// A run of digits, with single spaces, hyphens and № between them.
struct Run {
    place: Range<usize>,
    digits: Vec<u8>,
    /// The lengths of its groups.
    groups: Vec<usize>,
}

pub(super) fn find(text: &str) -> Vec<Evidence> {
    let mut found: Vec<Evidence> = Vec::new();
    let mut add = |rule, place| {
        found.push(Evidence { kind: SpecialKind::IdentityPaper, rule, place });
    };
    for run in runs(text) {
        let before = before(text, run.place.start);
        let said = |stems: &[&str]| stems.iter().any(|stem| before.contains(stem));
        let rule = match run.digits.len() {
            9 if said(&["загран", "passport no", "passport number", "reisepass"]) => {
                Some("passport")
            }
            10 if is_series_and_number(&run.groups)
                && said(&[
                    "паспорт",
                    "серия",
                    "серии",
                    "passport",
                    "водительск",
                    "удостоверен",
                ]) =>
            {
                Some("passport")
            }
            11 if is_snils(&run.digits) && (run.groups == [3, 3, 3, 2] || said(&["снилс"])) => {
                Some("snils")
            }
            12 if run.groups.len() == 1 && is_inn(&run.digits) => Some("inn"),
            16 if said(&["полис", "омс"]) => Some("insurance"),
            15 | 16 | 18 | 19 if is_card(&run.digits, &run.groups) => Some("card"),
            6 if is_birth_certificate(&before) => Some("birth_certificate"),
            _ => None,
        };
        if let Some(rule) = rule {
            add(rule, run.place);
        }
    }
    for place in machine_readable(text) {
        add("machine_readable", place);
    }
    found
}

/// Up to [`BEFORE`] bytes before a place, on the same paragraph, in lower case.
fn before(text: &str, at: usize) -> String {
    let mut from = at.saturating_sub(BEFORE);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    let near = &text[from..at];
    let near = near.rsplit_once("\n\n").map_or(near, |(_, last)| last);
    near.to_lowercase().replace('ё', "е")
}

fn runs(text: &str) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut chars = text.char_indices().peekable();
    let mut previous = ' ';
    while let Some(&(at, c)) = chars.peek() {
        if !c.is_ascii_digit() || previous.is_alphanumeric() || previous == '+' {
            previous = c;
            chars.next();
            continue;
        }
        let mut run = Run { place: at..at, digits: Vec::new(), groups: vec![0] };
        let mut gap = 0;
        while let Some(&(at, c)) = chars.peek() {
            if let Some(digit) = c.to_digit(10) {
                if gap > 0 {
                    run.groups.push(0);
                    gap = 0;
                }
                run.digits.push(u8::try_from(digit).unwrap_or(0));
                if let Some(last) = run.groups.last_mut() {
                    *last += 1;
                }
                run.place.end = at + c.len_utf8();
            } else if matches!(c, ' ' | '-' | '\u{a0}' | '№' | '\u{2011}') && gap < 3 {
                gap += 1;
            } else {
                break;
            }
            previous = c;
            chars.next();
        }
        // `12a` is no number of a paper.
        let ends = chars.peek().is_none_or(|(_, c)| !c.is_alphanumeric()) || gap > 0;
        if ends {
            runs.push(run);
        }
    }
    runs
}

/// `4508 123456`, `45 08 123456` or all together.
fn is_series_and_number(groups: &[usize]) -> bool {
    matches!(groups, [10] | [4, 6] | [2, 2, 6] | [2, 8])
}

/// The last two digits check the first nine.
fn is_snils(digits: &[u8]) -> bool {
    let [number @ .., tens, ones] = digits else { return false };
    if number.len() != 9 || number.iter().all(|digit| digit == &number[0]) {
        return false;
    }
    let sum: u32 = number.iter().zip((1..=9).rev()).map(|(d, weight)| u32::from(*d) * weight).sum();
    sum % 101 % 100 == u32::from(*tens) * 10 + u32::from(*ones)
}

/// The last two digits check the first ten (a person's tax number).
fn is_inn(digits: &[u8]) -> bool {
    const FIRST: [u32; 10] = [7, 2, 4, 10, 3, 5, 9, 4, 6, 8];
    const SECOND: [u32; 11] = [3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8];
    let sum = |weights: &[u32]| {
        let sum: u32 = digits.iter().zip(weights).map(|(d, weight)| u32::from(*d) * weight).sum();
        sum % 11 % 10
    };
    let all_same = digits.windows(2).all(|pair| pair[0] == pair[1]);
    digits.len() == 12
        && !all_same
        && sum(&FIRST) == u32::from(digits[10])
        && sum(&SECOND) == u32::from(digits[11])
}

/// A payment card: Luhn, a first digit that a network has, in one group or as printed.
fn is_card(digits: &[u8], groups: &[usize]) -> bool {
    let printed =
        matches!(groups, [_] | [4, 4, 4, 4] | [4, 6, 5] | [4, 4, 4, 4, 2] | [4, 4, 4, 4, 3]);
    let network = matches!(digits.first(), Some(2..=6));
    let all_same = digits.windows(2).all(|pair| pair[0] == pair[1]);
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, digit)| match (at % 2, u32::from(*digit)) {
            (0, digit) => digit,
            (_, digit) if digit > 4 => digit * 2 - 9,
            (_, digit) => digit * 2,
        })
        .sum();
    printed && network && !all_same && sum.is_multiple_of(10)
}

/// `IV-АК № 123456` after the words for it.
fn is_birth_certificate(before: &str) -> bool {
    before.contains("свидетельств") && before.contains("рожден")
}

/// Lines of a machine-readable zone (ICAO 9303): capitals, digits and `<`, with `<<` in them.
fn machine_readable(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut begin = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        let fits = c.is_ascii_uppercase() || c.is_ascii_digit() || c == '<';
        match (begin, fits) {
            (None, true) => begin = Some(at),
            (Some(from), false) => {
                let line = &text[from..at];
                if (28..=46).contains(&line.len()) && line.contains("<<") {
                    found.push(from..at);
                }
                begin = None;
            }
            (None, false) | (Some(_), true) => {}
        }
    }
    found
}
