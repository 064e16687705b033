//! The process: command line, configuration, wiring, signals, systemd, clock and logs.
//!
//! `main` reads the command line and hands over to one file of [`command`]. `run` starts the
//! parts under [`daemon`]; `demo` does the same on sample mail. Nothing is decided here about
//! people or mail: the rooms do that.

pub mod actor;
pub mod cli;
pub mod clock;
pub mod command;
pub mod config;
pub mod daemon;
pub mod demo;
pub mod dns;
pub mod failure;
pub mod house;
pub mod log;
pub mod print;
pub mod rulebook;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

/// Runs the command that was typed and returns its exit code.
#[must_use]
pub fn main() -> ExitCode {
    // Before anything speaks TLS: without a default provider rustls panics at first use. That one
    // is installed already can only be a second call in one process, with the same provider.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let cli = cli::Cli::parse();
    match command::run(cli) {
        Ok(code) => code,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "consentry: {error:#}");
            failure::exit_code(&error)
        }
    }
}
