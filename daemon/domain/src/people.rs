//! Our people as they act: the name that stands in the audit, and the account of the machine.
//!
//! Four eyes are as good as the answer to "is this somebody else?": names are compared as eyes
//! read them, and one account of the machine is one person unless the house says otherwise.

use unicode_normalization::UnicodeNormalization as _;
use unicode_security::confusable_detection::skeleton;

/// One of our people in the act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acting<'a> {
    /// The name in the audit.
    pub name: &'a str,
    /// The account of the machine that they act under; none where people share it, or where
    /// nobody sees one.
    pub account: Option<&'a str>,
}

/// Whether two names are one person's: alike in other letters, other case, other spaces.
///
/// `Анна` in Cyrillic and `Aннa` with Latin letters read the same (UTS #39 §4, skeletons), in
/// small letters or in capitals.
#[must_use]
pub fn is_same_person(one: &str, other: &str) -> bool {
    let (one, other) = (plain(one), plain(other));
    let alike = |fold: fn(&str) -> String| -> bool {
        let read = |name: &str| skeleton(&fold(name)).collect::<String>();
        read(&one) == read(&other)
    };
    alike(str::to_lowercase) || alike(str::to_uppercase)
}

/// Compatible forms made one (NFKC), what nobody sees left out, one space between words.
fn plain(name: &str) -> String {
    let seen: String = name.nfkc().filter(|c| !is_unseen(*c)).collect();
    seen.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Characters that a name may not hold: controls, and what leaves no mark on paper or screen.
#[must_use]
pub fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_eyes_cannot_tell_apart_are_one_person() {
        let same = [
            ("anna", " ANNA "),
            ("анна", "aнна"),
            ("Сева", "Ceвa"),
            ("ВЕРА", "BEPA"),
            ("anna", "ａｎｎａ"),
            ("anna", "an\u{200b}na"),
            ("Анна  Белова", "Анна\u{a0}Белова"),
            ("rn", "m"),
            ("й", "и\u{306}"),
        ];
        for (one, other) in same {
            assert!(is_same_person(one, other), "{one} {other}");
            assert!(is_same_person(other, one), "{other} {one}");
        }
        for (one, other) in [("anna", "boris"), ("Анна Белова", "Анна Орлова"), ("anna", "anna 2")]
        {
            assert!(!is_same_person(one, other), "{one} {other}");
        }
    }
}
