//! Dates, times and the product's words as people read them, in Russian and English.
//!
//! Contexts of mails and pages are filled with these, so that a letter and the status page
//! never call one thing by two names.

use domain::language::Locale;
use domain::regime::{DutyName, RequestName};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

mod became;
mod citation;
mod matter;
mod misread;

pub use became::{answered_to_represented, became};
pub use citation::law;
pub use matter::{kept, part, remedies};
pub use misread::misread;

/// What a request asks for, as the object of "you ask for".
#[must_use]
pub fn request(name: RequestName, locale: Locale) -> &'static str {
    match locale {
        Locale::Ru => request_ru(name),
        Locale::En => request_en(name),
    }
}

fn request_ru(name: RequestName) -> &'static str {
    match name {
        RequestName::Erasure => "удаление персональных данных",
        RequestName::Rectification => "уточнение (исправление) персональных данных",
        RequestName::Restriction => "блокирование персональных данных",
        RequestName::Access => "сведения об обработке персональных данных",
        RequestName::ConsentWithdrawal => "отзыв согласия на обработку персональных данных",
        RequestName::Objection => "прекращение обработки персональных данных",
        RequestName::StopMarketing => "отказ от рассылок и рекламы",
        RequestName::StopPublication => "прекращение распространения персональных данных",
        RequestName::UnlawfulProcessing => "проверка законности обработки персональных данных",
        RequestName::AuthorityRequest => "запрос государственного органа",
        RequestName::AuthorityBlock => "блокирование по требованию государственного органа",
        RequestName::AutomatedDecision => "пересмотр автоматического решения человеком",
        RequestName::Achieved => "уничтожение данных, цель обработки которых достигнута",
        RequestName::Breach => "неправомерная передача персональных данных (утечка)",
        RequestName::Unread => "обращение, которое прочитает сотрудник",
    }
}

fn request_en(name: RequestName) -> &'static str {
    match name {
        RequestName::Erasure => "erasure of personal data",
        RequestName::Rectification => "correction of personal data",
        RequestName::Restriction => "restriction (blocking) of personal data",
        RequestName::Access => "information about the personal data we process",
        RequestName::ConsentWithdrawal => "withdrawal of consent to processing",
        RequestName::Objection => "an end to the processing of personal data",
        RequestName::StopMarketing => "no more newsletters and advertising",
        RequestName::StopPublication => "an end to the publication of personal data",
        RequestName::UnlawfulProcessing => "a check whether personal data are processed lawfully",
        RequestName::AuthorityRequest => "a request of a public authority",
        RequestName::AuthorityBlock => "a block demanded by a public authority",
        RequestName::AutomatedDecision => "a review of an automated decision by a person",
        RequestName::Achieved => "destruction of data whose purpose was achieved",
        RequestName::Breach => "a breach of personal data",
        RequestName::Unread => "a letter that a person will read",
    }
}

/// One clause with its legal date, such as "ответим не позднее 4 декабря 2026 г."; `None` for
/// duties that are not owed to the person, or only instead of the answer (a refusal).
#[must_use]
pub fn owed(request: RequestName, duty: DutyName, by: Date, locale: Locale) -> Option<String> {
    let by = date(by, locale);
    match locale {
        Locale::Ru => owed_ru(request, duty).map(|act| format!("не позднее {by} {act}")),
        Locale::En => owed_en(request, duty).map(|act| format!("by {by} at the latest {act}")),
    }
}

/// The clauses of [`owed`] with `{{by}}` in place of the date, in both languages.
#[must_use]
pub fn owed_sources() -> Vec<String> {
    let mut sources = Vec::new();
    for request in RequestName::ALL {
        for duty in DutyName::ALL {
            sources
                .extend(owed_ru(*request, *duty).map(|act| format!("не позднее {{{{by}}}} {act}")));
            sources.extend(
                owed_en(*request, *duty).map(|act| format!("by {{{{by}}}} at the latest {act}")),
            );
        }
    }
    sources.sort();
    sources.dedup();
    sources
}

fn owed_ru(request: RequestName, duty: DutyName) -> Option<&'static str> {
    match (duty, request) {
        (DutyName::Stop, RequestName::StopMarketing) => Some("прекратим рассылки"),
        (DutyName::Stop, RequestName::StopPublication) => Some("прекратим распространение"),
        (DutyName::Stop, _) => Some("прекратим обработку"),
        (DutyName::Check, _) => Some("проверим сведения"),
        (DutyName::Correct, _) => Some("уточним данные"),
        (DutyName::Decide, _) => Some("примем решение и сообщим о нём"),
        (DutyName::Answer, _) => Some("ответим вам"),
        (DutyName::Destroy, _) => Some("уничтожим данные, если закон не обязывает их хранить"),
        (DutyName::Refuse | DutyName::Notify | DutyName::Report, _) => None,
    }
}

fn owed_en(request: RequestName, duty: DutyName) -> Option<&'static str> {
    match (duty, request) {
        (DutyName::Stop, RequestName::StopMarketing) => Some("we stop the newsletters"),
        (DutyName::Stop, RequestName::StopPublication) => Some("we take the data down"),
        (DutyName::Stop, _) => Some("we stop the processing"),
        (DutyName::Check, _) => Some("we check the facts"),
        (DutyName::Correct, _) => Some("we correct the data"),
        (DutyName::Decide, _) => Some("we decide and tell you"),
        (DutyName::Answer, _) => Some("we answer you"),
        (DutyName::Destroy, _) => Some("we destroy the data unless a law obliges us to keep them"),
        (DutyName::Refuse | DutyName::Notify | DutyName::Report, _) => None,
    }
}

/// A date: "4 декабря 2026 г.", "4 December 2026". No-break spaces keep it in one line.
#[must_use]
pub fn date(date: Date, locale: Locale) -> String {
    const RU: [&str; 12] = [
        "января",
        "февраля",
        "марта",
        "апреля",
        "мая",
        "июня",
        "июля",
        "августа",
        "сентября",
        "октября",
        "ноября",
        "декабря",
    ];
    const EN: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let months = match locale {
        Locale::Ru => RU,
        Locale::En => EN,
    };
    let month = usize::try_from(date.month()).ok().and_then(|month| months.get(month - 1));
    let (day, month, year) = (date.day(), month.unwrap_or(&""), date.year());
    match locale {
        Locale::Ru => format!("{day}\u{a0}{month} {year}\u{a0}г."),
        Locale::En => format!("{day}\u{a0}{month} {year}"),
    }
}

/// A moment in local time with its zone in words:
/// "22 ноября 2026 г., 17:57 (московское время)".
#[must_use]
pub fn instant(instant: Timestamp, zone: &TimeZone, locale: Locale) -> String {
    let local = instant.to_zoned(zone.clone());
    let day = date(local.date(), locale);
    let zone = zone_in_words(&local, locale);
    format!("{day}, {:02}:{:02} ({zone})", local.hour(), local.minute())
}

fn zone_in_words(local: &Zoned, locale: Locale) -> String {
    if local.time_zone().iana_name() == Some("Europe/Moscow") {
        return match locale {
            Locale::Ru => "московское время".to_owned(),
            Locale::En => "Moscow time".to_owned(),
        };
    }
    let minutes = local.offset().seconds() / 60;
    let sign = if minutes < 0 { '\u{2212}' } else { '+' };
    let (hours, minutes) = (minutes.abs() / 60, minutes.abs() % 60);
    match (hours, minutes) {
        (0, 0) => "UTC".to_owned(),
        (hours, 0) => format!("UTC{sign}{hours}"),
        (hours, minutes) => format!("UTC{sign}{hours}:{minutes:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_told_in_the_zone_of_the_office() {
        let moment: Timestamp = "2026-12-31T21:05:00Z".parse().expect("a timestamp");
        for (zone, locale, expected) in [
            ("Europe/Moscow", Locale::Ru, "1\u{a0}января 2027\u{a0}г., 00:05 (московское время)"),
            ("Europe/Moscow", Locale::En, "1\u{a0}January 2027, 00:05 (Moscow time)"),
            ("Asia/Kolkata", Locale::En, "1\u{a0}January 2027, 02:35 (UTC+5:30)"),
            ("America/New_York", Locale::En, "31\u{a0}December 2026, 16:05 (UTC\u{2212}5)"),
            ("UTC", Locale::Ru, "31\u{a0}декабря 2026\u{a0}г., 21:05 (UTC)"),
        ] {
            let zone = TimeZone::get(zone).expect("a zone");
            assert_eq!(instant(moment, &zone, locale), expected);
        }
    }

    #[test]
    fn every_request_has_its_own_words_in_both_languages() {
        for locale in [Locale::Ru, Locale::En] {
            let mut words: Vec<_> =
                RequestName::ALL.iter().map(|name| request(*name, locale)).collect();
            words.sort_unstable();
            words.dedup();
            assert_eq!(words.len(), RequestName::ALL.len());
        }
    }

    #[test]
    fn what_is_owed_is_told_with_its_date() {
        let by = jiff::civil::date(2026, 12, 4);
        let told = |request, duty, locale| owed(request, duty, by, locale);
        assert_eq!(
            told(RequestName::Access, DutyName::Answer, Locale::Ru).as_deref(),
            Some("не позднее 4\u{a0}декабря 2026\u{a0}г. ответим вам")
        );
        assert_eq!(
            told(RequestName::StopMarketing, DutyName::Stop, Locale::En).as_deref(),
            Some("by 4\u{a0}December 2026 at the latest we stop the newsletters")
        );
        assert_eq!(told(RequestName::Access, DutyName::Refuse, Locale::Ru), None);
    }
}
