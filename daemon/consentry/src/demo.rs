//! `consentry demo`: the way of a letter from hello@ to ticket, block and answer, and a campaign
//! that it stops, with nothing installed.
//!
//! A directory gets a configuration, a Maildir of sample mails, a database with two lists and
//! fifty contacts; then the same rooms work on it as in `run`. Standard output holds the table or
//! the document alone. The directory is kept when it was named, so that every other command can
//! look at it: `consentry ticket list --config DIR/consentry.toml`.

mod newsletter;
mod people;
mod place;
mod running;
mod samples;
mod story;

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;

use crate::cli::Demo;
use crate::config::Config;
use crate::daemon::reading::Reading;
use crate::daemon::sending::Sending;
use crate::daemon::supervision::Supervisor;
use crate::daemon::{self, Signals};
use crate::house::{House, Schema};
use crate::print;

/// Runs the demo.
///
/// # Errors
/// When the directory cannot be used, or a mail was not carried to its end.
pub async fn run(arguments: Demo) -> anyhow::Result<ExitCode> {
    match &arguments.dir {
        Some(directory) => {
            std::fs::create_dir_all(directory)
                .with_context(|| format!("cannot make `{}`", directory.display()))?;
            let directory = directory.canonicalize()?;
            run_in(&directory, &arguments).await
        }
        None => {
            let directory = tempfile::Builder::new().prefix("consentry-demo-").tempdir()?;
            run_in(directory.path(), &arguments).await
        }
    }
}

async fn run_in(directory: &Path, arguments: &Demo) -> anyhow::Result<ExitCode> {
    let mut signals = Signals::listen()?;
    // The port is taken first: the letters name the address of the pages.
    let listener = daemon::sockets::listener(([127, 0, 0, 1], 0).into())?;
    let text = place::configuration(directory, listener.local_addr()?);
    place::write(directory, &text)?;
    let config = Config::parse(&text)
        .map_err(|problems| anyhow::anyhow!("the demo's own configuration: {problems:?}"))?;
    let sending = Sending::prepare(&config)?;
    let _lock = daemon::lock(&config)?;
    let house = House::open(config, Schema::Migrate).await?;
    newsletter::seed(&house, directory).await?;
    samples::prepare(&place::inbox(directory))?;
    // No resolver: the samples name servers that do not exist.
    let reading = Reading::prepare_with(&house, None)?;
    let (first, listener) = running::twice(listener)?;
    let story = tokio::select! {
        story = running::carry(&house, &reading, &sending, first, directory) => story?,
        name = signals.end() => anyhow::bail!("ended by {name}"),
    };
    if arguments.json {
        print::json_document(&story.document())?;
    } else {
        story.print(&house, directory)?;
    }
    if arguments.until_idle {
        house.close().await;
        return Ok(if story.is_complete() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    if !arguments.json {
        print::line(
            "\nThe daemon runs on: look at the pages, put mail into inbox/new, end with Ctrl-C.",
        )?;
    }
    let supervisor = Supervisor::default();
    daemon::start(&house, sending, reading, listener, &supervisor)?;
    signals.end().await;
    daemon::stop(&supervisor).await;
    house.close().await;
    Ok(ExitCode::SUCCESS)
}

fn house_now() -> jiff::Timestamp {
    crate::house::clock().now()
}
