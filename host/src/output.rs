//! What a task writes: passed through as it comes, and kept for a log.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::{fmt, io};

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

/// One of the two that a task writes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Is shown what a task writes, in pieces of whatever size, each before it goes anywhere else. The task waits for it, and so
/// does the runtime's thread: it must not block.
#[derive(Clone)]
pub struct Observer(Arc<Observe>);

type Observe = dyn Fn(Stream, &[u8]) + Send + Sync;

impl Observer {
    /// Out of a function.
    pub fn new(observe: impl Fn(Stream, &[u8]) + Send + Sync + 'static) -> Self {
        Self(Arc::new(observe))
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Observer(…)")
    }
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
#[derive(Clone, Debug)]
pub(crate) struct Output {
    kept: Arc<Mutex<Kept>>,
    observer: Option<Observer>,
}

impl Output {
    pub(crate) fn new(observer: Option<Observer>) -> Self {
        Self { kept: Arc::default(), observer }
    }

    /// The text so far. What is no UTF-8 is replaced; where something is left out, it says how much.
    pub(crate) fn text(&self) -> String {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).text()
    }

    pub(crate) fn outlet(&self, stream: Stream, stdio: Stdio) -> Outlet {
        Outlet { output: self.clone(), stream, stdio }
    }
}

/// What a task is given as one of its streams.
pub(crate) struct Outlet {
    output: Output,
    stream: Stream,
    stdio: Stdio,
}

impl IsTerminal for Outlet {
    fn is_terminal(&self) -> bool {
        match (self.stdio, self.stream) {
            (Stdio::Kept, _) => false,
            (Stdio::Inherited, Stream::Stdout) => io::IsTerminal::is_terminal(&io::stdout()),
            (Stdio::Inherited, Stream::Stderr) => io::IsTerminal::is_terminal(&io::stderr()),
        }
    }
}

impl StdoutStream for Outlet {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        let to: Pin<Box<dyn AsyncWrite + Send + Sync>> = match (self.stdio, self.stream) {
            (Stdio::Kept, _) => Box::pin(tokio::io::sink()),
            (Stdio::Inherited, Stream::Stdout) => Box::pin(tokio::io::stdout()),
            (Stdio::Inherited, Stream::Stderr) => Box::pin(tokio::io::stderr()),
        };
        Box::new(Tee { output: self.output.clone(), stream: self.stream, shown_bytes: 0, to })
    }
}

/// Shows and keeps what it passes on.
struct Tee {
    output: Output,
    stream: Stream,
    /// What of the next bytes was shown already, when it could not be passed on yet.
    shown_bytes: usize,
    to: Pin<Box<dyn AsyncWrite + Send + Sync>>,
}

impl AsyncWrite for Tee {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if let (Some(Observer(observe)), Some(news @ [_, ..])) = (&self.output.observer, bytes.get(self.shown_bytes..))
        {
            observe(self.stream, news);
            self.shown_bytes = bytes.len();
        }
        let written = ready!(self.to.as_mut().poll_write(context, bytes))?;
        self.shown_bytes = self.shown_bytes.saturating_sub(written);
        self.output.kept.lock().unwrap_or_else(PoisonError::into_inner).push(&bytes[..written]);
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
