//! One run of one task: which report may follow which, and the promise that exactly one ending is reported.

use alloc::rc::Rc;
use alloc::string::String;

use crate::config::{Config, parse_name};
use crate::contract::{ConfigError, Delivery, Outcome, ReportError, State};
use crate::event::{Details, Event};
use crate::host::Host;
use crate::outbox::{Full, Kind, Outbox, Patience, Undelivered};
use crate::protocol::{Moment, Run, Unsupported};
use crate::text;
use crate::uuid::Uuid;

/// A run that can be reported.
pub struct Process<H: Host> {
    run: Run,
    config: Rc<Config>,
    state: State,
    outbox: Outbox<H>,
}

impl<H: Host> Process<H> {
    pub fn open(config: Rc<Config>, host: H, run_id: &str, name: Option<&str>) -> Result<Self, ConfigError> {
        config.check_plaintext()?;
        let id = config.protocol.parse_run_id(run_id)?;
        let name = name
            .map(parse_name)
            .transpose()
            .map_err(|what| ConfigError::InvalidName(text::concat(&["the task's name ", what])))?;
        let outbox = Outbox::new(host, Rc::clone(&config));
        Ok(Self { run: Run { id, name }, config, state: State::Open, outbox })
    }

    pub fn run_id(&self) -> &str {
        &self.run.id
    }

    pub fn state(&self) -> State {
        self.state
    }

    pub fn pending(&mut self) -> usize {
        // What stays is counted, and told by the ending or by `flush`.
        _ = self.outbox.deliver(Patience::None);
        self.outbox.len()
    }

    pub fn start(&mut self, message: Option<String>, data: Option<String>) -> Result<(), ReportError> {
        let message = self.config.protocol.message(&self.run, Moment::Start, message);
        self.report(Event::Start(Details::parse(message, data)?))
    }

    pub fn progress(&mut self, message: Option<String>, data: Option<String>) -> Result<(), ReportError> {
        self.report(Event::Progress(Details::parse(message, data)?))
    }

    pub fn stage(
        &mut self,
        name: &str,
        passed: bool,
        message: Option<String>,
        data: Option<String>,
    ) -> Result<(), ReportError> {
        self.report(Event::stage(name, passed, Details::parse(message, data)?)?)
    }

    pub fn output(&mut self, name: &str, value: String) -> Result<(), ReportError> {
        self.report(Event::output(name, value)?)
    }

    pub fn log(&mut self, name: &str, text: String) -> Result<(), ReportError> {
        self.report(Event::log(name, text)?)
    }

    pub fn end(&mut self, outcome: Outcome, message: Option<String>, data: Option<String>) -> Result<(), ReportError> {
        let message = self.config.protocol.message(&self.run, Moment::End(outcome), message);
        self.report(Event::Ending(outcome, Details::parse(message, data)?))
    }

    pub fn flush(&mut self) -> Result<(), ReportError> {
        self.deliver(Patience::Insistent)
    }

    // Once in the component, not once in every kind of report.
    #[inline(never)]
    fn report(&mut self, event: Event) -> Result<(), ReportError> {
        let kind = self.take_in(&event)?;
        self.deliver(match (kind, self.config.delivery) {
            (Kind::Ending, _) => Patience::Insistent,
            (_, Delivery::Blocking) => Patience::Budget,
            (_, Delivery::Background) => Patience::None,
        })
    }

    /// From here on the report counts: it is in the outbox, and the run's state follows it.
    fn take_in(&mut self, event: &Event) -> Result<Kind, ReportError> {
        let next = self.state.after(event)?;
        let host = self.outbox.host();
        let id = Uuid::random(host.random(), host.random());
        let request = self.config.protocol.request(&self.run, event, id, host.unix_time())?;
        let kind = match event {
            Event::Progress(Details { data: None, .. }) => Kind::Overtakable,
            Event::Ending(..) => Kind::Ending,
            _ => Kind::Ordinary,
        };
        if !self.config.silent {
            self.outbox.push(event.label(), kind, request)?;
        }
        self.state = next;
        Ok(kind)
    }

    fn deliver(&mut self, patience: Patience) -> Result<(), ReportError> {
        let delivered = self.outbox.deliver(patience);
        if patience == Patience::None {
            return Ok(());
        }
        if let Some(rejection) = self.outbox.take_rejection() {
            return Err(rejection);
        }
        Ok(delivered?)
    }
}

/// Nobody has to remember: a run that was started ends, and what is in the outbox goes out.
impl<H: Host> Drop for Process<H> {
    fn drop(&mut self) {
        if self.state == State::Running {
            let message = Some("ended without reporting an outcome".into());
            let message = self.config.protocol.message(&self.run, Moment::End(Outcome::Failed), message);
            // An ending is always taken in, and there is nobody to tell.
            _ = self.take_in(&Event::Ending(Outcome::Failed, Details { message, data: None }));
        }
        self.outbox.close();
    }
}

impl State {
    /// The state after this report; or, the run having ended, none.
    fn after(self, event: &Event) -> Result<Self, ReportError> {
        match (self, event) {
            (state, Event::Log { .. }) => Ok(state),
            (Self::Ended(outcome), _) => Err(ReportError::Ended(outcome)),
            (state, Event::Output { .. }) => Ok(state),
            (_, Event::Start(_) | Event::Progress(_) | Event::Stage { .. }) => Ok(Self::Running),
            (_, Event::Ending(outcome, _)) => Ok(Self::Ended(*outcome)),
        }
    }
}

impl From<String> for ReportError {
    fn from(what: String) -> Self {
        Self::InvalidArgument(what)
    }
}

impl From<Unsupported> for ReportError {
    fn from(Unsupported(what): Unsupported) -> Self {
        Self::Unsupported(what.into())
    }
}

impl From<Full> for ReportError {
    fn from(Full(what): Full) -> Self {
        Self::OutboxFull(what)
    }
}

impl From<Undelivered> for ReportError {
    fn from(Undelivered(what): Undelivered) -> Self {
        Self::Undelivered(what)
    }
}
