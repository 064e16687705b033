//! What stands before each part of a proof, in the languages we write.

use domain::language::Locale;

/// The titles in one language.
pub(super) struct Titles {
    pub(super) proof: &'static str,
    pub(super) made_by: &'static str,
    pub(super) responsible: &'static str,
    pub(super) made_at: &'static str,
    pub(super) taken_by: &'static str,
    pub(super) address: &'static str,
    pub(super) contact: &'static str,
    pub(super) events: &'static str,
    pub(super) captured: &'static str,
    pub(super) text_number: &'static str,
    pub(super) policy_number: &'static str,
    pub(super) by: &'static str,
    pub(super) evidence: &'static str,
    pub(super) subscriptions: &'static str,
    pub(super) rests_on: &'static str,
    pub(super) mails: &'static str,
    pub(super) text: &'static str,
    pub(super) policy: &'static str,
    pub(super) version: &'static str,
    pub(super) audit: &'static str,
    pub(super) sealed: &'static str,
    pub(super) not_sealed: &'static str,
    pub(super) check: &'static str,
}

impl Titles {
    pub(super) fn of(locale: Locale) -> &'static Self {
        match locale {
            Locale::Ru => &RUSSIAN,
            Locale::En => &ENGLISH,
        }
    }
}

const ENGLISH: Titles = Titles {
    proof: "PROOF OF CONSENT",
    made_by: "Made by",
    responsible: "Person responsible",
    made_at: "Made at",
    taken_by: "Taken by",
    address: "Address",
    contact: "Contact number",
    events: "EVENTS, oldest first",
    captured: "captured at",
    text_number: "consent text",
    policy_number: "policy",
    by: "written down by",
    evidence: "evidence",
    subscriptions: "SUBSCRIPTIONS as they stand",
    rests_on: "rests on event",
    mails: "MAILS that brought a consent or rested on one",
    text: "CONSENT TEXT",
    policy: "POLICY",
    version: "version",
    audit: "AUDIT LOG about these events",
    sealed: "sealed in batch",
    not_sealed: "not sealed yet",
    check: "Check the signed file: `consentry consent check FILE --key PUBLIC`, or openssl and sha256sum.",
};

const RUSSIAN: Titles = Titles {
    proof: "ПОДТВЕРЖДЕНИЕ СОГЛАСИЯ",
    made_by: "Составлено",
    responsible: "Ответственный",
    made_at: "Дата составления",
    taken_by: "Получил",
    address: "Адрес",
    contact: "Номер контакта",
    events: "СОБЫТИЯ, от старых к новым",
    captured: "где получено",
    text_number: "текст согласия",
    policy_number: "политика",
    by: "кем записано",
    evidence: "свидетельства",
    subscriptions: "ПОДПИСКИ на момент составления",
    rests_on: "основание: событие",
    mails: "ПИСЬМА, которыми получено согласие или которые на нём основаны",
    text: "ТЕКСТ СОГЛАСИЯ",
    policy: "ПОЛИТИКА",
    version: "версия",
    audit: "ЖУРНАЛ об этих событиях",
    sealed: "запечатано в пакете",
    not_sealed: "ещё не запечатано",
    check: "Проверка подписанного файла: `consentry consent check ФАЙЛ --key КЛЮЧ` или openssl и sha256sum.",
};
