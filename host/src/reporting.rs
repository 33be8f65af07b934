//! The endpoint, the key and the id that a run is reported with.

use std::fmt;
use std::time::Duration;

use orchestra_policy::{Times, variables};

/// An API key. What prints it by accident prints nothing of it.
#[derive(Clone)]
pub struct ApiKey(String);

impl ApiKey {
    /// Any text: the process component checks it.
    pub fn new(key: impl Into<String>) -> Self {
        Self(key.into())
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ApiKey(…)")
    }
}

/// The endpoint, the key and the id that a run is reported with.
#[derive(Clone, Debug)]
pub struct Reporting {
    /// From Orchestra: a UUID.
    pub run_id: String,
    /// The key of the account. No task sees it.
    pub api_key: ApiKey,
    /// The webhook's URL; without one it is Orchestra's own.
    pub endpoint: Option<String>,
    /// Variables that say how reports are delivered, such as `ORCHESTRA_DELIVERY_TIMEOUT`, as names and values. Those that
    /// are not in [`DELIVERY_VARIABLES`](crate::DELIVERY_VARIABLES) are left out.
    pub delivery: Vec<(String, String)>,
}

impl Reporting {
    /// As the contract's `reporter.from-environment` reads it. The one place where the key leaves its type.
    pub(crate) fn variables(&self) -> Vec<(String, String)> {
        let of_delivery = |(name, _): &&(String, String)| variables::OF_DELIVERY.contains(&name.as_str());
        let mut pairs: Vec<_> = self.delivery.iter().filter(of_delivery).cloned().collect();
        pairs.push((variables::API_KEY.into(), self.api_key.0.clone()));
        pairs.extend(self.endpoint.as_ref().map(|url| (variables::WEBHOOK_URL.into(), url.clone())));
        pairs
    }

    /// What the process component makes of the same variables; it refuses those that cannot be used.
    pub(crate) fn times(reporting: Option<&Self>) -> Times {
        Times::of(reporting.map_or(&[], |reporting| &reporting.delivery))
    }
}

/// How long what a run has reported is delivered after its cancellation, by default.
pub(crate) const GRACE: Duration = Duration::from_secs(10);
