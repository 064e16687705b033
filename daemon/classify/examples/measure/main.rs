//! Measures the classifier on labelled mails (tests/corpus/authored/FORMAT.md).
//!
//! `cargo run -p classify --example measure -- [--misses] [--json] [--time] [--explain ID] [--pack FILE.toml]… FILE.jsonl…` prints for
//! each label precision, recall and F1, the confusion of kinds, request recall and false requests.
#![allow(clippy::print_stdout)]

mod corpus;
#[allow(dead_code)] // the test of the floors asks for single figures
mod figures;

use classify::{OwnIdentity, Packs, classify};
use domain::classification::{Classification, Kind};

use corpus::Labelled;
use figures::Figures;

fn main() {
    let (mut misses, mut json, mut time) = (false, false, false);
    let mut explain = None;
    let (mut files, mut more) = (Vec::new(), Vec::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--misses" => misses = true,
            "--json" => json = true,
            "--time" => time = true,
            "--explain" => explain = arguments.next(),
            "--pack" => more.extend(arguments.next().map(pack)),
            _ => files.push(argument),
        }
    }
    let more: Vec<(&str, &str)> = more.iter().map(|(n, t)| (n.as_str(), t.as_str())).collect();
    let packs = Packs::load(&more).unwrap_or_else(|error| panic!("{error}"));
    let own = OwnIdentity { domains: vec!["esthetique24.ru".to_owned()], ..OwnIdentity::default() };
    if time {
        speed(&packs, &own);
        return;
    }
    let mut figures = Figures::default();
    for file in &files {
        let text = std::fs::read_to_string(file)
            .unwrap_or_else(|error| panic!("cannot read {file}: {error}"));
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let labelled = Labelled::read(line);
            let found = classify(&labelled.mail, &packs, &own);
            if explain.as_deref() == Some(labelled.id.as_str()) {
                explain_one(&labelled, &found);
            }
            if json {
                let found = serde_json::json!({ "id": labelled.id, "found": found });
                println!("{found}");
            }
            let missed = figures.add(&labelled, &found);
            if misses && let Some(missed) = missed {
                println!("{missed}");
            }
        }
    }
    if explain.is_none() && !json {
        println!("{} rules, {} mails", packs.rule_count(), figures.mails());
        println!("{figures}");
    }
}

/// A pack that is tried over the embedded ones: its name and text.
fn pack(file: String) -> (String, String) {
    let text = std::fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("cannot read {file}: {error}"));
    let name = std::path::Path::new(&file).file_name().map(|n| n.to_string_lossy().into_owned());
    (name.unwrap_or(file), text)
}

/// How long a text mail of 5 KB takes, from the read mail to the classification.
#[allow(clippy::disallowed_methods)] // a measurement: the clock is its subject
fn speed(packs: &Packs, own: &OwnIdentity) {
    let line = "Здравствуйте! Прошу удалить мои персональные данные из вашей базы, а мой отзыв с сайта снять. \
        Раньше я часто у вас бывала, и всё мне нравилось, но теперь мы переехали. ";
    let mail =
        domain::mail::ReadMail { text: line.repeat(5 * 1024 / line.len()), ..Default::default() };
    let runs = 2000_u32;
    let started = std::time::Instant::now();
    for _ in 0..runs {
        std::hint::black_box(classify(std::hint::black_box(&mail), packs, own));
    }
    println!("{} bytes: {:?} each", mail.text.len(), started.elapsed() / runs);
}

fn explain_one(labelled: &Labelled, found: &Classification) {
    println!("truth {:?} {:?}", labelled.kind, labelled.labels);
    println!("kind {:?} {:?} auto {:?}", found.kind, found.kind_reasons, found.auto_reasons);
    if found.kind == Kind::Bounce {
        for bounce in &found.bounces {
            println!("bounce {bounce:?} {:?}", bounce.recipient);
        }
    }
    println!(
        "language {:?}\nsubject {}\n--- new text\n{}\n---",
        found.language, labelled.mail.subject, found.new_text
    );
    for verdict in &found.labels {
        println!("{} {:.2} {:?}", verdict.label.name(), verdict.confidence, verdict.band);
        for e in &verdict.evidence {
            println!("    {:5.2} {} {:?}", e.weight, e.rule, e.words);
        }
    }
    for verdict in &found.marks {
        println!("mark {} {:.2} {:?}", verdict.label.name(), verdict.confidence, verdict.band);
        for e in &verdict.evidence {
            println!("    {:5.2} {} {:?}", e.weight, e.rule, e.words);
        }
    }
}
