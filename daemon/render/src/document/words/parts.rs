//! Kinds of record and reasons for keeping, as acts call them: of the person, not to the person.

use domain::language::Locale;
use domain::plan::{Basis, Part};

use super::said;

/// A kind of record.
pub(in crate::document) fn part(word: &str, locale: Locale) -> String {
    let Some(part) = Part::from_name(word) else { return word.replace('_', " ") };
    let (ru, en) = match part {
        Part::Contact => {
            ("карточка контакта: имя, телефон и иные поля", "the contact: name, telephone, fields")
        }
        Part::Addresses => ("адреса электронной почты", "e-mail addresses"),
        Part::Subscriptions => ("подписки", "subscriptions"),
        Part::OptIns => ("неподтверждённые подписки", "unconfirmed subscriptions"),
        Part::Consents => ("сведения о согласиях", "records of consents"),
        Part::Tickets => ("связь обращений с человеком", "links of tickets to the person"),
        Part::Submissions => ("тексты обращений и записи форм", "texts of letters and forms"),
        Part::RawMail => ("исходные письма с вложениями", "original mails with attachments"),
        Part::ServerCopies => {
            ("копии писем на почтовом сервере", "copies of mails on the mail server")
        }
        Part::Letters => ("тексты отправленных писем", "texts of mails sent"),
        Part::Deliveries => ("сведения об отправке писем", "records of mails sent"),
        Part::Notes => ("записи сотрудников по обращениям", "notes of staff on requests"),
        Part::Packages => {
            ("копии данных, подготовленные для субъекта", "copies of data prepared for the person")
        }
        Part::Notices => (
            "сообщения связанным системам и получателям",
            "notices to connected systems and recipients",
        ),
        Part::Disclosures => {
            ("записи о передаче данных третьим лицам", "records of data passed to others")
        }
        Part::Blocks => ("записи о блокировании", "records of blocks"),
        Part::Stops => ("связь отказов от рассылки с человеком", "links of stops to the person"),
        Part::Tasks => ("задачи сотрудников", "tasks of staff"),
        Part::Exports => ("выгруженные файлы", "exported files"),
        Part::WebLogs => ("журналы веб-сервера", "web logs"),
        Part::Suppression => (
            "необратимый дайджест адреса в списке запрета рассылки",
            "an irreversible digest in the do-not-mail list",
        ),
        Part::ConsentProof => ("доказательство согласия", "the proof of consent"),
        Part::Act => ("акт и выгрузка из журнала", "the act and the log extract"),
        Part::ReplyAddress => ("адрес для отправки ответа", "the address for the answer"),
    };
    said(ru, en, locale).to_owned()
}

/// Why something is kept.
pub(in crate::document) fn kept(word: &str, locale: Locale) -> String {
    let Some(basis) = Basis::from_name(word) else { return word.replace('_', " ") };
    let (ru, en) = match basis {
        Basis::Statutory => ("хранение обязательно по закону", "a law obliges to keep it"),
        Basis::Suppression => (
            "чтобы не отправлять рассылку на этот адрес (38-ФЗ ст.\u{a0}18 ч.\u{a0}1)",
            "so that the address is not mailed again (GDPR art. 21(3), 38-FZ art. 18(1))",
        ),
        Basis::ProofOfConsent => (
            "чтобы доказать согласие (152-ФЗ ст.\u{a0}9 ч.\u{a0}3, ГК РФ ст.\u{a0}196)",
            "to prove the consent (GDPR art. 7(1), 152-FZ art. 9(3))",
        ),
        Basis::ProofOfDestruction => (
            "чтобы доказать уничтожение (152-ФЗ ст.\u{a0}21 ч.\u{a0}7, приказ Роскомнадзора №\u{a0}179, п.\u{a0}8)",
            "to prove the destruction (GDPR art. 5(2), 152-FZ art. 21(7))",
        ),
        Basis::Answer => {
            ("до отправки ответа, затем уничтожается", "until the answer has left, then destroyed")
        }
        Basis::NewMatter => ("человек начал новое обращение", "the person began a new matter"),
    };
    said(ru, en, locale).to_owned()
}
