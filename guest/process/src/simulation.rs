//! A host for tests: time passes only while somebody waits, chance always gives the longest wait, and attempts end as
//! scripted. Attempts beyond the script are acknowledged at once.

mod account;
mod ending;
mod events;
mod host;
mod invariants;
mod log;
mod record;
mod report;
mod soak;
mod task;
mod waits;
mod weather;
mod wire;
mod world;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use crate::answer::{Answer, Fault};
use crate::config::Config;
use crate::contract::Delivery;
use crate::platform::Platform;
use crate::process::Process;
use crate::request::Request;
use crate::retry::Policy;

/// Mon, 23 Nov 2026 08:00:00 GMT is when every simulation begins.
pub const BEGIN: Duration = Duration::from_secs(1_795_420_800);

#[derive(Clone, Default)]
pub struct Simulation(Rc<World>);

#[derive(Default)]
struct World {
    now: Cell<Duration>,
    script: RefCell<VecDeque<Attempt>>,
    /// Before that, every attempt that is not scripted fails.
    down_until: Cell<Duration>,
    sent: RefCell<Vec<Sent>>,
    acknowledged: RefCell<Vec<String>>,
}

/// A request, and when its attempt began.
struct Sent {
    at: Duration,
    key: String,
    body: String,
}

/// An attempt under way.
pub struct Exchange {
    over_at: Duration,
    result: Result<Answer, Fault>,
    body: String,
}

/// What an attempt comes to, and how long it takes.
pub type Attempt = (Duration, Result<Answer, Fault>);

pub fn answer(status: u16) -> Attempt {
    (Duration::ZERO, Ok(Answer { status, retry_after: None, location: None, text: String::new() }))
}

pub fn retry_after(value: &str) -> Attempt {
    let answer = Answer { status: 503, retry_after: Some(value.to_string()), location: None, text: String::new() };
    (Duration::ZERO, Ok(answer))
}

pub fn slow(seconds: u64) -> Attempt {
    (Duration::from_secs(seconds), answer(200).1)
}

/// It is given up after so many seconds.
pub fn never(seconds: u64) -> Attempt {
    (Duration::from_secs(seconds), Err(Fault::Network("the endpoint did not answer in time".to_string())))
}

pub fn denied() -> Attempt {
    (Duration::ZERO, Err(Fault::Denied("no way out".to_string())))
}

impl Simulation {
    pub fn script(attempts: impl IntoIterator<Item = Attempt>) -> Self {
        let simulation = Self::default();
        simulation.0.script.borrow_mut().extend(attempts);
        simulation
    }

    /// An endpoint that resets every connection for this long.
    pub fn down_for(seconds: u64) -> Self {
        let simulation = Self::default();
        simulation.0.down_until.set(Duration::from_secs(seconds));
        simulation
    }

    /// A run with the default policy.
    pub fn run(&self, delivery: Delivery) -> Process<Self> {
        self.run_with(delivery, Policy::DEFAULT)
    }

    pub fn run_with(&self, delivery: Delivery, policy: Policy) -> Process<Self> {
        let mut config = Config::webhook("key").unwrap();
        (config.delivery, config.policy) = (delivery, policy);
        Process::open(Rc::new(config), self.clone(), "12345678-1234-5678-1234-567812345abc", None).unwrap()
    }

    pub fn seconds(&self) -> f64 {
        self.0.now.get().as_secs_f64()
    }

    pub fn pass(&self, seconds: u64) {
        self.sleep(Duration::from_secs(seconds));
    }

    /// When each attempt began.
    pub fn sent_at(&self) -> Vec<f64> {
        self.0.sent.borrow().iter().map(|sent| sent.at.as_secs_f64()).collect()
    }

    /// The bodies that were answered with 200, in the order of the answers.
    pub fn acknowledged(&self) -> Vec<String> {
        self.0.acknowledged.borrow().clone()
    }

    pub fn bodies(&self) -> Vec<String> {
        self.0.sent.borrow().iter().map(|sent| sent.body.clone()).collect()
    }

    pub fn keys(&self) -> Vec<String> {
        self.0.sent.borrow().iter().map(|sent| sent.key.clone()).collect()
    }
}

impl Platform for Simulation {
    type Exchange = Exchange;

    fn begin(&self, request: Rc<Request>) -> Exchange {
        let body = String::from_utf8(request.body.clone()).unwrap();
        let key = request.idempotency_key.hyphenated();
        self.0.sent.borrow_mut().push(Sent { at: self.now(), key, body: body.clone() });
        let scripted = self.0.script.borrow_mut().pop_front();
        let (takes, result) = scripted.unwrap_or_else(|| match self.now() < self.0.down_until.get() {
            true => (Duration::ZERO, Err(Fault::Network("the connection was closed".to_string()))),
            false => answer(200),
        });
        Exchange { over_at: self.now() + takes, result, body }
    }

    fn advance(&self, exchange: &mut Exchange, wait: Duration) -> Option<Result<Answer, Fault>> {
        let Exchange { over_at, result, body } = exchange;
        let until = self.now() + wait;
        self.0.now.set(until.min(*over_at).max(self.now()));
        let is_over = *over_at <= until;
        if is_over && matches!(result, Ok(Answer { status: 200, .. })) {
            self.0.acknowledged.borrow_mut().push(body.clone());
        }
        is_over.then(|| result.clone())
    }

    /// What is scripted always comes by itself.
    fn deadline(&self, exchange: &Exchange) -> Duration {
        exchange.over_at
    }

    fn now(&self) -> Duration {
        self.0.now.get()
    }

    fn unix_time(&self) -> Duration {
        BEGIN + self.now()
    }

    fn sleep(&self, span: Duration) {
        self.0.now.set(self.now() + span);
    }

    fn random(&self) -> u64 {
        u64::MAX
    }
}
