//! The files that came with a mail: their names, and the text that can be read out of them.
//!
//! Called by `body` for every attachment. Text is kept with its file and goes before a person; a
//! picture that may be a scanned letter, and a document that cannot be read, are only said.

use domain::mail::{Attachment, Oddity, ReadMail};
use mail_parser::{Message, MessagePart, MimeHeaders, PartType};

use super::{
    Oddities,
    document::{self, Kind, Outcome, Work},
    header, part,
};

/// Text kept of one file, in bytes.
const MAX_TEXT: usize = 64 * 1024;
/// Text kept of all files of a mail, in bytes.
const MAX_TEXTS: usize = 192 * 1024;
/// A picture below this size is a logo or a smiley, no scanned letter.
const SCAN: usize = 20 * 1024;
/// With fewer letters and digits than this, a mail says little more than "see attached".
const LITTLE: usize = 300;

/// What was met among the files.
#[derive(Default)]
pub(super) struct Files {
    work: Work,
    texts: usize,
    has_scan: bool,
    has_unread: bool,
}

impl Files {
    /// Takes one attachment in.
    pub(super) fn add(
        &mut self,
        part: &MessagePart<'_>,
        message: &Message<'_>,
        name: String,
        media_type: String,
        attachments: &mut Vec<Attachment>,
        odd: &mut Oddities,
    ) {
        let text = match &part.body {
            PartType::Text(_) | PartType::Html(_) if is_letter(&media_type, &name) => {
                part::shown(part, message, odd).unwrap_or_default()
            }
            PartType::Binary(bytes) | PartType::InlineBinary(bytes) => {
                let is_shown_inside = part.content_id().is_some();
                self.text_of(&media_type, &name, bytes, is_shown_inside)
            }
            PartType::Text(_)
            | PartType::Html(_)
            | PartType::Message(_)
            | PartType::Multipart(_) => String::new(),
        };
        let size = u64::try_from(part.len()).unwrap_or(u64::MAX);
        self.keep(name, media_type, size, text, attachments);
    }

    /// Takes in a file that was found inside a wrapping.
    pub(super) fn add_bytes(
        &mut self,
        name: String,
        media_type: &str,
        bytes: &[u8],
        attachments: &mut Vec<Attachment>,
    ) {
        let text = self.text_of(media_type, &name, bytes, false);
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.keep(name, media_type.to_owned(), size, text, attachments);
    }

    fn text_of(&mut self, media_type: &str, name: &str, bytes: &[u8], is_inside: bool) -> String {
        let kind = document::kind(media_type, name, bytes);
        if kind == Kind::Picture {
            self.has_scan |= !is_inside && bytes.len() >= SCAN;
            return String::new();
        }
        match document::read(kind, bytes, &mut self.work) {
            Outcome::Text(text) => text,
            Outcome::Scan => {
                self.has_scan = true;
                String::new()
            }
            Outcome::Unread => {
                self.has_unread = true;
                String::new()
            }
            Outcome::NoDocument => String::new(),
        }
    }

    fn keep(
        &mut self,
        name: String,
        media_type: String,
        size: u64,
        mut text: String,
        attachments: &mut Vec<Attachment>,
    ) {
        header::cut(&mut text, MAX_TEXT.min(MAX_TEXTS - self.texts));
        text.truncate(text.trim_end().len());
        self.texts += text.len();
        let media_type = media_type.chars().take(127).collect();
        attachments.push(Attachment { name, media_type, size, text });
    }

    /// Says what a person must know of the files.
    pub(super) fn settle(&self, mail: &ReadMail, odd: &mut Oddities) {
        if self.texts > 0 {
            odd.add(Oddity::NeedsEyes);
        }
        if self.has_unread {
            odd.add(Oddity::AttachmentUnread);
        }
        if self.has_scan {
            odd.add(Oddity::Scan);
            let own = mail.text.lines().filter(|line| !line.starts_with('>'));
            let letters = own.flat_map(str::chars).filter(|c| c.is_alphanumeric());
            if letters.take(LITTLE).count() < LITTLE {
                odd.add(Oddity::ScanOnly);
            }
        }
    }
}

/// Whether a text part that is a file may hold a letter, and not parts of a report or a calendar.
fn is_letter(media_type: &str, name: &str) -> bool {
    matches!(media_type, "text/plain" | "text/html" | "text/csv" | "text/markdown")
        || (media_type == "text/rtf" || media_type == "text/richtext")
        || (!name.is_empty() && document::is_text_name(name))
}
