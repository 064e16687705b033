//! The rules of a body's HTML: what may stand in a mail, where fields may stand, and that the
//! body leaves the layout round it whole.
//!
//! The text is read by the tokeniser that browsers follow, so a link is judged as they see it,
//! entities resolved. A body is a piece of a page: every element in it ends in it.

use std::cell::RefCell;
use std::collections::HashSet;

use html5ever::tokenizer::{
    BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};

use super::field::Field;
use super::finding::{Findings, Place, Rule, quoted};
use super::flat::{Flat, Marks};

const MAX_DEPTH: usize = 100;
const MAX_ELEMENTS: usize = 20_000;
/// Stands behind the body: when the tokeniser does not see it, something before is not closed.
const SENTINEL: &str = "zqend";

/// Elements that may stand in a body.
const ELEMENTS: [&str; 58] = [
    "a",
    "abbr",
    "address",
    "article",
    "b",
    "big",
    "blockquote",
    "br",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "del",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "font",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "i",
    "img",
    "ins",
    "li",
    "main",
    "mark",
    "ol",
    "p",
    "pre",
    "q",
    "s",
    "section",
    "small",
    "span",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "time",
    "tr",
    "u",
];
const MORE_ELEMENTS: [&str; 7] = ["ul", "wbr", "kbd", "samp", "var", "strike", "tt"];
/// Elements without content.
const VOID: [&str; 5] = ["br", "col", "hr", "img", "wbr"];
/// Elements that end by themselves when the element round them does.
const ENDS_ITSELF: [&str; 11] =
    ["p", "li", "dt", "dd", "td", "th", "tr", "tbody", "thead", "tfoot", "colgroup"];
/// Attributes whose value is an address.
const LINKS: [&str; 4] = ["href", "src", "background", "cite"];
/// Attributes that act, load or hide.
const REFUSED_ATTRIBUTES: [&str; 11] = [
    "action",
    "formaction",
    "hidden",
    "longdesc",
    "ping",
    "poster",
    "slot",
    "srcdoc",
    "srcset",
    "xlink:href",
    "xmlns",
];
const SCHEMES: [&str; 4] = ["https://", "http://", "mailto:", "tel:"];

/// What is known of a body that keeps the rules.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts {
    pub(crate) has_unsubscribe_link: bool,
    pub(crate) says_something: bool,
}

/// The body as it is read.
pub(crate) struct Body<'a> {
    /// What the marketer wrote.
    pub(crate) source: &'a str,
    /// The same without conditions.
    pub(crate) flat: &'a Flat,
    /// HTML with marks, made of it.
    pub(crate) html: &'a str,
    /// Whether lines of `html` are lines of `flat`: not so after Markdown.
    pub(crate) keeps_lines: bool,
}

/// Checks a body.
pub(crate) fn check(body: &Body<'_>, marks: &Marks, findings: &mut Findings) -> Facts {
    let html = marks.with_blanks(body.html);
    let expected: Vec<usize> = marks.blank_marks(&html).collect();
    let reading = Reading {
        body,
        marks,
        findings,
        open: Vec::new(),
        elements: 0,
        words: String::new(),
        seen: Vec::new(),
        ends: false,
        facts: Facts { has_unsubscribe_link: false, says_something: false },
    };
    let sink = Sink { reading: RefCell::new(reading) };
    let input = BufferQueue::default();
    input.push_back(format!("{html} <{SENTINEL}>").into());
    let tokenizer = Tokenizer::new(sink, TokenizerOpts::default());
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    let mut reading = tokenizer.sink.reading.into_inner();
    reading.finish(&expected);
    reading.facts
}

struct Sink<'a, 'f> {
    reading: RefCell<Reading<'a, 'f>>,
}

impl TokenSink for Sink<'_, '_> {
    type Handle = ();

    fn process_token(&self, token: Token, line: u64) -> TokenSinkResult<()> {
        let line = usize::try_from(line).unwrap_or(1);
        self.reading.borrow_mut().token(token, line);
        TokenSinkResult::Continue
    }
}

struct Reading<'a, 'f> {
    body: &'a Body<'a>,
    marks: &'a Marks,
    findings: &'f mut Findings,
    /// The open elements, each with the line of its tag.
    open: Vec<(String, usize)>,
    elements: usize,
    /// Words since the last tag.
    words: String,
    /// Numbers of the fields that stand in a good place.
    seen: Vec<usize>,
    ends: bool,
    facts: Facts,
}

impl Reading<'_, '_> {
    fn token(&mut self, token: Token, line: usize) {
        match token {
            Token::CharacterTokens(words) => self.words.push_str(&words),
            Token::TagToken(tag) => {
                self.end_of_words();
                self.tag(&tag, line);
            }
            Token::DoctypeToken(_) => {
                let reason = "the layout has a doctype already; give what stands inside of body";
                self.at("<!doctype", line, Rule::Element, reason.to_owned());
            }
            Token::CommentToken(_) | Token::NullCharacterToken => self.end_of_words(),
            Token::EOFToken => self.end_of_words(),
            Token::ParseError(_) => {}
        }
    }

    fn tag(&mut self, tag: &Tag, line: usize) {
        let name = tag.name.to_string();
        if name == SENTINEL {
            self.ends = true;
            return;
        }
        if self.elements > MAX_ELEMENTS {
            return;
        }
        if !ELEMENTS.contains(&name.as_str()) && !MORE_ELEMENTS.contains(&name.as_str()) {
            let shown = quoted(&name);
            let needle = format!("<{name}");
            let reason = match name.as_str() {
                "html" | "head" | "body" | "title" | "meta" => {
                    format!("`{shown}` is in the layout already; give what stands inside of body")
                }
                "style" | "link" => {
                    format!("`{shown}` has no place in a body; use style attributes")
                }
                _ => format!("`{shown}` has no place in a mail"),
            };
            return self.at(&needle, line, Rule::Element, reason);
        }
        match tag.kind {
            TagKind::StartTag => self.start(tag, name, line),
            TagKind::EndTag => self.end(&name, line),
        }
    }

    fn start(&mut self, tag: &Tag, name: String, line: usize) {
        for attribute in &tag.attrs {
            self.attribute(&name, &attribute.name.local, &attribute.value, line);
        }
        self.facts.says_something |= name == "img";
        self.elements += 1;
        if self.elements > MAX_ELEMENTS {
            let reason = format!("it has more than {MAX_ELEMENTS} elements");
            return self.at("", line, Rule::TooLong, reason);
        }
        if VOID.contains(&name.as_str()) {
            return;
        }
        if self.open.len() >= MAX_DEPTH {
            let reason = format!("elements are nested more than {MAX_DEPTH} deep");
            return self.at("", line, Rule::Nesting, reason);
        }
        // The next paragraph, item or cell ends the last one.
        if ENDS_ITSELF.contains(&name.as_str())
            && self.open.last().is_some_and(|(last, _)| *last == name)
        {
            self.open.pop();
        }
        self.open.push((name, line));
    }

    fn end(&mut self, name: &str, line: usize) {
        let Some(at) = self.open.iter().rposition(|(open, _)| open == name) else {
            let reason = format!("`</{name}>` closes what is not open");
            return self.at("", line, Rule::Unbalanced, reason);
        };
        let left = self.open.split_off(at);
        self.unclosed(left.get(1..).unwrap_or_default());
    }

    fn unclosed(&mut self, left: &[(String, usize)]) {
        let wanting = left.iter().find(|(name, _)| !ENDS_ITSELF.contains(&name.as_str()));
        if let Some((name, line)) = wanting {
            let reason = format!("`<{name}>` is not closed, or not in the order it was opened");
            self.at("", *line, Rule::Unbalanced, reason);
        }
    }

    fn attribute(&mut self, element: &str, name: &str, value: &str, line: usize) {
        let shown = quoted(name);
        let numbers: Vec<usize> = self.marks.blank_marks(value).collect();
        if name.starts_with("on") || REFUSED_ATTRIBUTES.contains(&name) {
            let reason = format!("the attribute `{shown}` has no place in a mail");
            return self.at(&format!("{name}="), line, Rule::Attribute, reason);
        }
        if LINKS.contains(&name) {
            return self.link(element, name, value, &numbers, line);
        }
        if name == "style" {
            // Fields in a style are reported at the end, as seen in no good place.
            if ["url(", "expression(", "@import", "-moz-binding", "behavior:"]
                .iter()
                .any(|word| value.to_ascii_lowercase().contains(word))
            {
                let reason = "a style may not load or run anything".to_owned();
                self.at("style=", line, Rule::Attribute, reason);
            }
            return;
        }
        self.seen.extend(numbers);
    }

    fn link(&mut self, element: &str, name: &str, value: &str, numbers: &[usize], line: usize) {
        let fields: Vec<Field> = numbers.iter().filter_map(|number| self.field(*number)).collect();
        self.seen.extend(numbers);
        let bare: String = value.chars().filter(|c| !c.is_control()).collect();
        let bare = bare.trim();
        let starts_with_field = numbers.first().is_some_and(|number| {
            self.field(*number).is_some_and(|field| {
                field.is_url()
                    && bare.starts_with(&self.marks.with_blanks(&self.marks.mark(*number, field)))
            })
        });
        let is_right = fields.is_empty() || fields.len() == 1 && starts_with_field;
        if !is_right {
            let place = self.place_of(numbers.first().copied());
            let reason = "a link begins with `unsubscribe_url` or `policy_url` or holds no field";
            return self.findings.add(place, Rule::Link, reason);
        }
        if element == "a" && name == "href" && fields == [Field::UnsubscribeUrl] {
            let number = numbers.first().copied().unwrap_or_default();
            let whole = self.marks.with_blanks(&self.marks.mark(number, Field::UnsubscribeUrl));
            self.facts.has_unsubscribe_link |= bare == whole;
        }
        let lower = bare.to_ascii_lowercase();
        let is_anchor = name == "href" && bare.starts_with('#');
        if !is_anchor && !SCHEMES.iter().any(|scheme| lower.starts_with(scheme)) {
            let reason = format!(
                "the address of `{}` must begin with https://, http://, mailto: or tel:",
                quoted(name)
            );
            self.at(value, line, Rule::Link, reason);
        }
    }

    fn end_of_words(&mut self) {
        let words = std::mem::take(&mut self.words);
        self.facts.says_something |= words.chars().any(char::is_alphanumeric);
        let numbers: Vec<usize> = self.marks.blank_marks(&words).collect();
        for number in numbers {
            self.facts.has_unsubscribe_link |= self.field(number) == Some(Field::UnsubscribeUrl);
            self.seen.push(number);
        }
    }

    fn finish(&mut self, expected: &[usize]) {
        // What was not read cannot be judged.
        if self.elements > MAX_ELEMENTS {
            return;
        }
        if !self.ends {
            let line = self.body.html.matches('\n').count() + 1;
            let reason = "a tag, a comment or a quote is not closed".to_owned();
            self.at("<!--", line, Rule::Unbalanced, reason);
        }
        let left = std::mem::take(&mut self.open);
        if self.ends {
            self.unclosed(&left);
        }
        let mut seen = self.seen.clone();
        let mut reported = HashSet::new();
        for number in expected {
            match seen.iter().position(|seen| seen == number) {
                Some(at) => {
                    seen.swap_remove(at);
                }
                None if reported.insert(*number) => {
                    let place = self.place_of(Some(*number));
                    let reason =
                        "a field stands in the text or inside of an attribute in quotes, not here";
                    self.findings.add(place, Rule::FieldPlace, reason);
                }
                None => {}
            }
        }
    }

    fn field(&self, number: usize) -> Option<Field> {
        self.body.flat.field(number)
    }

    fn place_of(&self, number: Option<usize>) -> Place {
        number
            .and_then(|number| self.body.flat.pieces.get(number))
            .map_or(Place::START, |(_, place)| *place)
    }

    /// Adds a finding at the first place of `needle` in the source, or at the line of the tag.
    fn at(&mut self, needle: &str, line: usize, rule: Rule, reason: String) {
        let source = self.body.source;
        let found = (!needle.is_empty())
            .then(|| source.to_ascii_lowercase().find(&needle.to_ascii_lowercase()))
            .flatten();
        let place = match found {
            Some(at) => Place::of(source, at),
            None if self.body.keeps_lines => self.body.flat.place_of_line(line),
            None => Place::START,
        };
        self.findings.add(place, rule, reason);
    }
}
