//! Writes the first corpus of every target from `tests/corpus`: `seeds DIR`.
//!
//! Whole mails for `read` and `whole`, their texts for `classify`, their HTML and 8-bit bodies
//! for `html` and `charset`. A name is the number of the seed, so that a second run changes none.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

fn main() -> io::Result<()> {
    let Some(target) = std::env::args_os().nth(1).map(PathBuf::from) else {
        return Err(io::Error::other("name the directory of the corpora: seeds corpus"));
    };
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus");
    let mut mails = Vec::new();
    for file in fs::read_dir(corpus.join("hostile"))? {
        let path = file?.path();
        if path.extension().is_some_and(|extension| extension == "eml") {
            mails.push(fs::read(path)?);
        }
    }
    for file in fs::read_dir(corpus.join("authored"))? {
        let path = file?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        // The others are kept apart for measuring.
        if ["mails-a.jsonl", "mails-c.jsonl", "mails-d.jsonl"].contains(&name.as_str()) {
            mails.extend(authored(&fs::read_to_string(path)?));
        }
    }
    mails.sort();
    for (number, raw) in mails.iter().enumerate() {
        let write = |name: &str, bytes: &[u8]| -> io::Result<()> {
            let directory = target.join(name);
            fs::create_dir_all(&directory)?;
            fs::write(directory.join(format!("seed-{number:05}")), bytes)
        };
        write("read", raw)?;
        write("whole", raw)?;
        let split = raw.windows(4).position(|four| four == b"\r\n\r\n").map_or(0, |at| at + 4);
        let body = &raw[split..];
        let head = String::from_utf8_lossy(&raw[..split]).to_lowercase();
        if head.contains("text/html") {
            write("html", body)?;
        }
        // No charset is chosen by 0x1f; the mails of the tests are mostly UTF-8 (0).
        write("charset", &[&[if body.is_ascii() { 0x1f } else { 0 }], body].concat())?;
        write("attachment", &[b"\x06", raw.as_slice()].concat())?;
        if let Ok(mail) = fuzz::read(raw) {
            write("classify", format!("{}\n{}", mail.subject, mail.text).as_bytes())?;
        }
    }
    Ok(())
}

/// The mails of a file of examples, each on a line, made whole.
fn authored(lines: &str) -> Vec<Vec<u8>> {
    let mails = lines.lines().filter_map(|line| {
        let example: serde_json::Value = serde_json::from_str(line).ok()?;
        let (text, html) = (example["text"].as_str(), example["html"].as_str());
        let subtype = if text.is_some() { "plain" } else { "html" };
        let subject = example["headers"]["Subject"].as_str().unwrap_or_default();
        let head = format!(
            "From: a@mail.example\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\n\
             Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n"
        );
        Some(format!("{head}\r\n{}", text.or(html).unwrap_or_default()).into_bytes())
    });
    // A few hundred of each file teach the words; more only slow the start down.
    mails.step_by(5).take(200).collect()
}
