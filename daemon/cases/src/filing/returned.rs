//! What in a mail points back to a mail of ours: tokens in addresses and links, Message-IDs.
//!
//! Read from what a stranger sent; nothing here is believed until a token opens or an id is found.

use domain::{address::EmailAddress, mail::ReadMail};

/// Most Message-IDs, and most addresses, of a mail that are looked at.
const MOST: usize = 20;

/// The texts behind the `+` of each address of this mail that is `mailbox` with something added:
/// `unsub+TOKEN@shop.example` for `unsub@shop.example`.
pub(super) fn addressed_tokens(mail: &ReadMail, mailbox: &EmailAddress) -> Vec<String> {
    let own = mailbox.expose();
    let Some((local, domain)) = own.rsplit_once('@') else { return Vec::new() };
    let written = mail.recipients.iter().map(|recipient| recipient.address.as_str());
    let delivered = mail.delivered_to.iter().map(String::as_str);
    let mut tokens: Vec<String> = delivered
        .chain(written)
        .take(MOST)
        .filter_map(|address| {
            let (theirs, their_domain) = address.trim().rsplit_once('@')?;
            let (mailbox, token) = theirs.split_once('+')?;
            let is_ours =
                mailbox.eq_ignore_ascii_case(local) && their_domain.eq_ignore_ascii_case(domain);
            (is_ours && !token.is_empty()).then(|| token.to_owned())
        })
        .collect();
    tokens.dedup();
    tokens
}

/// The Message-IDs of ours that a report or an answer may name.
pub(super) fn message_ids(mail: &ReadMail) -> Vec<String> {
    let returned = mail.report.returned_headers.as_deref().and_then(message_id_of);
    let attached = mail.attached.iter().filter_map(|attached| attached.message_id.clone());
    returned.into_iter().chain(attached).chain(mail.answers.iter().cloned()).take(MOST).collect()
}

/// The Message-ID in a block of header lines.
fn message_id_of(headers: &str) -> Option<String> {
    let value = header(headers, "message-id")?;
    let id = value.trim_start_matches('<').split('>').next()?.trim();
    (!id.is_empty()).then(|| id.to_owned())
}

/// The token of the link in the `List-Unsubscribe` of a block of header lines.
pub(super) fn unsubscribe_token(headers: &str) -> Option<String> {
    let value = header(headers, "list-unsubscribe")?;
    let link =
        value.split(['<', '>', ',']).map(str::trim).find(|part| part.starts_with("https:"))?;
    let token = link.rsplit_once("/u/")?.1;
    (!token.is_empty()).then(|| token.to_owned())
}

/// What an abuse report is about (RFC 5965 §3.1), in lower case: `abuse`, `auth-failure`,
/// `not-spam` … Only this field says it; any word may stand elsewhere in the part.
pub(super) fn feedback_type(report: &str) -> Option<String> {
    header(report, "feedback-type").map(|value| first_word(&value))
}

/// What became of one recipient, as a delivery report says (RFC 3464 §2.3).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ReportedAction {
    /// As it is named there; may be empty. Personal data.
    recipients: [String; 2],
    /// `failed`, `delayed`, `delivered`, `relayed` or `expanded`.
    action: String,
}

impl ReportedAction {
    pub(super) fn is_failure(&self) -> bool {
        self.action == "failed"
    }

    pub(super) fn is_of(&self, recipient: &str) -> bool {
        self.recipients.iter().any(|one| !one.is_empty() && one.eq_ignore_ascii_case(recipient))
    }
}

/// The groups of a delivery report that say what became of somebody.
pub(super) fn reported_actions(status: &str) -> Vec<ReportedAction> {
    let lines = status.replace("\r\n", "\n");
    let mut groups = vec![String::new()];
    for line in lines.lines() {
        match groups.last_mut() {
            Some(group) if !line.trim().is_empty() => {
                group.push_str(line);
                group.push('\n');
            }
            _ => groups.push(String::new()),
        }
    }
    let recipient = |group: &str, name| {
        let value = header(group, name).unwrap_or_default();
        let typed = value.split_once(';').map_or(value.as_str(), |(_, address)| address);
        typed.trim().trim_matches(['<', '>', '"', ' ']).to_owned()
    };
    groups
        .iter()
        .filter_map(|group| {
            let action = first_word(&header(group, "action")?);
            let named = ["final-recipient", "original-recipient"];
            Some(ReportedAction { recipients: named.map(|name| recipient(group, name)), action })
        })
        .collect()
}

/// A value without what a program adds behind it.
fn first_word(value: &str) -> String {
    let word = value.trim().split([' ', '\t', ';', '(']).next().unwrap_or_default();
    word.to_ascii_lowercase()
}

/// The value of a header, unfolded.
fn header(headers: &str, wanted: &str) -> Option<String> {
    let unfolded = headers.replace("\r\n", "\n").replace("\n ", " ").replace("\n\t", " ");
    unfolded.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case(wanted).then(|| value.trim().to_owned())
    })
}

#[cfg(test)]
mod tests {
    use domain::mail::HeaderAddress;

    use super::*;

    #[test]
    fn the_returned_message_id_is_found_folded_or_not() {
        let id = Some("abc@mail.example".to_owned());
        assert_eq!(message_id_of("Subject: x\r\nMessage-ID: <abc@mail.example>\r\n"), id);
        assert_eq!(message_id_of("message-id:\r\n <abc@mail.example>\r\nTo: y"), id);
        assert_eq!(message_id_of("Subject: Message-ID: none"), None);
    }

    #[test]
    fn only_its_own_field_says_what_a_report_is_about() {
        let of = |report: &str| feedback_type(report);
        assert_eq!(of("Feedback-Type: abuse\r\nVersion: 1\r\n").as_deref(), Some("abuse"));
        assert_eq!(
            of("Version: 1\nfeedback-type:\n Auth-Failure\n").as_deref(),
            Some("auth-failure")
        );
        assert_eq!(of("User-Agent: abuse not-spam\r\n"), None);
    }

    #[test]
    fn each_recipient_of_a_delivery_report_has_an_action_of_its_own() {
        let report = "Reporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; <a@b.example>\r\n\
                      Action: Delayed\r\nDiagnostic-Code: smtp; connection failed\r\n\r\n\r\n\
                      Original-Recipient: rfc822;c@d.example\r\nAction: failed (gone)\r\n";
        let actions = reported_actions(report);
        assert_eq!(actions.len(), 2);
        assert!(actions[0].is_of("A@b.example") && !actions[0].is_failure());
        assert!(actions[1].is_of("c@d.example") && actions[1].is_failure());
        assert!(!actions[0].is_of("") && reported_actions("").is_empty());
    }

    #[test]
    fn a_token_is_what_stands_behind_the_plus_of_our_own_mailbox() {
        let mailbox = EmailAddress::parse("unsub@shop.example").expect("an address");
        let to = |address: &str| ReadMail {
            recipients: vec![HeaderAddress { name: String::new(), address: address.to_owned() }],
            ..ReadMail::default()
        };
        let tokens = |address: &str| addressed_tokens(&to(address), &mailbox);
        assert_eq!(tokens("unsub+abc@shop.example"), ["abc"]);
        assert_eq!(tokens("UNSUB+aBc@Shop.Example"), ["aBc"]);
        for other in [
            "unsub@shop.example",
            "unsub+@shop.example",
            "x+abc@shop.example",
            "unsub+abc@other.example",
            "unsub+abc",
            "",
        ] {
            assert!(tokens(other).is_empty(), "{other}");
        }
        let twice = ReadMail {
            delivered_to: vec!["unsub+abc@shop.example".to_owned()],
            ..to("unsub+abc@shop.example")
        };
        assert_eq!(addressed_tokens(&twice, &mailbox), ["abc"]);
    }

    #[test]
    fn the_link_to_leave_is_found_in_a_returned_header() {
        let headers = "List-Id: x\r\nList-Unsubscribe: <https://shop.example/u/abc>,\r\n <mailto:unsub+abc@shop.example>\r\n";
        assert_eq!(unsubscribe_token(headers).as_deref(), Some("abc"));
        assert_eq!(unsubscribe_token("List-Unsubscribe: <mailto:x@y.example>"), None);
    }
}
