//! `consentry backup`, `restore` and `suppression`, as typed.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use domain::address::EmailAddress;

/// `consentry backup`.
#[derive(Debug, Args)]
pub struct Backup {
    /// A new or empty directory; never on the disk of the keys
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
    /// Link the objects instead of copying them, where the file system allows it
    #[arg(long)]
    pub link: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `consentry restore`.
#[derive(Debug, Args)]
pub struct Restore {
    /// The directory of the backup
    #[arg(long, value_name = "DIR", required_unless_present = "release")]
    pub from: Option<PathBuf>,
    /// The stop journal of another node; may be given several times [our own is always read]
    #[arg(long, value_name = "DIR")]
    pub journal: Vec<PathBuf>,
    /// Replace a database that is newer than the backup
    #[arg(long)]
    pub replace: bool,
    /// Let mail leave again, after everything was looked at
    #[arg(long, conflicts_with_all = ["from", "journal", "replace"])]
    pub release: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `consentry suppression`.
#[derive(Debug, Args)]
pub struct Suppression {
    /// Which.
    #[command(subcommand)]
    pub command: SuppressionCommand,
}

/// What to do with suppressions.
#[derive(Debug, Subcommand)]
pub enum SuppressionCommand {
    /// List them, newest first
    List {
        /// Those of one address that nobody lifted
        #[arg(long, value_name = "ADDRESS", value_parser = address)]
        of: Option<EmailAddress>,
        /// Lifted ones too
        #[arg(long)]
        all: bool,
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
    /// Never mail an address again
    Add {
        /// The address
        #[arg(value_parser = address)]
        address: EmailAddress,
        /// Why, without naming anybody
        #[arg(long)]
        reason: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Lift one that is not the person's own word
    Lift {
        /// Its id
        id: i64,
        /// Why, without naming anybody
        #[arg(long)]
        reason: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

fn address(text: &str) -> Result<EmailAddress, String> {
    EmailAddress::parse(text).map_err(|_| "this is no e-mail address".to_owned())
}
