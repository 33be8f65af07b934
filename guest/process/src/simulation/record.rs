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

impl Record {
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
        // What was said in that very moment may have been said after it.
        let said = self.closings.iter().rev().skip_while(|closing| closing.at > at);
        let count = said.clone().take_while(|closing| closing.at == at).count() + 1;
        said.take(count).map(|closing| closing.ending_first_from).min().unwrap_or(Duration::MAX)
    }
}
