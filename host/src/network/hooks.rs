//! What happens to the requests of one store.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
#[cfg(test)]
use futures_util::FutureExt;
use futures_util::future::pending;
use http::header::CONTENT_LENGTH;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Full};
use orchestra_policy::{ANSWER_READ_BYTES, ANSWER_READ_TIME};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};
use url::Url;
use wasmtime::component::Resource;
use wasmtime_wasi_http::p2::DEFAULT_OUTGOING_BODY_CHUNK_SIZE;
use wasmtime_wasi_http::p2::types::HostFutureIncomingResponse;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use super::allowed::Allowed;
use super::client::Client;
use super::clock::Clock;
use super::exchange::send;
#[cfg(test)]
use super::places::Place;
use super::places::{EndingFirst, Places};
use super::pool::Pool;

impl Client {
    /// For the process component of a run, which may reach this place, and never waits.
    pub(crate) fn for_reports(&self, allowed: Option<Allowed>) -> Hooks {
        Hooks { told: Some(Told::default()), ..self.for_waiting_reports(allowed) }
    }

    /// For the process component of a task's own reporters, which may reach this place, and waits.
    pub(crate) fn for_waiting_reports(&self, allowed: Option<Allowed>) -> Hooks {
        let pool = Arc::clone(self.reports());
        let places = pool.of_one_run();
        let clock = Some(places.clock());
        Hooks { pool, places, clock, told: None, allowed: allowed.into_iter().collect() }
    }

    /// For a task, which may reach these places.
    pub(crate) fn for_task(&self, allowed: Vec<Allowed>) -> Hooks {
        let pool = Arc::clone(self.requests_of_tasks());
        let places = pool.of_one_run();
        Hooks { pool, places, clock: None, told: None, allowed }
    }

    /// As many other runs would.
    #[cfg(test)]
    pub(super) fn take_all_places_for_reports(&self) -> Vec<Place> {
        let mut taken = Vec::new();
        while let Some(place) = self.reports().of_one_run().take().now_or_never() {
            taken.push(place);
        }
        taken
    }
}

/// What happens to the requests of one store: those to allowed places are sent, all others denied.
pub(crate) struct Hooks {
    pool: Arc<Pool>,
    places: Places,
    clock: Option<Clock>,
    told: Option<Told>,
    allowed: Vec<Allowed>,
}

/// For an instance that never waits: it is told when one of its requests has moved, and its answers wait here.
#[derive(Default)]
struct Told {
    activity: Arc<Notify>,
    /// The place of the answer to the request that has just been made, until it is known by its resource.
    latest: Option<Arc<AnswerPlace>>,
    /// The resources of requests whose answers have not come.
    awaited: Vec<(u32, Arc<AnswerPlace>)>,
}

/// A body of at most this length was written as a whole before its request was handed over: so much is taken at once.
const WRITTEN_AHEAD_BYTES: usize = DEFAULT_OUTGOING_BODY_CHUNK_SIZE;

/// Empty until the answer has come.
type AnswerPlace = Mutex<Option<Result<Response<WasiBody>, Error>>>;

impl Hooks {
    /// The clock of whoever makes these requests. A task has the machine's: its time is its own.
    pub(crate) fn clock(&self) -> Option<Clock> {
        self.clock.clone()
    }

    /// Told when one of these requests has moved.
    pub(crate) fn activity(&self) -> Arc<Notify> {
        self.told.as_ref().map(|told| Arc::clone(&told.activity)).unwrap_or_default()
    }

    /// Sets that these requests come before those of other runs.
    pub(crate) fn ending_first(&self) -> EndingFirst {
        self.places.ending_first()
    }

    /// The request that has just been made has this resource.
    pub(super) fn known_as(&mut self, answer: &Resource<HostFutureIncomingResponse>) {
        let Some(told) = &mut self.told else { return };
        // A number is given again once what had it is gone.
        told.awaited.retain(|(rep, _)| *rep != answer.rep());
        told.awaited.extend(told.latest.take().map(|place| (answer.rep(), place)));
    }

    /// The answer that goes by this resource, if it has come.
    pub(super) fn take_answer(&mut self, rep: u32) -> Option<Result<Response<WasiBody>, Error>> {
        let awaited = &mut self.told.as_mut()?.awaited;
        let index = awaited.iter().position(|(awaited, _)| *awaited == rep)?;
        let answer = awaited.get(index)?.1.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        awaited.swap_remove(index);
        Some(answer)
    }
}

impl WasiHttpHooks for Hooks {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Exchanged, Error>> + Send> {
        let url = Url::parse(&request.uri().to_string());
        let allowed = url.ok().filter(|url| self.allowed.iter().any(|allowed| allowed.covers(url)));
        let (pool, places) = (Arc::clone(&self.pool), self.places.clone());
        let exchange = async move |request| {
            let url = allowed.ok_or(Error::HttpRequestDenied)?;
            send(&pool, url, request, options.unwrap_or_default(), &places).await
        };
        let Some(told) = &mut self.told else {
            return Box::new(async move {
                let connection: Box<dyn Future<Output = Result<(), Error>> + Send> = Box::new(async { Ok(()) });
                Ok((exchange(request).await?, connection))
            });
        };
        let (activity, place) = (Arc::clone(&told.activity), Arc::<AnswerPlace>::default());
        told.latest = Some(Arc::clone(&place));
        let is_written = length(&request).is_some_and(|length| length <= WRITTEN_AHEAD_BYTES);
        let watching = (!is_written).then(|| Arc::clone(&activity));
        Box::new(async move {
            let request = request.map(|body| match watching {
                Some(activity) => Watched { body, activity }.boxed_unsync(),
                None => body,
            });
            let answer = match exchange(request).await {
                Ok(response) => Ok(read(response).await),
                Err(error) => Err(error),
            };
            *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
            activity.notify_one();
            // Until whoever has asked takes the answer out of its place.
            pending().await
        })
    }
}

/// An answer with its body, as far as the process component reads it.
async fn read(response: Response<WasiBody>) -> Response<WasiBody> {
    let (head, mut body) = response.into_parts();
    let (mut text, until) = (Vec::new(), Instant::now() + ANSWER_READ_TIME);
    while text.len() < ANSWER_READ_BYTES
        && let Ok(Some(Ok(frame))) = timeout_at(until, body.frame()).await
    {
        text.extend_from_slice(frame.data_ref().map_or(&[], |bytes| bytes));
    }
    let text = Full::new(Bytes::from(text)).map_err(|never| match never {});
    Response::from_parts(head, text.boxed_unsync())
}

fn length(request: &Request<WasiBody>) -> Option<usize> {
    request.headers().get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// A body, and who is told whenever it is asked for a piece.
struct Watched {
    body: WasiBody,
    activity: Arc<Notify>,
}

impl Body for Watched {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        self.activity.notify_one();
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A response, and what has to run while its body is read: nothing, since the client sees to that.
type Exchanged = (Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>);
