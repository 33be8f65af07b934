//! What is known of an origin that may speak HTTP/2, while requests to it are under way.

use std::sync::Arc;
use std::time::Duration;

use http::Version;
use tokio::sync::{Mutex, OwnedMutexGuard, watch};
use tokio::time::{Instant, sleep_until, timeout};

use super::clock::after;

/// For how long others wait for the first connection. If it takes longer, each tries for itself.
const FIRST_CONNECTION: Duration = Duration::from_secs(1);

pub(super) struct Origin {
    /// Whoever holds it makes the connection that all others wait for.
    first: Arc<Mutex<()>>,
    known: watch::Sender<Known>,
}

#[derive(Clone, Copy)]
struct Known {
    connection: Connection,
    last_answer: Instant,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Connection {
    /// There was none yet, or it is lost.
    None,
    /// There is one. What it speaks is seen in the first answer.
    Made,
    Http1,
    Http2,
}

impl Origin {
    pub(super) fn new() -> Self {
        let known = Known { connection: Connection::None, last_answer: Instant::now() };
        Self { first: Arc::default(), known: watch::Sender::new(known) }
    }

    /// If there may be a connection that many share, one request makes it, and all others wait for that. Returns what they
    /// wait for, if it is this request that makes it.
    pub(super) async fn first(&self) -> Option<OwnedMutexGuard<()>> {
        if self.has_connection() {
            return None;
        }
        let first = timeout(FIRST_CONNECTION, Arc::clone(&self.first).lock_owned()).await.ok();
        first.filter(|_| !self.has_connection())
    }

    pub(super) fn connected(&self) {
        self.learn(|known| {
            let is_new = known.connection == Connection::None;
            if is_new {
                known.connection = Connection::Made;
            }
            is_new
        });
    }

    pub(super) fn answered(&self, version: Version) {
        let connection = if version == Version::HTTP_2 { Connection::Http2 } else { Connection::Http1 };
        self.learn(|known| {
            let is_new = known.connection != connection;
            *known = Known { connection, last_answer: Instant::now() };
            is_new
        });
    }

    /// A request has failed. If the connection is one that many share, the next request makes another.
    pub(super) fn failed(&self) {
        self.learn(|known| {
            let is_lost = known.connection != Connection::Http1;
            if is_lost {
                known.connection = Connection::None;
            }
            is_lost
        });
    }

    /// Ends once it is known that a connection is there on which requests wait for each other.
    pub(super) async fn is_shared(&self) {
        // The sender is here, so it ends with a value.
        _ = self.known.subscribe().wait_for(|known| known.connection == Connection::Http2).await;
    }

    /// Ends when there was no answer for this long, from this moment on.
    pub(super) async fn is_silent(&self, since: Instant, limit: Duration) {
        let mut since = since;
        loop {
            let last = since.max(self.known.borrow().last_answer);
            sleep_until(after(last, limit)).await;
            if self.known.borrow().last_answer <= last {
                return;
            }
            since = last;
        }
    }

    fn has_connection(&self) -> bool {
        self.known.borrow().connection != Connection::None
    }

    fn learn(&self, learn: impl FnOnce(&mut Known) -> bool) {
        self.known.send_if_modified(learn);
    }
}
