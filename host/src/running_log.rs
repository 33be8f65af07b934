//! The log of what a task writes: it is sent while the task runs, in parts as the contract's open logs have them.
//!
//! The host makes the parts itself. What an open log holds goes out before the run's ending; here the ending goes first. And
//! an open log loses text while the endpoint is silent for long; here its head and its tail are kept.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use orchestra_policy::{Cause, DeliveryError, Report};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::instance::{Instance, Logged};
use crate::kept::Kept;

/// A part of this age is sent as it is. It is full when the head of what is held is full.
const PART_AGE: Duration = Duration::from_secs(10);
/// The contract's limit on names.
const NAME_BYTES: usize = 256;
/// While this many reports wait, a part stays here: the outbox has room for a few more, and those are the task's.
const MANY_REPORTS: u32 = 100;
/// While the outbox does not empty, it is searched for the last part at most this often: the search copies its record.
const SEARCH_PAUSE: Duration = Duration::from_millis(100);

pub(crate) struct RunningLog {
    name: String,
    held: Mutex<Held>,
    /// Entered only by whoever is in the run's instance.
    sending: Mutex<Sending>,
    /// Brings whoever moves the run on.
    activity: Arc<Notify>,
}

/// What is to be sent.
#[derive(Default)]
struct Held {
    kept: Kept,
    /// When the oldest of it was written, or before that.
    since: Option<Instant>,
    /// When it became enough for a part.
    full_since: Option<Instant>,
}

#[derive(Default)]
struct Sending {
    parts: u32,
    /// A part for which there was no room.
    untaken: Option<String>,
    /// The name of the part that was sent last, until it has left the outbox.
    waiting: Option<String>,
    /// When the outbox was last searched for that part, and how many reports waited in it then.
    searched: Option<(u32, Instant)>,
    /// The task is gone: all that is left is due at once, and any number of parts may wait.
    is_closed: bool,
    /// Why there is no such log.
    refused: Option<String>,
}

impl RunningLog {
    pub(crate) fn new(name: String, activity: Arc<Notify>) -> Self {
        Self { name, held: Mutex::default(), sending: Mutex::default(), activity }
    }

    /// Costs a lock and a copy. What is too much is left out: nobody waits for the endpoint.
    pub(crate) fn write(&self, text: &str) {
        if text.is_empty() {
            return;
        }
        let mut held = lock(&self.held);
        held.kept.push(text);
        let (is_first, is_full) = (held.since.is_none(), held.full_since.is_none() && held.kept.head_is_full());
        if is_first || is_full {
            let now = Instant::now();
            held.since.get_or_insert(now);
            if is_full {
                held.full_since = Some(now);
            }
            drop(held);
            self.activity.notify_one();
        }
    }

    /// In how long a part will be old enough, unless it is already.
    pub(crate) fn due_in(&self) -> Option<Duration> {
        let left = PART_AGE.checked_sub(lock(&self.held).since?.elapsed())?;
        (!left.is_zero()).then_some(left)
    }

    /// Send a part, if one is due and the part before it has left the outbox. Whether something was sent.
    pub(crate) fn send_due(&self, instance: &mut Instance) -> bool {
        let mut sending = lock(&self.sending);
        let is_due = sending.is_closed || sending.untaken.is_some() || lock(&self.held).is_due();
        is_due && sending.has_room(instance) && self.send(&mut sending, instance)
    }

    /// The task is gone: send all that is left, as far as there is room.
    pub(crate) fn close(&self, instance: &mut Instance) {
        let mut sending = lock(&self.sending);
        sending.is_closed = true;
        self.send(&mut sending, instance);
    }

    /// What could not be sent.
    pub(crate) fn left(&self) -> Option<DeliveryError> {
        let sending = lock(&self.sending);
        let bytes = sending.untaken.as_ref().map_or(0, String::len) + lock(&self.held).kept.bytes();
        let explanation = match &sending.refused {
            Some(why) => why.clone(),
            None if bytes == 0 => return None,
            None => format!("{bytes} bytes of it were not sent"),
        };
        let report = Report::Log(self.name.clone());
        Some(DeliveryError { report, cause: Cause::Undelivered, attempts: 0, kept: false, explanation })
    }

    /// One part; all, if the log is closed.
    fn send(&self, sending: &mut Sending, instance: &mut Instance) -> bool {
        let mut has_sent = false;
        while sending.refused.is_none()
            && let Some(part) = sending.untaken.take().or_else(|| lock(&self.held).take())
        {
            let name = part_name(&self.name, sending.parts + 1);
            match instance.report_log(&name, &part) {
                Logged::Taken => {
                    sending.parts += 1;
                    sending.waiting = Some(name);
                    sending.searched = None;
                    has_sent = true;
                }
                Logged::NoRoom => {
                    sending.untaken = Some(part);
                    break;
                }
                Logged::Refused(why) => sending.refused = Some(why),
            }
            if !sending.is_closed {
                break;
            }
        }
        has_sent
    }
}

impl Held {
    fn is_due(&self) -> bool {
        self.full_since.is_some() || self.since.is_some_and(|since| since.elapsed() >= PART_AGE)
    }

    fn take(&mut self) -> Option<String> {
        let since = self.since?;
        let part = self.kept.take_head();
        // What is left was written after the part was full.
        let left_since = self.full_since.unwrap_or(since);
        self.since = (self.kept.bytes() > 0).then_some(left_since);
        self.full_since = self.kept.head_is_full().then_some(left_since);
        Some(part)
    }
}

impl Sending {
    /// Whether a part can be sent without one more of them waiting, and without taking room from the task's own reports.
    fn has_room(&mut self, instance: &mut Instance) -> bool {
        if self.is_closed {
            return true;
        }
        if instance.pending >= MANY_REPORTS {
            return false;
        }
        let Some(name) = &self.waiting else { return true };
        let now = Instant::now();
        if self.searched.is_some_and(|(pending, at)| instance.pending >= pending && now < at + SEARCH_PAUSE) {
            return false;
        }
        self.searched = Some((instance.pending, now));
        if instance.holds_log(name) {
            return false;
        }
        self.waiting = None;
        true
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// As the contract's open logs are named. A name that leaves no room for the number is shortened.
fn part_name(name: &str, number: u32) -> String {
    if number == 1 {
        return name.into();
    }
    let number = format!(".{number}");
    let (name, _) = name.split_at(name.floor_char_boundary(NAME_BYTES - number.len()));
    [name, &number].concat()
}

#[cfg(test)]
mod tests;
