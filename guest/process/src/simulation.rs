//! A host for tests: time passes only where somebody waits, chance always gives the longest wait, and attempts end as
//! scripted. What is not scripted is acknowledged at once.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use crate::config::Config;
use crate::contract::Delivery;
use crate::host::{Answer, Fault, Host};
use crate::process::Process;
use crate::protocol::Request;

/// Mon, 23 Nov 2026 08:00:00 GMT is when every simulation begins.
pub const BEGIN: Duration = Duration::from_secs(1_795_420_800);

#[derive(Clone, Default)]
pub struct Simulation(Rc<World>);

#[derive(Default)]
struct World {
    now: Cell<Duration>,
    script: RefCell<VecDeque<Attempt>>,
    sent: RefCell<Vec<(Duration, String)>>,
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

pub fn denied() -> Attempt {
    (Duration::ZERO, Err(Fault::Denied("no way out".to_string())))
}

impl Simulation {
    pub fn script(attempts: impl IntoIterator<Item = Attempt>) -> Self {
        let simulation = Self::default();
        simulation.0.script.borrow_mut().extend(attempts);
        simulation
    }

    /// A run with the default policy.
    pub fn run(&self, delivery: Delivery) -> Process<Self> {
        let config = Config { delivery, ..Config::webhook("key", None).unwrap() };
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
        self.0.sent.borrow().iter().map(|(at, _)| at.as_secs_f64()).collect()
    }

    pub fn bodies(&self) -> Vec<String> {
        self.0.sent.borrow().iter().map(|(_, body)| body.clone()).collect()
    }
}

impl Host for Simulation {
    type Exchange = Attempt;

    fn begin(&self, _: &Config, request: &Request) -> Attempt {
        self.0.sent.borrow_mut().push((self.now(), String::from_utf8(request.body.clone()).unwrap()));
        let (takes, result) = self.0.script.borrow_mut().pop_front().unwrap_or_else(|| answer(200));
        (self.now() + takes, result)
    }

    fn advance(
        &self,
        (over_at, result): &mut Attempt,
        _: &Config,
        _: &Request,
        wait: Duration,
    ) -> Option<Result<Answer, Fault>> {
        let until = self.now() + wait;
        self.0.now.set(until.min(*over_at).max(self.now()));
        (*over_at <= until).then(|| result.clone())
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
