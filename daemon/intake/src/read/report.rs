//! The machine-readable parts of a report (RFC 6522), as text.
//!
//! Called by `body` for every part. It only cuts them out; `classify` reads what they say.

use domain::mail::ReportParts;
use mail_parser::{Message, MessagePart, MimeHeaders, PartType};

use super::{Oddities, charset, header, part};

/// As much of one report part as is kept, in bytes.
const MAX_PART: usize = 64 * 1024;

/// The `report-type` of the mail, lower case.
pub(super) fn report_type(root: &MessagePart<'_>) -> Option<String> {
    let declared = root.content_type()?;
    let is_report = declared.ctype().eq_ignore_ascii_case("multipart")
        && declared.subtype().is_some_and(|s| s.eq_ignore_ascii_case("report"));
    let of = declared.attribute("report-type")?;
    is_report.then(|| of.trim().chars().take(100).collect::<String>().to_ascii_lowercase())
}

/// Takes a part into the report when it is one of a report's parts; the first of a kind counts.
pub(super) fn read(
    part: &MessagePart<'_>,
    message: &Message<'_>,
    report: &mut ReportParts,
    odd: &mut Oddities,
) {
    let Some(declared) = part.content_type() else { return };
    let kind = (
        declared.ctype().to_ascii_lowercase(),
        declared.subtype().unwrap_or("").to_ascii_lowercase(),
    );
    let place = match (kind.0.as_str(), kind.1.as_str()) {
        ("message", "delivery-status" | "global-delivery-status") => &mut report.delivery_status,
        ("message", "feedback-report") => &mut report.feedback_report,
        ("message", "disposition-notification" | "global-disposition-notification") => {
            &mut report.disposition
        }
        ("text", "rfc822-headers") | ("message", "global-headers" | "rfc822" | "global") => {
            &mut report.returned_headers
        }
        _ => return,
    };
    if place.is_none() {
        let text = text(part, message, odd);
        *place = (!text.trim().is_empty()).then_some(text);
    }
}

fn text(part: &MessagePart<'_>, message: &Message<'_>, odd: &mut Oddities) -> String {
    let mut bytes = match &part.body {
        PartType::Message(inner) => {
            let at = inner.parts.first().map_or(0, |root| root.offset_header);
            let at = usize::try_from(at).unwrap_or(usize::MAX);
            let raw = inner.raw_message.get(at..).unwrap_or_default();
            raw[..header::end(raw)].to_vec()
        }
        PartType::Text(_) | PartType::Html(_) => {
            let mut text = part::text(part, message, odd);
            let mut cut = text.len().min(MAX_PART);
            while !text.is_char_boundary(cut) {
                cut -= 1;
            }
            text.truncate(cut);
            return text;
        }
        PartType::Binary(_) | PartType::InlineBinary(_) | PartType::Multipart(_) => {
            part::bytes(part, message)
        }
    };
    bytes.truncate(MAX_PART);
    charset::guess(&bytes, None).replace("\r\n", "\n")
}
