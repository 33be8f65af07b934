//! A task out of a seed: a dozen calls of any kind in any order, and the host that moves them on. What each call may do is
//! checked as it returns.

use std::fmt::{Arguments, Debug};
use std::rc::Rc;
use std::sync::LazyLock;
use std::time::Duration;

use fastrand::Rng;

use super::record::{Ending, Record};
use super::weather::span;
use super::world::World;
use crate::config::Config;
use crate::contract::{Delivery, Outcome};
use crate::platform::Platform as _;
use crate::process::Process;
use crate::request::Timeouts;
use crate::retry::Policy;

/// The invariant that was broken, and how.
pub type Broken = String;

pub const KIB: usize = 1024;
pub const MIB: usize = 1024 * KIB;
pub const REPORTS_HELD: usize = 128;
pub const BYTES_HELD: usize = 16 * MIB;
pub const LOGS_OPEN: usize = 16;
pub const PART_BYTES: usize = 256 * KIB;
const MILLISECOND: Duration = Duration::from_millis(1);

/// A text whose bytes tell where in it they are.
pub static TEXT: LazyLock<String> = LazyLock::new(|| {
    (0..5 * MIB).map(|offset| char::from(b'a' + u8::try_from(offset % PERIOD * 7 % 26).unwrap())).collect()
});
pub const PERIOD: usize = 251;
/// What takes six bytes each in JSON.
pub static CONTROL: LazyLock<String> = LazyLock::new(|| "\u{1}".repeat(4 * MIB));

pub struct Task {
    pub world: World,
    pub record: Record,
    pub delivery: Delivery,
    pub policy: Policy,
    pub attempt: Duration,
    pub is_jobs: bool,
    pub is_silent: bool,
    pub host: Host,
    pub process: Option<Process<World>>,
    pub rng: Rng,
}

/// Who holds the run in non-blocking delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// It advances the run when it is told to, or when a request has moved.
    Told,
    /// It looks after the run now and then.
    Lazy,
    /// It looks after the run in every millisecond.
    Busy,
}

/// A report, but for an ending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    Start,
    Progress { data: bool },
    Stage,
    Output,
    Log { bytes: usize, is_control: bool },
}

impl Task {
    pub fn new(seed: u64, is_told: bool) -> Self {
        let mut rng = Rng::with_seed(seed);
        let policy = policy(&mut rng);
        let timeouts = timeouts(&mut rng);
        let world = World::new(&mut rng, timeouts.attempt(), is_told);
        let is_jobs = rng.u32(0..10) == 0;
        let is_silent = !is_jobs && rng.u32(0..50) == 0;
        let mut config = match (is_jobs, is_silent) {
            (true, _) => Config::jobs("key", "client", "https://example.com").unwrap(),
            (_, true) => Config::silent(),
            _ => Config::webhook("key").unwrap(),
        };
        let delivery = match rng.u32(0..5) {
            0 => Delivery::Blocking,
            1 | 2 => Delivery::Background,
            _ => Delivery::NonBlocking,
        };
        (config.delivery, config.policy, config.timeouts) = (delivery, policy, timeouts);
        let name = rng.bool().then_some("etl");
        let run_id = "12345678-1234-5678-1234-567812345abc";
        let process = Process::open(Rc::new(config), world.clone(), run_id, name).unwrap();
        world.tell(|| format!("{delivery:?} {policy:?} {timeouts:?} jobs: {is_jobs} silent: {is_silent}"));
        Self {
            world,
            record: Record::default(),
            delivery,
            policy,
            attempt: timeouts.attempt(),
            is_jobs,
            is_silent,
            host: if rng.u32(0..4) > 0 { Host::Told } else { Host::Lazy },
            process: Some(process),
            rng,
        }
    }

    /// To the end, but for dropping it.
    pub fn run(&mut self) -> Result<(), Broken> {
        for _ in 0..self.rng.u32(1..16) {
            self.step()?;
        }
        if self.rng.u32(0..4) > 0 {
            self.end()?;
        }
        // Whoever holds a run in non-blocking delivery goes on for as long as its time.
        if let (Delivery::NonBlocking, Some(closing)) = (self.delivery, self.record.closing()) {
            self.host_until(closing.by)?;
        }
        while let Some(log) = self.record.logs.iter().position(|log| log.is_open) {
            self.close_log(log)?;
        }
        Ok(())
    }

    /// Drop the run, as its last handle is dropped.
    pub fn drop_run(&mut self) -> Result<(), Broken> {
        let Some(process) = self.process.take() else { return Ok(()) };
        let (now, held) = (self.world.now(), process.held().0);
        let limit = match self.delivery {
            Delivery::NonBlocking => Duration::ZERO,
            Delivery::Blocking | Delivery::Background => self.record.left(now, &self.policy),
        };
        let draws = self.world.draws().len();
        if self.record.closings.is_empty() {
            self.record.close(now, self.policy.delivery_timeout, &self.policy);
        }
        if self.record.is_running && self.record.ending.is_none() {
            let (outcome, key) = (Outcome::Failed, self.record.ending_key.clone());
            let number = self.record.calls;
            self.record.ending = Some(Ending {
                outcome,
                number,
                at: now,
                draws,
                waiting: held,
                closings: self.record.closings.len(),
                key,
            });
        }
        drop(process);
        self.world.tell(|| "the run is dropped".to_string());
        within(format_args!("dropping the run"), self.world.now() - now, limit)
    }

    pub fn process(&self) -> &Process<World> {
        self.process.as_ref().unwrap()
    }

    pub fn unacknowledged(&self) -> crate::contract::Shortfall {
        self.process().unacknowledged()
    }

    pub fn held(&self) -> usize {
        self.process().held().0
    }

    fn step(&mut self) -> Result<(), Broken> {
        match self.rng.u32(0..100) {
            0..=9 => self.report(Sort::Start),
            10..=24 => {
                let data = self.rng.u32(0..4) == 0;
                self.report(Sort::Progress { data })
            }
            25..=31 => self.report(Sort::Stage),
            32..=39 => self.report(Sort::Output),
            40..=44 => {
                let sort = self.any_log();
                self.report(sort)
            }
            45..=49 => self.open_log(),
            50..=57 => self.write_log(),
            58..=61 => match self.record.logs.iter().position(|log| log.is_open) {
                Some(log) => self.close_log(log),
                None => Ok(()),
            },
            62..=65 => self.flush(),
            66..=71 => {
                let wait = span(&mut self.rng, 14);
                let has_event_loop = self.delivery == Delivery::NonBlocking && self.host != Host::Lazy;
                let does_not_wait = self.rng.bool() || has_event_loop;
                self.advance(if does_not_wait { Duration::ZERO } else { wait })
            }
            72..=74 => self.deliver_within(),
            75..=79 => self.end(),
            80..=82 => self.set_ending_key(),
            83..=84 => {
                let seconds = self.rng.i64(-2_000_000_000..2_000_000_000);
                self.world.jump(seconds);
                self.world.tell(|| format!("the wall clock jumps by {seconds} s"));
                Ok(())
            }
            85 if self.rng.u32(0..6) == 0 => self.burst(),
            86 if self.rng.u32(0..20) == 0 => self.long_log(),
            _ => self.work(),
        }
    }

    /// Whether a report of that size may find no room. What open logs hold takes its place first, if it is old enough.
    pub fn may_be_full(&self, bytes: usize) -> bool {
        let (held, held_bytes) = self.process().held();
        let logs = self.record.logs.iter().filter(|log| log.is_open).count();
        held + logs >= REPORTS_HELD || held_bytes + logs * PART_BYTES + bytes + 4 * KIB > BYTES_HELD
    }

    /// One call of the component's: it takes no longer than it may, and holds no more than it may afterwards.
    pub fn call<T: Debug>(
        &mut self,
        what: Arguments<'_>,
        limit: Duration,
        call: impl FnOnce(&mut Process<World>) -> T,
    ) -> Result<T, Broken> {
        self.record.calls += 1;
        let began = self.world.now();
        if self.delivery == Delivery::Blocking {
            self.record.wait_for_the_budget(began, &self.policy);
        }
        self.world.begin_to_tell(|| what.to_string());
        let result = call(self.process.as_mut().unwrap());
        let took = self.world.now() - began;
        self.world.tell(|| format!("{what}: {result:?}"));
        within(what, took, limit)?;
        let (reports, bytes) = self.process().held();
        // Beyond the limits: an ending, a part of each open log as the run ends, and the parts of one write. A report that is
        // too large on its own is taken if nothing else waits.
        let (most, most_bytes) = (REPORTS_HELD + 1 + LOGS_OPEN + 16, BYTES_HELD + 33 * (PART_BYTES + KIB) + 2 * MIB);
        if reports > most || bytes > most_bytes && reports > 1 + 33 {
            return Err(format!("limits: {what}: {reports} reports of {bytes} bytes are held"));
        }
        Ok(result)
    }
}

fn within(what: Arguments<'_>, took: Duration, limit: Duration) -> Result<(), Broken> {
    match took <= limit {
        true => Ok(()),
        false => Err(format!("time: {what} took {took:?}, and {limit:?} is the most")),
    }
}

fn policy(rng: &mut Rng) -> Policy {
    if rng.u32(0..3) == 0 {
        return Policy::DEFAULT;
    }
    let first_wait = if rng.u32(0..4) == 0 { Duration::ZERO } else { span(rng, 12) };
    Policy {
        attempts: rng.u32(1..7),
        first_wait,
        longest_wait: first_wait + span(rng, 15),
        budget: MILLISECOND + span(rng, 17),
        delivery_timeout: MILLISECOND + span(rng, 18),
    }
}

fn timeouts(rng: &mut Rng) -> Timeouts {
    if rng.bool() {
        return Timeouts::DEFAULT;
    }
    let mut timeout = || MILLISECOND + span(rng, 14);
    Timeouts { connect: timeout(), first_byte: timeout(), between_bytes: timeout() }
}
