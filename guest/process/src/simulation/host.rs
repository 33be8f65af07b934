//! Who moves the reports of a simulated task on: its own next call, or a host.

use std::time::Duration;

use super::task::{Broken, Host, Task};
use super::weather::span;
use crate::contract::Delivery;
use crate::platform::Platform as _;

const MILLISECOND: Duration = Duration::from_millis(1);

impl Task {
    pub(super) fn advance(&mut self, wait: Duration) -> Result<(), Broken> {
        let pending = self.call(format_args!("advance {wait:?}"), wait, |process| process.advance(wait))?;
        match pending == self.held() {
            true => Ok(()),
            false => Err(format!("results: {pending} pending, and {} held", self.held())),
        }
    }

    /// The task makes no call for a while.
    pub(super) fn work(&mut self) -> Result<(), Broken> {
        let until = self.world.now() + span(&mut self.rng, 16);
        self.world.tell(|| format!("the task works until {:.3} s", until.as_secs_f64()));
        self.work_until(until)
    }

    pub(super) fn work_until(&mut self, until: Duration) -> Result<(), Broken> {
        match self.delivery {
            Delivery::NonBlocking => self.host_until(until),
            Delivery::Blocking | Delivery::Background => {
                self.world.pass_until(until);
                Ok(())
            }
        }
    }

    pub(super) fn host_until(&mut self, until: Duration) -> Result<(), Broken> {
        match self.host {
            Host::Told => self.host_is_told_until(until)?,
            Host::Lazy => {
                while self.world.now() < until {
                    let step = MILLISECOND + span(&mut self.rng, 12);
                    self.world.pass_until(until.min(self.world.now() + step));
                    self.advance(Duration::ZERO)?;
                }
            }
            Host::Busy => {
                while self.world.now() < until {
                    self.process.as_mut().unwrap().advance(Duration::ZERO);
                    self.world.pass_until(self.world.now() + MILLISECOND);
                }
            }
        }
        Ok(())
    }

    /// What is told is neither too late nor too early.
    fn host_is_told_until(&mut self, until: Duration) -> Result<(), Broken> {
        loop {
            let now = self.world.now();
            let told = self.process().next_advance().map(|span| now + whole_milliseconds(span));
            let event = self.world.event();
            let wake = [told, event].into_iter().flatten().min().filter(|wake| *wake < until);
            // Nothing is due earlier than was told.
            let before = wake.unwrap_or(until).saturating_sub(MILLISECOND);
            if before > now {
                self.world.pass_until(before);
                let deeds = self.world.deeds();
                self.process.as_mut().unwrap().advance(Duration::ZERO);
                if deeds != self.world.deeds() {
                    return Err(format!("next-advance: something was due before {told:?}"));
                }
            }
            let Some(wake) = wake else {
                self.world.pass_until(until);
                return Ok(());
            };
            self.world.pass_until(wake);
            let deeds = self.world.deeds();
            self.process.as_mut().unwrap().advance(Duration::ZERO);
            // Rounded up, it may be the end of the run's time, when other rules begin.
            let is_the_end = self.record.closing().is_some_and(|closing| closing.by == wake);
            if event != Some(wake) && deeds == self.world.deeds() && !is_the_end {
                return Err(format!("next-advance: nothing was due at {told:?}"));
            }
        }
    }
}

/// As the contract gives it.
fn whole_milliseconds(span: Duration) -> Duration {
    Duration::from_millis(u64::from(crate::milliseconds(span)))
}
