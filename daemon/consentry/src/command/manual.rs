//! `consentry completions` and `consentry man`: made from the command line itself.

use std::process::ExitCode;

use clap::CommandFactory as _;

use crate::cli::Cli;

/// Prints completions for a shell.
///
/// # Errors
/// Never; the signature is that of every command.
pub fn completions(shell: clap_complete::Shell) -> anyhow::Result<ExitCode> {
    clap_complete::generate(shell, &mut Cli::command(), "consentry", &mut std::io::stdout());
    Ok(ExitCode::SUCCESS)
}

/// Prints the manual page, those of the subcommands behind it.
///
/// # Errors
/// When standard output cannot be written.
pub fn man() -> anyhow::Result<ExitCode> {
    let mut command = Cli::command();
    command.build();
    clap_mangen::Man::new(command.clone()).render(&mut std::io::stdout())?;
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        let name = format!("consentry-{}", sub.get_name());
        clap_mangen::Man::new(sub.clone()).title(name).render(&mut std::io::stdout())?;
    }
    Ok(ExitCode::SUCCESS)
}
