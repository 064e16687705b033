//! `consentry system`, `recipient` and `disclosure`, as typed.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use domain::disclosure::{Ground, Role};

use super::Listing;

/// `consentry system`.
#[derive(Debug, Args)]
pub struct System {
    /// Which.
    #[command(subcommand)]
    pub command: SystemCommand,
}

/// What to do with connected systems.
#[derive(Debug, Subcommand)]
pub enum SystemCommand {
    /// List the connected systems and how their calls stand
    List(Listing),
    /// Show the calls of one system, newest first
    Show {
        /// The name of the system
        name: String,
        /// At most so many
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
        /// Only those before this one (its `id`), for the next page
        #[arg(long, value_name = "ID")]
        before: Option<i64>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Make a call again at once, also one that was refused
    Retry {
        /// The id of the call
        id: i64,
    },
    /// Give a call up: the system was told otherwise, or need not be told
    Drop {
        /// The id of the call
        id: i64,
        /// How it was told otherwise, or why it need not be; ids and words, no personal data
        #[arg(long)]
        reason: String,
    },
    /// Send a signed call about nobody, to see that the system is reached and the secret fits
    Test {
        /// The name of the system
        name: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// `consentry recipient`.
#[derive(Debug, Args)]
pub struct Recipient {
    /// Which.
    #[command(subcommand)]
    pub command: RecipientCommand,
}

/// What to do with those who get data from us.
#[derive(Debug, Subcommand)]
pub enum RecipientCommand {
    /// List them
    List(Listing),
    /// Write one down
    Add(RecipientAdd),
    /// End the relation: nothing more is disclosed to it
    End {
        /// Its name in the register
        name: String,
    },
    /// The notices that recipients get when data change or go
    Notice(RecipientNotice),
}

/// `consentry recipient add`.
#[derive(Debug, Args)]
pub struct RecipientAdd {
    /// Its short name in the register: letters, digits, hyphens
    pub name: String,
    /// processor (on our behalf), third_party or authority
    #[arg(long, value_parser = role)]
    pub role: Role,
    /// Its full name
    #[arg(long)]
    pub title: String,
    /// Its country, two letters (ISO 3166-1)
    #[arg(long, default_value = "RU")]
    pub country: String,
    /// Where notices go [default: none, they are told by hand]
    #[arg(long, default_value = "")]
    pub email: String,
    /// Its postal address
    #[arg(long, default_value = "")]
    pub address: String,
    /// Number and date of the contract or order
    #[arg(long, default_value = "")]
    pub agreement: String,
    /// Of a processor: the categories of everybody's data that it has, with commas between: name,
    /// email, phone, letters, consents, purchases, training, health
    #[arg(long, value_delimiter = ',')]
    pub data: Vec<String>,
    /// For what
    #[arg(long, default_value = "")]
    pub purpose: String,
    /// Outside Russia: the day on which Roskomnadzor was told of the transfer
    #[arg(long, value_name = "DATE")]
    pub authority_told_on: Option<jiff::civil::Date>,
}

/// `consentry recipient notice`.
#[derive(Debug, Args)]
pub struct RecipientNotice {
    /// Which.
    #[command(subcommand)]
    pub command: RecipientNoticeCommand,
}

/// What to do with notices.
#[derive(Debug, Subcommand)]
pub enum RecipientNoticeCommand {
    /// List those of a request
    List {
        /// The id of the request
        request: i64,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// The recipient confirmed, or was told by hand
    Done {
        /// The id of the notice
        id: i64,
        /// When and how; ids and words, no personal data
        #[arg(long)]
        note: String,
    },
    /// The recipient cannot be told, or only with disproportionate effort
    Impossible {
        /// The id of the notice
        id: i64,
        /// Why
        #[arg(long)]
        note: String,
    },
}

/// `consentry disclosure`.
#[derive(Debug, Args)]
pub struct Disclosure {
    /// Which.
    #[command(subcommand)]
    pub command: DisclosureCommand,
}

/// What to do with the register of disclosures.
#[derive(Debug, Subcommand)]
pub enum DisclosureCommand {
    /// Write one down, before the data are handed over
    Add(DisclosureAdd),
    /// List them, newest first
    List {
        /// Only those of this contact
        #[arg(long, value_name = "ID")]
        contact: Option<i64>,
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
    /// Hand out the whole register
    Export {
        /// csv or json
        #[arg(long, value_enum, default_value_t = DisclosureFormat::Csv)]
        format: DisclosureFormat,
        /// Write it to this file [default: standard output]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

/// How the register is handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DisclosureFormat {
    /// Comma-separated, UTF-8, with a heading.
    Csv,
    /// One JSON document.
    Json,
}

/// `consentry disclosure add`.
#[derive(Debug, Args)]
pub struct DisclosureAdd {
    /// The name of the recipient in the register
    pub recipient: String,
    /// The number of the contact
    #[arg(long, value_name = "ID")]
    pub contact: i64,
    /// law, consent, contract, business_transfer or support_security (clause 3.4 of the policy)
    #[arg(long, value_parser = ground)]
    pub ground: Ground,
    /// Number and date of the written request, the contract or the legal approval
    #[arg(long, default_value = "")]
    pub reference: String,
    /// Of the ground consent: the id of the event (`consent show`)
    #[arg(long, value_name = "ID")]
    pub consent: Option<i64>,
    /// What is disclosed, with commas between: name, email, phone, letters, consents, purchases,
    /// training, health
    #[arg(long, value_delimiter = ',', required = true)]
    pub data: Vec<String>,
    /// Of support and security: the last day
    #[arg(long, value_name = "DATE")]
    pub until: Option<jiff::civil::Date>,
    /// Who approved it
    #[arg(long, value_name = "NAME")]
    pub approved_by: Option<String>,
    /// The request it belongs to
    #[arg(long, value_name = "ID")]
    pub request: Option<i64>,
}

fn role(word: &str) -> Result<Role, String> {
    Role::from_name(word).ok_or_else(|| "use processor, third_party or authority".to_owned())
}

fn ground(word: &str) -> Result<Ground, String> {
    Ground::from_name(word).ok_or_else(|| {
        "use law, consent, contract, business_transfer or support_security".to_owned()
    })
}
