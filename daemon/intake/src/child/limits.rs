//! What the kernel lets a reader child take, set by itself before it sees the first byte of mail.
//!
//! Called by `serve`. The daemon limits real time from outside. Limits that cannot be set end the
//! child: it must not read without them.

use std::{io, time::Duration};

use rustix::process::{
    DumpableBehavior, Resource, Rlimit, Signal, set_dumpable_behavior,
    set_parent_process_death_signal, setrlimit,
};
use serde::{Deserialize, Serialize};

use super::pool::MOST;

/// A child that used so much of it, in that of one mail, is replaced after its batch.
const OLD: u64 = 40;

/// What one child may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Address space, in bytes. The largest mail (32 MiB) needs some 200 MiB with all its decoded
    /// copies. Default 512 MiB.
    pub memory: u64,
    /// Processor time for one mail, in whole seconds. Default 10 s.
    pub cpu: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { memory: 512 * 1024 * 1024, cpu: Duration::from_secs(10) }
    }
}

/// Ties the child to the thread that started it, and takes from it what it needs not even to
/// start. If that thread is gone already, standard input ends before the first frame.
pub fn belong_to_parent() -> io::Result<()> {
    // When the machine has no memory left, a reader dies before the daemon. Only a wish, and only
    // before `/proc` belongs to root.
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    set_parent_process_death_signal(Some(Signal::KILL))?;
    rustix::thread::set_no_new_privs(true)?;
    // No core dump, no debugger: the child holds mail.
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    both(Resource::Core, 0)
}

/// Gives up what reading does not need. All files are open already.
pub fn renounce(limits: &Limits) -> io::Result<()> {
    both(Resource::As, limits.memory)?;
    both(Resource::Fsize, 0)?;
    both(Resource::Nofile, 0)?;
    both(Resource::Nproc, 0)?;
    // What an old child has left is enough for a whole batch, so that no mail dies of its place.
    let cpu = limits.cpu.as_secs();
    let batch = u64::try_from(MOST).unwrap_or(u64::MAX).saturating_mul(cpu.saturating_add(2));
    both(Resource::Cpu, used().saturating_add(OLD.saturating_mul(cpu)).saturating_add(batch))
}

/// Allows processor time for one more mail; over it the kernel ends the child (SIGXCPU).
pub fn allow_one_mail(limits: &Limits) -> io::Result<()> {
    let until = used() + limits.cpu.as_secs() + 1;
    let hard = rustix::process::getrlimit(Resource::Cpu).maximum;
    let current = hard.map_or(until, |hard| until.min(hard));
    setrlimit(Resource::Cpu, Rlimit { current: Some(current), maximum: hard })?;
    Ok(())
}

/// Whether the child has used so much of its life that it must end before a mail would pay for
/// its forerunners.
pub fn is_old(limits: &Limits) -> bool {
    used() > OLD * limits.cpu.as_secs()
}

/// Processor time used so far, in seconds.
fn used() -> u64 {
    let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime).tv_sec;
    u64::try_from(used).unwrap_or(0)
}

fn both(resource: Resource, limit: u64) -> io::Result<()> {
    let hard = rustix::process::getrlimit(resource).maximum;
    let limit = hard.map_or(limit, |hard| limit.min(hard));
    setrlimit(resource, Rlimit { current: Some(limit), maximum: Some(limit) })?;
    Ok(())
}
