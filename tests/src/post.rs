//! A made-up day's post for benchmarks and soaks: many letters, no two alike, the same every run.

use std::fmt::Write as _;

use crate::{
    ambient::SeededEntropy,
    letter::{Letter, Transfer},
};

/// Letters of a few kinds and sizes, in the proportions of an organisation's mailbox: short
/// questions, requests, HTML beside text, a few with pictures; about 12 KB on the average.
#[derive(Debug)]
pub struct Post {
    random: SeededEntropy,
    to: String,
    number: u64,
}

const WORDS: [&str; 24] = [
    "запись",
    "консультация",
    "прием",
    "врач",
    "клиника",
    "вопрос",
    "время",
    "завтра",
    "неделя",
    "телефон",
    "спасибо",
    "процедура",
    "отзыв",
    "скидка",
    "договор",
    "appointment",
    "please",
    "thank",
    "you",
    "next",
    "week",
    "doctor",
    "price",
    "question",
];

const REQUESTS: [(&str, &str); 4] = [
    ("Удаление данных", "Прошу удалить все мои персональные данные.\n"),
    ("Отзыв согласия", "Отзываю согласие на обработку моих персональных данных.\n"),
    ("Delete my data", "Please delete all personal data you hold about me.\n"),
    ("рассылка", "Отпишите меня, пожалуйста, от рассылки.\n"),
];

impl Post {
    /// The letters that belong to `seed`, all to `to`.
    #[must_use]
    pub fn new(seed: u64, to: &str) -> Self {
        Self { random: SeededEntropy::new(seed), to: to.to_owned(), number: 0 }
    }

    fn below(&self, bound: u64) -> u64 {
        self.random.next() % bound
    }

    fn prose(&self, words: u64) -> String {
        let mut out = String::new();
        for place in 0..words {
            let word = WORDS[self.below(WORDS.len() as u64) as usize];
            let _ = write!(out, "{word}{}", if place % 9 == 8 { ".\n" } else { " " });
        }
        out
    }

    /// A letter that asks for something, from a person who writes once.
    pub fn request(&mut self) -> Vec<u8> {
        let (subject, text) = REQUESTS[self.below(REQUESTS.len() as u64) as usize];
        self.letter(subject, text).bytes()
    }

    fn letter(&mut self, subject: &str, text: &str) -> Letter {
        self.number += 1;
        let number = self.number;
        let from = format!("person{number}@post.example");
        let charset = ["utf-8", "koi8-r", "windows-1251"][self.below(3) as usize];
        let transfer = [Transfer::EightBit, Transfer::QuotedPrintable, Transfer::Base64];
        Letter::new(&format!("Человек {number}"), &from, &self.to)
            .subject(subject)
            .message_id(&format!("{number}.{:x}@post.example", self.below(u64::MAX)))
            .text(text)
            .encoded(charset, transfer[self.below(3) as usize])
    }
}

impl Iterator for Post {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        let kind = self.below(10);
        if kind < 2 {
            return Some(self.request());
        }
        let words = 40 + self.below(300);
        let text = self.prose(words);
        let letter = self.letter("Вопрос о записи", &text);
        if kind < 7 {
            return Some(letter.bytes());
        }
        let rows = text.lines().map(|line| format!("<tr><td>{line}</td></tr>\n"));
        let padding = "<!-- layout -->".repeat(500 * (1 + self.below(3)) as usize);
        let html = format!("<html>{padding}<table>{}</table></html>", rows.collect::<String>());
        Some(letter.html(&html).bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_post_of_a_seed_is_the_same_and_about_twelve_kilobytes_a_letter() {
        let sizes = |seed| Post::new(seed, "hello@clinic.example").take(400).map(|mail| mail.len());
        let (one, two): (Vec<_>, Vec<_>) = (sizes(1).collect(), sizes(1).collect());
        assert_eq!(one, two);
        let mean = one.iter().sum::<usize>() / one.len();
        assert!((6_000..20_000).contains(&mean), "{mean}");
    }
}
