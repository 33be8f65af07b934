//! The open logs of a run: text that is held until it makes a part.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use crate::text;

/// A part of this size is full.
const PART_BYTES: usize = 256 * 1024;
/// A part of this age goes out as it is.
const PART_AGE: Duration = Duration::from_secs(10);
/// One call of `write`.
const WRITE_BYTES: usize = 4 * 1024 * 1024;
const LOGS_OPEN: usize = 16;

#[derive(Default)]
pub struct Logs {
    open: Vec<OpenLog>,
    opened: u32,
}

struct OpenLog {
    number: u32,
    name: String,
    parts_sent: u32,
    held: String,
    /// When the oldest text that is held was written.
    since: Duration,
}

/// A part of a log that is to be sent.
#[derive(Debug, PartialEq, Eq)]
pub struct Part {
    /// The log's number.
    pub log: u32,
    /// As it goes over the wire.
    pub name: String,
    pub text: String,
}

impl Logs {
    /// The new log's number. The error is a sentence.
    pub fn open(&mut self, name: &str) -> Result<u32, String> {
        if self.open.len() >= LOGS_OPEN {
            return Err("16 logs of the run are open: close one of them".into());
        }
        self.opened += 1;
        self.open.push(OpenLog {
            number: self.opened,
            name: name.into(),
            parts_sent: 0,
            held: String::new(),
            since: Duration::ZERO,
        });
        Ok(self.opened)
    }

    /// Whether this text makes a part. The error is a sentence.
    pub fn would_fill(&self, log: u32, text: &str) -> Result<bool, String> {
        if text.len() > WRITE_BYTES {
            return Err("the text is longer than 4 MiB: write it in pieces".into());
        }
        let held = self.open.iter().find(|open| open.number == log).map_or(0, |open| open.held.len());
        Ok(held + text.len() >= PART_BYTES)
    }

    /// Hold the text, as far as it makes one part; then the part, and the rest of the text.
    pub fn write<'a>(&mut self, log: u32, text: &'a str, now: Duration) -> (Option<Part>, &'a str) {
        let Some(open) = self.open.iter_mut().find(|open| open.number == log) else { return (None, "") };
        if open.held.is_empty() {
            open.since = now;
        }
        let room = PART_BYTES.saturating_sub(open.held.len());
        let (now, later) = text.split_at_checked(text.floor_char_boundary(room)).unwrap_or((text, ""));
        open.held.push_str(now);
        // A character that does not fit any more begins the next part.
        let is_full = open.held.len() >= PART_BYTES || !later.is_empty();
        (is_full.then(|| open.take()), later)
    }

    /// What a log still holds.
    pub fn close(&mut self, log: u32) -> Option<Part> {
        let index = self.open.iter().position(|open| open.number == log)?;
        let mut closed = self.open.remove(index);
        (!closed.held.is_empty()).then(|| closed.take())
    }

    /// The text of a log that is old enough, if that log may send it.
    pub fn next_old(&mut self, now: Duration, may_send: impl Fn(u32) -> bool) -> Option<Part> {
        self.next(|open| now >= open.since + PART_AGE && may_send(open.number))
    }

    /// When [`Self::next_old`] has a part.
    pub fn old_at(&self, may_send: impl Fn(u32) -> bool) -> Option<Duration> {
        let holding = self.open.iter().filter(|open| !open.held.is_empty() && may_send(open.number));
        holding.map(|open| open.since + PART_AGE).min()
    }

    /// What a log holds.
    pub fn next_held(&mut self) -> Option<Part> {
        self.next(|_| true)
    }

    fn next(&mut self, is_wanted: impl Fn(&OpenLog) -> bool) -> Option<Part> {
        self.open.iter_mut().find(|open| !open.held.is_empty() && is_wanted(open)).map(OpenLog::take)
    }
}

impl OpenLog {
    fn take(&mut self) -> Part {
        self.parts_sent += 1;
        let name = match self.parts_sent {
            1 => self.name.clone(),
            later => text::concat(&[&self.name, ".", &later.to_string()]),
        };
        Part { log: self.number, name, text: core::mem::take(&mut self.held) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::ZERO;

    /// Each part as its name and length.
    fn written(logs: &mut Logs, log: u32, text: &str) -> Vec<(String, usize)> {
        let (mut rest, mut parts) = (text, Vec::new());
        while let (Some(part), left) = logs.write(log, rest, NOW) {
            parts.push((part.name, part.text.len()));
            rest = left;
        }
        parts
    }

    #[test]
    fn a_part_goes_out_when_it_is_full_and_is_numbered_from_the_second_on() {
        let mut logs = Logs::default();
        let log = logs.open("run.log").unwrap();
        assert_eq!(written(&mut logs, log, &"x".repeat(PART_BYTES - 1)), []);
        let parts = written(&mut logs, log, &"x".repeat(2 * PART_BYTES));
        assert_eq!(parts, [("run.log".into(), PART_BYTES), ("run.log.2".into(), PART_BYTES)]);
        let last = logs.close(log).unwrap();
        assert_eq!((last.name.as_str(), last.text.len()), ("run.log.3", PART_BYTES - 1));
    }

    #[test]
    fn no_character_is_cut_in_two() {
        let mut logs = Logs::default();
        let log = logs.open("a").unwrap();
        let text = ["x", &"é".repeat(PART_BYTES / 2)].concat();
        assert_eq!(written(&mut logs, log, &text), [("a".into(), PART_BYTES - 1)]);
        assert_eq!(logs.close(log).unwrap().text, "é");
    }

    #[test]
    fn a_part_goes_out_when_it_is_ten_seconds_old() {
        let mut logs = Logs::default();
        let log = logs.open("a").unwrap();
        logs.write(log, "one ", NOW);
        logs.write(log, "two", Duration::from_secs(9));
        assert_eq!(logs.next_old(Duration::from_secs(9), |_| true), None);
        assert_eq!(logs.next_old(Duration::from_secs(10), |_| false), None);
        assert_eq!(logs.next_old(Duration::from_secs(10), |_| true).unwrap().text, "one two");
        assert_eq!(logs.next_old(Duration::from_secs(99), |_| true), None, "nothing is held");
    }

    #[test]
    fn nothing_is_sent_of_a_log_that_holds_nothing() {
        let mut logs = Logs::default();
        let log = logs.open("a").unwrap();
        logs.write(log, "", NOW);
        assert_eq!(logs.close(log), None);
    }

    #[test]
    fn the_number_of_open_logs_is_limited() {
        let mut logs = Logs::default();
        let numbers: Vec<u32> = (0..LOGS_OPEN).map(|_| logs.open("a").unwrap()).collect();
        assert!(logs.open("a").is_err());
        logs.close(numbers[3]);
        assert!(logs.open("a").is_ok());
    }
}
