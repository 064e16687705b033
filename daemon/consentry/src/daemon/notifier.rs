//! What systemd is told: READY, STOPPING, and WATCHDOG while every loop turns.
//!
//! Outside of systemd ($NOTIFY_SOCKET is not set) all of it is nothing.

use std::time::Duration;

use sd_notify::NotifyState;

use super::heartbeat::{Heartbeat, Pulse};

/// Says that the daemon is up: migrated, checked, listening.
pub fn ready() {
    tell(&[
        NotifyState::Ready,
        NotifyState::Status("reading mail, sending answers, showing pages"),
    ]);
}

/// Says that the daemon ends.
pub fn stopping() {
    tell(&[NotifyState::Stopping, NotifyState::Status("ending what is under way")]);
}

/// Feeds the watchdog while no loop is silent, as often as systemd wants.
///
/// # Errors
/// Never; the signature is that of every part.
pub async fn feed_watchdog(heartbeat: &Heartbeat, pulse: &Pulse) -> anyhow::Result<()> {
    let wanted = sd_notify::watchdog_enabled();
    let every = wanted.map_or(Duration::from_secs(20), |limit| limit / 3);
    let mut told: Vec<String> = Vec::new();
    while pulse.rest(every).await {
        let silent = heartbeat.silent();
        if silent.is_empty() {
            tell(&[NotifyState::Watchdog]);
        } else if silent != told {
            let parts = silent.join(", ");
            tracing::error!(
                part.names = parts,
                "parts of the daemon hang; the watchdog is not fed"
            );
        }
        told = silent;
    }
    Ok(())
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "systemd could not be told");
    }
}
