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
pub mod localisation;
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
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return explain(&error),
    };
    match command::run(cli) {
        Ok(code) => code,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "consentry: {error:#}");
            failure::exit_code(&error)
        }
    }
}

/// Help and version as they are; a mistake without the addresses that were typed, since what a
/// command says on standard error ends in logs.
fn explain(error: &clap::Error) -> ExitCode {
    let typed: Vec<String> =
        std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    if !error.use_stderr() || !typed.iter().any(|word| word.contains('@')) {
        let _ = error.print();
    } else {
        let told = without_addresses(&error.render().to_string(), &typed);
        let _ = write!(std::io::stderr(), "{told}");
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

fn without_addresses(told: &str, typed: &[String]) -> String {
    let values = typed.iter().flat_map(|word| {
        let value = word.split_once('=').map(|(_, value)| value);
        [Some(word.as_str()), value].into_iter().flatten()
    });
    values
        .filter(|value| value.contains('@'))
        .fold(told.to_owned(), |told, value| told.replace(value, "***@***"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_is_told_without_the_address_that_was_typed() {
        let typed = ["consentry", "--as=anna@mail.example", "x y@z"].map(str::to_owned);
        let told = "invalid value 'anna@mail.example' for '--as'; unexpected 'x y@z'";
        let told = without_addresses(told, &typed);
        assert_eq!(told, "invalid value '***@***' for '--as'; unexpected '***@***'");
    }
}
