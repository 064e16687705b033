//! One part of a mail: its bytes, its text, and what its own header says.
//!
//! Called by `body`, `files` and `report`. Text is decoded from the raw bytes wherever the parser
//! may have guessed wrong; a declared charset is checked, never trusted.

use std::borrow::Cow;

use mail_parser::{
    Encoding, Message, MessagePart, MimeHeaders, PartType,
    decoders::{base64::base64_decode, quoted_printable::quoted_printable_decode},
};

use domain::mail::Oddity;

use super::{
    MAX_TEXT, Oddities, charset,
    flowed::{self, DelSp},
    header::{self, Field},
    html, mojibake, parameters,
};

/// Bytes of a page that are read; its text is a small part of it.
const MAX_PAGE: usize = 1024 * 1024;

/// The text of a part as a person sees it; `None` when it is no text.
pub(super) fn shown(
    part: &MessagePart<'_>,
    message: &Message<'_>,
    odd: &mut Oddities,
) -> Option<String> {
    match &part.body {
        PartType::Text(_) => Some(plain(part, message, odd)),
        PartType::Html(_) => Some(seen(&text(part, message, odd), odd)),
        PartType::Binary(_)
        | PartType::InlineBinary(_)
        | PartType::Message(_)
        | PartType::Multipart(_) => None,
    }
}

/// The visible text of a page, with a word on what it hides.
pub(super) fn seen(page: &str, odd: &mut Oddities) -> String {
    let page = html::read(page);
    if page.hides_text {
        odd.add(Oddity::HiddenText);
    }
    page.text
}

fn plain(part: &MessagePart<'_>, message: &Message<'_>, odd: &mut Oddities) -> String {
    let text = text(part, message, odd);
    let Some(declared) = part.content_type() else { return text };
    let is_set = |name: &str, value: &str| {
        declared.attribute(name).is_some_and(|found| found.trim().eq_ignore_ascii_case(value))
    };
    if !is_set("format", "flowed") {
        return text;
    }
    flowed::unwrapped(&text, if is_set("delsp", "yes") { DelSp::Yes } else { DelSp::No })
}

/// The text of a part, its charset checked against the raw bytes where they are not ASCII.
pub(super) fn text(part: &MessagePart<'_>, message: &Message<'_>, odd: &mut Oddities) -> String {
    let parsed = match &part.body {
        PartType::Text(text) | PartType::Html(text) => text.as_ref(),
        _ => "",
    };
    let declared = part.content_type().and_then(|c| c.attribute("charset"));
    let is_utf8 = declared.is_some_and(|label| label.eq_ignore_ascii_case("utf-8"));
    let is_plain = parsed.is_ascii() && !parsed.bytes().any(|byte| matches!(byte, 0 | 4));
    let is_sure = (is_plain || (is_utf8 && !parsed.contains(char::REPLACEMENT_CHARACTER)))
        && !is_broken_base64(part);
    let is_encoded = declared.is_some_and(|label| label.len() >= 40 || hides_ascii(label));
    let is_page = part.is_text_html();
    if is_sure && !parsed.is_empty() && !is_encoded {
        if is_page && let Cow::Owned(page) = html::shortened(parsed.as_bytes(), MAX_PAGE) {
            let page = String::from_utf8_lossy(&page);
            return cleaned(start(&page, MAX_PAGE, odd), odd);
        }
        return cleaned(start(parsed, most(part), odd), odd);
    }
    let bytes = bytes(part, message);
    let meta = match (&part.body, declared) {
        (PartType::Html(_), None) => charset::in_html_meta(&bytes),
        _ => None,
    };
    let bytes = if is_page { html::shortened(&bytes, MAX_PAGE) } else { Cow::Borrowed(&*bytes) };
    let bytes = &bytes[..bytes.len().min(most(part).saturating_mul(2))];
    let (text, found) = charset::decode(bytes, declared.or(meta.as_deref()));
    odd.charset(found);
    cleaned(start(&text, most(part), odd), odd)
}

/// Bytes of text that are looked at: a little more than is kept, or a page that may hold it.
fn most(part: &MessagePart<'_>) -> usize {
    if part.is_text_html() { MAX_PAGE } else { MAX_TEXT + 8 * 1_024 }
}

fn start<'t>(text: &'t str, most: usize, odd: &mut Oddities) -> &'t str {
    if text.len() > most {
        odd.add(Oddity::TextCut);
    }
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Charsets that write other text in ASCII bytes.
fn hides_ascii(label: &str) -> bool {
    let label = label.as_bytes();
    label.len() > 3 && label[..3].eq_ignore_ascii_case(b"utf") && !label.ends_with(b"8")
}

/// The transfer-decoded bytes of a part.
pub(super) fn bytes(part: &MessagePart<'_>, message: &Message<'_>) -> Vec<u8> {
    if let PartType::Binary(bytes) | PartType::InlineBinary(bytes) = &part.body {
        return bytes.to_vec();
    }
    let raw = raw(part, message);
    let decoded = match part.encoding {
        Encoding::None => is_broken_base64(part).then(|| base64(raw)),
        Encoding::QuotedPrintable => quoted_printable_decode(raw),
        Encoding::Base64 => Some(base64(raw)),
    };
    decoded.unwrap_or_else(|| raw.to_vec())
}

/// Whether it is said to be base64, and something in it is not.
fn is_broken_base64(part: &MessagePart<'_>) -> bool {
    part.is_encoding_problem
        && part
            .content_transfer_encoding()
            .is_some_and(|said| said.trim().eq_ignore_ascii_case("base64"))
}

/// The decoded lines, and as they are those from the first one on that is not base64: gateways
/// write their footer behind such a body.
fn base64(raw: &[u8]) -> Vec<u8> {
    let is_sign = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=\r\n\t".contains(byte);
    let length = raw
        .split_inclusive(|byte| *byte == b'\n')
        .take_while(|line| line.trim_ascii_end().iter().all(is_sign))
        .map(<[u8]>::len)
        .sum();
    let (encoded, rest) = raw.split_at(length);
    match base64_decode(encoded).filter(|decoded| !decoded.is_empty()) {
        Some(mut decoded) => {
            if !rest.is_empty() {
                decoded.push(b'\n');
                decoded.extend_from_slice(rest);
            }
            decoded
        }
        None => base64_decode(raw).unwrap_or_else(|| raw.to_vec()),
    }
}

/// The bytes of the body of a part as they were sent.
pub(super) fn raw<'m>(part: &MessagePart<'_>, message: &'m Message<'_>) -> &'m [u8] {
    slice(message, part.offset_body, part.offset_end)
}

/// The fields of the header of a part, read by ourselves.
pub(super) fn fields(part: &MessagePart<'_>, message: &Message<'_>) -> Vec<Field> {
    header::fields(&header::repair(slice(message, part.offset_header, part.offset_body)).0)
}

fn slice<'m>(message: &'m Message<'_>, from: u32, to: u32) -> &'m [u8] {
    let range = usize::try_from(from).unwrap_or(usize::MAX)..usize::try_from(to).unwrap_or(0);
    message.raw_message.get(range).unwrap_or_default()
}

/// One kind of line end, none of the characters that no one typed, nothing encoded twice.
pub(super) fn cleaned(text: &str, odd: &mut Oddities) -> String {
    let text = without_controls(text, odd);
    match mojibake::repaired(&text) {
        Some(repaired) => {
            odd.add(Oddity::RepairedText);
            without_controls(&repaired, odd)
        }
        None => text,
    }
}

/// Leaves out control characters but line ends and tabs. Those beyond ASCII (U+0080 to U+009F)
/// are left to the repair of text that was encoded twice, in which they stand for letters.
fn without_controls(text: &str, odd: &mut Oddities) -> String {
    let is_control = |byte: &u8| (*byte < 0x20 && !matches!(byte, b'\n' | b'\t')) || *byte == 0x7f;
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| is_control(&byte)) {
        clean.push_str(&rest[..at]);
        match rest.as_bytes()[at] {
            b'\r' if rest.as_bytes().get(at + 1) != Some(&b'\n') => clean.push('\n'),
            0 => odd.add(Oddity::Malformed),
            _ => {}
        }
        rest = &rest[at + 1..];
    }
    clean.push_str(rest);
    clean
}

/// The declared media type, lower case.
pub(super) fn media_type(part: &MessagePart<'_>) -> String {
    part.content_type().map_or_else(
        || "application/octet-stream".to_owned(),
        |c| format!("{}/{}", c.ctype(), c.subtype().unwrap_or("octet-stream")).to_ascii_lowercase(),
    )
}

/// The name of the file that a part is, decoded by ourselves; empty when it has none.
pub(super) fn file_name(fields: &[Field]) -> String {
    let of = |header: &str, parameter: &str| {
        let field = fields.iter().find(|field| field.name == header)?;
        parameters::get(&field.value, parameter).filter(|name| !name.is_empty())
    };
    of("content-disposition", "filename")
        .or_else(|| of("content-type", "name"))
        .map(|name| name.chars().take(255).collect())
        .unwrap_or_default()
}
