//! Text of PDF files, with limits on pages, inflated bytes and operations.
//!
//! Called by `document`. The library reads the structure and the fonts; the order of the lines is
//! taken as it stands in the file, which is what programs that print letters write. A file whose
//! pages hold no text is taken for a scan.

use lopdf::{Dictionary, Document, Encoding, LoadOptions, Object, content::Content};
use std::collections::BTreeMap;

use super::Outcome;

/// Pages that are read; a letter has fewer.
const MAX_PAGES: usize = 20;
/// Bytes that one stream may inflate to.
const MAX_STREAM: usize = 2 * 1024 * 1024;
/// Bytes that all pages together may inflate to.
const MAX_CONTENT: usize = 3 * 1024 * 1024;
/// Packed groups of objects that are opened; each may inflate to [`MAX_STREAM`].
const MAX_PACKED: usize = 64;
/// Operations of all pages that are looked at.
const MAX_OPERATIONS: usize = 200_000;
/// Fonts of one page that are looked at.
const MAX_FONTS: usize = 40;
/// Text that is enough.
const MAX_TEXT: usize = 64 * 1024;
/// A move of more than this share of an em between two letters is a space (PDF 32000-1 §9.4.3).
const SPACE: f32 = -180.0;

/// Reads the text of a file.
pub(super) fn read(bytes: &[u8]) -> Outcome {
    if memchr::memmem::find_iter(bytes, b"/ObjStm").count() > MAX_PACKED {
        return Outcome::Unread;
    }
    let options = LoadOptions::with_max_decompressed_size(MAX_STREAM);
    let Ok(document) = Document::load_mem_with_options(bytes, options) else {
        return Outcome::Unread;
    };
    let mut page = Page { text: String::new(), operations: MAX_OPERATIONS };
    let mut pages = 0;
    let mut left = MAX_CONTENT;
    for id in document.page_iter().take(MAX_PAGES) {
        pages += 1;
        let limit = MAX_STREAM.min(left);
        let Ok(content) = document.get_page_content_with_limit(id, limit) else { continue };
        left -= content.len().min(left);
        let fonts = document.get_page_fonts(id).unwrap_or_default();
        page.read(&content, &encodings(&document, &fonts));
        if page.text.len() > MAX_TEXT || page.operations == 0 {
            break;
        }
    }
    match (pages, page.text.chars().filter(|c| c.is_alphanumeric()).take(10).count()) {
        (0, _) => Outcome::Unread,
        (_, 0..10) => Outcome::Scan,
        _ => Outcome::Text(page.text.trim().to_owned()),
    }
}

fn encodings<'a>(
    document: &'a Document,
    fonts: &BTreeMap<Vec<u8>, &'a Dictionary>,
) -> BTreeMap<Vec<u8>, Encoding<'a>> {
    fonts
        .iter()
        .take(MAX_FONTS)
        .filter_map(|(name, font)| {
            let encoding = font.get_font_encoding_with_limit(document, MAX_STREAM).ok()?;
            Some((name.clone(), encoding))
        })
        .collect()
}

struct Page {
    text: String,
    operations: usize,
}

impl Page {
    fn read(&mut self, content: &[u8], encodings: &BTreeMap<Vec<u8>, Encoding<'_>>) {
        let mut encoding = None;
        let mut height = None;
        for operation in Content::decode_iter(content).map_while(Result::ok) {
            if self.operations == 0 || self.text.len() > MAX_TEXT {
                return;
            }
            self.operations -= 1;
            let operands = operation.operands.as_slice();
            match operation.operator.as_str() {
                "Tf" => {
                    let name = operands.first().and_then(|font| font.as_name().ok());
                    encoding = name.and_then(|name| encodings.get(name));
                }
                "Td" | "TD" => match operands.get(1).and_then(|y| y.as_float().ok()) {
                    Some(y) if y.abs() > 0.01 => self.end_line(),
                    _ => self.space(),
                },
                "Tm" => {
                    let y = operands.get(5).and_then(|y| y.as_float().ok());
                    match (height, y) {
                        (Some(before), Some(now)) if f32::abs(now - before) < 1.0 => self.space(),
                        _ => self.end_line(),
                    }
                    height = y;
                }
                "T*" | "ET" => self.end_line(),
                "Tj" | "TJ" => self.show(encoding, operands),
                "'" => {
                    self.end_line();
                    self.show(encoding, operands);
                }
                "\"" => {
                    self.end_line();
                    self.show(encoding, operands.get(2..).unwrap_or_default());
                }
                _ => {}
            }
        }
        self.end_line();
    }

    fn show(&mut self, encoding: Option<&Encoding<'_>>, operands: &[Object]) {
        let Some(encoding) = encoding else { return };
        for operand in operands {
            match operand {
                Object::String(bytes, _) => self.push(encoding, bytes),
                // An array holds strings and moves between them, no further arrays.
                Object::Array(pieces) => {
                    for piece in pieces {
                        match piece {
                            Object::String(bytes, _) => self.push(encoding, bytes),
                            other if other.as_float().is_ok_and(|moved| moved < SPACE) => {
                                self.space();
                            }
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn push(&mut self, encoding: &Encoding<'_>, bytes: &[u8]) {
        if let Ok(text) = Document::decode_text(encoding, bytes) {
            self.text.extend(text.chars().filter(|c| !c.is_control()));
        }
    }

    fn space(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with([' ', '\n']) {
            self.text.push(' ');
        }
    }

    fn end_line(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(content: &str) -> Vec<u8> {
        let objects = [
            "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
            "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
            "<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>"
                .to_owned(),
            format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()),
            "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
                .to_owned(),
        ];
        let mut file = b"%PDF-1.4\n".to_vec();
        let mut places = Vec::new();
        for (number, object) in objects.iter().enumerate() {
            places.push(file.len());
            file.extend(format!("{} 0 obj\n{object}\nendobj\n", number + 1).bytes());
        }
        let table = file.len();
        file.extend(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).bytes());
        for place in places {
            file.extend(format!("{place:010} 00000 n \n").bytes());
        }
        let end = objects.len() + 1;
        file.extend(
            format!("trailer\n<< /Size {end} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n").bytes(),
        );
        file
    }

    #[test]
    fn the_lines_of_a_letter_are_read() {
        let content = "BT /F1 12 Tf 72 700 Td [(Please d) 20 (elete) -300 (my)] TJ ( data) Tj \
            0 -14 Td (Anna) Tj ET";
        assert_eq!(read(&file(content)), Outcome::Text("Please delete my data\nAnna".to_owned()));
    }

    #[test]
    fn a_page_without_text_is_a_scan_and_a_broken_file_is_said() {
        assert_eq!(read(&file("q 100 0 0 100 0 0 cm /Im1 Do Q")), Outcome::Scan);
        assert_eq!(read(b"%PDF-1.4 nothing"), Outcome::Unread);
        let packed = format!("%PDF-1.5 {}", "/ObjStm ".repeat(MAX_PACKED + 1));
        assert_eq!(read(packed.as_bytes()), Outcome::Unread);
    }
}
