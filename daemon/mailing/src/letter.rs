//! A letter: the wire bytes of one mail to one person.
//!
//! Called by dispatch with content that was rendered and sealed before; time, Message-ID and
//! boundary are arguments, so the same delivery always gives the same bytes. Nothing that comes
//! from outside can add a header or a line: control characters are refused where they would
//! matter, and what has been built is checked once more as bytes.

pub mod campaign;
pub mod tagged;

use std::fmt;

use domain::address::EmailAddress;
use jiff::Timestamp;
use lettre::Address;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, Message, MultiPart, SinglePart};

/// RFC 5322 §2.1.1: no line is longer, line end not counted.
const MAX_LINE: usize = 998;

/// The header by which the daemon knows its own mail when it comes back.
pub const LOOP_HEADER: &str = "X-Consentry-Loop";

/// Why a letter cannot be built; never holds its content.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
pub enum LetterError {
    /// A control character stands where only one line may be.
    #[error("the {0} has a line break or another control character")]
    ControlCharacter(&'static str),
    /// A Message-ID is none.
    #[error("the {0} is not a message id of the form name@domain")]
    MessageId(&'static str),
    /// An address that cannot stand in a header.
    #[error("the {0} cannot stand in a header")]
    Address(&'static str),
    /// A token that cannot stand in an address or a link.
    #[error("the token is none or does not fit behind the mailbox's name")]
    Token,
    /// A setting of list or campaign that would break a header.
    #[error("the {0} cannot stand in the header of a campaign mail; correct it and try again")]
    Setting(&'static str),
    /// The bytes would break RFC 5322.
    #[error("the letter has {0}")]
    Malformed(&'static str),
}

/// A person or office with an address, as a header shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Correspondent {
    /// The display name; empty for none.
    pub name: String,
    /// The address.
    pub address: EmailAddress,
}

/// Who made the mail happen (RFC 3834 §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AutoSubmitted {
    /// Answers a mail by itself.
    Replied,
    /// Written by the daemon on its own.
    Generated,
    /// A person wrote or approved it: no header.
    No,
}

/// Everything that a letter is made of.
#[derive(Clone)]
pub struct Letter {
    /// From.
    pub from: Correspondent,
    /// To.
    pub to: Correspondent,
    /// Where replies go, if not to `from`.
    pub reply_to: Option<EmailAddress>,
    /// One line.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The same as HTML, if wanted.
    pub html: Option<String>,
    /// The language of the text (`ru`, `en`).
    pub language: &'static str,
    /// Without angle brackets; given when the delivery was planned and kept by a resend.
    pub message_id: String,
    /// The Message-ID it answers, without angle brackets.
    pub in_reply_to: Option<String>,
    /// The thread, oldest first, without angle brackets.
    pub references: Vec<String>,
    /// Who made it happen.
    pub auto_submitted: AutoSubmitted,
    /// The value of the loop header: a name for this installation.
    pub loop_mark: String,
    /// When it is written.
    pub written_at: Timestamp,
}

impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Letter")
            .field("auto_submitted", &self.auto_submitted)
            .field("text_bytes", &self.text.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Correspondent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Correspondent(***)")
    }
}

impl Letter {
    /// The bytes for the wire, CRLF line ends, without a signature.
    ///
    /// # Errors
    /// [`LetterError`] when a field would break the mail; nothing is repaired silently but the
    /// answered ids, which come from a stranger's mail and are left out where they are none.
    pub fn to_bytes(&self) -> Result<Vec<u8>, LetterError> {
        let message_id = bracketed(&self.message_id).ok_or(LetterError::MessageId("Message-ID"))?;
        let mut builder = Message::builder()
            .from(mailbox(&self.from, "sender")?)
            .to(mailbox(&self.to, "recipient")?)
            .date(self.written_at.into())
            .subject(one_line(&self.subject, "subject")?)
            .message_id(Some(message_id));
        if let Some(address) = &self.reply_to {
            let reply_to = Correspondent { name: String::new(), address: address.clone() };
            builder = builder.reply_to(mailbox(&reply_to, "reply address")?);
        }
        if let Some(answered) = self.in_reply_to.as_deref().and_then(bracketed) {
            builder = builder.in_reply_to(answered);
        }
        let references: Vec<String> =
            self.references.iter().filter_map(|id| bracketed(id)).collect();
        if !references.is_empty() {
            builder = builder.references(references.join(" "));
        }
        builder = builder
            .raw_header(header("Content-Language", self.language.to_owned()))
            .raw_header(header(LOOP_HEADER, one_line(&self.loop_mark, "loop mark")?));
        let auto_submitted = match self.auto_submitted {
            AutoSubmitted::Replied => Some("auto-replied"),
            AutoSubmitted::Generated => Some("auto-generated"),
            AutoSubmitted::No => None,
        };
        if let Some(word) = auto_submitted {
            builder = builder
                .raw_header(header("Auto-Submitted", word.to_owned()))
                .raw_header(header("X-Auto-Response-Suppress", "All".to_owned()));
        }
        let text = part(ContentType::TEXT_PLAIN, &self.text)?;
        let message = match &self.html {
            None => builder.singlepart(text),
            Some(html) => builder.multipart(
                MultiPart::alternative()
                    .boundary(boundary(&self.message_id))
                    .singlepart(text)
                    .singlepart(part(ContentType::TEXT_HTML, html)?),
            ),
        };
        let bytes = message.map_err(|_| LetterError::Malformed("no sender"))?.formatted();
        check_lines(&bytes)?;
        Ok(bytes)
    }
}

/// Made of the Message-ID, so that a resend has the same bytes. Quoted-printable text cannot
/// hold it: there every `=` is followed by two hexadecimal digits.
fn boundary(message_id: &str) -> String {
    let id: String = message_id.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
    format!("=_consentry_{id}")
}

fn mailbox(who: &Correspondent, what: &'static str) -> Result<Mailbox, LetterError> {
    let address = Address::new(who.address.local_part(), who.address.domain())
        .map_err(|_| LetterError::Address(what))?;
    let name = one_line(&who.name, what)?;
    Ok(Mailbox::new(Some(name).filter(|name| !name.is_empty()), address))
}

fn one_line(text: &str, what: &'static str) -> Result<String, LetterError> {
    if text.chars().any(char::is_control) {
        return Err(LetterError::ControlCharacter(what));
    }
    Ok(text.trim().to_owned())
}

/// `<id>`, if it is one that can safely stand in our header (RFC 5322 §3.6.4, without quoting).
fn bracketed(id: &str) -> Option<String> {
    let (left, right) = id.rsplit_once('@')?;
    let fits = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'<' | b'>' | b'"' | b'@'))
    };
    (fits(left) && fits(right) && id.len() <= 250).then(|| format!("<{id}>"))
}

fn header(name: &'static str, value: String) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value)
}

fn part(content_type: ContentType, text: &str) -> Result<SinglePart, LetterError> {
    let mut text = text.replace("\r\n", "\n").replace('\r', "\n");
    if !text.ends_with('\n') {
        text.push('\n');
    }
    let body = Body::new_with_encoding(text, ContentTransferEncoding::QuotedPrintable)
        .map_err(|_| LetterError::Malformed("a text that cannot be encoded"))?;
    Ok(SinglePart::builder().header(content_type).body(body))
}

/// The last look at the bytes: no bare CR or LF, no NUL, no line too long. Non-ASCII bytes stand
/// only where an internationalised address does.
fn check_lines(bytes: &[u8]) -> Result<(), LetterError> {
    for line in bytes.split_inclusive(|b| *b == b'\n') {
        let text = line
            .strip_suffix(b"\r\n")
            .or_else(|| (!line.ends_with(b"\n")).then_some(line))
            .ok_or(LetterError::Malformed("a bare line feed"))?;
        if text.contains(&b'\r') || text.contains(&0) {
            return Err(LetterError::Malformed("a bare carriage return or a NUL"));
        }
        if text.len() > MAX_LINE {
            return Err(LetterError::Malformed("a line over 998 bytes"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
