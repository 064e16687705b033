//! What the reader child may not do, set by itself before it sees the first byte.
//!
//! Called by `serve`. Memory, files and processor time are limited by the kernel; the daemon
//! limits real time from outside. Limits that cannot be set end the child: it must not read
//! without them.

use std::{io, time::Duration};

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// Address space. The largest mail (32 MiB) needs some 200 MiB with all its decoded copies.
const MEMORY: u64 = 512 * 1024 * 1024;
/// Processor time for one mail. The worst mail within the limits takes under a second.
const CPU: Duration = Duration::from_secs(10);

/// Gives up what reading does not need.
pub fn renounce() -> io::Result<()> {
    rustix::thread::set_no_new_privs(true)?;
    // No core dump: it would hold the mail.
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    both(Resource::Core, 0)?;
    both(Resource::As, MEMORY)?;
    both(Resource::Fsize, 0)?;
    // Standard input, output and error are open already.
    both(Resource::Nofile, 3)
}

/// Allows processor time for one more mail; over it the kernel ends the child (SIGXCPU).
pub fn allow_one_mail() -> io::Result<()> {
    let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime).tv_sec;
    let until = u64::try_from(used).unwrap_or(0) + CPU.as_secs() + 1;
    let hard = rustix::process::getrlimit(Resource::Cpu).maximum;
    let current = hard.map_or(until, |hard| until.min(hard));
    setrlimit(Resource::Cpu, Rlimit { current: Some(current), maximum: hard })?;
    Ok(())
}

fn both(resource: Resource, limit: u64) -> io::Result<()> {
    let hard = rustix::process::getrlimit(resource).maximum;
    let limit = hard.map_or(limit, |hard| limit.min(hard));
    setrlimit(resource, Rlimit { current: Some(limit), maximum: Some(limit) })?;
    Ok(())
}
