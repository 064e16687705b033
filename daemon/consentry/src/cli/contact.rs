//! `consentry contact`, as typed.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use domain::regime::RegimeId;

/// `consentry contact`.
#[derive(Debug, Args)]
pub struct Contact {
    /// Which.
    #[command(subcommand)]
    pub command: ContactCommand,
}

/// What to do with contacts.
#[derive(Debug, Subcommand)]
pub enum ContactCommand {
    /// Bring in contacts of a CSV file, with the evidence of their consents; revives nobody
    ///
    /// Rows that cannot be taken are refused one by one, all others are taken. The exit code is
    /// then 1; it is 0 only if no row was refused. A dry run tells the same.
    Import(ContactImport),
    /// Vouch for the signed papers of an import that somebody else made
    Attest {
        /// The number of the import
        import: i64,
        /// The version of the consent text that was signed, for rows that name none [default: the
        /// newest that was there on the document's date, else the first]
        #[arg(long, value_name = "N")]
        text_version: Option<i64>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Hand out contacts; audited
    Export {
        /// Only those of this list
        #[arg(long, value_name = "NAME")]
        list: Option<String>,
        /// How
        #[arg(long, value_enum, default_value_t = ExportFormat::Csv)]
        format: ExportFormat,
        /// Blocked people and fields too: the law and the paper that demand it; audited
        #[arg(long, value_name = "REASON")]
        statutory: Option<String>,
    },
    /// Show or set which laws protect a person; requests that are open keep their clock
    Regime {
        /// The number of the contact
        contact: i64,
        /// Set these, with commas between, such as ru-152fz,eu-gdpr
        #[arg(long, value_delimiter = ',', value_parser = regime, conflicts_with = "by_rule")]
        set: Vec<RegimeId>,
        /// Leave it to the rules of the configuration again
        #[arg(long)]
        by_rule: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Mend a contact; audited, and refused while the person's data are blocked
    Edit {
        /// The number of the contact
        contact: i64,
        /// First and last name
        #[arg(long)]
        name: Option<String>,
        /// Telephone number
        #[arg(long)]
        phone: Option<String>,
        /// ru or en
        #[arg(long)]
        locale: Option<String>,
        /// IANA time zone
        #[arg(long)]
        zone: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Open a request to erase a person who asked by telephone, by post or at the counter
    Erase(super::destruction::ContactErase),
    /// Show everything about a person, newest first; audited
    Show {
        /// An address, or the number of a contact
        #[arg(value_name = "ADDRESS|ID")]
        contact: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// `consentry contact import`.
#[derive(Debug, Args)]
pub struct ContactImport {
    /// A CSV file with a header line
    pub file: PathBuf,
    /// The list of rows that name none
    #[arg(long, value_name = "NAME")]
    pub list: Option<String>,
    /// What a column means, where its header does not tell: email="Почта клиента"
    #[arg(long, value_name = "FIELD=HEADER")]
    pub map: Vec<String>,
    /// utf-8, utf-16le, windows-1251, koi8-r … [default: guessed]
    #[arg(long, value_name = "NAME")]
    pub encoding: Option<String>,
    /// `,`, `;` or `tab` [default: the one the header line has most of]
    #[arg(long, value_name = "SIGN")]
    pub delimiter: Option<String>,
    /// The time zone of times that name none [default: the organisation's]
    #[arg(long, value_name = "ZONE")]
    pub zone: Option<String>,
    /// The version of the consent text that was signed, for papers whose rows name none
    #[arg(long, value_name = "N")]
    pub text_version: Option<i64>,
    /// Count what would be done, and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// How contacts are handed out.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum ExportFormat {
    /// One line each, with a header line; a cell that begins with = + - @ (or a tab) gets an
    /// apostrophe, so that no spreadsheet runs it, which the import takes away again
    Csv,
    /// One JSON object a line
    Json,
}

fn regime(text: &str) -> Result<RegimeId, String> {
    RegimeId::parse(text).ok_or_else(|| "not an id of a regime, such as ru-152fz".to_owned())
}
