//! One report of a run, with its attempts, as a page shows it.

use std::time::Duration;

use serde::Serialize;

use crate::breach::Breach;
use crate::report::{Key, Kind, Protocol, ReceivedReport};

/// At most this many attempts of an event are kept. Later ones are only counted.
pub const ATTEMPTS_PER_EVENT: usize = 50;

/// At most this many bytes of one text of an event are kept.
pub const SHOWN_TEXT_BYTES: usize = 256 * 1024;

/// Roughly the size of an event without its texts.
const EVENT_BYTES: usize = 512;

/// The status that says that a report was accepted.
pub(crate) const TAKEN: u16 = 200;

/// How a report arrived.
pub(crate) struct Arrival {
    pub(crate) protocol: Protocol,
    /// Milliseconds since 1970.
    pub(crate) at_ms: f64,
    pub(crate) idempotency_key: Option<String>,
    /// Identifies a repeated report that has no idempotency key.
    pub(crate) body_hash: u64,
    /// The status with which the endpoint fails the report on purpose.
    pub(crate) failing: Option<u16>,
    pub(crate) delay: Duration,
}

#[derive(Serialize)]
pub(crate) struct Event {
    /// Its number in the run, from 1.
    pub(crate) number: usize,
    pub(crate) at_ms: f64,
    pub(crate) protocol: Protocol,
    pub(crate) kind: Kind,
    pub(crate) label: String,
    pub(crate) name: Text,
    pub(crate) message: Text,
    pub(crate) content: Text,
    pub(crate) key: Key,
    pub(crate) taken: bool,
    pub(crate) warnings: Vec<Warning>,
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) attempts_not_kept: usize,
    #[serde(skip)]
    pub(crate) idempotency_key: Option<String>,
    #[serde(skip)]
    pub(crate) body_hash: u64,
    #[serde(skip)]
    pub(crate) breaches: Vec<Breach>,
}

/// A text, and how many bytes of it were cut.
#[derive(Serialize)]
pub(crate) struct Text {
    pub(crate) text: String,
    pub(crate) cut_bytes: usize,
}

#[derive(Serialize)]
pub(crate) struct Warning {
    pub(crate) text: String,
    pub(crate) refused: bool,
}

#[derive(Serialize)]
pub(crate) struct Attempt {
    pub(crate) at_ms: f64,
    pub(crate) status: u16,
    pub(crate) misbehaving: bool,
    pub(crate) delay_ms: u64,
}

impl Event {
    pub(crate) fn new(number: usize, report: ReceivedReport, arrival: &Arrival) -> Self {
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

    /// Whether this is the same report once more: its idempotency key is the same. The SDK sends no key; then the body is
    /// the same, and was not accepted yet.
    pub(crate) fn is_same(&self, arrival: &Arrival) -> bool {
        match (&self.idempotency_key, &arrival.idempotency_key) {
            (Some(key), Some(other)) => key == other,
            (None, None) => !self.taken && self.body_hash == arrival.body_hash,
            _ => false,
        }
    }

    pub(crate) fn attempted(&mut self, attempt: Attempt, breaches: Vec<Breach>) {
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

    pub(crate) fn bytes(&self) -> usize {
        let texts = [&self.name, &self.message, &self.content];
        EVENT_BYTES + self.label.len() + texts.iter().map(|text| text.text.len()).sum::<usize>()
    }
}

impl Text {
    pub(crate) fn new(mut text: String) -> Self {
        let whole = text.len();
        text.truncate(text.floor_char_boundary(SHOWN_TEXT_BYTES));
        Self { cut_bytes: whole - text.len(), text }
    }
}
