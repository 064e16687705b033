//! Outlook's own wrapping, `winmail.dat` (MS-OXTNEF): the body and the files inside.
//!
//! Called by `body`. Lengths are checked against what is there; only the few attributes and
//! properties that hold text, names and files are looked at. The packed RTF body (MS-OXRTFCP) is
//! inflated up to a limit.

mod lzfu;
mod properties;

use encoding_rs::Encoding;

use self::properties::Properties;
use super::{charset, rtf};

/// The first bytes of every such file.
const SIGNATURE: [u8; 4] = [0x78, 0x9f, 0x3e, 0x22];
/// Attributes that are looked at.
const MAX_ATTRIBUTES: usize = 2_000;
/// Files that are taken out.
const MAX_FILES: usize = 50;

/// What the wrapping holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Inner {
    pub(super) body: Body,
    pub(super) files: Vec<File>,
    /// There is a mail or another object in it that is not read.
    pub(super) has_unread: bool,
}

/// The text that was written.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum Body {
    #[default]
    None,
    Text(String),
    Html(String),
}

/// A file inside.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct File {
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
}

/// Whether the bytes begin as such a file does.
pub(super) fn is_tnef(bytes: &[u8]) -> bool {
    bytes.starts_with(&SIGNATURE)
}

/// Opens the wrapping; `None` when the bytes are none.
pub(super) fn read(bytes: &[u8]) -> Option<Inner> {
    // The signature, and a key that nobody uses.
    let mut rest = bytes.strip_prefix(&SIGNATURE)?.get(2..)?;
    let mut inner = Inner::default();
    let mut page = None;
    for _ in 0..MAX_ATTRIBUTES {
        let Some((id, data, after)) = attribute(rest) else { break };
        rest = after;
        match id {
            // attOemCodepage, of all text that is not Unicode.
            0x0006_9007 => page = number(data).and_then(code_page),
            // attBody
            0x0002_800c if inner.body == Body::None => {
                inner.body = Body::Text(decoded(data, page));
            }
            // attMAPIProps
            0x0006_9003 => body(&Properties::read(data), page, &mut inner.body),
            // attAttachRenddata begins the next file.
            0x0006_9002 if inner.files.len() < MAX_FILES => inner.files.push(File::default()),
            // attAttachTitle, attAttachment (its long name), attAttachData
            0x0001_8010 => {
                if let Some(file) = inner.files.last_mut().filter(|file| file.name.is_empty()) {
                    file.name = name(decoded(data, page));
                }
            }
            0x0006_9005 => {
                let properties = Properties::read(data);
                let long = properties.text(0x3707, page);
                // PidTagAttachDataObject: a mail or another object of Outlook's own form.
                inner.has_unread |= properties.object(0x3701);
                if let (Some(file), Some(long)) = (inner.files.last_mut(), long) {
                    file.name = name(long);
                }
            }
            0x0006_800f => {
                if let Some(file) = inner.files.last_mut().filter(|file| file.bytes.is_empty()) {
                    file.bytes = data.to_vec();
                }
            }
            _ => {}
        }
    }
    Some(inner)
}

/// Reads one attribute: level, id, length, data, checksum.
fn attribute(bytes: &[u8]) -> Option<(u32, &[u8], &[u8])> {
    let id = number(bytes.get(1..5)?)?;
    let length = usize::try_from(number(bytes.get(5..9)?)?).ok()?;
    let (data, after) = bytes.get(9..)?.split_at_checked(length)?;
    Some((id, data, after.get(2..).unwrap_or_default()))
}

fn number(bytes: &[u8]) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(..4)?.try_into().ok()?))
}

fn code_page(number: u32) -> Option<&'static Encoding> {
    Encoding::for_label(format!("windows-{number}").as_bytes())
}

fn decoded(bytes: &[u8], page: Option<&'static Encoding>) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    charset::decode(&bytes[..end], page.map(Encoding::name)).0
}

fn name(text: String) -> String {
    text.trim_matches(['\0', ' ']).chars().filter(|c| !c.is_control()).take(255).collect()
}

/// The best of the bodies: HTML, then the plain one, then the packed RTF.
fn body(properties: &Properties<'_>, page: Option<&'static Encoding>, body: &mut Body) {
    // PidTagHtml, PidTagBody, PidTagRtfCompressed; PidTagInternetCodepage for the first.
    if let Some(html) = properties.bytes(0x1013) {
        let said = properties.number(0x3fde).and_then(|number| match number {
            65001 => Some(encoding_rs::UTF_8),
            20866 => Some(encoding_rs::KOI8_R),
            number => code_page(number),
        });
        let label = said.or(page).map(Encoding::name);
        *body = Body::Html(charset::decode(html, label).0);
    } else if let Some(text) = properties.text(0x1000, page) {
        *body = Body::Text(text);
    } else if let Some(packed) = properties.bytes(0x1009)
        && let Some(file) = lzfu::inflate(packed)
    {
        let text = rtf::text(&file);
        if !text.is_empty() {
            *body = Body::Text(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn attribute(id: u32, data: &[u8]) -> Vec<u8> {
        let length = u32::try_from(data.len()).expect("short").to_le_bytes();
        [&[1], &id.to_le_bytes()[..], &length, data, &[0, 0]].concat()
    }

    fn property(kind: u16, id: u16, data: &[u8]) -> Vec<u8> {
        let mut bytes = [kind.to_le_bytes(), id.to_le_bytes()].concat();
        bytes.extend(1u32.to_le_bytes());
        bytes.extend(u32::try_from(data.len()).expect("short").to_le_bytes());
        bytes.extend(data);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    fn wrapped(attributes: &[Vec<u8>]) -> Vec<u8> {
        [&SIGNATURE[..], &[1, 0], &attributes.concat()].concat()
    }

    fn properties(of: &[Vec<u8>]) -> Vec<u8> {
        let count = u32::try_from(of.len()).expect("few").to_le_bytes();
        [&count[..], &of.concat()].concat()
    }

    #[test]
    fn the_body_and_the_files_come_out() {
        let text = encoding_rs::WINDOWS_1251.encode("Прошу удалить\0").0.into_owned();
        let long: Vec<u8> = "заявление.txt".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let file = wrapped(&[
            attribute(0x0006_9007, &1251u32.to_le_bytes()),
            attribute(0x0002_800c, &text),
            attribute(0x0006_9002, &[0; 14]),
            attribute(0x0001_8010, b"SHORT~1.TXT\0"),
            attribute(0x0006_800f, b"text"),
            attribute(0x0006_9005, &properties(&[property(0x1f, 0x3707, &long)])),
        ]);
        let inner = read(&file).expect("a wrapping");
        assert_eq!(inner.body, Body::Text("Прошу удалить".to_owned()));
        let file = File { name: "заявление.txt".to_owned(), bytes: b"text".to_vec() };
        assert_eq!(inner.files, [file]);
    }

    #[test]
    fn html_goes_before_the_packed_body() {
        let rtf = br"{\rtf1\ansi please delete}";
        let packed = lzfu::tests::stored(rtf);
        let html = property(0x102, 0x1013, b"<p>please delete</p>");
        let packed = property(0x102, 0x1009, &packed);
        let both = properties(&[packed.clone(), html]);
        let inner = read(&wrapped(&[attribute(0x0006_9003, &both)])).expect("a wrapping");
        assert_eq!(inner.body, Body::Html("<p>please delete</p>".to_owned()));
        let one = properties(&[packed]);
        let inner = read(&wrapped(&[attribute(0x0006_9003, &one)])).expect("a wrapping");
        assert_eq!(inner.body, Body::Text("please delete".to_owned()));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            let _ = read(&wrapped(std::slice::from_ref(&bytes)));
            let _ = read(&wrapped(&[attribute(0x0006_9003, &bytes)]));
            let _ = lzfu::inflate(&bytes);
        }
    }
}
