//! From a labelled line to the bytes of a mail, as a mail program would have sent them.

use anyhow::{Context as _, Result};
use base64::Engine as _;
use serde_json::Value;

const LINE: &str = "\r\n";

/// The mail of a line of the corpus (`headers`, `text`, `html`, `charset`, `transfer`, `report`).
///
/// # Errors
/// When the charset is unknown.
pub fn bytes(line: &Value) -> Result<Vec<u8>> {
    let text = |name: &str| line[name].as_str().unwrap_or_default();
    let charset = if text("charset").is_empty() { "utf-8" } else { text("charset") };
    let raw_headers = line["noise"]
        .as_array()
        .is_some_and(|noise| noise.iter().any(|n| n.as_str() == Some("raw-8bit-headers")));
    let mut out = Vec::new();
    let mut report_type = None;
    for (name, value) in line["headers"].as_object().into_iter().flatten() {
        let value = value.as_str().unwrap_or_default();
        if name.eq_ignore_ascii_case("content-type") {
            report_type = value.split_once("report-type=").map(|(_, kind)| {
                kind.split(';').next().unwrap_or(kind).trim_matches('"').to_owned()
            });
            continue;
        }
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b": ");
        out.extend(if raw_headers { encode(value, charset)? } else { header(value) });
        out.extend_from_slice(LINE.as_bytes());
    }
    out.extend_from_slice(b"MIME-Version: 1.0\r\n");
    body(&mut out, line, charset, text("transfer"), report_type.as_deref())?;
    Ok(out)
}

/// A plain mail around a text.
pub fn around(subject: &str, text: &str) -> Vec<u8> {
    let mut out = format!(
        "From: Somebody <somebody@person.example>\r\nTo: hello@esthetique24.ru\r\nSubject: {}\r\nMessage-ID: <{}@person.example>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n",
        String::from_utf8_lossy(&header(subject)),
        text.len()
    )
    .into_bytes();
    out.extend_from_slice(text.as_bytes());
    out
}

fn body(
    out: &mut Vec<u8>,
    line: &Value,
    charset: &str,
    transfer: &str,
    report_type: Option<&str>,
) -> Result<()> {
    let (plain, html) = (line["text"].as_str(), line["html"].as_str());
    if let Some(report_type) = report_type {
        return report(out, line, charset, transfer, report_type);
    }
    match (plain.filter(|t| !t.is_empty()), html.filter(|h| !h.is_empty())) {
        (Some(plain), Some(html)) => {
            out.extend_from_slice(
                b"Content-Type: multipart/alternative; boundary=\"=_alternative\"\r\n\r\n",
            );
            for (kind, content) in [("text/plain", plain), ("text/html", html)] {
                out.extend_from_slice(b"--=_alternative\r\n");
                part(out, kind, content, charset, transfer)?;
            }
            out.extend_from_slice(b"--=_alternative--\r\n");
            Ok(())
        }
        (None, Some(html)) => part(out, "text/html", html, charset, transfer),
        (plain, None) => part(out, "text/plain", plain.unwrap_or_default(), charset, transfer),
    }
}

/// A multipart/report (RFC 6522); without machine-readable parts in the line, only its text.
fn report(
    out: &mut Vec<u8>,
    line: &Value,
    charset: &str,
    transfer: &str,
    report_type: &str,
) -> Result<()> {
    out.extend_from_slice(
        format!("Content-Type: multipart/report; report-type={report_type}; boundary=\"=_report\"\r\n\r\n")
            .as_bytes(),
    );
    out.extend_from_slice(b"--=_report\r\n");
    part(out, "text/plain", line["text"].as_str().unwrap_or_default(), charset, transfer)?;
    let parts = [
        ("delivery_status", "message/delivery-status"),
        ("feedback_report", "message/feedback-report"),
        ("disposition", "message/disposition-notification"),
        ("returned_headers", "text/rfc822-headers"),
    ];
    for (name, kind) in parts {
        if let Some(content) = line["report"][name].as_str() {
            out.extend_from_slice(
                format!("--=_report\r\nContent-Type: {kind}\r\n\r\n{content}\r\n").as_bytes(),
            );
        }
    }
    out.extend_from_slice(b"--=_report--\r\n");
    Ok(())
}

fn part(out: &mut Vec<u8>, kind: &str, text: &str, charset: &str, transfer: &str) -> Result<()> {
    let transfer = if transfer.is_empty() { "8bit" } else { transfer };
    let head = format!(
        "Content-Type: {kind}; charset={charset}\r\nContent-Transfer-Encoding: {transfer}\r\n\r\n"
    );
    out.extend_from_slice(head.as_bytes());
    let content = encode(&text.replace("\r\n", "\n").replace('\n', LINE), charset)?;
    match transfer {
        "base64" => {
            for row in
                base64::engine::general_purpose::STANDARD.encode(&content).as_bytes().chunks(76)
            {
                out.extend_from_slice(row);
                out.extend_from_slice(LINE.as_bytes());
            }
        }
        "quoted-printable" => quoted_printable(out, &content),
        _ => out.extend_from_slice(&content),
    }
    out.extend_from_slice(LINE.as_bytes());
    Ok(())
}

/// Quoted-printable (RFC 2045 §6.7) with soft line breaks.
fn quoted_printable(out: &mut Vec<u8>, content: &[u8]) {
    let mut column = 0;
    for (at, byte) in content.iter().enumerate() {
        if content[at..].starts_with(b"\r\n") || (*byte == b'\n' && at > 0) {
            out.push(*byte);
            column = 0;
            continue;
        }
        let ends_line = content.get(at + 1).is_none_or(|next| *next == b'\r');
        let plain = (33..=126).contains(byte) && *byte != b'=' || (*byte == b' ' && !ends_line);
        if column >= 72 {
            out.extend_from_slice(b"=\r\n");
            column = 0;
        }
        if plain {
            out.push(*byte);
            column += 1;
        } else {
            out.extend_from_slice(format!("={byte:02X}").as_bytes());
            column += 3;
        }
    }
}

fn encode(text: &str, charset: &str) -> Result<Vec<u8>> {
    let encoding = encoding_rs::Encoding::for_label(charset.as_bytes())
        .with_context(|| format!("unknown charset {charset}"))?;
    Ok(encoding.encode(text).0.into_owned())
}

/// A header value with encoded words (RFC 2047), of at most 45 bytes each, where it needs them.
fn header(value: &str) -> Vec<u8> {
    if value.is_ascii() {
        return value.as_bytes().to_vec();
    }
    // Addresses stay bare: only what stands before `<` is encoded.
    let (words, rest) = match value.rfind('<') {
        Some(at) if value.ends_with('>') => value.split_at(at),
        _ => (value, ""),
    };
    let mut out = Vec::new();
    let mut piece = String::new();
    let flush = |piece: &mut String, out: &mut Vec<u8>| {
        if !piece.is_empty() {
            if !out.is_empty() {
                out.extend_from_slice(b"\r\n ");
            }
            let word = base64::engine::general_purpose::STANDARD.encode(piece.as_bytes());
            out.extend_from_slice(format!("=?utf-8?B?{word}?=").as_bytes());
            piece.clear();
        }
    };
    for c in words.trim_end().trim_matches('"').chars() {
        if piece.len() + c.len_utf8() > 42 {
            flush(&mut piece, &mut out);
        }
        piece.push(c);
    }
    flush(&mut piece, &mut out);
    if !rest.is_empty() {
        out.push(b' ');
        out.extend_from_slice(rest.as_bytes());
    }
    out
}
