//! What a simulated task has reported, and when the rules let its ending go first: what the wire is compared with.

use std::cell::Cell;
use std::time::Duration;

use crate::contract::{Outcome, Report};
use crate::retry::Policy;

#[derive(Default)]
pub struct Record {
    /// In the order of the calls; all that were taken, or lost for want of room.
    pub made: Vec<Made>,
    pub logs: Vec<OpenLog>,
    pub is_running: bool,
    pub ending: Option<Ending>,
    pub ending_key: Option<String>,
    pub closings: Vec<Closing>,
    /// The last attempts of calls that wait for the budget, which the endpoint's patience does not put off.
    pub last_attempts: Vec<LastAttempt>,
    pub calls: usize,
    pub found_no_room: Cell<bool>,
}

pub struct Made {
    /// It is in the report, so that it can be recognised on the wire.
    pub number: usize,
    pub report: Report,
    /// A newer one of its kind may take its place.
    pub is_overtakable: bool,
}

pub struct OpenLog {
    pub name: String,
    pub number: u32,
    /// How many bytes of it were taken.
    pub written: usize,
    pub is_open: bool,
}

pub struct Ending {
    pub outcome: Outcome,
    /// Of the call that made it.
    pub number: usize,
    pub at: Duration,
    /// How much chance had been drawn before it.
    pub draws: usize,
    /// How many reports waited.
    pub waiting: usize,
    /// How often the end of the run's time had been set.
    pub closings: usize,
    pub key: Option<String>,
}

/// The end of a run's time, as it was set at `at`.
#[derive(Clone, Copy)]
pub struct Closing {
    pub at: Duration,
    pub by: Duration,
    pub ending_first_from: Duration,
    pub last_attempt: Duration,
}

/// Of a call that began then, and whether the endpoint likes it or not.
#[derive(Clone, Copy)]
pub struct LastAttempt {
    pub call_at: Duration,
    pub over_at: Duration,
    pub at: Duration,
}

impl Record {
    /// A call waits, from now on, for the budget.
    pub fn wait_for_the_budget(&mut self, now: Duration, policy: &Policy) {
        let over_at = now + policy.budget;
        let at = over_at - Duration::from_secs(15).min(policy.budget / 4);
        self.last_attempts.push(LastAttempt { call_at: now, over_at, at });
    }

    pub fn close(&mut self, at: Duration, time: Duration, policy: &Policy) {
        let by = at + time;
        let ending_first_from = by - policy.budget.min(time / 2);
        let last_attempt = ending_first_from - Duration::from_secs(15).min(time / 4);
        self.closings.push(Closing { at, by, ending_first_from, last_attempt });
    }

    pub fn closing(&self) -> Option<Closing> {
        self.closings.last().copied()
    }

    /// What of the run's time is left; all of it, if it is not counted yet.
    pub fn left(&self, now: Duration, policy: &Policy) -> Duration {
        self.closing().map_or(policy.delivery_timeout, |closing| closing.by.saturating_sub(now))
    }

    /// From when on the ending may go before other reports, by what was said until `at`.
    pub fn ending_first_from(&self, at: Duration) -> Duration {
        self.closings_at(at).map(|closing| closing.ending_first_from).min().unwrap_or(Duration::MAX)
    }

    /// From when on an attempt is made whatever the endpoint asks for, by what was said until `at`.
    pub fn last_attempt(&self, at: Duration) -> Duration {
        let of_calls = self.last_attempts.iter().filter(|call| call.call_at <= at && at <= call.over_at);
        let of_the_run = self.closings_at(at).filter(|closing| at < closing.by).map(|closing| closing.last_attempt);
        of_calls.map(|call| call.at).chain(of_the_run).min().unwrap_or(Duration::MAX)
    }

    /// What was said in that very moment may have been said after it.
    fn closings_at(&self, at: Duration) -> impl Iterator<Item = &Closing> {
        let said = self.closings.iter().rev().skip_while(move |closing| closing.at > at);
        let count = said.clone().take_while(|closing| closing.at == at).count() + 1;
        said.take(count)
    }
}
