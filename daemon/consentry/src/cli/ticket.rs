//! `consentry ticket` and `consentry classifier`, as typed.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use domain::classification::{Kind, Label, Mark};
use domain::ticket::Lane;

/// `consentry ticket`.
#[derive(Debug, Args)]
pub struct Ticket {
    /// Which.
    #[command(subcommand)]
    pub command: TicketCommand,
}

/// What to do with tickets.
#[derive(Debug, Subcommand)]
pub enum TicketCommand {
    /// List them, newest first
    List {
        /// Only those of this lane: privacy, authority, policy, ordinary or unreadable
        #[arg(long, value_parser = lane)]
        lane: Option<Lane>,
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
    /// Show one with its requests, duties, blocks and tasks
    Show {
        /// Its number, such as CT-7K3M9QXW
        number: String,
        /// Show the letters whole: what was left out of the new text (quotes, signatures …), too
        #[arg(long)]
        full: bool,
        /// With --full: show what is special (health, numbers of papers) too, and why you look
        #[arg(long, value_name = "WORDS", requires = "full")]
        reason: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Answer in your own words; the letter leaves under the number of the ticket
    Reply(Reply),
    /// Close one whose requests are all at their end
    Close {
        /// Its number, such as CT-7K3M9QXW
        number: String,
    },
    /// Open a closed one again
    Reopen {
        /// Its number, such as CT-7K3M9QXW
        number: String,
    },
    /// Say what a letter really is and asks for; what follows from that is filed at once
    Correct(Correct),
}

/// `consentry ticket reply`.
#[derive(Debug, Args)]
pub struct Reply {
    /// The number of the ticket, such as CT-7K3M9QXW
    pub number: String,
    /// The answer, with empty lines between paragraphs; `-` reads it from standard input
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub file: PathBuf,
    /// Close the ticket, too
    #[arg(long)]
    pub close: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `consentry ticket correct`. What is not named stays as it is.
#[derive(Debug, Args)]
pub struct Correct {
    /// The number of its ticket, such as CT-7K3M9QXW
    pub number: String,
    /// Which letter of the ticket, by its id [default: the last one]
    #[arg(long, value_name = "ID")]
    pub submission: Option<i64>,
    /// Everything it asks for, with commas between; `other` if nothing
    #[arg(long, value_delimiter = ',', value_parser = label, required_unless_present_any = ["marks", "kind"])]
    pub labels: Option<Vec<Label>>,
    /// Who writes: authority, representative; `none` takes the marks away
    #[arg(long, value_delimiter = ',', value_parser = mark)]
    pub marks: Option<Vec<MarkWord>>,
    /// What it is: human, bounce, complaint, auto_reply, list_mail or spam
    #[arg(long, value_parser = kind)]
    pub kind: Option<Kind>,
    /// Why, for whoever looks later; `-` reads it from standard input, unseen by others
    #[arg(long)]
    pub note: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// A mark, or the word for none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MarkWord(pub Option<Mark>);

/// `consentry classifier`.
#[derive(Debug, Args)]
pub struct Classifier {
    /// Which.
    #[command(subcommand)]
    pub command: ClassifierCommand,
}

/// What to do with what the classifier learns from.
#[derive(Debug, Subcommand)]
pub enum ClassifierCommand {
    /// Hand out the corrected letters as examples to train with: personal data
    Examples {
        /// Write them to this file, which nobody else may read [default: standard output]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// With --out: tell what was written as JSON (the examples always are, one a line)
        #[arg(long)]
        json: bool,
    },
}

fn lane(text: &str) -> Result<Lane, String> {
    let names = || Lane::ALL.iter().map(|lane| lane.name()).collect::<Vec<_>>().join(", ");
    Lane::from_name(text).ok_or_else(|| format!("not a lane; there are {}", names()))
}

fn label(text: &str) -> Result<Label, String> {
    let names = || Label::ALL.map(Label::name).join(", ");
    let found = Label::ALL.into_iter().find(|label| label.name() == text);
    found.ok_or_else(|| format!("not a label; there are {}", names()))
}

fn mark(text: &str) -> Result<MarkWord, String> {
    match text {
        "none" => Ok(MarkWord(None)),
        "authority" => Ok(MarkWord(Some(Mark::Authority))),
        "representative" => Ok(MarkWord(Some(Mark::Representative))),
        _ => Err("not a mark; there are authority, representative, none".to_owned()),
    }
}

fn kind(text: &str) -> Result<Kind, String> {
    match text {
        "human" => Ok(Kind::Human),
        "bounce" => Ok(Kind::Bounce),
        "complaint" => Ok(Kind::Complaint),
        "auto_reply" => Ok(Kind::AutoReply),
        "list_mail" => Ok(Kind::ListMail),
        "spam" => Ok(Kind::Spam),
        _ => Err("not a kind; there are human, bounce, complaint, auto_reply, list_mail, spam"
            .to_owned()),
    }
}
