//! Text that was encoded twice: its bytes were read in a wrong charset and written again.
//!
//! Called for the decoded text of parts and subjects. A line is repaired only where the way back
//! works for the whole line and yields plain letters, so that no right text can change; most text
//! is left after one look for the pairs that such text is full of.

use std::borrow::Cow;

use encoding_rs::{Encoding, IBM866, KOI8_R, WINDOWS_1251, WINDOWS_1252};
use memchr::memmem;

use super::cyrillic;

/// Common letters in UTF-8 read as windows-1252; all hold a byte that Russian text has not.
const WESTERN: [&str; 6] = ["Ð¾", "Ð°", "Ðµ", "Ð½", "Ã¼", "Ã¶"];
/// The same read as koi8-r or ibm866: they hold signs of frames.
const FRAMES: [&str; 4] = ["п╬", "п╟", "╨╛", "╨░"];
/// What follows "Р" in the same read as windows-1251.
const BEHIND: [char; 4] = ['ѕ', '°', 'µ', 'Ѕ'];
/// The charsets in which UTF-8 is most often misread.
const WAYS: [&Encoding; 4] = [WINDOWS_1251, WINDOWS_1252, KOI8_R, IBM866];
/// Letters beyond ASCII that must come out of a line before it is believed.
const FEW: usize = 3;

/// The text with the lines repaired that were encoded twice; `None` when there is none.
#[must_use]
pub fn repaired(text: &str) -> Option<String> {
    if text.is_ascii() || !(has_trace(text) || has_western_words(text)) {
        return None;
    }
    let mut whole = String::with_capacity(text.len());
    let mut is_changed = false;
    for line in text.split_inclusive('\n') {
        match line_repaired(line) {
            Some(line) => {
                is_changed = true;
                whole.push_str(&line);
            }
            None => whole.push_str(line),
        }
    }
    is_changed.then_some(whole)
}

fn has_trace(text: &str) -> bool {
    let bytes = text.as_bytes();
    let has_one = |traces: &[&str]| {
        traces.iter().any(|trace| memmem::find(bytes, trace.as_bytes()).is_some())
    };
    // One look for a byte keeps the usual text from being searched again and again.
    memmem::find_iter(bytes, "Р".as_bytes())
        .any(|at| text.get(at + 2..).is_some_and(|rest| rest.starts_with(BEHIND)))
        || (memchr::memchr(0xc3, bytes).is_some() && has_one(&WESTERN))
        || (memchr::memchr(0xe2, bytes).is_some() && has_one(&FRAMES))
}

/// Whether much of the text is letters of Western Europe: "Ïðîøó" is Russian read as Latin.
fn has_western_words(text: &str) -> bool {
    let sample = &text.as_bytes()[..text.len().min(16 * 1024)];
    // U+00C0 to U+00FF begin with this byte in UTF-8.
    let western = sample.iter().filter(|byte| **byte == 0xc3).count();
    western > 8 && western * 6 > sample.len()
}

fn line_repaired(line: &str) -> Option<String> {
    if line.is_ascii() {
        return None;
    }
    WAYS.iter().find_map(|way| from_utf8_read_as(line, way)).or_else(|| from_western(line))
}

/// The way back of UTF-8 that was read as `way`.
fn from_utf8_read_as(line: &str, way: &'static Encoding) -> Option<String> {
    let bytes = bytes_in(line, way)?;
    let text = std::str::from_utf8(&bytes).ok()?;
    let (mut letters, mut strange) = (0, 0);
    for c in text.chars().filter(|c| !c.is_ascii()) {
        match c {
            '\u{400}'..='\u{45f}' | '\u{c0}'..='\u{17f}' => letters += 1,
            '\u{2010}'..='\u{2030}' | '«' | '»' | '№' | '\u{a0}' | '€' | '°' | '§' => {}
            _ => strange += 1,
        }
    }
    let is_sure = letters >= FEW || (letters > 0 && text.len() > letters * 2 + 4);
    (is_sure && strange == 0).then(|| text.to_owned())
}

/// The way back of Russian that was read as Western Europe's charset.
fn from_western(line: &str) -> Option<String> {
    let letters = line.chars().filter(|c| c.is_alphabetic()).count();
    let western = line.chars().filter(|c| matches!(c, '\u{c0}'..='\u{ff}')).count();
    // Words of a Western language hold a few such letters, never only such.
    if western < 6 || western * 10 < letters * 8 {
        return None;
    }
    let bytes = bytes_in(line, WINDOWS_1252)?;
    let encoding = cyrillic::best(&bytes, None)?;
    let fit = cyrillic::fit(&bytes, encoding);
    let text: Cow<'_, str> = encoding.decode_without_bom_handling(&bytes).0;
    (fit.score >= fit.letters * 3 / 2).then(|| text.into_owned())
}

/// The bytes that were read as `line` in that charset; `None` when it cannot write them.
fn bytes_in(line: &str, way: &'static Encoding) -> Option<Vec<u8>> {
    if way == WINDOWS_1252 {
        let mut bytes = Vec::with_capacity(line.len());
        for c in line.chars() {
            match u8::try_from(u32::from(c)) {
                Ok(byte) => bytes.push(byte),
                Err(_) => {
                    let mut buffer = [0; 4];
                    let (one, _, broken) = way.encode(c.encode_utf8(&mut buffer));
                    if broken {
                        return None;
                    }
                    bytes.extend_from_slice(&one);
                }
            }
        }
        return Some(bytes);
    }
    let (bytes, _, broken) = way.encode(line);
    (!broken).then(|| bytes.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LETTER: &str = "Прошу удалить мои данные";

    fn misread(text: &str, as_charset: &'static Encoding) -> String {
        as_charset.decode_without_bom_handling(text.as_bytes()).0.into_owned()
    }

    #[test]
    fn text_encoded_twice_comes_back() {
        for way in WAYS {
            let bad = misread(LETTER, way);
            assert_eq!(repaired(&bad).as_deref(), Some(LETTER), "{}", way.name());
        }
        let bad = misread("Bitte löschen Sie meine Daten, Grüße", WINDOWS_1252);
        assert_eq!(repaired(&bad).as_deref(), Some("Bitte löschen Sie meine Daten, Grüße"));
        let bytes = WINDOWS_1251.encode(LETTER).0;
        let bad = WINDOWS_1252.decode_without_bom_handling(&bytes).0.into_owned();
        assert_eq!(repaired(&bad).as_deref(), Some(LETTER));
    }

    #[test]
    fn only_the_broken_lines_change() {
        let text = format!("Добрый день!\n{}\nСпасибо", misread(LETTER, WINDOWS_1251));
        let right = format!("Добрый день!\n{LETTER}\nСпасибо");
        assert_eq!(repaired(&text), Some(right));
    }

    #[test]
    fn right_text_never_changes() {
        for text in [
            LETTER,
            "Grüße aus Köln, schöne Fußgängerzone",
            "Å, så skøn en dag på øen",
            "РОССИЯ, С.-ПЕТЕРБУРГ, Р°С",
            "Été à Paris, où l’on dîne",
            "Ærø",
        ] {
            assert_eq!(repaired(text), None, "{text}");
        }
    }
}
