//! Whether a mail inside the mail is what the sender asks: passed on with few words or none.
//!
//! "см. ниже" above a customer's letter makes that letter the request; our own newsletter below
//! nothing at all does not. Who wrote the inner mail decides, then what stands above it.

use domain::mail::ReadMail;

use super::lines::{Line, address};
use super::quotes::Inner;
use crate::OwnIdentity;

/// Most words above a mail that was passed on, if they only point at it.
const POINTING_WORDS: usize = 16;

/// Words that point at what stands below.
#[rustfmt::skip]
const POINTING: &[&str] = &[
    "ниже", "исполнени", "исполнить", "к сведению", "для информации", "для сведения", "пересыл",
    "переслал", "перенаправл", "передаю", "в работу", "рассмотре", "рассмотрите", "обработ",
    "разберит", "разобрат", "вам письмо", "вложени", "во вложен", "fyi", "f.y.i", "below",
    "forward", "passing on", "please handle", "please process", "please action", "please see",
    "for your action", "for your information", "for information", "got this", "received this",
    "siehe unten", "s.u.", "s. u.", "weiterleit", "zur kenntnis", "zur info", "z.k", "bearbeit",
    "erledig", "ci-dessous", "pour info", "transfère", "transmets", "ver abajo", "más abajo",
    "reenvío", "adjunto", "vedi sotto", "qui sotto", "inoltro", "zie onder", "hieronder",
    "ter info", "doorsturen", "poniżej", "przekazuj", "przesyłam", "do wiadomości", "нижче",
    "пересила", "до відома", "ніжэй", "төменде", "viz níže", "přeposíl", "na vědomí", "abaixo",
    "encaminho", "segue", "aşağıda", "iletiyorum", "bilginize", "nedanför", "nedenfor",
    "alla oleva",
];

/// Words by which the lines above say something themselves: a wish, a refusal.
#[rustfmt::skip]
const SAYING: &[&str] = &[
    "удал", "отпис", "отпиш", "исключ", "не надо", "не нужн", "не интерес", "снимите", "прекрат",
    "хватит", "стоп", "отзыва", "не присыл", "не шлите", "unsubscribe",
    "remove", "delete", "stop", "no longer", "not interested", "lösch", "abmeld",
    "kein interesse", "supprim", "désabonn", "désinscri", "elimin", "borr", "baja", "cancell",
    "verwijder", "usuń", "usun", "wypis", "видал", "відпис", "smaž", "odhlas",
];

/// Beginnings of greetings, which say nothing.
#[rustfmt::skip]
const GREETINGS: &[&str] = &[
    "здравствуйте", "добрый", "доброе", "доброго", "привет", "коллеги", "уважаем", "hi", "hello",
    "dear", "hallo", "guten", "liebe", "sehr geehrte", "bonjour", "hola", "buenos", "ciao",
    "buon", "dzień", "dobrý", "вітаю", "добрий", "дзень", "merhaba", "olá", "bom dia", "beste",
    "geachte", "salut", "moin", "colleagues", "team",
];

/// Whether the inner mail is what is asked. `above` are the sender's own lines without signature.
pub(super) fn is_passed_on(
    mail: &ReadMail,
    own: &OwnIdentity,
    inner: &Inner<'_>,
    above: &[&str],
) -> bool {
    if inner.author.is_some_and(|author| own.is_own(author)) {
        return false;
    }
    let note = Note::read(above);
    if note.is_long() {
        return false;
    }
    if note.words == 0 {
        // An answer without a word quotes us; who sends their own letter again means it.
        return inner.forwarded
            || subject_forwards(&mail.subject)
            || is_by_sender(mail, inner)
            || !subject_answers(&mail.subject) && inner.author.is_some();
    }
    if note.says(SAYING) {
        return false;
    }
    inner.forwarded
        || subject_forwards(&mail.subject)
        || note.says(POINTING) && inner.author.is_some()
}

/// Whether an inner mail that is not itself what is asked may still hold a request: a forward
/// below a long note or a wish, or the sender's own earlier letter below a short reminder.
/// `lines` are its lines, by which our own mail is known where no author is told.
pub(super) fn is_worth_a_look(
    mail: &ReadMail,
    own: &OwnIdentity,
    inner: &Inner<'_>,
    above: &[&str],
    lines: &[Line<'_>],
) -> bool {
    let ours = match inner.author {
        Some(author) => own.is_own(author),
        None => lines.iter().any(|line| names_us(line, own)),
    };
    if ours {
        return false;
    }
    let note = Note::read(above);
    inner.forwarded
        || subject_forwards(&mail.subject)
        || is_by_sender(mail, inner) && !note.is_long()
        || inner.author.is_some() && note.says(POINTING)
}

fn names_us(line: &Line<'_>, own: &OwnIdentity) -> bool {
    if line.addressed && address(line.text).is_some_and(|found| own.is_own(found)) {
        return true;
    }
    let lower = crate::words::lower(line.text);
    own.domains.iter().any(|domain| !domain.is_empty() && lower.contains(domain.as_str()))
}

fn is_by_sender(mail: &ReadMail, inner: &Inner<'_>) -> bool {
    let from = mail.requester().map(|from| from.address.as_str());
    from.zip(inner.author).is_some_and(|(from, author)| from.eq_ignore_ascii_case(author))
}

/// What the sender wrote above, without greetings and in lower case.
struct Note {
    lines: Vec<String>,
    words: usize,
    all: usize,
}

impl Note {
    /// Only so much is looked at; more is long anyway.
    const LINES: usize = 12;

    fn read(above: &[&str]) -> Self {
        let lines: Vec<String> = above
            .iter()
            .take(Self::LINES)
            .map(|line| crate::words::lower(crate::words::cut(line, 400).trim()))
            .filter(|line| !is_greeting(line))
            .collect();
        let words = lines.iter().map(|line| line.split_whitespace().count()).sum();
        Self { lines, words, all: above.len() }
    }

    fn is_long(&self) -> bool {
        self.all > Self::LINES || self.words > POINTING_WORDS
    }

    fn says(&self, list: &[&str]) -> bool {
        self.lines.iter().any(|line| list.iter().any(|word| line.contains(word)))
    }
}

pub(super) fn is_greeting(lower: &str) -> bool {
    lower.split_whitespace().count() <= 4
        && GREETINGS.iter().any(|greeting| lower.starts_with(greeting))
}

pub(super) fn subject_forwards(subject: &str) -> bool {
    begins(
        subject,
        &[
            "fwd",
            "fw",
            "wg",
            "пересл",
            "пер",
            "tr",
            "rv",
            "enc",
            "i",
            "doorst",
            "pd",
            "vs",
            "vb",
            "vl",
            "ilet",
            "вп",
            "переслано",
        ],
    )
}

fn subject_answers(subject: &str) -> bool {
    begins(
        subject,
        &[
            "re",
            "aw",
            "ha",
            "на",
            "отв",
            "ответ",
            "sv",
            "odp",
            "r",
            "res",
            "antw",
            "вд",
            "ynt",
            "réf",
            "rif",
        ],
    )
}

fn begins(subject: &str, prefixes: &[&str]) -> bool {
    let Some((head, _)) = subject.split_once(':') else { return false };
    let head = head.split('[').next().unwrap_or(head).trim();
    head.len() <= 24 && prefixes.contains(&crate::words::lower(head).as_str())
}
