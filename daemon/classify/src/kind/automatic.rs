//! Automatic mail: RFC 3834, vendors' headers, lists, senders that no person reads.

use domain::mail::{ReadMail, ReturnPath};

use super::local_part;
use crate::OwnIdentity;

/// Headers whose mere presence means an automatic answer.
const AUTO_REPLY_HEADERS: [&str; 8] = [
    "x-autoreply",
    "x-autorespond",
    "x-autoresponder",
    "x-auto-reply",
    "x-yandex-autoreply",
    "x-mailru-autoreply",
    "x-mail-autoreply",
    "x-autoreply-from",
];

/// Headers of mailing lists and bulk senders.
const LIST_HEADERS: [&str; 8] = [
    "list-id",
    "list-unsubscribe",
    "list-post",
    "list-help",
    "list-subscribe",
    "list-owner",
    "list-archive",
    "x-mailing-list",
];

/// Why the mail is an automatic answer, if it is one. `text_says_so` is what the packs found in
/// subject and text.
pub(super) fn auto_reply(mail: &ReadMail, text_says_so: bool) -> Option<&'static str> {
    let submitted = auto_submitted(mail);
    let replied = submitted.as_deref().is_some_and(|v| v.starts_with("auto-replied"));
    if replied {
        return Some("auto_submitted");
    }
    if AUTO_REPLY_HEADERS
        .iter()
        .any(|name| mail.header(name).any(|v| !v.trim().eq_ignore_ascii_case("no")))
    {
        return Some("autoreply_header");
    }
    if precedences(mail).any(|p| matches!(p.as_str(), "auto_reply" | "auto-reply" | "autoreply")) {
        return Some("precedence_auto_reply");
    }
    let delivered_by = |v: &str| v.to_ascii_lowercase().contains("autoresponder");
    if mail.delivered_to.iter().any(|v| delivered_by(v)) {
        return Some("autoresponder");
    }
    if submitted.is_some() && list_headers(mail).next().is_none() {
        return Some("auto_submitted");
    }
    if mail.header("x-ms-exchange-generated-message-source").next().is_some() {
        return Some("mailbox_rule");
    }
    text_says_so.then_some("auto_reply_words")
}

/// Why the mail is from a list, if it is. Services that write for a person send in bulk too: a mail
/// without list headers that surely asks for something is from a person (`asks_surely`).
pub(super) fn list_mail(mail: &ReadMail, asks_surely: bool) -> Option<&'static str> {
    if list_headers(mail).next().is_some() {
        return Some("list_headers");
    }
    if asks_surely {
        return None;
    }
    if precedences(mail).any(|p| matches!(p.as_str(), "list" | "bulk" | "junk")) {
        return Some("precedence");
    }
    mail.header("feedback-id").next().map(|_| "feedback_id")
}

/// The list headers of a mail.
pub(crate) fn list_headers(mail: &ReadMail) -> impl Iterator<Item = &'static str> + '_ {
    LIST_HEADERS.into_iter().filter(|name| mail.header(name).next().is_some())
}

/// Auto-Submitted, lower case, when it says anything but `no`.
fn auto_submitted(mail: &ReadMail) -> Option<String> {
    mail.header("auto-submitted")
        .map(|v| v.trim().to_ascii_lowercase())
        .find(|v| !v.is_empty() && v != "no" && !v.starts_with("no;"))
}

/// All Precedence headers: some mails have two, and the second decides.
fn precedences(mail: &ReadMail) -> impl Iterator<Item = String> + '_ {
    mail.header("precedence")
        .chain(mail.header("x-precedence"))
        .map(|v| v.trim().to_ascii_lowercase())
}

/// Every reason why no automatic answer may go out, by name; empty: one may (RFC 3834 §2).
pub(crate) fn no_answer_reasons(mail: &ReadMail, own: &OwnIdentity) -> Vec<String> {
    let mut reasons = Vec::new();
    if auto_submitted(mail).is_some() {
        reasons.push("auto_submitted".to_owned());
    }
    if mail.return_path == ReturnPath::Null {
        reasons.push("null_return_path".to_owned());
    }
    reasons.extend(list_headers(mail).map(|name| name.replace('-', "_")));
    for precedence in precedences(mail) {
        if matches!(
            precedence.as_str(),
            "bulk" | "list" | "junk" | "auto_reply" | "auto-reply" | "autoreply"
        ) {
            reasons.push(format!("precedence_{}", precedence.replace('-', "_")));
        }
    }
    let suppress = mail
        .header("x-auto-response-suppress")
        .any(|v| !v.trim().is_empty() && !v.trim().eq_ignore_ascii_case("none"));
    let flags = [
        ("x_auto_response_suppress", suppress),
        (
            "autoreply_header",
            AUTO_REPLY_HEADERS.iter().any(|name| mail.header(name).next().is_some()),
        ),
        (
            "x_loop",
            mail.header("x-loop").next().is_some()
                || mail.header("x-consentry-loop").next().is_some(),
        ),
        ("feedback_id", mail.header("feedback-id").next().is_some()),
        ("failed_recipients", mail.header("x-failed-recipients").next().is_some()),
        ("machine_generated", mail.header("x-fc-machinegenerated").next().is_some()),
        ("report", is_report(mail)),
        ("own_address", mail.from.iter().chain(&mail.sender).any(|from| own.is_own(&from.address))),
        ("no_requester", mail.requester().is_none()),
    ];
    reasons.extend(flags.into_iter().filter(|(_, holds)| *holds).map(|(name, _)| name.to_owned()));
    reasons.extend(machine_senders(mail).map(str::to_owned));
    reasons.dedup();
    reasons
}

fn is_report(mail: &ReadMail) -> bool {
    let report = &mail.report;
    report.report_type.is_some()
        || report.delivery_status.is_some()
        || report.feedback_report.is_some()
        || report.disposition.is_some()
        || mail
            .header("content-type")
            .any(|v| v.to_ascii_lowercase().starts_with("multipart/report"))
}

/// Senders behind which no person sits, by the names they have by custom.
fn machine_senders(mail: &ReadMail) -> impl Iterator<Item = &'static str> + '_ {
    let path = match &mail.return_path {
        ReturnPath::Address(address) => {
            Some(address.rsplit_once('@').map_or("", |(l, _)| l).to_lowercase())
        }
        ReturnPath::Null | ReturnPath::Absent => None,
    };
    mail.from
        .iter()
        .chain(&mail.sender)
        .map(local_part)
        .chain(path)
        .filter_map(|local| machine_name(&local))
}

fn machine_name(local: &str) -> Option<&'static str> {
    let bare: String = local.chars().filter(|c| c.is_alphanumeric()).collect();
    if bare.starts_with("mailerdaemon") || bare == "postmaster" || bare == "mailer" {
        return Some("mailer_daemon");
    }
    if bare.contains("noreply")
        || bare.contains("donotreply")
        || bare.contains("neotvechat")
        || bare.starts_with("keineantwort")
    {
        return Some("noreply_sender");
    }
    if local.starts_with("owner-")
        || local.ends_with("-owner")
        || local.ends_with("-request")
        || local.ends_with("-bounces")
    {
        return Some("list_sender");
    }
    (bare.starts_with("bounce") || bare == "autoreply" || bare == "autoresponder")
        .then_some("machine_sender")
}
