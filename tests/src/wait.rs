//! Waiting for a named condition with a limit: the only way in which a test lets time pass.

use std::{thread, time::Duration};

use anyhow::{Result, anyhow};
use tokio::time::Instant;

/// What the slowest server of the harness needs at most, on a busy machine.
pub const LONG: Duration = Duration::from_secs(60);

/// Asks `condition` until it has an answer.
///
/// # Errors
/// After `limit`, an error that names what was waited for; at once, the condition's own error.
pub fn wait_for<T>(
    what: &str,
    limit: Duration,
    mut condition: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let started = Instant::now();
    let mut pause = Duration::from_millis(5);
    loop {
        if let Some(answer) = condition()? {
            return Ok(answer);
        }
        if started.elapsed() > limit {
            return Err(anyhow!("waited {} s in vain until {what}", limit.as_secs()));
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(100));
    }
}

/// Asks `condition` until it is true.
///
/// # Errors
/// After `limit`, an error that names what was waited for; at once, the condition's own error.
pub fn wait_until(
    what: &str,
    limit: Duration,
    mut condition: impl FnMut() -> Result<bool>,
) -> Result<()> {
    wait_for(what, limit, || Ok(condition()?.then_some(())))
}
