//! What a component wrote, and what its host did for it: printed if a test fails.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use wasmtime_wasi::p2::pipe::MemoryOutputPipe;

/// Of stdout and of stderr. What a component writes beyond is an error to it.
const KEPT_BYTES: usize = 1024 * 1024;
/// Of the host's log. Later lines are left out.
const KEPT_LINES: usize = 1000;

/// Clones share what they hold.
#[derive(Clone)]
pub(crate) struct Output {
    pub(crate) stdout: MemoryOutputPipe,
    pub(crate) stderr: MemoryOutputPipe,
    log: Arc<Mutex<Vec<String>>>,
}

impl Output {
    pub(crate) fn new() -> Self {
        Self {
            stdout: MemoryOutputPipe::new(KEPT_BYTES),
            stderr: MemoryOutputPipe::new(KEPT_BYTES),
            log: Arc::default(),
        }
    }

    /// A line of the host's log; `at` since the component was instantiated.
    pub(crate) fn log(&self, at: Duration, line: &str) {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        if log.len() < KEPT_LINES {
            log.push(format!("+{:.3} s  {line}", at.as_secs_f64()));
        }
    }
}

/// Each part under its name; parts without a line are left out.
impl fmt::Display for Output {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner).join("\n");
        let text = |pipe: &MemoryOutputPipe| String::from_utf8_lossy(&pipe.contents()).into_owned();
        for (name, text) in [("host", log), ("stdout", text(&self.stdout)), ("stderr", text(&self.stderr))] {
            for line in text.lines() {
                writeln!(to, "guest {name}: {line}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use hyper::body::Bytes;
    use wasmtime_wasi::p2::OutputStream;

    use super::*;

    #[test]
    fn every_line_says_where_it_comes_from() {
        let output = Output::new();
        output.log(Duration::from_millis(1500), "POST http://127.0.0.1:1/");
        output.stdout.clone().write(Bytes::from("one\ntwo")).expect("there is room");
        output.stderr.clone().write(Bytes::from("ouch\n")).expect("there is room");
        let expected = "guest host: +1.500 s  POST http://127.0.0.1:1/\nguest stdout: one\nguest stdout: two\n\
                        guest stderr: ouch\n";
        assert_eq!(output.to_string(), expected);
    }
}
