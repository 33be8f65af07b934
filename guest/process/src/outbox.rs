//! The ordered queue of a run's reports, and the one loop that delivers them. The modes of delivery differ only in how
//! long it may wait.

use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use crate::contract::{Cause, DeliveryError, Report, Shortfall};
use crate::platform::Platform;
use crate::request::Request;
use crate::retry::{Policy, Verdict, classify};
use crate::shortfall::Ledger;

/// Beyond either limit only an ending, and what open logs hold when a run ends, is taken; and beyond the first one all parts
/// of one write, since a write is taken as a whole.
const REPORTS_HELD: usize = 128;
const BYTES_HELD: usize = 16 * 1024 * 1024;
/// Progress folds as soon as this many reports wait.
const FOLD_FROM: usize = 4;
/// An attempt is made at least this long before the time of a call ends, whatever wait the endpoint has asked for.
const LAST_ATTEMPT: Duration = Duration::from_secs(15);
/// The least wait once a report had all attempts of the policy: an ending may have thousands.
const LEAST_WAIT: Duration = Duration::from_secs(1);

/// Attempts in the last moments of a run's time are at least this far apart.
const SHORTEST_WAIT: Duration = Duration::from_millis(250);

/// What the outbox has to know of a report beside its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A newer one says all that this one says.
    Overtakable,
    Ordinary,
    /// Sent after an ending, too.
    Log,
    /// Part of the open log with this number, of which one part waits at a time.
    LogPart(u32),
    Ending,
}

/// Whether one more report can be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    Free,
    /// Not yet, but the endpoint acknowledges.
    Later,
    /// Not in sight: the endpoint does not acknowledge.
    None,
}

/// How long a call may go on, and what ends it before that.
#[derive(Clone, Copy, Debug)]
struct Patience {
    /// In [`Platform::now`]'s time. `None` does not wait at all.
    until: Option<Duration>,
    /// An attempt is not put off beyond this moment for the endpoint's sake.
    last_attempt: Option<Duration>,
    goal: Goal,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Goal {
    /// Nothing is left.
    Empty,
    /// Nothing is left, or a report's attempts are spent: an endpoint that is down must not slow down a task that reports
    /// often.
    EmptyOrSpent,
    /// There is room for this many bytes of this kind.
    Room(usize, Kind),
}

/// The end of a run's time.
#[derive(Clone, Copy, Debug)]
struct Closing {
    by: Duration,
    /// From here on the ending goes before all other reports.
    ending_first_from: Duration,
    last_attempt: Duration,
}

pub struct Outbox<H: Platform> {
    host: H,
    policy: Policy,
    /// How long a report waits for room while the endpoint does not acknowledge: as long as one attempt may take.
    room_wait: Duration,
    /// In the order of the calls. At most one has an attempt under way.
    queue: Vec<Waiting<H>>,
    bytes: usize,
    rest: Rest,
    closing: Option<Closing>,
    ledger: Ledger,
}

struct Waiting<H: Platform> {
    report: Report,
    kind: Kind,
    request: Rc<Request>,
    attempts: u32,
    under_way: Option<H::Exchange>,
    /// What happened last.
    trouble: String,
}

/// When the endpoint may be asked again. It is one endpoint for all reports.
#[derive(Default)]
struct Rest {
    /// Failed attempts since the last acknowledgement.
    failures: u32,
    /// By the policy.
    own_until: Duration,
    /// By the endpoint's `Retry-After`.
    asked_until: Duration,
    /// The first attempt since the last acknowledgement. An endpoint that was not asked is not silent.
    silent_since: Option<Duration>,
}

impl<H: Platform> Outbox<H> {
    pub fn new(host: H, policy: Policy, attempt: Duration) -> Self {
        Self {
            host,
            policy,
            room_wait: attempt,
            queue: Vec::new(),
            bytes: 0,
            rest: Rest::default(),
            closing: None,
            ledger: Ledger::default(),
        }
    }

    pub fn host(&self) -> &H {
        &self.host
    }

    pub fn len(&self) -> usize {
        self.queue.len()
    }

    #[cfg(test)]
    pub fn held(&self) -> (usize, usize) {
        (self.queue.len(), self.bytes)
    }

    pub fn ledger(&mut self) -> &mut Ledger {
        &mut self.ledger
    }

    /// Take a report in, behind all others. Whether there is room was asked before.
    pub fn push(&mut self, report: Report, kind: Kind, request: Request) {
        if kind == Kind::Overtakable && self.queue.len() >= FOLD_FROM {
            self.fold(kind);
        }
        self.bytes += request.body.len();
        let request = Rc::new(request);
        self.queue.push(Waiting { report, kind, request, attempts: 0, under_way: None, trouble: String::new() });
    }

    /// Whether a report of this many bytes can be taken. Progress that a newer one has overtaken makes room.
    pub fn room(&mut self, bytes: usize, kind: Kind) -> Room {
        if self.has_room(bytes, kind) {
            return Room::Free;
        }
        self.fold(kind);
        let now = self.host.now();
        match self.rest.silent_since {
            _ if self.has_room(bytes, kind) => Room::Free,
            Some(since) if now >= since + self.room_wait => Room::None,
            _ => Room::Later,
        }
    }

    /// When the budget of a report that is made now is spent.
    pub fn budget_ends_at(&self) -> Duration {
        self.host.now() + self.policy.budget
    }

    /// Wait for room for as long as the endpoint acknowledges, and at most to the end of the budget.
    pub fn wait_for_room(&mut self, bytes: usize, kind: Kind, budget_end: Duration) -> Room {
        loop {
            match self.room(bytes, kind) {
                Room::Later => {}
                room => return room,
            }
            let silent_since = self.rest.silent_since;
            let silent_at = silent_since.unwrap_or_else(|| self.host.now()) + self.room_wait;
            let until = Some(budget_end.min(silent_at));
            self.deliver_until(Patience { until, last_attempt: None, goal: Goal::Room(bytes, kind) });
            if !self.has_room(bytes, kind) && self.rest.silent_since == silent_since {
                return Room::None;
            }
        }
    }

    /// Deliver to the end of the budget at most. A report that had all its attempts gets one more, if its time has come.
    pub fn deliver_for_a_report(&mut self, budget_end: Duration) -> Result<(), DeliveryError> {
        self.deliver_by(budget_end, Goal::EmptyOrSpent)
    }

    /// As far as it goes without waiting.
    pub fn deliver_at_once(&mut self) {
        self.deliver_until(Patience { until: None, last_attempt: None, goal: Goal::Empty });
    }

    /// Deliver for at most `wait`.
    pub fn advance(&mut self, wait: Duration) {
        let until = (!wait.is_zero()).then(|| self.host.now() + wait);
        loop {
            self.deliver_until(Patience { until, last_attempt: None, goal: Goal::Empty });
            let now = self.host.now();
            match until {
                // The next attempt comes only after that.
                Some(until) if now < until && !self.queue.is_empty() => {
                    self.host.sleep(self.not_beyond_the_switch(until, now).saturating_sub(now));
                }
                _ => return,
            }
        }
    }

    /// When [`Self::advance`] has something to do of itself: begin an attempt, give one up, or put the ending first. `None` if
    /// nothing is left.
    pub fn due_at(&self) -> Option<Duration> {
        let now = self.host.now();
        let index = self.first(now)?;
        if self.queue.iter().enumerate().any(|(other, waiting)| other != index && waiting.under_way.is_some()) {
            return Some(now);
        }
        let under_way = self.queue.get(index)?.under_way.as_ref();
        let due = under_way.map_or_else(|| self.begins_at(index, now), |exchange| self.host.deadline(exchange));
        let switches = |closing: &Closing| {
            let ending = self.ending().filter(|ending| *ending != index);
            let is_untried = ending.is_some_and(|ending| self.is_untried(ending));
            now < closing.ending_first_from && (is_untried || ending.is_some() && under_way.is_some())
        };
        Some(self.closing.filter(switches).map_or(due, |closing| due.min(closing.ending_first_from)))
    }

    /// When an attempt for this report begins, if nothing changes before.
    fn begins_at(&self, index: usize, now: Duration) -> Duration {
        if self.is_first_of_the_ending(index, now) {
            return now;
        }
        let begin_at = self.may_begin_at(now, None);
        match self.closing(now) {
            // By then the time is over, and the endpoint's wait is kept to its end.
            Some(Closing { by, .. }) if begin_at >= by => self.rest.own_until.max(self.rest.asked_until),
            _ => begin_at,
        }
    }

    /// Before the run's time is counted for at most the budget; else to the end of that time, or for the budget if it is over.
    pub fn flush(&mut self) -> Result<(), DeliveryError> {
        match self.closing {
            None => self.deliver_by(self.budget_ends_at(), Goal::Empty),
            Some(Closing { by, .. }) if self.host.now() >= by => {
                self.close_within(self.policy.budget);
                self.deliver_to_the_end()
            }
            Some(_) => self.deliver_to_the_end(),
        }
    }

    /// From now on the run's time is counted, unless it is already.
    pub fn close(&mut self) {
        if self.closing.is_none() {
            self.close_within(self.policy.delivery_timeout);
        }
    }

    /// From now on the run has this time.
    pub fn close_within(&mut self, time: Duration) {
        let now = self.host.now();
        let by = now + time;
        self.rest.own_until = self.rest.own_until.min(now + longest_wait(time));
        let ending_first_from = by - self.policy.budget.min(time / 2);
        // Everything is tried once more, in order, before the ending overtakes it.
        let last_attempt = ending_first_from - LAST_ATTEMPT.min(time / 4);
        self.closing = Some(Closing { by, ending_first_from, last_attempt });
    }

    /// Deliver to the end of the run's time.
    pub fn deliver_to_the_end(&mut self) -> Result<(), DeliveryError> {
        let until = self.closing.map(|closing| closing.by);
        self.deliver_until(Patience { until, last_attempt: None, goal: Goal::Empty });
        self.first_undelivered()
    }

    /// What has not been acknowledged: what has left the outbox, and what waits in it.
    pub fn shortfall(&self) -> Shortfall {
        self.ledger.shortfall(self.waiting())
    }

    fn waiting(&self) -> impl Iterator<Item = DeliveryError> + '_ {
        self.queue.iter().map(|waiting| waiting.undelivered(true, waiting.trouble()))
    }

    /// A report that found no room, and is not taken.
    pub fn lose(&mut self, report: Report) {
        let explanation = "it found no room: the outbox was full, and the endpoint did not acknowledge".into();
        let cause = Cause::Undelivered;
        self.ledger.note(DeliveryError { report, cause, attempts: 0, kept: false, explanation });
    }

    /// Whether there is room for what this open log holds.
    pub fn takes_part_of(&self, log: u32) -> bool {
        self.has_room(0, Kind::LogPart(log))
    }

    pub fn first_undelivered(&self) -> Result<(), DeliveryError> {
        self.waiting().next().map_or(Ok(()), Err)
    }

    fn deliver_by(&mut self, budget_end: Duration, goal: Goal) -> Result<(), DeliveryError> {
        let last_attempt = budget_end - LAST_ATTEMPT.min(self.policy.budget / 4);
        self.deliver_until(Patience { until: Some(budget_end), last_attempt: Some(last_attempt), goal });
        self.first_undelivered()
    }

    /// The one delivery loop.
    #[inline(never)]
    fn deliver_until(&mut self, patience: Patience) {
        let Patience { until, goal, .. } = patience;
        loop {
            if matches!(goal, Goal::Room(bytes, kind) if self.has_room(bytes, kind)) {
                return;
            }
            let now = self.host.now();
            let Some(index) = self.next(now) else { return };
            if !self.begin(index, now, patience) {
                let begin_at = self.may_begin_at(now, patience.last_attempt);
                let spent = goal == Goal::EmptyOrSpent && self.is_spent(index);
                match until {
                    Some(until) if begin_at < until && !spent && now < begin_at => {
                        self.host.sleep(self.not_beyond_the_switch(begin_at, now).saturating_sub(now));
                        continue;
                    }
                    _ => return,
                }
            }
            let pause =
                until.map_or(Duration::ZERO, |until| self.not_beyond_the_switch(until, now).saturating_sub(now));
            match self.advance_exchange(index, pause) {
                Some(true) => {}
                Some(false) if goal == Goal::EmptyOrSpent && self.is_spent(index) => return,
                Some(false) => {}
                None if until.is_none_or(|until| self.host.now() >= until) => return,
                None => {}
            }
        }
    }

    /// Which report is to be sent, if one is left: the first; or, when the run's time runs short, its ending.
    fn first(&self, now: Duration) -> Option<usize> {
        let ending_first = self.closing.is_some_and(|closing| now >= closing.ending_first_from);
        match self.ending() {
            // More time may have been given since it began.
            Some(index) if ending_first || self.is_under_way(index) => Some(index),
            _ if self.queue.is_empty() => None,
            _ => Some(0),
        }
    }

    fn ending(&self) -> Option<usize> {
        self.queue.iter().position(|waiting| waiting.kind == Kind::Ending)
    }

    /// The first to be sent. An attempt for another one is given up.
    fn next(&mut self, now: Duration) -> Option<usize> {
        let index = self.first(now)?;
        for (other, waiting) in self.queue.iter_mut().enumerate() {
            if other != index && waiting.under_way.take().is_some() {
                waiting.trouble = "the endpoint had not answered when the ending had to go first".into();
            }
        }
        Some(index)
    }

    /// Not later than `moment`, nor than the one from which the ending goes first.
    fn not_beyond_the_switch(&self, moment: Duration, now: Duration) -> Duration {
        match self.closing {
            Some(Closing { ending_first_from, .. }) if ending_first_from > now => moment.min(ending_first_from),
            _ => moment,
        }
    }

    /// The end of the run's time, unless it is over: whoever moves reports on after it is in no hurry.
    fn closing(&self, now: Duration) -> Option<Closing> {
        self.closing.filter(|closing| now < closing.by)
    }

    /// When the next attempt may begin.
    fn may_begin_at(&self, now: Duration, last_attempt: Option<Duration>) -> Duration {
        let last_attempt = self.closing(now).map(|closing| closing.last_attempt).or(last_attempt);
        let asked_until = last_attempt.map_or(self.rest.asked_until, |last| self.rest.asked_until.min(last));
        self.rest.own_until.max(asked_until)
    }

    /// Have an attempt under way. `false` if it is too early or too late for one.
    fn begin(&mut self, index: usize, now: Duration, patience: Patience) -> bool {
        let is_rested = now >= self.may_begin_at(now, patience.last_attempt) || self.is_first_of_the_ending(index, now);
        let may_begin = is_rested && patience.until.is_none_or(|until| now < until);
        let Some(waiting) = self.queue.get_mut(index) else { return false };
        if waiting.under_way.is_some() {
            return true;
        }
        if may_begin {
            waiting.attempts += 1;
            waiting.under_way = Some(self.host.begin(Rc::clone(&waiting.request)));
            self.rest.silent_since.get_or_insert(now);
        }
        may_begin
    }

    /// Once the ending goes first, its first attempt waits for nothing: the wait was for another report, and may be all of
    /// the time that is left.
    fn is_first_of_the_ending(&self, index: usize, now: Duration) -> bool {
        self.closing(now).is_some_and(|closing| now >= closing.ending_first_from)
            && self.ending() == Some(index)
            && self.is_untried(index)
    }

    fn is_untried(&self, index: usize) -> bool {
        self.queue.get(index).is_some_and(|waiting| waiting.attempts == 0)
    }

    fn is_under_way(&self, index: usize) -> bool {
        self.queue.get(index).is_some_and(|waiting| waiting.under_way.is_some())
    }

    fn is_spent(&self, index: usize) -> bool {
        self.queue.get(index).is_some_and(|waiting| waiting.attempts >= self.policy.attempts)
    }

    /// Move the attempt on. `None` if it is not over, else whether the report has left the queue.
    fn advance_exchange(&mut self, index: usize, wait: Duration) -> Option<bool> {
        let waiting = self.queue.get_mut(index)?;
        let attempt = self.host.advance(waiting.under_way.as_mut()?, wait)?;
        waiting.under_way = None;
        let verdict = classify(attempt, self.host.unix_time());
        let now = self.host.now();
        if let Verdict::Retry { trouble, after } = verdict {
            waiting.trouble = trouble;
            self.rest.failures += 1;
            let mut wait = self.policy.wait(self.rest.failures, self.host.random());
            if waiting.attempts >= self.policy.attempts {
                wait = wait.max(LEAST_WAIT);
            }
            if let Some(Closing { by, .. }) = self.closing(now) {
                wait = wait.min(longest_wait(by.saturating_sub(now)));
            }
            self.rest.own_until = now.saturating_add(wait);
            self.rest.asked_until = now.saturating_add(after.unwrap_or_default());
            return Some(false);
        }
        self.rest = Rest::default();
        let Waiting { report, kind, attempts, .. } = self.remove(index);
        let refused = match verdict {
            Verdict::Acknowledged | Verdict::Retry { .. } => None,
            Verdict::Refused { status, answer } => Some((Cause::Refused(status), answer)),
            Verdict::Denied(reason) => Some((Cause::Denied, reason)),
        };
        if let Some((cause, explanation)) = refused {
            self.ledger.note(DeliveryError { report, cause, attempts, kept: false, explanation });
        }
        if kind == Kind::Ending {
            self.give_up_what_the_ending_overtook(index);
        }
        Some(true)
    }

    /// After an ending Orchestra takes logs only.
    fn give_up_what_the_ending_overtook(&mut self, ending: usize) {
        let mut index = 0;
        for _ in 0..ending {
            match self.queue.get(index).map(|waiting| waiting.kind) {
                Some(Kind::Log | Kind::LogPart(_)) => index += 1,
                _ => {
                    let lost = self.remove(index);
                    let reason = if lost.attempts == 0 { "the ending had to go first" } else { lost.trouble() };
                    let error = lost.undelivered(false, reason);
                    self.ledger.note(error);
                }
            }
        }
    }

    fn remove(&mut self, index: usize) -> Waiting<H> {
        let removed = self.queue.remove(index);
        self.bytes -= removed.request.body.len();
        removed
    }

    fn has_room(&self, bytes: usize, kind: Kind) -> bool {
        // What would never fit is taken alone.
        let is_free = self.queue.is_empty() || self.queue.len() < REPORTS_HELD && self.bytes + bytes <= BYTES_HELD;
        // Of an open log one part waits at a time.
        is_free && !(matches!(kind, Kind::LogPart(_)) && self.queue.iter().any(|waiting| waiting.kind == kind))
    }

    /// Leave out progress of which no attempt was made, and which a newer one has overtaken: one in the outbox, or one of
    /// this kind that is to come.
    fn fold(&mut self, by: Kind) {
        let is_overtakable = |waiting: &Waiting<H>| waiting.kind == Kind::Overtakable && waiting.attempts == 0;
        let newest = match by {
            Kind::Overtakable => None,
            _ => self.queue.iter().rposition(is_overtakable),
        };
        let mut indices = 0..;
        self.queue.retain(|waiting| indices.next() == newest || !is_overtakable(waiting));
        self.bytes = self.queue.iter().map(|waiting| waiting.request.body.len()).sum();
    }
}

/// The policy's own waits are short when the time is: at most a quarter of what is left.
fn longest_wait(left: Duration) -> Duration {
    (left / 4).max(SHORTEST_WAIT)
}

impl<H: Platform> Waiting<H> {
    fn trouble(&self) -> &str {
        match (self.trouble.is_empty(), self.attempts) {
            (false, _) => &self.trouble,
            (true, 0) => "it waits behind another report of the run",
            (true, _) => "the endpoint has not answered yet",
        }
    }

    fn undelivered(&self, kept: bool, reason: &str) -> DeliveryError {
        DeliveryError {
            report: self.report.clone(),
            cause: Cause::Undelivered,
            attempts: self.attempts,
            kept,
            explanation: reason.into(),
        }
    }
}

#[cfg(test)]
mod tests;
