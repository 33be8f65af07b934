//! How a simulated task ends its run, and how much time it gives it.

use std::time::Duration;

use super::record::Ending;
use super::task::{Broken, Task};
use super::weather::span;
use crate::contract::{Delivery, Outcome, State};
use crate::platform::Platform as _;
use crate::process::{Fault, Process};

impl Task {
    pub(super) fn end(&mut self) -> Result<(), Broken> {
        let outcomes = [Outcome::Succeeded, Outcome::Warning, Outcome::Failed, Outcome::Cancelled];
        let outcome = *self.rng.choice(&outcomes).unwrap();
        let is_wrong = self.rng.u32(0..25) == 0;
        let was_ended = self.record.ending.as_ref().map(|ending| ending.outcome);
        let (now, draws, waiting) = (self.world.now(), self.world.draws().len(), self.held());
        let limit = match self.delivery {
            Delivery::NonBlocking => Duration::ZERO,
            Delivery::Blocking | Delivery::Background => self.record.left(now, &self.policy),
        };
        let data = is_wrong.then(|| "[]".to_string());
        let number = self.record.calls;
        let message = Some(format!("it is #{number}"));
        let result = self.call(format_args!("end as {outcome:?}, #{number}"), limit, |process| {
            process.end(outcome, message, data)
        })?;
        let is_expected = match (&result, was_ended) {
            (Err(Fault::Ended(stands)), Some(was)) => *stands == was,
            (_, Some(_)) => false,
            (Err(Fault::InvalidArgument(_)), None) => is_wrong,
            (Err(Fault::Delivery(_)), None) => !is_wrong && self.delivery != Delivery::NonBlocking && !self.is_silent,
            (Ok(()), None) => !is_wrong,
            _ => false,
        };
        if !is_expected {
            return Err(format!("results: {result:?} of an ending that came after {was_ended:?}"));
        }
        if was_ended.is_none() && !is_wrong {
            if self.record.closings.is_empty() {
                self.record.close(now, self.policy.delivery_timeout, &self.policy);
            }
            let key = self.record.ending_key.clone();
            self.record.ending =
                Some(Ending { outcome, number, at: now, draws, waiting, closings: self.record.closings.len(), key });
        }
        let ended = self.record.ending.as_ref().map(|ending| ending.outcome);
        match (self.process().state(), ended) {
            (State::Ended(state), Some(outcome)) if state == outcome => Ok(()),
            (State::Open | State::Running, None) => Ok(()),
            (state, ended) => Err(format!("results: the state is {state:?} after the ending {ended:?}")),
        }
    }

    pub(super) fn set_ending_key(&mut self) -> Result<(), Broken> {
        let is_wrong = self.rng.u32(0..4) == 0;
        let number = self.rng.u64(..);
        let key = if is_wrong { "a key".to_string() } else { format!("00000000-0000-4000-8000-{:012x}", number >> 16) };
        let result =
            self.call(format_args!("set-ending-key {key}"), Duration::ZERO, |process| process.set_ending_key(&key))?;
        if result.is_ok() == (is_wrong || self.record.ending.is_some()) {
            return Err(format!("results: {result:?} of a key for the ending"));
        }
        if result.is_ok() {
            self.record.ending_key = Some(key);
        }
        Ok(())
    }

    pub(super) fn deliver_within(&mut self) -> Result<(), Broken> {
        let time = span(&mut self.rng, 16);
        self.record.close(self.world.now(), time, &self.policy);
        self.call(format_args!("deliver-within {time:?}"), Duration::ZERO, |process| process.deliver_within(time))
    }

    pub(super) fn flush(&mut self) -> Result<(), Broken> {
        let now = self.world.now();
        let limit = match (self.delivery, self.record.closing()) {
            (Delivery::NonBlocking, _) => Duration::ZERO,
            (_, Some(closing)) if now < closing.by => closing.by - now,
            (_, Some(_)) => {
                self.record.close(now, self.policy.budget, &self.policy);
                self.policy.budget
            }
            (_, None) => self.policy.budget,
        };
        if self.record.closing().is_none() {
            self.record.wait_for_the_budget(now, &self.policy);
        }
        let result = self.call(format_args!("flush"), limit, Process::flush)?;
        match result {
            Ok(()) if self.held() > 0 => Err("results: a flush succeeded, and something still waits".to_string()),
            _ => Ok(()),
        }
    }
}
