//! Stops the endpoint's process now and then, as `kill -STOP` does, and lets it go on.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use rustix::process::{Pid, Signal, kill_process};

/// How long the endpoint is left alone, and then how long it stands still: sometimes for longer than a report waits.
const BETWEEN_MS: std::ops::Range<u64> = 500..4000;
const PAUSE_MS: std::ops::Range<u64> = 50..2500;

/// Until it is ended.
pub struct Pauses {
    end: Sender<()>,
    thread: JoinHandle<usize>,
}

impl Pauses {
    pub fn start(process: u32, seed: u64) -> Self {
        let (end, ended) = channel();
        let mut random = SmallRng::seed_from_u64(seed);
        let thread = thread::spawn(move || {
            let Some(process) = i32::try_from(process).ok().and_then(Pid::from_raw) else { return 0 };
            let mut pauses = 0;
            loop {
                let between = Duration::from_millis(random.random_range(BETWEEN_MS));
                if ended.recv_timeout(between) != Err(RecvTimeoutError::Timeout) {
                    return pauses;
                }
                // Both fail only if the process is gone, which whoever waits for its reports notices.
                _ = kill_process(process, Signal::STOP);
                thread::sleep(Duration::from_millis(random.random_range(PAUSE_MS)));
                _ = kill_process(process, Signal::CONT);
                pauses += 1;
            }
        });
        Self { end, thread }
    }

    /// How many there were. The endpoint goes on.
    pub fn end(self) -> usize {
        drop(self.end);
        self.thread.join().unwrap_or_default()
    }
}
