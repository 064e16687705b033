//! Folder names on the wire: modified UTF-7 (RFC 3501 §5.1.3) and quoting.
//!
//! People configure and read `Входящие`; the server says `&BBIERQQ+BDQETwRJBDgENQ-`.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

/// A name as the server writes it.
#[must_use]
pub fn encode(name: &str) -> String {
    let mut wire = String::with_capacity(name.len());
    let mut pending: Vec<u8> = Vec::new();
    for c in name.chars() {
        if matches!(c, ' '..='~') {
            flush(&mut wire, &mut pending);
            wire.push(c);
            if c == '&' {
                wire.push('-');
            }
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                pending.extend_from_slice(&unit.to_be_bytes());
            }
        }
    }
    flush(&mut wire, &mut pending);
    wire
}

fn flush(wire: &mut String, pending: &mut Vec<u8>) {
    if pending.is_empty() {
        return;
    }
    wire.push('&');
    let (mut bits, mut count) = (0u32, 0u32);
    for byte in pending.drain(..) {
        bits = (bits << 8) | u32::from(byte);
        count += 8;
        while count >= 6 {
            count -= 6;
            wire.push(sign(bits >> count));
        }
    }
    if count > 0 {
        wire.push(sign(bits << (6 - count)));
    }
    wire.push('-');
}

fn sign(bits: u32) -> char {
    let index = usize::try_from(bits & 0x3f).unwrap_or(0);
    char::from(ALPHABET[index])
}

/// A name as people read it. What is no modified UTF-7 stays as it is: some servers write UTF-8.
#[must_use]
pub fn decode(wire: &str) -> String {
    let mut name = String::with_capacity(wire.len());
    let mut rest = wire;
    while let Some(at) = rest.find('&') {
        name.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let Some(end) = rest.find('-') else { return wire.to_owned() };
        if end == 0 {
            name.push('&');
        } else {
            let Some(text) = shifted(&rest[..end]) else { return wire.to_owned() };
            name.push_str(&text);
        }
        rest = &rest[end + 1..];
    }
    name.push_str(rest);
    name
}

fn shifted(encoded: &str) -> Option<String> {
    let (mut bits, mut count) = (0u32, 0u32);
    let mut bytes = Vec::new();
    for byte in encoded.bytes() {
        let value = ALPHABET.iter().position(|sign| *sign == byte)?;
        bits = (bits << 6) | u32::try_from(value).ok()?;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from((bits >> count) & 0xff).ok()?);
        }
    }
    if bytes.len() % 2 != 0 {
        return None;
    }
    let units = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    char::decode_utf16(units).collect::<Result<String, _>>().ok()
}

/// A name as a quoted string of a command.
///
/// Control characters, line breaks among them, are encoded, so that no name ends a command.
#[must_use]
pub fn quoted(name: &str) -> String {
    if name.eq_ignore_ascii_case("INBOX") {
        return quoted_wire("INBOX");
    }
    quoted_wire(&encode(name))
}

/// A name that is as the server writes it, as a quoted string; it has no control characters.
pub fn quoted_wire(wire: &str) -> String {
    let mut text = String::with_capacity(wire.len() + 2);
    text.push('"');
    for c in wire.chars() {
        if matches!(c, '"' | '\\') {
            text.push('\\');
        }
        text.push(c);
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_of_real_servers_are_read() {
        for (wire, name) in [
            ("INBOX", "INBOX"),
            ("&BBIERQQ+BDQETwRJBDgENQ-", "Входящие"),
            ("&BCEEPwQwBDw-", "Спам"),
            ("Tom &- Jerry", "Tom & Jerry"),
            ("Entw&APw-rfe", "Entwürfe"),
            ("&2D3cuw-", "\u{1f4bb}"),
            ("bad &name", "bad &name"),
            ("bad &?-", "bad &?-"),
        ] {
            assert_eq!(decode(wire), name, "{wire}");
        }
        assert_eq!(encode("Входящие"), "&BBIERQQ+BDQETwRJBDgENQ-");
        assert_eq!(quoted("a\"b\\c"), "\"a\\\"b\\\\c\"");
        assert!(!quoted("d\r\ne").contains(['\r', '\n']));
        assert_eq!(quoted("inbox"), "\"INBOX\"");
    }

    proptest! {
        #[test]
        fn every_name_comes_back(name in "\\PC{0,40}") {
            prop_assert_eq!(decode(&encode(&name)), name.clone());
            prop_assert!(encode(&name).is_ascii());
        }
    }
}
