//! `[reader]`: the child processes in which hostile mail is read.

use std::time::Duration;

use intake::child::{Limits, ReaderConfig};

use super::section::Section;

/// How many there may be and how much one may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReaderSection {
    /// Children at the same time; none named: by the cores of the machine.
    pub processes: Option<u32>,
    /// Address space of one child, in bytes.
    pub memory: u64,
    /// Time for one mail.
    pub time_limit: Duration,
    /// Processor time for one mail.
    pub cpu_limit: Duration,
    /// After so many mails a child is replaced.
    pub mails_per_process: u32,
}

impl ReaderSection {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let second = Duration::from_secs(1);
        let usual = Limits::default();
        let read = Self {
            processes: section.optional_number("processes", 1..=64),
            memory: section.size("memory", (128 << 20)..=(16 << 30), usual.memory),
            // The watchdog of a mailbox waits three times as long.
            time_limit: section.duration("time_limit", second..=45 * second, 30 * second),
            cpu_limit: section.duration("cpu_limit", second..=45 * second, usual.cpu),
            mails_per_process: section.number("mails_per_process", 1..=1_000_000, 10_000),
        };
        section.finish();
        read
    }

    /// Sets what was configured.
    pub fn apply(&self, to: &mut ReaderConfig) {
        if let Some(processes) = self.processes.and_then(|n| usize::try_from(n).ok()) {
            to.processes = processes;
        }
        to.limits = Limits { memory: self.memory, cpu: self.cpu_limit };
        to.time_limit = self.time_limit;
        to.mails_per_process = u64::from(self.mails_per_process);
    }
}
