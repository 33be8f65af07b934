//! Who waits for a place, in which order, and how many have one.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::time::Instant;

/// After a shortage nothing more is tried for this long. Then each request that has ended lets one more begin.
const CALM: Duration = Duration::from_secs(1);

/// A line for places. Runs that have ended come first; otherwise who came first. No place is free while anybody waits.
#[derive(Clone)]
pub(super) struct Queue(Arc<Mutex<Line>>);

struct Line {
    /// How many places there are, and how many of them can be used at the moment.
    most: usize,
    open: usize,
    taken: usize,
    next_number: u64,
    /// Each under the number by which it came.
    of_ended: BTreeMap<u64, Waker>,
    others: BTreeMap<u64, Waker>,
    /// When there were too many places the last time.
    short: Option<Instant>,
}

/// One run in the line. It stands there with one request at a time.
#[derive(Clone)]
pub(super) struct Member {
    queue: Queue,
    standing: Arc<Standing>,
}

/// Both are changed under the lock of the line only.
#[derive(Default)]
struct Standing {
    has_ended: AtomicBool,
    /// The number of the request that stands in the line for this run, or that did last.
    number: AtomicU64,
}

/// A place, until this is dropped.
pub(super) struct Taken {
    queue: Queue,
    number: u64,
}

impl Queue {
    pub(super) fn new(most: usize) -> Self {
        Self(Arc::new(Mutex::new(Line {
            most,
            open: most,
            taken: 0,
            next_number: 0,
            of_ended: BTreeMap::new(),
            others: BTreeMap::new(),
            short: None,
        })))
    }

    pub(super) fn member(&self) -> Member {
        Member { queue: self.clone(), standing: Arc::default() }
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes whoever is next, with the line unlocked.
    fn change(&self, change: impl FnOnce(&mut Line)) {
        let mut line = self.line();
        change(&mut line);
        let next = line.serve();
        drop(line);
        next.into_iter().for_each(Waker::wake);
    }
}

impl Member {
    /// Waits for a place. Whoever drops this leaves the line, and a place that it was given meanwhile goes to the next.
    pub(super) fn take(&self) -> Waiting {
        Waiting { member: self.clone(), number: None, is_in_line: false }
    }

    /// From now on this run comes before those that have not ended, with the request that stands in the line, too.
    pub(super) fn has_ended(&self) {
        let mut line = self.queue.line();
        self.standing.has_ended.store(true, Ordering::Relaxed);
        let number = self.standing.number.load(Ordering::Relaxed);
        if let Some(waker) = line.others.remove(&number) {
            line.of_ended.insert(number, waker);
        }
    }

    /// Once more for a place that was given back, with the same number: it came before those who wait now.
    pub(super) fn take_again(&self, number: u64) -> Waiting {
        Waiting { member: self.clone(), number: Some(number), is_in_line: false }
    }
}

impl Taken {
    /// Gives the place back, and closes it, because there are too few descriptors for it. Returns its number. If no other place
    /// is taken, nothing is gained by waiting for one, and it is kept.
    pub(super) fn too_many(self) -> Result<u64, Self> {
        let mut line = self.queue.line();
        line.short = Some(Instant::now());
        if line.taken < 2 {
            drop(line);
            return Err(self);
        }
        line.open = line.taken - 1;
        drop(line);
        // Its drop gives it back, and serves nobody.
        Ok(self.number)
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.queue.change(|line| {
            line.taken -= 1;
            if line.open < line.most && line.short.is_none_or(|short| short.elapsed() >= CALM) {
                line.open += 1;
            }
        });
    }
}

impl Line {
    /// Hands places out: who gets one is in no line any more, and is to be woken.
    fn serve(&mut self) -> Vec<Waker> {
        let mut next = Vec::new();
        while self.taken < self.open
            && let Some((_, waker)) = self.of_ended.pop_first().or_else(|| self.others.pop_first())
        {
            self.taken += 1;
            next.push(waker);
        }
        next
    }

    fn leave(&mut self, number: u64) -> Option<Waker> {
        self.of_ended.remove(&number).or_else(|| self.others.remove(&number))
    }
}

/// See [`Member::take`].
pub(super) struct Waiting {
    member: Member,
    number: Option<u64>,
    /// Or it was given a place meanwhile.
    is_in_line: bool,
}

impl Future for Waiting {
    type Output = Taken;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Taken> {
        let Self { member: Member { queue, standing }, number, is_in_line } = &mut *self;
        let mut line = queue.line();
        let line = &mut *line;
        let own_number = *number.get_or_insert_with(|| {
            line.next_number += 1;
            line.next_number
        });
        if *is_in_line {
            let waits = line.of_ended.get_mut(&own_number).or_else(|| line.others.get_mut(&own_number));
            if let Some(waker) = waits {
                waker.clone_from(context.waker());
                return Poll::Pending;
            }
            *is_in_line = false;
        } else if line.taken < line.open {
            // Nobody waits, or a place would not be free.
            line.taken += 1;
        } else {
            standing.number.store(own_number, Ordering::Relaxed);
            let in_which =
                if standing.has_ended.load(Ordering::Relaxed) { &mut line.of_ended } else { &mut line.others };
            in_which.insert(own_number, context.waker().clone());
            *is_in_line = true;
            return Poll::Pending;
        }
        Poll::Ready(Taken { queue: queue.clone(), number: own_number })
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(number) = self.number.filter(|_| self.is_in_line) {
            self.member.queue.change(|line| {
                if line.leave(number).is_none() {
                    line.taken -= 1;
                }
            });
        }
    }
}

#[cfg(test)]
mod tests;
