//! The language of a text: script and its own letters first, then trigrams.

use whatlang::{Detector, Lang};

use crate::words::{cut, is_letter};

/// How much text is enough to tell.
const HEAD: usize = 1200;

/// Letters that only one of the neighbours of Russian has.
const LETTERS: [(&str, &str); 3] = [("kk", "әғқңөұүһӘҒҚҢӨҰҮҺ"), ("be", "ўЎ"), ("uk", "їєґЇЄҐ")];

/// ISO 639-1 code of the language, if it can be told. Short Cyrillic text is Russian unless its
/// letters say otherwise; for short Latin text only what the packs knew (`known_words`) counts.
pub(crate) fn language(text: &str, russian_in_latin: bool) -> Option<String> {
    if russian_in_latin {
        return Some("ru".to_owned());
    }
    let head = cut(text.trim(), HEAD);
    let letters = head.chars().filter(|c| is_letter(*c)).count();
    if letters == 0 {
        return None;
    }
    let cyrillic = head.chars().filter(|c| ('\u{400}'..='\u{4ff}').contains(c)).count();
    if cyrillic * 2 >= letters {
        return Some(cyrillic_language(head, cyrillic).to_owned());
    }
    let allowed = vec![
        Lang::Eng,
        Lang::Deu,
        Lang::Fra,
        Lang::Spa,
        Lang::Ita,
        Lang::Nld,
        Lang::Pol,
        Lang::Por,
        Lang::Ces,
        Lang::Tur,
    ];
    if is_foreign(head) {
        return None;
    }
    let info = Detector::with_allowlist(allowed).detect(head)?;
    (letters >= 12 || info.is_reliable()).then(|| code(info.lang()).to_owned())
}

/// Whether a good part of the letters is of a script that no pack reads (neither Latin nor
/// Cyrillic): then that nothing was found says nothing.
pub(crate) fn is_foreign(text: &str) -> bool {
    let head = cut(text.trim(), HEAD);
    let (mut letters, mut foreign) = (0_usize, 0_usize);
    for c in head.chars().filter(|c| c.is_alphabetic()) {
        letters += 1;
        let known =
            matches!(c, '\u{0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' | '\u{400}'..='\u{52f}');
        foreign += usize::from(!known);
    }
    foreign * 4 > letters
}

fn cyrillic_language(head: &str, cyrillic: usize) -> &'static str {
    // Letters of Russian itself are none of them.
    let further = |c: &char| !matches!(c, '\0'..='\u{7f}' | 'А'..='я');
    let further: Vec<char> = head.chars().filter(further).collect();
    for (code, letters) in LETTERS {
        let own = further.iter().filter(|c| letters.contains(**c)).count();
        if own * 60 >= cyrillic {
            return code;
        }
    }
    // і alone is Ukrainian or Belarusian; Belarusian has ы as well.
    let soft = further.iter().filter(|c| matches!(c, 'і' | 'І')).count();
    if soft * 40 >= cyrillic {
        return if head.contains(['ы', 'Ы', 'э']) { "be" } else { "uk" };
    }
    "ru"
}

fn code(lang: Lang) -> &'static str {
    match lang {
        Lang::Deu => "de",
        Lang::Fra => "fr",
        Lang::Spa => "es",
        Lang::Ita => "it",
        Lang::Nld => "nl",
        Lang::Pol => "pl",
        Lang::Por => "pt",
        Lang::Ces => "cs",
        Lang::Tur => "tr",
        _ => "en",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_told_from_short_texts() {
        for (text, expected) in [
            ("стоп", Some("ru")),
            ("відпишіть мене будь ласка, не читаю", Some("uk")),
            ("выпраўце калі ласка", Some("be")),
            ("жарнама смс жібермеңізші, рахмет", Some("kk")),
            ("Please delete my account and all data you hold about me", Some("en")),
            ("Bitte löschen Sie meine Daten, vielen Dank", Some("de")),
            ("12345 !!!", None),
        ] {
            assert_eq!(language(text, false).as_deref(), expected, "{text}");
        }
    }
}
