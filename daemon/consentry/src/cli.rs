//! The command line, as typed. What each command does is in `command`, one file each.

pub mod access;
pub mod backup;
pub mod campaign;
pub mod contact;
pub mod destruction;
pub mod identity;
pub mod incident;
pub mod lists;
pub mod proof;
pub mod request;
pub mod retention;
pub mod system;
pub mod ticket;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub use access::{Correction, CorrectionCommand, Export, ExportCommand, Package, PackageCommand};
pub use backup::{Backup, Restore, Suppression, SuppressionCommand};
pub use campaign::{Campaign, CampaignCommand, Start as CampaignStart, Template, TemplateCommand};
pub use contact::{Contact, ContactCommand, ContactImport, ExportFormat};
pub use identity::{Identity, IdentityCommand, RepresentativeKind};
pub use lists::{Consent, ConsentCommand, List, ListCommand, Policy, PolicyCommand};
pub use proof::{
    Act, ActCommand, ActFormat, Audit, AuditCommand, AuditFormat, Register, RegisterCommand,
    RegisterFormat,
};
pub use retention::{Retention, RetentionCommand};
pub use system::{
    Disclosure, DisclosureCommand, DisclosureFormat, Recipient, RecipientCommand,
    RecipientNoticeCommand, System, SystemCommand,
};
pub use ticket::{
    Classifier, ClassifierCommand, Correct as TicketCorrection, Ticket, TicketCommand,
};

/// Reads the hello@ mailbox under privacy law: tickets, blocks, deadlines, answers.
#[derive(Debug, Parser)]
#[command(name = "consentry", version, about, propagate_version = true, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// What holds for every command.
    #[command(flatten)]
    pub general: General,
}

/// What holds for every command.
#[derive(Debug, Clone, Args)]
pub struct General {
    /// The configuration
    #[arg(long, global = true, value_name = "FILE", env = "CONSENTRY_CONFIG")]
    pub config: Option<PathBuf>,
    /// Who acts, for the audit [default: the system user]
    #[arg(long, global = true, value_name = "NAME")]
    pub actor: Option<String>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show the whole way of a letter on sample mail, with nothing installed
    Demo(Demo),
    /// Ask a few questions, write a configuration and check it
    Init(Init),
    /// Run the daemon: read mailboxes, send, show the pages
    Run,
    /// Bring the database up to this version
    Migrate,
    /// Check configuration, database, vault, logins, rules
    Doctor(Listing),
    /// Tell how everything stands
    Status(Listing),
    /// The daemons that share the database
    Node(Node),
    /// Reading mail by hand
    Intake(Intake),
    /// Tell what a mail asks for, and why
    Classify(Classify),
    /// What the classifier learns from
    Classifier(Classifier),
    /// The conversations with people
    Ticket(Ticket),
    /// What people ask for, from receipt to a proven end
    Request(request::Request),
    /// What must not be processed
    Block(Block),
    /// Who asks: proofs, the question "was it you?", representatives
    Identity(Identity),
    /// Mailing lists and their consent texts
    List(List),
    /// Versions of the privacy policy
    Policy(Policy),
    /// What people consented to, and the proof of it
    Consent(Consent),
    /// People: brought in, attested, handed out, shown
    Contact(Contact),
    /// Newsletters: written, approved, scheduled, stopped, reported
    Campaign(Campaign),
    /// The templates of newsletters
    Template(Template),
    /// Acts of destruction
    Act(Act),
    /// The register of appeals
    Register(Register),
    /// Connected systems: told of blocks, corrections, destruction
    System(System),
    /// Whoever gets data from us, and the notices they get
    Recipient(Recipient),
    /// The register of what was given to whom, on which ground
    Disclosure(Disclosure),
    /// Addresses that are never mailed
    Suppression(Suppression),
    /// Copy database and objects while the daemon runs
    Backup(Backup),
    /// Put a backup in place; nothing leaves until it is released
    Restore(Restore),
    /// Breaches of personal data: both clocks, both notices, the people told
    Incident(incident::Incident),
    /// What is kept how long, and the look through what is over
    Retention(Retention),
    /// What is held about a person, for that person
    Package(Package),
    /// Data that are corrected, with their proof
    Correction(Correction),
    /// Files without a person in them
    Export(Export),
    /// The sealed record of what was done
    Audit(Audit),
    /// Print completions for a shell
    Completions(Completions),
    /// Print the manual page
    Man,
    /// Read hostile mail on behalf of the daemon (not for people)
    #[command(hide = true)]
    Reader,
}

/// `consentry demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// Work in this directory and keep it [default: a temporary one]
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// End when every mail is filed and every answer settled
    #[arg(long)]
    pub until_idle: bool,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// `consentry init`.
#[derive(Debug, Args)]
pub struct Init {
    /// Ask nothing: write the example, to be edited
    #[arg(long)]
    pub example: bool,
    /// Replace a configuration that is there
    #[arg(long)]
    pub force: bool,
}

/// A command that lists something.
#[derive(Debug, Clone, Copy, Args)]
pub struct Listing {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `consentry node`.
#[derive(Debug, Args)]
pub struct Node {
    /// Which.
    #[command(subcommand)]
    pub command: NodeCommand,
}

/// What to do with nodes.
#[derive(Debug, Subcommand)]
pub enum NodeCommand {
    /// List them
    List(Listing),
    /// Settle the rows of a node that will not come back, as uncertain
    Retire {
        /// The name of the node
        name: String,
    },
}

/// `consentry intake`.
#[derive(Debug, Args)]
pub struct Intake {
    /// Which.
    #[command(subcommand)]
    pub command: IntakeCommand,
}

/// How to read mail by hand.
#[derive(Debug, Subcommand)]
pub enum IntakeCommand {
    /// Poll every mailbox once and print one line for each message
    Run {
        /// End after one poll (required: the daemon is `consentry run`)
        #[arg(long, required = true)]
        once: bool,
        /// Print one JSON object a line
        #[arg(long)]
        json: bool,
    },
}

/// `consentry classify`.
#[derive(Debug, Args)]
pub struct Classify {
    /// Print one JSON object a line (without it, for people)
    #[arg(long)]
    pub json: bool,
    /// Tell why: every verdict, those without consequence too, every hit with its rule, weight and
    /// place, the new text and what was left out of it; with --json the same as JSON
    #[arg(long)]
    pub explain: bool,
    /// Mails as files (RFC 5322)
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

/// `consentry block`.
#[derive(Debug, Args)]
pub struct Block {
    /// Which.
    #[command(subcommand)]
    pub command: BlockCommand,
}

/// What to do with blocks.
#[derive(Debug, Subcommand)]
pub enum BlockCommand {
    /// List them, newest first
    List {
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
    /// Lift one
    Lift {
        /// Its id
        id: i64,
        /// Why
        #[arg(long)]
        reason: String,
        /// It was set by a misreading: what the same words withdrew is restored
        #[arg(long)]
        misread: bool,
        /// How you told the person before (GDPR 18(3)); kept sealed
        #[arg(long, value_name = "NOTE", conflicts_with = "misread")]
        told_by_hand: Option<String>,
    },
    /// Set one by hand: of a contact, or of an address that may be nobody's yet
    Set {
        /// An address, or the number of a contact
        #[arg(value_name = "ADDRESS|ID")]
        whom: String,
        /// full, marketing, purposes=newsletter,research or fields=phone,name
        #[arg(long, default_value = "full")]
        scope: String,
        /// For what: a label or the article, no personal data
        #[arg(long)]
        basis: String,
        /// The number of the ticket it belongs to
        #[arg(long, value_name = "NUMBER")]
        ticket: Option<String>,
        /// Why it is narrower than it would be, such as an appointment tomorrow; only while a
        /// rectification or restriction is checked; kept sealed
        #[arg(long, value_name = "REASON", requires = "ticket")]
        exception: Option<String>,
        /// An authority demands it; its ticket is held against destruction
        #[arg(long, requires = "ticket")]
        authority: bool,
    },
    /// Show what all blocks of a person hold together; audited
    Show {
        /// An address, or the number of a contact
        #[arg(value_name = "ADDRESS|ID")]
        whom: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// `consentry completions`.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    pub shell: clap_complete::Shell,
}

#[cfg(test)]
mod documented;
#[cfg(test)]
mod looks;

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn every_command_can_be_typed() {
        // Names that clash panic only when their command is built, and only in debug builds.
        Cli::command().debug_assert();
    }
}
