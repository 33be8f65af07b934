//! When this host had no file descriptor left.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// For how long requests wait for a file descriptor, from the moment on at which none of them had one.
pub(super) const LIMIT: Duration = Duration::from_secs(30);
/// A request that fails for a reason that does not tell this soon after, fails for the shortage.
const RECENT: Duration = Duration::from_secs(1);
/// A shortage after as long without one is another, and is said again.
const ANOTHER: Duration = Duration::from_secs(60);

/// The shortages of a host.
#[derive(Default)]
pub(super) struct Shortage(Mutex<Times>);

#[derive(Default)]
struct Times {
    /// Since when no request has gone through for want of a descriptor.
    since: Option<Instant>,
    /// When one was missing the last time.
    last: Option<Instant>,
}

impl Shortage {
    /// A descriptor was missing. `false` if requests have waited for long enough.
    pub(super) fn can_wait(&self) -> bool {
        let now = Instant::now();
        let mut times = self.times();
        let has_lasted = |span| times.last.is_some_and(|last| now - last < span);
        let (is_new, goes_on) = (!has_lasted(ANOTHER), has_lasted(LIMIT));
        let since = times.since.filter(|_| goes_on).unwrap_or(now);
        *times = Times { since: Some(since), last: Some(now) };
        drop(times);
        if is_new {
            log::warn!("no file descriptor is left: requests wait for one, and none is lost. Raise `ulimit -n`");
        }
        now - since < LIMIT
    }

    /// A request has gone through.
    pub(super) fn is_over(&self) {
        self.times().since = None;
    }

    pub(super) fn is_recent(&self) -> bool {
        self.times().last.is_some_and(|last| last.elapsed() < RECENT)
    }

    fn times(&self) -> MutexGuard<'_, Times> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn requests_wait_until_none_has_gone_through_for_the_limit() {
        let shortage = Shortage::default();
        assert!(shortage.can_wait());
        advance(LIMIT - Duration::from_secs(1)).await;
        assert!(shortage.can_wait());
        shortage.is_over();
        advance(LIMIT - Duration::from_secs(1)).await;
        assert!(shortage.can_wait());
        advance(LIMIT - Duration::from_secs(1)).await;
        assert!(shortage.can_wait());
        advance(Duration::from_secs(1)).await;
        assert!(!shortage.can_wait());
    }

    #[tokio::test(start_paused = true)]
    async fn a_shortage_that_was_not_seen_for_the_limit_is_another() {
        let shortage = Shortage::default();
        assert!(shortage.can_wait());
        advance(LIMIT).await;
        assert!(shortage.can_wait());
    }
}
