//! What happens to the requests of one store.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
#[cfg(test)]
use futures_util::FutureExt;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use tokio::sync::Notify;
use url::Url;
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
    /// For the process component of a run, which may reach this place.
    pub(crate) fn for_reports(&self, allowed: Option<Allowed>) -> Hooks {
        let pool = Arc::clone(self.reports());
        let places = pool.of_one_run();
        let clock = Some(places.clock());
        Hooks { pool, places, clock, activity: Arc::default(), allowed: allowed.into_iter().collect() }
    }

    /// For a task, which may reach these places.
    pub(crate) fn for_task(&self, allowed: Vec<Allowed>) -> Hooks {
        let pool = Arc::clone(self.requests_of_tasks());
        let places = pool.of_one_run();
        Hooks { pool, places, clock: None, activity: Arc::default(), allowed }
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
    /// Whoever makes these requests is told here when one of them has moved.
    activity: Arc<Notify>,
    allowed: Vec<Allowed>,
}

impl Hooks {
    /// The clock of whoever makes these requests. A task has the machine's: its time is its own.
    pub(crate) fn clock(&self) -> Option<Clock> {
        self.clock.clone()
    }

    pub(crate) fn activity(&self) -> Arc<Notify> {
        Arc::clone(&self.activity)
    }

    /// To be told when the run has ended: then its requests come before those of other runs.
    #[expect(dead_code, reason = "the instance is to call it")]
    pub(crate) fn ending_first(&self) -> EndingFirst {
        self.places.ending_first()
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
        let (pool, places, activity) = (Arc::clone(&self.pool), self.places.clone(), self.activity());
        Box::new(async move {
            // Told in any case, the attempt being over.
            let _told = Told(Arc::clone(&activity));
            let url = allowed.ok_or(Error::HttpRequestDenied)?;
            let request = request.map(|body| Watched { body, activity: Arc::clone(&activity) }.boxed_unsync());
            let response = send(&pool, url, request, options.unwrap_or_default(), &places).await?;
            let response = response.map(|body| Watched { body, activity }.boxed_unsync());
            let connection: Box<dyn Future<Output = Result<(), Error>> + Send> = Box::new(async { Ok(()) });
            Ok((response, connection))
        })
    }
}

/// Tells of activity when it is dropped.
struct Told(Arc<Notify>);

impl Drop for Told {
    fn drop(&mut self) {
        self.0.notify_one();
    }
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
