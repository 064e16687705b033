//! `consentry ticket correct`: what a letter really is, and what followed from saying so.

use std::io::Read;

use cases::Cases;
use cases::corrections::{Corrected, Judgement, Wanted};
use domain::ids::SubmissionId;
use serde_json::json;

use crate::cli::TicketCorrection;
use crate::command::told;
use crate::failure::WrongUse;
use crate::print;

/// Longest note that is read, in bytes; `cases` takes fewer characters.
const LONGEST_NOTE: u64 = 16 * 1024;

/// Corrects one letter and prints what followed.
///
/// # Errors
/// [`crate::failure::RefusedByRule`] when a rule forbids it; a conflict when somebody else was
/// first.
pub async fn run(cases: &Cases, arguments: TicketCorrection, actor: &str) -> anyhow::Result<()> {
    let note = note(arguments.note, std::io::stdin())?;
    let submission = arguments.submission.map(SubmissionId);
    let marks = arguments.marks.map(|words| words.into_iter().filter_map(|word| word.0).collect());
    let wanted = Wanted { kind: arguments.kind, labels: arguments.labels, marks };
    let seen = cases.see(&arguments.number, submission).await.map_err(told)?;
    let done = cases.correct(&seen, &wanted, note.as_deref(), actor).await.map_err(told)?;
    if arguments.json {
        print::json_document(&json!({
            "submission": seen.submission(),
            "correction": done.correction,
            "before": done.before,
            "after": done.after,
            "consequences": done.consequences,
        }))?;
    } else {
        for line in lines(seen.submission(), &done) {
            print::line(&line)?;
        }
    }
    Ok(())
}

fn lines(submission: SubmissionId, done: &Corrected) -> Vec<String> {
    if done.correction.is_none() {
        let words = words(&done.after);
        return vec![format!("letter {submission} counts as {words} already: nothing was changed")];
    }
    let (before, after) = (words(&done.before), words(&done.after));
    let mut lines = vec![format!("letter {submission} was {before}, counts as {after} now")];
    let followed = &done.consequences;
    let mut tell = |what: &str, names: Vec<String>| {
        if !names.is_empty() {
            lines.push(format!("  {what}: {}", names.join(", ")));
        }
    };
    let names = |names: &[&'static str]| names.iter().map(|name| (*name).to_owned()).collect();
    tell("opened, with the clock of its receipt", names(&followed.opened));
    tell("closed as misread", names(&followed.misread));
    tell("joined to the earlier one", followed.joined.iter().map(ToString::to_string).collect());
    tell("blocks set", followed.blocked.iter().map(ToString::to_string).collect());
    tell("blocks lifted", followed.lifted.iter().map(ToString::to_string).collect());
    if followed.withdrawals_corrected > 0 {
        tell("withdrawals corrected", vec![followed.withdrawals_corrected.to_string()]);
    }
    tell("answer", followed.reply.iter().map(|word| (*word).to_owned()).collect());
    lines
}

/// The note; `-` stands for standard input, since the arguments of a process can be seen by everybody
/// on the machine.
fn note(argument: Option<String>, input: impl Read) -> Result<Option<String>, WrongUse> {
    if argument.as_deref() != Some("-") {
        return Ok(argument);
    }
    let mut text = String::new();
    let read = input.take(LONGEST_NOTE + 1).read_to_string(&mut text);
    let is_whole = u64::try_from(text.len()).is_ok_and(|length| length <= LONGEST_NOTE);
    match read {
        Ok(_) if is_whole => Ok(Some(text)),
        Ok(_) => Err(WrongUse("the note is too long; shorten it".to_owned())),
        Err(error) => {
            Err(WrongUse(format!("cannot read the note from standard input as UTF-8: {error}")))
        }
    }
}

/// A judgement in names.
#[must_use]
pub fn words(judgement: &Judgement) -> String {
    let kind = serde_json::to_value(judgement.kind).unwrap_or_default();
    let mut names = vec![kind.as_str().unwrap_or_default().to_owned()];
    for label in &judgement.labels {
        let unsure = if judgement.unsure.contains(label) { "?" } else { "" };
        names.push(format!("{}{unsure}", label.name()));
    }
    for mark in &judgement.marks {
        let unsure = if judgement.unsure_marks.contains(mark) { "?" } else { "" };
        names.push(format!("{}{unsure}", mark.name()));
    }
    names.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_read_from_standard_input_when_a_dash_stands_for_it() {
        let read = |argument: Option<&str>, input: &[u8]| note(argument.map(str::to_owned), input);
        assert_eq!(read(None, b"x").expect("none"), None);
        assert_eq!(read(Some("said"), b"x").expect("as said").as_deref(), Some("said"));
        assert_eq!(
            read(Some("-"), b"by telephone\n").expect("read").as_deref(),
            Some("by telephone\n")
        );
        assert!(read(Some("-"), b"\xff").is_err());
        assert!(read(Some("-"), &[b'x'; 17 * 1024]).is_err());
    }
}
