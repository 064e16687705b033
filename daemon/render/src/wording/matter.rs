//! Clauses for answers: what kind of record was destroyed, why one is kept, to whom one can turn.
//!
//! The words of plans (`raw_mail`, `legal_hold` …) are those of the tables; a word that is not
//! known reads as something general, so that an answer never shows a word of the program.

use domain::language::Locale;

/// A kind of record in a plan, as a line of a list: "письма, которые вы нам писали".
#[must_use]
pub fn part(part: &str, locale: Locale) -> &'static str {
    let (ru, en) = match part {
        "contact" => {
            ("имя, телефон и другие сведения о вас", "your name, telephone and other details")
        }
        "address" | "addresses" => ("адреса электронной почты", "e-mail addresses"),
        "opt_ins" => {
            ("неподтверждённые заявки на рассылки", "unconfirmed wishes for mailing lists")
        }
        "subscriptions" => ("подписки и метки", "subscriptions and tags"),
        "consents" | "consent_events" => {
            ("сведения о данных вами согласиях", "records of the consents you gave")
        }
        "consent_proof" => {
            ("доказательство данных вами согласий", "the proof of the consents you gave")
        }
        "letters" => ("тексты наших писем вам", "the texts of our letters to you"),
        "notes" => ("записи сотрудников по обращениям", "notes of our staff on your requests"),
        "notices" => (
            "сообщения о вас связанным системам и получателям",
            "notices about you to connected systems and recipients",
        ),
        "blocks" => ("записи о блокировании", "records of blocks"),
        "stops" => ("связь ваших отказов от рассылок с вами", "the link of your stops to you"),
        "tasks" => ("задачи сотрудников о вас", "tasks of our staff about you"),
        "reply_address" => (
            "адрес, на который отправлен ответ, до его отправки",
            "the address of the answer, until it has left",
        ),
        "tickets" => {
            ("тексты обращений и записи по ним", "texts of your requests and notes on them")
        }
        "submissions" => ("содержание обращений", "content of what you sent us"),
        "forms" => ("записи форм на сайте", "entries of forms on the site"),
        "raw_mail" | "messages" => {
            ("исходные письма с вложениями", "original mails with attachments")
        }
        "attachments" => ("вложения", "attachments"),
        "mailbox" | "mailbox_copy" | "server_copies" => {
            ("копии писем в почтовом ящике", "copies of mails in the mailbox")
        }
        "deliveries" => ("письма, которые мы вам отправили", "mails that we sent to you"),
        "feedback" => ("сведения о доставке писем", "records of how mails were delivered"),
        "web_logs" | "web_evidence" => (
            "сетевые адреса и сведения о программе просмотра",
            "network addresses and details of the browser",
        ),
        "exports" => ("выгруженные файлы с вашими данными", "exported files with your data"),
        "packages" => ("подготовленные для вас копии данных", "copies of data prepared for you"),
        "corrections" | "rectifications" => ("записи об исправлениях", "records of corrections"),
        "disclosures" => {
            ("записи о передаче данных третьим лицам", "records of data passed to others")
        }
        "suppression" => (
            "необратимый отпечаток адреса в списке «не писать»",
            "an irreversible digest of the address in the do-not-mail list",
        ),
        "audit" => (
            "журнал действий (номера и отпечатки, без имён и адресов)",
            "the log of actions (numbers and digests, no names or addresses)",
        ),
        "act" | "acts" => (
            "акт об уничтожении и выгрузка из журнала",
            "the act of destruction and the log extract",
        ),
        "connected" | "connected_systems" | "systems" => {
            ("данные в связанных системах", "data in connected systems")
        }
        "recipients" | "third_parties" => ("данные у получателей", "data held by recipients"),
        "keys" | "key" | "vault_key" => (
            "ключи шифрования, без которых резервные копии не прочесть",
            "the encryption keys without which backups cannot be read",
        ),
        "accounting" => ("первичные учётные документы", "accounting records"),
        "contract" => ("документы по договору", "contract records"),
        "outpatient_card" => ("медицинская карта", "the outpatient record"),
        _ => ("другие записи о вас", "other records about you"),
    };
    said(ru, en, locale)
}

/// Why something is kept, with its law: "чтобы доказать согласие (152-ФЗ ст.\u{a0}9 ч.\u{a0}3)".
#[must_use]
pub fn kept(basis: &str, locale: Locale) -> &'static str {
    let (ru, en) = match basis {
        "legal_hold" => (
            "этого требует запрос государственного органа",
            "a request of a public authority demands it",
        ),
        "consent_proof" | "proof_of_consent" => (
            "чтобы доказать, что согласие было дано (152-ФЗ ст.\u{a0}9 ч.\u{a0}3, ГК РФ ст.\u{a0}196)",
            "to prove that the consent was given (152-FZ art. 9(3), GDPR art. 7(1))",
        ),
        "suppression" | "suppression_digest" => (
            "чтобы больше не писать на этот адрес (38-ФЗ ст.\u{a0}18 ч.\u{a0}1)",
            "so that this address is never mailed again (GDPR art. 21(3), 38-FZ art. 18(1))",
        ),
        "answer" => ("чтобы отправить вам ответ", "so that the answer can be sent to you"),
        "new_matter" => ("вы начали новое обращение", "you have begun a new matter"),
        "act" | "proof_of_destruction" => (
            "чтобы доказать уничтожение (152-ФЗ ст.\u{a0}21 ч.\u{a0}7, приказ Роскомнадзора от 28.10.2022 №\u{a0}179)",
            "to prove the destruction (152-FZ art. 21(7), GDPR art. 5(2))",
        ),
        "statutory" | "statutory_retention" => {
            ("закон обязывает хранить эти записи", "a law obliges us to keep these records")
        }
        "accounting" => ("бухгалтерский учёт (402-ФЗ ст.\u{a0}29)", "accounting (402-FZ art. 29)"),
        "contract" => (
            "требования по договору (ГК РФ ст.\u{a0}196)",
            "claims under the contract (Civil Code art. 196)",
        ),
        "outpatient_card" => (
            "срок хранения медицинской карты (323-ФЗ)",
            "the retention period of medical records (323-FZ)",
        ),
        "audit" => (
            "учёт действий с персональными данными (152-ФЗ ст.\u{a0}19 ч.\u{a0}2 п.\u{a0}8)",
            "the account of actions with personal data (152-FZ art. 19(2)(8), GDPR art. 5(2))",
        ),
        "shared" | "shared_address" | "others" => {
            ("это также данные другого человека", "these are the data of another person, too")
        }
        _ => ("основание названо в решении", "the ground is named in the decision"),
    };
    said(ru, en, locale)
}

/// To whom one can turn under a regime, each a line of a list after "вы вправе обратиться".
#[must_use]
pub fn remedies(regime: &str, locale: Locale) -> Vec<String> {
    let lines: &[(&str, &str)] = match regime {
        "ru-152fz" => &[
            ("в Роскомнадзор (152-ФЗ ст.\u{a0}17 ч.\u{a0}1)", "Roskomnadzor (152-FZ art. 17(1))"),
            (
                "в суд, в том числе за возмещением убытков и морального вреда (152-ФЗ ст.\u{a0}17)",
                "a court, also for damages (152-FZ art. 17)",
            ),
        ],
        "eu-gdpr" => &[
            (
                "в надзорный орган по защите данных по месту жительства, работы или нарушения (GDPR ст.\u{a0}77)",
                "the data protection authority where you live, work or where the infringement happened (GDPR art. 77)",
            ),
            ("в суд (GDPR ст.\u{a0}79)", "a court (GDPR art. 79)"),
        ],
        _ => &[("в надзорный орган или в суд", "the supervisory authority or a court")],
    };
    lines.iter().map(|(ru, en)| said(ru, en, locale).to_owned()).collect()
}

fn said(ru: &'static str, en: &'static str, locale: Locale) -> &'static str {
    match locale {
        Locale::Ru => ru,
        Locale::En => en,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use domain::plan::{Basis, Part};

    use super::*;

    #[test]
    fn what_is_not_known_shows_no_word_of_the_program() {
        assert_eq!(part("no_such_part", Locale::Ru), "другие записи о вас");
        assert!(!kept("no_such_basis", Locale::En).contains('_'));
        assert_eq!(remedies("xx", Locale::En).len(), 1);
    }

    #[test]
    fn every_part_and_basis_of_a_plan_has_words_of_its_own() {
        for locale in [Locale::Ru, Locale::En] {
            let parts: BTreeSet<_> = Part::ALL.iter().map(|one| part(one.name(), locale)).collect();
            assert_eq!(parts.len(), Part::ALL.len(), "{parts:?}");
            let bases: BTreeSet<_> =
                Basis::ALL.iter().map(|one| kept(one.name(), locale)).collect();
            assert_eq!(bases.len(), Basis::ALL.len(), "{bases:?}");
            assert!(!parts.contains(part("no_such_part", locale)));
            assert!(!bases.contains(kept("no_such_basis", locale)));
        }
    }

    #[test]
    fn every_regime_names_an_authority_and_a_court() {
        for regime in ["ru-152fz", "eu-gdpr"] {
            assert!(remedies(regime, Locale::Ru).iter().any(|line| line.contains("суд")));
            assert_eq!(remedies(regime, Locale::En).len(), 2);
        }
    }
}
