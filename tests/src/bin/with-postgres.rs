//! Runs a command beside a fresh PostgreSQL, whose URL it finds in `CONSENTRY_TEST_POSTGRES`.
//!
//! `tests/run` wraps the whole test run in it, so that tests of single crates share one server.

use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result};
use tests::servers::Postgres;

fn main() -> Result<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    let program = arguments.next().context("usage: with-postgres PROGRAM ARGUMENTS…")?;
    let postgres = Postgres::start()?;
    let status = Command::new(program)
        .args(arguments)
        .env("CONSENTRY_TEST_POSTGRES", postgres.database()?)
        .status()?;
    Ok(status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .map_or(ExitCode::FAILURE, ExitCode::from))
}
