//! One request, and its answer.

use std::convert::Infallible;
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::request::Parts;
use http::{Request, Response};
use http_body::Body as _;
use http_body_util::BodyExt;
use tokio::sync::OwnedMutexGuard;
use tokio::time::sleep;
use url::Url;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

use super::download::Download;
use super::errors::{cause, is_shortage, shortage};
use super::places::Places;
use super::pool::{Pool, Way};
use super::upload::{Progress, Timeouts};

/// How often a request that waits for a file descriptor looks for one: soon, and then less and less often.
const FIRST_LOOK: Duration = Duration::from_millis(10);
const LAST_LOOK: Duration = Duration::from_millis(320);

/// `url` is the request's. The place is given back when the answer's body has ended, or is given up. No timeout begins before
/// the request has a place.
///
/// A machine without a free file descriptor is waited for like a place, since giving up and trying again would need one,
/// too.
pub(super) async fn send(
    pool: &Pool,
    url: Url,
    request: Request<WasiBody>,
    options: RequestOptions,
    places: &Places,
) -> Result<Response<WasiBody>, Error> {
    let message = Message::new(url, request, options);
    let mut place = places.take().await;
    let mut look = None;
    loop {
        let way = pool.way_to(&message.url)?;
        match message.send(&way, pool, places).await {
            Ok(response) => {
                pool.shortage.is_over();
                return Ok(answer(response, message.timeouts.between_bytes, (way, place)));
            }
            Err(Failure::Short) if pool.shortage.can_wait() => {}
            Err(failure) => return Err(failure.into()),
        }
        drop(way);
        if look.is_some() {
            let has_waited;
            (place, has_waited) = places.wait_for_others(place).await;
            if has_waited {
                look = None;
                continue;
            }
        }
        // The connection of a request that has just ended is perhaps about to be free.
        let pause = look.map_or(FIRST_LOOK, |look: Duration| LAST_LOOK.min(look * 2));
        look = Some(pause);
        let _stopped = places.stop_clock();
        sleep(pause).await;
    }
}

fn answer(
    response: reqwest::Response,
    between_bytes: Duration,
    held: impl Send + Unpin + 'static,
) -> Response<WasiBody> {
    let (parts, body) = Response::from(response).into_parts();
    let mut answer = Response::new(Download::new(body, between_bytes, held).boxed_unsync());
    *answer.status_mut() = parts.status;
    *answer.headers_mut() = parts.headers;
    answer
}

/// A request, which may be sent again as long as its body was not asked for.
struct Message {
    head: Parts,
    url: Url,
    body: Option<Arc<Mutex<WasiBody>>>,
    timeouts: Timeouts,
}

enum Failure {
    /// There was no file descriptor, and the request is as before.
    Short,
    Other(Error),
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Short => shortage(),
            Failure::Other(error) => error,
        }
    }
}

impl Message {
    fn new(url: Url, request: Request<WasiBody>, options: RequestOptions) -> Self {
        let (head, body) = request.into_parts();
        // A body of no known length is sent in chunks, which not every server takes if there is nothing to send.
        let body = (!body.is_end_stream()).then(|| Arc::new(Mutex::new(body)));
        Self { head, url, body, timeouts: Timeouts::new(options) }
    }

    /// Until the answer begins.
    async fn send(&self, way: &Way, pool: &Pool, places: &Places) -> Result<reqwest::Response, Failure> {
        let origin = way.origin();
        let turn = match origin {
            Some(origin) => {
                let _stopped = places.stop_clock();
                origin.turn(self.timeouts.silence(), self.body.is_some()).await
            }
            None => None,
        };
        let progress = Progress::new(self.timeouts, self.body.is_some(), origin.is_some());
        let mut request =
            way.client.request(self.head.method.clone(), self.url.clone()).headers(self.head.headers.clone());
        if let Some(body) = &self.body {
            request = request.body(reqwest::Body::wrap(progress.upload(body)));
        }
        let sent = tokio::select! {
            biased;
            sent = request.send() => sent,
            late = progress.late(origin, places) => return Err(Failure::Other(late)),
            never = pass_on(&progress, turn) => match never {},
        };
        if let (Ok(response), Some(origin)) = (&sent, origin) {
            origin.answered(response.version());
        }
        sent.map_err(|error| match is_shortage(&error, pool.shortage.is_recent()) && progress.is_untouched() {
            true => Failure::Short,
            false => Failure::Other(cause(&error)),
        })
    }
}

/// Once the request is handed over, it is the next one's turn.
async fn pass_on(progress: &Progress, turn: Option<OwnedMutexGuard<()>>) -> Infallible {
    if let Some(turn) = turn {
        progress.is_connected().await;
        drop(turn);
    }
    pending().await
}

#[cfg(test)]
pub(crate) mod tests;
