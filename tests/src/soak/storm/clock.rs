//! The wall clock of rows and the clock of measurements, one machine for all.

use std::time::Duration;

use anyhow::{Context as _, Result};
use domain::Timestamp;
use rustix::time::{ClockId, clock_gettime};
use tokio::time::Instant;

/// The instant of a time on the wall clock that is not long ago.
pub(super) fn instant_of(at: Timestamp) -> Result<Instant> {
    let (now, wall) = (Instant::now(), wall_time()?);
    let ago = Duration::try_from(wall.duration_since(at))?;
    now.checked_sub(ago).context("a time from before the machine started")
}

/// The wall clock, as the daemon's rows have it.
pub(super) fn wall_time() -> Result<Timestamp> {
    let time = clock_gettime(ClockId::Realtime);
    Ok(Timestamp::new(time.tv_sec, i32::try_from(time.tv_nsec)?)?)
}
