//! Folding of written words: case, marks, look-alike letters, and the looser form for typos.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The form of a word as rules know it: lower case, NFKC, `ё` as `е`, no invisible signs, no
/// apostrophes, one script.
pub(crate) fn plain(written: &str) -> String {
    let mut form = String::with_capacity(written.len());
    plain_into(written, &mut form);
    form
}

/// The same into a string that is there already.
pub(super) fn plain_into(written: &str, form: &mut String) {
    form.clear();
    let (mut latin, mut cyrillic, mut accented, mut curly) = (false, false, false, false);
    for c in written.chars() {
        match c {
            'а'..='я' => (cyrillic, _) = (true, form.push(c)),
            'a'..='z' => (latin, _) = (true, form.push(c)),
            'А'..='Я' => (cyrillic, _) = (true, form.push(below(c, 0x20))),
            'A'..='Z' => (latin, _) = (true, form.push(c.to_ascii_lowercase())),
            '\'' | '`' => {}
            '\0'..='\u{7f}' => form.push(c),
            'ё' | 'Ё' => (cyrillic, _) = (true, form.push('е')),
            '\u{400}'..='\u{40f}' => (cyrillic, _) = (true, form.push(below(c, 0x50))),
            '\u{450}'..='\u{45f}' | '\u{491}' => (cyrillic, _) = (true, form.push(c)),
            '\u{490}' => (cyrillic, _) = (true, form.push('\u{491}')),
            // In lower case it is two signs, one of them Latin.
            'İ' => return folded_into(written, form),
            '\u{c0}'..='\u{17f}' => (accented, _) = (true, form.extend(c.to_lowercase())),
            '’' | 'ʼ' => curly = true,
            _ => return folded_into(written, form),
        }
    }
    // Some of the accented letters are written otherwise in NFKC, which the curly sign asks for.
    if accented && curly {
        folded_into(written, form);
    } else if latin && cyrillic {
        *form = one_script(std::mem::take(form));
    }
}

/// A text in lower case, as [`str::to_lowercase`] gives it; quick for Latin and Cyrillic letters.
pub(crate) fn lower(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            'а'..='я' | '\0'..='@' | '['..='\u{7f}' | '\u{450}'..='\u{45f}' => out.push(c),
            'A'..='Z' => out.push(c.to_ascii_lowercase()),
            'А'..='Я' => out.push(below(c, 0x20)),
            '\u{400}'..='\u{40f}' => out.push(below(c, 0x50)),
            // Its lower case depends on what stands behind it.
            'Σ' => return text.to_lowercase(),
            _ => out.extend(c.to_lowercase()),
        }
    }
    out
}

/// Whether a sign is a letter, as [`char::is_alphabetic`] says; quick for Latin and Cyrillic.
pub(crate) fn is_letter(c: char) -> bool {
    match c {
        'а'..='я' | 'a'..='z' | 'А'..='Я' | 'A'..='Z' => true,
        '\0'..='\u{7f}' => false,
        '\u{400}'..='\u{481}' => true,
        _ => c.is_alphabetic(),
    }
}

/// The letter `by` places below its capital.
fn below(capital: char, by: u32) -> char {
    char::from_u32(u32::from(capital) + by).unwrap_or(capital)
}

/// The form of a word with rarer signs.
fn folded_into(written: &str, form: &mut String) {
    form.clear();
    let composed = written.chars().all(is_plain_letter);
    let mut push = |c: char| match c {
        'ё' | 'Ё' => form.push('е'),
        '\'' | '’' | '`' | 'ʼ' => {}
        c if super::is_ignorable(c) || is_combining_mark(c) => {}
        c => form.extend(c.to_lowercase()),
    };
    if composed {
        written.chars().for_each(&mut push);
    } else {
        written.nfkc().for_each(&mut push);
    }
    *form = one_script(std::mem::take(form));
}

fn is_plain_letter(c: char) -> bool {
    c.is_ascii()
        || matches!(c, '\u{c0}'..='\u{17f}' | '\u{400}'..='\u{45f}' | '\u{490}' | '\u{491}')
}

/// Folds look-alike letters when a word mixes Latin and Cyrillic, into the script of the letters
/// that exist in one script only, else of the majority.
fn one_script(form: String) -> String {
    let latin = form.chars().filter(char::is_ascii_alphabetic).count();
    if latin == 0 {
        return form;
    }
    let cyrillic = form.chars().filter(|c| is_cyrillic(*c)).count();
    if cyrillic == 0 {
        return form;
    }
    let sure_cyrillic = form.chars().any(|c| is_cyrillic(c) && to_latin(c).is_none());
    let sure_latin = form.chars().any(|c| c.is_ascii_alphabetic() && to_cyrillic(c).is_none());
    match (sure_cyrillic, sure_latin) {
        (true, true) => form,
        (false, true) => form.chars().map(|c| to_latin(c).unwrap_or(c)).collect(),
        (true, false) => form.chars().map(|c| to_cyrillic(c).unwrap_or(c)).collect(),
        (false, false) if cyrillic >= latin => {
            form.chars().map(|c| to_cyrillic(c).unwrap_or(c)).collect()
        }
        (false, false) => form.chars().map(|c| to_latin(c).unwrap_or(c)).collect(),
    }
}

pub(crate) fn is_cyrillic(c: char) -> bool {
    matches!(c, '\u{400}'..='\u{4ff}')
}

const ALIKE: [(char, char); 13] = [
    ('a', 'а'),
    ('c', 'с'),
    ('e', 'е'),
    ('o', 'о'),
    ('p', 'р'),
    ('x', 'х'),
    ('y', 'у'),
    ('k', 'к'),
    ('m', 'м'),
    ('h', 'н'),
    ('t', 'т'),
    ('b', 'в'),
    ('i', 'і'),
];

fn to_cyrillic(c: char) -> Option<char> {
    ALIKE.iter().find(|(latin, _)| *latin == c).map(|(_, cyrillic)| *cyrillic)
}

fn to_latin(c: char) -> Option<char> {
    ALIKE.iter().find(|(_, cyrillic)| *cyrillic == c).map(|(latin, _)| *latin)
}

/// The letters of the looser form by which common slips of spelling still match: unstressed `о` as
/// `а`, doubled and stretched letters once, soft and hard signs inside the word dropped.
pub(crate) fn looser(form: &str) -> impl Iterator<Item = char> + '_ {
    let mut last = '\0';
    let mut chars = form.chars();
    std::iter::from_fn(move || {
        loop {
            let c = chars.next()?;
            let c = if c == 'о' { 'а' } else { c };
            // At the end of a word the soft sign tells an infinitive from a third person.
            let silent = matches!(c, 'ь' | 'ъ') && !chars.as_str().is_empty();
            if c == last && c.is_alphabetic() || silent {
                continue;
            }
            last = c;
            return Some(c);
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quick_ways_say_what_the_slow_ones_say() {
        for c in '\0'..='\u{2fff}' {
            assert_eq!(lower(&c.to_string()), c.to_string().to_lowercase(), "{c:?}");
            assert_eq!(is_letter(c), c.is_alphabetic(), "{c:?}");
            let other = c.is_alphanumeric() || super::super::is_ignorable(c);
            assert_eq!(super::super::is_word_char(c), other, "{c:?}");
            for written in [c.to_string(), format!("a{c}"), format!("{c}д"), format!("É{c}")] {
                let mut slow = String::new();
                folded_into(&written, &mut slow);
                assert_eq!(plain(&written), slow, "{written:?}");
            }
        }
        assert_eq!(lower("ΟΔΟΣ"), "ΟΔΟΣ".to_lowercase());
    }

    #[test]
    fn slips_of_spelling_share_the_looser_form() {
        let loose = |word: &str| looser(word).collect::<String>();
        for (a, b) in [
            ("удолите", "удалите"),
            ("сагласие", "согласие"),
            ("stoppp", "stop"),
            ("acess", "access"),
        ] {
            assert_eq!(loose(a), loose(b));
        }
        assert_eq!(loose("стать"), "стать");
        assert_eq!(loose("отписаться"), loose("отписатся"));
        assert_eq!(loose("имя"), "имя");
    }
}
