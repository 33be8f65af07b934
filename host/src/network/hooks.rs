//! What happens to the requests of one store.

use std::sync::Arc;

use http::{Request, Response};
use tokio::sync::Semaphore;
use url::Url;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use super::allowed::Allowed;
use super::client::Client;
use super::exchange::send;

/// At most this many of them are of one run, so that none keeps all others from the network.
const REQUESTS_OF_ONE: usize = 16;

impl Client {
    /// For the process component of a run, which may reach this place.
    pub(crate) fn for_reports(&self, allowed: Option<Allowed>) -> Hooks {
        let (client, permits) = (self.clone(), Arc::clone(&self.0.reports));
        Hooks { client, permits, own_permits: own_permits(), allowed: allowed.into_iter().collect() }
    }

    /// For a task, which may reach these places.
    pub(crate) fn for_task(&self, allowed: Vec<Allowed>) -> Hooks {
        let permits = Arc::clone(&self.0.requests_of_tasks);
        Hooks { client: self.clone(), permits, own_permits: own_permits(), allowed }
    }
}

fn own_permits() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(REQUESTS_OF_ONE))
}

/// What happens to the requests of one store: those to allowed places are sent, all others denied.
pub(crate) struct Hooks {
    client: Client,
    permits: Arc<Semaphore>,
    own_permits: Arc<Semaphore>,
    allowed: Vec<Allowed>,
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
        let (client, permits) = (self.client.clone(), [&self.own_permits, &self.permits].map(Arc::clone));
        Box::new(async move {
            if !is_allowed {
                return Err(Error::HttpRequestDenied);
            }
            let response = send(&client, request, options.unwrap_or_default(), permits).await?;
            let connection: Box<dyn Future<Output = Result<(), Error>> + Send> = Box::new(async { Ok(()) });
            Ok((response, connection))
        })
    }
}

/// A response, and what has to run while its body is read: nothing, since the client sees to that.
type Exchanged = (Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>);
