//! What a task writes: passed through as it comes, and kept for a log.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};

/// So much is kept of the beginning, in bytes.
pub const HEAD_BYTES: usize = 256 * 1024;
/// So much is kept of the end, in bytes. As text both are within the 4 MiB of a log, whatever the bytes are.
pub const TAIL_BYTES: usize = 768 * 1024;

/// Where a task's standard output or standard error goes, besides being kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stdio {
    /// Nowhere else.
    #[default]
    Kept,
    /// To the same of this process.
    Inherited,
}

/// The head and the tail of what standard output and standard error were given, in the order of writing.
#[derive(Debug, Default)]
struct Kept {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    cut_bytes: u64,
}

impl Kept {
    fn push(&mut self, bytes: &[u8]) {
        let (head, rest) = bytes.split_at(bytes.len().min(HEAD_BYTES - self.head.len()));
        self.head.extend_from_slice(head);
        self.tail.extend(rest);
        let cut = self.tail.len().saturating_sub(TAIL_BYTES);
        self.tail.drain(..cut);
        self.cut_bytes += cut as u64;
    }

    fn text(&self) -> String {
        let (one, two) = self.tail.as_slices();
        let tail = [one, two].concat();
        if self.cut_bytes == 0 {
            return String::from_utf8_lossy(&[&self.head[..], &tail].concat()).into_owned();
        }
        let text = String::from_utf8_lossy;
        format!("{}\n[{} bytes are left out here]\n{}", text(&self.head), self.cut_bytes, text(&tail))
    }
}

/// What a run writes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Output(Arc<Mutex<Kept>>);

impl Output {
    /// The text so far. What is no UTF-8 is replaced; where something is left out, it says how much.
    pub(crate) fn text(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).text()
    }

    pub(crate) fn stdout(&self, stdio: Stdio) -> Stream {
        Stream { output: self.clone(), stdio, is_stderr: false }
    }

    pub(crate) fn stderr(&self, stdio: Stdio) -> Stream {
        Stream { output: self.clone(), stdio, is_stderr: true }
    }
}

/// One of the two streams.
pub(crate) struct Stream {
    output: Output,
    stdio: Stdio,
    is_stderr: bool,
}

impl IsTerminal for Stream {
    fn is_terminal(&self) -> bool {
        match (self.stdio, self.is_stderr) {
            (Stdio::Kept, _) => false,
            (Stdio::Inherited, false) => io::IsTerminal::is_terminal(&io::stdout()),
            (Stdio::Inherited, true) => io::IsTerminal::is_terminal(&io::stderr()),
        }
    }
}

impl StdoutStream for Stream {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        let to: Pin<Box<dyn AsyncWrite + Send + Sync>> = match (self.stdio, self.is_stderr) {
            (Stdio::Kept, _) => Box::pin(tokio::io::sink()),
            (Stdio::Inherited, false) => Box::pin(tokio::io::stdout()),
            (Stdio::Inherited, true) => Box::pin(tokio::io::stderr()),
        };
        Box::new(Tee { output: self.output.clone(), to })
    }
}

/// Keeps what it passes on.
struct Tee {
    output: Output,
    to: Pin<Box<dyn AsyncWrite + Send + Sync>>,
}

impl AsyncWrite for Tee {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(self.to.as_mut().poll_write(context, bytes))?;
        self.output.0.lock().unwrap_or_else(PoisonError::into_inner).push(&bytes[..written]);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.to.as_mut().poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.to.as_mut().poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_within_the_limits_is_kept_whole() {
        let mut kept = Kept::default();
        kept.push(&vec![b'a'; HEAD_BYTES - 1]);
        kept.push("é".as_bytes());
        kept.push(&vec![b'b'; TAIL_BYTES - 1]);
        assert_eq!(kept.text(), format!("{}é{}", "a".repeat(HEAD_BYTES - 1), "b".repeat(TAIL_BYTES - 1)));
    }

    #[test]
    fn the_middle_is_left_out_and_counted() {
        let mut kept = Kept::default();
        kept.push(&vec![b'a'; HEAD_BYTES]);
        kept.push(b"cut");
        kept.push(&vec![b'b'; TAIL_BYTES]);
        let expected = format!("{}\n[3 bytes are left out here]\n{}", "a".repeat(HEAD_BYTES), "b".repeat(TAIL_BYTES));
        assert_eq!(kept.text(), expected);
    }
}
