//! Text in, classification out: what a submission is, what it asks for, and why that was judged so.
//!
//! Second step of intake, after the reader and before filing; forms take the same way. Pure: no
//! input or output, no time, no randomness. Every verdict carries the rule, its weight and the
//! words that were hit. A classification never acts and never hides: unsure means a person looks.

mod addresses;
mod beside;
mod kind;
mod labels;
mod language;
pub mod model;
mod new_text;
mod packs;
pub mod weighing;
mod words;

use domain::address::EmailAddress;
use domain::classification::{Band, Classification, Evidence, Kind, Label, Mark};
use domain::mail::ReadMail;

pub use new_text::OwnText;
pub use packs::{LazyPacks, PackError, Packs};

/// By what we know ourselves among senders.
#[derive(Debug, Clone, Default)]
pub struct OwnIdentity {
    /// Our domains; a sender below one of them is one of us.
    pub domains: Vec<String>,
    /// Our own addresses (mailboxes, relay identities).
    pub addresses: Vec<EmailAddress>,
    /// The value that our mails carry in `X-Consentry-Loop`.
    pub loop_mark: Option<String>,
    /// The domain of the Message-IDs that we make.
    pub message_id_domain: Option<String>,
    /// What we write in our mails, to know it when it comes back unquoted.
    pub own_text: OwnText,
}

impl OwnIdentity {
    /// Whether an address, as written in a header, is one of ours.
    #[must_use]
    pub fn is_own(&self, address: &str) -> bool {
        let Ok(address) = EmailAddress::parse(address) else { return false };
        let key = address.exact_key();
        self.addresses.iter().any(|own| own.exact_key() == key)
            || self.domains.iter().any(|domain| is_below(address.domain(), domain))
    }
}

/// Whether `domain` is `parent` or below it.
fn is_below(domain: &str, parent: &str) -> bool {
    let (domain, parent) = (domain.to_lowercase(), parent.trim_start_matches('.').to_lowercase());
    domain.strip_suffix(&parent).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// Classifies a read mail.
#[must_use]
pub fn classify(mail: &ReadMail, packs: &Packs, own: &OwnIdentity) -> Classification {
    let taken = new_text::take(mail, own);
    let (subject, answers) = bare_subject(&mail.subject);
    // Nothing but a subject: then it is all there is to judge, though it may be our own.
    let bodiless = !taken.new_text.contains(char::is_alphanumeric);
    let parts = labels::Parts {
        subject,
        answers: answers && !bodiless,
        new_text: &taken.new_text,
        signature: &taken.signature,
    };
    let mut judged = labels::judge(parts, packs);
    // The bare subject is a part of the subject: spaces may be left out behind it, too.
    judged.shift_subject(subject.as_ptr().addr() - mail.subject.as_ptr().addr());
    beside::add(mail, &taken, packs, own, &mut judged);
    mark_by_sender(mail, packs, &mut judged);
    let sure_request = judged.labels.iter().any(|v| v.label.is_request() && v.band == Band::Auto);
    let scores =
        kind::TextScores { auto_reply: judged.auto_reply, spam: judged.spam, sure_request };
    let verdict = kind::kind(mail, own, scores);
    let kind = verdict.kind.unwrap_or(Kind::Human);
    limit_by_kind(kind, mail, answers, &mut judged);
    let foreign = language::is_foreign(&taken.new_text);
    // Words of somebody else, or in a script for which there is no pack: a person looks.
    if taken.forwarded || foreign || (answers && bodiless) {
        soften(&mut judged);
    }
    if taken.forwarded {
        soften_marks(&mut judged);
    }
    close(&mut judged, packs, foreign);
    Classification {
        kind,
        kind_reasons: verdict.reasons,
        labels: judged.labels,
        marks: judged.marks,
        language: language_of(&taken.new_text, subject, judged.russian_in_latin),
        named_addresses: addresses::addresses(&taken.new_text),
        new_text: taken.new_text,
        auto_reasons: kind::no_answer_reasons(mail, own),
        bounces: verdict.bounces,
        cut: taken.cut,
        forwarded: taken.forwarded,
    }
}

/// Classifies what a person typed into a form: the kind is human, nothing is stripped.
#[must_use]
pub fn classify_text(subject: &str, text: &str, packs: &Packs) -> Classification {
    let new_text = words::cut(text, words::TEXT_LIMIT).to_owned();
    let parts = labels::Parts { subject, answers: false, new_text: &new_text, signature: "" };
    let mut judged = labels::judge(parts, packs);
    let foreign = language::is_foreign(&new_text);
    if foreign {
        soften(&mut judged);
    }
    close(&mut judged, packs, foreign);
    Classification {
        kind: Kind::Human,
        kind_reasons: vec!["form".to_owned()],
        labels: judged.labels,
        marks: judged.marks,
        language: language_of(&new_text, subject, judged.russian_in_latin),
        named_addresses: addresses::addresses(&new_text),
        new_text,
        auto_reasons: Vec::new(),
        bounces: Vec::new(),
        cut: Vec::new(),
        forwarded: false,
    }
}

fn language_of(text: &str, subject: &str, russian_in_latin: bool) -> Option<String> {
    language::language(text, russian_in_latin).or_else(|| language::language(subject, false))
}

/// Closes the verdicts; that there is nothing to find in a foreign script is never sure.
fn close(judged: &mut labels::Judged, packs: &Packs, foreign: bool) {
    judged.sort();
    labels::close(&mut judged.labels, &packs.curve);
    if foreign {
        soften(judged);
    }
}

/// The subject without the signs of answering and forwarding, and whether it had any.
fn bare_subject(subject: &str) -> (&str, bool) {
    let mut rest = subject.trim();
    let mut answers = false;
    while let Some((head, tail)) = rest.split_once(':') {
        let head = head.split('[').next().unwrap_or(head).trim().to_lowercase();
        let known = [
            "re",
            "aw",
            "fwd",
            "fw",
            "wg",
            "ha",
            "на",
            "отв",
            "ответ",
            "r",
            "rv",
            "tr",
            "sv",
            "odp",
            "пересл",
            "вп",
        ];
        if !known.contains(&head.as_str()) {
            break;
        }
        answers = true;
        rest = tail.trim_start();
    }
    (rest, answers)
}

/// A sender whose domain belongs to an authority bears the mark.
fn mark_by_sender(mail: &ReadMail, packs: &Packs, judged: &mut labels::Judged) {
    let Some(domain) =
        mail.requester().and_then(|from| from.address.rsplit_once('@').map(|(_, d)| d))
    else {
        return;
    };
    if !packs.authority_domains.iter().any(|authority| is_below(domain, authority)) {
        return;
    }
    let known = judged.marks.iter().position(|v| v.label == Mark::Authority);
    let known = known.map(|at| judged.marks.remove(at).evidence).unwrap_or_default();
    // The domain is a fact: the model has no say against it.
    let (said, mut evidence): (Vec<_>, Vec<_>) =
        known.into_iter().partition(|e| e.rule.starts_with("model/"));
    let rule = "common/authority_domain".to_owned();
    evidence.insert(
        0,
        Evidence { rule, weight: 5.0, words: String::new(), span: None, in_subject: false },
    );
    let mut verdict = labels::verdict(Mark::Authority, evidence, &packs.curve);
    verdict.evidence.extend(said);
    judged.marks.push(verdict);
}

/// What the text of a machine may ask. A newsletter's own footer is no wish to unsubscribe, and
/// no mail of a machine is sure enough for a full block.
fn limit_by_kind(kind: Kind, mail: &ReadMail, answers: bool, judged: &mut labels::Judged) {
    match kind {
        Kind::Human | Kind::Spam => {}
        Kind::Bounce | Kind::Complaint => judged.labels.clear(),
        Kind::ListMail => {
            // hello@ may itself be a list: an answer is somebody's own words.
            let personal = answers || !mail.answers.is_empty();
            let listed = kind::list_headers(mail).next().is_some();
            judged.labels.retain(|v| personal || !(listed && v.label == Label::StopMarketing));
            judged.labels.retain(|v| personal || v.label != Label::PolicyQuestion);
            soften(judged);
        }
        Kind::AutoReply => {
            // "Please take this address off your list" of a mailbox whose owner left.
            judged.labels.retain(|v| v.label != Label::PolicyQuestion);
            soften(judged);
        }
    }
}

fn soften_marks(judged: &mut labels::Judged) {
    for verdict in &mut judged.marks {
        verdict.band = verdict.band.min(Band::Suggest);
    }
}

fn soften(judged: &mut labels::Judged) {
    for verdict in &mut judged.labels {
        verdict.band = verdict.band.min(Band::Suggest);
    }
}

#[cfg(test)]
mod tests;
