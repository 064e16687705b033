//! Signed text: what an opaque S/MIME signature and PGP's armour hold.
//!
//! Called by `body`. Signatures are not checked here: a signed request is read like any other and
//! the signature is said. Nothing is decrypted.

use domain::mail::Oddity;

use super::Oddities;

/// `1.2.840.113549.1.7.2`, signed-data (RFC 5652 §5.1).
const SIGNED_DATA: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];

/// The content inside a signed-data structure; `None` when it is anything else, or detached.
pub(super) fn content(bytes: &[u8]) -> Option<Vec<u8>> {
    // ContentInfo ::= SEQUENCE { contentType OID, content [0] EXPLICIT SignedData }
    let info = Element::at(bytes)?.inside(0x30)?;
    let kind = Element::at(info)?;
    if kind.inside(0x06)? != SIGNED_DATA {
        return None;
    }
    let data = Element::at(Element::at(kind.after)?.inside(0xa0)?)?.inside(0x30)?;
    // SignedData ::= SEQUENCE { version, digestAlgorithms, encapContentInfo, … }
    let version = Element::at(data)?;
    let digests = Element::at(version.after)?;
    let encapsulated = Element::at(digests.after)?.inside(0x30)?;
    let inner_kind = Element::at(encapsulated)?;
    let text = Element::at(Element::at(inner_kind.after)?.inside(0xa0)?)?;
    match text.tag {
        0x04 => Some(text.content.to_vec()),
        // In pieces, as programs write that sign while they send.
        0x24 => {
            let mut whole = Vec::new();
            let mut rest = text.content;
            while let Some(piece) = Element::at(rest).filter(|piece| piece.tag == 0x04) {
                whole.extend_from_slice(piece.content);
                rest = piece.after;
            }
            (!whole.is_empty()).then_some(whole)
        }
        _ => None,
    }
}

/// One element of BER. Where its length is left open, its content reaches to the end of what is
/// around it: only the beginning is read there.
struct Element<'a> {
    tag: u8,
    content: &'a [u8],
    after: &'a [u8],
}

impl<'a> Element<'a> {
    fn at(bytes: &'a [u8]) -> Option<Self> {
        let (tag, rest) = bytes.split_first()?;
        let (first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0x80 => return Some(Self { tag: *tag, content: rest, after: &[] }),
            0..=0x7f => (usize::from(*first), rest),
            0x81..=0x84 => {
                let (size, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                (size.iter().fold(0, |sum, byte| (sum << 8) | usize::from(*byte)), rest)
            }
            _ => return None,
        };
        let (content, after) = rest.split_at_checked(length)?;
        Some(Self { tag: *tag, content, after })
    }

    fn inside(&self, tag: u8) -> Option<&'a [u8]> {
        (self.tag == tag).then_some(self.content)
    }
}

/// Takes the armour off text that PGP signed, and says what is encrypted.
pub(super) fn without_armor(text: String, odd: &mut Oddities) -> String {
    if !text.contains("-----BEGIN PGP ") {
        return text;
    }
    if text.contains("-----BEGIN PGP MESSAGE-----") {
        odd.add(Oddity::Encrypted);
    }
    if !text.contains("-----BEGIN PGP SIGNED MESSAGE-----") {
        return text;
    }
    odd.add(Oddity::Signed);
    let mut plain = String::with_capacity(text.len());
    let mut place = Place::Outside;
    for line in text.split_inclusive('\n') {
        let bare = line.trim_end();
        place = match (place, bare) {
            (_, "-----BEGIN PGP SIGNED MESSAGE-----") => Place::Head,
            (Place::Inside, "-----BEGIN PGP SIGNATURE-----") => Place::Signature,
            (Place::Signature, "-----END PGP SIGNATURE-----") => Place::Outside,
            (Place::Head, "") => Place::Inside,
            (Place::Inside | Place::Outside, _) => {
                // Lines that begin with a dash were escaped (RFC 9580 §7.2).
                let escaped = line.strip_prefix("- ").filter(|_| place == Place::Inside);
                plain.push_str(escaped.unwrap_or(line));
                place
            }
            (Place::Head | Place::Signature, _) => place,
        };
    }
    plain
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Outside,
    Head,
    Inside,
    Signature,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len()).expect("short").to_be_bytes();
        [&[tag, 0x82, length[0], length[1]], content].concat()
    }

    fn signed(text: Vec<u8>) -> Vec<u8> {
        let encapsulated = element(0x30, &[element(0x06, b"data"), element(0xa0, &text)].concat());
        let data = [element(0x02, &[1]), element(0x31, &[]), encapsulated].concat();
        let info = [element(0x06, &SIGNED_DATA), element(0xa0, &element(0x30, &data))].concat();
        element(0x30, &info)
    }

    #[test]
    fn the_text_inside_an_opaque_signature_is_read() {
        assert_eq!(content(&signed(element(0x04, b"hello"))).as_deref(), Some(&b"hello"[..]));
        let pieces = [element(0x04, b"hel"), element(0x04, b"lo"), vec![0, 0]].concat();
        let open = [&[0x24, 0x80], pieces.as_slice()].concat();
        assert_eq!(content(&signed(open)).as_deref(), Some(&b"hello"[..]));
        let enveloped = element(0x30, &element(0x06, b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03"));
        assert_eq!(content(&enveloped), None);
    }

    #[test]
    fn the_armour_of_signed_text_comes_off() {
        let text = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nПрошу удалить\n- -- \nАнна\n\
            -----BEGIN PGP SIGNATURE-----\nabc\n-----END PGP SIGNATURE-----\nafter\n";
        let mut odd = Oddities::default();
        assert_eq!(without_armor(text.to_owned(), &mut odd), "Прошу удалить\n-- \nАнна\nafter\n");
        assert_eq!(odd.found, [Oddity::Signed]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = content(&bytes);
            let _ = content(&signed(bytes));
        }
    }
}
