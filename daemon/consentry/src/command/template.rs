//! `consentry template`: a body is checked before it is saved, with nothing opened.

use std::process::ExitCode;

use domain::campaign::Content;
use serde_json::json;

use super::campaign::source::{body_of_file, text_of};
use crate::cli::{Template, TemplateCommand};
use crate::failure::RefusedByRule;
use crate::print;

/// Checks a template.
///
/// # Errors
/// When a file cannot be read; [`RefusedByRule`] by `template` with every line and reason.
pub fn run(arguments: Template) -> anyhow::Result<ExitCode> {
    let TemplateCommand::Check { file, subject, text, json } = arguments.command;
    let (format, body) = body_of_file(&file)?;
    let content = Content {
        locale: domain::language::Locale::default(),
        subject: subject.unwrap_or_else(|| "Subject".to_owned()),
        preheader: String::new(),
        format,
        body,
        text: text.as_deref().map(text_of).transpose()?,
    };
    match render::campaign::check(&content) {
        Ok(facts) => {
            let has_link = facts.has_unsubscribe_link;
            if json {
                let findings: [u8; 0] = [];
                print::json_document(
                    &json!({ "findings": findings, "has_unsubscribe_link": has_link }),
                )?;
            } else if has_link {
                print::line("the template can be saved")?;
            } else {
                print::line(
                    "the template can be saved, but not approved: it has no {{unsubscribe_url}}",
                )?;
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(findings) => {
            if json {
                print::json_document(&json!({ "findings": findings }))?;
            }
            let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
            Err(RefusedByRule { rule: "template", reason: lines.join("\n") }.into())
        }
    }
}
