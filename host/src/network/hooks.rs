//! What happens to the requests of one store.

use http::{Request, Response};
use url::Url;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use super::allowed::Allowed;
use super::client::Client;
use super::clock::Clock;
use super::exchange::send;
use super::places::Places;
#[cfg(test)]
use super::places::{PLACES, Place};

impl Client {
    /// For the process component of a run, which may reach this place.
    pub(crate) fn for_reports(&self, allowed: Option<Allowed>) -> Hooks {
        let places = self.0.reports.of_one_run();
        let clock = Some(places.clock());
        Hooks { client: self.clone(), places, clock, allowed: allowed.into_iter().collect() }
    }

    /// For a task, which may reach these places.
    pub(crate) fn for_task(&self, allowed: Vec<Allowed>) -> Hooks {
        let places = self.0.requests_of_tasks.of_one_run();
        Hooks { client: self.clone(), places, clock: None, allowed }
    }

    /// As many other runs would.
    #[cfg(test)]
    pub(super) async fn take_all_places_for_reports(&self) -> Vec<Place> {
        let mut taken = Vec::new();
        for _ in 0..PLACES {
            taken.push(self.0.reports.of_one_run().take().await);
        }
        taken
    }
}

/// What happens to the requests of one store: those to allowed places are sent, all others denied.
pub(crate) struct Hooks {
    client: Client,
    places: Places,
    clock: Option<Clock>,
    allowed: Vec<Allowed>,
}

impl Hooks {
    /// The clock of whoever makes these requests. A task has the machine's: its time is its own.
    pub(crate) fn clock(&self) -> Option<Clock> {
        self.clock.clone()
    }
}

impl WasiHttpHooks for Hooks {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Exchanged, Error>> + Send> {
        let is_allowed = Url::parse(&request.uri().to_string())
            .is_ok_and(|url| self.allowed.iter().any(|allowed| allowed.covers(&url)));
        let (client, places) = (self.client.clone(), self.places.clone());
        Box::new(async move {
            if !is_allowed {
                return Err(Error::HttpRequestDenied);
            }
            let response = send(&client, request, options.unwrap_or_default(), &places).await?;
            let connection: Box<dyn Future<Output = Result<(), Error>> + Send> = Box::new(async { Ok(()) });
            Ok((response, connection))
        })
    }
}

/// A response, and what has to run while its body is read: nothing, since the client sees to that.
type Exchanged = (Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>);
