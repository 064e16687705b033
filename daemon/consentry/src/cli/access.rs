//! `consentry package`, `consentry correction` and `consentry export`, as typed.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use domain::block::Field;

/// `consentry package`.
#[derive(Debug, Args)]
pub struct Package {
    /// Which.
    #[command(subcommand)]
    pub command: PackageCommand,
}

/// What to do with packages of a person's own data.
#[derive(Debug, Subcommand)]
pub enum PackageCommand {
    /// Make the package of a request for access, in place of one that waits
    Make {
        /// The number of the request
        request: i64,
        /// Whose data, where several contacts share the address
        #[arg(long, value_name = "ID")]
        contact: Option<i64>,
        /// Tell also of matters of authorities and under a legal hold (152-FZ art. 14(8) lets them be
        /// left out)
        #[arg(long)]
        with_held_back: bool,
        /// Make it although connected systems have not said what they hold; package and letter say
        /// which
        #[arg(long)]
        incomplete: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show the packages of a request, or write the newest to a file to be looked at; audited
    Show {
        /// The number of the request
        request: i64,
        /// Write the package there; the file must not be there yet
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Send the link of an approved package to the mailbox that answered the challenge; sent again it
    /// is a new link, and the old one is dead
    Send {
        /// The number of the request
        request: i64,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Take a package back: its link is dead, file and key are destroyed, and the request goes back
    /// into review
    Revoke {
        /// The number of the request
        request: i64,
        /// Why; kept sealed with the request
        #[arg(long)]
        reason: String,
    },
}

/// `consentry correction`.
#[derive(Debug, Args)]
pub struct Correction {
    /// Which.
    #[command(subcommand)]
    pub command: CorrectionCommand,
}

/// What to do with corrections.
#[derive(Debug, Subcommand)]
pub enum CorrectionCommand {
    /// Propose a correction with its proof
    Propose {
        /// The number of the request
        request: i64,
        /// name, email or phone
        #[arg(long, value_parser = field)]
        field: Field,
        /// Of an address: which, by its number, where the contact has several
        #[arg(long, value_name = "ID")]
        of: Option<i64>,
        /// What is to stand; `-` reads the first line of standard input, unseen by others
        #[arg(long)]
        new: String,
        /// What shows it; `-` reads (the rest of) standard input
        #[arg(long)]
        proof: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show what is proposed: old, new, proof; audited
    Show {
        /// The number of the request
        request: i64,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Carry out what was approved
    Apply {
        /// The number of the request
        request: i64,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// After the refusal of a correction: end the block that stood for the check
    Unconfirmed {
        /// The number of the request
        request: i64,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// `consentry export`.
#[derive(Debug, Args)]
pub struct Export {
    /// Which.
    #[command(subcommand)]
    pub command: ExportCommand,
}

/// What to hand out.
#[derive(Debug, Subcommand)]
pub enum ExportCommand {
    /// Counts for research: no person in it, no group of fewer than five, nobody who is blocked
    Research {
        /// The file, as CSV; it must not be there yet
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

fn field(text: &str) -> Result<Field, String> {
    Field::from_name(text).ok_or_else(|| "a field is name, email or phone".to_owned())
}
