//! The commands, one file each; here they are told apart.

pub mod act;
pub mod audit;
pub mod backup;
pub mod block;
pub mod campaign;
pub mod classifier;
pub mod classify;
pub mod consent;
pub mod contact;
pub mod contact_regime;
pub mod correction;
pub mod cut;
pub mod destruction;
pub mod disclosure;
pub mod doctor;
pub mod export;
pub mod identity;
pub mod incident;
pub mod init;
pub mod intake;
pub mod list;
pub mod manual;
pub mod migrate;
pub mod node;
pub mod package;
pub mod policy;
mod processing;
pub mod reader;
pub mod recipient;
pub mod register;
pub mod request;
pub mod restore;
pub mod retention;
pub mod status;
pub mod suppression;
pub mod system;
pub mod template;
pub mod ticket;

use std::future::Future;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use cases::CasesError;

use crate::cli::{Cli, Command, General};
use crate::config::{Config, DEFAULT_PATH};
use crate::failure::RefusedByRule;
use crate::house::{House, Schema};
use crate::{daemon, demo, log};

/// For threads that are still at work when a command has ended.
const LAST_MOMENT: Duration = Duration::from_secs(2);

/// Runs one command.
///
/// # Errors
/// Whatever made it fail; [`crate::failure::exit_code`] tells the exit code.
pub fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let general = cli.general;
    match cli.command {
        Command::Run => return on_runtime(daemon::run(load_config(&general)?)),
        Command::Reader => return Ok(reader::run()),
        _ => log::start_for_command(),
    }
    match cli.command {
        Command::Demo(arguments) => on_runtime(demo::run(arguments)),
        Command::Init(arguments) => init::run(&general, &arguments),
        Command::Migrate => on_runtime(migrate::run(load_config(&general)?)),
        Command::Doctor(listing) => on_runtime(doctor::run(load_config(&general)?, listing)),
        Command::Status(listing) => on_runtime(status::run(load_config(&general)?, listing)),
        Command::Node(arguments) => on_runtime(node::run(general, arguments)),
        Command::Intake(arguments) => on_runtime(intake::run(load_config(&general)?, arguments)),
        Command::Classify(arguments) => classify::run(&general, &arguments),
        Command::Classifier(arguments) => on_runtime(classifier::run(general, arguments)),
        Command::Ticket(arguments) => on_runtime(ticket::run(general, arguments)),
        Command::Request(arguments) => on_runtime(request::run(general, arguments)),
        Command::Block(arguments) => on_runtime(block::run(general, arguments)),
        Command::Identity(arguments) => on_runtime(identity::run(general, arguments)),
        Command::List(arguments) => on_runtime(list::run(general, arguments)),
        Command::Policy(arguments) => on_runtime(policy::run(general, arguments)),
        Command::Consent(arguments) => on_runtime(consent::run(general, arguments)),
        Command::Contact(arguments) => on_runtime(contact::run(general, arguments)),
        Command::Campaign(arguments) => on_runtime(campaign::run(general, arguments)),
        Command::Template(arguments) => template::run(arguments),
        Command::Act(arguments) => on_runtime(act::run(general, arguments)),
        Command::Register(arguments) => on_runtime(register::run(general, arguments)),
        Command::System(arguments) => on_runtime(system::run(general, arguments)),
        Command::Recipient(arguments) => on_runtime(recipient::run(general, arguments)),
        Command::Disclosure(arguments) => on_runtime(disclosure::run(general, arguments)),
        Command::Suppression(arguments) => on_runtime(suppression::run(general, arguments)),
        Command::Backup(arguments) => on_runtime(backup::run(general, arguments)),
        Command::Restore(arguments) => on_runtime(restore::run(general, arguments)),
        Command::Incident(arguments) => on_runtime(incident::run(general, arguments)),
        Command::Retention(arguments) => on_runtime(retention::run(general, arguments)),
        Command::Package(arguments) => on_runtime(package::run(general, arguments)),
        Command::Correction(arguments) => on_runtime(correction::run(general, arguments)),
        Command::Export(arguments) => on_runtime(export::run(general, arguments)),
        Command::Audit(arguments) => on_runtime(audit::run(general, arguments)),
        Command::Completions(arguments) => manual::completions(arguments.shell),
        Command::Man => manual::man(),
        Command::Run | Command::Reader => Ok(ExitCode::SUCCESS),
    }
}

fn on_runtime(command: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(command);
    // What did not end in time is cut off here: every step can be taken up again.
    runtime.shutdown_timeout(LAST_MOMENT);
    outcome
}

/// The configuration's place: `--config`, `$CONSENTRY_CONFIG`, else the default.
#[must_use]
pub fn config_path(general: &General) -> PathBuf {
    general.config.clone().unwrap_or_else(|| Path::new(DEFAULT_PATH).to_owned())
}

fn load_config(general: &General) -> anyhow::Result<Config> {
    Ok(Config::load(&config_path(general))?)
}

/// Opens the house for a command that reads or changes single things. Nothing is shown, handed out
/// or backed up of a database that must be restored first: people who were destroyed stand in it.
async fn open_house(general: &General) -> anyhow::Result<House> {
    let config = load_config(general)?;
    crate::actor::permit(&config.people, general.actor.as_deref())?;
    let house = House::open(config, Schema::Require).await?;
    restore::check_replayed(&house).await?;
    Ok(house)
}

/// A refusal by a rule keeps its name, so that the exit code can be 3.
fn told(error: CasesError) -> anyhow::Error {
    match error {
        CasesError::Refused { rule, reason } => RefusedByRule { rule, reason }.into(),
        other => other.into(),
    }
}
