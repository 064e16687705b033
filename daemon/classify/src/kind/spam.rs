//! Spam: what a filter in front of us has found, or many plain marks at once.
//!
//! Last step of the kinds but one. We are no spam filter: one mark, or two, say nothing, and a mail
//! that surely asks for something is never spam by its words. What a mail of kind spam asks in
//! band suggest is looked at by a person all the same.

use std::sync::LazyLock;

use domain::mail::ReadMail;

use super::phrases::Phrases;
use crate::words::cut;

/// As much of a text as is looked at.
const READ_LIMIT: usize = 16 * 1024;
/// Marks that make spam of a mail.
const MANY: usize = 5;
/// Marks of those that hide or shout without which it is none.
const SHADY: usize = 2;
/// Score of the packs that counts as two marks.
const SOME_WORDS: f32 = 1.5;

/// What a filter in front of us has found.
pub(super) fn by_header(mail: &ReadMail) -> Option<&'static str> {
    let yes = |name: &'static str| {
        mail.header(name).any(|value| value.trim().to_ascii_lowercase().starts_with("yes"))
    };
    let flagged =
        ["x-spam-flag", "x-spam-status", "x-spam", "x-spamd-result-flag", "x-spam-yandex"]
            .iter()
            .any(|name| yes(name));
    flagged.then_some("spam_header")
}

/// Whether many marks of advertising that nobody asked for stand in the mail; each sort of mark
/// counts once. `words` is the score of the packs.
pub(super) fn has_many_marks(mail: &ReadMail, words: f32) -> bool {
    let subject = mail.subject.trim();
    let lower = crate::words::lower(subject);
    // Marks that hide the sender or shout, which no newsletter of a shop has by the pair.
    let hidden = [
        is_tagged(subject),
        is_shouted(subject),
        has_random_sender(mail),
        words >= SOME_WORDS,
        mail.from.is_empty(),
    ];
    let excuses = lower.starts_with("adv:")
        || lower.starts_with("[adv]")
        || EXCUSES.iter().any(|p| lower.contains(p))
        || KNOWN_EXCUSES.any_in_any_case(cut(&mail.text, READ_LIMIT));
    let count = |marks: &[bool]| marks.iter().filter(|mark| **mark).count();
    // Themes alone may be one more: most mails are looked at no further.
    if count(&hidden) + usize::from(excuses) + 1 < SHADY {
        return false;
    }
    let text = crate::words::lower(cut(&mail.text, READ_LIMIT));
    let both = |phrases: &[&str]| phrases.iter().any(|p| text.contains(p) || lower.contains(p));
    let themes = THEMES.iter().filter(|p| text.contains(**p) || lower.contains(**p)).count();
    let plain = [
        text.matches("!!").take(3).count() == 3,
        amounts(&lower) >= 1 || amounts(&text) >= 2,
        both(&LEAVE),
        both(&CALLS),
        both(&OFFERS),
        themes >= 1,
        text.trim_start().starts_with("dear friend") || text.contains("dear sir/madam"),
    ];
    let shady = count(&hidden) + count(&[excuses, themes >= 3]);
    let plain = count(&plain);
    shady >= SHADY && shady + plain >= MANY
}

/// How the reader is to be rid of it.
const LEAVE: [&str; 15] = [
    "to be removed",
    "remove me",
    "removal instructions",
    "removed from",
    "remove your",
    "unsubscribe",
    "opt out",
    "opt-out",
    "unlist",
    "out of our list",
    "no longer wish to receive",
    "further mailings",
    "future mailings",
    "отписаться",
    "abmelden",
];

/// What the reader shall do at once.
const CALLS: [&str; 24] = [
    "click here",
    "click below",
    "click on the link",
    "order now",
    "order today",
    "order yours",
    "buy now",
    "call now",
    "call today",
    "call us today",
    "call toll free",
    "toll-free",
    "act now",
    "sign up",
    "visit our web",
    "visit our site",
    "limited time",
    "while supplies last",
    "for more information",
    "more info",
    "fill out the form",
    "enter here",
    "звоните прямо",
    "закажите сейчас",
];

/// What is offered.
const OFFERS: [&str; 24] = [
    "free!",
    "for free",
    "100% free",
    "absolutely free",
    "at no cost",
    "no cost",
    "guarantee",
    "no obligation",
    "risk free",
    "risk-free",
    "special offer",
    "special price",
    "lowest price",
    "low price",
    "best price",
    "wholesale",
    "bargain",
    "discount",
    "% off",
    "save up to",
    "no hidden",
    "satisfaction",
    "бесплатно",
    "скидк",
];

/// What such mail is about.
const THEMES: [&str; 52] = [
    "viagra",
    "cialis",
    "xenical",
    "weight loss",
    "lose weight",
    "diet pill",
    "enlarge",
    "penis",
    "porn",
    "xxx",
    "hardcore",
    "adult site",
    "webcam",
    "casino",
    "lottery",
    "winner",
    "mortgage",
    "refinanc",
    "interest rate",
    "out of debt",
    "credit card",
    "bad credit",
    "merchant account",
    "insurance",
    "annuity",
    "investment",
    "investor",
    "stock market",
    "stock alert",
    "earn money",
    "earn extra",
    "extra income",
    "make money",
    "income",
    "financial freedom",
    "work from home",
    "work at home",
    "working from home",
    "home based",
    "business opportunity",
    "opportunity of",
    "multi-level",
    "million email",
    "bulk email",
    "email addresses",
    "search engines",
    "university degree",
    "diploma",
    "inkjet",
    "toner",
    "next of kin",
    "million united states",
];

static KNOWN_EXCUSES: LazyLock<Phrases> = LazyLock::new(|| Phrases::equal(EXCUSES));

/// What it says for itself.
const EXCUSES: [&str; 12] = [
    "not spam",
    "unsolicited commercial",
    "s. 1618",
    "s.1618",
    "h.r. 3113",
    "one time mailing",
    "one-time mailing",
    "you are receiving this mailing because",
    "you are receiving this email because",
    "you received this email because",
    "you requested to receive",
    "opted in",
];

/// A random word behind many spaces, or in brackets, at the end of a subject.
fn is_tagged(subject: &str) -> bool {
    if subject.contains("      ") {
        return true;
    }
    subject.strip_suffix([']', ')']).and_then(|head| head.rsplit_once(['[', '('])).is_some_and(
        |(_, tag)| {
            (4..=12).contains(&tag.len())
                && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'@')
                && (tag.bytes().any(|b| b.is_ascii_digit())
                    || !tag.bytes().any(|b| b"aeiouy".contains(&b)))
        },
    )
}

/// Most letters of a longer subject are capitals, or it ends in several signs of exclamation.
fn is_shouted(subject: &str) -> bool {
    let letters = subject.chars().filter(|c| c.is_alphabetic()).count();
    let capitals = subject.chars().filter(|c| c.is_uppercase()).count();
    (letters >= 12 && capitals * 10 > letters * 7)
        || subject.contains("!!")
        || subject.contains("^^")
}

/// Amounts of money; three are enough.
fn amounts(lower: &str) -> usize {
    let signs = lower.match_indices(['$', '€', '£']);
    signs
        .filter(|(at, sign)| {
            let behind = lower.get(at + sign.len()..).unwrap_or_default();
            behind.trim_start().starts_with(|c: char| c.is_ascii_digit())
        })
        .take(3)
        .count()
}

/// A sender whose name a program made: letters and digits by turns. Years and telephone numbers in
/// an address are people's.
fn has_random_sender(mail: &ReadMail) -> bool {
    mail.from.iter().map(super::local_part).any(|local| {
        let turns = local
            .as_bytes()
            .windows(2)
            .filter(|pair| pair[0].is_ascii_digit() && pair[1].is_ascii_alphabetic())
            .count();
        turns >= 2
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn excuses_are_found_in_any_case_by_their_bytes() {
        assert!(super::EXCUSES.iter().all(|p| p.is_ascii() && !p.contains('k') && p.len() > 1));
        assert!(super::KNOWN_EXCUSES.any_in_any_case("Ja, this is NOT Spam"));
        assert!(!super::KNOWN_EXCUSES.any_in_any_case("this is not a spam"));
    }
}
