//! Time of a test's own. It passes while the component waits, and only while no exchange over HTTP can move on.
//!
//! This is tokio's paused clock, so that the timeouts of the host's HTTP client follow it as the component's
//! `wasi:clocks` do. Left alone it would run ahead of exchanges, which take real time: each of them
//! [holds](Time::hold) it until it is over, or the endpoint says that it hangs.

use std::convert::Infallible;
use std::sync::mpsc;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::{oneshot, watch};
use tokio::task;
use tokio::time::Instant;
use wasmtime_wasi::{HostMonotonicClock, HostWallClock};

use crate::endpoint::WAIT_LIMIT;

/// Since 1970: Mon, 23 Nov 2026 08:00:00 GMT is when every simulation begins.
const BEGIN: Duration = Duration::from_secs(1_795_420_800);

/// The source of a component's time.
pub(crate) enum Time {
    /// The machine.
    Real,
    /// A simulation. It stands still during exchanges with an endpoint that counts here how often it hangs.
    Simulated { hangs: Option<watch::Receiver<usize>> },
}

impl Time {
    pub(crate) fn is_simulated(&self) -> bool {
        matches!(self, Self::Simulated { .. })
    }

    /// A runtime with this time. In a simulation nothing goes on between two calls.
    pub(crate) fn runtime(&self) -> Runtime {
        let runtime = match self {
            Self::Real => Builder::new_multi_thread().worker_threads(1).enable_all().build(),
            Self::Simulated { .. } => Builder::new_current_thread().enable_all().start_paused(true).build(),
        };
        runtime.expect("a runtime is made")
    }

    /// Holds a simulated time until what is returned is dropped, or the endpoint hangs, but no longer than
    /// [`WAIT_LIMIT`]. Called in the runtime, one exchange after the other.
    pub(crate) fn hold(&self) -> Option<Hold> {
        let Self::Simulated { hangs: Some(hangs) } = self else { return None };
        let mut hangs = hangs.clone();
        let hangs_before = *hangs.borrow_and_update();
        let (held, wait) = mpsc::channel::<Infallible>();
        // tokio's rule: a paused clock does not move while a blocking task runs.
        task::spawn_blocking(move || wait.recv_timeout(WAIT_LIMIT));
        let (exchange, over) = oneshot::channel();
        tokio::spawn(async move {
            tokio::select! {
                _ = over => {}
                _ = hangs.wait_for(|count| *count > hangs_before) => {}
            }
            // What the endpoint has sent is here by now; the runtime takes it in while this task yields.
            task::yield_now().await;
            task::yield_now().await;
            drop(held);
        });
        Some(Hold(exchange))
    }
}

/// An exchange that holds a simulated time.
pub(crate) struct Hold(
    #[expect(dead_code, reason = "it says what it has to by being dropped")] oneshot::Sender<Infallible>,
);

/// `wasi:clocks` for a simulation.
#[derive(Clone, Copy)]
pub(crate) struct Clock {
    /// Of the simulation's runtime.
    pub(crate) began: Instant,
}

impl HostMonotonicClock for Clock {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_nanos()).expect("no test waits for 500 years")
    }
}

impl HostWallClock for Clock {
    fn resolution(&self) -> Duration {
        Duration::from_nanos(1)
    }

    fn now(&self) -> Duration {
        BEGIN + self.began.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::{MockEndpoint, status};
    use crate::guest::Guest;
    use crate::host::TestHost;

    #[test]
    fn time_passes_only_while_somebody_waits() {
        let endpoint = MockEndpoint::script([]);
        let guest = Guest::on(TestHost::simulated(&endpoint));
        assert_eq!(guest.seconds(), 0.0);
        guest.pass(Duration::from_secs(3600));
        assert_eq!(guest.seconds(), 3600.0);
    }

    /// The component waits for 20 s at most, which would be over at once.
    #[test]
    fn time_stands_still_while_the_endpoint_takes_its_time() {
        let endpoint = MockEndpoint::script([status(200).delayed(Duration::from_millis(50))]);
        let guest = Guest::on(TestHost::simulated(&endpoint));
        guest.reporter(&endpoint).run().complete(None, None).expect("the first attempt has all the time it needs");
        assert_eq!(guest.seconds(), 0.0);
    }

    #[test]
    #[should_panic(expected = "the machine's time is not for tests to pass")]
    fn no_test_sleeps() {
        Guest::new().pass(Duration::from_millis(1));
    }
}
