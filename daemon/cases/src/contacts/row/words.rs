//! The words of a field: names, languages, acts, and times as people write them.

use domain::Timestamp;
use jiff::{
    civil::{Date, DateTime, Time},
    tz::TimeZone,
};

use super::Fault;

/// Line ends inside a quoted field become spaces.
pub(super) fn words_of(text: &str) -> String {
    if text.contains(['\n', '\r', '\t']) || text.contains("  ") {
        return text.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    text.to_owned()
}

pub(super) fn locale(text: &str) -> Result<String, Fault> {
    let word = text.to_lowercase();
    match word.split(['-', '_']).next().unwrap_or("") {
        "" => Ok(String::new()),
        "ru" | "рус" | "русский" | "russian" => Ok("ru".to_owned()),
        "en" | "англ" | "английский" | "english" => Ok("en".to_owned()),
        _ => Err(Fault::UnknownLocale),
    }
}

/// The act in one of our words; none when the file names none.
pub(super) fn act(text: &str) -> Result<Option<&'static str>, Fault> {
    Ok(Some(match text.to_lowercase().as_str() {
        "" => return Ok(None),
        "checkbox" | "tick" | "галочка" | "чекбокс" | "флажок" => "checkbox",
        "button" | "кнопка" => "button",
        "doi_click" | "doi" | "double opt-in" | "подтверждение по ссылке" | "ссылка" => {
            "doi_click"
        }
        "paper" | "signature" | "бумага" | "подпись" | "анкета" => "paper",
        "email" | "e-mail" | "письмо" => "email",
        _ => return Err(Fault::UnknownAct),
    }))
}

/// Reads a time as RFC 3339, ISO or the Russian way; one without a zone is meant in `zone`, one
/// without a time at the start of its day.
pub(super) fn read_instant(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    let civil = text.parse::<DateTime>().ok().or_else(|| read_russian(text))?;
    zone.to_timestamp(civil).ok()
}

/// `31.12.2025`, `31.12.2025 23:59`, `31.12.2025 23:59:59`.
fn read_russian(text: &str) -> Option<DateTime> {
    let (date, time) =
        text.split_once([' ', 'T']).map_or((text, ""), |(date, time)| (date, time.trim()));
    let mut parts = date.split('.').map(|part| part.parse::<i16>().ok());
    let (day, month, year) = (parts.next()??, parts.next()??, parts.next()??);
    if parts.next().is_some() || year < 1000 {
        return None;
    }
    let date = Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    let mut clock = [0_i8; 3];
    if !time.is_empty() {
        let parts: Vec<&str> = time.split(':').collect();
        if !(2..=3).contains(&parts.len()) {
            return None;
        }
        for (slot, part) in clock.iter_mut().zip(parts) {
            *slot = part.parse().ok()?;
        }
    }
    let time = Time::new(clock[0], clock[1], clock[2], 0).ok()?;
    Some(date.to_datetime(time))
}
