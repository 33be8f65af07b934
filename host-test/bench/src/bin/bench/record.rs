//! What arrived at the endpoint, counted.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Of a longer body only the length is compared.
const COMPARED_BYTES: usize = 64 * 1024;

/// Counts, from the last reset on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Requests, the repeated ones too.
    pub requests: usize,
    /// Different idempotency keys.
    pub reports: usize,
    /// Requests whose key was there before.
    pub repeated: usize,
    /// Requests whose key was there before, on another body.
    pub changed: usize,
    /// Runs with an ending.
    pub ended: usize,
    /// Runs with endings under more than one key.
    pub ended_twice: usize,
    /// The most connections that were open at a time.
    pub connections: usize,
}

/// What is kept for that.
#[derive(Default)]
pub struct Record {
    requests: usize,
    changed: usize,
    reports: HashMap<Uuid, u64>,
    endings: HashMap<String, HashSet<Uuid>>,
}

#[derive(Deserialize)]
struct Status {
    task_run_id: String,
    status: String,
}

impl Record {
    /// A request has arrived as a whole.
    pub fn take(&mut self, key: Option<Uuid>, body: &[u8]) {
        self.requests += 1;
        let Some(key) = key else { return };
        let mut hasher = DefaultHasher::new();
        body.len().hash(&mut hasher);
        if body.len() <= COMPARED_BYTES {
            body.hash(&mut hasher);
        }
        let hash = hasher.finish();
        match self.reports.insert(key, hash) {
            Some(before) if before != hash => self.changed += 1,
            Some(_) => {}
            None => self.note_ending(key, body),
        }
    }

    fn note_ending(&mut self, key: Uuid, body: &[u8]) {
        if !body.starts_with(br#"{"event_type":"UPDATE_STATUS""#) {
            return;
        }
        let Ok(Status { task_run_id, status }) = serde_json::from_slice(body) else { return };
        if status != "RUNNING" {
            self.endings.entry(task_run_id).or_default().insert(key);
        }
    }

    /// How much that is.
    pub fn tally(&self, connections: usize) -> Tally {
        Tally {
            requests: self.requests,
            reports: self.reports.len(),
            repeated: self.requests - self.reports.len(),
            changed: self.changed,
            ended: self.endings.len(),
            ended_twice: self.endings.values().filter(|keys| keys.len() > 1).count(),
            connections,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: &str = "12345678-1234-5678-1234-567812345abc";

    fn status(status: &str) -> Vec<u8> {
        format!(r#"{{"event_type":"UPDATE_STATUS","task_run_id":"{RUN}","status":"{status}"}}"#).into_bytes()
    }

    fn tally(requests: &[(u128, &[u8])]) -> Tally {
        let mut record = Record::default();
        for (key, body) in requests {
            record.take(Some(Uuid::from_u128(*key)), body);
        }
        record.tally(1)
    }

    #[test]
    fn a_retry_is_a_repeated_request_and_not_a_second_ending() {
        let (running, ended) = (status("RUNNING"), status("FAILED"));
        let tally = tally(&[(1, &running), (2, &ended), (2, &ended)]);
        let expected =
            Tally { requests: 3, reports: 2, repeated: 1, changed: 0, ended: 1, ended_twice: 0, connections: 1 };
        assert_eq!(tally, expected);
    }

    #[test]
    fn an_ending_under_another_key_is_a_second_one() {
        assert_eq!(tally(&[(1, &status("FAILED")), (2, &status("FAILED"))]).ended_twice, 1);
    }

    #[test]
    fn a_key_on_another_body_is_noticed() {
        assert_eq!(tally(&[(1, &status("RUNNING")), (1, &status("FAILED"))]).changed, 1);
    }
}
