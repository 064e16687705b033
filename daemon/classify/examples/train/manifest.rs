//! What is written: the model's bytes, and a manifest that says what they were made from.

use std::{collections::BTreeMap, fmt::Write as _, path::Path};

use classify::model::{HEADS, Table};
use classify::weighing::Mixing;
use sha2::{Digest as _, Sha256};

use crate::{corpus::Sample, figures};

/// Where the program takes the model from.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/classifier");

/// Writes `model.bin` and `model.toml`.
pub fn write(
    folders: &[String],
    table: &Table,
    mixing: &Mixing,
    unseen: &[(&Sample, [f32; HEADS])],
) -> std::io::Result<()> {
    let bytes = table.write();
    let mut out = String::from(
        "# The linear model of classification (model.bin): what it was made from, and how it is weighed beside\n\
         # the rules. Written by `cargo run --release -p classify --example train -- tests/corpus/authored`;\n\
         # see docs/classification.md. The same corpus and rules give the same bytes.\n\n",
    );
    let _ = writeln!(out, "[model]\nsha256 = \"{}\"\nbytes = {}\n", hex(&bytes), bytes.len());
    let _ = writeln!(out, "[corpus]");
    for folder in folders {
        let mut files: Vec<_> = std::fs::read_dir(folder)?
            .map(|entry| entry.map(|e| e.path()))
            .collect::<Result<_, _>>()?;
        files.sort();
        for file in files.iter().filter(|f| f.extension().is_some_and(|e| e == "jsonl")) {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            let _ = writeln!(out, "\"{name}\" = \"{}\"", hex(&std::fs::read(file)?));
        }
    }
    let mut by_author: BTreeMap<&str, Vec<(&Sample, [f32; HEADS])>> = BTreeMap::new();
    for (sample, logits) in unseen {
        by_author.entry(&sample.author).or_default().push((sample, *logits));
    }
    let _ = writeln!(
        out,
        "\n# The model alone on each author by a model that never saw that author: request recall at rates\n# of ordinary mail taken for a request, and macro F1.\n[left_out]"
    );
    for (author, judged) in &by_author {
        let _ = writeln!(out, "\"{author}\" = \"{}\"", figures::line(judged));
    }
    let _ = writeln!(
        out,
        "\n[mixing]\nrules = {}\nmodel = {}\nrequest = {}\nsuggest = {}\nsuggest_any = {}\nauto_rules = {:?}\nauto = {}\nauto_in_doubt = {}\nkeep = {}",
        mixing.rules,
        mixing.model,
        mixing.request,
        mixing.suggest,
        mixing.suggest_any,
        mixing.auto_rules,
        mixing.auto,
        mixing.auto_in_doubt,
        mixing.keep
    );
    let _ = writeln!(out, "\n[mixing.bias]");
    for (name, bias) in &mixing.bias {
        let _ = writeln!(out, "{name} = {bias}");
    }
    let any = &mixing.any;
    let _ = writeln!(
        out,
        "\n[mixing.any]\nbias = {}\nrules = {}\nrequest = {}\nlabel = {}",
        any.bias, any.rules, any.request, any.label
    );
    std::fs::write(Path::new(FOLDER).join("model.bin"), bytes)?;
    std::fs::write(Path::new(FOLDER).join("model.toml"), out)
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
