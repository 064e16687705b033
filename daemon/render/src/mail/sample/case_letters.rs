//! Sample values of the letters of a case: all there is, the usual part, and the bare minimum.

use domain::language::Locale;
use domain::regime::RequestName;

use crate::mail::{CaseLetter, KeptItem};
use crate::wording;

/// Contexts that together enter every branch of every letter.
pub(crate) fn case_letters(locale: Locale) -> Vec<CaseLetter> {
    let full = full(locale);
    let usual = CaseLetter {
        code: String::new(),
        missing: Vec::new(),
        reasons: Vec::new(),
        clause: String::new(),
        act: String::new(),
        complete: false,
        decided_by: String::new(),
        ..full.clone()
    };
    vec![bare(locale), usual, full]
}

/// Only what no letter can do without.
pub(crate) fn bare(locale: Locale) -> CaseLetter {
    let full = full(locale);
    CaseLetter {
        ticket_number: full.ticket_number,
        organisation: full.organisation,
        contact: full.contact,
        policy_url: full.policy_url,
        nothing_held: true,
        ..CaseLetter::default()
    }
}

/// Every field has a value of its own.
pub(crate) fn full(locale: Locale) -> CaseLetter {
    let told = |ru: &str, en: &str| match locale {
        Locale::Ru => ru.to_owned(),
        Locale::En => en.to_owned(),
    };
    let date = |day| wording::date(jiff::civil::date(2026, 12, day), locale);
    let received: jiff::Timestamp = "2026-11-22T14:57:00Z".parse().unwrap_or_default();
    let zone = jiff::tz::TimeZone::get("Europe/Moscow").unwrap_or(jiff::tz::TimeZone::UTC);
    CaseLetter {
        ticket_number: "CT-7H2K9MXQ".to_owned(),
        request: wording::request(RequestName::Erasure, locale).to_owned(),
        received_at: wording::instant(received, &zone, locale),
        url: "https://hello.shop.example/c/4f7c2k9wq3mzr8t6v1xa5hbn0d".to_owned(),
        code: "4T8V2ZC6".to_owned(),
        code_url: format!("https://hello.shop.example/{}/challenge", locale.code()),
        until: date(18),
        done: vec![
            wording::part("contact", locale).to_owned(),
            wording::part("raw_mail", locale).to_owned(),
        ],
        kept: vec![
            KeptItem {
                what: wording::part("consent_proof", locale).to_owned(),
                why: wording::kept("consent_proof", locale).to_owned(),
                until: date(22),
            },
            KeptItem {
                what: wording::part("suppression", locale).to_owned(),
                why: String::new(),
                until: String::new(),
            },
        ],
        told: vec![told("интернет-магазин", "the shop")],
        data: vec![told("адрес электронной почты", "your e-mail address")],
        consequences: vec![told("вам могут приходить чужие письма", "you may get unwanted mail")],
        advice: vec![told("сменить пароль на сайте", "change your password on the site")],
        missing: vec![told("номер и дату договора", "number and date of the contract")],
        reasons: vec![
            told(
                "Сведения запрошены повторно, а со дня прошлого ответа не прошло 30 дней.",
                "The same was asked less than 30 days ago.",
            ),
            told("Прошлый ответ был полным.", "The earlier answer was complete."),
        ],
        clause: told("152-ФЗ ст. 14 ч. 4", "152-FZ art. 14(4)"),
        remedies: wording::remedies("ru-152fz", locale),
        act: told("A-2026-000017 от 16.12.2026", "A-2026-000017 of 2026-12-16"),
        person: vec![told("Анна Петрова", "Anna Petrova"), "anna@person.example".to_owned()],
        complete: true,
        block_stands: true,
        block_lifted: true,
        told_before_lifting: true,
        owed: vec![
            told(
                "не позднее 25 декабря прекратим обработку",
                "by 25 December we stop the processing",
            ),
            told("не позднее 18 декабря ответим вам", "by 18 December we answer you"),
        ],
        nothing_held: false,
        decided_by: told("А. Б. Орлова", "A. Orlova"),
        organisation: told("ООО «Пример»", "Example LLC"),
        contact: "privacy@shop.example".to_owned(),
        policy_url: "https://shop.example/policy".to_owned(),
    }
}
