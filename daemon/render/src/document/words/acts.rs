//! What an act is called, and what it says of its own time: nothing stands as gone before it is.

use domain::act::{Act, ActInformed, ActKind, Method};
use domain::language::Locale;
use jiff::tz::TimeZone;

use super::said;
use crate::wording;

/// Its title.
pub(in crate::document) fn act_title(act: &Act, locale: Locale) -> String {
    let (what, record) = match act.method {
        Method::Destroy => ("об уничтожении", "erasure"),
        Method::Anonymise => ("об обезличивании", "anonymisation"),
    };
    match (&act.kind, locale) {
        (ActKind::Act, Locale::Ru) => format!("Акт № {} {what} персональных данных", act.number),
        (ActKind::Act, Locale::En) => format!("Record of {record} No. {}", act.number),
        (ActKind::Supplement { to }, Locale::Ru) => {
            format!("Дополнение № {} к акту № {to} {what} персональных данных", act.number)
        }
        (ActKind::Supplement { to }, Locale::En) => {
            format!("Supplement No. {} to the record of {record} No. {to}", act.number)
        }
        (ActKind::Late { .. }, Locale::Ru) => {
            format!(
                "Акт № {} об уничтожении персональных данных, срок хранения которых истёк",
                act.number
            )
        }
        (ActKind::Late { .. }, Locale::En) => {
            format!("Record of erasure No. {} of data whose term of retention is over", act.number)
        }
    }
}

/// What stands at the foot of its pages.
pub(in crate::document) fn act_foot(act: &Act, locale: Locale) -> String {
    match (&act.kind, locale) {
        (ActKind::Supplement { to }, Locale::Ru) => {
            format!("Дополнение № {} к акту № {to}, обращение {}", act.number, act.ticket)
        }
        (ActKind::Supplement { to }, Locale::En) => {
            format!("Supplement No. {} to record No. {to}, matter {}", act.number, act.ticket)
        }
        (ActKind::Act | ActKind::Late { .. }, Locale::Ru) => {
            format!("Акт № {}, обращение {}", act.number, act.ticket)
        }
        (ActKind::Act | ActKind::Late { .. }, Locale::En) => {
            format!("Record of erasure No. {}, matter {}", act.number, act.ticket)
        }
    }
}

/// What stands above the table of records.
pub(in crate::document) fn parts_heading(kind: &ActKind, locale: Locale) -> &'static str {
    match kind {
        ActKind::Act => {
            said("Что уничтожено и что сохранено", "What was erased and what is kept", locale)
        }
        ActKind::Supplement { .. } => said(
            "Что уничтожено после составления акта",
            "What was erased after the record was drawn up",
            locale,
        ),
        ActKind::Late { .. } => said(
            "Что уничтожено по истечении срока хранения",
            "What was erased when its term of retention was over",
            locale,
        ),
    }
}

/// What was asked again, what is still there, and what an act follows: paragraphs.
pub(in crate::document) fn standing(act: &Act, zone: &TimeZone, locale: Locale) -> Vec<String> {
    let instant = |at| wording::instant(at, zone, locale);
    let mut says = Vec::new();
    match &act.kind {
        ActKind::Late { after: Some(after) } => says.push(match locale {
            Locale::Ru => format!(
                "Данные были сохранены по закону при уничтожении, подтверждённом актом № {after}; срок их \
                 хранения истёк."
            ),
            Locale::En => format!(
                "A law kept these data when the others were erased (record No. {after}); their term is over."
            ),
        }),
        ActKind::Late { after: None } => says.push(
            said(
                "Данные были сохранены по закону при прежнем уничтожении; срок их хранения истёк.",
                "A law kept these data when the others were erased; their term is over.",
                locale,
            )
            .to_owned(),
        ),
        ActKind::Act | ActKind::Supplement { .. } => {}
    }
    if let Some(at) = act.asked_again_at.map(instant) {
        says.push(match locale {
            Locale::Ru => format!(
                "Повторная выборка {at} не нашла в базе и хранилище других записей о субъекте, кроме названных \
                 сохранёнными."
            ),
            Locale::En => format!(
                "A second query on {at} found no further records of the person in database and store than \
                 those named as kept."
            ),
        });
    }
    match (&act.kind, act.wiped_at.map(instant)) {
        (ActKind::Act, _) => says.push(waiting(act, locale)),
        (_, Some(at)) if act.server_keeps_log => says.push(match locale {
            Locale::Ru => format!(
                "Освобождённые в базе данных места очищены {at}. Прежние части журнала записи, которые \
                 хранит сам сервер базы данных, и архивы этого журнала исчезают по его настройкам: до того \
                 восстановление из них не исключено."
            ),
            Locale::En => format!(
                "The places freed in the database were cleared on {at}. Earlier parts of its log that the \
                 server of the database keeps, and archives of it, go by the settings of that server: until \
                 then a restoration from them is not excluded."
            ),
        }),
        (_, Some(at)) => says.push(match locale {
            Locale::Ru => format!(
                "Журнал записи базы данных и освобождённые в ней места очищены {at}. С этого времени \
                 восстановить уничтоженные данные средствами информационной системы нельзя."
            ),
            Locale::En => format!(
                "The log of the database and the places freed in it were cleared on {at}. Since then the \
                 erased data cannot be restored by means of the system."
            ),
        }),
        (_, None) => {}
    }
    says
}

/// What is still there when the act of a plan is drawn up.
fn waiting(act: &Act, locale: Locale) -> String {
    let answers = act.waiting().next().is_some();
    match (locale, answers) {
        (Locale::Ru, true) => {
            "На время составления акта остаются: адрес для ответа, который уничтожается после ответа \
             вместе с его текстом и ключом, и следы уничтоженных записей в журнале записи базы данных. Об их \
             уничтожении составляется дополнение к настоящему акту."
        }
        (Locale::Ru, false) => {
            "На время составления акта остаются следы уничтоженных записей в журнале записи базы данных. \
             Об их уничтожении составляется дополнение к настоящему акту."
        }
        (Locale::En, true) => {
            "When this record is drawn up there remain the address for the answer, which is erased after the \
             answer together with its text and key, and traces of erased records in the log of the database. \
             A supplement to this record tells of their erasure."
        }
        (Locale::En, false) => {
            "When this record is drawn up there remain traces of erased records in the log of the database. A \
             supplement to this record tells of their erasure."
        }
    }
    .to_owned()
}

/// What was done about exported files: their holders were told.
pub(in crate::document) fn holders_told(locale: Locale) -> &'static str {
    said("держателям поручено уничтожить", "their holders were told to destroy them", locale)
}

/// What somebody is who was told.
pub(in crate::document) fn informed_role(role: &str, locale: Locale) -> &'static str {
    let (ru, en) = match role {
        "system" => ("связанная система", "connected system"),
        "processor" => ("обработчик по поручению", "processor"),
        "authority" => ("государственный орган", "authority"),
        _ => ("получатель данных", "recipient"),
    };
    said(ru, en, locale)
}

/// What they answered.
pub(in crate::document) fn informed_answer(
    one: &ActInformed,
    zone: &TimeZone,
    locale: Locale,
) -> String {
    if let Some(at) = one.acknowledged_at {
        let at = wording::instant(at, zone, locale);
        return match locale {
            Locale::Ru => format!("подтвердил {at}"),
            Locale::En => format!("confirmed on {at}"),
        };
    }
    let (ru, en) = match one.state.as_str() {
        "moot" => ("данных не имел", "held no data"),
        "dropped" => {
            ("подтверждения нет, снято решением сотрудника", "no confirmation, dropped by a person")
        }
        "impossible" => ("известить невозможно", "telling was impossible"),
        _ => ("подтверждения нет", "no confirmation"),
    };
    said(ru, en, locale).to_owned()
}
