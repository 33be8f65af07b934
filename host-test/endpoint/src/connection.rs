//! A connection's life: hyper serves it until the script has a fault; then the socket is taken back.

use std::error::Error;
use std::fmt;
use std::future::{pending, poll_fn};
use std::pin::pin;
use std::sync::Arc;

use http_body_util::Full;
use hyper::body::{Body, Bytes, Incoming};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::act::{Wire, act_out};
use super::fault::{Act, When, when};
use super::record::{EntryId, Record, WAIT_LIMIT};
use super::tls::HTTP2;
use orchestra_endpoint::{Reply, Serve, read_body};

/// Every connection is served by the script.
pub(crate) struct Scripted {
    pub(crate) record: Arc<Record>,
    pub(crate) tls: Option<TlsAcceptor>,
    pub(crate) limits: Http2,
}

/// What a server allows on a connection of HTTP/2.
#[derive(Clone, Copy, Debug)]
pub struct Http2 {
    /// How many requests at a time.
    pub streams: u32,
    /// How many requests in all, and what comes then. Without it, any number.
    pub last: Option<(usize, LastRequest)>,
}

/// How a connection of HTTP/2 ends after its last request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastRequest {
    /// GOAWAY. All requests under way are answered, and the connection is closed then.
    Goaway,
    /// It is closed at once, and no request under way is answered.
    Cut,
}

impl Default for Http2 {
    /// What RFC 9113 recommends at least.
    fn default() -> Self {
        Self { streams: 100, last: None }
    }
}

impl Serve for Scripted {
    fn serve(&self, tcp: TcpStream) -> impl Future<Output = ()> + Send + 'static {
        let (record, tls, limits) = (Arc::clone(&self.record), self.tls.clone(), self.limits);
        let connection = record.connected();
        let on_connect = record.take_on_connect(connection);
        async move {
            if let Some((id, answer)) = on_connect {
                answer.until_due().await;
                // Only a fault does not wait for a request.
                let Reply::Fault(fault) = answer.reply else { return };
                return act_out(tcp, &fault.act, id, &record).await;
            }
            let Some(tls) = tls else {
                return serve_http(tcp, connection, record).await;
            };
            match timeout(WAIT_LIMIT, tls.accept(tcp)).await {
                Ok(Ok(stream)) if stream.get_ref().1.alpn_protocol() == Some(HTTP2.as_bytes()) => {
                    serve_http2(stream, connection, record, limits).await;
                }
                Ok(Ok(stream)) => serve_http(stream, connection, record).await,
                Ok(Err(error)) => record.note(connection, format!("TLS handshake: {error}"), false),
                Err(_) => record.note(connection, "TLS handshake: given up".to_owned(), false),
            }
        }
    }

    fn trouble(&self, what: String) {
        self.record.note(0, what, true);
    }

    fn ended(&self) {
        self.record.server_ended();
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
        act_out(stream, &takeover.act, takeover.id, &record).await;
        return;
    }
    let note = if error.is_parse() { format!("not HTTP: {error}") } else { format!("the client left: {error}") };
    if !record.interrupted(connection, &note) {
        record.note(connection, note, false);
    }
}

async fn serve_http2(stream: impl Wire, connection: usize, record: Arc<Record>, limits: Http2) {
    let (for_requests, requests) = (Arc::clone(&record), watch::Sender::new(0));
    let mut counted = requests.subscribe();
    let service = service_fn(move |request| {
        requests.send_modify(|count| *count += 1);
        Box::pin(exchange(request, connection, Arc::clone(&for_requests)))
    });
    let mut builder = http2::Builder::new(TokioExecutor::new());
    let mut served =
        pin!(builder.max_concurrent_streams(limits.streams).serve_connection(TokioIo::new(stream), service));
    let last = async {
        match limits.last {
            // The service counts as long as it is there.
            Some((last, then)) => counted.wait_for(|count| *count >= last).await.map(|_| then),
            None => pending().await,
        }
    };
    let ended = tokio::select! {
        ended = served.as_mut() => ended,
        then = last => {
            if matches!(then, Ok(LastRequest::Cut)) {
                record.note(connection, "cut".to_owned(), false);
                return;
            }
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = ended {
        record.note(connection, format!("the client left: {error}"), false);
    }
}

/// Reads as much of the request as the script says, and answers it unless the script has a fault.
async fn exchange(
    request: hyper::Request<Incoming>,
    connection: usize,
    record: Arc<Record>,
) -> Result<hyper::Response<Full<Bytes>>, Takeover> {
    let (head, mut body) = request.into_parts();
    let (id, answer) = record.take_for_request(connection, &head);
    let complete = match when(&answer) {
        // The connection was there before the fault's turn came: the head is as early as it gets.
        When::Accepted | When::Head => body.is_end_stream(),
        When::Body(bytes) => read_body(&mut body, bytes, |piece| record.keep(id, piece, bytes)).await,
        When::Request => read_body(&mut body, usize::MAX, |piece| record.keep(id, piece, usize::MAX)).await,
    };
    record.settled(id, complete);
    answer.until_due().await;
    match answer.reply {
        Reply::Http(response) => {
            record.finished(id, "");
            Ok(response.map(Full::new))
        }
        Reply::Fault(fault) => Err(Takeover { id, act: fault.act }),
    }
}

/// The error by which a request's service makes hyper give the connection back.
#[derive(Debug)]
struct Takeover {
    id: EntryId,
    act: Act,
}

impl fmt::Display for Takeover {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("the script has a fault")
    }
}

impl Error for Takeover {}

#[cfg(test)]
mod tests;
