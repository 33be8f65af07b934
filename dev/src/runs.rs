//! The runs in memory: reports in, messages for the pages out.

use std::collections::VecDeque;

use hyper::body::Bytes;
use serde_json::json;

use crate::breach::Breach;
use crate::event::{Arrival, Attempt, Event, TAKEN};
use crate::feed::{Cursor, Feed, message};
use crate::report::ReceivedReport;
use crate::run::ReceivedRun;

/// At most this many runs are kept. The run that was silent for longest makes room for the next.
pub const RUNS: usize = 200;

/// At most this many events of a run are kept. Later ones are only counted.
pub const EVENTS_PER_RUN: usize = 2000;

/// The texts of all runs have at most this many bytes. The run that was silent for longest makes room for more.
pub const KEPT_BYTES: usize = 64 * 1024 * 1024;

pub(crate) struct Runs {
    runs: VecDeque<ReceivedRun>,
    kept_bytes: usize,
    feed: Feed,
    /// What a page has to know first.
    greeting: serde_json::Value,
}

/// How a report is answered.
#[derive(Debug, PartialEq)]
pub(crate) struct Verdict {
    pub(crate) status: u16,
    /// Whether the endpoint fails the report on purpose.
    pub(crate) misbehaving: bool,
    pub(crate) breaches: Vec<Breach>,
}

impl Runs {
    pub(crate) fn new(greeting: serde_json::Value) -> Self {
        Self { runs: VecDeque::new(), kept_bytes: 0, feed: Feed::new(), greeting }
    }

    /// Accepts a report, or refuses it.
    pub(crate) fn take(&mut self, report: ReceivedReport, arrival: Arrival) -> Verdict {
        let mut run = self.take_out(&report, &arrival);
        let known = run.events.iter().rposition(|event| event.is_same(&arrival));
        let taken_before = known.is_some_and(|at| run.events[at].taken);
        let breaches = match known {
            Some(at) if taken_before => run.events[at].breaches.clone(),
            _ => report.breaches.iter().cloned().chain(run.progress.breach(&report)).collect(),
        };
        let refusal = breaches.iter().find_map(Breach::refusal);
        let status = arrival.failing.or(refusal).unwrap_or(TAKEN);
        if status == TAKEN && !taken_before {
            run.take(&report);
        }
        let attempt = Attempt {
            at_ms: arrival.at_ms,
            status,
            misbehaving: arrival.failing.is_some(),
            delay_ms: u64::try_from(arrival.delay.as_millis()).unwrap_or(u64::MAX),
        };
        let at = known.or_else(|| {
            let event = Event::new(run.events.len() + 1, report, &arrival);
            let bytes = event.bytes();
            let room = run.events.len() < EVENTS_PER_RUN && self.make_room(bytes);
            if !room {
                run.not_kept += 1;
                return None;
            }
            self.kept_bytes += bytes;
            run.events.push(event);
            Some(run.events.len() - 1)
        });
        if let Some(event) = at.map(|at| &mut run.events[at]) {
            event.attempted(attempt, breaches.clone());
            self.feed.publish("event", &json!({"run": run.id, "event": event}));
        }
        run.warnings = run.events.iter().map(|event| event.warnings.len()).sum();
        run.last_at_ms = arrival.at_ms;
        self.feed.publish("run", &run);
        self.runs.push_back(run);
        Verdict { status, misbehaving: arrival.failing.is_some(), breaches }
    }

    /// The messages for a page that has read up to the cursor, and the cursor behind them.
    pub(crate) fn after(&self, cursor: Option<Cursor>) -> (Vec<Bytes>, Cursor) {
        let missed = cursor.and_then(|cursor| self.feed.after(cursor));
        (missed.unwrap_or_else(|| self.everything()), self.feed.cursor())
    }

    fn everything(&self) -> Vec<Bytes> {
        let mut all = vec![message("reset", &self.greeting, None)];
        let mut runs: Vec<_> = self.runs.iter().collect();
        runs.sort_by(|one, other| one.first_at_ms.total_cmp(&other.first_at_ms));
        for run in runs {
            all.push(message("run", run, None));
            all.extend(run.events.iter().map(|event| message("event", &json!({"run": run.id, "event": event}), None)));
        }
        // Only now does a page know everything: a page that leaves earlier starts over.
        all.push(message("ready", &json!({}), Some(self.feed.cursor())));
        all
    }

    /// Takes the report's run out of the runs, which are in the order of their last reports.
    fn take_out(&mut self, report: &ReceivedReport, arrival: &Arrival) -> ReceivedRun {
        let place = self.runs.iter().position(|run| run.id == report.run_id);
        place.and_then(|place| self.runs.remove(place)).unwrap_or_else(|| {
            if self.runs.len() >= RUNS {
                self.forget_one();
            }
            ReceivedRun::new(report.run_id.clone(), arrival.at_ms)
        })
    }

    /// Makes room for this many bytes by forgetting runs that were silent for long. Returns whether there is room.
    fn make_room(&mut self, bytes: usize) -> bool {
        while self.kept_bytes + bytes > KEPT_BYTES {
            if !self.forget_one() {
                return false;
            }
        }
        true
    }

    fn forget_one(&mut self) -> bool {
        let Some(run) = self.runs.pop_front() else { return false };
        self.kept_bytes -= run.events.iter().map(Event::bytes).sum::<usize>();
        self.feed.publish("forget", &json!({"run": run.id}));
        true
    }
}

#[cfg(test)]
mod tests;
