//! What a task writes: passed through as it comes, kept, and given to a log.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::{fmt, io};

use bytes::Bytes;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};

use crate::characters::Characters;
use crate::kept::Kept;
use crate::running_log::RunningLog;

/// At most this many bytes wait to be passed on before a task has to wait, and a task writes at most that many at a time.
const WAITING_BYTES: usize = 256 * 1024;
const PIECE_BYTES: usize = 64 * 1024;
/// Output that still waits at the end is passed on for at most this long.
const LAST_PIECES: Duration = Duration::from_secs(5);

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

/// What a run has written, in the order of writing.
#[derive(Default)]
struct Written {
    kept: Kept,
    stdout: Characters,
    stderr: Characters,
}

/// What a run writes.
#[derive(Clone)]
pub(crate) struct Output {
    written: Arc<Mutex<Written>>,
    observer: Option<Observer>,
    /// Where it is sent.
    log: Option<Arc<RunningLog>>,
    passing: Arc<Mutex<Vec<Passing>>>,
}

/// What has to be over before all was passed on.
struct Passing {
    passage: Passage,
    task: JoinHandle<()>,
}

impl Output {
    pub(crate) fn new(observer: Option<Observer>, log: Option<Arc<RunningLog>>) -> Self {
        Self { written: Arc::default(), observer, log, passing: Arc::default() }
    }

    /// The text, the task being gone. Bytes that are not UTF-8 are replaced; if bytes are left out, it says how many.
    pub(crate) fn end(&self) -> String {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        for end in [written.stdout.end(), written.stderr.end()] {
            self.keep(&mut written.kept, end);
        }
        written.kept.text()
    }

    pub(crate) fn outlet(&self, stream: Stream, stdio: Stdio) -> Outlet {
        let passage = match (stdio, stream) {
            (Stdio::Kept, _) => None,
            (Stdio::Inherited, Stream::Stdout) => Some(self.passage_to(tokio::io::stdout())),
            (Stdio::Inherited, Stream::Stderr) => Some(self.passage_to(tokio::io::stderr())),
        };
        Outlet { output: self.clone(), stream, passage }
    }

    fn passage_to(&self, to: impl AsyncWrite + Send + 'static) -> Passage {
        let (passage, task) = Passage::to(to);
        let passing = Passing { passage: passage.clone(), task };
        self.passing.lock().unwrap_or_else(PoisonError::into_inner).push(passing);
        passage
    }

    /// Waits until all was passed on, the task being gone; but not for a reader that has stopped.
    pub(crate) async fn passed_on(&self) {
        let passing = std::mem::take(&mut *self.passing.lock().unwrap_or_else(PoisonError::into_inner));
        let all = async {
            for Passing { passage, task } in passing {
                drop(passage);
                _ = task.await;
            }
        };
        _ = timeout(LAST_PIECES, all).await;
    }

    fn take(&self, stream: Stream, bytes: &[u8]) {
        if let Some(Observer(observe)) = &self.observer {
            observe(stream, bytes);
        }
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let Written { kept, stdout, stderr } = &mut *written;
        let characters = match stream {
            Stream::Stdout => stdout,
            Stream::Stderr => stderr,
        };
        self.keep(kept, &characters.read(bytes));
    }

    fn keep(&self, kept: &mut Kept, text: &str) {
        kept.push(text);
        if let Some(log) = &self.log {
            log.write(text);
        }
    }
}

/// The way from a task's writing to where it is passed on, in the order of writing.
#[derive(Clone)]
struct Passage {
    pieces: mpsc::UnboundedSender<Bytes>,
    waiting: Arc<Waiting>,
}

#[derive(Default)]
struct Waiting {
    bytes: AtomicUsize,
    fewer: Notify,
}

impl Passage {
    fn to(to: impl AsyncWrite + Send + 'static) -> (Self, JoinHandle<()>) {
        let (pieces, mut to_pass_on) = mpsc::unbounded_channel::<Bytes>();
        let waiting = Arc::<Waiting>::default();
        let passage = Self { pieces, waiting: Arc::clone(&waiting) };
        let passing = tokio::spawn(async move {
            let mut to = std::pin::pin!(to);
            while let Some(piece) = to_pass_on.recv().await {
                // Whoever has closed it wants no more; the task is told with its next piece.
                if to.write_all(&piece).await.is_err() || to.flush().await.is_err() {
                    break;
                }
                waiting.bytes.fetch_sub(piece.len(), Ordering::Relaxed);
                waiting.fewer.notify_waiters();
            }
            drop(to_pass_on);
            waiting.fewer.notify_waiters();
        });
        (passage, passing)
    }

    /// Whether no more waits than that, or the receiver is gone.
    fn has_at_most(&self, bytes: usize) -> bool {
        self.waiting.bytes.load(Ordering::Relaxed) <= bytes || self.pieces.is_closed()
    }

    fn send(&self, piece: Bytes) -> StreamResult<()> {
        self.waiting.bytes.fetch_add(piece.len(), Ordering::Relaxed);
        self.pieces.send(piece).map_err(|_| StreamError::Closed)
    }
}

/// What a task is given as one of its streams.
pub(crate) struct Outlet {
    output: Output,
    stream: Stream,
    passage: Option<Passage>,
}

impl IsTerminal for Outlet {
    fn is_terminal(&self) -> bool {
        match (&self.passage, self.stream) {
            (None, _) => false,
            (_, Stream::Stdout) => io::IsTerminal::is_terminal(&io::stdout()),
            (_, Stream::Stderr) => io::IsTerminal::is_terminal(&io::stderr()),
        }
    }
}

impl StdoutStream for Outlet {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        // For WASI 0.3, which no task here is of.
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        let (output, passage) = (self.output.clone(), self.passage.clone());
        Box::new(Pipe { output, stream: self.stream, passage, may_wait_bytes: WAITING_BYTES })
    }
}

/// Shows and keeps what a task writes in the same moment, so that nothing is lost with a task that ends, and has it passed
/// on.
struct Pipe {
    output: Output,
    stream: Stream,
    passage: Option<Passage>,
    /// So much may wait when the task writes again; after a flush nothing, so that the two streams keep their order.
    may_wait_bytes: usize,
}

impl OutputStream for Pipe {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.output.take(self.stream, &bytes);
        self.passage.as_ref().map_or(Ok(()), |passage| passage.send(bytes))
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.may_wait_bytes = 0;
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        match &self.passage {
            Some(passage) if passage.pieces.is_closed() => Err(StreamError::Closed),
            Some(passage) if !passage.has_at_most(self.may_wait_bytes) => Ok(0),
            _ => {
                self.may_wait_bytes = WAITING_BYTES;
                Ok(PIECE_BYTES)
            }
        }
    }
}

#[async_trait]
impl Pollable for Pipe {
    async fn ready(&mut self) {
        let Some(passage) = &self.passage else { return };
        loop {
            let fewer = passage.waiting.fewer.notified();
            if passage.has_at_most(self.may_wait_bytes) {
                return;
            }
            fewer.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_both_streams_are_given_is_kept_in_the_order_of_writing() {
        let output = Output::new(None, None);
        for (stream, bytes) in [(Stream::Stdout, "one "), (Stream::Stderr, "two "), (Stream::Stdout, "three")] {
            output.take(stream, bytes.as_bytes());
        }
        assert_eq!(output.end(), "one two three");
    }

    #[test]
    fn no_character_is_broken_by_what_the_other_stream_is_given() {
        let output = Output::new(None, None);
        for (stream, bytes) in
            [(Stream::Stdout, &b"\xe2\x82"[..]), (Stream::Stderr, b"x\xff"), (Stream::Stdout, b"\xac")]
        {
            output.take(stream, bytes);
        }
        assert_eq!(output.end(), "x\u{fffd}€");
    }

    #[test]
    fn a_character_that_never_ends_is_replaced_at_the_end() {
        let output = Output::new(None, None);
        output.take(Stream::Stdout, b"a\xe2\x82");
        assert_eq!(output.end(), "a\u{fffd}");
    }
}
