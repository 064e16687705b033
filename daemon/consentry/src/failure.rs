//! How a command ends: the exit codes of the command line, which are a contract.
//!
//! 0 done, 1 failed, 2 wrong usage or configuration, 3 refused by a rule. Commands return
//! `anyhow` errors; what kind they are is seen from the two types here and `ConfigError`.

use std::process::ExitCode;

use crate::config::ConfigError;

/// A rule of the domain or of the law forbids what was asked; the command ends with 3.
#[derive(Debug, thiserror::Error)]
#[error("refused by the rule `{rule}`: {reason}")]
pub struct RefusedByRule {
    /// The name of the rule.
    pub rule: &'static str,
    /// What it says here.
    pub reason: String,
}

/// What was typed or configured cannot be right; the command ends with 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct WrongUse(pub String);

/// The exit code for an error.
#[must_use]
pub fn exit_code(error: &anyhow::Error) -> ExitCode {
    for cause in error.chain() {
        if cause.is::<RefusedByRule>() {
            return ExitCode::from(3);
        }
        if cause.is::<ConfigError>() || cause.is::<WrongUse>() {
            return ExitCode::from(2);
        }
    }
    ExitCode::FAILURE
}
