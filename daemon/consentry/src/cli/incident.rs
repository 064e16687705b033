//! `consentry incident`, as typed.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use domain::{Timestamp, incident::IncidentField, incident::IncidentForm};

/// `consentry incident`.
#[derive(Debug, Args)]
pub struct Incident {
    /// Which.
    #[command(subcommand)]
    pub command: IncidentCommand,
}

/// What to do about breaches of personal data.
#[derive(Debug, Subcommand)]
pub enum IncidentCommand {
    /// Open one: its clocks of 24 and 72 hours count from the detection
    Open {
        /// When it was found, such as 2026-12-04T09:30:00Z [default: now]
        #[arg(long, value_name = "INSTANT")]
        detected: Option<Timestamp>,
        /// What is known
        #[command(flatten)]
        texts: Texts,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List them, newest first
    List {
        /// At most so many
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
        /// Only those before this one, for the next page
        #[arg(long, value_name = "ID")]
        before: Option<i64>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show one: what is owed by when, what each notice still lacks, who was told
    Show {
        /// Its number
        id: i64,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Write down what is known now; what is not named stays
    Update {
        /// Its number
        id: i64,
        /// What is known
        #[command(flatten)]
        texts: Texts,
    },
    /// Note that an authority was told; without --whom: the first notice (24 hours)
    Notified {
        /// Its number
        id: i64,
        /// Whom
        #[arg(long, value_enum, default_value_t = Whom::Roskomnadzor)]
        whom: Whom,
        /// When [default: now]
        #[arg(long, value_name = "INSTANT")]
        at: Option<Timestamp>,
    },
    /// Note that the second notice went out (72 hours)
    Reported {
        /// Its number
        id: i64,
        /// When [default: now]
        #[arg(long, value_name = "INSTANT")]
        at: Option<Timestamp>,
    },
    /// Write to the people concerned (GDPR 34); nobody gets two letters
    PeopleTold {
        /// Its number
        id: i64,
        /// The numbers of the contacts, with commas between
        #[arg(
            long,
            value_delimiter = ',',
            value_name = "ID",
            required_unless_present = "contacts_file"
        )]
        contacts: Vec<i64>,
        /// A file with one number a line
        #[arg(long, value_name = "FILE", conflicts_with = "contacts")]
        contacts_file: Option<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Close one of which nothing is owed any more
    Close {
        /// Its number
        id: i64,
    },
    /// Hand out a notice, in Russian; refused while a text that it needs is empty
    Export {
        /// Its number
        id: i64,
        /// Which: first (24 h), second (72 h), authority (GDPR 33) or people (GDPR 34)
        #[arg(long, value_parser = form)]
        form: IncidentForm,
        /// As what
        #[arg(long, value_enum, default_value_t = FormFormat::Text)]
        format: FormFormat,
    },
}

/// The texts of an incident. Personal data may be in them: a file is not seen by others.
#[derive(Debug, Args)]
pub struct Texts {
    /// One text: happened, what, causes, data, people, records, harm, measures, contact_person,
    /// advice, inquiry or culprits; may be given several times
    #[arg(long = "set", value_name = "NAME=TEXT", value_parser = text)]
    pub set: Vec<(IncidentField, String)>,
    /// The texts as a JSON object; `-` is standard input
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
}

/// Who was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Whom {
    /// The first notice of 152-FZ art. 21(3.1)
    Roskomnadzor,
    /// The supervisory authority (GDPR 33)
    Authority,
    /// The state system for computer incidents (152-FZ art. 19(12))
    Gossopka,
}

/// As what a notice is handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FormFormat {
    /// Plain text
    Text,
    /// A page
    Html,
    /// For programs
    Json,
}

fn form(text: &str) -> Result<IncidentForm, String> {
    IncidentForm::from_name(text)
        .ok_or_else(|| "not a form; there are first, second, authority, people".to_owned())
}

fn text(argument: &str) -> Result<(IncidentField, String), String> {
    let (name, text) = argument.split_once('=').ok_or("write NAME=TEXT")?;
    let names = || IncidentField::ALL.iter().map(|f| f.name()).collect::<Vec<_>>().join(", ");
    let field = IncidentField::from_name(name)
        .ok_or_else(|| format!("`{name}` is no text of an incident; there are {}", names()))?;
    Ok((field, text.to_owned()))
}
