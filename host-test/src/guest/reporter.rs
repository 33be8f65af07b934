//! The resource `reporter`.

use wasmtime::component::ResourceAny;

use super::{Delivery, Guest, GuestProcess, OpenError, RUN_ID, RetryPolicy, Timeouts};
use crate::endpoint::MockEndpoint;

/// Five attempts, and next to no waiting.
pub const QUICK: RetryPolicy =
    RetryPolicy { attempts: 5, first_wait: 1, longest_wait: 2, budget: 10_000, delivery_timeout: 10_000 };

/// `reporter`
pub struct Reporter {
    pub(super) guest: Guest,
    pub(super) resource: ResourceAny,
}

impl Reporter {
    /// A webhook reporter to this endpoint, which waits a millisecond instead of half a second.
    pub fn to(endpoint: &MockEndpoint) -> Self {
        let reporter = Guest::new().reporter(endpoint);
        reporter.set_retry_policy(QUICK).expect("the policy is in range");
        reporter
    }

    /// The instance that it is in.
    pub fn guest(&self) -> &Guest {
        &self.guest
    }

    /// A run of this reporter, without a name.
    pub fn run(&self) -> GuestProcess {
        self.open(RUN_ID, None).expect("the run id is well-formed")
    }

    /// `set-endpoint`
    pub fn set_endpoint(&self, url: &str) -> Result<(), String> {
        self.guest.call(async |store, exports| {
            exports.orchestra_process_lifecycle().reporter().call_set_endpoint(store, self.resource, url).await
        })
    }

    /// `set-delivery`
    pub fn set_delivery(&self, delivery: Delivery) {
        self.guest.call(async |store, exports| {
            exports.orchestra_process_lifecycle().reporter().call_set_delivery(store, self.resource, delivery).await
        });
    }

    /// `set-retry-policy`
    pub fn set_retry_policy(&self, policy: RetryPolicy) -> Result<(), String> {
        self.guest.call(async |store, exports| {
            exports.orchestra_process_lifecycle().reporter().call_set_retry_policy(store, self.resource, policy).await
        })
    }

    /// `set-timeouts`
    pub fn set_timeouts(&self, timeouts: Timeouts) -> Result<(), String> {
        self.guest.call(async |store, exports| {
            exports.orchestra_process_lifecycle().reporter().call_set_timeouts(store, self.resource, timeouts).await
        })
    }

    /// `allow-plaintext`
    pub fn allow_plaintext(&self) {
        self.guest.call(async |store, exports| {
            exports.orchestra_process_lifecycle().reporter().call_allow_plaintext(store, self.resource).await
        });
    }

    /// `open`
    pub fn open(&self, run_id: &str, name: Option<&str>) -> Result<GuestProcess, OpenError> {
        let resource = self.guest.call(async |store, exports| {
            exports.orchestra_process_lifecycle().reporter().call_open(store, self.resource, run_id, name).await
        });
        Ok(GuestProcess { guest: self.guest.clone(), resource: resource? })
    }
}

/// Runs keep their configuration, so the reporter may go before them.
impl Drop for Reporter {
    fn drop(&mut self) {
        self.guest.release(self.resource);
    }
}
