//! How much is measured: all of it, or a little of everything.

use std::time::Duration;

/// The sizes of the measurements.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// Runs that are all there at once, and how long the endpoint takes for a report of them.
    pub all_at_once: (usize, u64),
    /// Runs in all of the two measurements of throughput.
    pub runs: usize,
    /// How many of them are there at once: at an endpoint that takes 50 ms, and at one that answers at once.
    pub at_once: (usize, usize),
    /// Runs of which each call is timed.
    pub timed_runs: usize,
    /// How long the endpoint takes while calls are timed.
    pub delays_ms: &'static [u64],
    /// Reports that are waited for.
    pub waited_for: usize,
    /// Runs without reports.
    pub unreported: usize,
    /// Runs whose memory is measured while they are all there.
    pub in_memory: &'static [usize],
    /// Steps of progress.
    pub steps: u64,
    /// The length of the log, and that of the one whose component's memory is measured.
    pub log_mib: (u64, u64),
    /// Starts of the command, and triggers of the service.
    pub starts: usize,
    /// A measurement is repeated at most this often.
    pub repeats: usize,
    /// It is not begun again after this time.
    pub patience: Duration,
}

impl Scale {
    /// For the page. About six minutes.
    pub const FULL: Self = Self {
        all_at_once: (5000, 1000),
        runs: 3000,
        at_once: (500, 64),
        timed_runs: 40,
        delays_ms: &[0, 1, 100, 1000],
        waited_for: 1000,
        unreported: 2000,
        in_memory: &[1000, 5000, 10_000],
        steps: 100,
        log_mib: (1024, 64),
        starts: 50,
        repeats: 5,
        patience: Duration::from_secs(8),
    };

    /// To see that everything works. Less than a minute, and no figure of it means anything.
    pub const SHORT: Self = Self {
        all_at_once: (200, 50),
        runs: 200,
        at_once: (50, 16),
        timed_runs: 2,
        delays_ms: &[0, 10],
        waited_for: 50,
        unreported: 50,
        in_memory: &[100],
        steps: 20,
        log_mib: (8, 4),
        starts: 3,
        repeats: 1,
        patience: Duration::ZERO,
    };
}
