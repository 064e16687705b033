//! `consentry retention`, as typed.

use clap::{Args, Subcommand};

/// `consentry retention`.
#[derive(Debug, Args)]
pub struct Retention {
    /// Which.
    #[command(subcommand)]
    pub command: RetentionCommand,
}

/// What to do about what is kept.
#[derive(Debug, Subcommand)]
pub enum RetentionCommand {
    /// Show what is kept how long, by which law, and what happens then
    Show {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Look through what is over now, instead of waiting for the night
    Run {
        /// Only count what would be done
        #[arg(long)]
        dry_run: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}
