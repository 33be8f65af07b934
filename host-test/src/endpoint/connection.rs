//! A connection's life: hyper serves it until an answer is none that hyper would send; then the socket is taken back.

use std::error::Error;
use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::fault::{Wire, act_out};
use super::record::{EntryId, Record, WAIT_LIMIT};
use super::reply::{Http, Reply, When};

/// Serves a connection to its end. Called in the order of arrival, because here a script's next answer may be taken.
pub(super) fn serve(
    tcp: TcpStream,
    tls: Option<TlsAcceptor>,
    record: Arc<Record>,
) -> impl Future<Output = ()> + Send + 'static {
    let connection = record.connected();
    let on_connect = record.take_on_connect(connection);
    async move {
        if let Some((id, answer)) = on_connect {
            wait(answer.delay).await;
            act_out(tcp, &answer.reply, id, &record).await;
            return;
        }
        let Some(tls) = tls else {
            return serve_http(tcp, connection, record).await;
        };
        match timeout(WAIT_LIMIT, tls.accept(tcp)).await {
            Ok(Ok(stream)) => serve_http(stream, connection, record).await,
            Ok(Err(error)) => record.note(connection, format!("TLS handshake: {error}"), false),
            Err(_) => record.note(connection, "TLS handshake: given up".to_owned(), false),
        }
    }
}

async fn serve_http(stream: impl Wire, connection: usize, record: Arc<Record>) {
    let for_requests = Arc::clone(&record);
    let service = service_fn(move |request| Box::pin(exchange(request, connection, Arc::clone(&for_requests))));
    let mut http = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let ended = poll_fn(|context| http.poll_without_shutdown(context)).await;
    let mut stream = http.into_parts().io.into_inner();
    let Err(error) = ended else {
        record.interrupted(connection, "the client left");
        // The client may be gone already.
        let _ = stream.shutdown().await;
        return;
    };
    if let Some(takeover) = error.source().and_then(|source| source.downcast_ref::<Takeover>()) {
        act_out(stream, &takeover.reply, takeover.id, &record).await;
        return;
    }
    let note = if error.is_parse() { format!("not HTTP: {error}") } else { format!("the client left: {error}") };
    if !record.interrupted(connection, &note) {
        record.note(connection, note, false);
    }
}

/// Reads as much of the request as the script says, and answers it if hyper can.
async fn exchange(
    request: hyper::Request<Incoming>,
    connection: usize,
    record: Arc<Record>,
) -> Result<hyper::Response<Full<Bytes>>, Takeover> {
    let (head, mut body) = request.into_parts();
    let (id, answer) = record.take_for_request(connection, &head);
    let complete = match answer.when {
        // Taken by a connection that was there before: the head is as early as it gets.
        When::Accepted | When::Head => body.is_end_stream(),
        When::Body(bytes) => read(&mut body, bytes, id, &record).await,
        When::Request => read(&mut body, usize::MAX, id, &record).await,
    };
    record.settled(id, complete);
    wait(answer.delay).await;
    let ordinary = answer.is_ordinary();
    match answer.reply {
        Reply::Http(http) if ordinary => {
            record.finished(id, "");
            Ok(response(http))
        }
        reply => Err(Takeover { id, reply }),
    }
}

/// Reads a body up to `limit` bytes. Whether that was all, and all of it was kept.
async fn read(body: &mut Incoming, limit: usize, id: EntryId, record: &Record) -> bool {
    let mut kept_all = true;
    let mut read = 0;
    while read < limit {
        match body.frame().await {
            None => return kept_all,
            Some(Err(_)) => return false,
            Some(Ok(frame)) => {
                let Some(piece) = frame.data_ref() else { continue };
                read += piece.len();
                kept_all &= record.keep(id, piece, limit);
            }
        }
    }
    kept_all && body.is_end_stream()
}

/// Even a sleep of no time at all is one of a millisecond, which no answer should take unless it is told to.
async fn wait(delay: Duration) {
    if !delay.is_zero() {
        sleep(delay).await;
    }
}

fn response(http: Http) -> hyper::Response<Full<Bytes>> {
    let mut response = hyper::Response::new(Full::from(http.body));
    *response.status_mut() = http.status;
    for (name, value) in http.headers {
        response.headers_mut().append(name, value);
    }
    response
}

/// The error by which a request's service makes hyper give the connection back.
#[derive(Debug)]
struct Takeover {
    id: EntryId,
    reply: Reply,
}

impl fmt::Display for Takeover {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("the answer is not one for hyper")
    }
}

impl Error for Takeover {}
