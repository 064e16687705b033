//! Trains the second opinion: `cargo run --release -p classify --example train -- [--try] DIR`.
//!
//! Reads the labelled mails of a folder (tests/corpus/authored) and trains the linear model on all
//! authors but those kept apart. What is not known to the rules is learned from models that never
//! saw the author (one author left out at a time). Writes `config/classifier/model.bin` and its
//! manifest `model.toml`; with `--try` it only prints the figures.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod corpus;
mod descent;
mod figures;
mod manifest;
mod mixing;

use std::{collections::BTreeSet, path::Path};

use classify::Packs;
use classify::model::{HEADS, Table};

use corpus::Sample;

/// Authors of whole mails for whom no rule was written: by them rules and model are weighed
/// together and the thresholds are chosen.
const UNKNOWN_TO_THE_RULES: [&str; 5] =
    ["author-i", "author-j", "author-n", "author-o", "author-x"];
/// Authors of hearts of mails for whom no rule was written; only looked at.
const HEARTS: [&str; 5] = ["author-l", "author-m", "author-u", "author-v", "author-w"];
/// Authors that nothing is trained on.
const KEPT_APART: [&str; 3] = ["author-b", "author-h", "author-k"];

fn main() -> std::process::ExitCode {
    let mut only_try = false;
    let mut folders = Vec::new();
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--try" => only_try = true,
            folder => folders.push(folder.to_owned()),
        }
    }
    let Ok(packs) = Packs::rules_only(&[]) else {
        eprintln!("train: the packs do not compile; run the tests of classify");
        return std::process::ExitCode::FAILURE;
    };
    let samples = match corpus::read(folders.iter().map(Path::new), &packs) {
        Ok(samples) => samples,
        Err(error) => {
            eprintln!("train: {error}");
            return std::process::ExitCode::FAILURE;
        }
    };
    if let Some(author) = KEPT_APART.iter().find(|a| !samples.iter().any(|s| s.author == **a)) {
        eprintln!(
            "train: no mail of {author}, who is kept apart; name the folder tests/corpus/authored"
        );
        return std::process::ExitCode::FAILURE;
    }
    let (apart, known): (Vec<Sample>, Vec<Sample>) =
        samples.into_iter().partition(|s| KEPT_APART.contains(&s.author.as_str()));
    println!("{} mails to train on, {} kept apart", known.len(), apart.len());
    let authors: BTreeSet<&str> = known.iter().map(|s| s.author.as_str()).collect();
    let mut unseen: Vec<(&Sample, [f32; HEADS])> = Vec::new();
    for author in &authors {
        let (held, rest): (Vec<&Sample>, Vec<&Sample>) =
            known.iter().partition(|s| s.author == *author);
        let table = descent::train(&rest);
        let judged: Vec<_> = held.into_iter().map(|s| (s, s.opinion(&table))).collect();
        println!("{author:10} {}", figures::line(&judged));
        unseen.extend(judged);
    }
    println!("{:10} {}", "all", figures::line(&unseen));
    let all: Vec<&Sample> = known.iter().collect();
    let table: Table = descent::train(&all);
    let of = |authors: &[&str]| -> Vec<_> {
        unseen.iter().filter(|(s, _)| authors.contains(&s.author.as_str())).copied().collect()
    };
    let whole = of(&UNKNOWN_TO_THE_RULES);
    let mixing = mixing::fit(&whole);
    println!("{mixing:#?}\nfitted on {} mails\n{}", whole.len(), mixing::grid(&mixing, &whole));
    println!("{}", mixing::auto_grid(&mixing, &whole));
    let hearts = of(&HEARTS);
    println!("hearts of mails alone: {}\n{}", hearts.len(), mixing::grid(&mixing, &hearts));
    if only_try {
        return std::process::ExitCode::SUCCESS;
    }
    match manifest::write(&folders, &table, &mixing, &unseen) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("train: {error}");
            std::process::ExitCode::FAILURE
        }
    }
}
