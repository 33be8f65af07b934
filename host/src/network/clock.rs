//! Time, as the process component sees it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use wasmtime_wasi::HostMonotonicClock;

/// Options may ask for spans that no clock has.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

pub(super) fn after(moment: Instant, span: Duration) -> Instant {
    moment + span.min(LONGEST)
}

/// A clock that stands still while a request waits in this host. The process component cannot see that its request has
/// not begun, and would give it up for an endpoint that does not answer.
#[derive(Clone)]
pub(crate) struct Clock(Arc<Mutex<Times>>);

struct Times {
    began: Instant,
    /// How long it has stood still, until the last time that it went on.
    stood: Duration,
    /// How many requests wait, and since when one of them does.
    waiting: usize,
    since: Instant,
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}

/// The clock stands still until this is dropped.
pub(super) struct Stopped(Clock);

impl Clock {
    pub(super) fn new() -> Self {
        let began = Instant::now();
        Self(Arc::new(Mutex::new(Times { began, stood: Duration::ZERO, waiting: 0, since: began })))
    }

    pub(super) fn stop(&self) -> Stopped {
        let mut times = self.times();
        if times.waiting == 0 {
            times.since = Instant::now();
        }
        times.waiting += 1;
        drop(times);
        Stopped(self.clone())
    }

    pub(crate) fn elapsed(&self) -> Duration {
        let times = self.times();
        let until = if times.waiting == 0 { Instant::now() } else { times.since };
        until.duration_since(times.began).saturating_sub(times.stood)
    }

    /// Ends when this much time has passed on this clock, counted from its beginning.
    pub(crate) async fn reaches(&self, moment: Duration) {
        loop {
            let left = moment.saturating_sub(self.elapsed());
            if left.is_zero() {
                return;
            }
            sleep(left).await;
        }
    }

    fn times(&self) -> MutexGuard<'_, Times> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        let mut times = self.0.times();
        times.waiting -= 1;
        if times.waiting == 0 {
            let stood = times.since.elapsed();
            times.stood += stood;
        }
    }
}

impl HostMonotonicClock for Clock {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        u64::try_from(self.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn time_passes_only_while_no_request_waits() {
        let clock = Clock::new();
        advance(SECOND).await;
        let (first, second) = (clock.stop(), clock.stop());
        advance(SECOND).await;
        drop(first);
        advance(SECOND).await;
        assert_eq!(clock.elapsed(), SECOND);
        drop(second);
        assert_eq!(clock.elapsed(), SECOND);
        advance(SECOND).await;
        assert_eq!(clock.elapsed(), 2 * SECOND);
    }
}
