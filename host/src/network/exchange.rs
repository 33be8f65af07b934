//! One request, and its answer.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use http::{Request, Response};
use http_body::Body as _;
use http_body_util::{BodyExt, StreamBody};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use url::Url;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

use super::client::Client;
use super::errors::cause;

/// How long a request may take that does not say so.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(600);

/// The permits are given back when the answer's body has ended, or is given up.
pub(super) async fn send(
    client: &Client,
    request: Request<WasiBody>,
    options: RequestOptions,
    permits: [Arc<Semaphore>; 2],
) -> Result<Response<WasiBody>, Error> {
    let url = Url::parse(&request.uri().to_string()).map_err(|_| Error::HttpRequestUriInvalid)?;
    let client = client.to(&url)?;
    let (head, body) = request.into_parts();
    let mut request = client.request(head.method, url).headers(head.headers);
    // A body of no known length is sent in chunks, which not every server takes where there is nothing to send.
    if !body.is_end_stream() {
        request = request.body(reqwest::Body::wrap_stream(body.into_data_stream().map_err(io::Error::other)));
    }
    let or = |timeout: Option<Duration>| timeout.unwrap_or(DEFAULT_TIMEOUT);
    // A pooled connection is there or is made, which cannot be told apart here: one limit for both.
    let limit = or(options.connect_timeout).saturating_add(or(options.first_byte_timeout));
    let sent = timeout(limit, async {
        let [own, shared] = permits.map(Semaphore::acquire_owned);
        let permits = [own.await, shared.await];
        (request.send().await, permits)
    });
    let (response, permits) = sent.await.map_err(|_| Error::ConnectionReadTimeout)?;
    let mut response = response.map_err(|error| cause(&error))?;
    let mut head = Response::new(());
    *head.status_mut() = response.status();
    *head.headers_mut() = std::mem::take(response.headers_mut());
    let between_bytes = or(options.between_bytes_timeout);
    let frames = stream::unfold(Some((response.bytes_stream(), permits)), move |open| async move {
        let (mut stream, permits) = open?;
        match timeout(between_bytes, stream.next()).await {
            Ok(Some(Ok(bytes))) => Some((Ok(bytes), Some((stream, permits)))),
            Ok(Some(Err(error))) => Some((Err(cause(&error)), None)),
            Ok(None) => None,
            Err(_) => Some((Err(Error::ConnectionReadTimeout), None)),
        }
    });
    let body = StreamBody::new(frames.map_ok(http_body::Frame::data));
    Ok(head.map(|()| body.boxed_unsync()))
}
