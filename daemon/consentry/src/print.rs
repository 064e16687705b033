//! Standard output: what a command prints for people and programs, and nothing else.
//!
//! A reader that goes away (`| head`) ends the command quietly, as other programs do.

use std::io::{ErrorKind, Write as _};

use jiff::Timestamp;
use serde_json::Value;

/// Prints one line, or several, for people.
///
/// Signs that a terminal would obey, or that turn the direction of text, are made visible: the
/// words of a stranger's mail pass here.
///
/// # Errors
/// When standard output cannot be written.
pub fn line(text: &str) -> std::io::Result<()> {
    exactly(&harmless(text))
}

fn harmless(text: &str) -> String {
    let obeyed = |c: char| {
        (c.is_control() && !matches!(c, '\n' | '\t'))
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if obeyed(c) { '\u{fffd}' } else { c }).collect()
}

/// Prints a text as it is: for programs.
///
/// # Errors
/// When standard output cannot be written.
pub fn exactly(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(0),
        result => result,
    }
}

/// Prints a JSON value as one line.
///
/// # Errors
/// When standard output cannot be written.
pub fn json_line(value: &Value) -> std::io::Result<()> {
    exactly(&value.to_string())
}

/// Prints a JSON document for people and programs.
///
/// # Errors
/// When standard output cannot be written.
pub fn json_document(value: &Value) -> std::io::Result<()> {
    exactly(&serde_json::to_string_pretty(value).unwrap_or_else(|_| value.to_string()))
}

/// Prints a table with a heading; columns as wide as their widest cell, the last one open.
///
/// # Errors
/// When standard output cannot be written.
pub fn table(heading: &[&str], rows: &[Vec<String>]) -> std::io::Result<()> {
    let mut widths: Vec<usize> = heading.iter().map(|cell| cell.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let print = |cells: Vec<&str>| {
        let padded: Vec<String> = cells
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell}{}", " ".repeat(width - cell.chars().count())))
            .collect();
        line(padded.join("  ").trim_end())
    };
    print(heading.to_vec())?;
    for row in rows {
        print(row.iter().map(String::as_str).collect())?;
    }
    Ok(())
}

/// An instant as people read it, to the minute, UTC.
#[must_use]
pub fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strangers_words_cannot_steer_the_terminal() {
        let told = harmless("a\u{1b}[2Jb\r\nc\t\u{202e}d");
        assert_eq!(told, "a\u{fffd}[2Jb\u{fffd}\nc\t\u{fffd}d");
    }
}
