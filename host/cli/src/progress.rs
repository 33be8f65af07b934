//! One line on a terminal that says how long the task has been running. Elsewhere there is none.

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use orchestra_host::{Observer, Stream};
use tokio::time::{Instant, timeout};

/// Back to the line's begin, and all of it erased.
const ERASE: &str = "\r\x1b[K";
/// What the task wrote may still be on its way to the terminal.
const QUIET: Duration = Duration::from_millis(500);

/// The line, which gives way to what the task writes.
#[derive(Clone)]
pub struct Line(Arc<Mutex<State>>);

struct State {
    is_drawn: bool,
    /// Whether the task has ended its last line, if it wrote any.
    is_at_start: bool,
    not_before: Instant,
}

impl Line {
    /// If standard error is a terminal.
    pub fn on_terminal() -> Option<Self> {
        let state = State { is_drawn: false, is_at_start: true, not_before: Instant::now() };
        io::stderr().is_terminal().then(|| Self(Arc::new(Mutex::new(state))))
    }

    /// Takes the line away before something else is written.
    pub fn observer(&self) -> Observer {
        let line = self.clone();
        let stdout_is_terminal = io::stdout().is_terminal();
        Observer::new(move |stream, bytes| {
            if stream == Stream::Stderr || stdout_is_terminal {
                line.give_way(bytes);
            }
        })
    }

    /// Waits for the run.
    pub async fn show<T>(&self, name: &str, run: impl Future<Output = T>) -> T {
        let began = Instant::now();
        let mut run = std::pin::pin!(run);
        loop {
            self.draw(&format!("{name}: running for {} s", began.elapsed().as_secs()));
            if let Ok(ended) = timeout(Duration::from_secs(1), &mut run).await {
                self.give_way(b"\n");
                return ended;
            }
        }
    }

    fn draw(&self, text: &str) {
        let mut state = self.state();
        if state.is_at_start && Instant::now() >= state.not_before {
            write(&format!("{ERASE}{text}"));
            state.is_drawn = true;
        }
    }

    fn give_way(&self, bytes: &[u8]) {
        let mut state = self.state();
        if state.is_drawn {
            write(ERASE);
        }
        *state = State { is_drawn: false, is_at_start: bytes.ends_with(b"\n"), not_before: Instant::now() + QUIET };
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A terminal that is gone needs no line.
fn write(text: &str) {
    let mut stderr = io::stderr();
    _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}
