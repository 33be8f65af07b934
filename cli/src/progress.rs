//! One line on a terminal that says how long the task has been running. Elsewhere nothing is shown.

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use orchestra_host::{Observer, Stream};
use tokio::time::{Instant, timeout};

use orchestra_policy::escape;

use crate::process_limits;

/// Moves to the start of the line, and erases it.
const ERASE: &str = "\r\x1b[K";
/// What the task wrote may still be on its way to the terminal.
const QUIET: Duration = Duration::from_millis(500);

/// At most this much of a name is shown, so that it fits on one line.
const NAME_CHARS: usize = 40;

/// Standard error, with a line that gives way to what the task writes.
#[derive(Clone)]
pub struct Line(Arc<Mutex<State>>);

struct State {
    /// Whether there is to be a line.
    is_wanted: bool,
    is_drawn: bool,
    /// Whether what was written last has ended its line.
    is_at_start: bool,
    not_before: Instant,
}

impl Line {
    /// Drawn only if it is wanted, and standard error a terminal.
    pub fn new(is_wanted: bool) -> Self {
        let is_wanted = is_wanted && io::stderr().is_terminal();
        let state = State { is_wanted, is_drawn: false, is_at_start: true, not_before: Instant::now() };
        Self(Arc::new(Mutex::new(state)))
    }

    /// Takes the line away before something else is written.
    pub fn observer(&self) -> Observer {
        let line = self.clone();
        let is_one_terminal = io::stdout().is_terminal() && io::stderr().is_terminal();
        Observer::new(move |stream, bytes| {
            if stream == Stream::Stderr || is_one_terminal {
                line.state().give_way(bytes.ends_with(b"\n"));
            }
        })
    }

    /// Waits for the run.
    pub async fn show<T>(&self, name: &str, run: impl Future<Output = T>) -> T {
        let name: String = escape(name).chars().take(NAME_CHARS).collect();
        let began = Instant::now();
        let mut run = std::pin::pin!(run);
        loop {
            self.state().draw(&format!("{name}: running for {} s", began.elapsed().as_secs()));
            if let Ok(ended) = timeout(Duration::from_secs(1), &mut run).await {
                return ended;
            }
        }
    }

    /// Writes a line of its own, even if the task has not ended its line. Others may have written parts of the text: it is
    /// escaped.
    pub fn say(&self, text: &str) {
        let mut state = self.state();
        let before = match (state.is_drawn, state.is_at_start) {
            (true, _) => ERASE,
            (false, true) => "",
            (false, false) => "\n",
        };
        // Before the text, since the last line that is said may be the summary, which a program reads.
        let notice = process_limits::notice().unwrap_or_default();
        write(&format!("{before}{notice}{}\n", escape(text)));
        (state.is_drawn, state.is_at_start) = (false, true);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn draw(&mut self, text: &str) {
        if self.is_wanted && self.is_at_start && Instant::now() >= self.not_before {
            write(&format!("{ERASE}{text}"));
            self.is_drawn = true;
        }
    }

    fn give_way(&mut self, ends_line: bool) {
        if self.is_drawn {
            write(ERASE);
        }
        self.is_drawn = false;
        self.is_at_start = ends_line;
        self.not_before = Instant::now() + QUIET;
    }
}

/// If standard error is closed, the line is lost, and the run goes on.
pub fn write(text: &str) {
    let mut stderr = io::stderr();
    _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}
