//! What is wrong with a campaign's sources, told to the person who writes them.
//!
//! Every finding names the part, the place, the rule and the reason, for a terminal (`Display`)
//! and for programs (`Serialize`). Sources are the marketer's own words, so a finding may quote a
//! name out of them; values of recipients are never in one.

use std::fmt;

use serde::Serialize;

/// The part of the content that a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The subject.
    Subject,
    /// What mail programs show beside the subject.
    Preheader,
    /// The body.
    Body,
    /// The plain text.
    Text,
}

impl Part {
    /// The word of the part.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Preheader => "preheader",
            Self::Body => "body",
            Self::Text => "text",
        }
    }
}

/// The rules that a source must keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// The source, or what it renders, is longer than its limit.
    TooLong,
    /// More tags than the limit: compiling costs their square.
    TooManyTags,
    /// Blocks or elements stand inside one another too deep.
    Nesting,
    /// It is not handlebars.
    Syntax,
    /// `{{*x}}`, `{{#*inline}}`.
    Decorator,
    /// `{{> x}}`: campaigns have no partials, so there is none that could call itself.
    Partial,
    /// `{{{x}}}`, `{{&x}}`: no field of a campaign is HTML.
    UnsafeValue,
    /// `{{#each}}`: campaigns have no lists, so there is no loop that could run long.
    Loop,
    /// A helper that is not `if` or `unless`.
    Helper,
    /// A field that no campaign has.
    UnknownField,
    /// A field that does not belong in this part.
    FieldNotHere,
    /// A field inside of HTML where it cannot be escaped.
    FieldPlace,
    /// A subject or preheader of more than one line, or with invisible characters.
    LineBreak,
    /// A subject or body that says nothing.
    Empty,
    /// A link to something else than a page, a mailbox or a telephone.
    Link,
    /// An element of HTML that has no place in a mail.
    Element,
    /// An attribute of HTML that has no place in a mail.
    Attribute,
    /// An element that is not closed, or closed without being open.
    Unbalanced,
    /// The plain text cannot be made of the body.
    Text,
    /// The layout round the body does not work: an operator's override is wrong.
    Layout,
}

impl Rule {
    /// The name of the rule, as in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::TooLong => "too_long",
            Self::TooManyTags => "too_many_tags",
            Self::Nesting => "nesting",
            Self::Syntax => "syntax",
            Self::Decorator => "decorator",
            Self::Partial => "partial",
            Self::UnsafeValue => "unsafe_value",
            Self::Loop => "loop",
            Self::Helper => "helper",
            Self::UnknownField => "unknown_field",
            Self::FieldNotHere => "field_not_here",
            Self::FieldPlace => "field_place",
            Self::LineBreak => "line_break",
            Self::Empty => "empty",
            Self::Link => "link",
            Self::Element => "element",
            Self::Attribute => "attribute",
            Self::Unbalanced => "unbalanced",
            Self::Text => "text",
            Self::Layout => "layout",
        }
    }
}

/// One thing that is wrong, with its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Where to look: which source.
    pub part: Part,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The rule that is broken.
    pub rule: Rule,
    /// What is wrong and what to do, in words.
    pub reason: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { part, line, column, rule, reason } = self;
        write!(f, "{}, line {line}, column {column}: {reason} ({})", part.name(), rule.name())
    }
}

/// A place in a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl Place {
    pub(crate) const START: Self = Self { line: 1, column: 1 };

    /// The place of a byte of `source`.
    pub(crate) fn of(source: &str, offset: usize) -> Self {
        let before = source.get(..offset).unwrap_or(source);
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        Self {
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
        }
    }
}

/// The findings of one part, gathered; after the first hundred nobody reads on.
#[derive(Debug)]
pub(crate) struct Findings {
    part: Part,
    found: Vec<Finding>,
}

impl Findings {
    const LIMIT: usize = 100;

    pub(crate) fn new(part: Part) -> Self {
        Self { part, found: Vec::new() }
    }

    pub(crate) fn add(&mut self, place: Place, rule: Rule, reason: impl Into<String>) {
        let finding = Finding {
            part: self.part,
            line: place.line,
            column: place.column,
            rule,
            reason: reason.into(),
        };
        if self.found.len() < Self::LIMIT && !self.found.contains(&finding) {
            self.found.push(finding);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// The findings in the order of the source.
    pub(crate) fn sorted(mut self) -> Vec<Finding> {
        self.found.sort_by_key(|finding| (finding.line, finding.column));
        self.found
    }
}

/// A word out of a source, short enough for a message and without what a terminal obeys.
pub(crate) fn quoted(word: &str) -> String {
    word.chars().filter(|c| !crate::engine::is_invisible(*c)).take(40).collect()
}
