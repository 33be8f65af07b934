//! The reports of a simulated task, what may come of each, and when one may be lost.

use std::time::Duration;

use super::record::Made;
use super::task::{Broken, CONTROL, KIB, MIB, Sort, TEXT, Task};
use super::world::{Attempt, End};
use crate::contract::{Delivery, Report};
use crate::platform::Platform as _;
use crate::process::Fault;

impl Task {
    pub(super) fn report(&mut self, sort: Sort) -> Result<(), Broken> {
        let number = self.record.calls;
        let is_wrong = self.rng.u32(0..25) == 0;
        let (size, report, is_overtakable) = match sort {
            Sort::Start => (0, Report::Start, false),
            Sort::Progress { data } => (0, Report::Progress, !data),
            Sort::Stage => (0, Report::Stage(format!("s{number}")), false),
            Sort::Output => (0, Report::Output(format!("o{number}")), false),
            Sort::Log { bytes, is_control: true } => (6 * bytes, Report::Log(format!("g{number}")), false),
            Sort::Log { bytes, is_control: false } => (bytes, Report::Log(format!("g{number}")), false),
        };
        let is_full = self.may_be_full(size);
        let limit = match self.delivery {
            Delivery::Blocking => self.policy.budget,
            Delivery::Background if is_full => self.policy.budget,
            Delivery::Background | Delivery::NonBlocking => Duration::ZERO,
        };
        let (lost, began, had_failed) = (is_full.then(|| self.lost()), self.world.now(), self.has_failed());
        let message = Some(if is_wrong { TEXT[..64 * KIB + 1].to_string() } else { format!("it is #{number}") });
        let result = self.call(format_args!("{sort:?} #{number}, wrong: {is_wrong}"), limit, |process| match sort {
            Sort::Start => process.start(message, None),
            Sort::Progress { data } => process.progress(message, data.then(|| "{\"a\": 1}".to_string())),
            Sort::Stage => process.stage(&format!("s{number}"), number.is_multiple_of(2), message, None),
            Sort::Output if is_wrong => process.output("a b", "1".to_string()),
            Sort::Output => process.output(&format!("o{number}"), number.to_string()),
            Sort::Log { .. } if is_wrong => process.log("a", TEXT[..4 * MIB + 1].to_string()),
            Sort::Log { bytes, is_control: true } => process.log(&format!("g{number}"), CONTROL[..bytes].to_string()),
            Sort::Log { bytes, .. } => process.log(&format!("g{number}"), TEXT[..bytes].to_string()),
        })?;
        let is_log = matches!(sort, Sort::Log { .. });
        let is_supported = !self.is_jobs || !is_log && sort != Sort::Output;
        if self.is_taken(result, is_wrong, is_log, is_supported)? {
            self.record.is_running |= !is_log && sort != Sort::Output;
            self.record.made.push(Made { number, report, is_overtakable });
            // A blocking report goes on after it was lost.
            if lost.is_some_and(|lost| self.lost() > lost) && !had_failed {
                self.lost_for_a_reason(began)?;
            }
        }
        Ok(())
    }

    /// Whether the report counts, by the result that its call had: errors have their reasons, and each has its mode.
    fn is_taken(
        &self,
        result: Result<(), Fault>,
        is_wrong: bool,
        is_log: bool,
        is_supported: bool,
    ) -> Result<bool, Broken> {
        let is_ended = self.record.ending.is_some() && !is_log;
        let is_expected = match &result {
            Err(Fault::InvalidArgument(_)) => is_wrong,
            Err(Fault::Ended(outcome)) => {
                !is_wrong && is_ended && self.record.ending.as_ref().is_some_and(|ending| ending.outcome == *outcome)
            }
            Err(Fault::Unsupported(_)) => !is_wrong && !is_ended && !is_supported,
            Ok(()) => !is_wrong && !is_ended && is_supported,
            Err(Fault::OutboxFull) => {
                self.record.found_no_room.set(true);
                !is_wrong && !is_ended && is_supported && self.delivery == Delivery::NonBlocking && self.held() > 0
            }
            Err(Fault::Delivery(_)) => {
                !is_wrong && !is_ended && is_supported && self.delivery == Delivery::Blocking && !self.is_silent
            }
        };
        if !is_expected {
            return Err(format!("results: {result:?} in {:?} delivery, wrong: {is_wrong}", self.delivery));
        }
        if result == Ok(()) && self.delivery == Delivery::Blocking && self.held() > 0 {
            return Err("results: a blocking report succeeded, and something still waits".to_string());
        }
        Ok(matches!(result, Ok(()) | Err(Fault::Delivery(_))))
    }

    /// How many reports were lost for want of room, of those that are listed.
    fn lost(&self) -> usize {
        self.unacknowledged()
            .reports
            .iter()
            .filter(|error| !error.kept && error.explanation.contains("no room"))
            .count()
    }

    /// The next attempt may be too far away to wait for.
    fn has_failed(&self) -> bool {
        matches!(self.world.attempts().last(), Some(Attempt { end: Some((_, End::Failed)), .. }))
    }

    /// Nothing is lost for want of room while the endpoint acknowledges.
    fn lost_for_a_reason(&self, began: Duration) -> Result<(), Broken> {
        let (now, attempts) = (self.world.now(), self.world.attempts());
        let resolved =
            attempts.iter().rposition(|attempt| matches!(attempt.end, Some((_, End::Acknowledged | End::Refused))));
        let silent_since = attempts.get(resolved.map_or(0, |index| index + 1)).map(|attempt| attempt.at);
        let is_silent = silent_since.is_some_and(|since| now >= since + self.attempt);
        // What has failed may have been silent for as long as that.
        let has_failed = attempts.iter().any(|attempt| matches!(attempt.end, Some((at, End::Failed)) if at >= began));
        if is_silent || has_failed || now - began >= self.policy.budget {
            return Ok(());
        }
        Err(format!(
            "nothing is lost in vain: for want of room, and the endpoint is silent since {silent_since:?} only"
        ))
    }

    pub(super) fn any_log(&mut self) -> Sort {
        match self.rng.u32(0..1500) {
            0 => Sort::Log { bytes: self.rng.usize(MIB..4 * MIB), is_control: self.rng.bool() },
            _ => Sort::Log { bytes: self.rng.usize(0..100), is_control: self.rng.bool() },
        }
    }

    pub(super) fn burst(&mut self) -> Result<(), Broken> {
        let sort =
            *self.rng.choice(&[Sort::Output, Sort::Output, Sort::Progress { data: false }, Sort::Stage]).unwrap();
        for _ in 0..self.rng.u32(100..300) {
            self.report(sort)?;
        }
        for _ in 0..self.rng.u32(0..60) * self.rng.u32(0..2) {
            self.short_log()?;
        }
        Ok(())
    }
}
