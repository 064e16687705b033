//! Which data a letter wants taken down (152-ФЗ ст. 10.1 ч. 12: the person lists them).
//!
//! Naming too little would leave something published that was to go; taking down too much can be
//! put back. So whatever is not plainly a list of some data means all of them.

use crate::classification::{Classification, Label};

use super::table::sentence_around;

/// The words that the site is told, and what stands for them in a letter.
const WORDS: [(&str, &[&str]); 8] = [
    ("name", &["фамили", "имя", "имени", "фио", "my name", "full name", "surname"]),
    ("email", &["e-mail", "email", "е-мейл", "имейл", "эл. почт", "адрес почты", "mail address"]),
    ("phone", &["телефон", "phone", "mobile"]),
    ("photo", &["фото", "снимок", "снимк", "изображени", "photo", "picture", "image"]),
    ("video", &["видео", "video"]),
    ("review", &["отзыв", "review"]),
    ("comment", &["комментари", "comment"]),
    ("profile", &["профил", "анкет", "profile"]),
];

/// What speaks of everything, or of more than the words above.
const WIDE: [&str; 16] = [
    "все ",
    "всё",
    "всех",
    "всей",
    "любы",
    "данны",
    "сведени",
    "информаци",
    "страниц",
    "all ",
    "any ",
    "everything",
    "data",
    "information",
    "page",
    "details",
];

/// After these a list of the data follows.
const LISTS: [&str; 5] = [":", "(", "именно", "namely", "such as"];

/// The data that the sentences name in which the wish was recognised; empty: all.
pub(super) fn named(classification: &Classification) -> Vec<&'static str> {
    let told = classification.labels.iter().find(|one| one.label == Label::StopPublication);
    let hits = told.map(|one| one.evidence.as_slice()).unwrap_or_default();
    let mut sentences: Vec<&str> = hits
        .iter()
        .filter(|hit| !hit.in_subject)
        .filter_map(|hit| hit.span)
        .filter_map(|span| sentence_around(&classification.new_text, span))
        .collect();
    sentences.dedup();
    let mut named = Vec::new();
    for sentence in sentences {
        let words = of_sentence(&sentence.to_lowercase());
        if words.is_empty() {
            return Vec::new();
        }
        named.extend(words);
    }
    named.sort_unstable();
    named.dedup();
    named
}

fn of_sentence(sentence: &str) -> Vec<&'static str> {
    let listed = LISTS.iter().filter_map(|mark| Some(sentence.find(mark)? + mark.len())).min();
    let listed = listed.and_then(|at| sentence.get(at..)).filter(|rest| !words_in(rest).is_empty());
    let part = listed.unwrap_or(sentence);
    if WIDE.iter().any(|word| part.contains(word)) { Vec::new() } else { words_in(part) }
}

fn words_in(text: &str) -> Vec<&'static str> {
    let is_there = |(_, stems): &&(&str, &[&str])| stems.iter().any(|stem| text.contains(stem));
    WORDS.iter().filter(is_there).map(|(word, _)| *word).collect()
}

#[cfg(test)]
mod tests {
    use super::of_sentence;

    #[test]
    fn a_plain_list_is_named_and_whatever_else_means_all() {
        let table: [(&str, &[&str]); 10] = [
            ("уберите мой отзыв с сайта", &["review"]),
            ("прошу удалить с сайта мою фотографию и фамилию", &["name", "photo"]),
            (
                "прошу прекратить распространение моих персональных данных: телефон, фото",
                &["phone", "photo"],
            ),
            ("прошу прекратить распространение моих персональных данных", &[]),
            ("уберите мой отзыв и все остальное", &[]),
            ("уберите мои данные и фото с сайта", &[]),
            ("прошу прекратить распространение: все данные, в том числе фото", &[]),
            ("please take my photo down", &["photo"]),
            ("please take down my data (my review and my comment)", &["review", "comment"]),
            ("stop publishing", &[]),
        ];
        for (sentence, expected) in table {
            assert_eq!(of_sentence(sentence), expected, "{sentence}");
        }
    }
}
