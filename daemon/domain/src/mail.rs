//! A read mail: what the reader found in the bytes of one message, before anyone judged it.
//!
//! Produced by the reader of `intake` (in a child process), read by `classify` and filing.
//! Nothing here was checked for truth: every header may be forged, absent or doubled.

use serde::{Deserialize, Serialize};

/// A name and an address as they stand in a header; personal data, prints masked.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct HeaderAddress {
    /// The display name, decoded; empty when absent.
    pub name: String,
    /// The address as written, not checked.
    pub address: String,
}

impl std::fmt::Debug for HeaderAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HeaderAddress(***)")
    }
}

/// The envelope sender as the last server wrote it into `Return-Path`.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum ReturnPath {
    /// There is no such header.
    #[default]
    Absent,
    /// `<>`: a notification that must never be answered.
    Null,
    /// An address, not checked.
    Address(String),
}

impl std::fmt::Debug for ReturnPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Absent => "Absent",
            Self::Null => "Null",
            Self::Address(_) => "Address(***)",
        })
    }
}

/// An oddity of the bytes that a person should know of, and that filing may act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Oddity {
    /// No From header, or none with an address.
    NoFrom,
    /// More than one From header, or several addresses in it.
    SeveralFrom,
    /// No Message-ID header.
    NoMessageId,
    /// A charset was declared that nobody knows.
    UnknownCharset,
    /// The charset was guessed from the bytes.
    GuessedCharset,
    /// Parts or nesting over the limits; the rest was not read.
    TooManyParts,
    /// Nothing that a person could have written was found.
    NoText,
    /// The text was cut at the size limit.
    TextCut,
    /// Encrypted (S/MIME or PGP): cannot be read.
    Encrypted,
    /// Signed (S/MIME or PGP); the signed text was read, the signature was not checked.
    Signed,
    /// Carries `winmail.dat` (TNEF); what could be read of it stands with the other text.
    Tnef,
    /// Text was read out of an attachment by machine: a person should look at the original.
    NeedsEyes,
    /// A document came along that could not be read: broken, locked, unknown, over the limits.
    AttachmentUnread,
    /// A picture or a document without text came along: it may be a scanned letter.
    Scan,
    /// Next to no text beside a scan: what the mail says stands in a picture.
    ScanOnly,
    /// The plain and the HTML part say different things; see [`ReadMail::other_text`].
    TextsDisagree,
    /// The HTML held text that a person does not see.
    HiddenText,
    /// The text had been encoded twice and was repaired.
    RepairedText,
    /// Bytes that are not allowed (NUL, lone CR) or broken structure.
    Malformed,
}

/// A file that came with the mail; its bytes stay in the raw mail.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// The declared file name, decoded; empty when absent. Personal data.
    pub name: String,
    /// The declared media type, lower case.
    pub media_type: String,
    /// Size of the decoded bytes.
    pub size: u64,
    /// The text that was read out of it, within limits; empty when there is none. Less sure than
    /// the text of the mail: whatever is found in it goes before a person
    /// ([`Oddity::NeedsEyes`]). Personal data.
    #[serde(default)]
    pub text: String,
}

impl std::fmt::Debug for Attachment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Attachment({}, {} bytes)", self.media_type, self.size)
    }
}

/// A mail inside the mail (message/rfc822): a forward or the original in a bounce.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AttachedMail {
    /// Its From addresses.
    pub from: Vec<HeaderAddress>,
    /// Its subject, decoded.
    pub subject: String,
    /// Its Message-ID without angle brackets.
    pub message_id: Option<String>,
    /// Its visible text.
    pub text: String,
}

impl std::fmt::Debug for AttachedMail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AttachedMail(***)")
    }
}

/// The machine-readable parts of a report (RFC 6522), as text.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ReportParts {
    /// `report-type` of the multipart/report, lower case.
    pub report_type: Option<String>,
    /// message/delivery-status (RFC 3464).
    pub delivery_status: Option<String>,
    /// message/feedback-report (RFC 5965).
    pub feedback_report: Option<String>,
    /// message/disposition-notification (RFC 8098).
    pub disposition: Option<String>,
    /// Headers of the returned original (text/rfc822-headers or from message/rfc822).
    pub returned_headers: Option<String>,
}

impl std::fmt::Debug for ReportParts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ReportParts({:?})", self.report_type)
    }
}

/// What the reader found in one message.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ReadMail {
    /// All addresses of all From headers, in order.
    pub from: Vec<HeaderAddress>,
    /// How many From headers there are (RFC 5322 wants one).
    pub from_headers: usize,
    /// The Sender header.
    pub sender: Option<HeaderAddress>,
    /// Reply-To addresses: evidence only, they grant nothing.
    pub reply_to: Vec<HeaderAddress>,
    /// The envelope sender.
    pub return_path: ReturnPath,
    /// To and Cc addresses.
    pub recipients: Vec<HeaderAddress>,
    /// Delivered-To, X-Original-To and the like: where the server put it, as written.
    pub delivered_to: Vec<String>,
    /// The subject, decoded, one line.
    pub subject: String,
    /// The Message-ID without angle brackets.
    pub message_id: Option<String>,
    /// In-Reply-To and References ids without angle brackets, In-Reply-To first, deduplicated.
    pub answers: Vec<String>,
    /// The Date header in seconds since 1970 UTC; evidence only, the clock never uses it.
    pub date: Option<i64>,
    /// Further headers that bear on kind and automatic answers, decoded, name in lower case, in
    /// order: auto-submitted, precedence, list-*, x-auto-response-suppress, x-autoreply,
    /// x-loop, feedback-id, content-type, x-failed-recipients, x-spam-*, received count …
    pub headers: Vec<(String, String)>,
    /// Authentication-Results headers (raw values, unfolded, top first) with the number of
    /// Received headers standing above each.
    pub authentication_results: Vec<(usize, String)>,
    /// The visible text: the plain part, else the text of the HTML part.
    pub text: String,
    /// Whether `text` came out of HTML.
    pub text_from_html: bool,
    /// The text of the HTML part where it says something else than the plain one
    /// ([`Oddity::TextsDisagree`]); else empty. Most programs show a person this one.
    #[serde(default)]
    pub other_text: String,
    /// Text of attached messages.
    pub attached: Vec<AttachedMail>,
    /// Files that came along.
    pub attachments: Vec<Attachment>,
    /// Parts of a report.
    pub report: ReportParts,
    /// What is odd about the bytes.
    pub oddities: Vec<Oddity>,
}

impl std::fmt::Debug for ReadMail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReadMail")
            .field("text_bytes", &self.text.len())
            .field("attachments", &self.attachments)
            .field("oddities", &self.oddities)
            .finish_non_exhaustive()
    }
}

impl ReadMail {
    /// The one From address, when there is exactly one header with exactly one address
    /// (invariant 14); as written, not checked.
    #[must_use]
    pub fn requester(&self) -> Option<&HeaderAddress> {
        match (self.from_headers, self.from.as_slice()) {
            (1, [one]) => Some(one),
            _ => None,
        }
    }

    /// The values of a further header, by its lower-case name, in order.
    pub fn header<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> + 'a {
        self.headers.iter().filter(move |(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}
