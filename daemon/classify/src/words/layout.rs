//! Texts that are Russian in Latin letters: transliteration and the wrong keyboard layout.

use smol_str::SmolStr;

use super::{Words, fold::is_cyrillic};

/// How a text is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// As written.
    AsWritten,
    /// Russian in Latin letters ("udalite moi dannye").
    Transliterated,
    /// Russian typed in the Latin layout, or English in the Russian one.
    WrongLayout,
}

/// Words by which transliterated Russian is known; none is a word of English or German.
const TRANSLITERATED: [&str; 44] = [
    "zdravstvuite",
    "zdravstvuyte",
    "zdravstvujte",
    "pozhaluista",
    "pozhaluysta",
    "pozhalujsta",
    "pojaluista",
    "pojaluysta",
    "proshu",
    "menya",
    "menja",
    "moi",
    "moih",
    "moy",
    "moj",
    "moyu",
    "moyo",
    "dannye",
    "dannie",
    "dannyh",
    "dannih",
    "udalite",
    "udalit",
    "vashei",
    "vashey",
    "vashem",
    "vasha",
    "vashu",
    "spasibo",
    "bolshe",
    "otpishite",
    "uberite",
    "soglasie",
    "privet",
    "dobryi",
    "dobry",
    "dobryj",
    "dobriy",
    "chto",
    "kak",
    "nado",
    "iz",
    "izvinite",
    "nomer",
];

/// Frequent Russian words by which the wrong layout is known once turned.
const FREQUENT: [&str; 38] = [
    "привет",
    "здравствуйте",
    "добрый",
    "день",
    "мне",
    "меня",
    "мой",
    "мои",
    "моя",
    "мою",
    "вас",
    "ваш",
    "не",
    "на",
    "из",
    "как",
    "что",
    "это",
    "удалите",
    "удалить",
    "пожалуйста",
    "прошу",
    "стоп",
    "отписка",
    "отпишите",
    "отписаться",
    "данные",
    "почту",
    "рассылки",
    "номер",
    "аккаунт",
    "поменяйте",
    "базы",
    "согласие",
    "хочу",
    "можно",
    "или",
    "больше",
];

const KEYS: [(char, char); 33] = [
    ('q', 'й'),
    ('w', 'ц'),
    ('e', 'у'),
    ('r', 'к'),
    ('t', 'е'),
    ('y', 'н'),
    ('u', 'г'),
    ('i', 'ш'),
    ('o', 'щ'),
    ('p', 'з'),
    ('[', 'х'),
    (']', 'ъ'),
    ('a', 'ф'),
    ('s', 'ы'),
    ('d', 'в'),
    ('f', 'а'),
    ('g', 'п'),
    ('h', 'р'),
    ('j', 'о'),
    ('k', 'л'),
    ('l', 'д'),
    (';', 'ж'),
    ('\'', 'э'),
    ('z', 'я'),
    ('x', 'ч'),
    ('c', 'с'),
    ('v', 'м'),
    ('b', 'и'),
    ('n', 'т'),
    ('m', 'ь'),
    (',', 'б'),
    ('.', 'ю'),
    ('`', 'ё'),
];

/// Tells how a text is to be read, from its first words.
pub(crate) fn reading(words: &Words) -> Reading {
    let head: Vec<&str> = words.words.iter().take(120).map(|w| w.form.as_str()).collect();
    let latin = head.iter().filter(|w| w.chars().all(|c| c.is_ascii_alphabetic())).count();
    if latin * 2 > head.len() {
        let known = head.iter().filter(|w| TRANSLITERATED.contains(w)).count();
        if known >= 2 || (known == 1 && latin <= 3) {
            return Reading::Transliterated;
        }
    }
    if words.words.len() <= 60 && turned_is_known(&head) {
        return Reading::WrongLayout;
    }
    Reading::AsWritten
}

/// Whether the words make sense once the layout is turned, and did not before.
fn turned_is_known(head: &[&str]) -> bool {
    let letters = head.iter().filter(|w| w.chars().any(char::is_alphabetic)).count();
    if letters == 0 {
        return false;
    }
    let known = head
        .iter()
        .filter(|w| {
            let turned = turn(w);
            FREQUENT.contains(&turned.as_str()) && turned.chars().count() >= 3
                || matches!(turned.as_str(), "unsubscribe" | "stop" | "delete" | "unsub" | "please")
        })
        .count();
    known * 4 >= letters
}

/// A word typed in the other layout: Latin to Russian, Russian to Latin.
fn turn(word: &str) -> String {
    word.chars()
        .map(|c| {
            if is_cyrillic(c) {
                KEYS.iter().find(|(_, ru)| *ru == c).map_or(c, |(key, _)| *key)
            } else {
                KEYS.iter().find(|(key, _)| *key == c).map_or(c, |(_, ru)| *ru)
            }
        })
        .collect()
}

const LETTERS: [(&str, &str); 45] = [
    ("shch", "щ"),
    ("sch", "щ"),
    ("zh", "ж"),
    ("kh", "х"),
    ("ch", "ч"),
    ("sh", "ш"),
    ("ts", "ц"),
    ("yu", "ю"),
    ("ju", "ю"),
    ("ya", "я"),
    ("ja", "я"),
    ("yo", "е"),
    ("jo", "е"),
    ("iy", "ий"),
    ("ij", "ий"),
    ("yi", "ый"),
    ("yj", "ый"),
    ("ei", "ей"),
    ("oi", "ой"),
    ("ey", "ей"),
    ("oy", "ой"),
    ("ai", "ай"),
    ("ui", "уй"),
    ("a", "а"),
    ("b", "б"),
    ("c", "ц"),
    ("d", "д"),
    ("e", "е"),
    ("f", "ф"),
    ("g", "г"),
    ("h", "х"),
    ("i", "и"),
    ("j", "ж"),
    ("k", "к"),
    ("l", "л"),
    ("m", "м"),
    ("n", "н"),
    ("o", "о"),
    ("p", "п"),
    ("r", "р"),
    ("s", "с"),
    ("t", "т"),
    ("u", "у"),
    ("v", "в"),
    ("w", "в"),
];

/// A transliterated word in Cyrillic letters; the usual schemes at once.
fn transliterate(word: &str) -> String {
    let mut out = String::with_capacity(word.len() * 2);
    let mut rest = word;
    while let Some(first) = rest.chars().next() {
        if let Some(behind) = rest.strip_prefix("ye") {
            // "dannye" and "yeyo": behind a consonant two letters.
            let consonant = out.ends_with(|c: char| !"аеиоуыэюяйьъ".contains(c));
            out.push_str(if consonant { "ые" } else { "е" });
            rest = behind;
            continue;
        }
        if let Some((latin, cyrillic)) = LETTERS.iter().find(|(latin, _)| rest.starts_with(latin)) {
            out.push_str(cyrillic);
            rest = &rest[latin.len()..];
            continue;
        }
        out.push(match first {
            'x' => 'х',
            'y' => 'ы',
            'z' => 'з',
            other => other,
        });
        rest = &rest[first.len_utf8()..];
    }
    // The soft sign of infinitives is rarely written.
    if ["ит", "ат", "ят", "ыт"].iter().any(|end| out.ends_with(end)) && out.chars().count() > 4
    {
        out.push('ь');
    }
    out
}

/// Rewrites the forms as the reading says; spans stay.
pub(crate) fn reread(words: &mut Words, text: &str, reading: Reading) {
    match reading {
        Reading::AsWritten => {}
        Reading::Transliterated => {
            for word in &mut words.words {
                if word.form.bytes().all(|b| b.is_ascii_alphabetic()) {
                    word.form = transliterate(&word.form).into();
                }
            }
        }
        Reading::WrongLayout => *words = turned(text),
    }
}

/// The words of a text typed in the other layout. Signs that are letters there belong to words, so
/// the text is cut at white space; each word keeps its span.
fn turned(text: &str) -> Words {
    let mut out =
        Words { words: Vec::new(), questions: vec![false], items: vec![false], clause: 0 };
    for part in super::cut(text, 4096).split_whitespace() {
        let start = part.as_ptr() as usize - text.as_ptr() as usize;
        let form = if part.contains('@') {
            SmolStr::new_static("#mail")
        } else {
            turn(&part.to_lowercase())
                .chars()
                .filter(|c| c.is_alphanumeric())
                .map(|c| if c == 'ё' { 'е' } else { c })
                .collect()
        };
        if !form.is_empty() {
            out.words.push(super::Word {
                form,
                span: (start, start + part.len()),
                sentence: 0,
                clause: 0,
            });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::words;

    fn read(text: &str) -> (Reading, String) {
        let mut cut = words(text);
        let reading = reading(&cut);
        reread(&mut cut, text, reading);
        (reading, cut.words.iter().map(|w| w.form.as_str()).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn the_wrong_layout_is_turned_both_ways() {
        assert_eq!(
            read("ghbdtn elfkbnt vjq frrfeyn gkp"),
            (Reading::WrongLayout, "привет удалите мой аккаунт плз".to_owned())
        );
        assert_eq!(read("гтыгиыскшиу"), (Reading::WrongLayout, "unsubscribe".to_owned()));
    }

    #[test]
    fn transliterated_russian_is_read_as_russian() {
        assert_eq!(
            read("zdravstvuite udalite moi dannye iz bazy"),
            (Reading::Transliterated, "здравствуйте удалите мой данные из базы".to_owned())
        );
    }

    #[test]
    fn english_and_russian_stay_as_they_are() {
        assert_eq!(read("please delete my account").0, Reading::AsWritten);
        assert_eq!(read("удалите мой аккаунт").0, Reading::AsWritten);
    }
}
