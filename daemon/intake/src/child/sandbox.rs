//! The system calls that are left to a reader child: to read, to write, to have memory, to end.
//!
//! Called by `serve` when everything is loaded, as its last step before mail. There is no way back
//! and no privilege is needed (seccomp with `no_new_privs`). A library that merely looks for a
//! file is told that it may not; whoever tries anything else, a socket, a process, a thread,
//! executable memory, is killed (SIGSYS), and its mail is blamed.

use std::{collections::BTreeMap, io};

use libc::c_long;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen as Width, SeccompCmpOp as Is, SeccompCondition,
    SeccompFilter, SeccompRule, TargetArch,
};

/// Allowed with any arguments.
const ALLOWED: [c_long; 26] = [
    // The frames, and our own `/proc/self/status`.
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_pread64,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_close,
    // Memory.
    libc::SYS_brk,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    // Locks, clocks, seeds of hash tables.
    libc::SYS_futex,
    libc::SYS_sched_yield,
    libc::SYS_clock_gettime,
    libc::SYS_gettimeofday,
    libc::SYS_clock_nanosleep,
    libc::SYS_getrandom,
    libc::SYS_restart_syscall,
    // Signals of our own: a panic, a stack that overflows, an abort.
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_getpid,
    libc::SYS_gettid,
    // What is used and what is left of it.
    libc::SYS_getrusage,
    // The end.
    libc::SYS_exit,
    libc::SYS_exit_group,
];

/// Refused without being killed: libraries ask this and go on without an answer.
const REFUSED: [c_long; 10] = [
    libc::SYS_openat,
    libc::SYS_openat2,
    libc::SYS_newfstatat,
    libc::SYS_fstat,
    libc::SYS_statx,
    libc::SYS_faccessat,
    libc::SYS_readlinkat,
    libc::SYS_ioctl,
    libc::SYS_sched_getaffinity,
    libc::SYS_sysinfo,
];

/// The older names of the same, where the processor has them.
#[cfg(target_arch = "x86_64")]
const REFUSED_OF_OLD: [c_long; 5] =
    [libc::SYS_open, libc::SYS_stat, libc::SYS_lstat, libc::SYS_access, libc::SYS_readlink];
#[cfg(not(target_arch = "x86_64"))]
const REFUSED_OF_OLD: [c_long; 0] = [];

/// Leaves the child nothing but these calls, for good.
pub fn close() -> io::Result<()> {
    // Where both filters speak, the harsher action holds; the harsher one is loaded last, since
    // it forbids the loading.
    let (polite, harsh) = programs().map_err(io::Error::other)?;
    seccompiler::apply_filter(&polite).map_err(io::Error::other)?;
    seccompiler::apply_filter(&harsh).map_err(io::Error::other)
}

type Rules = BTreeMap<c_long, Vec<SeccompRule>>;

fn programs() -> Result<(BpfProgram, BpfProgram), seccompiler::BackendError> {
    let arch = TargetArch::try_from(std::env::consts::ARCH)?;
    let refused = || REFUSED.into_iter().chain(REFUSED_OF_OLD);
    let polite: Rules = refused().map(|call| (call, Vec::new())).collect();
    // EACCES is a number between 0 and 4095 everywhere.
    let denied = SeccompAction::Errno(libc::EACCES.unsigned_abs());
    let polite = SeccompFilter::new(polite, SeccompAction::Allow, denied, arch)?;
    let mut harsh: Rules = ALLOWED.into_iter().chain(refused()).map(|c| (c, Vec::new())).collect();
    let prot_exec = u64::from(libc::PROT_EXEC.unsigned_abs());
    for call in [libc::SYS_mmap, libc::SYS_mprotect] {
        let not_executable = SeccompCondition::new(2, Width::Qword, Is::MaskedEq(prot_exec), 0)?;
        harsh.insert(call, vec![SeccompRule::new(vec![not_executable])?]);
    }
    // Debug builds ask whether what they close is open.
    let is_open =
        SeccompCondition::new(1, Width::Dword, Is::Eq, u64::from(libc::F_GETFD.unsigned_abs()))?;
    harsh.insert(libc::SYS_fcntl, vec![SeccompRule::new(vec![is_open])?]);
    // `abort` sends its signal to itself.
    let own = SeccompCondition::new(0, Width::Dword, Is::Eq, u64::from(std::process::id()))?;
    harsh.insert(libc::SYS_tgkill, vec![SeccompRule::new(vec![own])?]);
    // The processor time of the next mail, below the limit of the child's life.
    let itself = SeccompCondition::new(0, Width::Dword, Is::Eq, 0)?;
    let cpu = SeccompCondition::new(1, Width::Dword, Is::Eq, u64::from(libc::RLIMIT_CPU))?;
    harsh.insert(libc::SYS_prlimit64, vec![SeccompRule::new(vec![itself, cpu])?]);
    let kill = SeccompAction::KillProcess;
    let harsh = SeccompFilter::new(harsh, kill, SeccompAction::Allow, arch)?;
    Ok((polite.try_into()?, harsh.try_into()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filters_can_be_built_and_no_call_is_both_allowed_and_refused() {
        let (polite, harsh) = programs().expect("built");
        assert!(!polite.is_empty() && harsh.len() > polite.len());
        assert!(ALLOWED.iter().all(|call| !REFUSED.contains(call)));
    }
}
