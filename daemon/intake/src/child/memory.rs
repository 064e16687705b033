//! How much memory a reader child holds, measured by itself.
//!
//! Opened by `serve` before the child may open nothing more, read after each batch. The daemon
//! replaces a child that has grown; what truly holds it is the kernel's limit.

use std::{fs::File, os::unix::fs::FileExt as _};

use serde::{Deserialize, Serialize};

/// What a child holds; zero where it cannot be known (no `/proc`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// Resident now, in bytes.
    pub resident: u64,
    /// The most that was ever resident, in bytes.
    pub peak: u64,
}

/// The place where the kernel tells it.
pub struct Gauge {
    status: Option<File>,
}

impl Gauge {
    /// Opens it.
    pub fn open() -> Self {
        Self { status: File::open("/proc/self/status").ok() }
    }

    /// Measures.
    pub fn read(&self) -> Memory {
        let mut text = [0; 4096];
        let Some(Ok(got)) = self.status.as_ref().map(|status| status.read_at(&mut text, 0)) else {
            return Memory::default();
        };
        parse(&String::from_utf8_lossy(&text[..got]))
    }
}

fn parse(status: &str) -> Memory {
    let kilobytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|line| line.split_whitespace().next());
        number.and_then(|number| number.parse::<u64>().ok()).unwrap_or(0).saturating_mul(1024)
    };
    Memory { resident: kilobytes("VmRSS:"), peak: kilobytes("VmHWM:") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_lines_are_read() {
        let told = parse("Name:\treader\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n");
        assert_eq!(told, Memory { resident: 1 << 20, peak: 2 << 20 });
        assert_eq!(parse("nothing"), Memory::default());
        assert!(Gauge::open().read().resident > 0);
    }
}
