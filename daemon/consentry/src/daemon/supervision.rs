//! Supervised loops: what fails is told and started again, with growing pauses.
//!
//! Every part of the daemon runs under here. An error or a panic of one part never ends another;
//! the part comes back after a pause with jitter, from one second to one minute.

use std::future::Future;
use std::time::Duration;

use domain::ambient::random_bytes;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::heartbeat::{Heartbeat, Pulse};
use crate::clock::{SystemClock, SystemEntropy};
use domain::ambient::Clock as _;

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// A part that ran for so long begins with the first pause again.
const SOUND: Duration = Duration::from_secs(300);
/// Silence of a loop that is a fault, unless it names its own.
pub const SILENCE: Duration = Duration::from_secs(120);

/// The parts of the daemon while it runs.
#[derive(Debug, Clone, Default)]
pub struct Supervisor {
    /// All tasks.
    pub tracker: TaskTracker,
    /// Ends them.
    pub cancel: CancellationToken,
    /// Their beats.
    pub heartbeat: Heartbeat,
}

impl Supervisor {
    /// Starts a part and starts it again whenever it fails, until the daemon is to end.
    pub fn supervise<F, W>(&self, name: &str, silence: Duration, start: F)
    where
        F: Fn(Pulse) -> W + Send + 'static,
        W: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        let pulse = self.heartbeat.pulse(name, silence, &self.cancel);
        let name = name.to_owned();
        self.tracker.spawn(async move {
            let mut pause = FIRST_PAUSE;
            while !pulse.is_cancelled() {
                let began = SystemClock.boot_time();
                pulse.beat();
                // A task of its own, so that its panic ends nothing but itself.
                let outcome = tokio::spawn(start(pulse.clone())).await;
                if pulse.is_cancelled() && matches!(outcome, Ok(Ok(()))) {
                    break;
                }
                tell(&name, outcome);
                if SystemClock.boot_time().saturating_sub(began) > SOUND {
                    pause = FIRST_PAUSE;
                }
                pulse.rest(with_jitter(pause)).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            pulse.end();
        });
    }
}

fn tell(name: &str, outcome: Result<anyhow::Result<()>, tokio::task::JoinError>) {
    match outcome {
        Ok(Ok(())) => {
            tracing::warn!(part.name = name, "a part ended by itself and is started again")
        }
        Ok(Err(error)) => {
            let error = format!("{error:#}");
            tracing::error!(part.name = name, error, "a part failed and is started again");
        }
        // The panic hook has told where.
        Err(_) => tracing::error!(part.name = name, "a part broke and is started again"),
    }
}

/// Three quarters to five quarters of a pause, so that nodes do not come back in step.
fn with_jitter(pause: Duration) -> Duration {
    let [random] = random_bytes::<1>(&SystemEntropy);
    pause.mul_f64(0.75 + f64::from(random) / 512.0)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_part_that_fails_or_breaks_is_started_again_and_ends_with_the_daemon() {
        let supervisor = Supervisor::default();
        let starts = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&starts);
        supervisor.supervise("part", SILENCE, move |pulse| {
            let start = counted.fetch_add(1, Ordering::SeqCst);
            async move {
                match start {
                    0 => anyhow::bail!("it fails"),
                    1 => panic!("it breaks"),
                    _ => while pulse.rest(Duration::from_secs(1)).await {},
                }
                Ok(())
            }
        });
        while starts.load(Ordering::SeqCst) < 3 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        supervisor.cancel.cancel();
        supervisor.tracker.close();
        supervisor.tracker.wait().await;
        assert_eq!(starts.load(Ordering::SeqCst), 3);
    }
}
