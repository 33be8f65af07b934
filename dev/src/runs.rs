//! The runs in memory: reports in, messages for the pages out.

use std::collections::VecDeque;
use std::time::Duration;

use hyper::body::Bytes;
use serde::Serialize;
use serde_json::json;

use crate::feed::{Cursor, Feed, message};
use crate::report::{Key, Kind, Protocol, Report};
use crate::rules::{Breach, Progress};

/// So many runs are kept. Then the one that was silent for longest is forgotten.
pub const RUNS: usize = 200;

/// So many events are kept of a run. Later ones are counted.
pub const EVENTS_PER_RUN: usize = 2000;

/// So many attempts are kept of an event. Later ones are counted.
pub const ATTEMPTS_PER_EVENT: usize = 50;

/// So much is kept of one text of an event.
pub const SHOWN_TEXT_BYTES: usize = 256 * 1024;

/// So much is kept of all texts of all runs. Then the run that was silent for longest is forgotten.
pub const KEPT_BYTES: usize = 64 * 1024 * 1024;

/// What an event takes beside its texts, roughly.
const EVENT_BYTES: usize = 512;

/// A status says that a report was taken.
const TAKEN: u16 = 200;

pub(crate) struct Runs {
    runs: VecDeque<Run>,
    kept_bytes: usize,
    feed: Feed,
    /// What a page has to know before all else.
    greeting: serde_json::Value,
}

/// How a report came.
pub(crate) struct Arrival {
    pub(crate) protocol: Protocol,
    /// Since 1970, in milliseconds.
    pub(crate) at_ms: f64,
    pub(crate) idempotency_key: Option<String>,
    /// By which a repeated report is known that has no idempotency key.
    pub(crate) body_hash: u64,
    /// The status that it is answered with, whatever it is, because the endpoint was told to misbehave.
    pub(crate) failing: Option<u16>,
    pub(crate) delay: Duration,
}

/// What a report is answered.
#[derive(Debug, PartialEq)]
pub(crate) struct Verdict {
    pub(crate) status: u16,
    /// Whether it is so because the endpoint was told to misbehave.
    pub(crate) misbehaving: bool,
    pub(crate) breaches: Vec<Breach>,
}

#[derive(Serialize)]
struct Run {
    id: String,
    name: Option<String>,
    state: State,
    first_at_ms: f64,
    last_at_ms: f64,
    warnings: usize,
    /// How many events came that are not kept.
    not_kept: usize,
    #[serde(skip)]
    progress: Progress,
    #[serde(skip)]
    events: Vec<Event>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    /// No report was taken so far.
    Waiting,
    Running,
    Succeeded,
    Warning,
    Failed,
    Cancelled,
}

#[derive(Serialize)]
struct Event {
    /// In its run, from 1.
    number: usize,
    at_ms: f64,
    protocol: Protocol,
    kind: Kind,
    label: String,
    name: Text,
    message: Text,
    content: Text,
    key: Key,
    taken: bool,
    warnings: Vec<Warning>,
    attempts: Vec<Attempt>,
    attempts_not_kept: usize,
    #[serde(skip)]
    idempotency_key: Option<String>,
    #[serde(skip)]
    body_hash: u64,
    #[serde(skip)]
    breaches: Vec<Breach>,
}

/// A text, and how many bytes of it were cut.
#[derive(Serialize)]
struct Text {
    text: String,
    cut_bytes: usize,
}

#[derive(Serialize)]
struct Warning {
    text: String,
    refused: bool,
}

#[derive(Serialize)]
struct Attempt {
    at_ms: f64,
    status: u16,
    misbehaving: bool,
    delay_ms: u64,
}

impl Runs {
    pub(crate) fn new(greeting: serde_json::Value) -> Self {
        Self { runs: VecDeque::new(), kept_bytes: 0, feed: Feed::new(), greeting }
    }

    /// Takes a report, or refuses it.
    pub(crate) fn take(&mut self, report: Report, arrival: Arrival) -> Verdict {
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

    /// What a page that has come so far is to be told, and how far it has come then.
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
        // Only now does a page know everything: one that leaves before begins anew.
        all.push(message("ready", &json!({}), Some(self.feed.cursor())));
        all
    }

    /// The report's run, out of the row, which is in the order of the last report.
    fn take_out(&mut self, report: &Report, arrival: &Arrival) -> Run {
        let place = self.runs.iter().position(|run| run.id == report.run_id);
        place.and_then(|place| self.runs.remove(place)).unwrap_or_else(|| {
            if self.runs.len() >= RUNS {
                self.forget_one();
            }
            Run::new(report.run_id.clone(), arrival.at_ms)
        })
    }

    /// Whether there is room for so many bytes, at the expense of runs that were silent for long.
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

impl Run {
    fn new(id: String, at_ms: f64) -> Self {
        Self {
            id,
            name: None,
            state: State::Waiting,
            first_at_ms: at_ms,
            last_at_ms: at_ms,
            warnings: 0,
            not_kept: 0,
            progress: Progress::default(),
            events: Vec::new(),
        }
    }

    fn take(&mut self, report: &Report) {
        self.progress.take(report);
        self.state = State::of(self.progress.ending.as_deref());
        if self.name.is_none() {
            self.name = report.task.as_deref().map(|name| Text::new(name.to_owned()).text);
        }
    }
}

impl State {
    fn of(ending: Option<&str>) -> Self {
        match ending {
            None => Self::Running,
            Some("SUCCEEDED" | "Complete") => Self::Succeeded,
            Some("WARNING") => Self::Warning,
            Some("CANCELLED") => Self::Cancelled,
            Some(_) => Self::Failed,
        }
    }
}

impl Event {
    fn new(number: usize, report: Report, arrival: &Arrival) -> Self {
        Self {
            number,
            at_ms: arrival.at_ms,
            protocol: arrival.protocol,
            kind: report.kind,
            label: Text::new(report.label).text,
            name: Text::new(report.name),
            message: Text::new(report.message),
            content: Text::new(report.content),
            key: report.key,
            taken: false,
            warnings: Vec::new(),
            attempts: Vec::new(),
            attempts_not_kept: 0,
            idempotency_key: arrival.idempotency_key.clone(),
            body_hash: arrival.body_hash,
            breaches: Vec::new(),
        }
    }

    /// A report that comes again has the same idempotency key. The SDK sends none: there it is the same body, while it
    /// was not taken.
    fn is_same(&self, arrival: &Arrival) -> bool {
        match (&self.idempotency_key, &arrival.idempotency_key) {
            (Some(key), Some(other)) => key == other,
            (None, None) => !self.taken && self.body_hash == arrival.body_hash,
            _ => false,
        }
    }

    fn attempted(&mut self, attempt: Attempt, breaches: Vec<Breach>) {
        self.taken |= attempt.status == TAKEN;
        if self.attempts.len() < ATTEMPTS_PER_EVENT {
            self.attempts.push(attempt);
        } else {
            self.attempts_not_kept += 1;
        }
        let warning =
            |breach: &Breach| Warning { text: Text::new(breach.to_string()).text, refused: breach.refusal().is_some() };
        self.warnings = breaches.iter().map(warning).collect();
        self.breaches = breaches;
    }

    fn bytes(&self) -> usize {
        let texts = [&self.name, &self.message, &self.content];
        EVENT_BYTES + self.label.len() + texts.iter().map(|text| text.text.len()).sum::<usize>()
    }
}

impl Text {
    fn new(mut text: String) -> Self {
        let whole = text.len();
        text.truncate(text.floor_char_boundary(SHOWN_TEXT_BYTES));
        Self { cut_bytes: whole - text.len(), text }
    }
}

#[cfg(test)]
mod tests;
