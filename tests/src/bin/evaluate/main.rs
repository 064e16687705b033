//! Measures how well mail is understood: `evaluate [--brief] [--json FILE] [--docs FILE] DIR|JSONL…`.
//!
//! Every mail goes the whole way, from its bytes through the reader to the classification, as in
//! the daemon. Prints figures for all mails, by source and by language, with 95 % Wilson
//! intervals, and every miss. The formats that are read: tests/corpus/authored/FORMAT.md, and
//! folders with a manifest of JSON lines (`path`, `label`).
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod corpus;
mod counting;
mod letter;
mod shares;
mod table;

use std::{collections::BTreeMap, fs, path::PathBuf, process::ExitCode};

use anyhow::{Context as _, Result, bail};
use classify::{OwnIdentity, Packs, classify};

use corpus::Labelled;
use counting::Figures;

struct Wanted {
    brief: bool,
    json: Option<PathBuf>,
    docs: Option<PathBuf>,
    paths: Vec<PathBuf>,
}

fn main() -> ExitCode {
    match arguments().and_then(|wanted| evaluate(&wanted)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("evaluate: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn arguments() -> Result<Wanted> {
    let mut wanted = Wanted { brief: false, json: None, docs: None, paths: Vec::new() };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut file = || arguments.next().map(PathBuf::from).context("the option needs a file");
        match argument.as_str() {
            "--brief" => wanted.brief = true,
            "--json" => wanted.json = Some(file()?),
            "--docs" => wanted.docs = Some(file()?),
            option if option.starts_with("--") => bail!("unknown option {option}"),
            path => wanted.paths.push(PathBuf::from(path)),
        }
    }
    if wanted.paths.is_empty() {
        bail!("name folders or files of labelled mails; see tests/corpus/authored/FORMAT.md");
    }
    Ok(wanted)
}

fn evaluate(wanted: &Wanted) -> Result<()> {
    let packs = Packs::embedded();
    let own = OwnIdentity { domains: vec!["esthetique24.ru".to_owned()], ..OwnIdentity::default() };
    let mut mails = Vec::new();
    for path in &wanted.paths {
        corpus::collect(path, &mut mails)
            .with_context(|| format!("cannot read {}", path.display()))?;
    }
    if mails.is_empty() {
        bail!("no labelled mail was found; see tests/corpus/authored/FORMAT.md");
    }
    let mut all = Figures::default();
    let mut groups: BTreeMap<(&str, String), Figures> = BTreeMap::new();
    let mut found_lines = String::new();
    for mail in &mails {
        let read = intake::child::read_in_process(&mail.bytes, |read| classify(read, &packs, &own));
        let found = match &read {
            Ok((_, found)) => Some(found),
            // No mail, or a fault: a person looks at it, and nothing of it is counted as found.
            Err(_) => None,
        };
        for (group, name) in groups_of(mail) {
            groups.entry((group, name)).or_default().add(mail, found);
        }
        if let Some(miss) = all.add(mail, found)
            && !wanted.brief
        {
            println!("{miss}");
        }
        if wanted.json.is_some() {
            let line = serde_json::json!({ "id": mail.id, "found": found });
            found_lines.push_str(&format!("{line}\n"));
        }
    }
    if let Some(file) = &wanted.json {
        fs::write(file, found_lines).with_context(|| format!("cannot write {}", file.display()))?;
    }
    println!("{}", table::whole("all mails", &all));
    println!("{}", table::groups(&groups));
    if let Some(file) = &wanted.docs {
        table::write_into(file, &all, &groups)?;
    }
    Ok(())
}

fn groups_of(mail: &Labelled) -> [(&'static str, String); 2] {
    [("source", mail.source.clone()), ("language", mail.language.clone())]
}
