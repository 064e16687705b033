//! Text out of documents: plain files, pages, RTF, PDF, Word and OpenDocument.
//!
//! Called by `files` with the decoded bytes. Each kind is read with limits on bytes, pages and
//! inflated size; what a document holds is not trusted in any way, and a reader that panics costs
//! its document only.

mod office;
mod pdf;

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{charset, html, rtf};

/// As many documents as are opened in one mail.
const MAX_DOCUMENTS: usize = 20;
/// Bytes of documents that are read in one mail.
const MAX_BYTES: usize = 16 * 1024 * 1024;
/// Bytes of a plain file or page that are read.
const MAX_PLAIN: usize = 256 * 1024;

/// What a file is, by its type, name and first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Plain,
    Page,
    Rtf,
    Pdf,
    /// A Word or OpenDocument file, told apart by its entries.
    Office,
    Picture,
    /// A document that nothing here can read: old Word, tables, archives.
    Closed,
    Other,
}

/// What reading a file gave.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Text(String),
    /// A document of pictures.
    Scan,
    Unread,
    NoDocument,
}

/// What is left to spend on the documents of a mail.
#[derive(Debug)]
pub(super) struct Work {
    documents: usize,
    bytes: usize,
}

impl Default for Work {
    fn default() -> Self {
        Self { documents: MAX_DOCUMENTS, bytes: MAX_BYTES }
    }
}

/// Whether a name is that of a plain text.
pub(super) fn is_text_name(name: &str) -> bool {
    matches!(ending(name).as_str(), "txt" | "text" | "csv" | "md" | "htm" | "html" | "log")
}

fn ending(name: &str) -> String {
    name.rsplit_once('.').map_or_else(String::new, |(_, end)| end.trim().to_ascii_lowercase())
}

/// Tells what a file is; its bytes count more than its name, and its name more than its type.
pub(super) fn kind(media_type: &str, name: &str, bytes: &[u8]) -> Kind {
    let ending = ending(name);
    match bytes {
        [b'%', b'P', b'D', b'F', ..] => return Kind::Pdf,
        [b'{', b'\\', b'r', b't', b'f', ..] => return Kind::Rtf,
        [0xd0, 0xcf, 0x11, 0xe0, ..] => return Kind::Closed,
        [b'P', b'K', 3, 4, ..] => return Kind::Office,
        _ => {}
    }
    match (media_type, ending.as_str()) {
        (_, "txt" | "text" | "csv" | "md") => Kind::Plain,
        (_, "htm" | "html") => Kind::Page,
        ("application/pdf" | "application/x-pdf", _) | (_, "pdf") => Kind::Pdf,
        (_, "doc" | "docx" | "odt" | "rtf" | "xls" | "xlsx" | "pages" | "zip" | "rar" | "7z") => {
            Kind::Closed
        }
        ("text/html", _) => Kind::Page,
        ("text/plain" | "text/csv" | "text/markdown", _) => Kind::Plain,
        ("application/msword" | "application/zip" | "application/x-rar-compressed", _) => {
            Kind::Closed
        }
        (media_type, _) if media_type.starts_with("image/") => Kind::Picture,
        (_, "jpg" | "jpeg" | "png" | "tif" | "tiff" | "heic" | "bmp" | "webp") => Kind::Picture,
        _ => Kind::Other,
    }
}

/// Reads the text of a file within what is left of the work.
pub(super) fn read(kind: Kind, bytes: &[u8], work: &mut Work) -> Outcome {
    match kind {
        Kind::Other | Kind::Picture => return Outcome::NoDocument,
        Kind::Closed => return Outcome::Unread,
        Kind::Plain | Kind::Page | Kind::Rtf | Kind::Pdf | Kind::Office => {}
    }
    let left = work.bytes.checked_sub(bytes.len());
    let (Some(documents), Some(left)) = (work.documents.checked_sub(1), left) else {
        return Outcome::Unread;
    };
    *work = Work { documents, bytes: left };
    let plain = &bytes[..bytes.len().min(MAX_PLAIN)];
    match kind {
        Kind::Plain => text_or(charset::decode(plain, None).0, Outcome::NoDocument),
        Kind::Page => {
            let meta = charset::in_html_meta(plain);
            let (page, _) = charset::decode(plain, meta.as_deref());
            text_or(html::visible_text(&page), Outcome::NoDocument)
        }
        Kind::Rtf => text_or(rtf::text(bytes), Outcome::Unread),
        // The libraries may panic on what they did not foresee.
        Kind::Pdf => caught(|| pdf::read(bytes)),
        Kind::Office => caught(|| office::read(bytes)),
        Kind::Other | Kind::Picture | Kind::Closed => Outcome::NoDocument,
    }
}

fn caught(read: impl FnOnce() -> Outcome) -> Outcome {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or(Outcome::Unread)
}

fn text_or(text: String, otherwise: Outcome) -> Outcome {
    if text.trim().is_empty() { otherwise } else { Outcome::Text(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_say_what_a_file_is() {
        for (media_type, name, bytes, is) in [
            ("application/octet-stream", "a.doc", &b"%PDF-1.4"[..], Kind::Pdf),
            ("application/msword", "a.doc", b"{\\rtf1", Kind::Rtf),
            ("application/msword", "a.doc", b"\xd0\xcf\x11\xe0", Kind::Closed),
            ("application/octet-stream", "Заявление.TXT", b"x", Kind::Plain),
            ("text/html", "", b"<p>", Kind::Page),
            ("image/jpeg", "scan.jpg", b"\xff\xd8", Kind::Picture),
            ("application/octet-stream", "scan.JPG", b"\xff\xd8", Kind::Picture),
            ("application/x-shockwave", "", b"FWS", Kind::Other),
            ("application/zip", "a.zip", b"broken", Kind::Closed),
        ] {
            assert_eq!(kind(media_type, name, bytes), is, "{name}");
        }
    }

    #[test]
    fn plain_files_are_decoded_by_their_bytes() {
        let bytes = encoding_rs::IBM866.encode("Прошу удалить мои данные").0;
        let read = read(Kind::Plain, &bytes, &mut Work::default());
        assert_eq!(read, Outcome::Text("Прошу удалить мои данные".to_owned()));
    }

    #[test]
    fn the_work_ends() {
        let mut work = Work::default();
        for _ in 0..MAX_DOCUMENTS {
            assert_ne!(read(Kind::Plain, b"text", &mut work), Outcome::Unread);
        }
        assert_eq!(read(Kind::Plain, b"text", &mut work), Outcome::Unread);
        let big = vec![b'a'; MAX_BYTES + 1];
        assert_eq!(read(Kind::Plain, &big, &mut Work::default()), Outcome::Unread);
    }
}
