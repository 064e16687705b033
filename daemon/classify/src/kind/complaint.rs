//! Abuse reports: RFC 5965, and the shapes in which some providers send them without its fields.
//!
//! Second step of the kinds. Only says that a mail is such a report; whose mail it was is found by
//! our own Message-ID or token in what was sent back, and acts only with `Feedback-Type: abuse`.

use domain::mail::ReadMail;

use super::local_part;
use crate::words::cut;

/// Subjects of reports without fields, as they begin; lower case.
const SUBJECTS: [&str; 10] = [
    "complaint about message from",
    "email feedback report",
    "e-mail feedback report",
    "feedback report",
    "abuse report",
    "spam report",
    "email abuse report",
    "fbl report",
    "[fbl]",
    "жалоба на спам",
];

/// Names of mailboxes that send such reports, without signs.
const SENDERS: [&str; 11] = [
    "staff",
    "abuse",
    "fbl",
    "feedbackloop",
    "feedback",
    "complaints",
    "complaint",
    "scomp",
    "arf",
    "spamreport",
    "postmaster",
];

/// Why the mail is an abuse report, if it is one.
pub(super) fn read(mail: &ReadMail) -> Option<&'static str> {
    if mail.report.report_type.as_deref() == Some("feedback-report")
        || mail.report.feedback_report.is_some()
    {
        return Some("feedback_report");
    }
    if sends_back_reported_mail(mail) {
        return Some("reported_mail");
    }
    is_record(&mail.text).then_some("complaint_record")
}

/// A mail that was reported comes back as it is, under a subject of its own: nothing but the
/// sender, the subject and the header of the provider tell it from a forward. All must agree.
fn sends_back_reported_mail(mail: &ReadMail) -> bool {
    let returned = mail.report.returned_headers.as_deref().unwrap_or_default();
    if returned.is_empty() && mail.attached.is_empty() {
        return false;
    }
    let head = cut(returned, 8 * 1024).to_ascii_lowercase();
    let marked = ["x-hmxmroriginalrecipient:", "x-reporter-ip:", "x-apple-feedback"]
        .iter()
        .any(|name| head.lines().any(|line| line.starts_with(name)));
    let subject = mail.subject.trim().to_lowercase();
    let titled = SUBJECTS.iter().any(|begin| subject.starts_with(begin));
    let machine = mail.from.iter().chain(&mail.sender).any(|from| {
        let bare: String = local_part(from).chars().filter(|c| c.is_alphanumeric()).collect();
        SENDERS.contains(&bare.as_str())
    });
    machine && (marked || titled)
}

/// The notification of a sending service, which some have sent on by mail: JSON.
fn is_record(text: &str) -> bool {
    let head: String = cut(text.trim_start(), 200).split_whitespace().collect();
    head.starts_with('{') && head.contains("\"notificationType\":\"Complaint\"")
}
