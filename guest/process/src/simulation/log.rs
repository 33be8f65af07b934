//! The open logs of a simulated task.

use std::time::Duration;

use super::record::OpenLog;
use super::task::{Broken, KIB, LOGS_OPEN, MIB, PART_BYTES, PERIOD, TEXT, Task};
use crate::contract::Delivery;
use crate::platform::Platform as _;
use crate::process::Fault;

impl Task {
    pub(super) fn open_log(&mut self) -> Result<(), Broken> {
        let is_wrong = self.rng.u32(0..25) == 0;
        let name = if is_wrong { "a\nb".to_string() } else { format!("l{}", self.record.calls) };
        let open = self.record.logs.iter().filter(|log| log.is_open).count();
        let times = if self.rng.u32(0..60) == 0 { LOGS_OPEN } else { 1 };
        for time in 0..times {
            let name = if time == 0 { name.clone() } else { format!("{name}-{time}") };
            let opened =
                self.call(format_args!("open-log {name:?}"), Duration::ZERO, |process| process.open_log(&name))?;
            let is_full = open + time >= LOGS_OPEN;
            match opened {
                Ok(number) if !is_full && !is_wrong && !self.is_jobs => {
                    self.record.logs.push(OpenLog { name, number, written: 0, is_open: true });
                }
                Err(Fault::InvalidArgument(_)) if is_wrong || is_full => {}
                Err(Fault::Unsupported(_)) if self.is_jobs => {}
                other => return Err(format!("limits: opening a log when {open} are open: {other:?}")),
            }
        }
        Ok(())
    }

    pub(super) fn write_log(&mut self) -> Result<(), Broken> {
        let open: Vec<_> = (0..self.record.logs.len()).filter(|log| self.record.logs[*log].is_open).collect();
        let Some(log) = self.rng.choice(open) else { return Ok(()) };
        // Long texts take long to write in a debug build.
        let bytes = match self.rng.u32(0..4000) {
            0 => self.rng.usize(MIB..=4 * MIB),
            1..=20 => self.rng.usize(200 * KIB..600 * KIB),
            21..=60 => 4 * MIB + 1,
            _ => self.rng.usize(0..200),
        };
        self.write(log, bytes)
    }

    fn write(&mut self, log: usize, bytes: usize) -> Result<(), Broken> {
        let OpenLog { number, written, .. } = self.record.logs[log];
        let parts = u32::try_from((written + bytes) / PART_BYTES).unwrap().min(17);
        let limit = match self.delivery {
            Delivery::Blocking | Delivery::Background => self.policy.budget * parts,
            Delivery::NonBlocking => Duration::ZERO,
        };
        let offset = written % PERIOD;
        let text = &TEXT[offset..offset + bytes];
        let result = self.call(format_args!("write {bytes} bytes to log {number}"), limit, |process| {
            process.write_log(number, text)
        })?;
        let is_wrong = bytes > 4 * MIB;
        let is_expected = match &result {
            Ok(()) => !is_wrong,
            Err(Fault::InvalidArgument(_)) => is_wrong,
            Err(Fault::OutboxFull) => self.delivery == Delivery::NonBlocking,
            Err(Fault::Delivery(_)) => self.delivery == Delivery::Blocking,
            Err(_) => false,
        };
        if !is_expected {
            return Err(format!("results: {result:?} of a write in {:?} delivery", self.delivery));
        }
        if matches!(result, Ok(()) | Err(Fault::Delivery(_))) {
            self.record.logs[log].written += bytes;
        }
        Ok(())
    }

    pub(super) fn close_log(&mut self, log: usize) -> Result<(), Broken> {
        self.record.logs[log].is_open = false;
        let number = self.record.logs[log].number;
        let limit = match self.delivery {
            Delivery::Blocking => self.policy.budget,
            Delivery::Background if self.may_be_full(2 * PART_BYTES) => self.policy.budget,
            Delivery::Background | Delivery::NonBlocking => Duration::ZERO,
        };
        self.call(format_args!("close log {number}"), limit, |process| process.close_log(number))
    }

    /// One that is written faster than it is sent.
    pub(super) fn long_log(&mut self) -> Result<(), Broken> {
        let before = self.record.logs.len();
        self.open_log()?;
        for log in before..self.record.logs.len().min(before + 1) {
            for _ in 0..self.rng.usize(2..7) {
                let bytes = self.rng.usize(100 * KIB..400 * KIB);
                self.write(log, bytes)?;
            }
        }
        Ok(())
    }

    /// One that is open until its text is old enough to be sent.
    pub(super) fn short_log(&mut self) -> Result<(), Broken> {
        let before = self.record.logs.len();
        self.open_log()?;
        for log in before..self.record.logs.len() {
            self.write(log, 10)?;
            self.work_until(self.world.now() + Duration::from_secs(10))?;
            self.advance(Duration::ZERO)?;
            self.close_log(log)?;
        }
        Ok(())
    }
}
