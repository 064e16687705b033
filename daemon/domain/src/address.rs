//! E-mail addresses: the one checked form, and the wide form by which stops match.
//!
//! Who calls it: every step that meets an address. It never prints one in clear: `Display` and
//! `Debug` are masked, the clear form is the named method [`EmailAddress::expose`].

use std::fmt;

use unicode_normalization::UnicodeNormalization;

/// One e-mail address: local part as written (NFC), domain as lower-case A-labels.
///
/// Equality is of the exact address; a stop matches by [`EmailAddress::stop_key`].
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EmailAddress {
    text: String,
    at: usize,
}

/// Why a text is no address we could write to (RFC 5321 §4.5.3.1, RFC 6531).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAddress {
    /// There is no `@`, or nothing on one side of it.
    #[error("an address has the form name@domain")]
    Shape,
    /// The local part is over 64 octets, or the whole over 254.
    #[error("the address is too long")]
    TooLong,
    /// The local part has a control character, a space or an unquoted special.
    #[error("the part before @ has a character that is not allowed")]
    LocalPart,
    /// The domain is no valid (internationalised) domain name.
    #[error("the part after @ is not a domain name")]
    Domain,
}

impl EmailAddress {
    /// Reads an address, with no display name around it; surrounding white space is ignored.
    ///
    /// # Errors
    /// [`InvalidAddress`] tells which part is wrong.
    pub fn parse(text: &str) -> Result<Self, InvalidAddress> {
        let text = text.trim();
        let (local, domain) = text.rsplit_once('@').ok_or(InvalidAddress::Shape)?;
        if local.is_empty() || domain.is_empty() {
            return Err(InvalidAddress::Shape);
        }
        let local: String = local.nfc().collect();
        if local.len() > 64 {
            return Err(InvalidAddress::TooLong);
        }
        if !local_part_is_valid(&local) {
            return Err(InvalidAddress::LocalPart);
        }
        let domain = domain_to_ascii(domain).ok_or(InvalidAddress::Domain)?;
        if local.len() + 1 + domain.len() > 254 {
            return Err(InvalidAddress::TooLong);
        }
        Ok(Self { at: local.len(), text: format!("{local}@{domain}") })
    }

    /// The address in clear. For the wire, the database and pages of people who may see it;
    /// never for a log, an error or a metric.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// The part before the `@`, in clear.
    #[must_use]
    pub fn local_part(&self) -> &str {
        &self.text[..self.at]
    }

    /// The domain, lower case, A-labels. Logs may name it only for our own domains.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.text[self.at + 1..]
    }

    /// Whether the local part needs SMTPUTF8 (RFC 6531) to be mailed.
    #[must_use]
    pub fn needs_smtputf8(&self) -> bool {
        !self.local_part().is_ascii()
    }

    /// The form that is digested for the exact address: the local part folded in case as
    /// well, since no provider in use tells addresses apart by case.
    #[must_use]
    pub fn exact_key(&self) -> String {
        let local: String = self.local_part().to_lowercase().nfc().collect();
        format!("{local}@{}", self.domain())
    }

    /// The wide normal form by which stops match: case, `+tag`, provider aliases and the
    /// dots that a provider ignores are folded. Two addresses with one stop key reach, as far
    /// as is known, one mailbox; a stop for one holds for the other.
    #[must_use]
    pub fn stop_key(&self) -> String {
        let domain = canonical_provider(self.domain());
        let mut local: String = self.local_part().nfkc().collect::<String>().to_lowercase();
        local = local.trim_matches('"').to_owned();
        let tag = if domain == "yahoo.com" { '-' } else { '+' };
        for separator in ['+', tag] {
            if let Some(cut) = local.find(separator).filter(|cut| *cut > 0) {
                local.truncate(cut);
            }
        }
        match domain {
            "gmail.com" => local.retain(|c| c != '.'),
            // Yandex treats a dot and a hyphen in a login as the same sign.
            "yandex.ru" => local = local.replace('.', "-"),
            _ => {}
        }
        format!("{local}@{domain}")
    }

    /// The masked form for people and logs: first letter and domain's last label only.
    #[must_use]
    pub fn masked(&self) -> String {
        let first = self.local_part().chars().next().unwrap_or('*');
        let top = self.domain().rsplit('.').next().unwrap_or("");
        format!("{first}***@***.{top}")
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***@***")
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailAddress(***)")
    }
}

/// A domain name as lower-case A-labels, without a final dot; `None` when it is none.
#[must_use]
pub fn domain_to_ascii(domain: &str) -> Option<String> {
    let domain = domain.trim_end_matches('.');
    let ascii = idna::domain_to_ascii(domain).ok()?;
    let valid = !ascii.is_empty()
        && ascii.len() <= 253
        && ascii.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        });
    valid.then_some(ascii)
}

fn local_part_is_valid(local: &str) -> bool {
    if let Some(quoted) = local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        return !quoted.is_empty()
            && quoted.chars().all(|c| !c.is_control() && !matches!(c, '"' | '\\' | '<' | '>'));
    }
    !local.chars().any(|c| {
        c.is_control()
            || c.is_whitespace()
            || matches!(c, '(' | ')' | '<' | '>' | '[' | ']' | ':' | ';' | '@' | '\\' | ',' | '"')
    })
}

/// The one name for a provider that hands out several domains for the same mailbox.
fn canonical_provider(domain: &str) -> &str {
    match domain {
        "googlemail.com" => "gmail.com",
        "ya.ru" | "yandex.com" | "yandex.by" | "yandex.kz" | "yandex.ua" | "narod.ru" => {
            "yandex.ru"
        }
        "me.com" | "mac.com" => "icloud.com",
        "pm.me" | "protonmail.com" | "protonmail.ch" => "proton.me",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stop_key(text: &str) -> String {
        EmailAddress::parse(text).expect("valid").stop_key()
    }

    #[test]
    fn an_address_never_prints_in_clear() {
        let address = EmailAddress::parse("anna.petrova@mail.example").expect("valid");
        assert_eq!(format!("{address} {address:?}"), "***@*** EmailAddress(***)");
        assert_eq!(address.masked(), "a***@***.example");
    }

    #[test]
    fn the_stop_key_folds_what_reaches_one_mailbox() {
        for (a, b) in [
            ("Anna.Petrova+shop@GoogleMail.com", "annapetrova@gmail.com"),
            ("ivan.petrov@ya.ru", "Ivan-Petrov@yandex.ru"),
            ("Иван@пример.рф", "иван@xn--e1afmkfd.xn--p1ai"),
            ("x+y@mail.ru", "X@MAIL.RU"),
            ("e\u{301}va@a.example", "\u{e9}va@a.example"),
        ] {
            assert_eq!(stop_key(a), stop_key(b), "{a} and {b}");
        }
        assert_ne!(stop_key("a.b@mail.ru"), stop_key("ab@mail.ru"));
        assert_eq!(stop_key("+7900@mail.ru"), "+7900@mail.ru");
    }

    #[test]
    fn what_is_no_address_is_refused_with_its_reason() {
        for (text, reason) in [
            ("anna", InvalidAddress::Shape),
            ("@mail.ru", InvalidAddress::Shape),
            ("a b@mail.ru", InvalidAddress::LocalPart),
            ("a\r\nb@mail.ru", InvalidAddress::LocalPart),
            ("a@mail..ru", InvalidAddress::Domain),
            ("a@ma il.ru", InvalidAddress::Domain),
        ] {
            assert_eq!(EmailAddress::parse(text), Err(reason), "{text}");
        }
        let long = format!("{}@mail.ru", "a".repeat(65));
        assert_eq!(EmailAddress::parse(&long), Err(InvalidAddress::TooLong));
    }
}
