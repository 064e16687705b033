//! Mails and text that are wrapped in a part as bytes: forwarded `.eml` files, opaque S/MIME
//! signatures and Outlook's `winmail.dat`.
//!
//! Called by `body`. What is found is put on its list, with the bytes that may still be unwrapped
//! as the limit: wrapped content is smaller than its wrapping, so that the work is bounded by the
//! size of the mail times the depth.

use domain::mail::Oddity;

use super::{
    Budget, Desk, MAX_DEPTH, Place,
    visible::{self, Visible},
};
use crate::read::{PARSER, header, part, signed, tnef};

/// Bytes that wait to be read as a mail.
pub(super) struct Inner {
    pub(super) bytes: Vec<u8>,
    /// Whose text it is; `None` when it is a further attached mail.
    pub(super) place: Option<Place>,
    pub(super) depth: usize,
}

/// How the bytes of a part are wrapped.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrapping {
    Mail,
    Signature,
    Tnef,
}

/// Which wrapping a part is, by its media type, name and first bytes.
pub(super) fn wrapping(media_type: &str, name: &str, bytes: &[u8]) -> Option<Wrapping> {
    let name = name.to_ascii_lowercase();
    let is_named = |ending: &str| name.ends_with(ending);
    match media_type {
        "message/rfc822" | "message/global" | "application/x-eml" => Some(Wrapping::Mail),
        "application/pkcs7-mime" | "application/x-pkcs7-mime" => Some(Wrapping::Signature),
        "application/ms-tnef" | "application/vnd.ms-tnef" => Some(Wrapping::Tnef),
        _ if is_named(".eml") => Some(Wrapping::Mail),
        _ if is_named(".p7m") => Some(Wrapping::Signature),
        _ if is_named("winmail.dat") || tnef::is_tnef(bytes) => Some(Wrapping::Tnef),
        _ => None,
    }
}

/// Opens a wrapping; what is a mail inside waits for its turn.
pub(super) fn open(
    desk: &mut Desk<'_>,
    wrapping: Wrapping,
    bytes: &[u8],
    place: Place,
    depth: usize,
) {
    match wrapping {
        Wrapping::Mail => wait(desk, bytes.to_vec(), None, depth),
        Wrapping::Signature => match signed::content(bytes) {
            Some(content) => {
                desk.odd.add(Oddity::Signed);
                wait(desk, content, Some(place), depth);
            }
            // Enveloped, or something that hides its text in the same way.
            None => desk.odd.add(Oddity::Encrypted),
        },
        Wrapping::Tnef => open_tnef(desk, bytes, place, depth),
    }
}

fn open_tnef(desk: &mut Desk<'_>, bytes: &[u8], place: Place, depth: usize) {
    desk.odd.add(Oddity::Tnef);
    let Some(inner) = tnef::read(bytes) else {
        desk.odd.add(Oddity::AttachmentUnread);
        return;
    };
    let (text, from_html) = match inner.body {
        tnef::Body::None => (String::new(), false),
        tnef::Body::Text(text) => (part::cleaned(&text, desk.odd), false),
        tnef::Body::Html(page) => (part::seen(&part::cleaned(&page, desk.odd), desk.odd), true),
    };
    let beside = desk.text_of(place);
    if beside.trim().is_empty() {
        desk.put(place, Visible { text, from_html, other: String::new() });
    } else {
        // Outlook says the same beside it in plain text; a gateway's footer is none of that.
        let mut text = text;
        header::cut(&mut text, visible::MAX_COMPARED);
        let other = visible::strange_lines(beside, &text);
        desk.put(place, Visible { other, ..Visible::default() });
    }
    if inner.has_unread {
        desk.odd.add(Oddity::AttachmentUnread);
    }
    for file in inner.files {
        open_file(desk, file, depth);
    }
}

/// Takes a file out of Outlook's wrapping, and what is wrapped in it in turn.
fn open_file(desk: &mut Desk<'_>, file: tnef::File, depth: usize) {
    let media_type = "application/octet-stream";
    match wrapping(media_type, &file.name, &file.bytes) {
        // Outlook does not wrap twice; and one inside the other would be a nest without end.
        Some(Wrapping::Tnef) => desk.odd.add(Oddity::AttachmentUnread),
        Some(wrapping) => open(desk, wrapping, &file.bytes, Place::Mail, depth),
        None => {}
    }
    desk.files.add_bytes(file.name, media_type, &file.bytes, &mut desk.mail.attachments);
}

fn wait(desk: &mut Desk<'_>, bytes: Vec<u8>, place: Option<Place>, depth: usize) {
    if depth >= MAX_DEPTH || !takes(desk.budget, bytes.len()) {
        desk.odd.add(Oddity::TooManyParts);
        return;
    }
    desk.waiting.push(Inner { bytes, place, depth: depth + 1 });
}

fn takes(budget: &mut Budget, length: usize) -> bool {
    let rest = budget.inner.checked_sub(length);
    budget.inner = rest.unwrap_or(budget.inner);
    rest.is_some()
}

/// Reads bytes that waited as a mail of their own.
pub(super) fn read(desk: &mut Desk<'_>, bytes: &[u8], place: Option<Place>, depth: usize) {
    let (repaired, _) = header::repair(bytes);
    let Some(message) = PARSER.parse(repaired.as_ref()) else {
        desk.odd.add(Oddity::AttachmentUnread);
        return;
    };
    let place = place.or_else(|| desk.begin_attached(&message, depth));
    let Some(place) = place else { return };
    desk.read_all(&message, place, depth);
}
