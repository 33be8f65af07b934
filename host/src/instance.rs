//! One instance of the process component, with the run that is open in it.
//!
//! The run is in non-blocking delivery, and what the instance imports never waits (`at_once.rs`). So every call into it is
//! short, whatever the endpoint does, and nothing that is slow ever costs an instance.

use std::sync::Arc;
use std::time::Duration;

use orchestra_policy::{DEFAULT_NAME, NO_RUN, Outcome, Report, Shortfall, Times, plaintext};
use tokio::sync::Notify;
use uuid::Uuid;
use wasmtime::Store;
use wasmtime::component::{ResourceAny, ResourceType, Val};
use wasmtime_wasi::WasiCtx;

use crate::bindings::ProcessComponent;
use crate::bindings::lifecycle::{self, Delivery, GuestProcess, LogError, OpenError, State};
use crate::contract::{Answer, Asked, Contract, Waits};
use crate::end::Ending;
use crate::limits::Limits;
use crate::network::{Allowed, Clock, EndingFirst};
use crate::reporting::Reporting;
use crate::shared::Shared;
use crate::store::{self, Pace};

orchestra_policy::lifecycle!(lifecycle);

/// Orchestra's own endpoint, which reports go to if no other is given.
pub const DEFAULT_ENDPOINT: &str = "https://webhook.getorchestra.io";
/// What an outbox may hold, and several times the longest report while it becomes a request.
pub(crate) const MEMORY_BYTES: usize = 256 * 1024 * 1024;

/// What an instance is made from, once more if one is lost.
#[derive(Clone)]
pub(crate) struct Recipe {
    pub(crate) shared: Shared,
    pub(crate) reporting: Option<Reporting>,
    pub(crate) name: String,
    /// The idempotency key of the run's ending: the same one whichever instance sends it.
    pub(crate) ending_key: Uuid,
}

/// One instance, and the run that is open in it.
pub(crate) struct Instance {
    contract: Arc<Contract>,
    store: Store<store::Ctx>,
    exports: ProcessComponent,
    instance: wasmtime::component::Instance,
    /// The logs of the run that a task has opened and not dropped.
    logs: Vec<ResourceAny>,
    pub(crate) run: ResourceAny,
    /// How many reports wait, as far as is known: one if something was reported since they were moved on.
    pub(crate) pending: u32,
    pub(crate) own_ending: Option<OwnEnding>,
    pub(crate) activity: Arc<Notify>,
    ending_first: EndingFirst,
    pub(crate) clock: Clock,
    times: Times,
    /// When the run's ending was taken in, on its clock.
    ended_at: Option<Duration>,
    /// Until then a log is delivered that is sent after the ending, however long ago that was.
    log_until: Duration,
    /// Set once it has trapped, and cannot be entered any more.
    pub(crate) broken: Option<String>,
    /// Whether something is sent.
    pub(crate) is_reported: bool,
    /// Why nothing is reported, if it is asked for and cannot be.
    pub(crate) refused: Option<String>,
    /// The run goes by another name than was given: why.
    pub(crate) renamed: Option<String>,
}

/// An ending that the task reports itself: no other may follow it.
#[derive(Clone)]
pub(crate) struct OwnEnding {
    pub(crate) ending: Ending,
    pub(crate) is_acknowledged: bool,
}

/// What a call of a task's has come to.
pub(crate) enum Called {
    Done(Answer),
    /// The report was not taken: the outbox is full.
    NoRoom,
    /// It waits until all is delivered, and at most until this moment of the run's clock.
    Waits(Vec<Val>, Duration),
}

/// What has become of a log that was to be sent.
pub(crate) enum Logged {
    /// It is in the outbox, or the shortfall has it.
    Taken,
    /// There is no room for it, or the instance is broken.
    NoRoom,
    /// The contract does not allow it: why.
    Refused(String),
}

/// A run in an instance that is being made.
struct Opened {
    run: ResourceAny,
    renamed: Option<String>,
}

impl Recipe {
    pub(crate) fn new(shared: Shared, reporting: Option<Reporting>, name: String) -> Self {
        Self { shared, reporting, name, ending_key: Uuid::new_v4() }
    }

    /// The only place that this run is reported to.
    pub(crate) fn endpoint(&self) -> Option<Allowed> {
        let reporting = self.reporting.as_ref()?;
        Allowed::resource(reporting.endpoint.as_deref().unwrap_or(DEFAULT_ENDPOINT))
    }

    pub(crate) fn open(&self) -> wasmtime::Result<Instance> {
        let Shared { client, process, process_memory_bytes, contract, .. } = &self.shared;
        let hooks = client.for_reports(self.endpoint());
        let (activity, ending_first, clock) =
            (hooks.activity(), hooks.ending_first(), hooks.clock().unwrap_or_default());
        let limits = Limits::new(*process_memory_bytes);
        let mut store = store::new(&process.engine, &mut WasiCtx::builder(), hooks, limits, None, Pace::AtOnce);
        let instance = process.at_once.instantiate(&mut store)?;
        let exports = process.exports.load(&mut store, &instance)?;
        let opened = match &self.reporting {
            Some(reporting) => self.open_reported(&mut store, &exports, reporting)?.map_err(Some),
            None => Err(None),
        };
        let (Opened { run, renamed }, refused) = match opened {
            Ok(opened) => (opened, None),
            Err(refused) => (open_silent(&mut store, &exports)?, refused),
        };
        Ok(Instance {
            contract: Arc::clone(contract),
            store,
            exports,
            instance,
            logs: Vec::new(),
            run,
            pending: 0,
            own_ending: None,
            activity,
            ending_first,
            clock,
            times: Reporting::times(self.reporting.as_ref()),
            ended_at: None,
            log_until: Duration::ZERO,
            broken: None,
            is_reported: self.reporting.is_some() && refused.is_none(),
            refused,
            renamed,
        })
    }

    /// The inner error says what is wrong with the configuration.
    fn open_reported(
        &self,
        store: &mut Store<store::Ctx>,
        exports: &ProcessComponent,
        reporting: &Reporting,
    ) -> wasmtime::Result<Result<Opened, String>> {
        let (reporters, processes) = {
            let lifecycle = exports.orchestra_process_lifecycle();
            (lifecycle.reporter(), lifecycle.process())
        };
        let reporter = match reporters.call_from_environment(&mut *store, &reporting.variables())? {
            Ok(reporter) => reporter,
            Err(error) => return Ok(Err(format!("{}: {}", error.variable, error.problem))),
        };
        reporters.call_set_delivery(&mut *store, reporter, Delivery::NonBlocking)?;
        let mut renamed = None;
        let mut opened = reporters.call_open(&mut *store, reporter, &reporting.run_id, Some(&self.name))?;
        if let Err(OpenError::Name(what)) = &opened {
            renamed = Some(format!("{what}; the run is reported as `{DEFAULT_NAME}`"));
            opened = reporters.call_open(&mut *store, reporter, &reporting.run_id, Some(DEFAULT_NAME))?;
        }
        reporter.resource_drop(&mut *store)?;
        let run = match opened {
            Ok(run) => run,
            Err(OpenError::PlaintextEndpoint(origin)) => return Ok(Err(plaintext(&origin))),
            Err(OpenError::RunId(what) | OpenError::Name(what)) => return Ok(Err(what)),
        };
        let key = processes.call_set_ending_key(store, run, &self.ending_key.to_string())?;
        key.map_err(|what| wasmtime::format_err!("the process component refuses the ending's key: {what}"))?;
        Ok(Ok(Opened { run, renamed }))
    }
}

fn open_silent(store: &mut Store<store::Ctx>, exports: &ProcessComponent) -> wasmtime::Result<Opened> {
    let reporters = exports.orchestra_process_lifecycle().reporter();
    let reporter = reporters.call_silent(&mut *store)?;
    let run = reporters.call_open(&mut *store, reporter, NO_RUN, None)?;
    let run = run.map_err(|_| wasmtime::format_err!("the process component opens no run that is not reported"))?;
    Ok(Opened { run, renamed: None })
}

impl Instance {
    /// Those of the contract, in its order.
    pub(crate) fn resource_types(&mut self) -> wasmtime::Result<Vec<ResourceType>> {
        self.contract.resource_types(&self.instance, &mut self.store)
    }

    pub(crate) fn report_start(&mut self) {
        self.enter(|process, store, run| process.call_start(store, run, None, None));
        self.has_something();
    }

    /// What the task has reported stands.
    pub(crate) fn report_ending(&mut self, ending: &Ending) {
        let (message, data) = (ending.message.as_deref(), ending.data.as_ref());
        self.enter(|process, store, run| match ending.outcome {
            Outcome::Succeeded => process.call_complete(store, run, message, data),
            Outcome::Warning => process.call_warn(store, run, message, data),
            Outcome::Failed => process.call_fail(store, run, message, data),
            Outcome::Cancelled => process.call_cancel(store, run, message, data),
        });
        self.ends();
    }

    pub(crate) fn report_log(&mut self, name: &str, text: &str) -> Logged {
        match self.enter(|process, store, run| process.call_send_log(store, run, name, text)) {
            None | Some(Err(LogError::OutboxFull)) => Logged::NoRoom,
            Some(Err(LogError::InvalidArgument(why) | LogError::Unsupported(why))) => Logged::Refused(why),
            Some(Ok(()) | Err(LogError::Delivery(_))) => {
                self.has_something();
                self.log_until = self.log_time();
                Logged::Taken
            }
        }
    }

    /// Whether a log of this name waits to be acknowledged. A record that is full does not tell: then it counts as waiting
    /// for as long as something does.
    pub(crate) fn holds_log(&mut self, name: &str) -> bool {
        let Shortfall { reports, further } = if self.pending == 0 { Shortfall::default() } else { self.shortfall() };
        further > 0
            || reports.iter().any(|error| error.kept && matches!(&error.report, Report::Log(log) if log == name))
    }

    /// Until reports are moved on, it is not known whether one waits.
    fn has_something(&mut self) {
        self.pending = self.pending.max(self.is_reported.into());
    }

    /// The run's ending is in the outbox, and its last time has begun.
    fn ends(&mut self) {
        self.ended_at.get_or_insert(self.clock.elapsed());
        self.has_something();
        self.ending_first.set();
    }

    /// Until when a log is delivered that is sent now.
    fn log_time(&self) -> Duration {
        self.clock.elapsed() + self.times.budget.min(self.times.delivery_timeout)
    }

    /// Until when the last reports are delivered, on the run's clock.
    pub(crate) fn last_moment(&self) -> Duration {
        self.log_until.max(self.ended_at.unwrap_or_default() + self.times.delivery_timeout)
    }

    /// From now on the run's last reports have this long.
    pub(crate) fn deliver_within(&mut self, time: Duration) {
        let time = u32::try_from(time.as_millis()).unwrap_or(u32::MAX);
        self.enter(|process, store, run| process.call_deliver_within(store, run, time));
    }

    /// Move reports on. Returns in how long there is something to do even if no request moves.
    pub(crate) fn advance(&mut self) -> Option<Duration> {
        self.pending = self.enter(|process, store, run| process.call_advance(store, run, 0)).unwrap_or_default();
        if self.pending == 0 && self.own_ending.as_ref().is_some_and(|own| !own.is_acknowledged) {
            let is_acknowledged = !lacks_its_ending(&self.shortfall()) && self.broken.is_none();
            self.own_ending.iter_mut().for_each(|own| own.is_acknowledged = is_acknowledged);
        }
        if self.pending == 0 && self.logs.is_empty() {
            return None;
        }
        let next = self.enter(|process, store, run| process.call_next_advance(store, run)).flatten();
        next.map(|milliseconds| Duration::from_millis(milliseconds.into()))
    }

    /// What was not acknowledged.
    pub(crate) fn shortfall(&mut self) -> Shortfall {
        self.enter(|process, store, run| process.call_unacknowledged(store, run)).map(Into::into).unwrap_or_default()
    }

    /// How the run has ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<Outcome> {
        match self.enter(|process, store, run| process.call_state(store, run)) {
            Some(State::Ended(outcome)) => Some(outcome.into()),
            _ => None,
        }
    }

    /// The call's result, unless the instance broke over it, now or before.
    fn enter<T>(
        &mut self,
        call: impl FnOnce(GuestProcess<'_>, &mut Store<store::Ctx>, ResourceAny) -> wasmtime::Result<T>,
    ) -> Option<T> {
        if self.broken.is_some() {
            return None;
        }
        store::begin_call(&mut self.store);
        let process = self.exports.orchestra_process_lifecycle().process();
        let called = call(process, &mut self.store, self.run);
        called.map_err(|trap| self.broken = Some(trap.root_cause().to_string())).ok()
    }

    /// Why it is broken, if it is.
    pub(crate) fn failure(&self) -> Option<String> {
        self.broken.as_ref().map(|why| format!("the process component failed: {why}"))
    }

    /// Drop a resource of the task's.
    pub(crate) fn drop_resource(&mut self, resource: ResourceAny) {
        self.logs.retain(|log| *log != resource);
        self.enter(|_, store, _| resource.resource_drop(store));
        self.has_something();
    }

    /// Drop the logs that the task has left open, so that what they hold is sent.
    pub(crate) fn close_logs(&mut self) {
        while let Some(log) = self.logs.pop() {
            self.drop_resource(log);
            self.log_until = self.log_time();
        }
    }

    /// A call of the task's, as far as it goes without waiting.
    pub(crate) fn call(&mut self, asked: &Asked) -> Called {
        let now = self.clock.elapsed();
        match asked.function.waits.filter(|_| self.is_reported) {
            Some(Waits::Flush) => return Called::Waits(Vec::new(), self.last_reports_until(now)),
            Some(Waits::Advance) => return Called::Waits(Vec::new(), now + asked.wait()),
            Some(Waits::Ending) | None => {}
        }
        let results = match self.invoke(asked) {
            Ok(results) => results,
            Err(why) => return Called::Done(Err(why)),
        };
        if asked.has_no_room(&results) {
            return Called::NoRoom;
        }
        self.has_something();
        let [Val::Result(Ok(value))] = &results[..] else { return Called::Done(Ok(results)) };
        if let Some(Val::Resource(log)) = value.as_deref() {
            self.logs.push(*log);
        }
        match asked.ending() {
            Some(ending) => {
                self.own_ending = Some(OwnEnding { ending, is_acknowledged: false });
                self.ends();
                Called::Waits(results, self.last_reports_until(now))
            }
            None => Called::Done(Ok(results)),
        }
    }

    /// As long as blocking delivery would wait.
    fn last_reports_until(&self, now: Duration) -> Duration {
        match self.ended_at {
            Some(ended_at) => ended_at + self.times.delivery_timeout,
            None => now + self.times.budget,
        }
    }

    /// What a call that has waited says in the end.
    pub(crate) fn waited(&mut self, asked: &Asked, results: Vec<Val>) -> Answer {
        let Some((last, wrap)) = self.contract.after_waiting(asked) else { return Ok(results) };
        self.invoke(&last).map(wrap)
    }

    /// The call itself. The error says that the instance broke over it, or before.
    fn invoke(&mut self, asked: &Asked) -> Answer {
        let instance = self.instance;
        let called = self.enter(|_, store, _| asked.function.invoke(&instance, store, &asked.arguments));
        called.ok_or_else(|| self.failure().unwrap_or_default())
    }
}

/// Whether the ending is not acknowledged, by the record of a run.
pub(crate) fn lacks_its_ending(shortfall: &Shortfall) -> bool {
    shortfall.further > 0 || shortfall.reports.iter().any(|error| matches!(error.report, Report::Ending(_)))
}

#[cfg(test)]
pub(crate) mod tests;
