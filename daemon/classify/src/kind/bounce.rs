//! Delivery reports: RFC 3464, and the texts of servers that do not know it.

use domain::classification::{BounceClass, BouncedRecipient};
use domain::mail::{ReadMail, ReturnPath};

use super::local_part;
use super::reasons::{class_of, reason_of};
use crate::addresses::addresses;
use crate::words::cut;

/// How much of a text report is read.
const READ_LIMIT: usize = 32 * 1024;
/// Most recipients of one report that are told.
const RECIPIENTS: usize = 100;

/// Subjects of delivery reports, as they begin; lower case.
const SUBJECTS: [&str; 37] = [
    "undelivered mail",
    "undeliverable",
    "undelivered:",
    "delivery status notification",
    "delivery failure",
    "delivery failed",
    "mail delivery",
    "failure notice",
    "returned mail",
    "delivery notification",
    "delivery has failed",
    "message status",
    "mail could not be delivered",
    "delayed mail",
    "warning: could not send",
    "warning: message",
    "delivery report",
    "nondeliverable",
    "non-deliverable",
    "message delivery failure",
    "message not delivered",
    "недоставлен",
    "не удается доставить",
    "не удаётся доставить",
    "не доставлено",
    "сообщение не доставлено",
    "письмо не доставлено",
    "почта не доставлена",
    "ошибка доставки",
    "невозможно доставить",
    "почтовый ящик переполнен",
    "возврат письма",
    "unzustellbar",
    "ihre e-mail konnte nicht zugestellt",
    "nicht zustellbar",
    "mail system error",
    "delivery error",
];

/// Phrases of a report's text; lower case.
const PHRASES: [&str; 45] = [
    "could not be delivered",
    "couldn't be delivered",
    "was not delivered",
    "wasn't delivered",
    "wasn't able to deliver",
    "unable to deliver",
    "delivery has failed",
    "delivery to the following",
    "failed permanently",
    "could not deliver",
    "cannot deliver",
    "not be delivered",
    "permanent error",
    "permanent fatal errors",
    "undeliverable",
    "undelivered",
    "the following address",
    "the following recipient",
    "did not reach the following",
    "user unknown",
    "unknown user",
    "no mailbox here by that name",
    "mailbox unavailable",
    "mailbox is full",
    "quota exceeded",
    "over quota",
    "returned to sender",
    "no such user",
    "recipient address rejected",
    "smtp error",
    "remote host said",
    "delivery failure",
    "message you sent",
    "не доставлен",
    "не может быть доставлен",
    "не может\nбыть отправлено",
    "не удалось доставить",
    "не найден в каталоге",
    "переполнен",
    "не существует",
    "konnte nicht zugestellt",
    "nicht zugestellt werden",
    "unzustellbar",
    "connection timed out",
    "host unknown",
];

/// Tells whether the mail is a delivery report, why, and of whom it tells.
pub(super) fn read(mail: &ReadMail) -> Option<(&'static str, Vec<BouncedRecipient>)> {
    if let Some(status) = &mail.report.delivery_status {
        let mut bounces = from_status(status, mail);
        if bounces.is_empty() {
            bounces = from_text(mail);
        }
        return Some(("delivery_status", bounces));
    }
    let typed = mail.report.report_type.as_deref() == Some("delivery-status");
    if typed {
        return Some(("delivery_status_type", from_text(mail)));
    }
    let failed = mail.header("x-failed-recipients").next().is_some();
    if failed {
        return Some(("failed_recipients", from_text(mail)));
    }
    if looks_like_report(mail) {
        let bounces = from_text(mail);
        return Some(("delivery_words", bounces));
    }
    None
}

/// Sender, return path, subject and text are asked; two of them must agree.
fn looks_like_report(mail: &ReadMail) -> bool {
    let daemon = mail.from.iter().chain(&mail.sender).any(|from| {
        let local = local_part(from);
        let bare: String = local.chars().filter(|c| c.is_alphanumeric()).collect();
        let name = from.name.to_lowercase();
        bare.starts_with("mailerdaemon")
            || bare == "postmaster"
            || bare.starts_with("microsoftexchange")
            || bare == "mdaemon"
            || name.contains("mail delivery")
            || name.contains("mailer-daemon")
            || name.contains("mail administrator")
    });
    let null = mail.return_path == ReturnPath::Null;
    let subject = mail.subject.to_lowercase();
    let subject = subject.trim();
    let titled = SUBJECTS.iter().any(|s| subject.starts_with(s))
        || subject.contains("delivery status notification");
    let ndr = mail.header("x-ms-exchange-message-is-ndr").next().is_some();
    if !(daemon || titled) {
        return ndr;
    }
    let text = cut(&mail.text, READ_LIMIT).to_lowercase();
    let told = PHRASES.iter().any(|p| text.contains(p)) || codes(&text).0.is_some();
    ndr || (daemon && (titled || told))
        || (null && (titled || daemon) && told)
        || (titled && told && answers_nothing(mail))
}

/// A person who answers a report quotes it; a report itself answers nothing.
fn answers_nothing(mail: &ReadMail) -> bool {
    let subject = mail.subject.trim_start().to_lowercase();
    !["re:", "aw:", "fwd:", "fw:", "ha:", "на:", "отв:"].iter().any(|p| subject.starts_with(p))
}

/// The recipients of message/delivery-status: one group of fields for each (RFC 3464 §2.3).
fn from_status(status: &str, mail: &ReadMail) -> Vec<BouncedRecipient> {
    let mut found = Vec::new();
    for group in groups(status) {
        let field = |name: &str| group.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
        let recipient =
            field("original-recipient").or_else(|| field("final-recipient")).map(typed_value);
        let finally = field("final-recipient").map(typed_value);
        let action = field("action").map(str::to_lowercase);
        let code = field("status").and_then(enhanced_code);
        if recipient.is_none() && action.is_none() && code.is_none() {
            continue;
        }
        let diagnostic = field("diagnostic-code").map_or("", |v| v);
        let text = if diagnostic.is_empty() { cut(&mail.text, READ_LIMIT) } else { diagnostic };
        let better = code
            .clone()
            .filter(|c| !c.ends_with(".0.0"))
            .or_else(|| enhanced_code_in(diagnostic))
            .or(code);
        let recipient = finally.or(recipient).filter(|r| !r.is_empty());
        found.push(told(recipient, better, text, action.as_deref()));
        if found.len() == RECIPIENTS {
            break;
        }
    }
    found
}

/// Groups of unfolded fields, names in lower case.
fn groups(status: &str) -> Vec<Vec<(String, String)>> {
    let mut groups: Vec<Vec<(String, String)>> = vec![Vec::new()];
    for line in cut(status, READ_LIMIT).lines() {
        let line = line.trim_end();
        if line.trim().is_empty() {
            if groups.last().is_some_and(|g| !g.is_empty()) {
                groups.push(Vec::new());
            }
        } else if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = groups.last_mut().and_then(|g| g.last_mut()) {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let (Some((name, value)), Some(group)) = (line.split_once(':'), groups.last_mut())
        {
            group.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    groups
}

/// The part behind the type of `rfc822; a@b.example`.
fn typed_value(value: &str) -> String {
    let value = value.split_once(';').map_or(value, |(_, v)| v);
    value.trim().trim_matches(['<', '>', '"', ' ']).to_owned()
}

/// The recipients of a report in words.
fn from_text(mail: &ReadMail) -> Vec<BouncedRecipient> {
    let text = own_words(cut(&mail.text, READ_LIMIT));
    let (enhanced, basic) = codes(text);
    let code = enhanced.or(basic.filter(|_| false));
    let mut recipients: Vec<String> = mail
        .header("x-failed-recipients")
        .flat_map(|v| v.split(',').map(|a| a.trim().to_owned()).collect::<Vec<_>>())
        .filter(|a| a.contains('@'))
        .collect();
    if recipients.is_empty() {
        let ours: Vec<String> =
            mail.recipients.iter().chain(&mail.from).map(|a| a.address.to_lowercase()).collect();
        recipients = addresses(text)
            .into_iter()
            .filter(|a| {
                !ours.contains(&a.to_lowercase()) && !a.to_lowercase().starts_with("postmaster@")
            })
            .collect();
        // qmail and its kin give each address a line of its own; else a report in words tells of
        // one address, and what comes later belongs to the original.
        let listed = addresses_on_lines(text);
        if listed.is_empty() {
            recipients.truncate(1);
        } else {
            recipients.retain(|r| listed.contains(r));
        }
    }
    recipients.truncate(RECIPIENTS);
    if recipients.is_empty() {
        return vec![told(None, code, text, None)];
    }
    recipients.into_iter().map(|r| told(Some(r), code.clone(), text, None)).collect()
}

/// Addresses that begin a line in the form `<a@b.example>:`.
fn addresses_on_lines(text: &str) -> Vec<String> {
    let begun = text.lines().filter_map(|line| line.trim_start().strip_prefix('<'));
    begun.filter_map(|rest| rest.split_once(">:")).map(|(address, _)| address.to_owned()).collect()
}

/// The report's own words: what stands above the copy of the original.
fn own_words(text: &str) -> &str {
    let ends = [
        "below this line is a copy",
        "this is a copy of the message",
        "----- original message",
        "-----original message",
        "original message follows",
        "------ this is a copy",
        "message header follows",
        "фрагмент исходного письма",
        "original message headers",
        "--- original message",
        "the headers of the original",
        "return-path:",
    ];
    let lower = text.to_ascii_lowercase();
    let end = ends.iter().filter_map(|e| lower.find(e)).filter(|at| *at > 40).min();
    // ASCII lower case keeps every byte in place.
    end.and_then(|at| text.get(..at)).unwrap_or(text)
}

fn told(
    recipient: Option<String>,
    code: Option<String>,
    text: &str,
    action: Option<&str>,
) -> BouncedRecipient {
    let lower = text.to_lowercase();
    let reason = reason_of(&lower, code.as_deref());
    let (_, basic) = codes(&lower);
    let class = match action {
        Some("delivered" | "relayed" | "expanded") => BounceClass::Auto,
        Some("delayed") => BounceClass::Soft,
        _ => class_of(reason, code.as_deref(), basic.as_deref(), &lower),
    };
    let reason = if action == Some("delayed") && reason == "unknown" { "delayed" } else { reason };
    BouncedRecipient { recipient, class, code, reason: reason.to_owned() }
}

/// An enhanced status code at the start of a value (RFC 3463).
fn enhanced_code(value: &str) -> Option<String> {
    let code: String =
        value.trim().chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    is_enhanced(&code).then_some(code)
}

fn enhanced_code_in(text: &str) -> Option<String> {
    codes(text).0
}

fn is_enhanced(code: &str) -> bool {
    let parts: Vec<&str> = code.split('.').collect();
    parts.len() == 3
        && matches!(parts[0], "2" | "4" | "5")
        && parts[1..]
            .iter()
            .all(|p| (1..=3).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_digit()))
}

/// The first enhanced and the first basic status code of a text.
fn codes(text: &str) -> (Option<String>, Option<String>) {
    let mut enhanced = None;
    let mut basic = None;
    let runs = text.split(|c: char| !(c.is_ascii_digit() || c == '.'));
    for run in runs.filter(|r| !r.is_empty()) {
        let run = run.trim_matches('.');
        if enhanced.is_none() && is_enhanced(run) {
            enhanced = Some(run.to_owned());
        } else if basic.is_none()
            && run.len() == 3
            && run.starts_with(['4', '5'])
            && run.bytes().all(|b| b.is_ascii_digit())
        {
            basic = Some(run.to_owned());
        }
        if enhanced.is_some() && basic.is_some() {
            break;
        }
    }
    (enhanced, basic)
}
