//! `consentry migrate`: brings the database up to this version.

use std::process::ExitCode;

use crate::config::Config;
use crate::house::{Schema, open_store};
use crate::print;

/// Migrates.
///
/// # Errors
/// When the database cannot be reached or changed.
pub async fn run(config: Config) -> anyhow::Result<ExitCode> {
    crate::house::prepare_data_directory(&config)?;
    let store = open_store(&config, Schema::Migrate).await?;
    store.close().await;
    print::line("the database is up to this version")?;
    Ok(ExitCode::SUCCESS)
}
