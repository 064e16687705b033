//! Delivery reports: RFC 3464, and the texts of servers that do not know it.
//!
//! Third step of the kinds. Tells whether a mail is a report, and of each recipient the address,
//! how hard the failure is, the code and the reason. All of it is what a stranger's mail claims:
//! filing believes a report only by our own token or Message-ID in it.

mod code;
mod fields;
mod listing;
mod wording;

use domain::classification::{BounceClass, BouncedRecipient};
use domain::mail::{ReadMail, ReturnPath};

use super::local_part;
use super::reasons::{class_of, is_after_data, reason_of};
use crate::words::cut;
use code::{codes, derived, is_generic, stated};
use fields::{Group, RECIPIENTS, groups};
use listing::{Entry, entries, lists_recipients};
use wording::{copy_of, is_answer, is_subject, own_words, tells};

/// How much of a text report is read.
const READ_LIMIT: usize = 32 * 1024;
/// Most recipients of whom the text is asked beside the fields.
const LOOKED_UP: usize = 20;

/// Tells whether the mail is a delivery report, why, and of whom it tells.
/// Words alone make no report of a mail that surely asks for something (`asks_surely`).
pub(super) fn read(
    mail: &ReadMail,
    asks_surely: bool,
) -> Option<(&'static str, Vec<BouncedRecipient>)> {
    if !may_be_report(mail) {
        return None;
    }
    let text = Text::of(mail);
    if let Some(status) = &mail.report.delivery_status {
        let groups = groups(status);
        let told = if groups.is_empty() { text.told(mail) } else { of_groups(&groups, &text) };
        return Some(("delivery_status", told));
    }
    let typed = mail.report.report_type.as_deref() == Some("delivery-status");
    let reason = if typed {
        "delivery_status_type"
    } else if mail.header("x-failed-recipients").next().is_some() && !is_answer(&mail.subject) {
        "failed_recipients"
    } else if looks_like_report(mail, &text) && (!asks_surely || is_surely_machine(mail)) {
        "delivery_words"
    } else {
        return None;
    };
    // Some servers write the fields of RFC 3464 into their text.
    let mut groups = groups(text.own);
    if groups.is_empty() && text.entries(mail, text.own).is_empty() {
        // The report of another server stands in the text as it came.
        groups = fields::groups(text.copy);
    }
    let told = if groups.iter().any(|group| group.last.is_some()) {
        of_groups(&groups, &text)
    } else {
        text.told(mail)
    };
    Some((reason, told))
}

/// A server's name and a report's subject together: no person writes so.
fn is_surely_machine(mail: &ReadMail) -> bool {
    is_from_daemon(mail) && is_subject(&mail.subject) && !is_answer(&mail.subject)
}

/// Whether anything but the text speaks for a report: most mails are none, and are not looked at.
fn may_be_report(mail: &ReadMail) -> bool {
    mail.report.delivery_status.is_some()
        || mail.report.report_type.as_deref() == Some("delivery-status")
        || ["x-failed-recipients", "x-ms-exchange-message-is-ndr", "x-ms-embedded-report"]
            .iter()
            .any(|name| mail.header(name).next().is_some())
        || mail.return_path == ReturnPath::Null
        || is_subject(&mail.subject)
        || is_from_daemon(mail)
        || is_machine_record(&mail.text)
}

/// A refusal that is sent as a read receipt, by servers that let people's filters refuse
/// (RFC 5429 §2.1.1.2): the disposition says `deleted`, the text that the mail was rejected.
pub(super) fn read_refusal(mail: &ReadMail) -> Option<(&'static str, Vec<BouncedRecipient>)> {
    let disposition = mail.report.disposition.as_deref()?;
    let lower = cut(disposition, READ_LIMIT).to_ascii_lowercase();
    let is_deleted =
        lower.lines().any(|line| line.starts_with("disposition:") && line.contains("deleted"));
    if !is_deleted {
        return None;
    }
    let text = Text::of(mail);
    if !text.lower.contains("rejected") {
        return None;
    }
    let groups = groups(disposition);
    let told = if groups.is_empty() { text.told(mail) } else { of_groups(&groups, &text) };
    Some(("refused_by_receipt", told))
}

/// Sender, return path, subject and text are asked; two of them must agree.
fn looks_like_report(mail: &ReadMail, text: &Text<'_>) -> bool {
    let answers = is_answer(&mail.subject);
    let daemon = is_from_daemon(mail);
    let null = mail.return_path == ReturnPath::Null;
    let titled = is_subject(&mail.subject) && !answers;
    if mail.header("x-ms-exchange-message-is-ndr").next().is_some()
        || mail.header("x-ms-embedded-report").next().is_some()
    {
        return true;
    }
    let told = tells(&text.lower) || codes(text.own).enhanced.is_some();
    if daemon {
        // Servers tell of other things, too: quarantines, reports on lists, greetings.
        return titled || (told && !answers) || (told && null);
    }
    if !told || answers {
        return false;
    }
    // People write of deliveries, too, and automatic answers have a null sender: a subject, or that
    // sender, needs a text that names addresses and codes as only servers do. `From: Mail Delivery
    // System <>` says the same as a null sender.
    let listed = || lists_recipients(text.own);
    let coded = || codes(text.own).reply.is_some() || codes(text.own).enhanced.is_some();
    (titled && (null || mail.from.is_empty() || coded() || listed()))
        || (null && (coded() || listed()))
        || is_machine_record(text.own)
}

/// The notification of a sending service, which some have sent on by mail: JSON.
fn is_machine_record(text: &str) -> bool {
    let head: String = cut(text.trim_start(), 200).split_whitespace().collect();
    head.starts_with('{') && head.contains("\"notificationType\":\"Bounce\"")
}

/// Whether the sender has the name of a mail server.
fn is_from_daemon(mail: &ReadMail) -> bool {
    mail.from.iter().chain(&mail.sender).any(|from| {
        let local = local_part(from);
        let bare: String = local.chars().filter(|c| c.is_alphanumeric()).collect();
        let name = from.name.to_lowercase();
        [
            "mailerdaemon",
            "postmaster",
            "microsoftexchange",
            "mdaemon",
            "maildeliverysystem",
            "mailadmin",
            "ndradmin",
        ]
        .iter()
        .any(|known| bare.starts_with(known))
            || [
                "mail delivery",
                "mailer-daemon",
                "mailer daemon",
                "mail administrator",
                "mail system",
                "ndr administrator",
                "postmaster",
                "mailserver",
                "system administrator",
                "служба доставки",
                "почтовая система",
            ]
            .iter()
            .any(|known| name.contains(known))
    })
}

/// The words of a report.
struct Text<'m> {
    /// Without the copy of the mail that was sent.
    own: &'m str,
    /// The copy behind them.
    copy: &'m str,
    /// The own words in lower case, line by line.
    lower: String,
    /// The same as one line.
    folded: String,
}

impl<'m> Text<'m> {
    fn of(mail: &'m ReadMail) -> Self {
        let whole = cut(&mail.text, READ_LIMIT);
        // Of a report within the report, as some filters wrap it, the inner text tells more.
        let own = own_words(whole);
        Self {
            own,
            copy: copy_of(whole),
            lower: own.to_lowercase(),
            folded: folded(&own.to_lowercase()),
        }
    }

    /// What the report tells, where it has no fields.
    fn told(&self, mail: &ReadMail) -> Vec<BouncedRecipient> {
        let named: Vec<&str> = mail
            .header("x-failed-recipients")
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .filter(|address| address.contains('@'))
            .take(RECIPIENTS)
            .collect();
        let mut found = self.entries(mail, self.own);
        if found.is_empty() {
            // A filter wrapped the report of another server.
            let inner = mail.attached.first().filter(|inner| is_subject(&inner.subject));
            found = inner.map_or_else(Vec::new, |inner| {
                self.entries(mail, own_words(cut(&inner.text, READ_LIMIT)))
            });
        }
        if !named.is_empty() {
            return named
                .iter()
                .map(|address| {
                    let said = found.iter().find(|e| e.address.eq_ignore_ascii_case(address));
                    self.judge(Some((*address).to_owned()), said)
                })
                .collect();
        }
        if !found.is_empty() {
            let of = |entry: &Entry| self.judge(Some(entry.address.clone()), Some(entry));
            return found.iter().map(of).collect();
        }
        vec![self.judge(self.written_to(mail), None)]
    }

    fn entries(&self, mail: &ReadMail, text: &str) -> Vec<Entry> {
        let ours: Vec<String> =
            mail.recipients.iter().chain(&mail.from).map(|a| a.address.to_lowercase()).collect();
        let is_other = |address: &str| {
            let lower = address.to_lowercase();
            let local = lower.split('@').next().unwrap_or_default();
            ours.contains(&lower)
                || matches!(
                    local,
                    "postmaster" | "mailer-daemon" | "abuse" | "support" | "helpdesk"
                )
        };
        entries(text, is_other)
    }

    /// To whom the mail was sent, by its copy, if that is one address: the last resort.
    fn written_to(&self, mail: &ReadMail) -> Option<String> {
        let returned = mail.report.returned_headers.as_deref().unwrap_or_default();
        let attached = mail.attached.first().map_or("", |inner| inner.text.as_str());
        [cut(returned, READ_LIMIT), self.copy, cut(attached, READ_LIMIT)]
            .into_iter()
            .find_map(sole_recipient)
    }

    fn judge(&self, recipient: Option<String>, entry: Option<&Entry>) -> BouncedRecipient {
        let said = entry.map_or("", |entry| entry.said.as_str());
        told(recipient, None, said, &self.folded, None)
    }

    /// What the text says in the lines that name this recipient, in lower case.
    fn about(&self, recipient: &str) -> String {
        let wanted = recipient.to_lowercase();
        let mut said = String::new();
        let mut follows = 0;
        for line in self.lower.lines() {
            let names = line.contains(&wanted);
            follows = if names { 3 } else { follows };
            if follows > 0 && (names || !line.contains('@')) {
                said.push_str(line);
                said.push('\n');
                follows -= 1;
            } else {
                follows = 0;
            }
            if said.len() > 2 * 1024 {
                break;
            }
        }
        said
    }
}

/// The one address of `To` in a block of header lines.
fn sole_recipient(headers: &str) -> Option<String> {
    let mut lines = headers.lines();
    let first = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let name = name.trim().to_ascii_lowercase();
        (name == "to" || name == "кому").then_some(value)
    })?;
    let mut value = first.to_owned();
    for line in lines.take_while(|line| line.starts_with([' ', '\t'])).take(5) {
        value.push_str(line);
    }
    let found = crate::addresses::addresses(&value);
    match found.as_slice() {
        [one] => Some(one.clone()),
        _ => None,
    }
}

/// What the fields tell; where they are silent, the words are asked.
fn of_groups(groups: &[Group], text: &Text<'_>) -> Vec<BouncedRecipient> {
    let is_alone = groups.len() == 1;
    groups
        .iter()
        .map(|group| {
            let recipient = group.recipient().map(str::to_owned);
            let status = group.status.as_deref().and_then(stated);
            let diagnostic = group.diagnostic.to_lowercase();
            let says_little = reason_of(&diagnostic, status.as_deref()) == "unknown";
            let said = match &recipient {
                Some(recipient) if says_little && groups.len() <= LOOKED_UP => {
                    format!("{diagnostic}\n{}", text.about(recipient))
                }
                _ => diagnostic,
            };
            let rest = if is_alone { text.folded.as_str() } else { "" };
            told(recipient, status, &said, rest, group.action.as_deref())
        })
        .collect()
}

/// Lines broken by a server within a sentence are one line again.
fn folded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// The verdict on one recipient: `said` is about it alone, `rest` is the whole text, which is
/// asked only where `said` tells nothing; both in lower case.
fn told(
    recipient: Option<String>,
    status: Option<String>,
    said: &str,
    rest: &str,
    action: Option<&str>,
) -> BouncedRecipient {
    let said = &folded(said);
    let near = codes(said);
    let says_more = |code: &String| !is_generic(code);
    let is_silent = near.enhanced.is_none() && near.reply.is_none();
    let far = if is_silent && status.is_none() { codes(rest) } else { code::Codes::default() };
    // What the server said is nearer to the failure than what its sender's server made of it.
    let enhanced = near
        .enhanced
        .clone()
        .filter(says_more)
        .or_else(|| status.clone().filter(says_more))
        .or(status)
        .or(near.enhanced)
        .or(far.enhanced);
    let reply = near.reply.or(far.reply);
    let mut words = said.as_str();
    let mut reason = reason_of(said, enhanced.as_deref());
    if reason == "unknown" {
        words = rest;
        reason = reason_of(rest, enhanced.as_deref());
    } else if reason == "user_unknown" && is_after_data(rest, enhanced.as_deref()) {
        reason = "filtered";
    }
    let class = match action {
        Some("delivered" | "relayed" | "expanded") => BounceClass::Auto,
        Some("delayed") => BounceClass::Soft,
        _ => class_of(reason, enhanced.as_deref(), reply.as_deref(), words),
    };
    let reason = if action == Some("delayed") && reason == "unknown" { "delayed" } else { reason };
    let code = enhanced.or_else(|| derived(reply.as_deref(), reason, class));
    BouncedRecipient { recipient, class, code, reason: reason.to_owned() }
}

#[cfg(test)]
mod tests;
