//! The text of an HTML part as a person sees it.
//!
//! Called for HTML parts and pages that came as files. One pass without recursion, so that nesting
//! cannot exhaust the stack; hidden elements are dropped and said, quoted mails keep a `> ` before
//! their lines so that the quote stripper knows them. Nothing is ever fetched.

mod style;
mod tag;

use std::borrow::Cow;

use mail_parser::decoders::html::add_html_token;

use self::{
    style::{HiddenNames, State},
    tag::Tag,
};

/// Elements whose content is never shown.
const UNSHOWN: [&str; 8] =
    ["script", "style", "xml", "title", "template", "svg", "iframe", "object"];
/// Elements without an end tag.
const VOID: [&str; 12] =
    ["br", "hr", "img", "input", "meta", "link", "area", "base", "col", "embed", "source", "wbr"];
/// Elements that begin and end a line.
const BLOCKS: [&str; 28] = [
    "p",
    "div",
    "tr",
    "li",
    "ul",
    "ol",
    "table",
    "blockquote",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "section",
    "article",
    "header",
    "footer",
    "pre",
    "dl",
    "dt",
    "dd",
    "center",
    "form",
    "main",
    "aside",
    "address",
    "fieldset",
];
/// As many open elements as are remembered; deeper ones are shown but not matched.
const MAX_OPEN: usize = 4_096;
/// Open elements among which the one is looked for that an end tag closes.
const NEAR: usize = 64;
/// Hidden letters and digits that are worth a word; programs hide a preview line in letters too.
const HIDDEN: usize = 20;
/// The line that stands for a rule; Outlook writes it above the mail it answers.
const RULE: &str = "________________________________";

/// A page as it is seen.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The visible text.
    pub text: String,
    /// Whether there is text that is not seen.
    pub hides_text: bool,
}

/// The visible text of a page.
#[must_use]
pub fn visible_text(html: &str) -> String {
    read(html).text
}

/// Reads a page.
#[must_use]
pub fn read(html: &str) -> Seen {
    let mut page = Page {
        text: String::with_capacity(html.len() / 2),
        line: String::new(),
        open: Vec::new(),
        state: State::default(),
        names: HiddenNames::default(),
        turns: Vec::new(),
        unclosed: [false; UNSHOWN.len()],
        tries: tag::TRIES,
        hidden: 0,
        blank: true,
    };
    // Behind the last `>` there are no tags; asking again at every `<` would be quadratic.
    let tagless =
        memchr::memrchr(b'>', html.as_bytes()).map_or(html.len(), |at| html.len() - at - 1);
    let mut rest = html;
    while !rest.is_empty() {
        match memchr::memchr(b'<', rest.as_bytes()).filter(|_| rest.len() > tagless) {
            Some(0) => rest = page.markup(rest),
            Some(at) => {
                page.characters(&rest[..at]);
                rest = &rest[at..];
            }
            None => {
                page.characters(rest);
                break;
            }
        }
    }
    page.finish()
}

/// A page that is longer than `most` without the files inside it.
#[must_use]
pub fn shortened(page: &[u8], most: usize) -> Cow<'_, [u8]> {
    if page.len() <= most { Cow::Borrowed(page) } else { Cow::Owned(tag::without_data(page)) }
}

struct Page<'a> {
    text: String,
    line: String,
    /// Open elements with the state around them, innermost last.
    open: Vec<(&'a str, State)>,
    /// What holds for the text that comes next.
    state: State,
    /// Classes and ids that the page's own style hides.
    names: HiddenNames<'a>,
    /// Those of them, by number, that changed the state.
    turns: Vec<usize>,
    /// Elements of [`UNSHOWN`] of which no end is left, so that none is looked for again.
    unclosed: [bool; UNSHOWN.len()],
    /// How often a tag may still be found whose quotes are not closed.
    tries: u8,
    /// Letters and digits that were not shown.
    hidden: usize,
    /// Blank lines are kept, but not more than one.
    blank: bool,
}

impl<'a> Page<'a> {
    /// Takes one tag, comment or a stray `<`; returns what follows.
    fn markup(&mut self, rest: &'a str) -> &'a str {
        if rest.starts_with("<!--") {
            return tag::behind_comment(rest);
        }
        let Some((tag, after)) = tag::read(rest, &mut self.tries) else {
            self.characters("<");
            return &rest[1..];
        };
        if tag.is_end {
            self.close(tag.name);
            return after;
        }
        let unshown = UNSHOWN.iter().position(|name| tag.is(name));
        match unshown.filter(|at| !tag.is_empty && !self.unclosed[*at]) {
            Some(at) => self.skip(after, at),
            None => {
                if unshown.is_none() {
                    self.begin(&tag, after);
                }
                after
            }
        }
    }

    /// Skips an element whose content is not shown; returns what follows its end.
    fn skip(&mut self, after: &'a str, at: usize) -> &'a str {
        let name = UNSHOWN[at];
        let end = tag::end_of(after, name);
        let content = end.map_or(after, |(start, _)| &after[..start]);
        if name == "style" {
            self.names.read(content);
        }
        match end {
            Some((_, end)) => &after[end..],
            None => {
                self.unclosed[at] = true;
                // An unclosed script hides the rest in a browser too; a picture does not.
                if matches!(name, "title" | "xml" | "svg" | "object") { after } else { "" }
            }
        }
    }

    fn begin(&mut self, tag: &Tag<'a>, after: &str) {
        if tag.is("br") {
            self.break_line();
            return;
        }
        if tag.is("td") || tag.is("th") {
            self.plain(" ");
        }
        let is_block = BLOCKS.iter().any(|name| tag.is(name));
        if is_block {
            self.end_line();
        }
        self.end_sibling(tag, is_block);
        if tag.is("hr") {
            self.end_line();
            self.plain(RULE);
            self.end_line();
        }
        if tag.is_empty || VOID.iter().any(|name| tag.is(name)) || self.open.len() == MAX_OPEN {
            return;
        }
        let before = self.state;
        self.state = before.inside(tag, &self.text, after, &self.names);
        if self.state != before {
            self.turns.push(self.open.len());
        }
        self.open.push((tag.name, before));
        if self.state.quoted != before.quoted {
            self.end_line();
        }
    }

    /// Ends the innermost element where this tag ends it, as many writers leave out `</p>`.
    fn end_sibling(&mut self, tag: &Tag<'_>, is_block: bool) {
        let is_ended = |open: &str| match open.len() {
            1 => is_block && open.eq_ignore_ascii_case("p"),
            2 => [["li", "li"], ["td", "td"], ["td", "tr"], ["td", "th"], ["th", "td"]]
                .iter()
                .chain(&[["th", "th"], ["th", "tr"], ["tr", "tr"], ["dt", "dd"], ["dd", "dt"]])
                .any(|[ended, by]| open.eq_ignore_ascii_case(ended) && tag.is(by)),
            6 => tag.is("option") && open.eq_ignore_ascii_case("option"),
            _ => false,
        };
        while let Some((open, _)) = self.open.last()
            && is_ended(open)
        {
            self.leave(self.open.len() - 1);
        }
    }

    /// Leaves the open element of that number and all inside it.
    fn leave(&mut self, at: usize) {
        self.state = self.open[at].1;
        self.open.truncate(at);
        while self.turns.last().is_some_and(|turn| *turn >= at) {
            self.turns.pop();
        }
    }

    fn close(&mut self, name: &str) {
        let is_it = |at: &usize| self.open[*at].0.eq_ignore_ascii_case(name);
        // A stray end tag must not cost a walk of them all: the recent ones, and those that matter.
        let from = self.open.len().saturating_sub(NEAR);
        let turns = &self.turns[self.turns.len().saturating_sub(NEAR)..];
        let found = (from..self.open.len())
            .rev()
            .find(is_it)
            .or_else(|| turns.iter().rev().copied().find(|at| *at < from && is_it(at)));
        if let Some(at) = found {
            let is_block = BLOCKS.iter().any(|block| block.eq_ignore_ascii_case(name));
            if is_block || self.open[at].1.quoted != self.state.quoted {
                self.end_line();
            }
            self.leave(at);
        }
        if name.eq_ignore_ascii_case("p") {
            self.blank_line();
        }
    }

    fn characters(&mut self, text: &str) {
        if self.state.is_hidden {
            self.hidden += text.chars().filter(|c| c.is_alphanumeric()).count();
            return;
        }
        let mut rest = text;
        while let Some(at) = memchr::memchr(b'&', rest.as_bytes()) {
            self.plain(&rest[..at]);
            rest = &rest[at..];
            let end = rest.bytes().take(32).position(|b| b == b';');
            match end {
                Some(end) => {
                    let mut decoded = String::new();
                    add_html_token(&mut decoded, &rest.as_bytes()[..=end], false);
                    self.plain(&decoded);
                    rest = &rest[end + 1..];
                }
                None => {
                    self.plain("&");
                    rest = &rest[1..];
                }
            }
        }
        self.plain(rest);
    }

    fn plain(&mut self, text: &str) {
        if self.state.is_hidden {
            return;
        }
        let mut is_open = !(self.line.ends_with(' ') || self.line.is_empty());
        for c in text.chars() {
            if c == '\n' && self.state.keeps_lines {
                self.break_line();
                is_open = false;
            } else if c.is_whitespace() {
                if is_open {
                    self.line.push(' ');
                }
                is_open = false;
            } else if !is_unseen(c) {
                self.line.push(c);
                is_open = true;
            }
        }
    }

    /// Ends the line where the writer did; an empty one is a blank line.
    fn break_line(&mut self) {
        if self.line.trim().is_empty() {
            self.blank_line();
        }
        self.end_line();
    }

    fn end_line(&mut self) {
        let line = self.line.trim_end();
        if line.is_empty() {
            self.line.clear();
            return;
        }
        for _ in 0..self.state.quoted.min(8) {
            self.text.push_str("> ");
        }
        self.text.push_str(line);
        self.text.push('\n');
        self.line.clear();
        self.blank = false;
    }

    fn blank_line(&mut self) {
        if !self.text.is_empty() && !self.blank && !self.state.is_hidden && self.state.quoted == 0 {
            self.text.push('\n');
            self.blank = true;
        }
    }

    fn finish(mut self) -> Seen {
        self.end_line();
        self.text.truncate(self.text.trim_end().len());
        Seen { text: self.text, hides_text: self.hidden >= HIDDEN }
    }
}

/// Signs that are not seen and would split words: soft hyphens, joiners, directions.
fn is_unseen(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
    )
}

#[cfg(test)]
mod tests;
