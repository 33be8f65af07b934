//! The ordered queue of a run's reports, and the one loop that delivers them. Blocking and background delivery differ
//! only in how long it may wait.

use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::{String, ToString};
use core::time::Duration;

use crate::config::Timeouts;
use crate::host::Host;
use crate::protocol::{Request, Target};
use crate::retry::{RetryPolicy, Verdict, classify};

/// Beyond either limit only an ending is taken.
const REPORTS_HELD: usize = 128;
const BYTES_HELD: usize = 16 * 1024 * 1024;

/// What the outbox has to know of a report beside its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A newer one says all that this one says.
    Overtakable,
    Ordinary,
    Ending,
}

/// How long a call may keep the task waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// Not at all.
    None,
    /// For the budget. A report that had all its attempts in earlier calls gets one more, if its time has come: an
    /// endpoint that is down must not slow down a task that reports often.
    Budget,
    /// For the budget, with all attempts anew: this may be the last chance.
    Insistent,
}

/// A report that the endpoint, or the host, does not take; it has left the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejection {
    Refused { report: String, status: u16, answer: String },
    Denied(String),
}

/// The budget is spent, and this is what happened last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undelivered(pub String);

/// There is no room, and none came within the budget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Full(pub String);

pub struct Outbox<H: Host> {
    host: H,
    target: Target,
    policy: RetryPolicy,
    timeouts: Timeouts,
    /// In the order of the calls; only the first is ever under way.
    queue: VecDeque<Report>,
    under_way: Option<H::Exchange>,
    bytes: usize,
    rejections: VecDeque<Rejection>,
}

struct Report {
    label: String,
    kind: Kind,
    request: Request,
    failures: u32,
    attempts_left: u32,
    /// No attempt before this moment of [`Host::now`].
    not_before: Duration,
    /// What happened last.
    trouble: String,
}

impl<H: Host> Outbox<H> {
    pub fn new(host: H, target: Target, policy: RetryPolicy, timeouts: Timeouts) -> Self {
        Self {
            host,
            target,
            policy,
            timeouts,
            queue: VecDeque::new(),
            under_way: None,
            bytes: 0,
            rejections: VecDeque::new(),
        }
    }

    pub fn host(&self) -> &H {
        &self.host
    }

    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Take a report in, behind all others. Where there is no room, make some: for at most the budget.
    pub fn push(&mut self, label: String, kind: Kind, request: Request) -> Result<(), Full> {
        let bytes = request.body.len();
        if kind != Kind::Ending && !self.has_room(bytes) {
            self.drop_overtaken(kind);
            let deadline = self.host.now() + self.policy.budget;
            let undelivered = self.deliver_until(Some(deadline), |outbox| outbox.has_room(bytes));
            if let Err(Undelivered(trouble)) = undelivered {
                return Err(Full(format!("the outbox holds {} reports; {trouble}", self.queue.len())));
            }
        }
        self.bytes += bytes;
        self.queue.push_back(Report {
            label,
            kind,
            request,
            failures: 0,
            attempts_left: self.policy.attempts,
            not_before: Duration::ZERO,
            trouble: String::new(),
        });
        Ok(())
    }

    /// Deliver in order, until all is acknowledged or patience ends.
    pub fn deliver(&mut self, patience: Patience) -> Result<(), Undelivered> {
        if let (Patience::Insistent, Some(first)) = (patience, self.queue.front_mut()) {
            first.attempts_left = self.policy.attempts;
        }
        let deadline = (patience != Patience::None).then(|| self.host.now() + self.policy.budget);
        self.deliver_until(deadline, |outbox| outbox.queue.is_empty())
    }

    /// A rejection that was not taken yet, oldest first.
    pub fn take_rejection(&mut self) -> Option<Rejection> {
        self.rejections.pop_front()
    }

    /// The run is over and nobody will call again: deliver what is there, and if something stands in the way of the
    /// ending, the ending alone.
    pub fn close(&mut self) {
        let is_ending = |report: &Report| report.kind == Kind::Ending;
        if self.deliver(Patience::Insistent).is_err() && !self.queue.front().is_some_and(is_ending) {
            self.under_way = None;
            self.queue.retain(is_ending);
            // There is nobody to tell.
            _ = self.deliver(Patience::Insistent);
        }
    }

    /// The one delivery loop. Without a deadline it does not wait.
    fn deliver_until(&mut self, deadline: Option<Duration>, done: impl Fn(&Self) -> bool) -> Result<(), Undelivered> {
        while !done(self) {
            let Some(report) = self.queue.front_mut() else { return Ok(()) };
            let mut exchange = match self.under_way.take() {
                Some(exchange) => exchange,
                None => {
                    let now = self.host.now();
                    let wait = report.not_before.saturating_sub(now);
                    let out_of_time = deadline.is_some_and(|deadline| now.max(report.not_before) >= deadline);
                    let must_wait = !wait.is_zero();
                    let may_wait = deadline.is_some() && report.attempts_left > 0;
                    if out_of_time || must_wait && !may_wait {
                        return Err(report.undelivered());
                    }
                    if must_wait {
                        self.host.sleep(wait);
                    }
                    self.host.begin(&self.target, &report.request, &self.timeouts)
                }
            };
            let wait = deadline.map_or(Duration::ZERO, |deadline| deadline.saturating_sub(self.host.now()));
            let Some(attempt) = self.host.advance(&mut exchange, &self.target, &report.request, wait) else {
                self.under_way = Some(exchange);
                return Err(report.undelivered());
            };
            drop(exchange);
            match classify(attempt, self.host.unix_time()) {
                Verdict::Acknowledged => self.pop(),
                Verdict::Refused { status, answer } => {
                    self.rejections.push_back(Rejection::Refused { report: report.label.clone(), status, answer });
                    self.pop();
                }
                Verdict::Denied(trouble) => {
                    self.rejections.push_back(Rejection::Denied(trouble));
                    self.pop();
                }
                Verdict::Retry { trouble, after } => {
                    report.trouble = trouble;
                    report.failures += 1;
                    report.attempts_left = report.attempts_left.saturating_sub(1);
                    let wait = after.unwrap_or_else(|| self.policy.wait(report.failures, self.host.random()));
                    report.not_before = self.host.now().saturating_add(wait);
                    if report.attempts_left == 0 {
                        return Err(report.undelivered());
                    }
                }
            }
        }
        Ok(())
    }

    fn pop(&mut self) {
        if let Some(report) = self.queue.pop_front() {
            self.bytes -= report.request.body.len();
        }
    }

    fn has_room(&self, bytes: usize) -> bool {
        self.queue.len() < REPORTS_HELD && self.bytes + bytes <= BYTES_HELD
    }

    /// Make room for a report of this kind. The newest progress stays unless this is newer; and so does the first report,
    /// which may be under way, or recorded by the endpoint already.
    fn drop_overtaken(&mut self, by: Kind) {
        let newest = match by {
            Kind::Overtakable => None,
            _ => self.queue.iter().rposition(|report| report.kind == Kind::Overtakable),
        };
        let mut indices = 0..;
        self.queue.retain(|report| {
            let index = indices.next();
            index == Some(0) || index == newest || report.kind != Kind::Overtakable
        });
        self.bytes = self.queue.iter().map(|report| report.request.body.len()).sum();
    }
}

impl Report {
    fn undelivered(&self) -> Undelivered {
        let trouble = match self.failures {
            0 => "the endpoint has not answered yet".to_string(),
            1 => format!("after 1 attempt: {}", self.trouble),
            failures => format!("after {failures} attempts: {}", self.trouble),
        };
        Undelivered(format!("{}: {trouble}", self.label))
    }
}
