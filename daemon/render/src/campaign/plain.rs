//! The plain text of a body, for readers without HTML: made when the marketer gives none.

use html2text::config;
use html2text::render::TextDecorator;

/// Lines are broken here, where mail programs expect it.
const LINE_WIDTH: usize = 72;
/// Room for what is nested; lines do not become longer by it.
const WIDTH: usize = 1_000;

/// The text of a body, links shown behind their words.
///
/// # Errors
/// `None` when the HTML is too entangled to be shown as text.
pub(crate) fn of_html(html: &str) -> Option<String> {
    let text = config::with_decorator(Links::default())
        .raw_mode(true)
        .no_link_wrapping()
        .max_wrap_width(LINE_WIDTH)
        .allow_width_overflow()
        .string_from_read(html.as_bytes(), WIDTH)
        .ok()?;
    let lines: Vec<&str> = text.lines().map(shortened).collect();
    Some(without_holes(&without_doubled(&lines.join("\n"))))
}

/// A rule across the page is as wide as the text.
fn shortened(line: &str) -> &str {
    let line = line.trim_end();
    if line.chars().count() > LINE_WIDTH && line.ends_with('─') {
        line.char_indices().nth(LINE_WIDTH).map_or(line, |(end, _)| line.get(..end).unwrap_or(line))
    } else {
        line
    }
}

/// An address that is its own link is written once.
fn without_doubled(text: &str) -> String {
    let mut output = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("(http") {
        output.push_str(rest.get(..at).unwrap_or_default());
        rest = rest.get(at..).unwrap_or_default();
        let end = rest.find(')').unwrap_or(0);
        let url = rest.get(1..end).unwrap_or_default();
        if !url.is_empty() && output.trim_end().ends_with(url) {
            output.truncate(output.trim_end().len());
            rest = rest.get(end + 1..).unwrap_or_default();
        } else {
            output.push('(');
            rest = rest.get(1..).unwrap_or_default();
        }
    }
    output.push_str(rest);
    output
}

/// Never two empty lines in a row.
fn without_holes(text: &str) -> String {
    let mut output = String::with_capacity(text.len());
    let mut empty = 0;
    for line in text.trim().lines() {
        empty = if line.is_empty() { empty + 1 } else { 0 };
        if empty < 2 {
            output.push_str(line);
            output.push('\n');
        }
    }
    output
}

/// Writes links as `words (address)` and marks nothing else.
#[derive(Debug, Clone, Default)]
struct Links {
    open: Vec<String>,
}

impl TextDecorator for Links {
    type Annotation = ();

    fn decorate_link_start(&mut self, url: &str) -> (String, ()) {
        self.open.push(url.to_owned());
        (String::new(), ())
    }

    fn decorate_link_end(&mut self) -> String {
        match self.open.pop() {
            Some(url) if !url.is_empty() && !url.starts_with('#') => {
                format!(" ({})", url.strip_prefix("mailto:").unwrap_or(&url))
            }
            _ => String::new(),
        }
    }

    fn decorate_em_start(&self) -> (String, ()) {
        (String::new(), ())
    }

    fn decorate_em_end(&self) -> String {
        String::new()
    }

    fn decorate_strong_start(&self) -> (String, ()) {
        (String::new(), ())
    }

    fn decorate_strong_end(&self) -> String {
        String::new()
    }

    fn decorate_strikeout_start(&self) -> (String, ()) {
        (String::new(), ())
    }

    fn decorate_strikeout_end(&self) -> String {
        String::new()
    }

    fn decorate_code_start(&self) -> (String, ()) {
        (String::new(), ())
    }

    fn decorate_code_end(&self) -> String {
        String::new()
    }

    fn decorate_preformat_first(&self) {}

    fn decorate_preformat_cont(&self) {}

    fn decorate_superscript_start(&self) -> (String, ()) {
        (String::new(), ())
    }

    fn decorate_superscript_end(&self) -> String {
        String::new()
    }

    fn decorate_image(&mut self, _src: &str, title: &str) -> (String, ()) {
        (title.to_owned(), ())
    }

    fn header_prefix(&self, _level: usize) -> String {
        String::new()
    }

    fn quote_prefix(&self) -> String {
        "> ".to_owned()
    }

    fn unordered_item_prefix(&self) -> String {
        "- ".to_owned()
    }

    fn ordered_item_prefix(&self, number: i64) -> String {
        format!("{number}. ")
    }

    fn make_subblock_decorator(&self) -> Self {
        self.clone()
    }
}
