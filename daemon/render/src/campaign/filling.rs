//! The last step: constant texts with two gaps, the name and the link to leave.

use std::borrow::Cow;

use domain::language::Locale;
use serde_json::json;

use super::field::Field;
use super::flat::{Cut, Marks, Piece};
use super::syntax::is_line_break;
use super::{Frame, RenderedCampaign, Texts};
use crate::engine::{OUTPUT_LIMIT, is_invisible};
use crate::error::RenderError;
use crate::renderer::Renderer;

/// Names are cut here; the longest that people really have are shorter.
const MAX_NAME_CHARS: usize = 100;
const MAX_URL_BYTES: usize = 2_000;

/// The gaps of a layout: what it does not know itself.
const BODY: usize = 0;
const PREHEADER: usize = 1;
const SUBJECT: usize = 2;
const UNSUBSCRIBE_URL: usize = 3;

/// How a text writes the values in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written {
    Plain,
    Html,
}

/// The mail for readers of one sort.
#[derive(Debug)]
pub(super) struct Variant {
    subject: Filled,
    html: Filled,
    text: Filled,
}

impl Variant {
    /// # Errors
    /// [`RenderError`] of a layout.
    pub(super) fn new(
        renderer: &Renderer,
        locale: Locale,
        frame: &Frame,
        texts: &Texts,
    ) -> Result<Self, RenderError> {
        let all = [
            frame.organisation.as_str(),
            &frame.contact,
            &frame.advertiser,
            &frame.list_title,
            &frame.policy_url,
        ];
        let marks = Marks::new(&all);
        let values = json!({
            "organisation": clean(&frame.organisation),
            "contact": clean(&frame.contact),
            "advertiser": clean(&frame.advertiser),
            "list_title": clean(&frame.list_title),
            "policy_url": clean(&frame.policy_url),
            "body": marks.place(BODY),
            "preheader": marks.place(PREHEADER),
            "subject": marks.place(SUBJECT),
            "unsubscribe_url": marks.place(UNSUBSCRIBE_URL),
            "has_preheader": !texts.preheader.is_empty(),
        });
        let html = renderer.campaign_layout("layout.html", locale, &values)?;
        let text = renderer.campaign_layout("layout.txt", locale, &values)?;
        let mut subject = Filled::new(Written::Plain);
        texts.subject.iter().for_each(|piece| subject.add(piece, frame));
        Ok(Self {
            subject,
            html: Filled::in_layout(&html, &marks, texts, frame, Written::Html),
            text: Filled::in_layout(&text, &marks, texts, frame, Written::Plain),
        })
    }

    /// # Errors
    /// [`RenderError::TooLong`].
    pub(super) fn fill(&self, name: &str, url: &str) -> Result<RenderedCampaign, RenderError> {
        let html = self.html.fill(&escaped(name), &escaped(url));
        let text = self.text.fill(name, url);
        if html.len() > OUTPUT_LIMIT || text.len() > OUTPUT_LIMIT {
            return Err(RenderError::TooLong { name: "campaign".to_owned() });
        }
        let subject = self.subject.fill(name, url);
        Ok(RenderedCampaign { subject: subject.trim().to_owned(), html, text })
    }
}

#[derive(Debug)]
enum Section {
    Words(String),
    Name,
    UnsubscribeUrl,
}

/// A text with gaps.
#[derive(Debug)]
struct Filled {
    written: Written,
    sections: Vec<Section>,
    constant_bytes: usize,
    names: usize,
    urls: usize,
}

impl Filled {
    fn new(written: Written) -> Self {
        Self { written, sections: Vec::new(), constant_bytes: 0, names: 0, urls: 0 }
    }

    fn in_layout(
        layout: &str,
        marks: &Marks,
        texts: &Texts,
        frame: &Frame,
        written: Written,
    ) -> Self {
        let mut filled = Self::new(written);
        for cut in marks.cuts(layout, &|_| false) {
            match (cut, written) {
                (Cut::Words(words), _) => filled.push(words),
                (Cut::Mark(BODY), Written::Html) => {
                    texts.html.iter().for_each(|piece| match piece {
                        // The words of the body are HTML already.
                        Piece::Words(words) => filled.push(words),
                        Piece::Field(field) => filled.field(*field, frame),
                    })
                }
                (Cut::Mark(BODY), Written::Plain) => {
                    texts.text.iter().for_each(|piece| filled.add(piece, frame));
                }
                (Cut::Mark(PREHEADER), _) => {
                    texts.preheader.iter().for_each(|piece| filled.add(piece, frame));
                }
                (Cut::Mark(SUBJECT), _) => {
                    texts.subject.iter().for_each(|piece| filled.add(piece, frame));
                }
                (Cut::Mark(UNSUBSCRIBE_URL), _) => filled.field(Field::UnsubscribeUrl, frame),
                (Cut::Mark(_), _) => {}
            }
        }
        filled
    }

    /// Adds a piece of which the words are plain.
    fn add(&mut self, piece: &Piece, frame: &Frame) {
        match (piece, self.written) {
            (Piece::Words(words), Written::Plain) => {
                let visible = |c: &char| *c == '\n' || *c == '\t' || !is_invisible(*c);
                self.push(&words.chars().filter(visible).collect::<String>());
            }
            (Piece::Words(words), Written::Html) => self.push(&escaped(words)),
            (Piece::Field(field), _) => self.field(*field, frame),
        }
    }

    fn field(&mut self, field: Field, frame: &Frame) {
        match field {
            Field::Name => {
                self.names += 1;
                self.sections.push(Section::Name);
            }
            Field::UnsubscribeUrl => {
                self.urls += 1;
                self.sections.push(Section::UnsubscribeUrl);
            }
            Field::ListTitle | Field::Organisation | Field::Advertiser | Field::PolicyUrl => {
                let value = clean(constant(frame, field));
                match self.written {
                    Written::Plain => self.push(&value),
                    Written::Html => self.push(&escaped(&value)),
                }
            }
        }
    }

    fn push(&mut self, words: &str) {
        self.constant_bytes += words.len();
        match self.sections.last_mut() {
            Some(Section::Words(last)) => last.push_str(words),
            _ => self.sections.push(Section::Words(words.to_owned())),
        }
    }

    fn fill(&self, name: &str, url: &str) -> String {
        let bytes = self.constant_bytes + self.names * name.len() + self.urls * url.len();
        let mut text = String::with_capacity(bytes);
        for section in &self.sections {
            text.push_str(match section {
                Section::Words(words) => words,
                Section::Name => name,
                Section::UnsubscribeUrl => url,
            });
        }
        text
    }
}

/// The value of a constant field; fields that differ from mail to mail have none.
pub(super) fn constant(frame: &Frame, field: Field) -> &str {
    match field {
        Field::ListTitle => &frame.list_title,
        Field::Organisation => &frame.organisation,
        Field::Advertiser => &frame.advertiser,
        Field::PolicyUrl => &frame.policy_url,
        Field::Name | Field::UnsubscribeUrl => "",
    }
}

/// A name as it may be printed: what breaks or turns a line is a blank, what is too long is cut.
pub(super) fn clean_name(name: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_alphabetic() || matches!(c, '-' | '.' | '\'');
    let is_short = name.len() <= MAX_NAME_CHARS;
    if is_short && name.split(' ').all(|word| !word.is_empty() && word.chars().all(is_plain)) {
        return Cow::Borrowed(name);
    }
    let name = clean(name);
    let end = name.char_indices().nth(MAX_NAME_CHARS).map_or(name.len(), |(end, _)| end);
    Cow::Owned(name.get(..end).unwrap_or_default().trim_end().to_owned())
}

/// One line of visible characters.
fn clean(value: &str) -> String {
    let mut line = String::with_capacity(value.len().min(4 * MAX_URL_BYTES));
    for word in value.split(|c| is_invisible(c) || is_line_break(c) || turns(c) || c == ' ') {
        if !word.is_empty() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    line
}

/// Further marks without a body of their own that change how their neighbours are read, and what
/// is no character at all.
fn turns(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2060}'
            ..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffc}' | '\u{e0000}'..='\u{e007f}'
    )
}

/// The link to leave, if it is one.
///
/// # Errors
/// [`RenderError::Failed`].
pub(super) fn checked_url(url: &str) -> Result<&str, RenderError> {
    let is_web = url.starts_with("https://") || url.starts_with("http://");
    let is_clean = url.bytes().all(|b| b.is_ascii_graphic() && !b"\"'<>\\`(){}".contains(&b));
    if is_web && is_clean && url.len() <= MAX_URL_BYTES {
        return Ok(url);
    }
    Err(RenderError::Failed {
        name: "campaign".to_owned(),
        reason: "the link to leave must be an https address without blanks or quotes",
    })
}

/// As HTML writes it, in text and in attributes with quotes.
fn escaped(value: &str) -> Cow<'_, str> {
    if !value.contains(['&', '<', '>', '"', '\'']) {
        return Cow::Borrowed(value);
    }
    let mut html = String::with_capacity(value.len() + 16);
    for c in value.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
    }
    Cow::Owned(html)
}
