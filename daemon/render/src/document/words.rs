//! The words of documents in both languages: those of the order, not of the program.

use domain::act::Method;
use domain::language::Locale;
use domain::regime::RequestName;
use domain::request::{Outcome, Requester};

use crate::wording;

mod acts;
mod parts;

pub(super) use acts::{
    act_foot, act_title, holders_told, informed_answer, informed_role, parts_heading, standing,
};
pub(super) use parts::{kept, part};

fn said(ru: &'static str, en: &'static str, locale: Locale) -> &'static str {
    match locale {
        Locale::Ru => ru,
        Locale::En => en,
    }
}

/// What stands below the line for the signature, and below the one for the name.
pub(super) fn signature(locale: Locale) -> (&'static str, &'static str) {
    match locale {
        Locale::Ru => ("(подпись)", "(фамилия, имя, отчество)"),
        Locale::En => ("(signature)", "(full name)"),
    }
}

/// What stands below the line for the post.
pub(super) fn post(locale: Locale) -> &'static str {
    said("(должность)", "(post)", locale)
}

/// The number of a page.
pub(super) fn page_of(page: usize, pages: usize, locale: Locale) -> String {
    match locale {
        Locale::Ru => format!("Страница {page} из {pages}"),
        Locale::En => format!("Page {page} of {pages}"),
    }
}

/// A category of data.
pub(super) fn category(word: &str, locale: Locale) -> String {
    let (ru, en) = match word {
        "name" => ("фамилия, имя, отчество", "name"),
        "email" => ("адрес электронной почты", "e-mail address"),
        "phone" => ("номер телефона", "telephone number"),
        "attributes" => (
            "иные сведения карточки контакта (поля, метки, даты занятий)",
            "further details of the contact (fields, tags, course dates)",
        ),
        "subscriptions" => ("сведения о подписках", "subscriptions"),
        "notes" => ("записи сотрудников об обращениях", "notes of staff on requests"),
        "transfers" => ("сведения о передаче данных", "records of data passed on"),
        "consents" => ("сведения о согласиях", "records of consents"),
        "letters" => ("содержание обращений и переписки", "content of requests and correspondence"),
        "attachments" => ("файлы, приложенные к письмам", "files attached to mails"),
        "deliveries" => ("сведения об отправленных письмах", "records of mails sent"),
        "network" => (
            "сетевые адреса и сведения о программе просмотра",
            "network addresses and browser details",
        ),
        "health" => ("сведения о состоянии здоровья", "data concerning health"),
        "identity_paper" => ("реквизиты документов", "details of identity papers"),
        "other" => ("иные сведения", "other details"),
        word => return word.to_owned(),
    };
    said(ru, en, locale).to_owned()
}

/// How it was destroyed.
pub(super) fn method(method: Method, locale: Locale) -> &'static str {
    match method {
        Method::Destroy => said(
            "уничтожение средствами информационной системы: записи удалены, ключи шифрования писем и \
             вложений уничтожены",
            "destroyed by means of the system: records deleted, encryption keys of mails and attachments \
             destroyed",
            locale,
        ),
        Method::Anonymise => said(
            "обезличивание: сведения, по которым определяется человек, уничтожены, оставлены количества",
            "anonymised: what tells who it was is destroyed, counts remain",
            locale,
        ),
    }
}

/// Why it was destroyed.
pub(super) fn reason(word: &str, locale: Locale) -> String {
    match RequestName::from_name(word) {
        Some(name) => match locale {
            Locale::Ru => format!("обращение: {}", wording::request(name, locale)),
            Locale::En => format!("request: {}", wording::request(name, locale)),
        },
        None => word.to_owned(),
    }
}

/// What came of a request, for the register.
pub(super) fn outcome(outcome: Outcome, locale: Locale) -> &'static str {
    let (ru, en) = match outcome {
        Outcome::Done => ("исполнено", "done"),
        Outcome::PartlyKept => ("исполнено в части, остальное сохранено по закону", "done in part"),
        Outcome::Anonymised => ("данные обезличены", "anonymised"),
        Outcome::NothingHeld => ("данных не обнаружено", "nothing held"),
        Outcome::NotConfirmed => ("доводы не подтвердились", "not confirmed"),
        Outcome::Refused => ("отказано", "refused"),
        Outcome::Withdrawn => ("отозвано заявителем", "taken back"),
        Outcome::Misread => ("не содержало такого требования", "was no such request"),
        Outcome::Joined => ("присоединено к другому обращению", "joined to another request"),
    };
    said(ru, en, locale)
}

/// On whose behalf.
pub(super) fn requester(requester: Requester, locale: Locale) -> &'static str {
    match requester {
        Requester::Subject => said("субъект", "subject", locale),
        Requester::Representative => said("представитель", "representative", locale),
        Requester::Authority => said("орган", "authority", locale),
    }
}

/// What is owed, for the register.
pub(super) fn duty(word: &str, locale: Locale) -> String {
    let (ru, en) = match word {
        "answer" => ("ответ", "answer"),
        "stop" | "stop_processing" => ("прекращение обработки", "stop"),
        "stop_marketing" => ("прекращение рассылки", "stop of advertising"),
        "stop_publication" => ("прекращение распространения", "stop of publication"),
        "destroy" => ("уничтожение", "destruction"),
        "decide" | "decision" => ("решение", "decision"),
        "correct" => ("уточнение", "correction"),
        "refusal" => ("мотивированный отказ", "refusal"),
        "notify_authority" | "notify" => ("уведомление", "notice"),
        "report" => ("отчёт", "report"),
        "look" => ("рассмотрение", "look by a person"),
        word => return word.replace('_', " "),
    };
    said(ru, en, locale).to_owned()
}
