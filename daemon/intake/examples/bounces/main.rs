//! Measures kinds and delivery reports on mails of others: bytes → reader → classification.
//!
//! `cargo run -p intake --example bounces -- [--misses] DIR`, where DIR holds `bounces/` with its
//! `expected.jsonl`, and beside it any of `arf/`, `autoreplies/`, `spam/`, `ordinary-mail/`.
#![allow(clippy::print_stdout)]

mod measure;
mod truth;

use std::path::{Path, PathBuf};

use classify::{OwnIdentity, Packs};
use domain::classification::Kind;
use domain::mail::ReadMail;

use measure::{Bounces, Kinds};

/// The folders beside `bounces` with the kinds that a careful reader would see in them.
const FOLDERS: [(&str, &[Kind]); 4] = [
    ("arf", &[Kind::Complaint]),
    ("autoreplies", &[Kind::AutoReply]),
    ("spam", &[Kind::Spam]),
    ("ordinary-mail", &[Kind::Human, Kind::ListMail, Kind::AutoReply]),
];

fn main() {
    let mut misses = false;
    let mut directory = None;
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--misses" => misses = true,
            _ => directory = Some(PathBuf::from(argument)),
        }
    }
    let Some(directory) = directory else {
        println!("usage: bounces [--misses] DIR");
        return;
    };
    let packs = Packs::embedded();
    let own = OwnIdentity::default();
    let mut bounces = Bounces::default();
    for line in lines(&directory.join("bounces/expected.jsonl")) {
        let truth = truth::Expected::read(&line);
        let Some(mail) = read(&directory.join(&truth.path)) else { continue };
        bounces.add(&truth, &classify::classify(&mail, &packs, &own));
    }
    println!("{}", bounces.figures());
    if misses {
        println!("{}", bounces.misses());
    }
    for (folder, kinds) in FOLDERS {
        let mut figures = Kinds::new(folder, kinds);
        for path in mails(&directory.join(folder)) {
            let Some(mail) = read(&path) else { continue };
            figures.add(&path, &classify::classify(&mail, &packs, &own));
        }
        println!("{}", figures.figures());
        if misses {
            println!("{}", figures.misses());
        }
    }
}

fn lines(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path)
        .unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
    text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect()
}

/// The mails of a folder, in order of their names.
fn mails(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "eml"))
        .collect();
    paths.sort();
    paths
}

fn read(path: &Path) -> Option<ReadMail> {
    let bytes = std::fs::read(path)
        .unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
    let mail = intake::read::read(&bytes);
    if mail.is_err() {
        println!("{}: not readable", path.display());
    }
    mail.ok()
}
