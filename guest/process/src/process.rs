//! One run of one task: which report may follow which, and the promise that exactly one ending is reported.

use alloc::rc::Rc;
use alloc::string::String;
use core::time::Duration;

use crate::config::Config;
use crate::contract::{Delivery, DeliveryError, EndingError, LogError, OpenError, Outcome, OutputError, ReportError};
use crate::contract::{Report, Shortfall, State};
use crate::event::{Details, Event};
use crate::logs::{Logs, Part};
use crate::name::parse_name;
use crate::outbox::{Kind, Outbox, Room};
use crate::platform::Platform;
use crate::request::{Request, Target};
use crate::run::{Moment, RunIdentity};
use crate::text;
use crate::uuid::Uuid;

/// A run that can be reported.
pub struct Process<H: Platform> {
    run: RunIdentity,
    config: Rc<Config>,
    target: Rc<Target>,
    state: State,
    outbox: Outbox<H>,
    logs: Logs,
    /// The ending's, if it was given one.
    ending_key: Option<Uuid>,
}

/// Everything that can be wrong with a report. Each call of the contract has some of it.
#[derive(Debug, PartialEq, Eq)]
pub enum Fault {
    InvalidArgument(String),
    Unsupported(String),
    Ended(Outcome),
    OutboxFull,
    Delivery(DeliveryError),
}

impl<H: Platform> Process<H> {
    pub fn open(config: Rc<Config>, host: H, run_id: &str, name: Option<&str>) -> Result<Self, OpenError> {
        let target = config.target()?;
        let id = config.protocol.parse_run_id(run_id).map_err(OpenError::RunId)?;
        let name = name
            .map(parse_name)
            .transpose()
            .map_err(|what| OpenError::Name(text::concat(&["the task's name ", what])))?;
        let outbox = Outbox::new(host, config.policy, config.timeouts.attempt());
        let (run, state, logs) = (RunIdentity { id, name }, State::Open, Logs::default());
        Ok(Self { run, config, target, state, outbox, logs, ending_key: None })
    }

    pub fn run_id(&self) -> &str {
        &self.run.id
    }

    pub fn state(&self) -> State {
        self.state
    }

    pub fn start(&mut self, message: Option<String>, data: Option<String>) -> Result<(), Fault> {
        let message = self.config.protocol.message(&self.run, Moment::Start, message);
        self.report(Event::Start(Details::parse(message, data)?))
    }

    pub fn progress(&mut self, message: Option<String>, data: Option<String>) -> Result<(), Fault> {
        self.report(Event::Progress(Details::parse(message, data)?))
    }

    pub fn stage(
        &mut self,
        name: &str,
        passed: bool,
        message: Option<String>,
        data: Option<String>,
    ) -> Result<(), Fault> {
        self.report(Event::stage(name, passed, Details::parse(message, data)?)?)
    }

    pub fn output(&mut self, name: &str, value: String) -> Result<(), Fault> {
        self.report(Event::output(name, value)?)
    }

    pub fn log(&mut self, name: &str, text: String) -> Result<(), Fault> {
        self.report(Event::log(name, text)?)
    }

    /// The number of the log that is opened.
    pub fn open_log(&mut self, name: &str) -> Result<u32, Fault> {
        let event = Event::log(name, String::new())?;
        self.body(&event, Uuid::random(0, 0))?;
        Ok(self.logs.open(name)?)
    }

    pub fn write_log(&mut self, log: u32, text: &str) -> Result<(), Fault> {
        self.send_old_logs();
        let is_full = self.logs.would_fill(log, text)?;
        // Whoever is told that the outbox is full writes the same text again. So it is taken as a whole or not at all.
        let room = match self.config.delivery {
            Delivery::NonBlocking if is_full => Some(self.room(text.len(), Kind::LogPart(log), Duration::ZERO)),
            _ => None,
        };
        if room == Some(Room::Later) {
            return Err(Fault::OutboxFull);
        }
        let (mut rest, mut result) = (text, Ok(()));
        loop {
            let now = self.outbox.host().now();
            let (part, left) = self.logs.write(log, rest, now);
            let Some(part) = part else { break };
            match room {
                // The rest of the text is worth as much as its beginning.
                None => result = result.and(self.send_part(part, Kind::LogPart(log))),
                Some(Room::None) => self.outbox.lose(Report::Log(part.name)),
                Some(_) => self.take_in_whatever_holds(part),
            }
            rest = left;
        }
        result
    }

    /// Send what the log still holds, behind a part that may still wait. Only `unacknowledged` tells what becomes of it.
    pub fn close_log(&mut self, log: u32) {
        let Some(part) = self.logs.close(log) else { return };
        let report = Report::Log(part.name.clone());
        if self.send_part(part, Kind::Log) == Err(Fault::OutboxFull) {
            self.outbox.lose(report);
        }
    }

    pub fn end(&mut self, outcome: Outcome, message: Option<String>, data: Option<String>) -> Result<(), Fault> {
        if let State::Ended(outcome) = self.state {
            return Err(Fault::Ended(outcome));
        }
        let message = self.config.protocol.message(&self.run, Moment::End(outcome), message);
        let event = Event::Ending(outcome, Details::parse(message, data)?);
        self.send_all_logs();
        self.outbox.close();
        let budget_end = self.outbox.budget_ends_at();
        self.take_in(event, Kind::Ending, budget_end)?;
        self.deliver(true, Outbox::deliver_to_the_end)
    }

    /// How many reports are pending then.
    pub fn advance(&mut self, wait: Duration) -> usize {
        self.send_old_logs();
        self.outbox.advance(wait);
        self.outbox.len()
    }

    /// How long from now [`Self::advance`] has nothing to do but what a request under way brings about. `None` if nothing is
    /// left to do.
    pub fn next_advance(&self) -> Option<Duration> {
        let log_at = self.logs.old_at(|log| self.outbox.takes_part_of(log));
        let at = [log_at, self.outbox.due_at()].into_iter().flatten().min()?;
        Some(at.saturating_sub(self.outbox.host().now()))
    }

    /// The error is a sentence.
    pub fn set_ending_key(&mut self, key: &str) -> Result<(), String> {
        if let State::Ended(_) = self.state {
            return Err("the run has ended, and its ending has a key".into());
        }
        let key = Uuid::parse(key).ok_or("the key is not a UUID: pass one, such as a random one")?;
        self.ending_key = Some(key);
        Ok(())
    }

    pub fn deliver_within(&mut self, time: Duration) {
        self.outbox.close_within(time);
    }

    pub fn flush(&mut self) -> Result<(), DeliveryError> {
        self.send_old_logs();
        let delivered = match self.config.delivery {
            Delivery::NonBlocking => {
                self.outbox.deliver_at_once();
                self.outbox.first_undelivered()
            }
            Delivery::Blocking | Delivery::Background => self.outbox.flush(),
        };
        self.outbox.ledger().tell().map_or(delivered, Err)
    }

    pub fn unacknowledged(&self) -> Shortfall {
        self.outbox.shortfall()
    }

    /// How many reports wait, and their bytes.
    #[cfg(test)]
    pub fn held(&self) -> (usize, usize) {
        self.outbox.held()
    }

    // Once in the component, not once in every kind of report.
    #[inline(never)]
    fn report(&mut self, event: Event) -> Result<(), Fault> {
        self.send_old_logs();
        let kind = match event {
            Event::Progress(Details { data: None, .. }) => Kind::Overtakable,
            Event::Log { .. } => Kind::Log,
            _ => Kind::Ordinary,
        };
        self.take_in_and_deliver(event, kind)
    }

    fn send_part(&mut self, Part { name, text, .. }: Part, kind: Kind) -> Result<(), Fault> {
        self.take_in_and_deliver(Event::Log { name, text }, kind)
    }

    /// Waiting for room and for the acknowledgement have one budget together.
    fn take_in_and_deliver(&mut self, event: Event, kind: Kind) -> Result<(), Fault> {
        let budget_end = self.outbox.budget_ends_at();
        self.take_in(event, kind, budget_end)?;
        self.deliver(false, |outbox| outbox.deliver_for_a_report(budget_end))
    }

    fn send_old_logs(&mut self) {
        let now = self.outbox.host().now();
        while let Some(part) = self.logs.next_old(now, |log| self.outbox.takes_part_of(log)) {
            self.take_in_whatever_holds(part);
        }
    }

    fn send_all_logs(&mut self) {
        while let Some(part) = self.logs.next_held() {
            self.take_in_whatever_holds(part);
        }
    }

    /// Logs are few, and a part of them is small: as the run ends, these are taken beyond the limits of the outbox.
    fn take_in_whatever_holds(&mut self, Part { log, name, text }: Part) {
        let (event, kind) = (Event::Log { name, text }, Kind::LogPart(log));
        // That the protocol has logs was checked when it was opened.
        if let Ok(request) = self.request(&event, kind) {
            self.push(event.report(), kind, request);
        }
    }

    /// From here on the report counts: it is in the outbox, or lost for want of room, and the run's state follows it.
    fn take_in(&mut self, event: Event, kind: Kind, budget_end: Duration) -> Result<(), Fault> {
        let next = self.state.after(&event)?;
        let request = self.request(&event, kind)?;
        let report = event.report();
        // It is in the request, and there may be a wait.
        drop(event);
        let room = match kind {
            Kind::Ending => Room::Free,
            _ if self.config.silent => Room::Free,
            _ => self.room(request.body.len(), kind, budget_end),
        };
        match room {
            Room::Free => self.push(report, kind, request),
            Room::Later => return Err(Fault::OutboxFull),
            Room::None => self.outbox.lose(report),
        }
        self.state = next;
        Ok(())
    }

    /// As the run's delivery has it: waits for room, or not.
    fn room(&mut self, bytes: usize, kind: Kind, budget_end: Duration) -> Room {
        if self.outbox.room(bytes, kind) == Room::Free {
            return Room::Free;
        }
        // An acknowledgement may have come that nobody has looked for yet.
        self.outbox.deliver_at_once();
        match (self.outbox.room(bytes, kind), self.config.delivery) {
            (Room::Later, Delivery::Blocking | Delivery::Background) => {
                self.outbox.wait_for_room(bytes, kind, budget_end)
            }
            (room, _) => room,
        }
    }

    fn push(&mut self, report: Report, kind: Kind, request: Request) {
        if !self.config.silent {
            self.outbox.push(report, kind, request);
        }
    }

    fn request(&self, event: &Event, kind: Kind) -> Result<Request, Fault> {
        let host = self.outbox.host();
        let idempotency_key = match self.ending_key {
            Some(key) if kind == Kind::Ending => key,
            _ => Uuid::random(host.random(), host.random()),
        };
        let body = self.body(event, idempotency_key)?;
        Ok(Request { target: Rc::clone(&self.target), idempotency_key, body })
    }

    fn body(&self, event: &Event, id: Uuid) -> Result<alloc::vec::Vec<u8>, Fault> {
        let unix_time = self.outbox.host().unix_time();
        self.config.protocol.body(&self.run, event, id, unix_time).map_err(|what| Fault::Unsupported(what.into()))
    }

    /// As the run's delivery has it: only a blocking report and an ending wait, and say what became of it.
    fn deliver(
        &mut self,
        is_ending: bool,
        wait: impl FnOnce(&mut Outbox<H>) -> Result<(), DeliveryError>,
    ) -> Result<(), Fault> {
        let is_waited_for = match self.config.delivery {
            Delivery::Blocking => true,
            Delivery::Background => is_ending,
            // Whoever holds the run begins requests where they cost the task no time.
            Delivery::NonBlocking => return Ok(()),
        };
        if !is_waited_for {
            self.outbox.deliver_at_once();
            return Ok(());
        }
        let delivered = wait(&mut self.outbox);
        self.outbox.ledger().tell().map_or(delivered, Err).map_err(Fault::Delivery)
    }
}

/// A run that was started ends, and what is in the outbox goes out, even if the caller forgets both.
impl<H: Platform> Drop for Process<H> {
    fn drop(&mut self) {
        if self.state == State::Running {
            let message = Some("ended without reporting an outcome".into());
            // No caller is left to return an error to.
            _ = self.end(Outcome::Failed, message, None);
            return;
        }
        self.send_all_logs();
        self.outbox.close();
        if self.config.delivery != Delivery::NonBlocking {
            _ = self.outbox.deliver_to_the_end();
        }
    }
}

impl State {
    /// The state after this report; or, the run having ended, none.
    fn after(self, event: &Event) -> Result<Self, Fault> {
        match (self, event) {
            (state, Event::Log { .. }) => Ok(state),
            (Self::Ended(outcome), _) => Err(Fault::Ended(outcome)),
            (state, Event::Output { .. }) => Ok(state),
            (_, Event::Start(_) | Event::Progress(_) | Event::Stage { .. }) => Ok(Self::Running),
            (_, Event::Ending(outcome, _)) => Ok(Self::Ended(*outcome)),
        }
    }
}

impl From<String> for Fault {
    fn from(what: String) -> Self {
        Self::InvalidArgument(what)
    }
}

// Each has what its calls can come to; `Process` gives no call another fault.

impl From<Fault> for ReportError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::InvalidArgument(what) | Fault::Unsupported(what) => Self::InvalidArgument(what),
            Fault::Ended(outcome) => Self::Ended(outcome),
            Fault::OutboxFull => Self::OutboxFull,
            Fault::Delivery(error) => Self::Delivery(error),
        }
    }
}

impl From<Fault> for OutputError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::InvalidArgument(what) => Self::InvalidArgument(what),
            Fault::Unsupported(what) => Self::Unsupported(what),
            Fault::Ended(outcome) => Self::Ended(outcome),
            Fault::OutboxFull => Self::OutboxFull,
            Fault::Delivery(error) => Self::Delivery(error),
        }
    }
}

impl From<Fault> for LogError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::InvalidArgument(what) => Self::InvalidArgument(what),
            Fault::Unsupported(what) => Self::Unsupported(what),
            // A log may follow an ending.
            Fault::Ended(_) | Fault::OutboxFull => Self::OutboxFull,
            Fault::Delivery(error) => Self::Delivery(error),
        }
    }
}

impl From<Fault> for EndingError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::InvalidArgument(what) | Fault::Unsupported(what) => Self::InvalidArgument(what),
            // An ending is taken beyond every limit.
            Fault::OutboxFull => Self::InvalidArgument(String::new()),
            Fault::Ended(outcome) => Self::Ended(outcome),
            Fault::Delivery(error) => Self::Delivery(error),
        }
    }
}
