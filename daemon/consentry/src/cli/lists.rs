//! `consentry list`, `policy` and `consent`, as typed.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use domain::{block::Purpose, language::Locale};

use super::Listing;

/// `consentry list`.
#[derive(Debug, Args)]
pub struct List {
    /// Which.
    #[command(subcommand)]
    pub command: ListCommand,
}

/// What to do with lists.
#[derive(Debug, Subcommand)]
pub enum ListCommand {
    /// Show all, with how many subscriptions they have
    List(Listing),
    /// Make one
    Add {
        /// Its name: a-z, 0-9 and hyphens; part of its List-Id and never reused
        name: String,
        /// Why data are processed: newsletter, partner_offers, research or training_mail
        #[arg(long, value_parser = purpose)]
        purpose: Purpose,
        /// Its title in Russian
        #[arg(long)]
        title_ru: String,
        /// Its title in English
        #[arg(long)]
        title_en: String,
        /// Who advertises, as every consent text must name it
        #[arg(long)]
        advertiser: String,
        /// Nobody can subscribe on the page
        #[arg(long)]
        closed: bool,
    },
    /// Show one with its consent texts
    Show {
        /// Its name
        name: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Write the next version of a consent text, word for word from a file
    Text {
        /// The list
        name: String,
        /// ru or en
        #[arg(long, value_parser = locale)]
        locale: Locale,
        /// The words, plain UTF-8
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// End one: it is not shown any more
    Archive {
        /// Its name
        name: String,
    },
}

/// `consentry policy`.
#[derive(Debug, Args)]
pub struct Policy {
    /// Which.
    #[command(subcommand)]
    pub command: PolicyCommand,
}

/// What to do with policies.
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// Show all versions
    List(Listing),
    /// Write a version down, word for word from a file
    Add {
        /// Its name, such as 2026-01
        // `version` is what clap calls its own flag.
        #[arg(id = "policy_version", value_name = "VERSION")]
        version: String,
        /// ru or en
        #[arg(long, value_parser = locale)]
        locale: Locale,
        /// The words as published, plain UTF-8
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Where it is published [default: organisation.policy_url]
        #[arg(long, default_value = "")]
        url: String,
        /// From when it holds, such as 2026-01-01T00:00:00+03:00 [default: now]
        #[arg(long, value_name = "INSTANT")]
        effective_from: Option<jiff::Timestamp>,
    },
}

/// `consentry consent`.
#[derive(Debug, Args)]
pub struct Consent {
    /// Which.
    #[command(subcommand)]
    pub command: ConsentCommand,
}

/// What to do with consents.
#[derive(Debug, Subcommand)]
pub enum ConsentCommand {
    /// Show what a person gave, confirmed and took back
    Show {
        /// An address, or the number of a contact
        #[arg(value_name = "ADDRESS|CONTACT")]
        who: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print a signed proof that anybody can check
    Proof {
        /// An address, or the number of a contact
        #[arg(value_name = "ADDRESS|CONTACT")]
        who: String,
        /// Write the proof here, and the same for people beside it (.txt)
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Print the proof itself, not what it says
        #[arg(long)]
        json: bool,
    },
    /// Print the public key that proofs are signed with, to be kept where we cannot change it
    ///
    /// Needs the configuration only. The key is made if there is none yet.
    Key(Listing),
    /// Check a proof; needs neither configuration nor database
    ///
    /// Without --key nobody is authenticated, since whoever changed the words can sign them anew
    /// with a key of their own: the exit code is then 1, even if all fits together.
    Check {
        /// The proof
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The public key that must have signed it (64 hexadecimal digits), or its fingerprint
        #[arg(long, value_name = "PUBLIC|SHA256:…")]
        key: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Write down that a person withdrew otherwise than by mail or page
    Withdraw {
        /// The address
        #[arg(value_name = "ADDRESS")]
        address: String,
        /// This list only
        #[arg(long, value_name = "NAME")]
        list: Option<String>,
        /// Why, such as "by telephone"
        #[arg(long)]
        reason: String,
    },
}

fn purpose(word: &str) -> Result<Purpose, String> {
    Purpose::from_name(word)
        .ok_or_else(|| "use newsletter, partner_offers, research or training_mail".to_owned())
}

fn locale(code: &str) -> Result<Locale, String> {
    Locale::from_code(code).ok_or_else(|| "use ru or en".to_owned())
}
