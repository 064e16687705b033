//! Measures the taking of the new text on samples of a directory: each folder holds `input.txt`,
//! `input.eml` or `input.html` and `expected.txt`, the newly written text.
//!
//! `cargo run -p intake --example replies -- DIR [--misses] [--only NAME]`. Equal means equal
//! after folding white space.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::{collections::BTreeMap, fs, path::Path, process::ExitCode};

use classify::{OwnIdentity, Packs, classify};
use domain::{classification::Classification, mail::ReadMail};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(directory) = arguments.first() else {
        eprintln!("usage: replies DIR [--misses] [--only NAME]");
        return ExitCode::from(2);
    };
    let shown = arguments.iter().any(|argument| argument == "--misses");
    let only = arguments.iter().position(|argument| argument == "--only");
    let only = only.and_then(|at| arguments.get(at + 1)).map(String::as_str);
    let packs = Packs::embedded();
    let mut table: BTreeMap<String, (u32, u32)> = BTreeMap::new();
    let mut folders: Vec<_> =
        fs::read_dir(directory).expect("the directory can be read").flatten().collect();
    folders.sort_by_key(std::fs::DirEntry::file_name);
    for folder in folders {
        let name = folder.file_name().to_string_lossy().into_owned();
        if only.is_some_and(|wanted| !name.contains(wanted)) {
            continue;
        }
        let Some((mail, expected)) = sample(&folder.path()) else { continue };
        let found = classify(&mail, &packs, &OwnIdentity::default());
        let equal = folded(&found.new_text) == folded(&expected);
        let family = name.rsplit_once('-').map_or(name.as_str(), |(family, _)| family);
        for row in [family, "all"] {
            let count = table.entry(row.to_owned()).or_default();
            count.0 += u32::from(equal);
            count.1 += 1;
        }
        if !equal && (shown || only.is_some()) {
            show(&name, &mail, &found, &expected);
        }
    }
    for (family, (right, of)) in &table {
        println!("{family:40} {right:3} of {of:3}  {:.3}", f64::from(*right) / f64::from(*of));
    }
    ExitCode::SUCCESS
}

/// The mail of a folder and the text that it newly says.
fn sample(folder: &Path) -> Option<(ReadMail, String)> {
    let expected = fs::read_to_string(folder.join("expected.txt")).ok()?;
    let read = |name: &str| fs::read(folder.join(name)).ok();
    let raw = match (read("input.eml"), read("input.html"), read("input.txt")) {
        (Some(raw), _, _) => raw,
        (_, Some(html), _) => with_head("text/html", &html),
        (_, _, Some(text)) => with_head("text/plain", &text),
        _ => return None,
    };
    Some((intake::read::read(&raw).ok()?, expected))
}

fn with_head(media_type: &str, body: &[u8]) -> Vec<u8> {
    let mut raw = format!(
        "From: a@sender.example\r\nMIME-Version: 1.0\r\nContent-Type: {media_type}; charset=utf-8\r\n\
         Content-Transfer-Encoding: 8bit\r\n\r\n"
    )
    .into_bytes();
    raw.extend_from_slice(body);
    raw
}

fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn show(name: &str, mail: &ReadMail, found: &Classification, expected: &str) {
    println!("=== {name}");
    println!("--- read");
    println!("{}", head(&mail.text));
    println!("--- expected");
    println!("{}", head(expected));
    println!("--- taken (forwarded: {}, cuts: {:?})", found.forwarded, found.cut);
    println!("{}", head(&found.new_text));
}

/// The first lines; samples may be long.
fn head(text: &str) -> String {
    let lines: Vec<String> =
        text.lines().take(60).map(|line| line.chars().take(160).collect()).collect();
    lines.join("\n")
}
