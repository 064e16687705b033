//! Figures as tables: for the terminal and, in Markdown, for docs/classification.md.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path};

use anyhow::{Context as _, Result};

use crate::counting::Figures;

/// Between these two lines the guide's tables stand.
const BEGIN: &str = "<!-- figures: written by evaluate -->";
const END: &str = "<!-- end of figures -->";

/// Everything about one group of mails.
pub fn whole(name: &str, figures: &Figures) -> String {
    let mut out = format!("\n# {name}: {} mails\n\n", figures.mails);
    out.push_str(&labels(figures));
    out.push('\n');
    out.push_str(&rates(figures));
    let confusions = figures.kinds.iter().filter(|((truth, said), _)| truth != said);
    for ((truth, said), n) in confusions {
        let _ = writeln!(out, "kind {truth} said {said}: {n}");
    }
    out
}

fn labels(figures: &Figures) -> String {
    let mut out = String::from("| label | n | precision | recall | F1 |\n|---|---|---|---|---|\n");
    for (label, count) in &figures.labels {
        let n = count.right + count.missed;
        let f1 = count.f1().map_or_else(|| "–".to_owned(), |f1| format!("{f1:.3}"));
        let _ =
            writeln!(out, "| {label} | {n} | {} | {} | {f1} |", count.precision(), count.recall());
    }
    out
}

fn rates(figures: &Figures) -> String {
    let number = |x: Option<f64>| x.map_or_else(|| "–".to_owned(), |x| format!("{x:.3}"));
    let rows = [
        ("request recall (auto or suggest)", figures.request_recall.to_string()),
        ("true requests in none", figures.request_unseen.to_string()),
        ("auto precision", figures.auto_precision.to_string()),
        ("ordinary mail in auto", figures.ordinary_auto.to_string()),
        ("ordinary mail in auto or suggest", figures.ordinary_suggest.to_string()),
        ("macro F1 (other and marks left out)", number(figures.macro_f1())),
        ("calibration error", number(figures.calibration_error())),
        ("set of labels right", figures.set_right.to_string()),
        ("new text equal", figures.new_text_right.to_string()),
        ("kind right", figures.kind_right.to_string()),
    ];
    let mut out = String::from("| rate | value, 95 % interval |\n|---|---|\n");
    for (name, value) in rows {
        let _ = writeln!(out, "| {name} | {value} |");
    }
    out
}

/// One line for each source and language.
pub fn groups(groups: &BTreeMap<(&str, String), Figures>) -> String {
    let mut out = String::from(
        "| group | mails | request recall | ordinary in auto | ordinary in auto or suggest | auto precision | macro F1 | kind right |\n|---|---|---|---|---|---|---|---|\n",
    );
    for ((group, name), figures) in groups {
        let f1 = figures.macro_f1().map_or_else(|| "–".to_owned(), |f1| format!("{f1:.3}"));
        let _ = writeln!(
            out,
            "| {group} {name} | {} | {} | {} | {} | {} | {f1} | {} |",
            figures.mails,
            figures.request_recall,
            figures.ordinary_auto,
            figures.ordinary_suggest,
            figures.auto_precision,
            figures.kind_right
        );
    }
    out
}

/// Writes the tables into a guide, between its two marks.
///
/// # Errors
/// When the file cannot be read or written, or has no marks.
pub fn write_into(
    file: &Path,
    all: &Figures,
    by: &BTreeMap<(&str, String), Figures>,
) -> Result<()> {
    let text = fs::read_to_string(file)?;
    let (before, rest) =
        text.split_once(BEGIN).with_context(|| format!("put the line {BEGIN} into the guide"))?;
    let (_, after) =
        rest.split_once(END).with_context(|| format!("put the line {END} into the guide"))?;
    let new =
        format!("{before}{BEGIN}\n\n{}\n{}\n{}\n{END}{after}", labels(all), rates(all), groups(by));
    fs::write(file, new).with_context(|| format!("cannot write {}", file.display()))
}
