//! `consentry request`, as typed: from receipt to a proven end.

use super::destruction::{RequestPlan, RequestPostpone};
use clap::{Args, Subcommand};
use domain::{
    Timestamp,
    regime::{CountsFrom, DutyName, RequestName},
    request::RequestState,
};

/// `consentry request`.
#[derive(Debug, Args)]
pub struct Request {
    /// Which.
    #[command(subcommand)]
    pub command: RequestCommand,
}

/// What to do with requests.
#[derive(Debug, Subcommand)]
pub enum RequestCommand {
    /// List what is owed, what is due first above
    List(RequestList),
    /// Show one with its duties, decisions, notes and what it may cost to be late
    Show {
        /// Its id
        id: i64,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Open one that no label stands for, from a letter of a ticket: automated_decision
    Open(RequestOpen),
    /// Look at it: who asks is settled, or need not be
    Review {
        /// Its id
        id: i64,
    },
    /// Record when an event came from which duties count
    Event(RequestEvent),
    /// Let its clock rest, where the law lets it
    Pause {
        /// Its id
        id: i64,
        /// Why; `-` reads it from standard input
        #[arg(long)]
        reason: String,
    },
    /// Let its clock go on; dates move by the time it rested
    Resume {
        /// Its id
        id: i64,
    },
    /// Ask for more time: the person gets a notice with the causes, and only then it holds
    Extend(RequestExtend),
    /// Propose that it is carried out, as it was prepared
    Propose(RequestPropose),
    /// Propose a refusal: article, reasons, and another person to decide
    Refuse {
        /// Its id
        id: i64,
        /// Article and part that allow it, such as "152-ФЗ ст. 14 ч. 8 п. 3"
        #[arg(long, required_unless_present = "repeated")]
        clause: Option<String>,
        /// The reasons as the person will read them; `-` reads them from standard input
        #[arg(long, required_unless_present = "repeated")]
        reasons: Option<String>,
        /// It comes within 30 days of one that was answered: clause and reasons are ready
        #[arg(long, conflicts_with_all = ["clause", "reasons"])]
        repeated: bool,
    },
    /// Decide what is proposed, be it an approval or a refusal
    Approve {
        /// Its id
        id: i64,
    },
    /// Take a proposal, or an approval of which nothing began, back into review
    SendBack {
        /// Its id
        id: i64,
        /// Why; `-` reads it from standard input
        #[arg(long)]
        reason: String,
    },
    /// Make the plan of a destruction: what is destroyed, what is kept and why
    Plan(RequestPlan),
    /// Put a destruction off that is technically impossible in time; the block stays
    Postpone(RequestPostpone),
    /// Record what was carried out, or begin what the machine carries out
    Execute(RequestExecute),
    /// Record that it was answered by hand
    Answer {
        /// Its id
        id: i64,
        /// When, such as 2026-12-18T10:00:00Z [default: now]
        #[arg(long, value_name = "INSTANT")]
        at: Option<Timestamp>,
        /// How and to whom; `-` reads it from standard input
        #[arg(long)]
        note: String,
    },
    /// Let two requests of one kind by one person be one: the first clock runs on
    Join {
        /// The one
        id: i64,
        /// The other
        with: i64,
    },
    /// The person takes it back: by their later letter that you name, or by a note; another confirms it
    Withdraw {
        /// Its id
        id: i64,
        /// Their later letter or form entry of the same ticket in which they say so
        #[arg(long)]
        submission: Option<i64>,
        /// How the person said so, where they did not write; `-` reads it from standard input
        #[arg(long)]
        note: Option<String>,
    },
    /// Look at it again: its first clock runs on, the answer is owed again
    Reopen {
        /// Its id
        id: i64,
        /// Why; `-` reads it from standard input
        #[arg(long)]
        reason: String,
    },
    /// Legal holds: what no plan destroys
    Hold(Hold),
}

/// `consentry request list`.
#[derive(Debug, Args)]
pub struct RequestList {
    /// Only those of which something is overdue
    #[arg(long)]
    pub overdue: bool,
    /// Only those in this state, such as `under_review`
    #[arg(long, value_parser = state)]
    pub state: Option<RequestState>,
    /// Only those of this name, such as `access`
    #[arg(long, value_parser = name)]
    pub name: Option<RequestName>,
    /// All, closed ones too, newest first
    #[arg(long, conflicts_with = "overdue")]
    pub all: bool,
    /// At most so many
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
    /// With --all: only those before this one (its id), for the next page
    #[arg(long, value_name = "ID", requires = "all")]
    pub before: Option<i64>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `consentry request open`.
#[derive(Debug, Args)]
pub struct RequestOpen {
    /// The number of the ticket, such as CT-7K3M9QXW
    pub ticket: String,
    /// What is asked: `automated_decision` (that a person look at an automated decision)
    #[arg(value_parser = name)]
    pub name: RequestName,
    /// Which letter of the ticket, by its id [default: the last one]
    #[arg(long, value_name = "ID")]
    pub submission: Option<i64>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `consentry request event`.
#[derive(Debug, Args)]
pub struct RequestEvent {
    /// Its id
    pub id: i64,
    /// facts_received, detection or achieved
    #[arg(value_parser = event)]
    pub event: CountsFrom,
    /// When, such as 2026-12-18T10:00:00Z [default: now]
    #[arg(long, value_name = "INSTANT")]
    pub at: Option<Timestamp>,
    /// Why another date than the one that stands is right
    #[arg(long)]
    pub reason: Option<String>,
}

/// `consentry request extend`.
#[derive(Debug, Args)]
pub struct RequestExtend {
    /// Its id
    pub id: i64,
    /// Which duty, such as `answer` or `stop`
    #[arg(long, value_parser = duty)]
    pub duty: DutyName,
    /// The causes as the person will read them; `-` reads them from standard input
    #[arg(long)]
    pub causes: String,
    /// The notice was delivered by hand at this instant
    #[arg(long, value_name = "INSTANT", requires = "proof")]
    pub sent_at: Option<Timestamp>,
    /// How and to whom it was delivered
    #[arg(long, requires = "sent_at")]
    pub proof: Option<String>,
}

/// `consentry request execute`.
#[derive(Debug, Args)]
pub struct RequestExecute {
    /// Its id
    pub id: i64,
    /// A note for ourselves, of what people carried out; `-` reads it from standard input
    #[arg(long)]
    pub note: Option<String>,
}

/// `consentry request propose`.
#[derive(Debug, Args)]
pub struct RequestPropose {
    /// Its id
    pub id: i64,
    /// What was done by hand, a clause the person will read; several times for several
    #[arg(long)]
    pub done: Vec<String>,
    /// What goes on, and on which article or contract: PURPOSE=BASE
    #[arg(long, value_parser = continued)]
    pub continues: Vec<(String, String)>,
    /// Every purpose goes on as --continues says: nothing is to be destroyed
    #[arg(long, requires = "continues")]
    pub all_continue: bool,
    /// What the person claimed was not confirmed: a refusal, with article and reasons
    #[arg(long, requires_all = ["clause", "reasons"], conflicts_with = "continues")]
    pub not_confirmed: bool,
    /// Article and part on which it was not confirmed, such as "152-ФЗ ст. 14 ч. 8 п. 3"
    #[arg(long, requires = "not_confirmed")]
    pub clause: Option<String>,
    /// The reasons as the person will read them; `-` reads them from standard input
    #[arg(long, requires = "not_confirmed")]
    pub reasons: Option<String>,
}

/// `consentry request hold`.
#[derive(Debug, Args)]
pub struct Hold {
    /// Which.
    #[command(subcommand)]
    pub command: HoldCommand,
}

/// What to do with holds.
#[derive(Debug, Subcommand)]
pub enum HoldCommand {
    /// List them, oldest first
    List {
        /// Lifted ones too
        #[arg(long)]
        all: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Lift one
    Lift {
        /// Its id
        id: i64,
        /// Why it is over
        #[arg(long)]
        reason: String,
    },
}

/// One of the words, or all of them.
fn word<T: Copy>(text: &str, all: &[T], word_of: impl Fn(T) -> &'static str) -> Result<T, String> {
    all.iter().copied().find(|one| word_of(*one) == text).ok_or_else(|| {
        let words: Vec<_> = all.iter().map(|one| word_of(*one)).collect();
        format!("write one of: {}", words.join(", "))
    })
}

fn state(text: &str) -> Result<RequestState, String> {
    word(text, RequestState::ALL, RequestState::name)
}

fn name(text: &str) -> Result<RequestName, String> {
    word(text, RequestName::ALL, RequestName::name)
}

fn duty(text: &str) -> Result<DutyName, String> {
    word(text, DutyName::ALL, DutyName::name)
}

fn event(text: &str) -> Result<CountsFrom, String> {
    let events = [CountsFrom::FactsReceived, CountsFrom::Detection, CountsFrom::Achieved];
    word(text, &events, CountsFrom::name)
}

fn continued(text: &str) -> Result<(String, String), String> {
    let (purpose, base) = text
        .split_once('=')
        .ok_or("write PURPOSE=BASE, such as \"исполнение договора=152-ФЗ ст. 6 ч. 1 п. 5\"")?;
    Ok((purpose.trim().to_owned(), base.trim().to_owned()))
}
