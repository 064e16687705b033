//! Why a row is refused, and where: a line, a field and a reason, never a value of the file.

use crate::contacts::records::{Breach, Broken};

/// Why a row is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// A quote is opened and not closed.
    OpenQuote,
    /// The record is over the limits.
    RecordTooLong,
    /// It has more fields than the header.
    TooManyFields,
    /// The field is over its limit.
    TooLong,
    /// It holds signs that no text has.
    ControlCharacter,
    /// It holds bytes that the encoding does not know.
    NotInEncoding,
    /// It must not be empty.
    Missing,
    /// It is no address.
    NotAnAddress,
    /// It is neither `ru` nor `en`.
    UnknownLocale,
    /// It is no IANA zone.
    UnknownZone,
    /// There is no such list, or it is archived.
    UnknownList,
    /// It is no instant that we can read.
    NotATime,
    /// It lies in the future.
    InTheFuture,
    /// It is no IP address.
    NotAnIp,
    /// It is none of the acts.
    UnknownAct,
    /// Number and date of a paper belong together.
    HalfADocument,
}

impl Fault {
    /// The word by which it is counted.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::OpenQuote => "open_quote",
            Self::RecordTooLong => "record_too_long",
            Self::TooManyFields => "too_many_fields",
            Self::TooLong => "too_long",
            Self::ControlCharacter => "control_character",
            Self::NotInEncoding => "not_in_encoding",
            Self::Missing => "missing",
            Self::NotAnAddress => "not_an_address",
            Self::UnknownLocale => "unknown_locale",
            Self::UnknownZone => "unknown_zone",
            Self::UnknownList => "unknown_list",
            Self::NotATime => "not_a_time",
            Self::InTheFuture => "in_the_future",
            Self::NotAnIp => "not_an_ip",
            Self::UnknownAct => "unknown_act",
            Self::HalfADocument => "half_a_document",
        }
    }

    /// What it means and what helps.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::OpenQuote => "a quote is opened here and not closed; double it or close it",
            Self::RecordTooLong => "the record is longer than 64 KiB or has more than 512 fields",
            Self::TooManyFields => {
                "there are more fields than headers; quote what holds the delimiter"
            }
            Self::TooLong => "is too long",
            Self::ControlCharacter => "holds a control character",
            Self::NotInEncoding => {
                "holds bytes that are not in the encoding; say which with --encoding"
            }
            Self::Missing => "is empty",
            Self::NotAnAddress => "is no e-mail address",
            Self::UnknownLocale => "is neither ru nor en",
            Self::UnknownZone => "is no IANA time zone such as Europe/Moscow",
            Self::UnknownList => "names no open list; see `consentry list list`",
            Self::NotATime => "is no time such as 2026-03-01 12:30 or 01.03.2026",
            Self::InTheFuture => "lies in the future",
            Self::NotAnIp => "is no IP address",
            Self::UnknownAct => "is none of checkbox, button, doi_click, paper, email",
            Self::HalfADocument => "number and date of a paper belong together",
        }
    }
}

/// A row that is refused. Never holds a value of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowError {
    /// The line on which the record begins, counted from 1.
    pub line: u64,
    /// The field; none when it is the whole record.
    pub field: Option<&'static str>,
    /// Why.
    pub fault: Fault,
}

impl std::fmt::Display for RowError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.field {
            Some(field) => write!(f, "line {}: `{field}` {}", self.line, self.fault.words()),
            None => write!(f, "line {}: {}", self.line, self.fault.words()),
        }
    }
}

impl From<Broken> for RowError {
    fn from(broken: Broken) -> Self {
        let fault = match broken.breach {
            Breach::OpenQuote => Fault::OpenQuote,
            Breach::TooLong => Fault::RecordTooLong,
        };
        Self { line: broken.line, field: None, fault }
    }
}
