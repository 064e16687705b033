//! Addresses that carry a token: `bounce+TOKEN@…` and `unsub+TOKEN@…`.
//!
//! Dispatch takes the envelope sender of a campaign mail from here (VERP), the campaign letter its
//! `mailto:`. Only the mailbox part before the `+` is ours to choose, so it is checked once more:
//! a token that does not fit would lose a bounce or an unsubscribe without a word.

use domain::address::EmailAddress;

use super::LetterError;

/// RFC 5321 §4.5.3.1.1.
const MAX_LOCAL_PART: usize = 64;

/// The envelope sender to which a bounce of the mail with this token returns.
///
/// # Errors
/// [`LetterError::Token`] when the token is none or does not fit behind the mailbox's name;
/// [`LetterError::Address`] when that name has a sign that may not stand before a `+`.
pub fn verp(token: &str, bounce_address: &EmailAddress) -> Result<EmailAddress, LetterError> {
    tagged(token, bounce_address, "bounce address")
}

/// The address to which a mail unsubscribes the person who has this token.
///
/// # Errors
/// As [`verp`].
pub fn unsubscribe_mailbox(
    token: &str,
    unsubscribe_address: &EmailAddress,
) -> Result<EmailAddress, LetterError> {
    tagged(token, unsubscribe_address, "unsubscribe address")
}

fn tagged(
    token: &str,
    mailbox: &EmailAddress,
    what: &'static str,
) -> Result<EmailAddress, LetterError> {
    check_mailbox(mailbox, what)?;
    check_token(token, mailbox)?;
    EmailAddress::parse(&format!("{}+{token}@{}", mailbox.local_part(), mailbox.domain()))
        .map_err(|_| LetterError::Address(what))
}

/// Whether a token can be added to this mailbox, and nothing in it needs quoting in a URI
/// (RFC 6068 §2).
pub(super) fn check_mailbox(mailbox: &EmailAddress, what: &'static str) -> Result<(), LetterError> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    if mailbox.local_part().bytes().all(plain) { Ok(()) } else { Err(LetterError::Address(what)) }
}

pub(super) fn check_token(token: &str, mailbox: &EmailAddress) -> Result<(), LetterError> {
    let fits = mailbox.local_part().len() + 1 + token.len() <= MAX_LOCAL_PART;
    if !token.is_empty() && fits && token.bytes().all(|b| b.is_ascii_alphanumeric()) {
        Ok(())
    } else {
        Err(LetterError::Token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> EmailAddress {
        EmailAddress::parse(text).expect("valid")
    }

    #[test]
    fn a_token_stands_behind_the_plus_within_64_octets() {
        let token = "a".repeat(vault::tokens::TOKEN_LENGTH);
        let made = verp(&token, &address("bounce@news.clinic.example")).expect("fits");
        assert_eq!(made.expose(), format!("bounce+{token}@news.clinic.example"));
        assert!(made.local_part().len() <= 64);
        let made = unsubscribe_mailbox(&token, &address("unsub@пример.рф")).expect("fits");
        assert_eq!(made.expose(), format!("unsub+{token}@xn--e1afmkfd.xn--p1ai"));
    }

    #[test]
    fn what_would_not_come_back_is_refused() {
        let bounce = address("bounce@clinic.example");
        for token in ["", "a@b", "a\r\nb", "ы", "a b", &"a".repeat(58)] {
            assert_eq!(verp(token, &bounce), Err(LetterError::Token), "{token:?}");
        }
        for mailbox in ["b+c@clinic.example", "ы@clinic.example", "b?c@clinic.example"] {
            let refused = verp("abc", &address(mailbox));
            assert_eq!(refused, Err(LetterError::Address("bounce address")), "{mailbox}");
        }
    }
}
