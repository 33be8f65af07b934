//! What is the same for every exchange over HTTP.

use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes, Incoming};
use tokio::time::sleep;

use crate::reply::Http;

/// Reads a body up to `limit` bytes, and lets each piece be kept, which may be refused for want of room. Whether that was
/// all, and all of it was kept.
pub(crate) async fn read(body: &mut Incoming, limit: usize, mut keep: impl FnMut(&[u8]) -> bool) -> bool {
    let mut kept_all = true;
    let mut read = 0;
    while read < limit {
        match body.frame().await {
            None => return kept_all,
            Some(Err(_)) => return false,
            Some(Ok(frame)) => {
                let Some(piece) = frame.data_ref() else { continue };
                read += piece.len();
                kept_all &= keep(piece);
            }
        }
    }
    kept_all && body.is_end_stream()
}

/// Even a sleep of no time at all is one of a millisecond, which no answer should take unless it is told to.
pub(crate) async fn wait(delay: Duration) {
    if !delay.is_zero() {
        sleep(delay).await;
    }
}

pub(crate) fn response(http: Http) -> hyper::Response<Full<Bytes>> {
    let mut response = hyper::Response::new(Full::from(http.body));
    *response.status_mut() = http.status;
    for (name, value) in http.headers {
        response.headers_mut().append(name, value);
    }
    response
}
