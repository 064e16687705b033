//! What became of one attempt to send one mail, as the server said it.
//!
//! Made by the outlets, written into the wire journal and the ledger. Addresses in a reply's text
//! are masked; what else it says of the recipient is data for the ledger, so `Debug` leaves it out
//! and nothing logs it. The rule of the final dot (before: deferred, from it on: uncertain) is kept in `smtp`.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The longest reply text that is kept, in bytes.
pub const MAX_REPLY_TEXT: usize = 500;

/// An enhanced status code (RFC 3463): class, subject, detail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EnhancedCode(pub u8, pub u16, pub u16);

impl EnhancedCode {
    /// Reads the code at the start of a reply's text, and gives the rest of the text.
    #[must_use]
    pub fn split_from(text: &str) -> (Option<Self>, &str) {
        let (first, rest) = text.split_once(' ').unwrap_or((text, ""));
        match Self::parse(first) {
            Some(code) => (Some(code), rest.trim_start()),
            None => (None, text),
        }
    }

    /// Reads `5.1.1`; the class is 2, 4 or 5, the others have up to three digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let class = parts.next().filter(|c| matches!(*c, "2" | "4" | "5"))?;
        let mut number = || {
            let part = parts.next()?;
            let digits = (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
            if digits { part.parse().ok() } else { None }
        };
        let (subject, detail) = (number()?, number()?);
        parts.next().is_none().then_some(Self(class.parse().ok()?, subject, detail))
    }
}

impl fmt::Display for EnhancedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// What the server answered, or our own words where it did not answer.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The reply code; `None` when no reply decided the outcome.
    pub code: Option<u16>,
    /// The enhanced status code, when the server gave one or the outcome has one of its own.
    pub enhanced: Option<EnhancedCode>,
    /// The text, at most [`MAX_REPLY_TEXT`] bytes, one line, no control characters. For the
    /// ledger only; the wire journal leaves it out.
    #[serde(skip)]
    pub text: String,
}

impl Answer {
    /// A server's reply; the text is cleaned, cut and freed of addresses.
    #[must_use]
    pub fn of_server(code: u16, text: &str) -> Self {
        let (enhanced, _) = EnhancedCode::split_from(text);
        Self { code: Some(code), enhanced, text: one_line(&without_addresses(text)) }
    }

    /// Our own words, where no reply decided.
    #[must_use]
    pub fn our_own(text: &str) -> Self {
        Self { code: None, enhanced: None, text: one_line(text) }
    }

    /// Our own words with a status code by which reports can sort them.
    #[must_use]
    pub fn our_own_with(enhanced: EnhancedCode, text: &str) -> Self {
        Self { code: None, enhanced: Some(enhanced), text: one_line(text) }
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("code", &self.code)
            .field("enhanced", &self.enhanced)
            .finish_non_exhaustive()
    }
}

/// What became of one attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The server took responsibility for the mail.
    Accepted(Answer),
    /// Not sent for certain; may be tried again.
    Deferred(Answer),
    /// Refused for good.
    Rejected(Answer),
    /// The final dot was written and no reply came: the server may or may not have it.
    Uncertain(Answer),
    /// Nothing was said to the server, or it refused us and not the mail: the attempt counts as
    /// none.
    NotSent,
}

impl Outcome {
    /// The word of the ledger for it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Accepted(_) => "accepted",
            Self::Deferred(_) => "deferred",
            Self::Rejected(_) => "rejected",
            Self::Uncertain(_) => "uncertain",
            Self::NotSent => "not_sent",
        }
    }

    /// What was answered; `None` for an attempt that counts as none.
    #[must_use]
    pub fn answer(&self) -> Option<&Answer> {
        match self {
            Self::Accepted(a) | Self::Deferred(a) | Self::Rejected(a) | Self::Uncertain(a) => {
                Some(a)
            }
            Self::NotSent => None,
        }
    }
}

/// A reply's text is kept in a clear column, where no address may stand.
fn without_addresses(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    let words: Vec<&str> =
        words.map(|word| if word.contains(['@', '＠']) { "***" } else { word }).collect();
    words.join(" ")
}

/// One line without control characters, cut at a character boundary.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len().min(MAX_REPLY_TEXT));
    for c in text.chars() {
        let c = if c.is_control() { ' ' } else { c };
        if line.len() + c.len_utf8() > MAX_REPLY_TEXT {
            break;
        }
        line.push(c);
    }
    line.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_enhanced_code_is_read_only_where_it_is_one() {
        for (text, expected) in [
            ("5.1.1 no such user", Some(EnhancedCode(5, 1, 1))),
            ("4.7.27", Some(EnhancedCode(4, 7, 27))),
            ("2.0.0 queued as 7", Some(EnhancedCode(2, 0, 0))),
            ("3.1.1 no such class", None),
            ("5.1 short", None),
            ("5.1.1.1 long", None),
            ("5.1234.1 wide", None),
            ("mailbox full", None),
            ("", None),
        ] {
            assert_eq!(EnhancedCode::split_from(text).0, expected, "{text}");
        }
    }

    #[test]
    fn a_reply_is_cut_cleaned_and_never_printed() {
        let answer = Answer::of_server(
            550,
            &format!("5.1.1 <anna@mail.example>\r\n\u{7}{}", "я".repeat(900)),
        );
        assert!(answer.text.len() <= MAX_REPLY_TEXT);
        assert!(!answer.text.chars().any(char::is_control));
        assert!(!format!("{:?}", Outcome::Rejected(answer)).contains("anna"));
    }

    #[test]
    fn no_address_of_a_reply_is_kept() {
        for (text, expected) in [
            ("5.1.1 <anna@mail.example>: unknown", "5.1.1 *** unknown"),
            ("to=anna@mail.example\tno", "*** no"),
            ("mail for anna@почта.рф refused", "mail for *** refused"),
            ("2.0.0 queued as 7", "2.0.0 queued as 7"),
        ] {
            assert_eq!(Answer::of_server(550, text).text, expected);
        }
    }
}
