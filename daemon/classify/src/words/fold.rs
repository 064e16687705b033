//! Folding of written words: case, marks, look-alike letters, and the looser form for typos.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The form of a word as rules know it: lower case, NFKC, `ё` as `е`, no invisible signs, no
/// apostrophes, one script.
pub(crate) fn plain(written: &str) -> String {
    if written.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()) {
        return written.to_owned();
    }
    let mut form = String::with_capacity(written.len());
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
    one_script(form)
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

/// The looser form by which common slips of spelling still match: unstressed `о` as `а`, doubled
/// and stretched letters once, soft and hard signs inside the word dropped. `None` when it is the same.
pub(crate) fn looser(form: &str) -> Option<String> {
    let mut out = String::with_capacity(form.len());
    let mut last = '\0';
    let mut chars = form.chars().peekable();
    while let Some(c) = chars.next() {
        let c = if c == 'о' { 'а' } else { c };
        // At the end of a word the soft sign tells an infinitive from a third person.
        let silent = matches!(c, 'ь' | 'ъ') && chars.peek().is_some();
        if c == last && c.is_alphabetic() || silent {
            continue;
        }
        out.push(c);
        last = c;
    }
    (out != form).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_spelling_share_the_looser_form() {
        for (a, b) in [
            ("удолите", "удалите"),
            ("сагласие", "согласие"),
            ("stoppp", "stop"),
            ("acess", "access"),
        ] {
            let loose = |w: &str| looser(w).unwrap_or_else(|| w.to_owned());
            assert_eq!(loose(a), loose(b));
        }
        assert_eq!(looser("стать"), None);
        assert_eq!(looser("отписаться"), looser("отписатся"));
        assert_eq!(looser("имя"), None);
    }
}
