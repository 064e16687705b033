//! `consentry init`: asks a few questions, writes a configuration and checks it.
//!
//! The file is the shipped example with the answers put in, so every other key stands in it with
//! its comment. Secrets are never asked for: the file says where they are to be put.

use std::io::{BufRead, IsTerminal as _, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;

use super::config_path;
use crate::cli::{General, Init};
use crate::config::{Config, EXAMPLE};
use crate::failure::WrongUse;
use crate::print;

/// A question: what is asked, the line of the example that the answer replaces, and its key.
struct Question {
    words: &'static str,
    /// The value in the example, where it stands as `"…"`.
    example: &'static str,
    /// What to do when nothing is typed.
    proposal: fn(&[String]) -> String,
}

const QUESTIONS: [Question; 8] = [
    Question {
        words: "Name of the organisation, as in letters",
        example: "ООО «Эстетимед»",
        proposal: |_| String::new(),
    },
    Question {
        words: "Person responsible for personal data and how to reach them, one line",
        example: "А. Б. Орлова, +7 495 000-00-00",
        proposal: |_| String::new(),
    },
    Question {
        words: "Address that people write to",
        example: "hello@estetimed.example",
        proposal: |_| String::new(),
    },
    Question {
        words: "IMAP server (TLS, port 993)",
        example: "imap.estetimed.example",
        proposal: |answers| format!("imap.{}", domain_of(answers)),
    },
    Question {
        words: "Mail relay (STARTTLS, port 587)",
        example: "smtp.estetimed.example",
        proposal: |answers| format!("smtp.{}", domain_of(answers)),
    },
    Question {
        words: "Name in the Authentication-Results of your mail server (its host name)",
        example: "mail.estetimed.example",
        proposal: |answers| format!("mail.{}", domain_of(answers)),
    },
    Question {
        words: "Address of the public pages",
        example: "https://hello.estetimed.example",
        proposal: |answers| format!("https://hello.{}", domain_of(answers)),
    },
    Question {
        words: "Where the privacy policy is published",
        example: "https://estetimed.example/privacy",
        proposal: |answers| format!("https://{}/privacy", domain_of(answers)),
    },
];

/// Writes a configuration.
///
/// # Errors
/// When a file is there already, or cannot be written; [`WrongUse`] when the answers are wrong.
pub fn run(general: &General, arguments: &Init) -> anyhow::Result<ExitCode> {
    let path = config_path(general);
    if path.exists() && !arguments.force {
        let path = path.display();
        return Err(WrongUse(format!("`{path}` is there already; --force replaces it")).into());
    }
    let text = match arguments.example {
        true => EXAMPLE.to_owned(),
        false => asked(&mut std::io::stdin().lock(), std::io::stdin().is_terminal())?,
    };
    if let Err(problems) = Config::parse(&text) {
        let problems = problems.join("\n  ");
        return Err(
            WrongUse(format!("with these answers nothing was written:\n  {problems}")).into()
        );
    }
    write(&path, &text)?;
    print::line(&format!("wrote {}", path.display()))?;
    print::line(
        "put the passwords where its `password_file` keys point, then run `consentry doctor`",
    )?;
    Ok(ExitCode::SUCCESS)
}

fn asked(input: &mut impl BufRead, on_terminal: bool) -> anyhow::Result<String> {
    let mut answers = Vec::new();
    for question in &QUESTIONS {
        let proposal = (question.proposal)(&answers);
        let mut answer = String::new();
        while answer.is_empty() {
            if on_terminal {
                let hint =
                    if proposal.is_empty() { String::new() } else { format!(" [{proposal}]") };
                write!(std::io::stderr(), "{}{hint}: ", question.words)?;
            }
            let mut line = String::new();
            if input.read_line(&mut line)? == 0 {
                anyhow::bail!("the answers ended at \"{}\"; nothing was written", question.words);
            }
            let typed = line.trim();
            answer = if typed.is_empty() { proposal.clone() } else { typed.to_owned() };
        }
        answers.push(answer);
    }
    Ok(filled_in(&answers))
}

/// The example with the answers in place of its values.
fn filled_in(answers: &[String]) -> String {
    let mut text = EXAMPLE.to_owned();
    for (question, answer) in QUESTIONS.iter().zip(answers) {
        let value = toml::Value::String(answer.clone()).to_string();
        text = text.replace(&format!("\"{}\"", question.example), &value);
    }
    let domain = toml::Value::String(domain_of(answers)).to_string();
    text.replace("domains = [\"estetimed.example\"]", &format!("domains = [{domain}]"))
}

/// The domain of the address, once that was asked for.
fn domain_of(answers: &[String]) -> String {
    let address = answers.get(2).map_or("", String::as_str);
    address.rsplit_once('@').map_or(String::new(), |(_, domain)| domain.to_owned())
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let what = || format!("cannot write `{}`", path.display());
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory).with_context(what)?;
    }
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o644)
        .open(path)
        .with_context(what)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).with_context(what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answers_stand_in_a_file_that_is_in_order() {
        let answers =
            "Клиника \"Ромашка\"\nОрлова\nhello@romashka.example\n\nrelay.example\n\n\n\n";
        let text = asked(&mut answers.as_bytes(), false).expect("answers");
        let config = Config::parse(&text).unwrap_or_else(|problems| panic!("{problems:#?}"));
        assert_eq!(config.organisation.name, "Клиника \"Ромашка\"");
        assert_eq!(config.organisation.domains, ["romashka.example"]);
        assert_eq!(config.mailboxes[0].authserv_ids, ["mail.romashka.example"]);
        let left = text.lines().filter(|line| !line.starts_with('#') && line.contains("estetimed"));
        assert_eq!(left.count(), 0);
    }

    #[test]
    fn answers_that_end_too_early_write_nothing() {
        assert!(asked(&mut "only a name\n".as_bytes(), false).is_err());
    }
}
