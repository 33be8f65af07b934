//! What is known of an origin that may speak HTTP/2, on one lane.

use std::sync::Arc;
use std::time::Duration;

use http::Version;
use tokio::sync::{Mutex, OwnedMutexGuard, watch};
use tokio::time::{Instant, sleep_until, timeout};

use super::clock::after;

/// For how long requests wait for the first connection. If it takes longer, each tries for itself.
const HANDOVER: Duration = Duration::from_secs(1);

pub(super) struct Origin {
    /// Whoever holds it hands its request over to the connection that all share, or makes that first.
    handing_over: Arc<Mutex<()>>,
    known: watch::Sender<Known>,
}

#[derive(Clone, Copy)]
struct Known {
    protocol: Protocol,
    last_answer: Instant,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Protocol {
    /// No answer has come yet, or the connection is lost.
    Unknown,
    Http1,
    Http2,
}

impl Origin {
    pub(super) fn new() -> Self {
        let known = Known { protocol: Protocol::Unknown, last_answer: Instant::now() };
        Self { handing_over: Arc::default(), known: watch::Sender::new(known) }
    }

    /// One request after the other may be handed over, unless each has a connection of its own: the first one makes the
    /// connection, and not all at once. What is handed over at once, when there is a connection, is sent at once: it would wait
    /// for a stream where nobody sees that it does.
    ///
    /// Nobody waits here when there was no answer for this long, or the connection is long in coming. Nor does a request
    /// without a body, once there is a connection: when it is handed over is not seen.
    pub(super) async fn turn(&self, silence: Duration, has_body: bool) -> Option<OwnedMutexGuard<()>> {
        match self.protocol() {
            Protocol::Http1 => return None,
            Protocol::Http2 if !has_body => return None,
            Protocol::Http2 | Protocol::Unknown => {}
        }
        let since = Instant::now();
        let in_vain = async {
            let known = timeout(HANDOVER, self.is_known()).await;
            if has_body && matches!(known, Ok(Protocol::Http2)) {
                self.is_silent(since, silence).await;
            }
        };
        tokio::select! {
            biased;
            turn = Arc::clone(&self.handing_over).lock_owned() => Some(turn),
            () = in_vain => None,
        }
    }

    pub(super) fn answered(&self, version: Version) {
        let protocol = if version == Version::HTTP_2 { Protocol::Http2 } else { Protocol::Http1 };
        self.known.send_if_modified(|known| {
            let is_new = known.protocol != protocol;
            *known = Known { protocol, last_answer: Instant::now() };
            is_new
        });
    }

    /// Ends once it is known that a connection is there on which requests wait for each other.
    pub(super) async fn is_shared(&self) {
        // The sender is here, so it ends with a value.
        _ = self.known.subscribe().wait_for(|known| known.protocol == Protocol::Http2).await;
    }

    async fn is_known(&self) -> Protocol {
        let mut known = self.known.subscribe();
        let known = known.wait_for(|known| known.protocol != Protocol::Unknown).await;
        // The sender is here, so it ends with a value.
        known.map_or(Protocol::Unknown, |known| known.protocol)
    }

    /// A request has waited here in vain. What was known is out of date.
    pub(super) fn forget(&self) {
        self.known.send_modify(|known| known.protocol = Protocol::Unknown);
    }

    /// Ends when there was no answer for this long, from this moment on.
    pub(super) async fn is_silent(&self, since: Instant, silence: Duration) {
        let last_answer = || since.max(self.known.borrow().last_answer);
        loop {
            let last = last_answer();
            sleep_until(after(last, silence)).await;
            if last_answer() == last {
                return;
            }
        }
    }

    fn protocol(&self) -> Protocol {
        self.known.borrow().protocol
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use tokio::time::advance;

    use super::*;

    const SILENCE: Duration = Duration::from_secs(20);

    #[tokio::test(start_paused = true)]
    async fn one_request_after_the_other_is_handed_over_until_each_has_a_connection_of_its_own() {
        let origin = Origin::new();
        let first = origin.turn(SILENCE, true).await;
        let mut next = Box::pin(origin.turn(SILENCE, true));
        assert!(first.is_some() && (&mut next).now_or_never().is_none());
        origin.answered(Version::HTTP_11);
        assert!(matches!(next.now_or_never(), Some(None)));
        assert!(matches!(origin.turn(SILENCE, true).now_or_never(), Some(None)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_is_long_in_coming_holds_up_nobody() {
        let origin = Origin::new();
        let _first = origin.turn(SILENCE, true).await;
        let began = Instant::now();
        assert!(origin.turn(SILENCE, true).await.is_none());
        assert_eq!(began.elapsed(), HANDOVER);
    }

    #[tokio::test(start_paused = true)]
    async fn a_shared_connection_is_waited_for_as_long_as_answers_come() {
        let origin = Origin::new();
        origin.answered(Version::HTTP_2);
        let _first = origin.turn(SILENCE, true).await;
        let mut next = Box::pin(origin.turn(SILENCE, true));
        for _ in 0..10 {
            assert!((&mut next).now_or_never().is_none());
            advance(SILENCE - HANDOVER).await;
            origin.answered(Version::HTTP_2);
        }
        let answered = Instant::now();
        assert!(next.await.is_none());
        assert_eq!(answered.elapsed(), SILENCE);
    }
}
