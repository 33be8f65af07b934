//! An endpoint whose answers are decided one by one, as the requests come.

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use http_body_util::{Either, Full};
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;

use crate::answer::{Answer, Reply};
use crate::request::{KEPT_BODY_BYTES, Request, read_body};
use crate::server::{Serve, ServerThread};

/// At most this many connections are served at a time. One more is closed at once.
pub const CONNECTIONS: usize = 256;

/// If the head of a connection's next request takes longer, the connection is closed.
const HEAD_LIMIT: Duration = Duration::from_secs(60);

/// If a body takes longer, it counts as incomplete.
const BODY_LIMIT: Duration = Duration::from_secs(60);

/// Answers requests. Called on the server's thread, in its tokio runtime: it must not block.
pub trait Respond: Send + Sync + 'static {
    /// A request has arrived: all of it, unless it says that its body is incomplete.
    ///
    /// If it panics, the connection is closed, and [`trouble`](Self::trouble) is called.
    fn respond(&self, request: Request) -> Response;

    /// The server itself has trouble: it cannot accept, or [`respond`](Self::respond) panicked.
    fn trouble(&self, what: String);
}

/// What is sent back.
#[must_use = "a response is sent only if it is returned"]
pub enum Response {
    /// The answer, after its delay.
    Answer(Answer),
    /// The answer's head, and then a body of these pieces. Each is sent when it comes, until the sender is dropped.
    Pieces(Answer, mpsc::Receiver<Bytes>),
}

/// The server. Dropping it ends it, with its connections.
pub struct LiveEndpoint {
    server: ServerThread,
}

impl LiveEndpoint {
    /// Serves plain HTTP on this listener, in a thread of its own.
    ///
    /// # Errors
    ///
    /// If the listener cannot be made non-blocking, or no thread can be started.
    pub fn serve(listener: TcpListener, respond: impl Respond) -> io::Result<Self> {
        let live =
            Live { respond: Arc::new(respond), started: Instant::now(), room: Arc::new(Semaphore::new(CONNECTIONS)) };
        Ok(Self { server: ServerThread::start(listener, Arc::new(live))? })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }
}

impl Drop for LiveEndpoint {
    fn drop(&mut self) {
        // A panic was printed by the thread itself, and nobody can be told of it here.
        let _ = self.server.join();
    }
}

struct Live<R> {
    respond: Arc<R>,
    started: Instant,
    room: Arc<Semaphore>,
}

impl<R: Respond> Serve for Live<R> {
    fn serve(&self, stream: TcpStream) -> impl Future<Output = ()> + Send + 'static {
        let place = Arc::clone(&self.room).try_acquire_owned();
        let (respond, started) = (Arc::clone(&self.respond), self.started);
        async move {
            let Ok(_place) = place else { return };
            let service = service_fn(move |request| exchange(request, Arc::clone(&respond), started));
            let mut http = http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(HEAD_LIMIT);
            // It fails if the client left, or if the client does not speak HTTP and was told so.
            let _ = http.serve_connection(TokioIo::new(stream), service).await;
        }
    }

    fn trouble(&self, what: String) {
        self.respond.trouble(what);
    }
}

type ResponseBody = Either<Full<Bytes>, Pieces>;

async fn exchange(
    request: hyper::Request<Incoming>,
    respond: Arc<impl Respond>,
    started: Instant,
) -> Result<hyper::Response<ResponseBody>, Infallible> {
    let (head, mut body) = request.into_parts();
    let mut request = Request::of_head(&head, started.elapsed());
    let all = read_body(&mut body, usize::MAX, |piece| request.keep(piece, KEPT_BODY_BYTES));
    request.body_complete = timeout(BODY_LIMIT, all).await.unwrap_or(false);
    let (answer, pieces) = match respond.respond(request) {
        Response::Answer(answer) => (answer, None),
        Response::Pieces(answer, pieces) => (answer, Some(pieces)),
    };
    answer.until_due().await;
    let Reply::Http(response) = answer.reply;
    Ok(match pieces {
        None => response.map(|body| Either::Left(Full::new(body))),
        Some(pieces) => response.map(|_| Either::Right(Pieces(pieces))),
    })
}

struct Pieces(mpsc::Receiver<Bytes>);

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|piece| piece.map(|piece| Ok(Frame::data(piece))))
    }
}
