//! Over HTTP/2 many requests share a connection: which of them share one.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use url::{Position, Url};

use super::client::NetworkError;
use super::origin::Origin;

/// A client has one connection of HTTP/2 to each origin. At most this many requests share it: a server should allow as many
/// streams at least (RFC 9113, section 6.5.2), and most allow few more. So as many requests are under way as over HTTP/1.1.
pub(super) const STREAMS: usize = 100;
/// As many origins are remembered at most, beside those where requests are under way.
const ORIGINS: usize = 64;

/// Makes the clients of one lane.
type Make = Box<dyn Fn() -> Result<Clients, NetworkError> + Send + Sync>;

/// One lane for each hundred requests under way, made when the others are full.
pub(super) struct Lanes {
    made: Mutex<Vec<Arc<Lane>>>,
    make: Make,
}

pub(super) struct Clients {
    pub(super) through_proxies: reqwest::Client,
    /// To loopback, which no proxy can reach.
    pub(super) direct: reqwest::Client,
}

struct Lane {
    clients: Clients,
    under_way: AtomicUsize,
    origins: Mutex<HashMap<String, Arc<Origin>>>,
}

/// A request is on its lane until this is dropped.
pub(super) struct OnLane {
    lane: Arc<Lane>,
    /// Where it goes, if HTTP/2 may be spoken there.
    pub(super) origin: Option<Arc<Origin>>,
}

impl Lanes {
    pub(super) fn new(make: Make) -> Self {
        Self { made: Mutex::default(), make }
    }

    /// Takes the first lane that has room, so that few requests need few connections.
    pub(super) fn enter(&self, url: &Url) -> Result<OnLane, NetworkError> {
        let mut lanes = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let with_room = lanes.iter().find(|lane| lane.under_way.load(Ordering::Relaxed) < STREAMS);
        let lane = match with_room {
            Some(lane) => Arc::clone(lane),
            None => {
                let (under_way, origins) = (AtomicUsize::new(0), Mutex::default());
                let lane = Arc::new(Lane { clients: (self.make)()?, under_way, origins });
                lanes.push(Arc::clone(&lane));
                lane
            }
        };
        lane.under_way.fetch_add(1, Ordering::Relaxed);
        drop(lanes);
        let origin = (url.scheme() == "https").then(|| lane.origin(url));
        Ok(OnLane { lane, origin })
    }
}

impl Lane {
    fn origin(&self, url: &Url) -> Arc<Origin> {
        let name = &url[Position::BeforeHost..Position::AfterPort];
        let mut origins = self.origins.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = origins.get(name) {
            return Arc::clone(known);
        }
        if origins.len() >= ORIGINS {
            origins.retain(|_, origin| Arc::strong_count(origin) > 1);
        }
        Arc::clone(origins.entry(name.to_string()).or_insert_with(|| Arc::new(Origin::new())))
    }
}

impl OnLane {
    pub(super) fn clients(&self) -> &Clients {
        &self.lane.clients
    }
}

impl Drop for OnLane {
    fn drop(&mut self) {
        self.lane.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
