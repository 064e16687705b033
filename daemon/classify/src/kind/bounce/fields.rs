//! The fields of a delivery report: one group for each recipient (RFC 3464 §2, RFC 6533 §3).
//!
//! Called by the reader of delivery reports with the machine-readable part, or with a text in
//! which a server wrote the same fields. It judges nothing and is linear in its input.

use crate::words::cut;

/// As much of a report as is read.
const READ_LIMIT: usize = 64 * 1024;
/// Most recipients of one report that are told.
pub(super) const RECIPIENTS: usize = 100;
/// Longest value that is kept, in bytes.
const VALUE: usize = 4 * 1024;

/// What a report says of one recipient, as it stands there.
#[derive(Default)]
pub(super) struct Group {
    /// `Original-Recipient`: the address that we wrote to (RFC 3461 §4.2).
    pub original: Option<String>,
    /// `Final-Recipient`: the address that failed in the end.
    pub last: Option<String>,
    /// `Action`, one word in lower case.
    pub action: Option<String>,
    /// `Status`.
    pub status: Option<String>,
    /// `Diagnostic-Code` without its type.
    pub diagnostic: String,
}

impl Group {
    fn is_of_recipient(&self) -> bool {
        self.original.is_some() || self.last.is_some() || self.action.is_some()
    }

    /// The failed address: the final one, else the original one.
    pub(super) fn recipient(&self) -> Option<&str> {
        self.last.as_deref().or(self.original.as_deref())
    }

    fn take(&mut self, name: &str, value: &str) {
        match name {
            "original-recipient" if self.original.is_none() => self.original = recipient(value),
            "final-recipient" if self.last.is_none() => self.last = recipient(value),
            "x-actual-recipient" if self.last.is_none() && self.original.is_none() => {
                self.original = recipient(value);
            }
            "action" if self.action.is_none() => self.action = Some(first_word(value)),
            "status" if self.status.is_none() => self.status = Some(value.to_owned()),
            // `X-…-Diagnostic` and `X-Notes-…` say in other words what the standard field may lack.
            "diagnostic-code" | "x-diagnostic-code" => {
                if !self.diagnostic.is_empty() {
                    self.diagnostic.push(' ');
                }
                let value = value.split_once(';').map_or(value, |(kind, text)| {
                    if kind.trim().contains(' ') { value } else { text }
                });
                self.diagnostic.push_str(value.trim());
            }
            _ => {}
        }
    }
}

/// The groups that speak of a recipient. A new group begins behind an empty line, and where
/// `Final-Recipient` comes a second time: some servers leave the empty lines out.
pub(super) fn groups(report: &str) -> Vec<Group> {
    let mut reader = Reader::default();
    for line in cut(report, READ_LIMIT).lines() {
        if line.trim().is_empty() {
            reader.end_field();
            reader.end_group();
        } else if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = reader.field.as_mut().filter(|(_, v)| v.len() < VALUE) {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            reader.end_field();
            let value = cut(value.trim(), VALUE).to_owned();
            reader.field = Some((name.trim().to_ascii_lowercase(), value));
        }
    }
    reader.end_field();
    reader.end_group();
    reader.groups
}

#[derive(Default)]
struct Reader {
    groups: Vec<Group>,
    group: Group,
    field: Option<(String, String)>,
}

impl Reader {
    fn end_field(&mut self) {
        let Some((name, value)) = self.field.take() else { return };
        if name == "final-recipient" && self.group.last.is_some() {
            self.end_group();
        }
        self.group.take(&name, &value);
    }

    fn end_group(&mut self) {
        let group = std::mem::take(&mut self.group);
        if !group.is_of_recipient() || self.groups.len() >= RECIPIENTS {
            return;
        }
        // An empty line too many stands between the recipient and what became of it.
        match self.groups.last_mut() {
            Some(before) if group.recipient().is_none() && before.action.is_none() => {
                before.action = group.action;
                before.status = before.status.take().or(group.status);
                before.diagnostic.push_str(&group.diagnostic);
            }
            _ => self.groups.push(group),
        }
    }
}

fn first_word(value: &str) -> String {
    let word = value.trim().split([' ', '\t', ';', '(']).next().unwrap_or_default();
    word.to_ascii_lowercase()
}

/// The address of `rfc822; a@b.example`; `utf-8` ones are unescaped (RFC 6533 §3), and what a
/// server wrote around it is left out.
pub(super) fn recipient(value: &str) -> Option<String> {
    let (kind, address) = value.split_once(';').unwrap_or(("rfc822", value));
    let address = plain(address);
    let address = match kind.trim().to_ascii_lowercase().as_str() {
        "utf-8" => unescaped_utf8(&address),
        _ if address.contains('+') => unescaped_xtext(&address),
        _ => address,
    };
    (!address.is_empty()).then_some(address)
}

/// Without brackets, comments, quotes and the `SMTP:` and `IMCEA` of Exchange.
fn plain(address: &str) -> String {
    let address = address.trim();
    let inner = address.rfind('<').and_then(|open| address.get(open + 1..)).unwrap_or(address);
    let inner = inner.split(['>', ' ', '\t', '(']).next().unwrap_or_default();
    let inner = inner.trim_matches(['<', '>', '"', '\'', ',', ';', '[', ']']);
    if !inner.contains('@') {
        // A user of that host, or a program that took the mail: as it is written.
        return address.trim_matches(['<', '>', '"', ' ']).to_owned();
    }
    let typed = inner.get(..5).is_some_and(|head| head.eq_ignore_ascii_case("smtp:"));
    let bare = if typed { inner.get(5..).unwrap_or_default() } else { inner };
    bare.trim_end_matches('.').to_owned()
}

/// `\x{431}` as the sign it stands for (RFC 6533 §3).
fn unescaped_utf8(address: &str) -> String {
    let mut out = String::with_capacity(address.len());
    let mut rest = address;
    while let Some((before, after)) = rest.split_once("\\x{") {
        out.push_str(before);
        let sign = after.split_once('}').filter(|(digits, _)| digits.len() <= 6);
        let sign = sign.and_then(|(digits, behind)| {
            let sign = char::from_u32(u32::from_str_radix(digits, 16).ok()?)?;
            (!sign.is_control()).then_some((sign, behind))
        });
        match sign {
            Some((sign, behind)) => {
                out.push(sign);
                rest = behind;
            }
            None => {
                out.push_str("\\x{");
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// `+2B` as the sign it stands for (RFC 3461 §4): only where every `+` begins such a sign, since a
/// server that does not know xtext writes `name+box@…` as it is.
fn unescaped_xtext(address: &str) -> String {
    let mut bytes = Vec::with_capacity(address.len());
    let mut rest = address.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        if *first != b'+' {
            bytes.push(*first);
            rest = behind;
            continue;
        }
        let sign = behind.get(..2).filter(|d| d.iter().all(|b| b"0123456789ABCDEF".contains(b)));
        let sign = sign.and_then(|digits| std::str::from_utf8(digits).ok());
        // RFC 3461 §4 escapes only `+`, `=` and what is not printable or not ASCII.
        match sign.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) if matches!(byte, b'+' | b'=' | b' ') || byte >= 0x80 => bytes.push(byte),
            _ => return address.to_owned(),
        }
        rest = behind.get(2..).unwrap_or_default();
    }
    String::from_utf8(bytes).unwrap_or_else(|_| address.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_recipient_has_a_group_with_or_without_empty_lines() {
        let report = "Reporting-MTA: dns; mx.example\n\nOriginal-Recipient: rfc822;a@old.example\nFinal-Recipient: rfc822; <a@new.example>\nAction: failed (bad)\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1\n unknown\nFinal-Recipient: RFC822; b@new.example\nAction: Delayed\n";
        let found = groups(report);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].recipient(), Some("a@new.example"));
        assert_eq!(found[0].original.as_deref(), Some("a@old.example"));
        assert_eq!(found[0].action.as_deref(), Some("failed"));
        assert_eq!(found[0].diagnostic, "550 5.1.1 unknown");
        assert_eq!(found[1].recipient(), Some("b@new.example"));
        assert_eq!(found[1].action.as_deref(), Some("delayed"));
        assert!(groups("").is_empty());
        assert!(groups("Reporting-MTA: dns; mx.example\nArrival-Date: today\n").is_empty());
    }

    #[test]
    fn recipients_are_read_in_all_their_types() {
        for (value, address) in [
            ("rfc822; a@b.example", "a@b.example"),
            ("rfc822;<a@b.example>", "a@b.example"),
            ("RFC822; \"Anna\" <a@b.example>", "a@b.example"),
            ("a@b.example", "a@b.example"),
            ("rfc822;SMTP:a@b.example", "a@b.example"),
            ("rfc822; a@b.example (alias)", "a@b.example"),
            ("utf-8; \\x{430}нна@почта.example", "анна@почта.example"),
            ("utf-8; анна@почта.example", "анна@почта.example"),
            ("utf-8; \\x{zz}a@b.example", "\\x{zz}a@b.example"),
            ("utf-8; \\x{a}a@b.example", "\\x{a}a@b.example"),
            ("rfc822;a+2Bbox@b.example", "a+box@b.example"),
            ("rfc822;a+box@b.example", "a+box@b.example"),
            ("rfc822;a+41b@b.example", "a+41b@b.example"),
        ] {
            assert_eq!(recipient(value).as_deref(), Some(address), "{value}");
        }
        assert_eq!(recipient("rfc822; <>"), None);
        assert_eq!(recipient(""), None);
    }
}
