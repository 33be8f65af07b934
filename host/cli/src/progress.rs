//! One line on a terminal that says how long the task has been running. Elsewhere there is none.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use tokio::time::{Instant, interval};

/// Back to the line's begin, and all of it erased.
const ERASE: &str = "\r\x1b[K";

/// Waits for the run, with the line if standard error is a terminal and it `is_wanted`.
pub async fn show<T>(name: &str, is_wanted: bool, run: impl Future<Output = T>) -> T {
    if !is_wanted || !io::stderr().is_terminal() {
        return run.await;
    }
    let began = Instant::now();
    let mut seconds = interval(Duration::from_secs(1));
    let mut run = std::pin::pin!(run);
    loop {
        tokio::select! {
            ended = &mut run => {
                write(ERASE);
                return ended;
            }
            _ = seconds.tick() => write(&format!("{ERASE}{name}: running for {} s", began.elapsed().as_secs())),
        }
    }
}

/// A terminal that is gone needs no line.
fn write(text: &str) {
    let mut stderr = io::stderr();
    _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}
