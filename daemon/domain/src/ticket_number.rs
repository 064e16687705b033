//! The number by which a person quotes a ticket, and the code that opens its status page.
//!
//! Both are random Crockford base32: no letter that is mistaken for a digit, no order, nothing
//! to count. Made at filing from passed random bytes, found again in subjects and texts. A
//! number grants no right (it joins a word to the sender's own ticket); the code is a secret.

use std::fmt;

/// Digits of Crockford base32: without I, L, O and U.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// More numbers than this are not looked for in one text.
const MOST_FOUND: usize = 32;

/// The number of a ticket: `CT-` and eight digits of Crockford base32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TicketNumber([u8; 8]);

/// A text that should have been a ticket number is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a ticket number; write it as CT- and eight letters or digits")]
pub struct InvalidTicketNumber;

impl TicketNumber {
    /// A number from forty random bits; whether it is new is for the database to say.
    #[must_use]
    pub fn new(random: [u8; 5]) -> Self {
        let mut bytes = [0; 8];
        bytes[3..].copy_from_slice(&random);
        Self(digits(u64::from_be_bytes(bytes)))
    }

    /// Reads what a person typed: any case, Cyrillic look-alikes, O for 0, I and L for 1,
    /// hyphens and spaces anywhere, with or without `CT`.
    ///
    /// # Errors
    /// [`InvalidTicketNumber`] when eight digits do not come out.
    pub fn parse(text: &str) -> Result<Self, InvalidTicketNumber> {
        let mut rest = text.chars().map(plain).filter(|c| !is_separator(*c)).peekable();
        let mut read: Vec<char> = rest.by_ref().take(11).collect();
        if read.len() == 10 && read.starts_with(&['C', 'T']) {
            read.drain(..2);
        }
        Self::from_letters(&read).ok_or(InvalidTicketNumber)
    }

    /// The numbers quoted in a subject or a text, in order, each once, at most 32. The `CT` and a
    /// hyphen must stand before the digits, and the whole must not be part of a longer word.
    #[must_use]
    pub fn find_in(text: &str) -> Vec<Self> {
        let mut found = Vec::new();
        let mut before = None;
        for (at, c) in text.char_indices() {
            let starts_word = before.is_none_or(|b: char| !continues_word(b) && !is_hyphen(b));
            before = Some(c);
            if plain(c) != 'C' || !starts_word {
                continue;
            }
            if let Some(number) = Self::at_start_of(&text[at..])
                && !found.contains(&number)
            {
                found.push(number);
                if found.len() == MOST_FOUND {
                    break;
                }
            }
        }
        found
    }

    /// A number right at the start, ended by the end of its word: `CT-7K3M9QXW` or in two fours.
    fn at_start_of(text: &str) -> Option<Self> {
        // Twenty characters hold every form of a number that a person would write.
        let mut rest = text.chars().take(20).map(plain).filter(|c| *c != SOFT_HYPHEN).peekable();
        (rest.next()? == 'C' && rest.next()? == 'T').then_some(())?;
        rest.next_if(|c| c.is_whitespace());
        rest.next_if(|c| is_hyphen(*c))?;
        rest.next_if(|c| c.is_whitespace());
        let mut letters = [' '; 8];
        let mut gap = None;
        for (at, letter) in letters.iter_mut().enumerate() {
            if at == 4 {
                gap = rest.next_if(|c| is_separator(*c));
            }
            *letter = rest.next()?;
        }
        if rest.next().is_some_and(continues_word) {
            return None;
        }
        // Two words of four letters are a number only with a digit in them ("CT-scan data").
        let is_prose = gap.is_some_and(char::is_whitespace);
        if is_prose && !letters.iter().any(char::is_ascii_digit) {
            return None;
        }
        Self::from_letters(&letters)
    }

    fn from_letters(letters: &[char]) -> Option<Self> {
        let digits: Vec<u8> = letters.iter().map(|c| digit(*c)).collect::<Option<_>>()?;
        digits.try_into().ok().map(Self)
    }

    fn as_str(&self) -> &str {
        // The digits are ASCII by construction.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for TicketNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CT-{}", self.as_str())
    }
}

impl std::str::FromStr for TicketNumber {
    type Err = InvalidTicketNumber;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

/// The secret beside a ticket number: ten digits of Crockford base32, fifty bits. Only its
/// digest is kept; it prints nothing of itself.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct StatusCode([u8; 10]);

/// A text that should have been a status code is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a status code; it is the ten letters and digits in our reply")]
pub struct InvalidStatusCode;

impl StatusCode {
    /// A code from random bytes, of which fifty bits are used.
    #[must_use]
    pub fn new(random: [u8; 7]) -> Self {
        let mut bytes = [0; 8];
        bytes[1..].copy_from_slice(&random);
        Self(digits(u64::from_be_bytes(bytes)))
    }

    /// Reads what a person typed, as forgiving as [`TicketNumber::parse`].
    ///
    /// # Errors
    /// [`InvalidStatusCode`] when ten digits do not come out.
    pub fn parse(text: &str) -> Result<Self, InvalidStatusCode> {
        let letters = text.chars().map(plain).filter(|c| !is_separator(*c)).take(11);
        let digits: Option<Vec<u8>> = letters.map(digit).collect();
        digits.and_then(|digits| digits.try_into().ok()).map(Self).ok_or(InvalidStatusCode)
    }

    /// The ten digits in clear: for the reply to the person and for the digest, never for a log.
    #[must_use]
    pub fn expose(&self) -> &str {
        // The digits are ASCII by construction.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for StatusCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StatusCode(***)")
    }
}

/// The lowest `5 × N` bits as digits, highest first.
fn digits<const N: usize>(mut bits: u64) -> [u8; N] {
    let mut digits = [0; N];
    for digit in digits.iter_mut().rev() {
        // Five bits are an index below 32.
        *digit = DIGITS[(bits & 31) as usize];
        bits >>= 5;
    }
    digits
}

fn digit(letter: char) -> Option<u8> {
    let letter = match letter {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    DIGITS.iter().copied().find(|digit| char::from(*digit) == letter)
}

/// Upper case, and the Latin letter for a Cyrillic one that looks the same in upper case, since
/// people type numbers off a page with the keyboard they have.
fn plain(letter: char) -> char {
    let mut upper = letter.to_uppercase();
    let single = upper.next().filter(|_| upper.len() == 0);
    match single.unwrap_or(letter) {
        'А' => 'A',
        'В' => 'B',
        'Е' => 'E',
        'К' => 'K',
        'М' => 'M',
        'Н' => 'H',
        'О' => 'O',
        'Р' => 'P',
        'С' => 'C',
        'Т' => 'T',
        'Х' => 'X',
        'І' => 'I',
        'Ѕ' => 'S',
        'Ј' => 'J',
        other => other,
    }
}

const SOFT_HYPHEN: char = '\u{ad}';

fn is_hyphen(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe63}' | '\u{ff0d}')
}

fn is_separator(c: char) -> bool {
    is_hyphen(c) || c.is_whitespace() || c == SOFT_HYPHEN || c == '\u{200b}'
}

fn continues_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number(text: &str) -> TicketNumber {
        TicketNumber::parse(text).expect("a number")
    }

    #[test]
    fn a_number_is_read_however_a_person_typed_it() {
        for text in [
            "CT-0A1B2C3D",
            "ct-0a1b2c3d",
            " CT 0A1B 2C3D ",
            "0A1B2C3D",
            "CT-OAIB2C3D",
            "ct\u{2011}oalb\u{2013}2c3d",
            "СТ-0А1В2С3D",
            "ст-0а1в2с3d",
        ] {
            assert_eq!(number(text).to_string(), "CT-0A1B2C3D", "{text}");
        }
        // Digits that begin like the prefix are digits all the same.
        assert_eq!(number("CTAAAAAA").to_string(), "CT-CTAAAAAA");
        for text in ["", "CT-", "CT-0A1B2C3", "CT-0A1B2C3DE", "CT-0A1B2C3U", "XX-0A1B2C3D"] {
            assert_eq!(TicketNumber::parse(text), Err(InvalidTicketNumber), "{text}");
        }
    }

    #[test]
    fn quoted_numbers_are_found_and_nothing_inside_longer_words() {
        let check = |text: &str, expected: &[&str]| {
            let found: Vec<String> =
                TicketNumber::find_in(text).iter().map(ToString::to_string).collect();
            assert_eq!(found, expected, "{text}");
        };
        check("Re: [CT-0A1B2C3D] Ваш запрос", &["CT-0A1B2C3D"]);
        check("номер сt-0a1b 2c3d, спасибо", &["CT-0A1B2C3D"]);
        check("«CT – 0A1B-2C3D».", &["CT-0A1B2C3D"]);
        check("CT\u{ad}-0A1B\u{ad}2C3D", &["CT-0A1B2C3D"]);
        check("CT-0A1B2C3D, CT-ZZZZZZZZ and ct-0a1b2c3d", &["CT-0A1B2C3D", "CT-ZZZZZZZZ"]);
        check("https://hello.example/status/CT-0A1B2C3D?x", &["CT-0A1B2C3D"]);
        check("CT-CT-0A1B2C3D", &[]);
        for text in [
            "PROJECT-0A1B2C3D",
            "DOC-CT-0A1B2C3D",
            "_CT-0A1B2C3D",
            "CT-0A1B2C3DE",
            "CT-0A1B2C3Dя",
            "CT-0A1B2C3D_x",
            "CT0A1B2C3D",
            "CT scanning",
            "a CT-scan data sheet",
            "CT-UUUUUUUU",
            "CT-0A1B",
            "C",
        ] {
            check(text, &[]);
        }
    }

    #[test]
    fn a_text_full_of_numbers_gives_a_bounded_list() {
        let text: String = (0..1000_u32)
            .map(|n| format!("{} ", TicketNumber::new([0, n.to_be_bytes()[2], n as u8, 1, 2])))
            .collect();
        assert_eq!(TicketNumber::find_in(&text).len(), MOST_FOUND);
    }

    #[test]
    fn a_status_code_prints_nothing_of_itself() {
        let code = StatusCode::new([255, 1, 2, 3, 4, 5, 6]);
        assert_eq!(format!("{code:?}"), "StatusCode(***)");
        assert_eq!(code.expose().len(), 10);
        for text in ["", "0123456789A", "012345678", "012345678U"] {
            assert_eq!(StatusCode::parse(text), Err(InvalidStatusCode), "{text}");
        }
    }

    #[test]
    fn every_random_bit_of_a_number_and_fifty_of_a_code_count() {
        assert_eq!(TicketNumber::new([0xff; 5]).to_string(), "CT-ZZZZZZZZ");
        assert_eq!(TicketNumber::new([0; 5]).to_string(), "CT-00000000");
        assert_eq!(TicketNumber::new([0, 0, 0, 0, 31]).to_string(), "CT-0000000Z");
        assert_eq!(TicketNumber::new([0x08, 0, 0, 0, 0]).to_string(), "CT-10000000");
        assert_eq!(StatusCode::new([0xff; 7]).expose(), "ZZZZZZZZZZ");
        assert_eq!(StatusCode::new([0xfc, 0, 0, 0, 0, 0, 1]).expose(), "0000000001");
    }

    proptest! {
        #[test]
        fn a_printed_number_is_read_and_found_again(random: [u8; 5], around in "[ \\[(«.,:;\\n]") {
            let number = TicketNumber::new(random);
            prop_assert_eq!(TicketNumber::parse(&number.to_string()), Ok(number));
            let lower = number.to_string().to_lowercase();
            prop_assert_eq!(TicketNumber::parse(&lower), Ok(number));
            let text = format!("Re:{around}{number}{around}Спасибо");
            prop_assert_eq!(TicketNumber::find_in(&text), vec![number]);
        }

        #[test]
        fn a_code_is_read_back_in_groups_and_any_case(random: [u8; 7]) {
            let code = StatusCode::new(random);
            let (left, right) = code.expose().split_at(5);
            let typed = format!(" {}-{} ", left.to_lowercase(), right);
            prop_assert_eq!(StatusCode::parse(&typed), Ok(code));
        }

        #[test]
        fn no_text_breaks_the_search(text in "[\\PC\\s]{0,80}", tail in "(CT|ct|СТ)?[- ]?[0-9A-Z]{0,9}") {
            let text = text + &tail;
            for number in TicketNumber::find_in(&text) {
                prop_assert_eq!(TicketNumber::parse(&number.to_string()), Ok(number));
            }
            let _ = (TicketNumber::parse(&text), StatusCode::parse(&text));
        }

        #[test]
        fn letters_around_a_number_hide_it(random: [u8; 5], letter in "[A-Za-zА-Яа-я0-9_]") {
            let number = TicketNumber::new(random);
            let before = TicketNumber::find_in(&format!("{letter}{number}"));
            prop_assert!(before.is_empty());
            let after = TicketNumber::find_in(&format!("{number}{letter}"));
            prop_assert!(after.is_empty());
        }
    }
}
