//! `consentry campaign` and `consentry template`, as typed.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use domain::{campaign::ContentHash, language::Locale};

/// `consentry campaign`.
#[derive(Debug, Args)]
pub struct Campaign {
    /// Which.
    #[command(subcommand)]
    pub command: CampaignCommand,
}

/// What to do with campaigns.
#[derive(Debug, Subcommand)]
pub enum CampaignCommand {
    /// Write a draft
    Create(Box<Create>),
    /// Change one that is not being sent; its approval is void then
    Edit(Box<Edit>),
    /// List them, newest first
    List {
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
    /// Show one: what it says, whom to, when, and where it stands
    Show(Named),
    /// Show what a person would get, and whether the gate lets it pass
    Preview(Preview),
    /// Send a test to addresses of ours
    Test(Test),
    /// Approve exactly what it says, whom to and when
    Approve(Approve),
    /// Let an approved one wait for its time
    Schedule(Schedule),
    /// Stop a running one for now
    Pause(Named),
    /// Let a paused or held one go on
    Resume(Named),
    /// End it: what was not sent will not be
    Cancel(Named),
    /// Tell what became of it
    Report(Named),
    /// Try its refused and uncertain mails once more
    Retry(Retry),
}

/// A command about one campaign.
#[derive(Debug, Args)]
pub struct Named {
    /// Its name, or its id
    pub name: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// When it is to start.
#[derive(Debug, Default, Args)]
pub struct Start {
    /// Start at this local time, such as 2026-12-01T10:00
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// The zone of that time, such as Europe/Moscow [default: `organisation.zone`]
    #[arg(long, value_name = "ZONE", requires = "at")]
    pub zone: Option<String>,
}

/// `consentry campaign create`.
#[derive(Debug, Args)]
pub struct Create {
    /// Its name: one line
    pub name: String,
    /// The subject, a template
    #[arg(long)]
    pub subject: String,
    /// What mail programs show beside the subject, a template
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub preheader: String,
    /// What the mails say
    #[command(flatten)]
    pub body: Body,
    /// The plain text, a template [default: made of the body]
    #[arg(long, value_name = "FILE")]
    pub text: Option<PathBuf>,
    /// A list it goes to; may be repeated
    #[arg(long, value_name = "LIST")]
    pub to: Vec<String>,
    /// A list whose addresses are left out; may be repeated
    #[arg(long, value_name = "LIST")]
    pub except: Vec<String>,
    /// The language of the mails: ru or en [default: `organisation.locale`]
    #[arg(long, value_parser = locale)]
    pub locale: Option<Locale>,
    /// When
    #[command(flatten)]
    pub start: Start,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// The body, in one of two ways.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Body {
    /// The body in HTML, a template
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// The body in Markdown, a template
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,
}

/// `consentry campaign edit`: what is not given stays.
#[derive(Debug, Args)]
pub struct Edit {
    /// Its name, or its id
    pub name: String,
    /// The subject, a template
    #[arg(long)]
    pub subject: Option<String>,
    /// What mail programs show beside the subject, a template
    #[arg(long, value_name = "TEXT")]
    pub preheader: Option<String>,
    /// The body in HTML, a template
    #[arg(long, value_name = "FILE", conflicts_with = "markdown")]
    pub html: Option<PathBuf>,
    /// The body in Markdown, a template
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,
    /// The plain text, a template
    #[arg(long, value_name = "FILE", conflicts_with = "no_text")]
    pub text: Option<PathBuf>,
    /// Make the plain text of the body
    #[arg(long)]
    pub no_text: bool,
    /// The lists it goes to, instead of those before
    #[arg(long, value_name = "LIST")]
    pub to: Vec<String>,
    /// The lists whose addresses are left out, instead of those before
    #[arg(long, value_name = "LIST")]
    pub except: Vec<String>,
    /// The language of the mails: ru or en
    #[arg(long, value_parser = locale)]
    pub locale: Option<Locale>,
    /// When
    #[command(flatten)]
    pub start: Start,
    /// Only if it still is this revision, as `campaign show` told
    #[arg(long)]
    pub revision: Option<i64>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `consentry campaign preview`.
#[derive(Debug, Args)]
pub struct Preview {
    /// Its name, or its id
    pub name: String,
    /// As this contact would get it (its id) [default: a made-up person]
    // Read by the command: clap would repeat an address that somebody gives instead.
    #[arg(long = "as", value_name = "CONTACT", alias = "contact")]
    pub contact: Option<String>,
    /// Write the HTML to a file, to be opened in a browser
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `consentry campaign test`.
#[derive(Debug, Args)]
pub struct Test {
    /// Its name, or its id
    pub name: String,
    /// An address of one of our own domains; may be repeated
    // Read by the command: clap would repeat an address that it cannot read.
    #[arg(long, value_name = "ADDRESS", required = true)]
    pub to: Vec<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `consentry campaign approve`.
#[derive(Debug, Args)]
pub struct Approve {
    /// Its name, or its id
    pub name: String,
    /// Only if it still says this, as `campaign preview` and `campaign show` told
    #[arg(long, value_parser = content_hash)]
    pub hash: Option<ContentHash>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `consentry campaign schedule`.
#[derive(Debug, Args)]
pub struct Schedule {
    /// Its name, or its id
    pub name: String,
    /// When [default: the approved time]
    #[command(flatten)]
    pub start: Start,
    /// Start at once
    #[arg(long, conflicts_with = "at")]
    pub now: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `consentry campaign retry`.
#[derive(Debug, Args)]
pub struct Retry {
    /// Its name, or its id
    pub name: String,
    /// Only these
    #[arg(long, value_enum)]
    pub only: Option<RetryOnly>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Which mails are tried once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RetryOnly {
    /// Those that were refused, or expired
    Rejected,
    /// Those that may have arrived, and may then arrive twice
    Uncertain,
}

/// `consentry template`.
#[derive(Debug, Args)]
pub struct Template {
    /// Which.
    #[command(subcommand)]
    pub command: TemplateCommand,
}

/// What to do with templates.
#[derive(Debug, Subcommand)]
pub enum TemplateCommand {
    /// Check the body of a campaign before it is saved
    Check {
        /// The body: Markdown if its name ends in .md or .markdown, else HTML
        file: PathBuf,
        /// The subject it goes with, checked too
        #[arg(long)]
        subject: Option<String>,
        /// The plain text it goes with, checked too
        #[arg(long, value_name = "FILE")]
        text: Option<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

fn locale(text: &str) -> Result<Locale, String> {
    Locale::from_code(text).ok_or_else(|| "it must be ru or en".to_owned())
}

fn content_hash(text: &str) -> Result<ContentHash, String> {
    let mut hash = ContentHash::default();
    hex::decode_to_slice(text.trim(), &mut hash).map_err(|_| {
        "it must be the 64 hexadecimal digits that `campaign show` tells".to_owned()
    })?;
    Ok(hash)
}
