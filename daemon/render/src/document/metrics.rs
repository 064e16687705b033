//! How wide a text is in the fonts of our documents, and where its lines break.

use skrifa::{FontRef, MetadataProvider as _, instance::LocationRef, instance::Size};

/// PT Serif, unmodified; its licence stands beside the files.
pub(super) const REGULAR: &[u8] =
    include_bytes!("../../../../templates/document/fonts/PTSerif-Regular.ttf");
pub(super) const BOLD: &[u8] =
    include_bytes!("../../../../templates/document/fonts/PTSerif-Bold.ttf");

/// Which cut of the font.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    Regular,
    Bold,
}

/// Widths of the glyphs of one cut, in thousandths of the size.
pub(super) struct Metrics<'a> {
    regular: FontRef<'a>,
    bold: FontRef<'a>,
}

impl Metrics<'_> {
    /// Reads both fonts; none when they are no fonts.
    pub(super) fn read() -> Option<Self> {
        Some(Self { regular: FontRef::new(REGULAR).ok()?, bold: FontRef::new(BOLD).ok()? })
    }

    /// The text with what the font does not have, and control characters, made harmless.
    pub(super) fn printable(&self, text: &str) -> String {
        let known = self.regular.charmap();
        text.chars()
            .map(|c| match c {
                c if c.is_control() => ' ',
                c if known.map(c).is_some() => c,
                _ => '?',
            })
            .collect()
    }

    /// The width of a text in points.
    pub(super) fn width(&self, text: &str, cut: Cut, size: f32) -> f32 {
        let font = match cut {
            Cut::Regular => &self.regular,
            Cut::Bold => &self.bold,
        };
        let (known, widths) =
            (font.charmap(), font.glyph_metrics(Size::new(size), LocationRef::default()));
        text.chars().filter_map(|c| widths.advance_width(known.map(c)?)).sum()
    }

    /// The text in lines that are at most `room` points wide. Breaks between words, and inside a
    /// word only when it is wider than a line.
    pub(super) fn lines(&self, text: &str, cut: Cut, size: f32, room: f32) -> Vec<String> {
        let mut lines = Vec::new();
        for paragraph in text.split('\n') {
            let paragraph = self.printable(paragraph);
            let mut line = String::new();
            for word in words(&paragraph) {
                let longer =
                    if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
                if self.width(&longer, cut, size) <= room {
                    line = longer;
                    continue;
                }
                if !line.is_empty() {
                    lines.push(std::mem::take(&mut line));
                }
                for c in word.chars() {
                    line.push(c);
                    if self.width(&line, cut, size) > room && line.chars().count() > 1 {
                        line.pop();
                        lines.push(std::mem::replace(&mut line, c.to_string()));
                    }
                }
            }
            lines.push(line);
        }
        lines
    }
}

/// What stands between spaces; a no-break space holds words together.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let breaks = |c: char| c.is_whitespace() && !matches!(c, '\u{a0}' | '\u{202f}');
    text.split(breaks).filter(|word| !word.is_empty())
}
