//! What recipients read of an act and of a person, in their language.

use domain::{block::Field, disclosure::NoticeAct, language::Locale, webhook::Change};

/// The language in which a recipient is written to: that of its country.
pub(super) fn locale_of(country: &str) -> Locale {
    match country {
        "RU" | "BY" | "KZ" => Locale::Ru,
        _ => Locale::En,
    }
}

/// What was done here, which the recipient is to do as well; with its law.
pub(super) fn done(act: NoticeAct, locale: Locale) -> (&'static str, &'static str) {
    match (locale, act) {
        (Locale::Ru, NoticeAct::Correct) => (
            "персональные данные уточнены; внесите те же исправления у себя",
            "ч. 3 ст. 20, ч. 2 ст. 21 Федерального закона № 152-ФЗ",
        ),
        (Locale::Ru, NoticeAct::Destroy) => (
            "персональные данные уничтожаются; уничтожьте их у себя",
            "ч. 3 ст. 20, ч. 3–5 ст. 21 Федерального закона № 152-ФЗ",
        ),
        (Locale::Ru, NoticeAct::Block) => (
            "персональные данные заблокированы: обработка, кроме хранения, прекращена",
            "ч. 1 ст. 21 Федерального закона № 152-ФЗ",
        ),
        (Locale::Ru, NoticeAct::Unblock) => {
            ("блокирование персональных данных снято", "ч. 2 ст. 21 Федерального закона № 152-ФЗ")
        }
        (Locale::Ru, NoticeAct::Stop) => (
            "обработка персональных данных прекращена; прекратите её и у себя",
            "ч. 3 и 5.1 ст. 21 Федерального закона № 152-ФЗ",
        ),
        (Locale::En, NoticeAct::Correct) => (
            "the personal data were rectified; make the same corrections on your side",
            "GDPR art. 16 and 19; 152-FZ art. 20(3), 21(2)",
        ),
        (Locale::En, NoticeAct::Destroy) => (
            "the personal data are being erased; erase them on your side",
            "GDPR art. 17 and 19; 152-FZ art. 20(3), 21(3)–(5)",
        ),
        (Locale::En, NoticeAct::Block) => (
            "processing of the personal data is restricted to storage",
            "GDPR art. 18 and 19; 152-FZ art. 21(1)",
        ),
        (Locale::En, NoticeAct::Unblock) => (
            "the restriction of processing was lifted",
            "GDPR art. 18(3) and 19; 152-FZ art. 21(2)",
        ),
        (Locale::En, NoticeAct::Stop) => (
            "processing of the personal data was stopped; stop it on your side",
            "GDPR art. 19 and 21; 152-FZ art. 21(3), (5.1)",
        ),
    }
}

/// A value that was wrong, and what is right.
pub(super) fn corrected(change: &Change, locale: Locale) -> String {
    let field = match (Field::from_name(&change.field), locale) {
        (Some(Field::Name), Locale::Ru) => "имя",
        (Some(Field::Name), Locale::En) => "name",
        (Some(Field::Email), Locale::Ru) => "адрес электронной почты",
        (Some(Field::Email), Locale::En) => "e-mail address",
        (Some(Field::Phone), Locale::Ru) => "телефон",
        (Some(Field::Phone), Locale::En) => "telephone number",
        (None, _) => change.field.as_str(),
    };
    match (locale, change.old.is_empty(), change.new.is_empty()) {
        (Locale::Ru, false, false) => {
            format!("{field}: было «{}», правильно «{}»", change.old, change.new)
        }
        (Locale::Ru, true, _) => format!("{field}: правильно «{}»", change.new),
        (Locale::Ru, false, true) => format!("{field}: «{}» неверно, значение удалено", change.old),
        (Locale::En, false, false) => {
            format!("{field}: “{}” was wrong, “{}” is right", change.old, change.new)
        }
        (Locale::En, true, _) => format!("{field}: “{}” is right", change.new),
        (Locale::En, false, true) => {
            format!("{field}: “{}” was wrong, the value was removed", change.old)
        }
    }
}
