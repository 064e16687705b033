//! `consentry request plan` and `postpone`, `consentry contact erase`, as typed.

use clap::{Args, ValueEnum};
use domain::{Timestamp, plan::Keep};

/// `consentry request plan`.
#[derive(Debug, Args)]
pub struct RequestPlan {
    /// Its id
    pub id: i64,
    /// Show the plan that stands, and what became of it
    #[arg(long, conflicts_with_all = ["dry_run", "method", "contact", "keep", "verify"])]
    pub show: bool,
    /// Ask the database and the vault once more what is left of the person; exit code 1 if anything
    #[arg(long, conflicts_with_all = ["dry_run", "method", "contact", "keep"])]
    pub verify: bool,
    /// Tell what the plan would be, and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Destroy, or only empty what tells who it was
    #[arg(long, value_enum, default_value_t = PlanMethod::Destroy)]
    pub method: PlanMethod,
    /// Whose data, where several contacts have the address
    #[arg(long, value_name = "ID")]
    pub contact: Option<i64>,
    /// What a law keeps, and until when, such as "contact=402-FZ art. 29(1),2031-12-31"; parts:
    /// contact, submissions, letters, consents
    #[arg(long, value_name = "PART=LAW,UNTIL", value_parser = keep)]
    pub keep: Vec<Keep>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// How data are done away with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PlanMethod {
    /// Rows removed, keys destroyed
    Destroy,
    /// Rows stay and count, without whatever tells who it was
    Anonymise,
}

/// `consentry request postpone`.
#[derive(Debug, Args)]
pub struct RequestPostpone {
    /// Its id
    pub id: i64,
    /// Until when at most: an instant such as 2027-03-01T20:59:59Z, six months from the receipt at
    /// the latest
    #[arg(long, value_name = "INSTANT")]
    pub until: Timestamp,
    /// What makes it technically impossible now; the person reads it; `-` reads it from standard
    /// input
    #[arg(long)]
    pub reason: String,
}

/// `consentry contact erase`.
#[derive(Debug, Args)]
pub struct ContactErase {
    /// The number of the contact
    pub contact: i64,
    /// When the person asked, such as 2026-12-18T10:00:00Z [default: now]
    #[arg(long, value_name = "INSTANT")]
    pub received_at: Option<Timestamp>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

fn keep(text: &str) -> Result<Keep, String> {
    Keep::parse(text).map_err(|error| error.to_string())
}
