//! What sort of mail it is, and whether we may answer it by ourselves: two separate questions.
//!
//! The kind follows the precedence of the intake rules: own loop, delivery report, abuse report,
//! read receipt, automatic mail, list mail, spam, human. Reasons against an automatic answer are
//! collected apart (RFC 3834 §2), every one by its name; none of them hides a request.

mod automatic;
mod bounce;
mod complaint;
mod phrases;
mod reasons;
mod spam;

use domain::classification::{BouncedRecipient, Kind};
use domain::mail::{HeaderAddress, ReadMail};

pub(crate) use automatic::{list_headers, no_answer_reasons};

use crate::OwnIdentity;

/// Score from which text alone makes an automatic answer of a mail.
const AUTO_REPLY_SCORE: f32 = 3.0;
/// Score from which text alone makes spam of a mail.
const SPAM_SCORE: f32 = 3.0;

/// The verdict on the kind.
#[derive(Debug, Default)]
pub(crate) struct KindVerdict {
    /// The kind; human when nothing else holds.
    pub kind: Option<Kind>,
    /// Why; the deciding reason first.
    pub reasons: Vec<String>,
    /// What a bounce tells.
    pub bounces: Vec<BouncedRecipient>,
}

impl KindVerdict {
    fn new(kind: Kind, reason: &str) -> Self {
        Self { kind: Some(kind), reasons: vec![reason.to_owned()], bounces: Vec::new() }
    }
}

/// What the rules on text say about the kind.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TextScores {
    /// Score of the kind auto_reply.
    pub auto_reply: f32,
    /// Score of the kind spam.
    pub spam: f32,
    /// Whether a request stands in band auto: then text alone makes no spam of it.
    pub sure_request: bool,
}

/// Tells the kind of a mail.
pub(crate) fn kind(mail: &ReadMail, own: &OwnIdentity, scores: TextScores) -> KindVerdict {
    if let Some(reason) = own_loop(mail, own) {
        return KindVerdict::new(Kind::AutoReply, &format!("own_loop:{reason}"));
    }
    if let Some(reason) = complaint::read(mail) {
        return KindVerdict::new(Kind::Complaint, reason);
    }
    if let Some((reason, bounces)) = bounce::read_refusal(mail) {
        return KindVerdict { bounces, ..KindVerdict::new(Kind::Bounce, reason) };
    }
    if mail.report.report_type.as_deref() == Some("disposition-notification")
        || mail.report.disposition.is_some()
    {
        return KindVerdict::new(Kind::AutoReply, "disposition_notification");
    }
    if let Some((reason, bounces)) = bounce::read(mail, scores.sure_request) {
        return KindVerdict { bounces, ..KindVerdict::new(Kind::Bounce, reason) };
    }
    let text_says_so = scores.auto_reply >= AUTO_REPLY_SCORE;
    if let Some(reason) = automatic::auto_reply(mail, text_says_so, scores.sure_request) {
        return KindVerdict::new(Kind::AutoReply, reason);
    }
    if let Some(reason) = spam::by_header(mail) {
        return KindVerdict::new(Kind::Spam, reason);
    }
    if let Some(reason) = automatic::list_mail(mail, scores.sure_request) {
        return KindVerdict::new(Kind::ListMail, reason);
    }
    if !scores.sure_request {
        if scores.spam >= SPAM_SCORE {
            return KindVerdict::new(Kind::Spam, "spam_words");
        }
        if spam::has_many_marks(mail, scores.spam) {
            return KindVerdict::new(Kind::Spam, "spam_marks");
        }
    }
    KindVerdict { kind: Some(Kind::Human), ..KindVerdict::default() }
}

/// Whether the mail is one of ours that came back, and by what it is known.
fn own_loop(mail: &ReadMail, own: &OwnIdentity) -> Option<&'static str> {
    let marked = own
        .loop_mark
        .as_deref()
        .is_some_and(|mark| mail.header("x-consentry-loop").any(|value| value.trim() == mark));
    if marked {
        return Some("loop_mark");
    }
    let id_is_ours = own.message_id_domain.as_deref().is_some_and(|domain| {
        mail.message_id
            .as_deref()
            .and_then(|id| id.rsplit_once('@'))
            .is_some_and(|(id, host)| has_our_shape(id) && host.eq_ignore_ascii_case(domain))
    });
    (id_is_ours && mail.from.iter().any(|from| own.is_own(&from.address))).then_some("message_id")
}

/// The Message-IDs we make are 32 hexadecimal digits; those that the mail programs of our own
/// people make in the same domain are not, and what our people forward is no loop.
fn has_our_shape(id: &str) -> bool {
    id.len() == 32 && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// The local part of an address, lower case.
fn local_part(address: &HeaderAddress) -> String {
    address.address.rsplit_once('@').map_or("", |(local, _)| local).trim_matches('"').to_lowercase()
}

#[cfg(test)]
mod tests;
