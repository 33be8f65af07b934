//! An endpoint in this process that acknowledges, and keeps what arrives.

use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use std::{io, mem};

use host_test::endpoint::{LiveEndpoint, Request, Respond, Response, status};

/// Each request with the moment of its arrival.
type Kept = Arc<Mutex<Vec<(Request, Instant)>>>;

/// It serves until it is dropped.
pub struct Capture {
    endpoint: LiveEndpoint,
    kept: Kept,
}

struct Keeping(Kept);

impl Respond for Keeping {
    fn respond(&self, request: Request) -> Response {
        lock(&self.0).push((request, Instant::now()));
        Response::Answer(status(200))
    }

    fn trouble(&self, what: String) {
        eprintln!("the endpoint: {what}");
    }
}

impl Capture {
    pub fn start() -> io::Result<Self> {
        let kept = Kept::default();
        let endpoint = LiveEndpoint::serve(TcpListener::bind("127.0.0.1:0")?, Keeping(Arc::clone(&kept)))?;
        Ok(Self { endpoint, kept })
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.endpoint.address())
    }

    /// What has arrived since the last time.
    pub fn take(&self) -> Vec<(Request, Instant)> {
        mem::take(&mut lock(&self.kept))
    }
}

fn lock(kept: &Kept) -> MutexGuard<'_, Vec<(Request, Instant)>> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}
