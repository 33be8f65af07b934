//! A world of faults: time that passes only while somebody waits, an endpoint in its weather, and a record of all attempts.

use std::cell::{Cell, Ref, RefCell};
use std::rc::Rc;
use std::time::Duration;

use fastrand::Rng;

use super::BEGIN;
use super::weather::Weather;
use crate::answer::{Answer, Fault};
use crate::http_date::retry_after;
use crate::platform::Platform;
use crate::request::Request;

#[derive(Clone)]
pub struct World(Rc<Inner>);

struct Inner {
    now: Cell<Duration>,
    /// How far the wall clock has jumped.
    skew: Cell<i64>,
    weather: Weather,
    fates: RefCell<Rng>,
    jitter: RefCell<Rng>,
    /// What the component was given of chance: keys of reports, two draws each, and jitter.
    draws: RefCell<Vec<u64>>,
    attempts: RefCell<Vec<Attempt>>,
    over: Cell<usize>,
    /// When the attempt under way is over by itself.
    event: Cell<Option<Duration>>,
    is_told: bool,
    /// What has been begun to be told, if nothing has happened since.
    begun: RefCell<Option<String>>,
}

/// One HTTP request.
pub struct Attempt {
    pub at: Duration,
    pub request: Rc<Request>,
    /// When it was over for the component, and how.
    pub end: Option<(Duration, End)>,
    /// Until when the answer asked for patience.
    pub asked_until: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Acknowledged,
    /// Refused, or denied by the host.
    Refused,
    /// No answer, or one that asks for patience.
    Failed,
    /// Given up for another report, or with the run.
    Dropped,
}

/// An attempt under way.
pub struct Exchange {
    world: World,
    attempt: usize,
    over_at: Duration,
    deadline: Duration,
    result: Result<Answer, Fault>,
}

impl World {
    pub fn new(rng: &mut Rng, attempt: Duration, is_told: bool) -> Self {
        let weather = Weather::new(rng, attempt);
        let world = Self(Rc::new(Inner {
            now: Cell::default(),
            skew: Cell::default(),
            weather,
            fates: RefCell::new(rng.fork()),
            jitter: RefCell::new(rng.fork()),
            draws: RefCell::default(),
            attempts: RefCell::default(),
            over: Cell::default(),
            event: Cell::default(),
            is_told,
            begun: RefCell::default(),
        }));
        world.tell(|| format!("the endpoint: {:?}", world.weather()));
        world
    }

    /// A line of the trace, if there is one.
    pub fn tell(&self, what: impl FnOnce() -> String) {
        if self.0.is_told {
            self.0.begun.take();
            println!("{:>12.6} s  {}", self.now().as_secs_f64(), what());
        }
    }

    /// A call that has a line of its own if anything happens in it.
    pub fn begin_to_tell(&self, what: impl FnOnce() -> String) {
        if self.0.is_told {
            *self.0.begun.borrow_mut() = Some(format!("{:>12.6} s  {} …", self.now().as_secs_f64(), what()));
        }
    }

    fn tell_of_an_attempt(&self, what: impl FnOnce() -> String) {
        if let Some(begun) = self.0.begun.take() {
            println!("{begun}");
        }
        self.tell(what);
    }

    pub fn weather(&self) -> &Weather {
        &self.0.weather
    }

    pub fn attempts(&self) -> Ref<'_, [Attempt]> {
        Ref::map(self.0.attempts.borrow(), Vec::as_slice)
    }

    pub fn draws(&self) -> Ref<'_, [u64]> {
        Ref::map(self.0.draws.borrow(), Vec::as_slice)
    }

    pub fn pass_until(&self, moment: Duration) {
        self.0.now.set(moment.max(self.now()));
    }

    pub fn jump(&self, seconds: i64) {
        self.0.skew.set(seconds);
    }

    /// When something happens that an event loop would see: a request under way is over.
    pub fn event(&self) -> Option<Duration> {
        self.0.event.get()
    }

    /// How much the component has done: it changes with everything.
    pub fn deeds(&self) -> [usize; 3] {
        [self.0.attempts.borrow().len(), self.0.over.get(), self.0.draws.borrow().len()]
    }

    fn over(&self, attempt: usize, end: End) {
        let at = self.now();
        let mut attempts = self.0.attempts.borrow_mut();
        let Some(Attempt { end: none @ None, .. }) = attempts.get_mut(attempt) else { return };
        *none = Some((at, end));
        self.0.over.set(self.0.over.get() + 1);
        self.0.event.set(None);
        if end == End::Dropped {
            self.tell_of_an_attempt(|| format!("    attempt {attempt} is given up"));
        }
    }
}

impl Platform for World {
    type Exchange = Exchange;

    fn begin(&self, request: Rc<Request>) -> Exchange {
        let at = self.now();
        let fate = self.0.weather.fate(&mut self.0.fates.borrow_mut(), at, self.unix_time());
        let attempt = self.0.attempts.borrow().len();
        self.tell_of_an_attempt(|| {
            let key = request.idempotency_key.hyphenated();
            let body = String::from_utf8_lossy(&request.body[..request.body.len().min(400)]).to_string();
            format!("    attempt {attempt}, key {}: {}", &key[..8], body.split("5abc\",").last().unwrap_or_default())
        });
        let deadline = at + request.target.timeouts.attempt();
        let over_at = at + fate.takes;
        self.0.attempts.borrow_mut().push(Attempt { at, request, end: None, asked_until: None });
        assert_eq!(attempt, self.0.over.get(), "two attempts are under way");
        self.0.event.set(Some(over_at).filter(|over_at| *over_at <= deadline));
        Exchange { world: self.clone(), attempt, over_at, deadline, result: fate.result }
    }

    fn advance(&self, exchange: &mut Exchange, wait: Duration) -> Option<Result<Answer, Fault>> {
        let until = self.now() + wait;
        let Exchange { over_at, deadline, .. } = *exchange;
        let ends_at = over_at.min(deadline);
        self.pass_until(until.min(ends_at));
        if ends_at > until {
            return None;
        }
        let result = match over_at <= deadline {
            true => exchange.result.clone(),
            false => Err(Fault::Network("the endpoint did not answer in time".to_string())),
        };
        let end = match &result {
            Ok(Answer { status: 200..=299, .. }) => End::Acknowledged,
            Ok(Answer { status: 408 | 425 | 429 | 500 | 502..=504, .. }) | Err(Fault::Network(_)) => End::Failed,
            Ok(_) | Err(Fault::Denied(_)) => End::Refused,
        };
        self.over(exchange.attempt, end);
        if let (Ok(Answer { retry_after: Some(value), .. }), End::Failed) = (&result, end) {
            let asked = retry_after(value, self.unix_time()).map(|wait| self.now().saturating_add(wait));
            self.0.attempts.borrow_mut()[exchange.attempt].asked_until = asked;
        }
        self.tell_of_an_attempt(|| match &result {
            Ok(answer) => format!("    attempt {}: {} {:?}", exchange.attempt, answer.status, answer.retry_after),
            Err(fault) => format!("    attempt {}: {fault:?}", exchange.attempt),
        });
        Some(result)
    }

    fn deadline(&self, exchange: &Exchange) -> Duration {
        exchange.deadline
    }

    fn now(&self) -> Duration {
        self.0.now.get()
    }

    fn unix_time(&self) -> Duration {
        let seconds = (BEGIN + self.now()).as_secs().saturating_add_signed(self.0.skew.get());
        Duration::from_secs(seconds)
    }

    fn sleep(&self, span: Duration) {
        self.pass_until(self.now() + span);
    }

    fn random(&self) -> u64 {
        let draw = self.0.jitter.borrow_mut().u64(..);
        self.0.draws.borrow_mut().push(draw);
        draw
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.world.over(self.attempt, End::Dropped);
    }
}
