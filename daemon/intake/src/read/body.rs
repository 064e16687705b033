//! The parts of a mail: visible text, attached mails, files, report parts, and what is odd.
//!
//! Called by the reader with the parsed structure. It walks the parts itself with a stack and
//! limits, decodes text from the raw bytes of its part, and never trusts a declared charset.

use std::collections::HashSet;

use domain::mail::{AttachedMail, Attachment, Oddity, ReadMail};
use mail_parser::{
    Encoding, GetHeader, HeaderName, Message, MessagePart, MessagePartId, MimeHeaders, PartType,
    decoders::{base64::base64_decode, quoted_printable::quoted_printable_decode},
};

use super::{MAX_TEXT, Oddities, addresses, charset, header, html, report};

/// Deepest nesting that is read.
const MAX_DEPTH: usize = 20;
/// Most parts that are read, those of attached mails included.
const MAX_PARTS: usize = 200;
/// Most attached mails whose text is kept.
const MAX_ATTACHED: usize = 20;

/// Reads all parts of `message` into `mail`.
pub(super) fn read(message: &Message<'_>, mail: &mut ReadMail, odd: &mut Oddities) {
    let mut budget = Budget { parts: MAX_PARTS, text: MAX_TEXT };
    let mut attached = Vec::new();
    let readable = walk(message, 0, &mut budget, odd, &mut attached);
    if let Some(root) = message.parts.first() {
        mail.report.report_type = report::report_type(root);
    }
    let (text, from_html) = visible(message, &readable, &mut budget, odd);
    mail.text = text;
    mail.text_from_html = from_html;
    for (id, part) in message.parts.iter().enumerate() {
        if !readable.contains(&id) {
            continue;
        }
        note_kind(part, odd);
        report::read(part, message, &mut mail.report, odd);
        if message.attachments.contains(&MessagePartId::try_from(id).unwrap_or(MessagePartId::MAX))
        {
            mail.attachments.push(attachment(part));
        }
    }
    read_attached(attached, mail, &mut budget, odd);
    if contains_pgp(&mail.text) {
        odd.add(Oddity::Encrypted);
    }
    if mail.text.trim().is_empty() && mail.attached.iter().all(|m| m.text.trim().is_empty()) {
        odd.add(Oddity::NoText);
    }
}

/// What is left of the limits.
struct Budget {
    parts: usize,
    text: usize,
}

/// Finds the parts within the limits, and the attached mails among them with their depth.
fn walk<'m, 'x>(
    message: &'m Message<'x>,
    depth: usize,
    budget: &mut Budget,
    odd: &mut Oddities,
    attached: &mut Vec<(&'m Message<'x>, usize)>,
) -> HashSet<usize> {
    let mut readable = HashSet::new();
    let mut stack = vec![(0usize, depth)];
    while let Some((id, depth)) = stack.pop() {
        let Some(part) = message.parts.get(id) else { continue };
        if depth > MAX_DEPTH || budget.parts == 0 {
            odd.add(Oddity::TooManyParts);
            continue;
        }
        if !readable.insert(id) {
            continue;
        }
        budget.parts -= 1;
        if part.is_encoding_problem {
            odd.add(Oddity::Malformed);
        }
        match &part.body {
            PartType::Multipart(children) => {
                let children = children.iter().rev();
                stack.extend(children.filter_map(|c| Some((usize::try_from(*c).ok()?, depth + 1))));
            }
            PartType::Message(inner) => attached.push((inner, depth + 1)),
            PartType::Text(_)
            | PartType::Html(_)
            | PartType::Binary(_)
            | PartType::InlineBinary(_) => {}
        }
    }
    readable
}

/// The plain text where there is some, else the text of the HTML.
fn visible(
    message: &Message<'_>,
    readable: &HashSet<usize>,
    budget: &mut Budget,
    odd: &mut Oddities,
) -> (String, bool) {
    let mut text = String::new();
    let mut from_html = false;
    for ids in [&message.text_body, &message.html_body] {
        text.clear();
        from_html = false;
        for id in ids.iter().filter_map(|id| usize::try_from(*id).ok()) {
            let Some(part) = message.parts.get(id).filter(|_| readable.contains(&id)) else {
                continue;
            };
            let Some(found) = shown(part, message, odd) else { continue };
            from_html |= matches!(part.body, PartType::Html(_));
            if !text.is_empty() && !text.ends_with('\n') {
                text.push('\n');
            }
            text.push_str(&found);
            if text.len() > budget.text {
                break;
            }
        }
        // Some programs write an empty plain part beside the real HTML.
        if !text.trim().is_empty() {
            break;
        }
    }
    (within(text, budget, odd), from_html)
}

/// The text of one part as a person sees it.
fn shown(part: &MessagePart<'_>, message: &Message<'_>, odd: &mut Oddities) -> Option<String> {
    match &part.body {
        PartType::Text(_) => Some(part_text(part, message, odd)),
        PartType::Html(_) => Some(html::visible_text(&part_text(part, message, odd))),
        PartType::Binary(_)
        | PartType::InlineBinary(_)
        | PartType::Message(_)
        | PartType::Multipart(_) => None,
    }
}

/// The text of a part, its charset checked against the raw bytes where they are not ASCII.
pub(super) fn part_text(
    part: &MessagePart<'_>,
    message: &Message<'_>,
    odd: &mut Oddities,
) -> String {
    let parsed = match &part.body {
        PartType::Text(text) | PartType::Html(text) => text.as_ref(),
        _ => "",
    };
    let declared = part.content_type().and_then(|c| c.attribute("charset"));
    let is_utf8 = declared.is_some_and(|label| label.eq_ignore_ascii_case("utf-8"));
    let is_sure = parsed.is_ascii() || (is_utf8 && !parsed.contains(char::REPLACEMENT_CHARACTER));
    if is_sure && !parsed.is_empty() && declared.is_none_or(|label| label.len() < 40) {
        return clean(parsed, odd);
    }
    let bytes = part_bytes(part, message);
    let meta = match (&part.body, declared) {
        (PartType::Html(_), None) => charset::in_html_meta(&bytes),
        _ => None,
    };
    let (text, found) = charset::decode(&bytes, declared.or(meta.as_deref()));
    odd.charset(found);
    clean(&text, odd)
}

/// The transfer-decoded bytes of a part.
pub(super) fn part_bytes(part: &MessagePart<'_>, message: &Message<'_>) -> Vec<u8> {
    if let PartType::Binary(bytes) | PartType::InlineBinary(bytes) = &part.body {
        return bytes.to_vec();
    }
    let range = usize::try_from(part.offset_body).unwrap_or(usize::MAX)
        ..usize::try_from(part.offset_end).unwrap_or(0);
    let raw = message.raw_message.get(range).unwrap_or_default();
    let decoded = match part.encoding {
        Encoding::None => None,
        Encoding::QuotedPrintable => quoted_printable_decode(raw),
        Encoding::Base64 => base64_decode(raw),
    };
    decoded.unwrap_or_else(|| raw.to_vec())
}

/// One kind of line end, and none of the characters that no one typed.
fn clean(text: &str, odd: &mut Oddities) -> String {
    if text.contains('\0') {
        odd.add(Oddity::Malformed);
    }
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
    } else {
        text
    }
}

/// Cuts a text to what is left of the limit, at a character.
fn within(mut text: String, budget: &mut Budget, odd: &mut Oddities) -> String {
    if text.len() > budget.text {
        let mut cut = budget.text;
        while !text.is_char_boundary(cut) {
            cut -= 1;
        }
        text.truncate(cut);
        odd.add(Oddity::TextCut);
    }
    budget.text -= text.len();
    text
}

fn read_attached(
    mut attached: Vec<(&Message<'_>, usize)>,
    mail: &mut ReadMail,
    budget: &mut Budget,
    odd: &mut Oddities,
) {
    attached.reverse();
    while let Some((message, depth)) = attached.pop() {
        if mail.attached.len() == MAX_ATTACHED || depth > MAX_DEPTH {
            odd.add(Oddity::TooManyParts);
            return;
        }
        let mut inner = Vec::new();
        let readable = walk(message, depth, budget, odd, &mut inner);
        let (text, _) = visible(message, &readable, budget, odd);
        mail.attached.push(AttachedMail {
            from: addresses(message, &HeaderName::From),
            subject: inner_subject(message),
            message_id: message.message_id().map(ToOwned::to_owned),
            text,
        });
        attached.extend(inner);
    }
}

fn inner_subject(message: &Message<'_>) -> String {
    let Some(root) = message.parts.first() else { return String::new() };
    let Some(field) = root.headers.header(HeaderName::Subject) else { return String::new() };
    let range = usize::try_from(field.offset_start).unwrap_or(usize::MAX)
        ..usize::try_from(field.offset_end).unwrap_or(0);
    let raw = message.raw_message.get(range).unwrap_or_default();
    let line = charset::guess(raw, None).replace(['\r', '\n'], "");
    header::readable(&line, 2_000).0
}

fn media_type(part: &MessagePart<'_>) -> String {
    part.content_type().map_or_else(
        || "application/octet-stream".to_owned(),
        |c| format!("{}/{}", c.ctype(), c.subtype().unwrap_or("octet-stream")).to_ascii_lowercase(),
    )
}

fn attachment(part: &MessagePart<'_>) -> Attachment {
    Attachment {
        name: header::readable(part.attachment_name().unwrap_or(""), 255).0,
        media_type: media_type(part).chars().take(127).collect(),
        size: u64::try_from(part.len()).unwrap_or(u64::MAX),
        text: String::new(),
    }
}

/// Notes parts that cannot be read here: encrypted ones and Outlook's own wrapping.
fn note_kind(part: &MessagePart<'_>, odd: &mut Oddities) {
    match media_type(part).as_str() {
        // An opaque S/MIME signature hides its text in the same way as encryption does.
        "multipart/encrypted" | "application/pkcs7-mime" | "application/x-pkcs7-mime" => {
            odd.add(Oddity::Encrypted);
        }
        "application/ms-tnef" | "application/vnd.ms-tnef" => odd.add(Oddity::Tnef),
        _ if part.attachment_name().is_some_and(|n| n.eq_ignore_ascii_case("winmail.dat")) => {
            odd.add(Oddity::Tnef);
        }
        _ => {}
    }
}

fn contains_pgp(text: &str) -> bool {
    text.contains("-----BEGIN PGP MESSAGE-----")
}
