//! A request's body on its way, and until when the next thing has to happen.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame};
use orchestra_policy::BYTES_A_SECOND;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

use super::clock::after;
use super::origin::Origin;
use super::places::Places;

/// How long each step of a request may take that does not say so.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(600);
/// A body is handed to the network in pieces of at most this size, so that it can be seen to move on a slow line.
const PIECE_BYTES: usize = 16 * 1024;

/// How long each step of one request may take.
#[derive(Clone, Copy)]
pub(super) struct Timeouts {
    connect: Duration,
    first_byte: Duration,
    pub(super) between_bytes: Duration,
}

impl Timeouts {
    pub(super) fn new(options: RequestOptions) -> Self {
        let or = |timeout: Option<Duration>| timeout.unwrap_or(DEFAULT_TIMEOUT);
        Self {
            connect: or(options.connect_timeout),
            first_byte: or(options.first_byte_timeout),
            between_bytes: or(options.between_bytes_timeout),
        }
    }

    /// How long nothing need come on a connection that others have requests on.
    pub(super) fn silence(&self) -> Duration {
        self.connect.saturating_add(self.first_byte)
    }

    /// Ends when it is in vain to wait for a stream: the connection is there, and carries no more of them at a time. That is a
    /// queue like the one for places, as long as the requests before are answered.
    async fn no_stream(&self, since: Instant, origin: &Origin, places: &Places) {
        let _stopped = places.stop_clock();
        origin.is_silent(since, self.silence()).await;
        origin.forget();
    }
}

/// How far an attempt to send is.
pub(super) struct Progress {
    step: watch::Sender<Step>,
    timeouts: Timeouts,
}

#[derive(Clone, Copy)]
struct Step {
    phase: Phase,
    since: Instant,
    sent_bytes: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// There is no body that could tell when the connection is there: the answer is the next thing to see.
    Exchanging,
    /// Until the network asks for the body, which it does once it has a connection.
    Connecting,
    /// The network has a piece, and will ask for another one.
    Sending,
    /// The network has asked for another piece, and the component has not written it yet.
    Writing,
    /// Until the answer begins.
    Sent,
}

impl Progress {
    pub(super) fn new(timeouts: Timeouts, has_body: bool) -> Self {
        let phase = if has_body { Phase::Connecting } else { Phase::Exchanging };
        Self { step: watch::Sender::new(Step { phase, since: Instant::now(), sent_bytes: 0 }), timeouts }
    }

    /// A body that shows here how far it is.
    pub(super) fn upload(&self, body: &Arc<Mutex<WasiBody>>) -> Upload {
        Upload { body: Arc::clone(body), rest: Bytes::new(), step: self.step.clone() }
    }

    /// Whether all of the body is still there, for another attempt.
    pub(super) fn is_untouched(&self) -> bool {
        matches!(self.step.borrow().phase, Phase::Exchanging | Phase::Connecting)
    }

    /// Ends when there is a connection that has asked for the body.
    pub(super) async fn is_connected(&self) {
        // The sender is here, so it ends with a step.
        _ = self
            .step
            .subscribe()
            .wait_for(|step| step.phase != Phase::Connecting && step.phase != Phase::Exchanging)
            .await;
    }

    /// Ends when a step takes too long: which one.
    pub(super) async fn late(&self, origin: Option<&Origin>, places: &Places) -> Error {
        let mut steps = self.step.subscribe();
        loop {
            let step = *steps.borrow_and_update();
            let late = async {
                let in_time = sleep_until(after(step.since, self.limit(step)));
                match origin.filter(|_| step.phase == Phase::Connecting) {
                    None => in_time.await,
                    Some(origin) => tokio::select! {
                        () = in_time => {}
                        () = origin.is_shared() => self.timeouts.no_stream(step.since, origin, places).await,
                    },
                }
            };
            tokio::select! {
                () = late => return late_in(step.phase),
                // The sender is here, so this is a step.
                _ = steps.changed() => {}
            }
        }
    }

    fn limit(&self, step: Step) -> Duration {
        let Timeouts { connect, first_byte, between_bytes } = self.timeouts;
        match step.phase {
            Phase::Exchanging => self.timeouts.silence(),
            Phase::Connecting => connect,
            Phase::Sending => between_bytes,
            // The component is not the network. But it does not keep its place without end.
            Phase::Writing => DEFAULT_TIMEOUT,
            Phase::Sent => first_byte.saturating_add(Duration::from_secs(step.sent_bytes / BYTES_A_SECOND)),
        }
    }
}

fn late_in(phase: Phase) -> Error {
    match phase {
        Phase::Connecting => Error::ConnectionTimeout,
        Phase::Sending => Error::ConnectionWriteTimeout,
        Phase::Writing => Error::InternalError(Some("the request's body was not written to its end in time".into())),
        Phase::Exchanging | Phase::Sent => Error::ConnectionReadTimeout,
    }
}

pub(super) struct Upload {
    body: Arc<Mutex<WasiBody>>,
    /// Of what the component has written, what the network has not asked for yet.
    rest: Bytes,
    step: watch::Sender<Step>,
}

impl Upload {
    fn step(&self, phase: Phase, bytes: usize) {
        self.step.send_if_modified(|step| {
            let moves = step.phase != phase || bytes > 0;
            if moves {
                *step = Step { phase, since: Instant::now(), sent_bytes: step.sent_bytes.saturating_add(bytes as u64) };
            }
            moves
        });
    }

    fn poll_body(&self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let mut body = self.body.lock().unwrap_or_else(PoisonError::into_inner);
        Pin::new(&mut *body).poll_frame(context)
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if self.rest.is_empty() {
            match self.poll_body(context) {
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(bytes) => self.rest = bytes,
                    Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
                },
                Poll::Pending => {
                    self.step(Phase::Writing, 0);
                    return Poll::Pending;
                }
                end => return end,
            }
        }
        let length = self.rest.len().min(PIECE_BYTES);
        let piece = self.rest.split_to(length);
        self.step(Phase::Sending, length);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }
}

impl Drop for Upload {
    /// Whoever sends it drops it behind its last byte. A body that was not asked for is as before.
    fn drop(&mut self) {
        let was_asked_for = !matches!(self.step.borrow().phase, Phase::Exchanging | Phase::Connecting);
        if was_asked_for {
            self.step(Phase::Sent, 0);
        }
    }
}
