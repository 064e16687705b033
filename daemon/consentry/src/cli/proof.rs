//! `consentry act`, `consentry register`, `consentry audit`: what proves what was done.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use jiff::civil::Date;

use super::Listing;

/// `consentry act`.
#[derive(Debug, Args)]
pub struct Act {
    /// Which.
    #[command(subcommand)]
    pub command: ActCommand,
}

/// What to do with acts of destruction.
#[derive(Debug, Subcommand)]
pub enum ActCommand {
    /// List them, newest first
    List {
        /// At most so many
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
        /// Only those before this one, for the next page
        #[arg(long, value_name = "NUMBER")]
        before: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show one
    Show {
        /// Its number, such as A-2026-000017
        number: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Write one with its log extract into a file, to be printed and signed
    Export {
        /// Its number, such as A-2026-000017
        number: String,
        /// The form
        #[arg(long, value_enum, default_value_t = ActFormat::Pdf)]
        format: ActFormat,
        /// The file; it must not be there yet
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
}

/// The form of an act that is handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ActFormat {
    /// For paper; with an English record beside it where the GDPR applies
    Pdf,
    /// The same as a page
    Html,
    /// For programs
    Json,
}

/// `consentry register`.
#[derive(Debug, Args)]
pub struct Register {
    /// Which.
    #[command(subcommand)]
    pub command: RegisterCommand,
}

/// What to do with the register of appeals.
#[derive(Debug, Subcommand)]
pub enum RegisterCommand {
    /// Hand out the register of requests (журнал учёта обращений)
    Export {
        /// The first day of receipt [default: the first of January of the last day's year]
        #[arg(long, value_name = "DATE")]
        from: Option<Date>,
        /// The last day of receipt [default: today]
        #[arg(long, value_name = "DATE")]
        to: Option<Date>,
        /// The form
        #[arg(long, value_enum, default_value_t = RegisterFormat::Csv)]
        format: RegisterFormat,
        /// The file [default: standard output; PDF needs one]
        #[arg(long = "file", value_name = "FILE")]
        file: Option<PathBuf>,
        /// Begin the CSV with a byte order mark, as Excel wants it
        #[arg(long)]
        bom: bool,
        /// Show addresses in clear, where we still have them
        #[arg(long)]
        clear: bool,
        /// Print JSON
        #[arg(long, conflicts_with_all = ["format", "bom"])]
        json: bool,
    },
    /// Hand out what we process, for the notification to Roskomnadzor, and what of it is to be told
    Processing(ProcessingSheet),
}

/// `consentry register processing`.
#[derive(Debug, Args)]
pub struct ProcessingSheet {
    /// The form
    #[arg(long, value_enum, default_value_t = RegisterFormat::Csv)]
    pub format: RegisterFormat,
    /// The file [default: standard output; PDF needs one]
    #[arg(long = "file", value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Begin the CSV with a byte order mark, as Excel wants it
    #[arg(long)]
    pub bom: bool,
    /// Record that Roskomnadzor was told on this day of every change up to it
    #[arg(long, value_name = "DATE", conflicts_with_all = ["format", "file", "bom"])]
    pub told: Option<Date>,
    /// Print JSON
    #[arg(long, conflicts_with_all = ["format", "bom"])]
    pub json: bool,
}

/// The form of the register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RegisterFormat {
    /// For spreadsheets
    Csv,
    /// For paper
    Pdf,
    /// The same as a page
    Html,
}

/// `consentry audit`.
#[derive(Debug, Args)]
pub struct Audit {
    /// Which.
    #[command(subcommand)]
    pub command: AuditCommand,
}

/// What to do with the record.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Prove that nothing was changed or left out since it was sealed
    Verify(Listing),
    /// Hand out all that was done about one person, with the hashes that prove it
    Export {
        /// A contact
        #[arg(long, value_name = "ID", required_unless_present_any = ["ticket", "address_stdin"])]
        contact: Option<i64>,
        /// A ticket, by its number
        #[arg(long, value_name = "NUMBER", conflicts_with = "contact")]
        ticket: Option<String>,
        /// Read the address of the person from standard input
        #[arg(long, conflicts_with_all = ["contact", "ticket"])]
        address_stdin: bool,
        /// The form
        #[arg(long, value_enum, default_value_t = AuditFormat::Jsonl)]
        format: AuditFormat,
        /// The file [default: standard output]
        #[arg(long = "file", value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Check an export (JSON lines) without the database
    Check {
        /// The file
        file: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// The form of an export of the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AuditFormat {
    /// JSON lines with whole batches, so that `audit check` can prove them
    Jsonl,
    /// The events of the person alone, for spreadsheets
    Csv,
}
