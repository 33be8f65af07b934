//! An answer's body on its way.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};
use wasmtime_wasi_http::Error;

use super::clock::after;
use super::errors::cause;

/// It holds `H`, the request's place, until it has ended or is given up.
pub(super) struct Download<H> {
    body: reqwest::Body,
    held: Option<H>,
    between_bytes: Duration,
    /// While nothing comes.
    late: Option<Pin<Box<Sleep>>>,
}

impl<H> Download<H> {
    pub(super) fn new(body: reqwest::Body, between_bytes: Duration, held: H) -> Self {
        // Without a body there is nothing to wait for, and whoever asked need not read it.
        let held = (!body.is_end_stream()).then_some(held);
        Self { body, held, between_bytes, late: None }
    }
}

impl<H: Unpin> Body for Download<H> {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if self.held.is_none() {
            return Poll::Ready(None);
        }
        let polled = match Pin::new(&mut self.body).poll_frame(context) {
            Poll::Ready(polled) => polled.map(|frame| frame.map_err(|error| cause(&error))),
            Poll::Pending => {
                let between_bytes = self.between_bytes;
                let late = self.late.get_or_insert_with(|| Box::pin(sleep_until(after(Instant::now(), between_bytes))));
                ready!(late.as_mut().poll(context));
                Some(Err(Error::ConnectionReadTimeout))
            }
        };
        self.late = None;
        if !matches!(polled, Some(Ok(_))) || self.body.is_end_stream() {
            self.held = None;
        }
        Poll::Ready(polled)
    }

    fn is_end_stream(&self) -> bool {
        self.held.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
