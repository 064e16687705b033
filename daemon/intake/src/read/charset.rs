//! Bytes to text when the declared charset is absent, unknown or plainly wrong.
//!
//! Called by the reader for parts, headers and encoded words, always with the raw bytes: a lossy
//! UTF-8 step before would destroy what the guess needs. The prior is Russian, since that is what
//! people write to us and what old mail programs sent in five different charsets.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8};

use super::{cyrillic, wide};

/// Charsets of Latin letters: those stand alone between ASCII ones, Russian words do not.
const LATIN: [&Encoding; 10] = [
    encoding_rs::WINDOWS_1252,
    encoding_rs::WINDOWS_1250,
    encoding_rs::WINDOWS_1254,
    encoding_rs::WINDOWS_1257,
    encoding_rs::ISO_8859_2,
    encoding_rs::ISO_8859_4,
    encoding_rs::ISO_8859_13,
    encoding_rs::ISO_8859_15,
    encoding_rs::ISO_8859_16,
    encoding_rs::MACINTOSH,
];

/// How the text was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// As declared, or plain ASCII.
    Declared,
    /// By looking at the bytes; the declaration was absent or wrong.
    Guessed,
    /// A charset was declared that nobody knows, so the bytes decided.
    UnknownLabel,
}

/// Decodes `bytes` by the declared label where it holds, else by what the bytes look like.
#[must_use]
pub fn decode(bytes: &[u8], declared: Option<&str>) -> (String, Found) {
    let label = declared.map(normal_label).filter(|label| !label.is_empty());
    let label = label.as_deref();
    if let Some(text) = wide::decode(bytes, label) {
        let is_said = label.is_some_and(|label| label.starts_with("utf-16"));
        return (text, if is_said { Found::Declared } else { Found::Guessed });
    }
    if bytes.is_ascii() && !label.is_some_and(is_stateful) {
        return (String::from_utf8_lossy(bytes).into_owned(), Found::Declared);
    }
    match label {
        None => (guess(bytes, None), Found::Guessed),
        Some(label) => match Encoding::for_label(label.as_bytes()) {
            Some(encoding) => by_declaration(bytes, label, encoding),
            // Charsets that web browsers dropped (UTF-7, UTF-32, some DOS pages) are known to
            // the mail parser.
            None => match mail_parser::decoders::charsets::map::charset_decoder(label.as_bytes()) {
                Some(decode) => (decode(bytes), Found::Declared),
                None => (guess(bytes, None), Found::UnknownLabel),
            },
        },
    }
}

fn by_declaration(bytes: &[u8], label: &str, encoding: &'static Encoding) -> (String, Found) {
    if encoding == UTF_8 {
        return match std::str::from_utf8(bytes) {
            Ok(text) => (text.trim_start_matches('\u{feff}').to_owned(), Found::Declared),
            Err(_) if mostly_utf8(bytes) => (line_by_line(bytes), Found::Declared),
            Err(_) => (guess(bytes, None), Found::Guessed),
        };
    }
    if !encoding.is_single_byte() {
        let (text, broken) = encoding.decode_without_bom_handling(bytes);
        if broken && std::str::from_utf8(bytes).is_ok() {
            return (String::from_utf8_lossy(bytes).into_owned(), Found::Guessed);
        }
        return (text.into_owned(), Found::Declared);
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        // Single-byte text that happens to be valid UTF-8 beyond ASCII does not occur in practice.
        return (text.to_owned(), Found::Guessed);
    }
    let declared = || encoding.decode_without_bom_handling(bytes).0.into_owned();
    // Programs that knew no better wrote "us-ascii" or the Latin charset of their own country over
    // Russian text, and gateways mixed the Cyrillic charsets up; such a one is otherwise kept.
    let is_weak = LATIN.contains(&encoding) || label == "us-ascii";
    if !is_weak && !cyrillic::CANDIDATES.contains(&encoding) {
        return (declared(), Found::Declared);
    }
    match cyrillic::best(bytes, Some(encoding)) {
        Some(best) if best != encoding => {
            (best.decode_without_bom_handling(bytes).0.into_owned(), Found::Guessed)
        }
        Some(_) | None => (declared(), Found::Declared),
    }
}

/// UTF-8 with lines in another charset, as gateways make it that append their footer unasked.
fn line_by_line(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        match std::str::from_utf8(line) {
            Ok(line) => text.push_str(line),
            Err(_) if mostly_utf8(line) => text.push_str(&String::from_utf8_lossy(line)),
            Err(_) => {
                let encoding = guessed_encoding(line, None);
                text.push_str(&encoding.decode_without_bom_handling(line).0);
            }
        }
    }
    text
}

/// Decodes bytes of which no charset is known; `hint` is one declared elsewhere in the mail.
#[must_use]
pub fn guess(bytes: &[u8], hint: Option<&str>) -> String {
    if let Some(text) = wide::decode(bytes, None) {
        return text;
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.trim_start_matches('\u{feff}').to_owned();
    }
    guessed_encoding(bytes, hint).decode_without_bom_handling(bytes).0.into_owned()
}

/// The charset of bytes that are not UTF-8.
#[must_use]
pub fn guessed_encoding(bytes: &[u8], hint: Option<&str>) -> &'static Encoding {
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        return encoding;
    }
    let hint = hint.and_then(|label| Encoding::for_label(normal_label(label).as_bytes()));
    if let Some(encoding) = cyrillic::best(bytes, hint) {
        return encoding;
    }
    if mostly_utf8(bytes) {
        return UTF_8;
    }
    if let Some(encoding) =
        hint.filter(|encoding| *encoding != UTF_8 && !encoding.decode_without_bom_handling(bytes).1)
    {
        return encoding;
    }
    let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Allow);
    detector.feed(&bytes[..bytes.len().min(64 * 1024)], true);
    // Russian was looked for already; here the guess is left to the bytes alone.
    detector.guess(None, chardetng::Utf8Detection::Deny)
}

/// The charset named in the head of an HTML page, for parts whose header names none.
#[must_use]
pub fn in_html_meta(bytes: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(2048)]).to_ascii_lowercase();
    let at = head.find("charset=")? + "charset=".len();
    let label: String = head[at..]
        .trim_start_matches(['"', '\'', ' '])
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':' | '.'))
        .take(40)
        .collect();
    (!label.is_empty()).then_some(label)
}

/// Whether the bytes are UTF-8 with a few faults, such as a character cut by a size limit.
fn mostly_utf8(bytes: &[u8]) -> bool {
    let text: Cow<'_, str> = String::from_utf8_lossy(bytes);
    let (mut good, mut bad) = (0usize, 0usize);
    for c in text.chars().filter(|c| !c.is_ascii()) {
        if c == char::REPLACEMENT_CHARACTER { bad += 1 } else { good += 1 }
    }
    // Text in another charset yields next to no good ones; a short one may have lost a byte.
    good > 2 * bad
}

/// Charsets whose text is written in ASCII bytes.
fn is_stateful(label: &str) -> bool {
    label.starts_with("iso-2022")
        || label.starts_with("hz-gb")
        || label.contains("utf-7")
        || label.starts_with("utf-32")
        || label.starts_with("unicode-1-1-utf")
}

fn normal_label(label: &str) -> String {
    let label = label.trim().trim_matches(['"', '\'']).trim().to_ascii_lowercase();
    match label.as_str() {
        // Names seen in the wild that no table has.
        "cp-1251" | "win-1251" | "win1251" | "windows1251" | "windows-cp1251" | "1251"
        | "windows_1251" | "x-windows-1251" | "ansi" | "windows" | "cyrillic-windows" => {
            "windows-1251".to_owned()
        }
        "koi8r" | "koi-8-r" | "koi8" | "koi8_r" | "x-koi8-r" | "koi-8" => "koi8-r".to_owned(),
        "koi8u" | "koi8_u" | "koi8-ru" | "x-koi8-u" => "koi8-u".to_owned(),
        "cp-866" | "ibm-866" | "866" | "dos-866" | "x-cp866" | "alt" | "dos" => "ibm866".to_owned(),
        "iso_8859_5" | "8859-5" | "iso8859_5" => "iso-8859-5".to_owned(),
        "x-mac-ukrainian" | "maccyrillic" | "mac-cyrillic" | "x-maccyrillic" | "cp10007" => {
            "x-mac-cyrillic".to_owned()
        }
        "utf8mb4" | "utf-8n" | "_utf-8" | "utf_8" | "unicode-2-0-utf-8" | "utf 8" | "uft-8"
        | "utf-8-sig" | "utf=8" => "utf-8".to_owned(),
        "us_ascii" | "ascii-us" | "7bit" | "8bit" | "ansi_x3.110-1983" => "us-ascii".to_owned(),
        "utf16" | "utf_16" | "ucs-2" | "iso-10646-ucs-2" => "utf-16".to_owned(),
        "utf-7-imap" | "utf7" => "utf-7".to_owned(),
        _ => label,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LETTER: &str = "Здравствуйте! Прошу удалить мои персональные данные. Анна Петрова";

    fn encoded(label: &str) -> Vec<u8> {
        Encoding::for_label(label.as_bytes()).expect("known").encode(LETTER).0.into_owned()
    }

    #[test]
    fn a_declared_charset_is_believed_when_it_holds() {
        for label in ["koi8-r", "windows-1251", "iso-8859-5", "ibm866", "utf-8", "\"KOI8-R\""] {
            let bytes = encoded(label.trim_matches('"'));
            assert_eq!(
                decode(&bytes, Some(label)),
                (LETTER.to_owned(), Found::Declared),
                "{label}"
            );
        }
    }

    #[test]
    fn a_wrong_or_absent_declaration_gives_way_to_the_bytes() {
        for real in ["koi8-r", "windows-1251", "iso-8859-5", "ibm866", "x-mac-cyrillic"] {
            for declared in [None, Some("us-ascii"), Some("utf-8"), Some("iso-8859-1")] {
                let (text, found) = decode(&encoded(real), declared);
                assert_eq!((text.as_str(), found), (LETTER, Found::Guessed), "{real} {declared:?}");
            }
        }
        assert_eq!(decode(&encoded("windows-1251"), Some("koi8-r")).0, LETTER);
        assert_eq!(decode(&encoded("utf-8"), Some("windows-1251")).0, LETTER);
        assert_eq!(
            decode(&encoded("koi8-r"), Some("x-klingon")),
            (LETTER.to_owned(), Found::UnknownLabel)
        );
    }

    #[test]
    fn capitals_are_letters_too() {
        for text in [
            LETTER.to_uppercase().as_str(),
            "УДАЛИТЕ МОИ ПЕРСОНАЛЬНЫЕ ДАННЫЕ. СПАСИБО",
            "ТРЕБОВАНИЕ О ПРЕКРАЩЕНИИ ОБРАБОТКИ\nИванов И.И.",
            "СТОП",
            "Стоп",
            "стоп",
            "ОТПИСАТЬСЯ",
            "ОТПИШИТЕ",
            "НЕТ",
        ] {
            for label in ["koi8-r", "windows-1251", "iso-8859-5", "ibm866"] {
                let encoding = Encoding::for_label(label.as_bytes()).expect("known");
                let bytes = encoding.encode(text).0;
                let read = decode(&bytes, Some(label));
                assert_eq!(read, (text.to_owned(), Found::Declared), "{label}");
                if text.len() > 20 {
                    for declared in [None, Some("us-ascii"), Some("utf-8"), Some("iso-8859-1")] {
                        assert_eq!(decode(&bytes, declared).0, text, "{label} {declared:?}");
                    }
                }
            }
        }
        let bytes = encoding_rs::WINDOWS_1251.encode(LETTER.to_lowercase().as_str()).0.into_owned();
        assert_eq!(decode(&bytes, Some("koi8-r")).0, LETTER.to_lowercase());
        assert_eq!(decode(&bytes, None).0, LETTER.to_lowercase());
    }

    #[test]
    fn a_latin_declaration_over_russian_gives_way() {
        for declared in ["windows-1250", "windows-1257", "iso-8859-2", "iso-8859-15"] {
            assert_eq!(decode(&encoded("windows-1251"), Some(declared)).0, LETTER, "{declared}");
        }
        let polish = "Proszę usunąć moje dane. Dziękuję, Łukasz Wójcik, Łódź";
        let bytes = encoding_rs::ISO_8859_2.encode(polish).0.into_owned();
        assert_eq!(decode(&bytes, Some("iso-8859-2")), (polish.to_owned(), Found::Declared));
    }

    #[test]
    fn a_broken_byte_does_not_spoil_a_short_text() {
        let mut bytes = "Стоп".as_bytes().to_vec();
        bytes.push(0xd0);
        assert!(decode(&bytes, Some("utf-8")).0.starts_with("Стоп"));
        let mut bytes = "Удалите ".as_bytes().to_vec();
        bytes.extend_from_slice(b"\xff");
        bytes.extend_from_slice("данные".as_bytes());
        let (text, _) = decode(&bytes, Some("utf-8"));
        assert!(text.starts_with("Удалите ") && text.ends_with("данные"), "{text}");
    }

    #[test]
    fn western_text_does_not_turn_cyrillic() {
        let text = "Guten Tag, bitte löschen Sie meine Daten. Grüße, Jürgen Müßig";
        let bytes = encoding_rs::WINDOWS_1252.encode(text).0.into_owned();
        assert_eq!(decode(&bytes, Some("iso-8859-1")), (text.to_owned(), Found::Declared));
        let french = "Bonjour, veuillez supprimer mes données et arrêter l'envoi, c'est réglé";
        let bytes = encoding_rs::WINDOWS_1252.encode(french).0.into_owned();
        assert_eq!(decode(&bytes, None).0, french);
    }

    #[test]
    fn a_lone_sign_makes_no_letter() {
        let (text, _) = decode(b"Dear Sir,\n\xa0\nwe sell DISCOVER\xae cards \x96 cheap", None);
        assert!(!text.chars().any(|c| matches!(c, '\u{400}'..='\u{4ff}')), "{text}");
        let (text, _) = decode(b"one\xa0two", Some("iso-8859-1"));
        assert_eq!(text, "one\u{a0}two");
    }

    #[test]
    fn a_cut_character_does_not_spoil_utf_8() {
        let mut bytes = LETTER.as_bytes().to_vec();
        bytes.truncate(bytes.len() - 1);
        let (text, _) = decode(&bytes, Some("utf-8"));
        assert!(text.starts_with("Здравствуйте! Прошу"));
    }

    #[test]
    fn a_footer_in_another_charset_does_not_spoil_the_letter() {
        let mut bytes = LETTER.repeat(12).into_bytes();
        bytes.extend_from_slice(b"\n");
        bytes.extend_from_slice(&encoding_rs::WINDOWS_1251.encode("Проверено антивирусом").0);
        let (text, _) = decode(&bytes, Some("utf-8"));
        assert!(text.starts_with(LETTER) && text.ends_with("Проверено антивирусом"), "{text}");
    }

    #[test]
    fn names_that_no_table_has_are_known() {
        for (label, real) in
            [("win-1251", "windows-1251"), ("KOI8_R", "koi8-r"), ("cp-866", "ibm866")]
        {
            assert_eq!(decode(&encoded(real), Some(label)), (LETTER.to_owned(), Found::Declared));
        }
        assert_eq!(decode(b"+BB8EQAQ+BEg-", Some("UTF7")).0, "Прош");
    }

    #[test]
    fn the_charset_of_a_page_is_read_from_its_head() {
        assert_eq!(
            in_html_meta(b"<html><meta http-equiv=x content=\"text/html; charset=koi8-r\">"),
            Some("koi8-r".to_owned())
        );
        assert_eq!(in_html_meta(b"<html><body>"), None);
    }
}
