//! Sample values with which every mail is tried at start, so that an override with a typing
//! error is found before a letter needs it. Each branch of a template is entered once.

use domain::language::Locale;
use domain::regime::{DutyName, RequestName};
use jiff::civil::date;
use serde_json::{Value, json};

use crate::mail::{
    AcknowledgedRequest, Acknowledgement, Alarm, BlockNotice, Confirmation, MailName, Wish,
};
use crate::wording;

pub(crate) mod case_letters;

/// Contexts that together enter every branch of the built-in template.
pub(crate) fn contexts(name: MailName, locale: Locale) -> Vec<Value> {
    match name {
        MailName::Acknowledgement => {
            acknowledgements(locale).into_iter().map(|context| json!(context)).collect()
        }
        MailName::Alarm => vec![json!(alarm())],
        MailName::BlockNotice => [(true, false, false), (false, true, true)]
            .map(|blocked| json!(block_notice(blocked)))
            .to_vec(),
        MailName::Confirmation => confirmations(locale).map(|context| json!(context)).to_vec(),
        _ => case_letters::case_letters(locale).into_iter().map(|context| json!(context)).collect(),
    }
}

pub(crate) fn confirmations(locale: Locale) -> [Confirmation; 2] {
    let full = confirmation(locale);
    let one = full.wishes.iter().take(1).cloned().collect();
    [Confirmation { wishes: one, policy_version: String::new(), ..full.clone() }, full]
}

pub(crate) fn confirmation(locale: Locale) -> Confirmation {
    let [news, offers] = match locale {
        Locale::Ru => [
            (
                "Новости магазина",
                "Я даю ООО «Пример» согласие на обработку адреса электронной почты, \
              чтобы получать рассылку «Новости магазина», в том числе рекламу ООО «Пример».\n\
              Согласие действует, пока я его не отзову: ссылкой в любом письме рассылки или \
              письмом на privacy@shop.example.",
            ),
            ("Курсы и встречи", "Я даю ООО «Пример» согласие получать рекламу курсов и встреч."),
        ],
        Locale::En => [
            (
                "Shop news",
                "I consent to the processing of my e-mail address by Example LLC so that \
              I get the newsletter “Shop news”, which includes advertising of Example LLC.\n\
              The consent holds until I withdraw it: by the link in any newsletter or by a mail \
              to privacy@shop.example.",
            ),
            ("Courses and meetings", "I consent to get advertising of courses and meetings."),
        ],
    };
    let (organisation, advertiser) = match locale {
        Locale::Ru => ("ООО «Пример»", "ООО «Пример», ИНН 7700000000"),
        Locale::En => ("Example LLC", "Example LLC, 1 Shop Street"),
    };
    let asked: jiff::Timestamp = "2026-11-22T14:57:00Z".parse().unwrap_or_default();
    let expires: jiff::Timestamp = "2026-11-29T14:57:00Z".parse().unwrap_or_default();
    let zone = jiff::tz::TimeZone::get("Europe/Moscow").unwrap_or(jiff::tz::TimeZone::UTC);
    Confirmation {
        asked_at: wording::instant(asked, &zone, locale),
        wishes: [(news, 3), (offers, 1)]
            .map(|((title, text), version)| Wish::new(title, advertiser, text, version))
            .to_vec(),
        confirm_url: "https://hello.shop.example/subscribe/confirm/4f7c2k9wq3mzr8t6v1xa5hbn0d"
            .to_owned(),
        expires_at: wording::instant(expires, &zone, locale),
        organisation: organisation.to_owned(),
        contact: "privacy@shop.example".to_owned(),
        policy_url: "https://shop.example/policy".to_owned(),
        policy_version: "7".to_owned(),
    }
}

pub(crate) fn acknowledgements(locale: Locale) -> Vec<Acknowledgement> {
    let full = acknowledgement(locale);
    vec![
        Acknowledgement {
            blocked_full: false,
            blocked_marketing: true,
            under_review: true,
            ..full.clone()
        },
        Acknowledgement { blocked_full: false, blocked_fields: true, ..full.clone() },
        Acknowledgement { blocked_full: false, status_code: String::new(), ..full.clone() },
        Acknowledgement { blocked_full: false, requests: Vec::new(), ..full.clone() },
        Acknowledgement { requests: Vec::new(), under_review: true, ..full.clone() },
        full,
    ]
}

pub(crate) fn acknowledgement(locale: Locale) -> Acknowledgement {
    let erasure = AcknowledgedRequest {
        what: wording::request(RequestName::Erasure, locale).to_owned(),
        owed: [(DutyName::Answer, date(2026, 12, 4)), (DutyName::Destroy, date(2026, 12, 22))]
            .into_iter()
            .filter_map(|(duty, by)| wording::owed(RequestName::Erasure, duty, by, locale))
            .collect(),
    };
    let stop = AcknowledgedRequest {
        what: wording::request(RequestName::StopMarketing, locale).to_owned(),
        owed: Vec::new(),
    };
    let received: Option<jiff::Timestamp> = "2026-11-22T14:57:00Z".parse().ok();
    let zone = jiff::tz::TimeZone::get("Europe/Moscow").unwrap_or(jiff::tz::TimeZone::UTC);
    Acknowledgement {
        ticket_number: "CT-7H2K9MXQ".to_owned(),
        status_code: "4T8V2ZC6RN".to_owned(),
        status_url: format!("https://hello.shop.example/{}/status", locale.code()),
        received_at: wording::instant(received.unwrap_or_default(), &zone, locale),
        requests: vec![erasure, stop],
        blocked_full: true,
        blocked_marketing: false,
        blocked_fields: false,
        under_review: false,
        organisation: "ООО «Пример»".to_owned(),
        contact: "privacy@shop.example".to_owned(),
        policy_url: "https://shop.example/policy".to_owned(),
    }
}

pub(crate) fn alarm() -> Alarm {
    Alarm {
        headline: "full blocks are limited".to_owned(),
        noticed_at: "22 November 2026, 17:57 (Moscow time)".to_owned(),
        facts: vec!["blocks in the last hour: 100".to_owned(), "limit: 100".to_owned()],
        remedy: "look at `consentry ticket list --json`".to_owned(),
        node: "node-1".to_owned(),
    }
}

pub(crate) fn block_notice((full, marketing, fields): (bool, bool, bool)) -> BlockNotice {
    BlockNotice {
        ticket_number: "CT-7H2K9MXQ".to_owned(),
        received_at: "22 November 2026, 17:57 (Moscow time)".to_owned(),
        blocked_full: full,
        blocked_marketing: marketing,
        blocked_fields: fields,
        organisation: "ООО «Пример»".to_owned(),
        contact: "privacy@shop.example".to_owned(),
        policy_url: "https://shop.example/policy".to_owned(),
    }
}
