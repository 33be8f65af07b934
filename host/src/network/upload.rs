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

    /// When a step has taken too long.
    fn end_of(&self, step: Step) -> Instant {
        let Self { connect, first_byte, between_bytes } = *self;
        let limit = match step.phase {
            Phase::Exchanging => self.silence(),
            Phase::Connecting => connect,
            Phase::Sending => between_bytes,
            // The component is not the network. But it does not keep its place without end.
            Phase::Writing => DEFAULT_TIMEOUT,
            Phase::Sent => first_byte.saturating_add(Duration::from_secs(step.sent_bytes / BYTES_A_SECOND)),
        };
        after(step.since, limit)
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
    /// Until when whoever looks after the time sleeps. To be woken sooner costs time, and is needed only if a later step has
    /// less, or if others wait for the connection.
    sleeps_until: Instant,
    has_company: bool,
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
    pub(super) fn new(timeouts: Timeouts, has_body: bool, has_company: bool) -> Self {
        let phase = if has_body { Phase::Connecting } else { Phase::Exchanging };
        let now = Instant::now();
        let step = Step { phase, since: now, sent_bytes: 0, sleeps_until: now, has_company };
        Self { step: watch::Sender::new(step), timeouts }
    }

    /// A body that shows here how far it is.
    pub(super) fn upload(&self, body: &Arc<Mutex<WasiBody>>) -> Upload {
        Upload { body: Arc::clone(body), rest: Bytes::new(), step: self.step.clone(), timeouts: self.timeouts }
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
            let step = self.sleep();
            if step.sleeps_until <= Instant::now() {
                return late_in(step.phase);
            }
            let in_time = sleep_until(step.sleeps_until);
            let over = async {
                match origin.filter(|_| step.phase == Phase::Connecting) {
                    None => in_time.await,
                    Some(origin) => tokio::select! {
                        () = in_time => {}
                        () = origin.is_shared() => self.timeouts.no_stream(step.since, origin, places).await,
                    },
                }
            };
            tokio::select! {
                () = over => {}
                // The sender is here, so this is a step.
                _ = steps.changed() => {}
            }
        }
    }

    /// The step, whose time is what is waited for.
    fn sleep(&self) -> Step {
        let mut now = *self.step.borrow();
        self.step.send_if_modified(|step| {
            step.sleeps_until = self.timeouts.end_of(*step);
            now = *step;
            false
        });
        now
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
    timeouts: Timeouts,
}

impl Upload {
    fn step(&self, phase: Phase, bytes: usize) {
        self.step.send_if_modified(|step| {
            if step.phase == phase && bytes == 0 {
                return false;
            }
            let is_connected = step.phase == Phase::Connecting;
            let sent_bytes = step.sent_bytes.saturating_add(bytes as u64);
            *step = Step { phase, since: Instant::now(), sent_bytes, ..*step };
            self.timeouts.end_of(*step) < step.sleeps_until || is_connected && step.has_company
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
