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

/// How much processor time all threads of this process have had, in seconds: in steps of 10 ms.
///
/// # Errors
///
/// If `/proc` is not that of Linux.
pub fn processor_seconds() -> io::Result<f64> {
    /// As Linux shows it, whatever its own clock is.
    const TICKS: f64 = 100.0;
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The program's name may have spaces in it; behind it, the 12th field is of user code, the 13th of the system.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: Result<Vec<f64>, _> = fields.skip(11).take(2).map(str::parse::<f64>).collect();
    Ok(ticks.map_err(io::Error::other)?.iter().sum::<f64>() / TICKS)
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

    /// Other tests of this process have some of their own for a moment.
    #[test]
    fn files_that_are_opened_are_descriptors_more() {
        let before = Usage::now().unwrap();
        let files: Vec<File> = (0..200).map(|_| File::open("/dev/null").unwrap()).collect();
        let after = Usage::now().unwrap();
        drop(files);
        assert!(after.descriptors >= before.descriptors + 180, "{before:?} {after:?}");
    }

    #[test]
    fn a_loop_takes_processor_time() {
        let before = processor_seconds().unwrap();
        let mut count = 0_u64;
        while processor_seconds().unwrap() < before + 0.05 {
            count = std::hint::black_box(count + 1);
        }
        assert!(count > 0);
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
