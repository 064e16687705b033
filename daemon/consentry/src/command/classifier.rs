//! `consentry classifier`: what the classifier learns from.

use std::process::ExitCode;

use serde_json::json;

use super::{consent::write_new, open_house, told};
use crate::cli::{Classifier, ClassifierCommand, General};
use crate::{actor, print};

const WARNING: &str =
    "these are letters of people: keep the file closed, train with it, destroy it";

/// Hands out the corrected letters.
///
/// # Errors
/// When the house cannot be opened or the file cannot be written.
pub async fn run(general: General, arguments: Classifier) -> anyhow::Result<ExitCode> {
    let actor = actor::name(general.actor.as_deref())?;
    let house = open_house(&general).await?;
    let ClassifierCommand::Examples { out, json } = arguments.command;
    let examples = house.cases.examples(&actor).await.map_err(told)?;
    let text: String = examples.lines.iter().map(|line| format!("{line}\n")).collect();
    match out {
        None => {
            eprintln!("{WARNING}");
            if !text.is_empty() {
                print::exactly(text.trim_end_matches('\n'))?;
            }
        }
        Some(out) => {
            write_new(&out, &text)?;
            let (written, gone) = (examples.lines.len(), examples.gone);
            if json {
                print::json_document(&json!({
                    "file": out.to_string_lossy(),
                    "examples": written,
                    "destroyed": gone,
                    "special": examples.special,
                    "warning": WARNING,
                }))?;
            } else {
                let place = out.display();
                print::line(&format!("{written} example(s) written to {place}; {WARNING}"))?;
                if gone > 0 {
                    print::line(&format!("{gone} more cannot be opened: their text is destroyed"))?;
                }
                if examples.special > 0 {
                    let n = examples.special;
                    print::line(&format!("{n} more are left out: health, or numbers of papers"))?;
                }
            }
        }
    }
    house.close().await;
    Ok(ExitCode::SUCCESS)
}
