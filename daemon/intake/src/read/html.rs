//! The text of an HTML part as a person sees it.
//!
//! Called when a mail has no plain text. One pass over the characters without recursion, so that
//! nesting cannot exhaust the stack; hidden elements are dropped, quoted mails keep a `> ` before
//! their lines so that the quote stripper knows them. Nothing is ever fetched.

use mail_parser::decoders::html::add_html_token;

/// Elements whose content is never shown.
const UNSHOWN: [&str; 7] = ["script", "style", "head", "title", "template", "noscript", "svg"];
/// Elements without an end tag.
const VOID: [&str; 12] =
    ["br", "hr", "img", "input", "meta", "link", "area", "base", "col", "embed", "source", "wbr"];
/// Elements that begin and end a line.
const BLOCKS: [&str; 24] = [
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
];
/// As many open elements as are remembered; deeper ones are shown but not matched.
const MAX_OPEN: usize = 4_096;

/// The visible text of a page.
#[must_use]
pub fn visible_text(html: &str) -> String {
    let mut page = Page { text: String::with_capacity(html.len() / 2), ..Page::default() };
    // Behind the last `>` there are no tags; asking again at every `<` would be quadratic.
    let tagless = html.rfind('>').map_or(html.len(), |at| html.len() - at - 1);
    let mut rest = html;
    while !rest.is_empty() {
        match rest.find('<').filter(|_| rest.len() > tagless) {
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

/// What an open element does to its content.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Effect {
    Plain,
    Hidden,
    Quoted,
}

#[derive(Default)]
struct Page {
    text: String,
    line: String,
    /// Open elements with their effect, innermost last.
    open: Vec<(String, Effect)>,
    hidden: usize,
    quoted: usize,
    /// Blank lines are kept, but not more than one.
    blank: bool,
}

impl Page {
    /// Takes one tag, comment or a stray `<`; returns what follows.
    fn markup<'a>(&mut self, rest: &'a str) -> &'a str {
        if let Some(comment) = rest.strip_prefix("<!--") {
            return comment.find("-->").map_or("", |at| &comment[at + 3..]);
        }
        let Some((tag, after)) = tag(rest) else {
            self.characters("<");
            return &rest[1..];
        };
        if tag.is_end {
            self.close(&tag.name);
            return after;
        }
        if UNSHOWN.contains(&tag.name.as_str()) && !tag.is_empty {
            return skip_element(after, &tag.name);
        }
        self.open(tag);
        after
    }

    fn open(&mut self, tag: Tag) {
        if tag.name == "br" {
            self.end_line();
            return;
        }
        if tag.name == "td" || tag.name == "th" {
            self.characters(" ");
        }
        if BLOCKS.contains(&tag.name.as_str()) || tag.name == "hr" {
            self.end_line();
        }
        if tag.is_empty || VOID.contains(&tag.name.as_str()) || self.open.len() == MAX_OPEN {
            return;
        }
        let effect = effect(&tag);
        self.count(effect, 1);
        self.open.push((tag.name, effect));
    }

    fn close(&mut self, name: &str) {
        // Only recent elements are searched: a stray end tag must not cost a walk of them all.
        let from = self.open.len().saturating_sub(64);
        if let Some(at) = self.open[from..].iter().rposition(|(open, _)| open == name) {
            if BLOCKS.contains(&name) {
                self.end_line();
            }
            while self.open.len() > from + at {
                if let Some((_, effect)) = self.open.pop() {
                    self.count(effect, -1);
                }
            }
        }
        if name == "p" {
            self.blank_line();
        }
    }

    fn count(&mut self, effect: Effect, change: isize) {
        match effect {
            Effect::Plain => {}
            Effect::Hidden => self.hidden = self.hidden.saturating_add_signed(change),
            Effect::Quoted => {
                self.end_line();
                self.quoted = self.quoted.saturating_add_signed(change);
            }
        }
    }

    fn characters(&mut self, text: &str) {
        if self.hidden > 0 {
            return;
        }
        let mut rest = text;
        while let Some(at) = rest.find('&') {
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
        for c in text.chars() {
            let is_space = c.is_whitespace() || c == '\u{a0}';
            match (is_space, self.line.ends_with(' ') || self.line.is_empty()) {
                (true, true) => {}
                (true, false) => self.line.push(' '),
                // Soft hyphens and zero-width signs are not seen and would split words.
                (false, _) if matches!(c, '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{feff}') => {}
                (false, _) => self.line.push(c),
            }
        }
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        let line = line.trim_end();
        if line.is_empty() {
            return;
        }
        for _ in 0..self.quoted.min(8) {
            self.text.push_str("> ");
        }
        self.text.push_str(line);
        self.text.push('\n');
        self.blank = false;
    }

    fn blank_line(&mut self) {
        if !self.text.is_empty() && !self.blank && self.hidden == 0 && self.quoted == 0 {
            self.text.push('\n');
            self.blank = true;
        }
    }

    fn finish(mut self) -> String {
        self.end_line();
        self.text.truncate(self.text.trim_end().len());
        self.text
    }
}

struct Tag {
    name: String,
    attributes: String,
    is_end: bool,
    is_empty: bool,
}

/// Reads a tag at the start of `text`, quotes respected; `None` when it is none.
fn tag(text: &str) -> Option<(Tag, &str)> {
    let bytes = text.as_bytes();
    let first = *bytes.get(1)?;
    if !(first.is_ascii_alphabetic() || matches!(first, b'/' | b'!' | b'?')) {
        return None;
    }
    let mut quote = None;
    let mut end = None;
    // An attribute over 64 KB is no attribute but a missing end.
    for (at, byte) in bytes.iter().enumerate().skip(1).take(64 * 1024) {
        match (quote, byte) {
            (None, b'>') => {
                end = Some(at);
                break;
            }
            (None, b'"' | b'\'') if bytes[at - 1] == b'=' => quote = Some(*byte),
            (Some(open), byte) if open == *byte => quote = None,
            _ => {}
        }
    }
    let end = end.or_else(|| text.find('>'))?;
    let inner = &text[1..end];
    let is_end = inner.starts_with('/');
    let is_empty = inner.ends_with('/') || inner.starts_with(['!', '?']);
    let inner = inner.trim_start_matches('/');
    let length = inner.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(inner.len());
    let name = inner[..length].to_ascii_lowercase();
    let attributes = inner[length..].to_ascii_lowercase();
    Some((Tag { name, attributes, is_end, is_empty }, &text[end + 1..]))
}

/// Skips to behind the end tag of an element whose content is not markup.
fn skip_element<'a>(text: &'a str, name: &str) -> &'a str {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(open) = text[at..].find("</") {
        let start = at + open + 2;
        let matches = bytes
            .get(start..start + name.len())
            .is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes()));
        if matches {
            return text[start..].find('>').map_or("", |end| &text[start + end + 1..]);
        }
        at = start;
    }
    // An unclosed head is common; an unclosed script hides the rest in a browser as well.
    if name == "head" || name == "title" { text } else { "" }
}

fn effect(tag: &Tag) -> Effect {
    let attributes: String = tag.attributes.split_whitespace().collect();
    let is_hidden = attributes.contains("display:none")
        || attributes.contains("visibility:hidden")
        || attributes.contains("font-size:0;")
        || attributes.contains("font-size:0px")
        || attributes.contains("mso-hide:all")
        || tag.attributes.split_whitespace().any(|word| word == "hidden");
    if is_hidden {
        return Effect::Hidden;
    }
    let is_quote = tag.name == "blockquote"
        || ["gmail_quote", "yahoo_quoted", "moz-cite", "protonmail_quote"]
            .iter()
            .any(|class| tag.attributes.contains(class));
    if is_quote { Effect::Quoted } else { Effect::Plain }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_person_sees_only_what_is_shown() {
        for (html, seen) in [
            ("<p>Прошу&nbsp;удалить <b>мои</b> данные</p>", "Прошу удалить мои данные"),
            ("a<br>b<div>c</div>d", "a\nb\nc\nd"),
            ("<style>p{}</style><script>1<2</script>x", "x"),
            ("<div style=\"Display: none\">no<div>no</div></div>yes", "yes"),
            ("<span hidden>no</span>yes", "yes"),
            ("1 < 2 &amp; 3 &gt; 2 &unknown; &", "1 < 2 & 3 > 2 &unknown; &"),
            ("<!-- c --><a href='x>y'>link</a>", "link"),
            ("new<blockquote>old<br>older</blockquote>", "new\n> old\n> older"),
            (
                "<div class=\"gmail_quote\">On … wrote:<blockquote>x</blockquote></div>",
                "> On … wrote:\n> > x",
            ),
            ("<table><tr><td>a</td><td>b</td></tr></table>", "a b"),
            ("<head><title>t</title>", ""),
        ] {
            assert_eq!(visible_text(html), seen, "{html}");
        }
    }

    #[test]
    fn deep_nesting_costs_neither_stack_nor_much_time() {
        let html = format!("{}x{}", "<div>".repeat(200_000), "</div>".repeat(200_000));
        assert_eq!(visible_text(&html), "x");
        assert_eq!(visible_text(&"<".repeat(100_000)).len(), 100_000);
    }

    proptest! {
        #[test]
        fn any_text_is_walked_without_a_panic(
            html in "(<|>|</|<!--|-->|&[a-z#0-9]{0,5};|<div style=\"|\"|script|head|я|[ a-z=']){0,60}"
        ) {
            let _ = visible_text(&html);
        }
    }
}
