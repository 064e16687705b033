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

/// Authors for whom no rule was written: rules and model are weighed by them.
const UNKNOWN_TO_THE_RULES: [&str; 10] = [
    "author-i", "author-j", "author-l", "author-m", "author-n", "author-o", "author-u", "author-v",
    "author-w", "author-x",
];
/// Those of them who wrote whole mails: the thresholds are chosen by them.
const WHOLE_MAILS: [&str; 5] = ["author-i", "author-j", "author-n", "author-o", "author-x"];
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
    let samples = match corpus::read(folders.iter().map(Path::new), &Packs::embedded()) {
        Ok(samples) => samples,
        Err(error) => {
            eprintln!("train: {error}");
            return std::process::ExitCode::FAILURE;
        }
    };
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
    let judged: Vec<_> = apart.iter().map(|s| (s, s.opinion(&table))).collect();
    if !judged.is_empty() {
        println!("{:10} {}", "apart", figures::line(&judged));
    }
    let fresh: Vec<_> = unseen
        .iter()
        .filter(|(s, _)| UNKNOWN_TO_THE_RULES.contains(&s.author.as_str()))
        .copied()
        .collect();
    let mixing = mixing::fit(&fresh);
    println!("{mixing:#?}\nfitted on {} mails\n{}", fresh.len(), mixing::grid(&mixing, &fresh));
    let whole: Vec<_> =
        fresh.iter().filter(|(s, _)| WHOLE_MAILS.contains(&s.author.as_str())).copied().collect();
    println!("whole mails alone: {}\n{}", whole.len(), mixing::grid(&mixing, &whole));
    println!(
        "{}\nwhole mails\n{}",
        mixing::auto_grid(&mixing, &fresh),
        mixing::auto_grid(&mixing, &whole)
    );
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
