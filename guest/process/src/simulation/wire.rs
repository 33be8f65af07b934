//! What arrived at the wire, by report.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use super::world::{Attempt, End};
use crate::request::Request;
use crate::uuid::Uuid;

/// What a report is recognised by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Name {
    /// The number of the call that made it.
    Call(usize),
    /// A part of an open log.
    Part(String, usize),
    Ending,
}

/// Everything that was sent under one key.
pub struct Sent {
    pub name: Name,
    pub request: Rc<Request>,
    pub is_log: bool,
    pub acknowledged: Option<Duration>,
    pub is_refused: bool,
    /// The place of its key among all that chance gave; none for a key that was set.
    pub drawn: Option<usize>,
}

/// All that was sent, and for each attempt which of it.
pub struct Wire {
    pub sent: Vec<Sent>,
    pub attempts: Vec<usize>,
}

impl Wire {
    pub fn new(attempts: &[Attempt], draws: &[u64]) -> Result<Self, String> {
        let mut wire = Self { sent: Vec::<Sent>::new(), attempts: Vec::new() };
        let mut keys = BTreeMap::<String, usize>::new();
        let mut place = 0;
        for attempt in attempts {
            let request = &attempt.request;
            let latest = wire.attempts.last().copied().filter(|index| Rc::ptr_eq(&wire.sent[*index].request, request));
            let index = match latest.or_else(|| keys.get(&request.idempotency_key.hyphenated()).copied()) {
                Some(index) => index,
                None => {
                    let drawn = drawn(draws, request.idempotency_key, place);
                    place = drawn.unwrap_or(place);
                    let index = wire.sent.len();
                    keys.insert(request.idempotency_key.hyphenated(), index);
                    let (name, is_log) = Name::of(&request.body);
                    let request = Rc::clone(request);
                    wire.sent.push(Sent { name, request, is_log, acknowledged: None, is_refused: false, drawn });
                    index
                }
            };
            let sent = &mut wire.sent[index];
            if sent.request.body != request.body {
                return Err(format!("one key, one report: two bodies under the key of {:?}", sent.name));
            }
            match attempt.end {
                Some((at, End::Acknowledged)) => sent.acknowledged = Some(at),
                Some((_, End::Refused)) => sent.is_refused = true,
                _ => {}
            }
            wire.attempts.push(index);
        }
        Ok(wire)
    }

    pub fn ending(&self) -> Option<&Sent> {
        self.sent.iter().find(|sent| sent.name == Name::Ending)
    }
}

impl Name {
    /// And whether it is a log's.
    fn of(body: &[u8]) -> (Self, bool) {
        // What tells them apart comes early.
        let body = String::from_utf8_lossy(&body[..body.len().min(400)]);
        let after = |field: &str| body.split_once(field).map(|(_, rest)| rest.split('"').next().unwrap_or_default());
        if let Some(name) = after("\"output_name\":\"") {
            return (Self::of_a_name(name), false);
        }
        if let Some(name) = after("\"log_name\":\"") {
            return (Self::of_a_name(name), true);
        }
        let status = after("\"status\":\"").unwrap_or_default();
        let is_ending = match status {
            "Failed" => after("\"stage\":\"") == Some("Process"),
            status => matches!(status, "SUCCEEDED" | "WARNING" | "FAILED" | "CANCELLED" | "Complete"),
        };
        if is_ending {
            return (Self::Ending, false);
        }
        let number = after("it is #").unwrap_or_default();
        (Self::Call(number.parse().unwrap()), false)
    }

    /// An output's, a stage's or a log's.
    pub fn of_a_name(name: &str) -> Self {
        if let Some(number) = name.strip_prefix(['o', 'g', 's']) {
            return Self::Call(number.parse().unwrap());
        }
        match name.split_once('.') {
            Some((log, part)) => Self::Part(log.to_string(), part.parse().unwrap()),
            None => Self::Part(name.to_string(), 1),
        }
    }
}

fn drawn(draws: &[u64], key: Uuid, from: usize) -> Option<usize> {
    let is_drawn = |index: &usize| matches!(draws[*index..], [high, low, ..] if Uuid::random(high, low) == key);
    (from..draws.len()).find(is_drawn).or_else(|| (0..from).find(is_drawn))
}
