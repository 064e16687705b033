//! What a letter says of each kind of record, in the reader's language.

use domain::{
    language::Locale,
    plan::{Action, Basis, Part, Step},
};
use render::{mail::KeptItem, wording};

/// What was done to a part, as a clause; none for what concerns nobody but us.
pub(super) fn done(part: Part, action: Action, locale: Locale) -> Option<&'static str> {
    let (ru, en) = match (part, action) {
        (_, Action::Keep) => return None,
        (Part::Exports, _) => (
            "тем, у кого есть выгрузки с вашими данными, поручено их уничтожить",
            "those who hold exported files with your data were told to destroy them",
        ),
        (Part::Contact, Action::Anonymise) => (
            "имя и телефон (запись обезличена)",
            "your name and telephone number (the record is anonymous)",
        ),
        (Part::Contact, _) => ("имя, телефон, язык", "your name, telephone number, language"),
        (Part::Addresses, _) => ("адреса электронной почты", "your e-mail addresses"),
        (Part::Subscriptions, _) => ("подписки на рассылки", "your places on mailing lists"),
        (Part::OptIns, _) => {
            ("неподтверждённые заявки на рассылки", "unconfirmed wishes for mailing lists")
        }
        (Part::Consents, _) => {
            ("связь записей о согласиях с вами", "the link of consent records to you")
        }
        (Part::Submissions, _) => {
            ("тексты ваших писем и сообщений", "the texts of your letters and messages")
        }
        (Part::RawMail, _) => {
            ("письма целиком, с вложениями", "your mails as they came, with attachments")
        }
        (Part::ServerCopies, _) => ("копии писем в почтовом ящике", "the copies in the mailbox"),
        (Part::Letters, _) => ("тексты наших писем вам", "the texts of our letters to you"),
        (Part::Deliveries, _) => (
            "сведения о доставке писем на ваш адрес (обезличены)",
            "records of mail sent to you (made anonymous)",
        ),
        (Part::Packages, _) => {
            ("подготовленные для вас выгрузки данных", "packages of data made for you")
        }
        (Part::Disclosures, _) => {
            ("связь записей о передаче данных с вами", "the link of disclosure records to you")
        }
        (Part::Blocks, _) => {
            ("записи о блокировании (сняты)", "restrictions of processing (lifted)")
        }
        (
            Part::Tickets
            | Part::Notes
            | Part::Notices
            | Part::Stops
            | Part::Tasks
            | Part::WebLogs
            | Part::Suppression
            | Part::ConsentProof
            | Part::Act
            | Part::ReplyAddress,
            _,
        ) => return None,
    };
    Some(match locale {
        Locale::Ru => ru,
        Locale::En => en,
    })
}

/// What is kept, and why; none without a reason.
pub(super) fn kept(step: &Step, locale: Locale) -> Option<KeptItem> {
    let (ru, en) = match step.part {
        Part::Suppression => (
            "ключевой отпечаток адреса, из которого адрес не восстановить",
            "a keyed digest of your address, from which it cannot be restored",
        ),
        Part::ConsentProof => (
            "доказательство вашего согласия, под отдельным ключом",
            "the proof of your consent, under a key of its own",
        ),
        Part::Act => (
            "акт об уничтожении и выгрузка из журнала",
            "the act of destruction and the extract from the log",
        ),
        Part::ReplyAddress => (
            "адрес, на который отправлено это письмо: до его отправки",
            "the address to which this letter goes: until it has left",
        ),
        Part::Contact => ("имя и телефон", "your name and telephone number"),
        Part::Addresses => ("адреса электронной почты", "your e-mail addresses"),
        Part::Subscriptions => ("подписки на рассылки", "your places on mailing lists"),
        Part::OptIns => {
            ("неподтверждённые заявки на рассылки", "unconfirmed wishes for mailing lists")
        }
        Part::Consents => ("записи о согласиях", "records of consent"),
        Part::Tickets => ("номера и даты ваших обращений", "numbers and dates of your requests"),
        Part::Submissions => ("тексты ваших писем", "the texts of your letters"),
        Part::RawMail => ("письма целиком", "your mails as they came"),
        Part::ServerCopies => ("копии писем в почтовом ящике", "the copies in the mailbox"),
        Part::Letters => ("тексты наших писем", "the texts of our letters"),
        Part::Deliveries => ("сведения о доставке писем", "records of mail sent to you"),
        Part::Notes => ("записи сотрудников по обращениям", "notes of our staff on your requests"),
        Part::Packages => {
            ("подготовленные для вас выгрузки данных", "packages of data made for you")
        }
        Part::Notices => (
            "сообщения связанным системам и получателям",
            "notices to connected systems and recipients",
        ),
        Part::Disclosures => ("записи о передаче данных", "records of data passed on"),
        Part::Blocks => ("записи о блокировании", "restrictions of processing"),
        Part::Stops => ("записи об отказах от рассылок", "records of your stops"),
        Part::Tasks => ("задачи сотрудников", "tasks of our staff"),
        Part::Exports => ("выгруженные файлы", "exported files"),
        Part::WebLogs => ("журналы сайта", "logs of the site"),
    };
    let why = match (step.basis?, locale) {
        (Basis::Statutory, Locale::Ru) => "этого требует закон",
        (Basis::Statutory, Locale::En) => "the law orders it",
        (Basis::Suppression, Locale::Ru) => "чтобы вам больше не писали",
        (Basis::Suppression, Locale::En) => "so that you are not mailed again",
        (Basis::ProofOfConsent, Locale::Ru) => "обязанность доказать согласие",
        (Basis::ProofOfConsent, Locale::En) => "the duty to prove consent",
        (Basis::ProofOfDestruction, Locale::Ru) => "обязанность доказать уничтожение",
        (Basis::ProofOfDestruction, Locale::En) => "the duty to prove the destruction",
        (Basis::Answer, Locale::Ru) => "чтобы ответить вам",
        (Basis::Answer, Locale::En) => "to answer you",
        (Basis::NewMatter, Locale::Ru) => "вы начали новое обращение",
        (Basis::NewMatter, Locale::En) => "you have begun a new matter",
    };
    let what = match locale {
        Locale::Ru => ru,
        Locale::En => en,
    };
    let why = format!("{why} ({})", wording::law(&step.law, locale));
    let until = step.until.map(|day| wording::date(day, locale)).unwrap_or_default();
    Some(KeptItem { what: what.to_owned(), why, until })
}

/// Where the data had been erased before this request.
pub(super) fn erased_before(locale: Locale) -> &'static str {
    match locale {
        Locale::Ru => {
            "Ваши данные были уничтожены раньше, по прежнему обращению; сейчас уничтожена переписка \
             об этом обращении."
        }
        Locale::En => {
            "Your data had been destroyed before, at an earlier request; now the correspondence \
             about this one is destroyed."
        }
    }
}

/// The lease under which a plan is carried out.
pub(super) fn lease(plan: domain::ids::PlanId) -> String {
    format!("plan/{plan}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn whatever_is_kept_and_why_has_words_of_its_own() {
        for locale in [Locale::Ru, Locale::En] {
            let step = |part, basis| Step {
                part,
                action: Action::Keep,
                found: 1,
                basis: Some(basis),
                law: "152-FZ art. 21".to_owned(),
                until: None,
            };
            let item = |part, basis| kept(&step(part, basis), locale).expect("words");
            let what: BTreeSet<_> =
                Part::ALL.iter().map(|part| item(*part, Basis::Statutory).what).collect();
            assert_eq!(what.len(), Part::ALL.len(), "{what:?}");
            let why: BTreeSet<_> =
                Basis::ALL.iter().map(|basis| item(Part::Contact, *basis).why).collect();
            assert_eq!(why.len(), Basis::ALL.len(), "{why:?}");
        }
    }

    #[test]
    fn what_concerns_the_person_is_said_when_it_is_gone() {
        for part in Part::ALL.iter().filter(|part| part.is_more_than_correspondence()) {
            for locale in [Locale::Ru, Locale::En] {
                assert!(done(*part, Action::Destroy, locale).is_some(), "{part:?}");
                assert!(done(*part, Action::Keep, locale).is_none(), "{part:?}");
            }
        }
    }
}
