//! A checked source without its conditions: words and fields in a row, once for readers whose
//! name is known and once for the others.
//!
//! On the way through Markdown, HTML and plain text each field is a mark: letters and digits that
//! stand nowhere in the source and that all three leave alone.

use handlebars::Template;
use handlebars::template::TemplateElement;

use super::field::{Field, Reader};
use super::finding::Place;
use super::syntax::{field_of, mapped};

/// A piece of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    Words(String),
    Field(Field),
}

/// A source without conditions, each piece with its place.
#[derive(Debug, Default)]
pub(crate) struct Flat {
    pub(crate) pieces: Vec<(Piece, Place)>,
}

impl Flat {
    /// Decides every condition: `is_set` says which of the constants hold something.
    pub(crate) fn of(
        template: &Template,
        source: &str,
        reader: Reader,
        is_set: &dyn Fn(Field) -> bool,
    ) -> Self {
        let mut flat = Self::default();
        let decided = |field| match field {
            Field::Name => reader == Reader::Named,
            Field::ListTitle
            | Field::Organisation
            | Field::Advertiser
            | Field::UnsubscribeUrl
            | Field::PolicyUrl => is_set(field),
        };
        flat.add(template, source, &decided);
        flat
    }

    fn add(&mut self, template: &Template, source: &str, is_set: &dyn Fn(Field) -> bool) {
        for (number, element) in template.elements.iter().enumerate() {
            let place = mapped(template.mapping.get(number), Place::START);
            match element {
                TemplateElement::RawString(words) => {
                    self.pieces.push((Piece::Words(words.clone()), found(source, place, words)));
                }
                TemplateElement::Expression(tag) => {
                    if let Some(field) = field_of(&tag.name) {
                        self.pieces.push((Piece::Field(field), place));
                    }
                }
                TemplateElement::HelperBlock(tag) => {
                    let is_set_here = tag.params.first().and_then(field_of).is_some_and(is_set);
                    let wanted = tag.name.as_name() == Some("if");
                    let branch = if is_set_here == wanted { &tag.template } else { &tag.inverse };
                    if let Some(branch) = branch {
                        self.add(branch, source, is_set);
                    }
                }
                // Comments print nothing; the checker lets nothing else through.
                _ => {}
            }
        }
    }

    /// The piece of that number, if it is a field.
    pub(crate) fn field(&self, number: usize) -> Option<Field> {
        match self.pieces.get(number) {
            Some((Piece::Field(field), _)) => Some(*field),
            _ => None,
        }
    }

    /// The pieces of a text that was marked by this source.
    pub(crate) fn unmarked(&self, text: &str, marks: &Marks) -> Vec<Piece> {
        let is_url = |number| self.field(number).is_some_and(Field::is_url);
        let piece = |cut: Cut<'_>| match cut {
            Cut::Words(words) => Some(Piece::Words(words.to_owned())),
            Cut::Mark(number) => self.field(number).map(Piece::Field),
        };
        marks.cuts(text, &is_url).into_iter().filter_map(piece).collect()
    }

    /// The words alone, a mark for each field.
    pub(crate) fn marked(&self, marks: &Marks) -> String {
        let mut text = String::new();
        for (number, (piece, _)) in self.pieces.iter().enumerate() {
            match piece {
                Piece::Words(words) => text.push_str(words),
                Piece::Field(field) => text.push_str(&marks.mark(number, *field)),
            }
        }
        text
    }

    /// The place in the source at which line `wanted` (from 1) of the marked text begins.
    pub(crate) fn place_of_line(&self, wanted: usize) -> Place {
        let mut line = 1;
        for (piece, place) in &self.pieces {
            let breaks = match piece {
                Piece::Words(words) => words.matches('\n').count(),
                Piece::Field(_) => 0,
            };
            if line + breaks >= wanted {
                return match wanted - line {
                    0 => *place,
                    more => Place { line: place.line + more, column: 1 },
                };
            }
            line += breaks;
        }
        Place::START
    }
}

/// Where words of the tree really begin: blanks beside a block of its own line are cut off them.
fn found(source: &str, place: Place, words: &str) -> Place {
    let line_start = match place.line {
        0 | 1 => 0,
        line => source.match_indices('\n').nth(line - 2).map_or(0, |(at, _)| at + 1),
    };
    let rest = source.get(line_start..).unwrap_or_default();
    let column: usize = rest.chars().take(place.column.saturating_sub(1)).map(char::len_utf8).sum();
    let from = line_start + column;
    match source.get(from..).and_then(|rest| rest.find(words)) {
        Some(at) => Place::of(source, from + at),
        None => place,
    }
}

/// How fields are written while they pass through Markdown, HTML and plain text.
#[derive(Debug, Clone)]
pub(crate) struct Marks {
    prefix: String,
}

impl Marks {
    /// Marks that stand in none of the sources.
    pub(crate) fn new(sources: &[&str]) -> Self {
        let lower: Vec<String> = sources.iter().map(|source| source.to_lowercase()).collect();
        // Without its first letter too, which is the last one of a mark before it.
        let free = |prefix: &String| !lower.iter().any(|source| source.contains(&prefix[1..]));
        // A source has a limit, so one of more numbers than it has bytes is free.
        let prefix = (0..=1_000_000_u32).map(|number| format!("zq{number}x")).find(free);
        Self { prefix: prefix.unwrap_or_else(|| "zqx".to_owned()) }
    }

    /// The mark of the piece `number`. A field that is a URL looks like one, so that Markdown
    /// takes it for one.
    pub(crate) fn mark(&self, number: usize, field: Field) -> String {
        let prefix = &self.prefix;
        if field.is_url() {
            format!("https://{prefix}{number}z.invalid")
        } else {
            format!("{prefix}{number}z")
        }
    }

    /// The marks with a blank in each: an attribute without quotes falls apart there.
    pub(crate) fn with_blanks(&self, text: &str) -> String {
        text.replace(&self.prefix, &format!("{} ", self.prefix))
    }

    /// The numbers of the marks in a text that went through [`Marks::with_blanks`].
    pub(crate) fn blank_marks<'t>(&self, text: &'t str) -> impl Iterator<Item = usize> + 't {
        let prefix = format!("{} ", self.prefix);
        let mut rest = text;
        std::iter::from_fn(move || {
            let at = rest.find(&prefix)?;
            rest = rest.get(at + prefix.len()..)?;
            let number = rest.get(..rest.find('z')?)?.parse().ok();
            Some(number)
        })
        .flatten()
    }

    /// The mark of a place in a layout.
    pub(crate) fn place(&self, number: usize) -> String {
        format!("{}{number}z", self.prefix)
    }

    /// Takes a marked text apart again; `is_url` says which numbers look like a URL.
    pub(crate) fn cuts<'t>(&self, text: &'t str, is_url: &dyn Fn(usize) -> bool) -> Vec<Cut<'t>> {
        let mut cuts = Vec::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once(&self.prefix) {
            let digits = behind.bytes().take_while(u8::is_ascii_digit).count();
            let (number, behind) = behind.split_at(digits);
            let behind = behind.strip_prefix('z').unwrap_or(behind);
            let number = number.parse().ok();
            let url = match number {
                Some(number) if is_url(number) => {
                    before.strip_suffix("https://").zip(behind.strip_prefix(".invalid"))
                }
                _ => None,
            };
            let (before, behind) = url.unwrap_or((before, behind));
            cuts.push(Cut::Words(before));
            cuts.extend(number.map(Cut::Mark));
            rest = behind;
        }
        cuts.push(Cut::Words(rest));
        cuts
    }
}

/// A piece of a marked text.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cut<'t> {
    Words(&'t str),
    Mark(usize),
}
