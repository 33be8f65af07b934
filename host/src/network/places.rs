//! How many requests of a run are under way at a time, and which is next.

use std::pin::pin;
use std::sync::Arc;

use futures_util::FutureExt;
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};

use super::clock::{Clock, Stopped};
use super::queue::{Member, Queue, Taken};

/// At most this many of the requests under way are of one run, so that none keeps all others from the network.
const PLACES_OF_ONE: usize = 16;

/// What one run may have of the places that all share.
#[derive(Clone)]
pub(super) struct Places {
    shared: Member,
    own: Arc<Semaphore>,
    /// Whoever holds it stands in line for a shared place: one request of each run, so that a run with many does not push
    /// back one with few.
    turn: Arc<Mutex<()>>,
    clock: Clock,
}

/// One request may be under way until this is dropped.
pub(super) struct Place {
    shared: Taken,
    /// It is never closed, so this is there.
    own: Option<OwnedSemaphorePermit>,
}

/// Tells the queue that a run has ended.
#[derive(Clone)]
pub(crate) struct EndingFirst(Member);

impl EndingFirst {
    /// From now on the run's requests come before those of runs that have not ended. Those that wait already move up.
    pub(crate) fn set(&self) {
        self.0.has_ended();
    }
}

impl Places {
    pub(super) fn of_one_run(shared: &Queue) -> Self {
        let own = Arc::new(Semaphore::new(PLACES_OF_ONE));
        Self { shared: shared.member(), own, turn: Arc::default(), clock: Clock::new() }
    }

    /// Waits for a place, for as long as that takes. Time stands still meanwhile for whoever has [`clock`](Self::clock).
    pub(super) async fn take(&self) -> Place {
        let mut taking = pin!(async {
            let own = Arc::clone(&self.own).acquire_owned().await.ok();
            let _turn = self.turn.lock().await;
            Place { own, shared: self.shared.take().await }
        });
        match (&mut taking).now_or_never() {
            Some(place) => place,
            None => {
                let _stopped = self.stop_clock();
                taking.await
            }
        }
    }

    /// For a request that found no file descriptor: as long as others have some, it waits until one of them has ended. `false`
    /// if none has: then it has its place still.
    pub(super) async fn wait_for_others(&self, place: Place) -> (Place, bool) {
        let Place { shared, own } = place;
        match shared.too_many() {
            Ok(number) => {
                let _stopped = self.stop_clock();
                let _turn = self.turn.lock().await;
                (Place { own, shared: self.shared.take_again(number).await }, true)
            }
            Err(shared) => (Place { shared, own }, false),
        }
    }

    /// For a request that cannot begin for another reason of this host.
    pub(super) fn stop_clock(&self) -> Stopped {
        self.clock.stop()
    }

    pub(super) fn clock(&self) -> Clock {
        self.clock.clone()
    }

    pub(super) fn ending_first(&self) -> EndingFirst {
        EndingFirst(self.shared.clone())
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;

    use super::*;

    #[tokio::test]
    async fn a_run_with_one_request_comes_before_the_second_of_a_run_with_many() {
        let all = Queue::new(1);
        let (busy, quiet) = (Places::of_one_run(&all), Places::of_one_run(&all));
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
    async fn all_requests_of_a_run_that_has_ended_come_before_those_of_others() {
        let all = Queue::new(1);
        let (other, ended) = (Places::of_one_run(&all), Places::of_one_run(&all));
        let only_place = other.take().await;
        let mut of_other = Box::pin(other.take());
        let (mut first, mut second) = (Box::pin(ended.take()), Box::pin(ended.take()));
        assert!((&mut of_other).now_or_never().is_none());
        assert!((&mut first).now_or_never().is_none() && (&mut second).now_or_never().is_none());

        ended.ending_first().set();
        drop(only_place);
        let place = first.await;
        // Now it is in the line.
        assert!((&mut second).now_or_never().is_none());
        drop(place);
        assert!((&mut of_other).now_or_never().is_none());
        drop(second.await);
        of_other.await;
    }

    #[tokio::test]
    async fn one_run_does_not_take_all_places() {
        let all = Queue::new(100);
        let busy = Places::of_one_run(&all);
        let _taken = join_all((0..PLACES_OF_ONE).map(|_| busy.take())).await;
        assert!(busy.take().now_or_never().is_none());
        assert!(Places::of_one_run(&all).take().now_or_never().is_some());
    }
}
