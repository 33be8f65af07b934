//! The endpoint, in a process of its own: it answers after a time, and counts what arrives.

use std::convert::Infallible;
use std::io::{self, BufRead};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use delivery_bench::{child, place};
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::time::sleep;
use uuid::Uuid;

use crate::record::Record;

/// Thousands of clients come at once.
const BACKLOG: u32 = 16 * 1024;
/// The pause after an accept that failed, for lack of descriptors, say.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// What the process is told, a line each. It answers each with a line.
#[derive(Debug, Serialize, Deserialize)]
pub enum Order {
    /// Forget what arrived, and answer everything after this time.
    Answer {
        /// In milliseconds.
        after_ms: u64,
    },
    /// Answer nothing from now on until the next `Answer`.
    Hold,
    /// Say what arrived.
    Tally,
}

struct Endpoint {
    record: Mutex<Record>,
    /// Nothing is answered if there is none.
    delay: watch::Sender<Option<Duration>>,
    open: AtomicUsize,
    most: AtomicUsize,
}

/// Serves until standard input ends. The first line is the address.
pub fn serve() -> io::Result<()> {
    place::raise_descriptors();
    let endpoint = Arc::new(Endpoint {
        record: Mutex::default(),
        delay: watch::Sender::new(Some(Duration::ZERO)),
        open: AtomicUsize::new(0),
        most: AtomicUsize::new(0),
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let _context = runtime.enter();
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let listener = socket.listen(BACKLOG)?;
    child::tell(&listener.local_addr()?)?;
    let obeying = Arc::clone(&endpoint);
    let (ended, end) = tokio::sync::oneshot::channel();
    thread::spawn(move || {
        // Nothing is left to do if whoever started this has ended.
        _ = obeying.obey();
        _ = ended.send(());
    });
    runtime.block_on(async {
        tokio::select! {
            () = endpoint.accept(listener) => {}
            _ = end => {}
        }
    });
    Ok(())
}

impl Endpoint {
    fn obey(&self) -> io::Result<()> {
        for line in io::stdin().lock().lines() {
            match serde_json::from_str(&line?)? {
                Order::Answer { after_ms } => {
                    *self.record() = Record::default();
                    self.most.store(self.open.load(Ordering::Relaxed), Ordering::Relaxed);
                    self.delay.send_replace(Some(Duration::from_millis(after_ms)));
                    child::tell(&())?;
                }
                Order::Hold => {
                    self.delay.send_replace(None);
                    child::tell(&())?;
                }
                Order::Tally => {
                    let tally = self.record().tally(self.most.load(Ordering::Relaxed));
                    child::tell(&tally)?;
                }
            }
        }
        Ok(())
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn accept(self: &Arc<Self>, listener: TcpListener) {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => _ = tokio::spawn(Arc::clone(self).converse(stream)),
                Err(_) => sleep(ACCEPT_PAUSE).await,
            }
        }
    }

    async fn converse(self: Arc<Self>, stream: TcpStream) {
        // It fails only on a connection that is gone.
        _ = stream.set_nodelay(true);
        let open = self.open.fetch_add(1, Ordering::Relaxed) + 1;
        self.most.fetch_max(open, Ordering::Relaxed);
        let service = service_fn(|request| self.exchange(request));
        // It fails if the client has left.
        _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        self.open.fetch_sub(1, Ordering::Relaxed);
    }

    async fn exchange(&self, request: Request<Incoming>) -> Result<Response<Empty<Bytes>>, Infallible> {
        let key = request.headers().get("idempotency-key");
        let key = key.and_then(|key| Uuid::try_parse_ascii(key.as_bytes()).ok());
        // What broke off has not arrived.
        if let Ok(body) = request.into_body().collect().await {
            self.record().take(key, &body.to_bytes());
        }
        let delay = *self.delay.borrow();
        match delay {
            Some(Duration::ZERO) => {}
            Some(delay) => sleep(delay).await,
            // The sender lives as long as this.
            None => _ = self.delay.subscribe().wait_for(Option::is_some).await,
        }
        Ok(Response::new(Empty::new()))
    }
}
