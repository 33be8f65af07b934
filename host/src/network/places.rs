//! How many requests are under way at a time, and which is next.

use std::sync::Arc;

use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};

use super::clock::{Clock, Stopped};

/// At most this many requests are under way at a time on one host: file descriptors are few. All others wait.
pub(super) const PLACES: usize = 200;
/// At most this many of them are of one run, so that none keeps all others from the network.
const PLACES_OF_ONE: usize = 16;

/// The places that all runs share.
#[derive(Clone)]
pub(super) struct SharedPlaces(Arc<Semaphore>);

/// What one run may have of them.
#[derive(Clone)]
pub(super) struct Places {
    shared: Arc<Semaphore>,
    own: Arc<Semaphore>,
    /// Whoever holds it stands in line for a shared place: one request of each run, so that a run with many does not push
    /// back one with few.
    turn: Arc<Mutex<()>>,
    clock: Clock,
}

/// One request may be under way until this is dropped. Neither semaphore is ever closed, so both are there.
pub(super) struct Place {
    _own: Option<OwnedSemaphorePermit>,
    _shared: Option<OwnedSemaphorePermit>,
}

impl SharedPlaces {
    pub(super) fn new(places: usize) -> Self {
        Self(Arc::new(Semaphore::new(places)))
    }

    pub(super) fn of_one_run(&self) -> Places {
        let (shared, own) = (Arc::clone(&self.0), Arc::new(Semaphore::new(PLACES_OF_ONE)));
        Places { shared, own, turn: Arc::default(), clock: Clock::new() }
    }
}

/// STUB
#[derive(Clone)]
pub(crate) struct EndingFirst;

impl EndingFirst {
    pub(crate) fn set(&self) {}
}

impl Places {
    pub(super) fn ending_first(&self) -> EndingFirst {
        EndingFirst
    }

    /// Waits for a place, for as long as that takes. Time stands still meanwhile for whoever has [`clock`](Self::clock).
    pub(super) async fn take(&self) -> Place {
        let _stopped = self.stop_clock();
        let own = Arc::clone(&self.own).acquire_owned().await.ok();
        let _turn = self.turn.lock().await;
        Place { _own: own, _shared: Arc::clone(&self.shared).acquire_owned().await.ok() }
    }

    /// For a request that cannot begin for another reason of this host.
    pub(super) fn stop_clock(&self) -> Stopped {
        self.clock.stop()
    }

    pub(super) fn clock(&self) -> Clock {
        self.clock.clone()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use futures_util::future::join_all;

    use super::*;

    #[tokio::test]
    async fn a_run_with_one_request_comes_before_the_second_of_a_run_with_many() {
        let all = SharedPlaces::new(1);
        let (busy, quiet) = (all.of_one_run(), all.of_one_run());
        let only_place = busy.take().await;
        let mut of_busy: Vec<_> = (0..2).map(|_| Box::pin(busy.take())).collect();
        assert!(of_busy.iter_mut().all(|request| request.now_or_never().is_none()));
        let mut of_quiet = Box::pin(quiet.take());
        assert!((&mut of_quiet).now_or_never().is_none());

        drop(only_place);
        drop(of_busy.remove(0).await);
        assert!(of_busy[0].as_mut().now_or_never().is_none());
        drop(of_quiet.await);
        of_busy.remove(0).await;
    }

    #[tokio::test]
    async fn one_run_does_not_take_all_places() {
        let all = SharedPlaces::new(PLACES);
        let busy = all.of_one_run();
        let _taken = join_all((0..PLACES_OF_ONE).map(|_| busy.take())).await;
        assert!(busy.take().now_or_never().is_none());
        assert!(all.of_one_run().take().now_or_never().is_some());
    }
}
