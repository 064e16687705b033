//! Segments: a safe expression over what is known of a contact, evaluated when a campaign freezes.
//!
//! The text that a marketer writes is parsed against the [`Vocabulary`] of the organisation into a
//! typed tree; the store turns the tree into SQL. No text of a marketer ever reaches SQL itself.
//! Every test is two-valued: what is not known of a contact makes a test false, and `!=` is the
//! opposite of `=`, so that it holds for those of whom the value is not known, too.
//!
//! ```text
//! tag "vip" and city in ("Москва", "Казань") and not visits < 3
//! birthday.month = 5 and joined >= today - 1 year and subscribed "news"
//! ```

mod comparing;
mod grammar;
mod token;
mod value;
mod write;

use std::fmt;

pub use grammar::is_reserved;
pub use value::{DateValue, Decimal};

use crate::words::words;

/// The longest text of a segment, in bytes.
pub const LONGEST_TEXT: usize = 4_096;
/// How deep parentheses and negations may nest.
pub const DEEPEST: usize = 32;
/// How many tests one segment may have.
pub const MOST_TESTS: usize = 100;
/// How many values one `in (…)` may have.
pub const MOST_VALUES: usize = 500;

/// What kind of value a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FieldType {
    /// Words; compared without regard to case.
    Text,
    /// A decimal number with up to six places.
    Number,
    /// A day of the calendar.
    Date,
    /// Yes or no.
    YesNo,
    /// One of the words that the field names.
    Choice,
}

words!(FieldType {
    Text => "text", Number => "number", Date => "date", YesNo => "yes_no", Choice => "choice",
});

/// A field that the organisation keeps of its contacts beside the built-in ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomField {
    /// Row of the field.
    pub id: i64,
    /// Its name in segments, templates and files: `[a-z][a-z0-9_]{0,39}`.
    pub name: String,
    /// What it holds.
    pub kind: FieldType,
    /// What a choice may be; empty for the other kinds.
    pub choices: Vec<String>,
    /// Whether it tells of health or of identity papers: such a field is no matter for segments.
    pub is_special: bool,
}

/// What may be named in a segment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Vocabulary {
    /// The fields of the organisation.
    pub fields: Vec<CustomField>,
}

/// What of a contact is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    /// The language of the contact's mail: `ru` or `en`.
    Locale,
    /// The contact's time zone, such as `Asia/Omsk`.
    Zone,
    /// Where the contact came from.
    Source,
    /// The domain of the address that is mailed.
    Domain,
    /// The day on which the contact was made, in the zone of the organisation.
    Joined,
    /// A field of the organisation, by its row.
    Custom(i64),
}

/// How a text is compared; case does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextMatch {
    /// The same.
    Equals,
    /// Has it somewhere.
    Contains,
    /// Begins with it.
    StartsWith,
}

/// How two values of an order stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Order {
    /// `=`
    Equal,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
}

words!(Order { Equal => "=", Less => "<", AtMost => "<=", Greater => ">", AtLeast => ">=" });

/// A part of a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DatePart {
    /// 1 to 12.
    Month,
    /// 1 to 31.
    Day,
}

words!(DatePart { Month => "month", Day => "day" });

/// One question about a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// A text against one word or several, of which one must match.
    Text(Subject, TextMatch, Vec<String>),
    /// A number.
    Number(Subject, Order, Decimal),
    /// A day.
    Date(Subject, Order, DateValue),
    /// The month or the day of a date.
    DatePart(Subject, DatePart, Order, i8),
    /// Yes or no.
    YesNo(Subject, bool),
    /// Something is known of it.
    IsKnown(Subject),
    /// Has the tag.
    Tag(String),
    /// Has a confirmed subscription of the list.
    Subscribed(String),
    /// The relay accepted a mail of the campaign to the contact.
    Reached(String),
}

/// Who belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// Those of whom the test holds.
    Test(Test),
    /// Those who do not belong to it.
    Not(Box<Segment>),
    /// Those who belong to all.
    And(Vec<Segment>),
    /// Those who belong to one at least.
    Or(Vec<Segment>),
}

/// Why a text is no segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentError {
    /// Where, in characters from the beginning.
    pub at: usize,
    /// What was met and what would do instead.
    pub what: String,
}

impl fmt::Display for SegmentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at character {}: {}", self.at + 1, self.what)
    }
}

impl std::error::Error for SegmentError {}

impl Segment {
    /// Reads the text of a segment.
    ///
    /// # Errors
    /// [`SegmentError`]: where it cannot be read, what it names that there is not, or whose type
    /// does not fit.
    pub fn parse(text: &str, vocabulary: &Vocabulary) -> Result<Self, SegmentError> {
        grammar::parse(text, vocabulary)
    }

    /// The segment as text, which reads back as the same segment.
    #[must_use]
    pub fn text(&self, vocabulary: &Vocabulary) -> String {
        let mut text = String::new();
        write::write(self, vocabulary, false, &mut text);
        text
    }

    /// Every test in it, in order.
    #[must_use]
    pub fn tests(&self) -> Vec<&Test> {
        match self {
            Self::Test(test) => vec![test],
            Self::Not(inner) => inner.tests(),
            Self::And(parts) | Self::Or(parts) => parts.iter().flat_map(Self::tests).collect(),
        }
    }
}

#[cfg(test)]
mod tests;
