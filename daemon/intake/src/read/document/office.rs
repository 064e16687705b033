//! Text of Word (`.docx`) and OpenDocument (`.odt`) files.
//!
//! Called by `document`. The one entry with the text is inflated piece by piece up to a limit and
//! walked without a tree, so that neither a zip bomb nor deep nesting costs more than that.

use std::io::{BufReader, Cursor, Read as _};

use quick_xml::{Reader, events::Event};
use zip::ZipArchive;

use super::Outcome;

/// Entries that an archive may have.
const MAX_ENTRIES: usize = 2_000;
/// Inflated bytes that are looked at.
const MAX_INFLATED: u64 = 8 * 1024 * 1024;
/// Text that is enough.
const MAX_TEXT: usize = 64 * 1024;

/// Where the text stands in the two formats, and the elements that hold it.
const PLACES: [&str; 2] = ["word/document.xml", "content.xml"];

/// Reads the text of a file.
pub(super) fn read(bytes: &[u8]) -> Outcome {
    let Ok(mut archive) = ZipArchive::new(Cursor::new(bytes)) else { return Outcome::Unread };
    if archive.len() > MAX_ENTRIES {
        return Outcome::Unread;
    }
    for place in PLACES {
        // Locked with a password, or packed in a way that no such program uses: not read.
        let Ok(entry) = archive.by_name(place) else { continue };
        let mut walk = Walk::default();
        let mut reader = Reader::from_reader(BufReader::new(entry.take(MAX_INFLATED)));
        let mut buffer = Vec::new();
        while walk.text.len() < MAX_TEXT {
            match reader.read_event_into(&mut buffer) {
                Ok(Event::Eof) | Err(_) => break,
                Ok(event) => walk.take(&event),
            }
            buffer.clear();
        }
        return match walk.text.trim() {
            "" => Outcome::Unread,
            text => Outcome::Text(text.to_owned()),
        };
    }
    Outcome::Unread
}

#[derive(Default)]
struct Walk {
    text: String,
    /// Open elements that hold text (`w:t`, `text:p`, `text:h`).
    shown: usize,
    /// Open elements whose text was deleted by a reviewer.
    deleted: usize,
}

impl Walk {
    fn take(&mut self, event: &Event<'_>) {
        match event {
            Event::Start(element) => match element.name().as_ref() {
                b"w:t" | b"text:p" | b"text:h" => self.shown += 1,
                b"w:del" | b"text:tracked-changes" | b"office:annotation" => self.deleted += 1,
                name => self.sign(name),
            },
            Event::End(element) => match element.name().as_ref() {
                b"w:t" => self.shown = self.shown.saturating_sub(1),
                b"text:p" | b"text:h" => {
                    self.shown = self.shown.saturating_sub(1);
                    self.push('\n');
                }
                b"w:p" => self.push('\n'),
                b"w:del" | b"text:tracked-changes" | b"office:annotation" => {
                    self.deleted = self.deleted.saturating_sub(1);
                }
                _ => {}
            },
            Event::Empty(element) => self.sign(element.name().as_ref()),
            Event::Text(text) if self.shown > 0 && self.deleted == 0 => {
                self.text.push_str(&String::from_utf8_lossy(text));
            }
            Event::GeneralRef(entity) if self.shown > 0 && self.deleted == 0 => {
                let name: &[u8] = entity;
                let sign = match name {
                    b"amp" => Some('&'),
                    b"lt" => Some('<'),
                    b"gt" => Some('>'),
                    b"quot" => Some('"'),
                    b"apos" => Some('\''),
                    _ => entity.resolve_char_ref().ok().flatten(),
                };
                self.text.extend(sign.filter(|c| !c.is_control()));
            }
            _ => {}
        }
    }

    /// Elements that stand for a sign.
    fn sign(&mut self, name: &[u8]) {
        match name {
            b"w:br" | b"w:cr" | b"text:line-break" => self.push('\n'),
            b"w:tab" | b"text:tab" | b"text:s" => self.push(' '),
            _ => {}
        }
    }

    fn push(&mut self, sign: char) {
        if self.deleted == 0 && !self.text.is_empty() {
            self.text.push(sign);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use zip::{ZipWriter, write::SimpleFileOptions};

    fn file(place: &str, text: &[u8]) -> Vec<u8> {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        let options =
            SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
        archive.start_file(place, options).expect("an entry");
        archive.write_all(text).expect("room");
        archive.finish().expect("an archive").into_inner()
    }

    #[test]
    fn paragraphs_of_both_formats_are_read() {
        let word = "<w:document><w:body><w:p><w:r><w:t>Заявление</w:t></w:r></w:p><w:p><w:r><w:t>\
            Прошу </w:t></w:r><w:del><w:r><w:t>не</w:t></w:r></w:del><w:r><w:tab/><w:t>удалить &amp; \
            забыть</w:t></w:r></w:p></w:body></w:document>";
        let read_back = read(&file("word/document.xml", word.as_bytes()));
        assert_eq!(read_back, Outcome::Text("Заявление\nПрошу  удалить & забыть".to_owned()));
        let open = "<office:text><text:h>Заявление</text:h><text:p>Прошу<text:s/><text:span>удалить\
            </text:span></text:p></office:text>";
        let read_back = read(&file("content.xml", open.as_bytes()));
        assert_eq!(read_back, Outcome::Text("Заявление\nПрошу удалить".to_owned()));
    }

    #[test]
    fn bombs_and_other_archives_are_not_read() {
        let mut bomb = b"<w:document><w:p>".to_vec();
        bomb.resize(64 * 1024 * 1024, b' ');
        assert_eq!(read(&file("word/document.xml", &bomb)), Outcome::Unread);
        let deep = "<w:p>".repeat(1_000_000);
        assert_eq!(read(&file("word/document.xml", deep.as_bytes())), Outcome::Unread);
        assert_eq!(read(&file("readme.txt", b"text")), Outcome::Unread);
        assert_eq!(read(b"PK\x03\x04broken"), Outcome::Unread);
    }
}
