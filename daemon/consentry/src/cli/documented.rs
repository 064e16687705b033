//! What the documents tell people to type is what the command line takes.

use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser as _};

use super::Cli;

/// A command as a document has it.
struct Written {
    place: String,
    text: String,
    /// Shown to be typed; a mere mention may leave its arguments out.
    whole: bool,
}

fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = std::fs::read_dir(root.join("docs")).expect("the documents");
    let mut files: Vec<_> = folder.map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "md"));
    files.push(root.join("README.md"));
    files.sort();
    files
}

fn written() -> Vec<Written> {
    let program = Cli::command();
    let mut all = Vec::new();
    for path in documents() {
        let text = std::fs::read_to_string(&path).expect("a document");
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let mut is_block = false;
        let mut open = String::new();
        for (number, line) in text.lines().enumerate() {
            let place = format!("{name}:{}", number + 1);
            if line.trim_start().starts_with("```") {
                is_block = !is_block;
                continue;
            }
            if is_block {
                open.push_str(line.trim());
                if let Some(begun) = open.strip_suffix('\\') {
                    open = begun.to_owned();
                    continue;
                }
                let text = std::mem::take(&mut open);
                if text.starts_with("consentry ") {
                    all.push(Written { place, text, whole: true });
                }
                continue;
            }
            // A mention in the running text; one that goes over the end of a line is left out.
            let spans = line.split('`').skip(1).step_by(2);
            for text in spans.filter(|span| is_command(&program, span)) {
                let text = text.strip_prefix("consentry ").unwrap_or(text);
                let text = format!("consentry {text}");
                all.push(Written { place: place.clone(), text, whole: false });
            }
        }
    }
    all
}

/// With the name of the program, or two words that are a command and one of its own.
fn is_command(program: &clap::Command, span: &str) -> bool {
    if span.starts_with("consentry ") {
        return true;
    }
    let mut words = span.split(' ');
    let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    program.find_subcommand(first).is_some_and(|one| one.find_subcommand(second).is_some())
}

/// The words as a shell would hand them over, with something real for each placeholder.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    for c in text.chars().chain([' ']) {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (Some(mark), c) if c == mark => quote = None,
            // Brackets say that something may be left out.
            (None, '[' | ']') => {}
            (None, ' ') if !word.is_empty() => words.push(std::mem::take(&mut word)),
            (None, ' ') => {}
            (_, c) => word.push(c),
        }
    }
    let end = words.iter().position(|word| matches!(word.as_str(), "#" | ">" | "|" | "<"));
    words.truncate(end.unwrap_or(words.len()));
    let filled = |place: usize, word: &String| {
        let flag = place.checked_sub(1).and_then(|before| words.get(before));
        match (flag.map(String::as_str), word.as_str()) {
            (Some("--at" | "--until" | "--sent-at" | "--detected"), "…" | "INSTANT") => {
                "2026-12-04T09:00:00Z".to_owned()
            }
            (_, "ADDRESS" | "АДРЕС" | "SOMEBODY") => "anna@person.example".to_owned(),
            (_, "DATE") => "2026-12-04".to_owned(),
            (_, word) if is_placeholder(word) => "17".to_owned(),
            (_, word) if word.contains('|') && !word.contains(' ') => {
                word.split('|').next().unwrap_or_default().to_owned()
            }
            (_, word) => word.to_owned(),
        }
    };
    words.iter().enumerate().map(|(place, word)| filled(place, word)).collect()
}

/// `…`, or a word in capitals, such as `REQUEST`.
fn is_placeholder(word: &str) -> bool {
    word == "…" || (word.chars().all(char::is_uppercase) && !word.is_empty())
}

/// Columns of a document: two spaces and what the command does.
fn without_remark(text: &str) -> &str {
    text.split("  ").next().unwrap_or(text).trim_end()
}

#[test]
fn whatever_the_documents_say_to_type_is_taken() {
    let all = written();
    assert!(all.len() > 100, "{} commands found", all.len());
    let mut wrong = Vec::new();
    for command in &all {
        let words = words(without_remark(&command.text));
        let Err(error) = Cli::try_parse_from(words) else { continue };
        let said = error.to_string();
        let is_short = matches!(
            error.kind(),
            ErrorKind::MissingRequiredArgument
                | ErrorKind::MissingSubcommand
                | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
        ) || said.contains("a value is required for");
        let is_fine = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
        if !is_fine && (command.whole || !is_short) {
            let why = said.lines().next().unwrap_or_default().to_owned();
            wrong.push(format!("{}: {}\n    {why}", command.place, command.text));
        }
    }
    assert!(wrong.is_empty(), "{} are not taken:\n{}", wrong.len(), wrong.join("\n"));
}
