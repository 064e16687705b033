//! A document as PDF: real text in embedded fonts, so that it can be searched and read aloud.

use krilla::Document as Pdf;
use krilla::color::rgb;
use krilla::geom::{PathBuilder, Point};
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use krilla::paint::{Fill, Stroke};
use krilla::surface::Surface;
use krilla::text::{Font, TextDirection};

use super::Document;
use super::lay_out::{Mark, lay_out, sheet_size};
use super::metrics::{BOLD, Cut, Metrics, REGULAR};

/// A PDF cannot be made. Says nothing of its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the PDF cannot be made ({0}); please report this")]
pub struct PdfError(&'static str);

pub(super) fn write(document: &Document) -> Result<Vec<u8>, PdfError> {
    let metrics = Metrics::read().ok_or(PdfError("fonts"))?;
    let font = |bytes: &'static [u8]| Font::new(bytes.into(), 0).ok_or(PdfError("fonts"));
    let (regular, bold) = (font(REGULAR)?, font(BOLD)?);
    let (width, height) = sheet_size(document.sheet);
    let mut pdf = Pdf::new();
    let metadata = Metadata::new()
        .title(document.title.clone())
        .language(document.locale.code().to_owned())
        .producer("Consentry".to_owned());
    pdf.set_metadata(metadata);
    for marks in lay_out(document, &metrics) {
        let settings = PageSettings::from_wh(width, height).ok_or(PdfError("page"))?;
        let mut page = pdf.start_page_with(settings);
        let mut surface = page.surface();
        for mark in marks {
            match mark {
                Mark::Text { x, y, size, cut, text } => {
                    let font = match cut {
                        Cut::Regular => regular.clone(),
                        Cut::Bold => bold.clone(),
                    };
                    surface.set_stroke(None);
                    surface.set_fill(Some(Fill::default()));
                    let at = Point::from_xy(x, y);
                    surface.draw_text(at, font, size, &text, false, TextDirection::LeftToRight);
                }
                Mark::Line { from, to } => draw_line(&mut surface, from, to),
            }
        }
        surface.finish();
        page.finish();
    }
    pdf.finish().map_err(|_| PdfError("file"))
}

fn draw_line(surface: &mut Surface<'_>, from: (f32, f32), to: (f32, f32)) {
    let mut path = PathBuilder::new();
    path.move_to(from.0, from.1);
    path.line_to(to.0, to.1);
    let Some(path) = path.finish() else { return };
    surface.set_fill(None);
    let grey = rgb::Color::new(110, 110, 110);
    surface.set_stroke(Some(Stroke { paint: grey.into(), width: 0.5, ..Stroke::default() }));
    surface.draw_path(&path);
}
