//! The list of properties in an attribute of a TNEF file (MS-OXTNEF §2.1.3.5).
//!
//! Called by `tnef`. Values are slices of the file; nothing is copied and nothing is believed that
//! does not fit into what is left of it.

use encoding_rs::Encoding;

use super::{decoded, number};

/// Properties that are looked at.
const MAX_PROPERTIES: usize = 1_000;
/// Values of one property that are walked.
const MAX_VALUES: u32 = 1_000;

/// Properties with their type and value.
pub(super) struct Properties<'a>(Vec<Property<'a>>);

/// Id, type and first value.
type Property<'a> = (u16, u16, &'a [u8]);

impl<'a> Properties<'a> {
    /// Reads as many as can be read.
    pub(super) fn read(data: &'a [u8]) -> Self {
        let mut found = Vec::new();
        let mut rest = data.get(4..).unwrap_or_default();
        while found.len() < MAX_PROPERTIES {
            let Some((property, after)) = one(rest) else { break };
            found.push(property);
            rest = after;
        }
        Self(found)
    }

    /// The bytes of the property with that id.
    pub(super) fn bytes(&self, id: u16) -> Option<&'a [u8]> {
        self.0.iter().find(|(found, ..)| *found == id).map(|(_, _, value)| *value)
    }

    /// Whether the property with that id is an object.
    pub(super) fn object(&self, id: u16) -> bool {
        self.0.iter().any(|(found, kind, _)| *found == id && *kind == 0x0d)
    }

    /// The text of the property with that id.
    pub(super) fn text(&self, id: u16, page: Option<&'static Encoding>) -> Option<String> {
        let (_, kind, value) = self.0.iter().find(|(found, ..)| *found == id)?;
        match kind {
            0x1e => Some(decoded(value, page)),
            0x1f => {
                let text = encoding_rs::UTF_16LE.decode_without_bom_handling(value).0;
                Some(text.trim_end_matches('\0').to_owned())
            }
            _ => None,
        }
    }

    /// The number that the property with that id is.
    pub(super) fn number(&self, id: u16) -> Option<u32> {
        self.bytes(id).and_then(number)
    }
}

/// Reads one property: type, id, a name for ids from 0x8000 on, and its values, of which the
/// first is kept.
fn one(bytes: &[u8]) -> Option<(Property<'_>, &[u8])> {
    let head = number(bytes)?;
    let kind = u16::try_from(head & 0xffff).ok()?;
    let id = u16::try_from(head >> 16).ok()?;
    let mut rest = bytes.get(4..)?;
    if id >= 0x8000 {
        rest = behind_name(rest)?;
    }
    let size = match kind & 0x0fff {
        0x02 | 0x03 | 0x04 | 0x0a | 0x0b => Some(4),
        0x05 | 0x06 | 0x07 | 0x14 | 0x40 => Some(8),
        0x48 => Some(16),
        0x0d | 0x1e | 0x1f | 0x102 => None,
        _ => return None,
    };
    let is_list = kind & 0x1000 != 0 || size.is_none();
    let count = if is_list { number(rest)?.min(MAX_VALUES) } else { 1 };
    if is_list {
        rest = rest.get(4..)?;
    }
    let mut first = None;
    for _ in 0..count {
        let (value, after) = match size {
            Some(size) => rest.split_at_checked(size)?,
            None => counted(rest)?,
        };
        first.get_or_insert(value);
        rest = after;
    }
    Some(((id, kind & 0x0fff, first.unwrap_or_default()), rest))
}

/// A length, that many bytes, and zeros up to the next multiple of four.
fn counted(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = usize::try_from(number(bytes)?).ok()?;
    let (value, _) = bytes.get(4..)?.split_at_checked(length)?;
    let after = bytes.get(4 + length.checked_next_multiple_of(4)?..).unwrap_or_default();
    Some((value, after))
}

fn behind_name(bytes: &[u8]) -> Option<&[u8]> {
    let kind = number(bytes.get(16..)?)?;
    let rest = bytes.get(20..)?;
    if kind == 0 { rest.get(4..) } else { counted(rest).map(|(_, after)| after) }
}
