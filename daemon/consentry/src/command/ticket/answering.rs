//! `consentry ticket reply`: an answer in one's own words.

use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;
use cases::Cases;
use cases::answering::AfterReply;
use serde_json::json;

use crate::cli::ticket::Reply;
use crate::command::told;
use crate::print;

/// Longest answer that is read, in bytes; `cases` takes fewer characters.
const LONGEST: u64 = 256 * 1024;

/// Plans the letter and prints its number.
///
/// # Errors
/// [`crate::failure::RefusedByRule`] when a rule forbids it.
pub async fn run(cases: &Cases, arguments: Reply, actor: &str) -> anyhow::Result<()> {
    let mut text = String::new();
    // The arguments of a process can be seen by everybody on the machine: no text among them.
    if arguments.file == Path::new("-") {
        std::io::stdin().take(LONGEST).read_to_string(&mut text)?;
    } else {
        let file = std::fs::File::open(&arguments.file)
            .with_context(|| format!("cannot open `{}`", arguments.file.display()))?;
        file.take(LONGEST).read_to_string(&mut text)?;
    }
    let after = if arguments.close { AfterReply::Close } else { AfterReply::Wait };
    let letter =
        cases.reply_to_ticket(&arguments.number, &text, after, actor).await.map_err(told)?;
    if arguments.json {
        return Ok(print::json_document(&json!({ "letter": letter }))?);
    }
    Ok(print::line(&format!("letter {letter} is planned"))?)
}
