//! A search of every file below a directory for words of a person, however they are written: in its
//! content and in its name, temporary files, sockets' directories and journals among them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tests::Result;

/// How a text may stand in a file: as it is, in capitals or small, UTF-16, base64 at every offset,
/// quoted-printable, in an address of a page, in hex, and escaped as JSON may escape it.
fn disguises(text: &str) -> Vec<Vec<u8>> {
    let mut ways = vec![text.as_bytes().to_vec()];
    ways.push(text.encode_utf16().flat_map(u16::to_le_bytes).collect());
    ways.push(text.encode_utf16().flat_map(u16::to_be_bytes).collect());
    for offset in 0..3 {
        let coded = STANDARD.encode([vec![b' '; offset], text.as_bytes().to_vec()].concat());
        // What depends on the neighbours is left out at both ends.
        let from = [0, 2, 3][offset];
        let to = coded.trim_end_matches('=').len().saturating_sub(2);
        ways.push(coded.as_bytes()[from..to].to_vec());
    }
    ways.extend([text.to_lowercase(), text.to_uppercase()].map(String::into_bytes));
    for (mark, plain) in [('=', "@. -+"), ('%', ".-")] {
        let coded = text.bytes().map(|byte| {
            let is_plain = byte.is_ascii_alphanumeric() || plain.as_bytes().contains(&byte);
            if is_plain { char::from(byte).to_string() } else { format!("{mark}{byte:02X}") }
        });
        ways.push(coded.collect::<String>().into_bytes());
    }
    let hex = text.bytes().map(|byte| format!("{byte:02x}"));
    ways.push(hex.collect::<String>().into_bytes());
    let escaped = text.encode_utf16().map(|unit| match u8::try_from(unit) {
        Ok(byte) => char::from(byte).to_string(),
        Err(_) => format!("\\u{unit:04x}"),
    });
    ways.push(escaped.collect::<String>().into_bytes());
    ways
}

fn files(directory: &Path, all: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            files(&entry.path(), all)?;
        } else if kind.is_file() {
            all.push(entry.path());
        }
    }
    Ok(())
}

/// In which files below the directory one of the texts stands.
pub fn found(directory: &Path, texts: &[&str]) -> Result<Vec<String>> {
    let mut all = Vec::new();
    files(directory, &mut all)?;
    assert!(all.len() > 3, "there is nothing to search in {}", directory.display());
    let wanted: Vec<(&str, Vec<String>)> = texts
        .iter()
        .map(|text| (*text, disguises(text).iter().map(|way| latin(way)).collect()))
        .collect();
    let mut places = Vec::new();
    for path in all {
        let name = latin(path.strip_prefix(directory)?.as_os_str().as_encoded_bytes());
        let content = latin(&fs::read(&path)?) + "\0" + &name;
        for (text, ways) in &wanted {
            for (way, disguise) in ways.iter().enumerate() {
                if content.contains(disguise) {
                    places.push(format!("{text} in {} (way {way})", path.display()));
                }
            }
        }
    }
    Ok(places)
}

/// Each byte as a letter: searching in text is fast even where tests are not optimised.
fn latin(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}
