//! The letters of a case: a matter as it really goes, with all that a letter of its kind may say.

use domain::language::Locale;
use domain::regime::RequestName;
use domain::request::Outcome;
use jiff::civil::date;
use render::mail::{CaseLetter, KeptItem};
use render::{MailName, wording};

use crate::letters::{POLICY, contact, moment, organisation};
use crate::said;

/// What `cases` always fills in.
pub(crate) fn sparse(locale: Locale) -> CaseLetter {
    CaseLetter {
        ticket_number: "CT-7H2K9MXQ".to_owned(),
        organisation: organisation(locale),
        contact: contact(locale),
        policy_url: POLICY.to_owned(),
        ..CaseLetter::default()
    }
}

fn matter(request: RequestName, locale: Locale) -> CaseLetter {
    CaseLetter {
        request: wording::request(request, locale).to_owned(),
        received_at: moment("2026-11-22T14:57:00Z", locale),
        ..sparse(locale)
    }
}

fn day(day: i8, locale: Locale) -> String {
    wording::date(date(2026, 12, day), locale)
}

fn kept(what: &str, why: &str, until: bool, locale: Locale) -> KeptItem {
    let until = if until { wording::date(date(2029, 12, 16), locale) } else { String::new() };
    let (what, why) = (wording::part(what, locale), wording::kept(why, locale));
    KeptItem { what: what.to_owned(), why: why.to_owned(), until }
}

fn parts(names: &[&str], locale: Locale) -> Vec<String> {
    names.iter().map(|name| wording::part(name, locale).to_owned()).collect()
}

/// A letter with all that may stand in one of its kind.
#[expect(clippy::too_many_lines, reason = "one case a letter")]
pub(crate) fn rich(name: MailName, locale: Locale) -> CaseLetter {
    let remedies = || {
        let mut all = wording::remedies("ru-152fz", locale);
        all.extend(wording::remedies("eu-gdpr", locale));
        all
    };
    let person = || said("Белова Анна Петровна", "Anna Belova", locale);
    let shop = || vec![said("интернет-магазин", "the shop", locale)];
    let url = |path: &str| {
        format!("https://hello.clinic.example/{path}/4f7c2k9wq3mzr8t6v1xa5hbn0d4f7c2k")
    };
    let clause = |ru: &str, en: &str| said(ru, en, locale);
    let decided =
        |letter: CaseLetter| CaseLetter { decided_by: person(), remedies: remedies(), ..letter };
    let reasons = |ru: &str, en: &str| {
        said(ru, en, locale).split('\n').map(str::to_owned).collect::<Vec<_>>()
    };
    match name {
        MailName::Challenge => CaseLetter {
            url: url("c"),
            code: "4T8V2ZC6RN".to_owned(),
            code_url: format!("https://hello.clinic.example/{}/challenge", locale.code()),
            until: moment("2026-11-29T14:57:00Z", locale),
            ..matter(RequestName::Erasure, locale)
        },
        MailName::Missing => CaseLetter {
            missing: reasons(
                "номер и дату договора или другое подтверждение того, что мы обрабатываем ваши данные\n\
                 с какого адреса электронной почты вы нам писали раньше",
                "number and date of the contract, or another proof that we process your data\n\
                 the e-mail address from which you wrote to us before",
            ),
            clause: clause("152-ФЗ ст. 14 ч. 3", "152-FZ art. 14(3)"),
            until: day(18, locale),
            ..matter(RequestName::Access, locale)
        },
        MailName::Extension => decided(CaseLetter {
            until: day(11, locale),
            reasons: reasons(
                "Сведения о вас есть в двух системах, и одна из них, архив записей за прошлые годы, отвечает только раз в неделю: дождаться её ответа в обычный срок нельзя.",
                "Two systems hold data about you, and one of them, the archive of earlier years, answers once a week: its answer cannot come within the usual time.",
            ),
            clause: clause("152-ФЗ ст. 20 ч. 1", "152-FZ art. 20(1)"),
            ..matter(RequestName::Access, locale)
        }),
        MailName::Refusal => decided(CaseLetter {
            clause: clause("152-ФЗ ст. 14 ч. 4", "152-FZ art. 14(4)"),
            reasons: reasons(
                "Вы запросили сведения 12 ноября 2026 г., и 20 ноября мы на этот запрос ответили. Повторный запрос возможен через 30 дней после первого.\n\
                 Прошлый ответ содержал все сведения, которые перечислены в законе.",
                "You asked on 12 November 2026 and we answered on 20 November. The same may be asked again after 30 days.\n\
                 The earlier answer had all that the law lists.",
            ),
            ..matter(RequestName::Access, locale)
        }),
        MailName::AnswerDestroyed => decided(CaseLetter {
            done: parts(
                &["contact", "addresses", "subscriptions", "raw_mail", "deliveries"],
                locale,
            ),
            kept: vec![
                kept("consent_proof", "consent_proof", true, locale),
                kept("suppression", "suppression", false, locale),
                kept("act", "act", true, locale),
            ],
            told: shop(),
            act: format!("A-2026-000017, {}", day(16, locale)),
            ..matter(RequestName::Erasure, locale)
        }),
        MailName::AnswerAccess => CaseLetter {
            url: url("p"),
            until: moment("2026-12-23T09:00:00Z", locale),
            remedies: remedies(),
            ..matter(RequestName::Access, locale)
        },
        MailName::AnswerCorrected => decided(CaseLetter {
            done: reasons("телефон\nфамилия", "telephone number\nfamily name"),
            told: shop(),
            complete: true,
            ..matter(RequestName::Rectification, locale)
        }),
        MailName::AnswerRestricted => decided(CaseLetter {
            done: reasons("рассылки и анализ обращений", "newsletters and statistics"),
            until: day(18, locale),
            told: shop(),
            block_stands: true,
            told_before_lifting: true,
            ..matter(RequestName::Restriction, locale)
        }),
        MailName::AnswerStopped => decided(CaseLetter {
            done: reasons(
                "рассылка новостей\nрассылка партнёров",
                "the newsletter\nmail of partners",
            ),
            kept: vec![KeptItem {
                what: clause(
                    "исполнение договора об оказании услуг",
                    "the contract on our services",
                ),
                why: clause("152-ФЗ ст. 6 ч. 1 п. 5", "152-FZ art. 6(1)(5)"),
                until: String::new(),
            }],
            until: day(22, locale),
            told: shop(),
            ..matter(RequestName::ConsentWithdrawal, locale)
        }),
        MailName::AnswerLawfulness => decided(CaseLetter {
            reasons: reasons(
                "Ваш номер телефона попал в список для обзвона без согласия.",
                "Your telephone number came into a calling list without consent.",
            ),
            clause: clause("152-ФЗ ст. 21 ч. 3", "152-FZ art. 21(3)"),
            done: reasons(
                "обработка прекращена\nномер уничтожен",
                "processing was stopped\nthe number was destroyed",
            ),
            told: shop(),
            act: format!("A-2026-000017, {}", day(16, locale)),
            ..matter(RequestName::UnlawfulProcessing, locale)
        }),
        MailName::AnswerUnpublished => decided(CaseLetter {
            done: reasons(
                "отзыв от 3 марта 2026 г. и подпись под ним",
                "the review of 3 March 2026 with its signature",
            ),
            told: vec![said("сайт", "the site", locale)],
            complete: true,
            ..matter(RequestName::StopPublication, locale)
        }),
        MailName::Reply => CaseLetter {
            reasons: reasons(
                "Вы спросили, как долго мы храним обращения. Обращение и переписку по нему мы храним год после ответа, а затем уничтожаем.\n\
                 Порядок описан в пункте 5.2 политики.",
                "You asked how long we keep requests. A request and its letters are kept for a year after the answer, then they are destroyed.\n\
                 Clause 5.2 of the policy says so.",
            ),
            decided_by: person(),
            ..sparse(locale)
        },
        MailName::UnblockNotice => decided(CaseLetter {
            until: moment("2026-12-18T09:00:00Z", locale),
            reasons: reasons(
                "Проверка окончена: сведения точны.",
                "The check is over: the data are accurate.",
            ),
            done: reasons("рассылки и анализ обращений", "newsletters and statistics"),
            clause: clause("152-ФЗ ст. 21 ч. 2", "GDPR art. 18(3)"),
            ..matter(RequestName::Restriction, locale)
        }),
        MailName::Disowned => CaseLetter {
            block_lifted: true,
            block_stands: true,
            ..matter(RequestName::Erasure, locale)
        },
        MailName::TakenBack => {
            CaseLetter { block_stands: true, ..matter(RequestName::Erasure, locale) }
        }
        MailName::RepresentativeProof => CaseLetter {
            missing: reasons(
                "доверенность\nдокумент, который удостоверяет вашу личность",
                "the power of attorney\na paper that says who you are",
            ),
            clause: clause("152-ФЗ ст. 14 ч. 3", "152-FZ art. 14(3)"),
            until: day(18, locale),
            ..matter(RequestName::Access, locale)
        },
        MailName::RepresentativeCopy => CaseLetter {
            until: wording::date(date(2027, 11, 22), locale),
            url: url("c"),
            ..matter(RequestName::Access, locale)
        },
        MailName::RepresentativeAnswer => CaseLetter {
            done: vec![wording::became(RequestName::Access, Outcome::Done, locale).to_owned()],
            ..matter(RequestName::Access, locale)
        },
        MailName::RecipientNotice => CaseLetter {
            request: wording::request(RequestName::Erasure, locale).to_owned(),
            person: vec![
                said("Петрова Мария", "Maria Petrova", locale),
                "maria@person.example".to_owned(),
            ],
            done: reasons(
                "персональные данные уничтожаются; уничтожьте их у себя",
                "the personal data are being erased; erase them on your side",
            ),
            clause: clause(
                "ч. 3 ст. 20, ч. 3–5 ст. 21 Федерального закона № 152-ФЗ",
                "GDPR art. 17 and 19; 152-FZ art. 20(3), 21(3)–(5)",
            ),
            ..sparse(locale)
        },
        MailName::Postponed => decided(CaseLetter {
            until: moment("2027-05-22T20:59:59Z", locale),
            reasons: reasons(
                "Часть данных лежит в резервных копиях, которые нельзя изменить; последняя из них истекает в мае.",
                "Some of the data are in backups that cannot be changed; the last of them ends in May.",
            ),
            clause: clause("152-ФЗ ст. 21 ч. 6", "152-FZ art. 21(6)"),
            ..matter(RequestName::Erasure, locale)
        }),
        MailName::BreachNotice => CaseLetter {
            reasons: reasons(
                "21 ноября 2026 г. письмо со списком участников занятия было отправлено не тем получателям.",
                "On 21 November 2026 a mail with the list of participants went to the wrong people.",
            ),
            data: reasons(
                "имя и фамилия\nадрес электронной почты",
                "your name\nyour e-mail address",
            ),
            consequences: reasons("вам могут писать незнакомые люди", "strangers may write to you"),
            done: reasons(
                "получатели удалили письмо и подтвердили это",
                "the recipients deleted the mail and said so",
            ),
            advice: reasons(
                "не открывайте ссылки в письмах от незнакомых людей",
                "do not open links in mails of strangers",
            ),
            told: reasons("Роскомнадзор", "Roskomnadzor"),
            clause: clause("GDPR ст. 34", "GDPR art. 34"),
            decided_by: person(),
            remedies: remedies(),
            ..sparse(locale)
        },
        _ => sparse(locale),
    }
}
