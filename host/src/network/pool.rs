//! The connections of one kind of requests, those of reports or those of tasks, and the places for them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::redirect::Policy;
use rustls::ClientConfig;
use url::{Host, Url};
use wasmtime_wasi_http::Error;

use super::client::NetworkError;
use super::lanes::{Clients, Lanes, OnLane, STREAMS};
use super::origin::Origin;
use super::places::Places;
use super::queue::Queue;
use super::shortage::Shortage;
use super::trust::{Trust, setup};

/// How long a connection is kept for the next request. It takes a file descriptor meanwhile, so it is closed before requests
/// have waited for one too long: within twice this time.
const IDLE: Duration = Duration::from_secs(10);
/// A connection of HTTP/2 from which nothing has come for so long is asked whether it is there still, and given up if there is
/// no answer: before the usual time to the first byte is over, so that the next attempt finds a new one.
const SILENCE: Duration = Duration::from_secs(10);
const PING: Duration = Duration::from_secs(4);

pub(super) struct Pool {
    connections: usize,
    queue: Queue,
    pub(super) shortage: Arc<Shortage>,
    /// For plain http to loopback: it needs neither a proxy nor the trust store.
    plain: reqwest::Client,
    trust: Arc<Trust>,
    /// For everything else; made for the first request that needs it, and for the next one if that fails.
    secure: Mutex<Option<Arc<Lanes>>>,
}

/// How a request goes.
pub(super) struct Way {
    pub(super) client: reqwest::Client,
    /// Unless it is plain http to loopback.
    lane: Option<OnLane>,
}

impl Way {
    /// Where it goes, if HTTP/2 may be spoken there.
    pub(super) fn origin(&self) -> Option<&Origin> {
        self.lane.as_ref()?.origin.as_deref()
    }
}

impl Pool {
    pub(super) fn new(connections: usize, trust: Arc<Trust>, shortage: Arc<Shortage>) -> Result<Self, NetworkError> {
        let plain = client(Trust::nobody()?, connections).no_proxy().build().map_err(|error| setup(&error))?;
        Ok(Self { connections, queue: Queue::new(connections), shortage, plain, trust, secure: Mutex::default() })
    }

    pub(super) fn of_one_run(&self) -> Places {
        Places::of_one_run(&self.queue)
    }

    /// For a request that has a place.
    pub(super) fn way_to(&self, url: &Url) -> Result<Way, Error> {
        let is_loopback = is_loopback(url);
        if is_loopback && url.scheme() == "http" {
            return Ok(Way { client: self.plain.clone(), lane: None });
        }
        let internal = |error: NetworkError| Error::InternalError(Some(error.to_string()));
        let lanes = self.lanes().map_err(internal)?;
        let lane = lanes.enter(url).map_err(internal)?;
        let Clients { through_proxies, direct } = lane.clients();
        let client = if is_loopback { direct } else { through_proxies };
        Ok(Way { client: client.clone(), lane: Some(lane) })
    }

    fn lanes(&self) -> Result<Arc<Lanes>, NetworkError> {
        let mut secure = self.secure.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lanes) = &*secure {
            return Ok(Arc::clone(lanes));
        }
        let tls = self.trust.load()?;
        let idle = self.connections.min(STREAMS);
        let lanes = Lanes::new(Box::new(move || {
            let through_proxies = client(tls.clone(), idle).build().map_err(|error| setup(&error))?;
            let direct = client(tls.clone(), idle).no_proxy().build().map_err(|error| setup(&error))?;
            Ok(Clients { through_proxies, direct })
        }));
        Ok(Arc::clone(secure.insert(Arc::new(lanes))))
    }
}

/// Redirects are not followed: the key would go to an address that was not configured.
fn client(tls: ClientConfig, connections: usize) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .redirect(Policy::none())
        .tls_backend_preconfigured(tls)
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(connections)
        .http2_keep_alive_interval(SILENCE)
        .http2_keep_alive_timeout(PING)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
