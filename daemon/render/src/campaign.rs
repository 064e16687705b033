//! Campaigns: a marketer's subject, body and text become mails to many.
//!
//! `check` refuses what could harm a reader or the daemon, when a campaign is saved. `compile`
//! does the rest of the work once: Markdown, layout, plain text, every condition. What is left
//! for each recipient is to put a name and a link between constant texts.

mod field;
mod filling;
mod finding;
mod flat;
mod markdown;
mod markup;
mod plain;
mod syntax;

use domain::campaign::{BodyFormat, Content};
use domain::language::Locale;
use handlebars::Template;

use field::{Field, Reader};
use filling::Variant;
pub use finding::{Finding, Part, Rule};
use finding::{Findings, Place};
use flat::{Flat, Marks, Piece};

use crate::error::RenderError;
use crate::renderer::Renderer;

/// HTML of a body is no longer, in bytes.
const MAX_HTML_BYTES: usize = 1024 * 1024;

/// What `check` found out about contents that keep the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentFacts {
    /// Whether each reader finds `{{unsubscribe_url}}` in the body, as a link or as text.
    pub has_unsubscribe_link: bool,
}

/// The constants of a campaign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The organisation that sends.
    pub organisation: String,
    /// The contact of the person responsible, one line.
    pub contact: String,
    /// The advertiser that the consent names.
    pub advertiser: String,
    /// The title of the list, or of the lists.
    pub list_title: String,
    /// Where the policy is published.
    pub policy_url: String,
}

/// What differs from mail to mail.
#[derive(Clone, Copy)]
pub struct Recipient<'a> {
    /// The person's name as they typed it; empty when it is not known.
    pub name: &'a str,
    /// The link to leave, `https://…`.
    pub unsubscribe_url: &'a str,
}

impl std::fmt::Debug for Recipient<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Recipient(***)")
    }
}

/// A mail of a campaign, not yet encoded.
#[derive(Clone, PartialEq, Eq)]
pub struct RenderedCampaign {
    /// The subject: one line, no control characters.
    pub subject: String,
    /// The HTML part.
    pub html: String,
    /// The text part, lines ended by LF.
    pub text: String,
}

impl std::fmt::Debug for RenderedCampaign {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (html, text) = (self.html.len(), self.text.len());
        write!(f, "RenderedCampaign({html} bytes of HTML, {text} of text)")
    }
}

/// Checks what a marketer wrote. Nothing dangerous is compiled for it.
///
/// # Errors
/// Every finding, in the order of the parts and their lines.
pub fn check(content: &Content) -> Result<ContentFacts, Vec<Finding>> {
    let sources = Sources::read(content)?;
    let bodies = sources.bodies(&|_| true)?;
    Ok(ContentFacts { has_unsubscribe_link: bodies.iter().all(|body| body.has_unsubscribe_link) })
}

/// A campaign ready to be sent to anybody. Share it in an `Arc`.
#[derive(Debug)]
pub struct CampaignTemplate {
    named: Variant,
    unnamed: Variant,
}

impl CampaignTemplate {
    /// Checks the content and compiles it, in the layout of `renderer`.
    ///
    /// # Errors
    /// Every finding, as [`check`]; [`Rule::Layout`] when an operator's layout does not work.
    pub fn compile(
        renderer: &Renderer,
        content: &Content,
        frame: &Frame,
    ) -> Result<Self, Vec<Finding>> {
        let sources = Sources::read(content)?;
        let is_set =
            |field| field == Field::UnsubscribeUrl || !filling::constant(frame, field).is_empty();
        let [named, unnamed] = sources.bodies(&is_set)?;
        let variant = |body: Body| {
            let texts = sources.texts(body, &is_set)?;
            Variant::new(renderer, content.locale, frame, &texts).map_err(layout_finding)
        };
        Ok(Self { named: variant(named)?, unnamed: variant(unnamed)? })
    }

    /// Fills the layouts once with and once without a preheader, so that a broken override is
    /// found at start.
    ///
    /// # Errors
    /// [`RenderError`] of a layout.
    pub(crate) fn try_layouts(renderer: &Renderer, locale: Locale) -> Result<(), RenderError> {
        let word = || "x".to_owned();
        let frame = Frame {
            organisation: word(),
            contact: word(),
            advertiser: word(),
            list_title: word(),
            policy_url: word(),
        };
        for preheader in [Vec::new(), vec![Piece::Words(word())]] {
            let words = vec![Piece::Words(word())];
            let texts =
                Texts { subject: words.clone(), preheader, html: words.clone(), text: words };
            Variant::new(renderer, locale, &frame, &texts)?;
        }
        Ok(())
    }

    /// Renders the mail of one recipient. Whatever the name holds, it stays a name: one line,
    /// visible characters, at most a hundred of them, escaped.
    ///
    /// # Errors
    /// [`RenderError::Failed`] when the link is no link, [`RenderError::TooLong`].
    pub fn render(&self, recipient: &Recipient<'_>) -> Result<RenderedCampaign, RenderError> {
        let name = filling::clean_name(recipient.name);
        let url = filling::checked_url(recipient.unsubscribe_url)?;
        let variant = if name.is_empty() { &self.unnamed } else { &self.named };
        variant.fill(&name, url)
    }
}

/// The sources of a content that keep the rules of tags.
struct Sources<'c> {
    content: &'c Content,
    subject: Template,
    preheader: Template,
    body: Template,
    text: Option<Template>,
    marks: Marks,
}

/// The body for readers of one sort, and whether they can leave by it.
struct Body {
    reader: Reader,
    flat: Flat,
    html: String,
    has_unsubscribe_link: bool,
}

/// The parts of a mail in pieces, before layout.
struct Texts {
    subject: Vec<Piece>,
    preheader: Vec<Piece>,
    html: Vec<Piece>,
    text: Vec<Piece>,
}

impl<'c> Sources<'c> {
    fn read(content: &'c Content) -> Result<Self, Vec<Finding>> {
        let mut found = Vec::new();
        let mut read = |part, source: &str| match syntax::read(part, source) {
            Ok(template) => template,
            Err(findings) => {
                found.extend(findings);
                Template::default()
            }
        };
        let sources = Self {
            content,
            subject: read(Part::Subject, &content.subject),
            preheader: read(Part::Preheader, &content.preheader),
            body: read(Part::Body, &content.body),
            text: content.text.as_deref().map(|text| read(Part::Text, text)),
            marks: Marks::new(&[&content.body]),
        };
        if found.is_empty() { Ok(sources) } else { Err(found) }
    }

    /// The body for readers with a name and without, checked; with the findings of all parts.
    fn bodies(&self, is_set: &dyn Fn(Field) -> bool) -> Result<[Body; 2], Vec<Finding>> {
        let mut subject = Findings::new(Part::Subject);
        let mut body = Findings::new(Part::Body);
        let mut text = Findings::new(Part::Text);
        let bodies = Reader::ALL.map(|reader| {
            let flat = Flat::of(&self.subject, &self.content.subject, reader, is_set);
            says_something(&flat, reader, &mut subject);
            if let (Some(template), Some(source)) = (&self.text, &self.content.text) {
                says_something(&Flat::of(template, source, reader, is_set), reader, &mut text);
            }
            self.body(reader, is_set, &mut body)
        });
        let found: Vec<Finding> =
            [subject, body, text].into_iter().flat_map(Findings::sorted).collect();
        if found.is_empty() { Ok(bodies) } else { Err(found) }
    }

    fn body(
        &self,
        reader: Reader,
        is_set: &dyn Fn(Field) -> bool,
        findings: &mut Findings,
    ) -> Body {
        let source = self.content.body.as_str();
        let flat = Flat::of(&self.body, source, reader, is_set);
        let marked = flat.marked(&self.marks);
        let (html, keeps_lines) = match self.content.format {
            BodyFormat::Html => (marked, true),
            BodyFormat::Markdown => (markdown::to_html(&marked, &flat, &self.marks), false),
        };
        let mut has_unsubscribe_link = false;
        if html.len() > MAX_HTML_BYTES {
            let reason = format!("its HTML is longer than {MAX_HTML_BYTES} bytes");
            findings.add(Place::START, Rule::TooLong, reason);
        } else {
            let body = markup::Body { source, flat: &flat, html: &html, keeps_lines };
            let facts = markup::check(&body, &self.marks, findings);
            has_unsubscribe_link = facts.has_unsubscribe_link;
            if !facts.says_something && findings.is_empty() {
                findings.add(Place::START, Rule::Empty, empty_for(reader));
            }
        }
        Body { reader, flat, html, has_unsubscribe_link }
    }

    fn texts(&self, body: Body, is_set: &dyn Fn(Field) -> bool) -> Result<Texts, Vec<Finding>> {
        let Body { reader, flat, html, .. } = body;
        let words = |template: &Template, source: &str| {
            let flat = Flat::of(template, source, reader, is_set);
            flat.pieces.into_iter().map(|(piece, _)| piece).collect::<Vec<Piece>>()
        };
        let mut text = match (&self.text, &self.content.text) {
            (Some(template), Some(source)) => words(template, source),
            _ => {
                let Some(text) = plain::of_html(&html) else {
                    let mut findings = Findings::new(Part::Body);
                    let reason = "no plain text can be made of the body; give the text";
                    findings.add(Place::START, Rule::Text, reason);
                    return Err(findings.sorted());
                };
                flat.unmarked(&text, &self.marks)
            }
        };
        if let Some(Piece::Words(last)) = text.last_mut() {
            last.truncate(last.trim_end().len());
        }
        Ok(Texts {
            subject: words(&self.subject, &self.content.subject),
            preheader: words(&self.preheader, &self.content.preheader),
            html: flat.unmarked(&html, &self.marks),
            text,
        })
    }
}

fn says_something(flat: &Flat, reader: Reader, findings: &mut Findings) {
    let says = flat.pieces.iter().any(|(piece, _)| match piece {
        Piece::Words(words) => words.chars().any(char::is_alphanumeric),
        Piece::Field(field) => *field != Field::Name || reader == Reader::Named,
    });
    if !says && findings.is_empty() {
        findings.add(Place::START, Rule::Empty, empty_for(reader));
    }
}

fn empty_for(reader: Reader) -> &'static str {
    match reader {
        Reader::Named => "it says nothing",
        Reader::Unnamed => "it says nothing to a reader whose name is not known",
    }
}

fn layout_finding(error: RenderError) -> Vec<Finding> {
    let mut findings = Findings::new(Part::Body);
    findings.add(Place::START, Rule::Layout, error.to_string());
    findings.sorted()
}

#[cfg(test)]
mod tests;
