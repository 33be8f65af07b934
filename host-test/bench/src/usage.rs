//! What this process takes of the machine, as Linux tells it.

use std::fs;
use std::io;

use serde::{Deserialize, Serialize};

/// At one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Resident memory.
    pub resident_kib: u64,
    /// The most resident memory since the start, or since [`forget_peak`].
    pub peak_kib: u64,
    /// Lines of `/proc/self/maps`, of which there are 65,530 at most by default.
    pub maps: usize,
    /// Open file descriptors.
    pub descriptors: usize,
    /// Threads.
    pub threads: u64,
}

impl Usage {
    /// Of this process, now.
    ///
    /// # Errors
    ///
    /// If `/proc` is not that of Linux.
    pub fn now() -> io::Result<Self> {
        let status = fs::read_to_string("/proc/self/status")?;
        let number = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
            number.ok_or_else(|| io::Error::other(format!("/proc/self/status has no {name}")))
        };
        Ok(Self {
            resident_kib: number("VmRSS")?,
            peak_kib: number("VmHWM")?,
            maps: fs::read_to_string("/proc/self/maps")?.lines().count(),
            // The folder itself is open while it is listed.
            descriptors: fs::read_dir("/proc/self/fd")?.count() - 1,
            threads: number("Threads")?,
        })
    }
}

/// From now on the peak is counted anew.
///
/// # Errors
///
/// If this process may not write to its own `/proc`.
pub fn forget_peak() -> io::Result<()> {
    fs::write("/proc/self/clear_refs", "5")
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    #[test]
    fn a_file_that_is_opened_is_a_descriptor_more() {
        let before = Usage::now().unwrap();
        let files: Vec<File> = (0..20).map(|_| File::open("/dev/null").unwrap()).collect();
        let after = Usage::now().unwrap();
        drop(files);
        assert!(after.descriptors >= before.descriptors + 20, "{before:?} {after:?}");
    }

    #[test]
    fn memory_that_was_given_back_counts_in_the_peak_until_that_is_forgotten() {
        let memory = vec![1_u8; 64 * 1024 * 1024];
        assert!(std::hint::black_box(&memory).iter().all(|byte| *byte == 1));
        drop(memory);
        let before = Usage::now().unwrap();
        forget_peak().unwrap();
        let after = Usage::now().unwrap();
        assert!(before.peak_kib >= 64 * 1024 && after.peak_kib < before.peak_kib, "{before:?} {after:?}");
    }
}
