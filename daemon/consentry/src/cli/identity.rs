//! `consentry identity`, as typed.

use clap::{Args, Subcommand, ValueEnum};

/// `consentry identity`.
#[derive(Debug, Args)]
pub struct Identity {
    /// Which.
    #[command(subcommand)]
    pub command: IdentityCommand,
}

/// What to do about who asks.
#[derive(Debug, Subcommand)]
pub enum IdentityCommand {
    /// Show what is known of who asks in a ticket; audited
    Show {
        /// The number of the ticket
        ticket: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Ask the address on file whether it was they; an earlier question becomes void
    Challenge {
        /// The number of the ticket
        ticket: String,
        /// Which address on file, where there are several
        #[arg(long, value_name = "ADDRESS")]
        to: Option<String>,
    },
    /// Attest who asks
    Attest {
        /// The number of the ticket
        ticket: String,
        /// What you saw that proves it; kept sealed
        #[arg(long)]
        note: String,
        /// The contact whom the sender proved to be, where their address does not show it
        #[arg(long = "as", value_name = "CONTACT")]
        contact: Option<i64>,
    },
    /// Take a proof, or with --representation a representation, back
    Revoke {
        /// The number of the ticket
        ticket: String,
        /// The number of the proof, or of the representation, as `identity show` tells
        id: i64,
        /// Why
        #[arg(long)]
        reason: String,
        /// It is the number of a representation
        #[arg(long)]
        representation: bool,
    },
    /// Ask the person for what a request of information lacks; nothing else may be asked for
    Ask {
        /// The number of the request, as `ticket show` tells
        request: i64,
        /// The number of an item that the law lists (see --list), or words; may be repeated
        #[arg(long, value_name = "N|WORDS", required_unless_present = "list")]
        missing: Vec<String>,
        /// Only list what the law lets us ask for
        #[arg(long)]
        list: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Write down who acts for a person, and on which paper; the person's address on file is told
    Represent {
        /// The number of the ticket
        ticket: String,
        /// By what right
        #[arg(long, value_enum)]
        kind: RepresentativeKind,
        /// The paper: number, date, issuer; kept sealed; `-` reads it from standard input
        #[arg(long)]
        paper: String,
        /// The last day on which it holds
        #[arg(long, value_name = "YYYY-MM-DD")]
        until: Option<String>,
        /// The contact who is represented
        #[arg(long, value_name = "CONTACT")]
        subject: Option<i64>,
        /// Which of the subject's addresses is told, where there are several
        #[arg(long, value_name = "ADDRESS")]
        tell: Option<String>,
    },
    /// Ask the sender of a ticket to show that they may act for the person
    AskPaper {
        /// The number of the ticket
        ticket: String,
    },
}

/// By what right somebody acts for another.
#[derive(Debug, Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum RepresentativeKind {
    /// A power of attorney
    PowerOfAttorney,
    /// A parent of a child
    Parent,
    /// A guardian
    Guardian,
    /// An advocate
    Advocate,
    /// Another paper
    Other,
}
