//! Rules that every letter of a case keeps, whatever is known and whatever is not.

use super::*;
use crate::mail::CaseLetter;
use crate::mail::sample::case_letters;

fn letters() -> impl Iterator<Item = (Locale, MailName)> {
    let of_a_case = || MailName::ALL.into_iter().filter(|name| name.is_of_a_case());
    LOCALES.into_iter().flat_map(move |locale| of_a_case().map(move |name| (locale, name)))
}

/// The fields that may be empty, in the order of the bits of a mask.
const OPTIONAL: [&str; 17] = [
    "request",
    "received_at",
    "url",
    "code",
    "until",
    "done",
    "kept",
    "told",
    "data",
    "consequences",
    "advice",
    "missing",
    "reasons",
    "clause",
    "remedies",
    "act",
    "person",
];

fn with_fields(locale: Locale, mask: u32) -> Value {
    let mut value = json!(case_letters::full(locale));
    let bare = json!(case_letters::bare(locale));
    for (bit, field) in OPTIONAL.iter().enumerate() {
        if mask & (1 << bit) == 0 {
            value[*field] = bare[*field].clone();
        }
    }
    value["complete"] = json!(mask & (1 << 17) != 0);
    value["nothing_held"] = json!(mask & (1 << 18) != 0);
    value["decided_by"] = match mask & (1 << 19) {
        0 => json!(""),
        _ => value["decided_by"].clone(),
    };
    value
}

/// Which bits a letter asks about, from its source.
fn asked(locale: Locale, name: MailName) -> Vec<u32> {
    let file = format!("mail/{}/{}/body.txt.hbs", locale.code(), name.folder());
    let source = crate::assets::built_in(&file).expect("a built-in letter");
    let flags = ["complete", "nothing_held", "decided_by"];
    let fields = OPTIONAL.iter().chain(&flags).enumerate();
    fields
        .filter(|(_, field)| source.contains(&format!(" {field}}}}}")))
        .map(|(bit, _)| u32::try_from(bit).expect("few bits"))
        .collect()
}

/// All sets of the fields that a letter asks about; of more than seven, 128 of them, spread.
fn masks(bits: &[u32]) -> Vec<u32> {
    let all = 1_u32 << bits.len();
    let spread = |n: u32| if all <= 128 { n } else { n.wrapping_mul(2_654_435_761) % all };
    let single = (0..bits.len()).flat_map(|bit| [1 << bit, (all - 1) ^ (1 << bit)]);
    let sets = (0..all.min(128)).map(spread).chain(single).chain([0, all - 1]);
    let placed = |set: u32| {
        let set_bits = bits.iter().enumerate().filter(|(place, _)| set & (1 << place) != 0);
        set_bits.fold(0, |mask, (_, bit)| mask | (1 << bit))
    };
    sets.map(placed).collect()
}

#[test]
fn whatever_is_not_known_leaves_no_hole_in_a_letter() {
    let renderer = renderer();
    for (locale, name) in letters() {
        for mask in masks(&asked(locale, name)) {
            let mail = renderer.mail(name, locale, &with_fields(locale, mask)).expect("it renders");
            let place = format!("{name:?} {locale:?} {mask:b}\n{}", mail.text);
            assert!(!mail.text.contains("\n\n\n"), "a hole: {place}");
            for wrong in [" ,", " .", "..", ",,", "()", " \n", ": \n", "\u{a0}\n", "г.."] {
                assert!(!mail.text.contains(wrong), "`{wrong}`: {place}");
            }
            let mut lines = mail.text.lines().peekable();
            while let Some(line) = lines.next() {
                let heads = line.ends_with(':');
                let next = lines.peek().copied().unwrap_or_default();
                let is_item = is_prose(next)
                    || (next.is_empty() && lines.clone().nth(1).is_some_and(is_prose));
                assert!(!heads || is_item, "nothing under `{line}`: {place}");
            }
            let html = mail.html.expect("a letter has HTML");
            for empty in ["<ul>\n</ul>", "<p></p>", "<li></li>", "</h2>\n<h2>", "</h2>\n</td>"] {
                assert!(!html.contains(empty), "{empty}: {place}");
            }
        }
    }
}

#[test]
fn an_answer_points_below_only_where_something_stands_below() {
    let renderer = renderer();
    let names = [MailName::AnswerDestroyed, MailName::AnswerStopped, MailName::AnswerUnpublished];
    for (locale, name) in letters().filter(|(_, name)| names.contains(name)) {
        for mask in 0..16_u32 {
            let has = |bit: u32| mask & (1 << bit) != 0;
            let full = case_letters::full(locale);
            let letter = CaseLetter {
                complete: has(0),
                nothing_held: has(1),
                kept: if has(2) { full.kept.clone() } else { Vec::new() },
                done: if has(3) { full.done.clone() } else { Vec::new() },
                ..full
            };
            let mail = renderer.mail(name, locale, &letter).expect("it renders");
            let (below, part) = match locale {
                Locale::Ru => ("ниже", "Часть "),
                Locale::En => ("below", "Part of "),
            };
            let html = mail.html.expect("a letter has HTML");
            for text in [&mail.text, &html] {
                let place = format!("{name:?} {locale:?} {mask:b}\n{text}");
                assert_eq!(text.contains(below), has(2) && !has(1), "{place}");
                let is_part = !has(0) && !has(1) && !has(2);
                assert_eq!(text.contains(part), is_part, "{place}");
            }
        }
    }
}

fn is_prose(line: &str) -> bool {
    !line.is_empty() && !line.ends_with(':')
}

#[test]
fn every_letter_says_whose_it_is_and_how_to_answer() {
    let renderer = renderer();
    for (locale, name) in letters() {
        for letter in case_letters::case_letters(locale) {
            let mail = renderer.mail(name, locale, &letter).expect("it renders");
            let html = mail.html.expect("a letter has HTML");
            assert!(mail.subject.contains(&letter.ticket_number), "{name:?} {locale:?}");
            assert!(mail.subject.chars().count() <= 78, "{name:?}: {}", mail.subject);
            for said in
                [&letter.ticket_number, &letter.organisation, &letter.contact, &letter.policy_url]
            {
                assert!(mail.text.contains(said), "{name:?} {locale:?} lacks {said}");
                assert!(html.contains(said), "{name:?} {locale:?} lacks {said} in HTML");
            }
            let way = match locale {
                Locale::Ru => "на это письмо",
                Locale::En => "to this mail",
            };
            let one_line = mail.text.replace('\n', " ");
            assert!(one_line.contains(way) && html.contains(way), "{name:?} {locale:?}");
            assert!(!mail.text.contains("{{") && !html.contains("{{"), "{name:?} {locale:?}");
        }
    }
}

#[test]
fn text_and_html_of_a_letter_say_the_same() {
    let renderer = renderer();
    for (locale, name) in letters() {
        for letter in case_letters::case_letters(locale) {
            let mail = renderer.mail(name, locale, &letter).expect("it renders");
            let html = mail.html.expect("a letter has HTML");
            for value in values(&letter) {
                let both = (mail.text.contains(&value), html.contains(&value));
                assert!(
                    matches!(both, (true, true) | (false, false)),
                    "{name:?} {value}: {both:?}"
                );
            }
            // Every paragraph of our own words, too.
            let flat: String = html.replace("<strong>", "").replace("</strong>", "");
            for paragraph in mail.text.split("\n\n").filter(|text| !text.contains("\n-")) {
                let one = paragraph.replace('\n', " ");
                let ours = one.ends_with('.') && !one.contains("  ") && !one.contains("https");
                assert!(
                    !ours || flat.contains(&one) || holds_lines(&flat, paragraph),
                    "{name:?} {locale:?} lacks: {one}"
                );
            }
        }
    }
}

fn holds_lines(html: &str, paragraph: &str) -> bool {
    let words = paragraph.split_whitespace().filter(|word| word.chars().count() > 5);
    words.into_iter().all(|word| html.contains(word.trim_end_matches('.')))
}

fn values(letter: &CaseLetter) -> Vec<String> {
    fn leaves(value: &Value, into: &mut Vec<String>) {
        match value {
            Value::String(text) if !text.is_empty() => into.push(text.clone()),
            Value::Array(items) => items.iter().for_each(|item| leaves(item, into)),
            Value::Object(fields) => fields.values().for_each(|item| leaves(item, into)),
            _ => {}
        }
    }
    let mut into = Vec::new();
    leaves(&json!(letter), &mut into);
    into
}

#[test]
fn a_letter_loads_nothing_and_links_only_where_it_says() {
    let renderer = renderer();
    for (locale, name) in letters() {
        let letter = case_letters::full(locale);
        let html = renderer.mail(name, locale, &letter).expect("it renders").html;
        let html = html.expect("a letter has HTML");
        for remote in ["src=", "url(", "<link", "@import", "<script", "<img", "<form", "onclick"] {
            assert!(!html.contains(remote), "{name:?} {locale:?}: {remote}");
        }
        for link in html.split("href=\"").skip(1) {
            let to = link.split('"').next().unwrap_or_default();
            let said = [&letter.url, &letter.code_url, &letter.policy_url];
            assert!(said.into_iter().any(|said| to == said), "{name:?}: {to}");
        }
    }
}

#[test]
fn our_own_words_keep_to_72_columns() {
    for (locale, name) in letters() {
        let file = format!("mail/{}/{}/body.txt.hbs", locale.code(), name.folder());
        let source = crate::assets::built_in(&file).expect("a built-in letter");
        for line in source.lines().filter(|line| !line.contains("{{")) {
            assert!(line.chars().count() <= 72, "{file}: {line}");
        }
    }
}

#[test]
fn a_hostile_value_stays_a_value_in_every_letter() {
    let renderer = renderer();
    for (locale, name) in letters() {
        let mut letter = case_letters::full(locale);
        letter.organisation = hostile();
        letter.reasons = vec![hostile()];
        letter.done = vec![hostile()];
        letter.decided_by = hostile();
        letter.person = vec![hostile()];
        letter.url = "https://x.example/\" onclick=\"alert(1)".to_owned();
        let mail = renderer.mail(name, locale, &letter).expect("it renders");
        let html = mail.html.expect("a letter has HTML");
        assert!(!html.contains("<script>") && !html.contains("\" onclick"), "{name:?}");
        for text in [&html, &mail.text, &mail.subject] {
            assert!(!text.contains(['\r', '\0', '\u{202e}']), "{name:?}");
        }
        assert!(!mail.text.lines().any(|line| line.starts_with("Bcc:")), "{name:?}");
    }
}
