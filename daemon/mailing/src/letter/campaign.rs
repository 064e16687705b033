//! A campaign letter: what is the same for all is encoded once, the rest for each person.
//!
//! Called by dispatch for rows of a campaign. [`CampaignEnvelope::prepare`] checks and encodes the
//! headers of campaign, list and language; [`CampaignEnvelope::letter`] adds the person's and the
//! two bodies. mail-builder's encoders are used because a campaign is built as fast as the relay
//! takes it. What comes from contacts is made harmless, what comes from the house is refused.

use std::borrow::Cow;
use std::fmt;

use domain::address::EmailAddress;
use domain::ids::CampaignId;
use jiff::Timestamp;
use mail_builder::encoders::quoted_printable::QuotedPrintableEncoder;
use mail_builder::headers::Header;
use mail_builder::headers::address::Address;
use mail_builder::headers::date::Date;
use mail_builder::headers::text::Text;

use super::tagged::{check_mailbox, check_token};
use super::{Correspondent, LOOP_HEADER, LetterError, boundary, bracketed, check_lines, one_line};

/// RFC 2919 §3, taken for the whole value: readers cut it there.
const MAX_LIST_ID: usize = 255;

/// A longer display name is nobody's name; the letter then goes without one.
const MAX_NAME: usize = 128;

/// What is the same in all mails of a campaign to one list in one language.
#[derive(Clone)]
pub struct CampaignConstants {
    /// From.
    pub from: Correspondent,
    /// Where replies go, if not to `from`.
    pub reply_to: Option<EmailAddress>,
    /// Where the public pages are: `https://…`; `http://` only on loopback, for the demo.
    pub public_url: String,
    /// `unsub@…`, without a token.
    pub unsubscribe_address: EmailAddress,
    /// The list as a person reads it.
    pub list_title: String,
    /// The list as a machine knows it: letters, digits, `-`, `_`, `.`.
    pub list_name: String,
    /// The domain behind it in List-Id.
    pub list_domain: String,
    /// The campaign, for Feedback-ID.
    pub campaign: CampaignId,
    /// The last part of Feedback-ID: 5 to 15 characters, the same for ever.
    pub sender_id: String,
    /// The value of the loop header: a name for this installation.
    pub loop_mark: String,
    /// The language of the mails (`ru`, `en`).
    pub language: &'static str,
}

impl fmt::Debug for CampaignConstants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CampaignConstants")
            .field("campaign", &self.campaign)
            .field("list_name", &self.list_name)
            .finish_non_exhaustive()
    }
}

/// Whom one letter is for.
#[derive(Clone, Copy)]
pub struct Person<'a> {
    /// The display name; empty for none.
    pub name: &'a str,
    /// The address.
    pub address: &'a EmailAddress,
    /// The token of kind unsubscribe for this delivery.
    pub unsubscribe_token: &'a str,
    /// The delivery's Message-ID, without angle brackets.
    pub message_id: &'a str,
    /// When the delivery was planned; a resend has the same.
    pub written_at: Timestamp,
}

impl fmt::Debug for Person<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Person(***)")
    }
}

/// The prepared part of a campaign's letters; cheap to share, it never changes.
#[derive(Clone)]
pub struct CampaignEnvelope {
    /// Constant headers, each with its line end.
    head: Vec<u8>,
    /// `<https://…/u/`.
    page: String,
    unsubscribe_address: EmailAddress,
}

impl fmt::Debug for CampaignEnvelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CampaignEnvelope").field("head_bytes", &self.head.len()).finish()
    }
}

impl CampaignEnvelope {
    /// Checks and encodes what is the same in all letters.
    ///
    /// # Errors
    /// [`LetterError`] names the setting that cannot stand in a header.
    pub fn prepare(constants: &CampaignConstants) -> Result<Self, LetterError> {
        let c = constants;
        check_name(&c.list_name, "list name", 1..=63)?;
        check_name(&c.sender_id, "sender id", 5..=15)?;
        check_domain(&c.list_domain)?;
        check_mailbox(&c.unsubscribe_address, "unsubscribe address")?;
        check_address(&c.from.address, "sender")?;
        let mut head = Vec::with_capacity(1024);
        let from_name = one_line(&c.from.name, "sender")?;
        put(&mut head, "From", &mailbox(&from_name, &c.from.address));
        if let Some(reply_to) = &c.reply_to {
            check_address(reply_to, "reply address")?;
            put(&mut head, "Reply-To", &mailbox("", reply_to));
        }
        // RFC 8058 §3.1: exactly this pair.
        put_plain(&mut head, "List-Unsubscribe-Post", "List-Unsubscribe=One-Click");
        put_list_id(&mut head, &one_line(&c.list_title, "list title")?, c);
        let feedback = format!("c{}:{}:campaign:{}", c.campaign, c.list_name, c.sender_id);
        put_plain(&mut head, "Feedback-ID", &feedback);
        put_plain(&mut head, "X-Mailru-Msgtype", &c.list_name);
        put_plain(&mut head, "Precedence", "bulk");
        put_plain(&mut head, "Auto-Submitted", "auto-generated");
        put_plain(&mut head, "X-Auto-Response-Suppress", "All");
        put(&mut head, LOOP_HEADER, &Text::new(one_line(&c.loop_mark, "loop mark")?));
        put_plain(&mut head, "Content-Language", c.language);
        put_plain(&mut head, "MIME-Version", "1.0");
        check_lines(&head)?;
        let page = format!("<{}/u/", public_url(&c.public_url)?);
        Ok(Self { head, page, unsubscribe_address: c.unsubscribe_address.clone() })
    }

    /// The bytes for the wire, CRLF line ends, without a signature; the same for the same
    /// arguments. Control characters of name, subject and bodies become spaces or go.
    ///
    /// # Errors
    /// [`LetterError`] when token, Message-ID or address cannot stand in a header, or a word of
    /// the subject is longer than a line may be.
    pub fn letter(
        &self,
        person: &Person<'_>,
        subject: &str,
        text: &str,
        html: &str,
    ) -> Result<Vec<u8>, LetterError> {
        check_token(person.unsubscribe_token, &self.unsubscribe_address)?;
        check_address(person.address, "recipient")?;
        let id = bracketed(person.message_id).ok_or(LetterError::MessageId("Message-ID"))?;
        let boundary = boundary(person.message_id);
        let size = self.head.len() + 1024 + 3 * text.len() + 2 * html.len();
        let mut out = Vec::with_capacity(size);
        out.extend_from_slice(&self.head);
        let name = printable(person.name);
        let name = if name.len() > MAX_NAME { "" } else { &name };
        put(&mut out, "To", &mailbox(name, person.address));
        put(&mut out, "Subject", &Text::new(printable(subject)));
        put(&mut out, "Date", &Date::new(person.written_at.as_second()));
        put_plain(&mut out, "Message-ID", &id);
        self.put_list_unsubscribe(&mut out, person.unsubscribe_token);
        put_plain(&mut out, "Content-Type", "multipart/alternative;");
        append(&mut out, &[" boundary=\"", &boundary, "\"\r\n\r\n"]);
        check_lines(&out)?;
        put_part(&mut out, &boundary, "text/plain", text);
        put_part(&mut out, &boundary, "text/html", html);
        append(&mut out, &["--", &boundary, "--\r\n"]);
        Ok(out)
    }

    /// RFC 8058 §3.1 and RFC 2369 §2: the page first, then the mailbox.
    fn put_list_unsubscribe(&self, out: &mut Vec<u8>, token: &str) {
        let (local, domain) =
            (self.unsubscribe_address.local_part(), self.unsubscribe_address.domain());
        append(out, &["List-Unsubscribe: ", &self.page, token, ">,\r\n"]);
        append(out, &[" <mailto:", local, "+", token, "@", domain, ">\r\n"]);
    }
}

fn append(out: &mut Vec<u8>, pieces: &[&str]) {
    for piece in pieces {
        out.extend_from_slice(piece.as_bytes());
    }
}

fn put(out: &mut Vec<u8>, name: &str, value: &impl Header) {
    append(out, &[name, ": "]);
    value.write_header(out, name.len() + 2);
}

/// Puts a value that needs no encoding and is short.
fn put_plain(out: &mut Vec<u8>, name: &str, value: &str) {
    append(out, &[name, ": ", value, "\r\n"]);
}

/// `phrase <name.domain>`; the phrase is cut until the whole fits.
fn put_list_id(out: &mut Vec<u8>, title: &str, constants: &CampaignConstants) {
    let id = format!("{}.{}", constants.list_name, constants.list_domain);
    let mut title = title.to_owned();
    loop {
        let phrase = (!title.is_empty()).then_some(title.as_str());
        let mut value = Vec::new();
        Address::new_address(phrase, id.as_str()).write_header(&mut value, "List-Id: ".len());
        if value.len() <= MAX_LIST_ID + b"\r\n".len() || title.pop().is_none() {
            append(out, &["List-Id: "]);
            out.extend_from_slice(&value);
            return;
        }
    }
}

fn put_part(out: &mut Vec<u8>, boundary: &str, content_type: &str, text: &str) {
    append(out, &["--", boundary, "\r\n"]);
    append(out, &["Content-Type: ", content_type, "; charset=utf-8\r\n"]);
    append(out, &["Content-Transfer-Encoding: quoted-printable\r\n\r\n"]);
    let text = clean(text);
    // The encoder's lines have 76 bytes at most, and no bare CR can come out where none goes in.
    QuotedPrintableEncoder::new().preserve_line_breaks().encode_into(text.as_bytes(), out);
    // The line end before a boundary belongs to the boundary (RFC 2046 §5.1.1).
    append(out, &["\r\n"]);
}

fn mailbox<'a>(name: &'a str, address: &'a EmailAddress) -> Address<'a> {
    Address::new_address((!name.is_empty()).then_some(name), address.expose())
}

/// One line without control characters and the signs that turn the direction of text; what looks
/// like an encoded word (RFC 2047) is parted, so that no reader decodes what nobody encoded.
fn printable(text: &str) -> Cow<'_, str> {
    let looks_encoded = text.find("=?").is_some_and(|at| text[at..].contains("?="));
    if !text.contains(is_hidden) && !looks_encoded {
        return Cow::Borrowed(text.trim());
    }
    let shown = text.split(is_hidden).map(str::trim).filter(|part| !part.is_empty());
    Cow::Owned(shown.collect::<Vec<_>>().join(" ").replace("=?", "= ?"))
}

fn is_hidden(c: char) -> bool {
    let turns = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() || turns || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Line ends as LF, and no other control character but the tab.
fn clean(text: &str) -> Cow<'_, str> {
    let fine = |b: u8| b >= b' ' || b == b'\n' || b == b'\t';
    // Without an early end the compiler takes many bytes at once.
    if text.bytes().fold(true, |all, b| all & fine(b)) {
        return Cow::Borrowed(text);
    }
    let mut text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.retain(|c| !c.is_ascii_control() || c == '\n' || c == '\t');
    Cow::Owned(text)
}

/// What the checked address does not promise: an unquoted local part is a dot-atom
/// (RFC 5322 §3.2.3), so that a reader of the header finds this address and no other.
fn check_address(address: &EmailAddress, what: &'static str) -> Result<(), LetterError> {
    let local = address.local_part();
    if !local.starts_with('"') && local.split('.').any(str::is_empty) {
        return Err(LetterError::Address(what));
    }
    Ok(())
}

fn check_name(
    name: &str,
    what: &'static str,
    length: std::ops::RangeInclusive<usize>,
) -> Result<(), LetterError> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if length.contains(&name.len()) && name.bytes().all(plain) {
        Ok(())
    } else {
        Err(LetterError::Setting(what))
    }
}

fn check_domain(domain: &str) -> Result<(), LetterError> {
    match domain::address::domain_to_ascii(domain) {
        Some(ascii) if ascii == domain => Ok(()),
        _ => Err(LetterError::Setting("list domain")),
    }
}

/// The URL without a slash at its end (RFC 8058 §3.1 wants HTTPS).
fn public_url(url: &str) -> Result<&str, LetterError> {
    let loopback = ["http://127.0.0.1", "http://[::1]", "http://localhost"].iter().any(|host| {
        url.strip_prefix(host).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/']))
    });
    let plain = |b: u8| b.is_ascii_graphic() && !matches!(b, b'<' | b'>' | b'"' | b',');
    if (url.starts_with("https://") || loopback) && url.len() <= 512 && url.bytes().all(plain) {
        Ok(url.trim_end_matches('/'))
    } else {
        Err(LetterError::Setting("public URL"))
    }
}

#[cfg(test)]
mod tests;
