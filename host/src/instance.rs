//! One instance of the process component, with the run that is open in it.
//!
//! The run is in non-blocking delivery: no call into the instance waits for the endpoint, so that time is this host's
//! alone, and nothing that is slow ever costs an instance.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use orchestra_policy::{DEFAULT_NAME, NO_RUN, Outcome, Report, Shortfall, Times, plaintext};
use tokio::sync::Notify;
use tokio::time::sleep;
use wasmtime::Store;
use wasmtime::component::{ResourceAny, ResourceType, Val};
use wasmtime_wasi::WasiCtx;

use crate::bindings::ProcessComponent;
use crate::bindings::lifecycle::{self, Delivery, OpenError, State};
use crate::end::Ending;
use crate::forward::{Asked, Waits};
use crate::limits::Limits;
use crate::network::{Allowed, Clock};
use crate::reporting::Reporting;
use crate::shared::Shared;
use crate::store;

orchestra_policy::lifecycle!(lifecycle);

/// Orchestra's own endpoint, which reports go to if no other is given.
pub const DEFAULT_ENDPOINT: &str = "https://webhook.getorchestra.io";
/// What an outbox may hold, and several times the longest report while it becomes a request.
pub(crate) const MEMORY_BYTES: usize = 256 * 1024 * 1024;
/// Reports are moved on whenever one of their requests has moved; and, for waits and timeouts, soon after that, and then
/// less and less often.
const FIRST_LOOK: Duration = Duration::from_millis(2);
const LAST_LOOK: Duration = Duration::from_millis(250);

/// What an instance is made from, once more if one is lost.
#[derive(Clone)]
pub(crate) struct Recipe {
    pub(crate) shared: Shared,
    pub(crate) reporting: Option<Reporting>,
    pub(crate) name: String,
}

/// One instance, and the run that is open in it.
pub(crate) struct Instance {
    shared: Shared,
    store: Store<store::Ctx>,
    exports: ProcessComponent,
    instance: wasmtime::component::Instance,
    /// All handles to the run: the one that was opened, and those that a task has made of it.
    handles: Vec<ResourceAny>,
    /// The logs of the run that a task has opened and not dropped.
    logs: Vec<ResourceAny>,
    pub(crate) run: ResourceAny,
    pub(crate) own_ending: OwnEndingOf,
    activity: Arc<Notify>,
    look: Duration,
    clock: Clock,
    times: Times,
    /// When the run's ending was taken in, on its clock.
    ended_at: Option<Duration>,
    /// Until then a log is delivered that is sent after the ending, however long ago that was.
    log_until: Duration,
    /// Set once it has trapped, and cannot be entered any more.
    pub(crate) broken: Option<String>,
    /// Why nothing is reported, if it is not.
    pub(crate) refused: Option<String>,
    /// The run goes by another name than was given: why.
    pub(crate) renamed: Option<String>,
}

/// An ending that the task reports itself, and that may have arrived: no other may follow it.
#[derive(Clone, Copy)]
pub(crate) struct OwnEnding {
    pub(crate) outcome: Outcome,
    pub(crate) is_acknowledged: bool,
}

/// That of a run, seen from outside while its instance is at work.
#[derive(Clone, Default)]
pub(crate) struct OwnEndingOf(Arc<Mutex<Option<OwnEnding>>>);

impl OwnEndingOf {
    pub(crate) fn get(&self) -> Option<OwnEnding> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, ending: Option<OwnEnding>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = ending;
    }
}

/// A run in an instance that is being made.
struct Opened {
    run: ResourceAny,
    renamed: Option<String>,
}

impl Recipe {
    pub(crate) async fn open(&self) -> wasmtime::Result<Instance> {
        let endpoint =
            self.reporting.as_ref().map(|reporting| reporting.endpoint.as_deref().unwrap_or(DEFAULT_ENDPOINT));
        let hooks = self.shared.client.for_reports(endpoint.and_then(Allowed::resource));
        let (activity, clock) = (hooks.activity(), hooks.clock().unwrap_or_default());
        let limits = Limits::new(self.shared.process_memory_bytes);
        let mut store = store::new(&self.shared.engine, WasiCtx::builder().build(), hooks, limits, None);
        let instance = self.shared.process.instantiate_async(&mut store).await?;
        let exports = ProcessComponent::new(&mut store, &instance)?;
        let opened = match &self.reporting {
            Some(reporting) => self.open_reported(&mut store, &exports, reporting).await?.map_err(Some),
            None => Err(None),
        };
        let (Opened { run, renamed }, refused) = match opened {
            Ok(opened) => (opened, None),
            Err(refused) => (open_silent(&mut store, &exports).await?, refused),
        };
        Ok(Instance {
            shared: self.shared.clone(),
            store,
            exports,
            instance,
            handles: vec![run],
            logs: Vec::new(),
            run,
            own_ending: OwnEndingOf::default(),
            activity,
            look: FIRST_LOOK,
            clock,
            times: Reporting::times(self.reporting.as_ref()),
            ended_at: None,
            log_until: Duration::ZERO,
            broken: None,
            refused,
            renamed,
        })
    }

    /// The inner error says what is wrong with the configuration.
    async fn open_reported(
        &self,
        store: &mut Store<store::Ctx>,
        exports: &ProcessComponent,
        reporting: &Reporting,
    ) -> wasmtime::Result<Result<Opened, String>> {
        let reporters = exports.orchestra_process_lifecycle().reporter();
        let reporter = match reporters.call_from_environment(&mut *store, &reporting.variables()).await? {
            Ok(reporter) => reporter,
            Err(error) => return Ok(Err(format!("{}: {}", error.variable, error.problem))),
        };
        reporters.call_set_delivery(&mut *store, reporter, Delivery::NonBlocking).await?;
        let mut renamed = None;
        let mut opened = reporters.call_open(&mut *store, reporter, &reporting.run_id, Some(&self.name)).await?;
        if let Err(OpenError::Name(what)) = &opened {
            renamed = Some(format!("{what}; the run is reported as `{DEFAULT_NAME}`"));
            opened = reporters.call_open(&mut *store, reporter, &reporting.run_id, Some(DEFAULT_NAME)).await?;
        }
        reporter.resource_drop_async(store).await?;
        Ok(match opened {
            Ok(run) => Ok(Opened { run, renamed }),
            Err(OpenError::PlaintextEndpoint(origin)) => Err(plaintext(&origin)),
            Err(OpenError::RunId(what) | OpenError::Name(what)) => Err(what),
        })
    }
}

async fn open_silent(store: &mut Store<store::Ctx>, exports: &ProcessComponent) -> wasmtime::Result<Opened> {
    let reporters = exports.orchestra_process_lifecycle().reporter();
    let reporter = reporters.call_silent(&mut *store).await?;
    let run = reporters.call_open(&mut *store, reporter, NO_RUN, None).await?;
    let run = run.map_err(|_| wasmtime::format_err!("the process component opens no run that is not reported"))?;
    Ok(Opened { run, renamed: None })
}

impl Instance {
    /// Those of the contract, in its order.
    pub(crate) fn resource_types(&mut self) -> wasmtime::Result<Vec<ResourceType>> {
        let resources = &self.shared.contract.resources;
        let missing = |name: &str| wasmtime::format_err!("the process component does not export the resource {name}");
        resources
            .iter()
            .map(|(export, _, name)| self.instance.get_resource(&mut self.store, export).ok_or_else(|| missing(name)))
            .collect()
    }

    pub(crate) async fn report_start(&mut self) {
        let process = self.exports.orchestra_process_lifecycle().process();
        let reported = process.call_start(&mut self.store, self.run, None, None).await;
        self.kept(reported);
    }

    /// What the task has reported stands.
    pub(crate) async fn report_ending(&mut self, ending: &Ending) {
        let process = self.exports.orchestra_process_lifecycle().process();
        let (store, run, message, data) = (&mut self.store, self.run, ending.message.as_deref(), ending.data.as_ref());
        let reported = match ending.outcome {
            Outcome::Succeeded => process.call_complete(store, run, message, data).await,
            Outcome::Warning => process.call_warn(store, run, message, data).await,
            Outcome::Failed => process.call_fail(store, run, message, data).await,
            Outcome::Cancelled => process.call_cancel(store, run, message, data).await,
        };
        self.kept(reported);
        self.ended_at.get_or_insert(self.clock.elapsed());
    }

    pub(crate) async fn report_log(&mut self, name: &str, text: &str) {
        let process = self.exports.orchestra_process_lifecycle().process();
        let reported = process.call_send_log(&mut self.store, self.run, name, text).await;
        self.kept(reported);
        self.log_until = self.log_time();
    }

    /// Until when a log is delivered that is sent now.
    fn log_time(&self) -> Duration {
        self.clock.elapsed() + self.times.budget.min(self.times.delivery_timeout)
    }

    /// From now on the run's last reports have this long.
    pub(crate) async fn deliver_within(&mut self, time: Duration) {
        let time = u32::try_from(time.as_millis()).unwrap_or(u32::MAX);
        let process = self.exports.orchestra_process_lifecycle().process();
        let called = process.call_deliver_within(&mut self.store, self.run, time).await;
        self.kept(called);
    }

    /// Deliver what is left until nothing is, until the run's time is over, or until the interruption ends; returns the
    /// interruption's value.
    pub(crate) async fn deliver_to_the_end<T>(&mut self, interruption: impl Future<Output = T>) -> Option<T> {
        let until = self.log_until.max(self.ended_at.unwrap_or_default() + self.times.delivery_timeout);
        let clock = self.clock.clone();
        let over = async {
            tokio::select! {
                () = clock.reaches(until) => None,
                interrupted = interruption => Some(interrupted),
            }
        };
        self.deliver(over).await.flatten()
    }

    /// Deliver what is left for at most this long.
    pub(crate) async fn deliver_for(&mut self, time: Duration) {
        self.deliver(sleep(time)).await;
    }

    /// Move reports on until none is left, or until `until` ends; returns its value. No call into the instance is given up
    /// midway, since the instance could not be entered any more.
    async fn deliver<T>(&mut self, until: impl Future<Output = T>) -> Option<T> {
        let mut until = std::pin::pin!(until);
        while self.advance().await > 0 {
            tokio::select! {
                over = &mut until => return Some(over),
                () = self.moved() => {}
            }
        }
        None
    }

    /// How many reports are pending, having been moved on.
    pub(crate) async fn advance(&mut self) -> u32 {
        if self.broken.is_some() {
            return 0;
        }
        let process = self.exports.orchestra_process_lifecycle().process();
        let pending = process.call_advance(&mut self.store, self.run, 0).await;
        self.kept(pending).unwrap_or_default()
    }

    /// Ends when a request has moved, or when it is time to look after waits and timeouts.
    pub(crate) async fn moved(&mut self) {
        let look = self.look;
        self.look = LAST_LOOK.min(look * 2);
        tokio::select! {
            // A request that has moved may be seen a moment later only.
            () = self.activity.notified() => self.look = FIRST_LOOK,
            () = sleep(look) => {}
        }
    }

    /// What was not acknowledged.
    pub(crate) async fn shortfall(&mut self) -> Shortfall {
        if self.broken.is_some() {
            return Shortfall::default();
        }
        let process = self.exports.orchestra_process_lifecycle().process();
        let shortfall = process.call_unacknowledged(&mut self.store, self.run).await;
        self.kept(shortfall).map(Into::into).unwrap_or_default()
    }

    /// How the run has ended, if it has.
    pub(crate) async fn ended(&mut self) -> Option<Outcome> {
        let process = self.exports.orchestra_process_lifecycle().process();
        let state = process.call_state(&mut self.store, self.run).await;
        match self.kept(state) {
            Some(State::Ended(outcome)) => Some(outcome.into()),
            _ => None,
        }
    }

    /// A call's result, unless the instance broke over it. Every call after that fails, too, and does not say why.
    fn kept<T>(&mut self, called: wasmtime::Result<T>) -> Option<T> {
        called.map_err(|trap| _ = self.broken.get_or_insert_with(|| trap.root_cause().to_string())).ok()
    }

    /// Why it is broken, if it is.
    pub(crate) fn failure(&self) -> Option<String> {
        self.broken.as_ref().map(|why| format!("the process component failed: {why}"))
    }

    /// Drop a resource of the task's.
    pub(crate) async fn drop_resource(&mut self, resource: ResourceAny) {
        self.handles.retain(|handle| *handle != resource);
        self.logs.retain(|log| *log != resource);
        if self.broken.is_none() {
            let dropped = resource.resource_drop_async(&mut self.store).await;
            self.kept(dropped);
        }
    }

    /// Whether a log is open, which may hold text that is to be sent when it is old enough.
    pub(crate) fn has_open_logs(&self) -> bool {
        !self.logs.is_empty()
    }

    /// Drop the logs that the task has left open, so that what they hold is sent.
    pub(crate) async fn close_logs(&mut self) {
        while let Some(log) = self.logs.pop() {
            self.drop_resource(log).await;
            self.log_until = self.log_time();
        }
    }

    /// A call of the task's. `None` if its caller is gone before there is an answer.
    pub(crate) async fn call(
        &mut self,
        asked: &Asked,
        gone: impl Future<Output = ()>,
    ) -> Option<Result<Vec<Val>, String>> {
        let mut gone = std::pin::pin!(gone);
        let function = &asked.function;
        let of_this_run = matches!(&asked.arguments[..], [Val::Resource(handle), ..] if self.handles.contains(handle));
        let ends = function.ends.filter(|_| of_this_run && self.own_ending.get().is_none());
        if let Some(outcome) = ends {
            self.own_ending.set(Some(OwnEnding { outcome, is_acknowledged: false }));
        }
        let mut results = loop {
            if let Some(failure) = self.failure() {
                return Some(Err(failure));
            }
            let Some(results) = self.enter(asked).await else { continue };
            if !asked.has_no_room(&results) {
                break results;
            }
            // Room comes with an acknowledgement, and the endpoint gives some: else the report would have been lost.
            tokio::select! {
                () = &mut gone => return None,
                () = self.moved() => {}
            }
        };
        match &results[..] {
            [Val::Resource(handle)] if of_this_run => self.handles.push(*handle),
            [Val::Result(Ok(Some(value)))] if of_this_run => self.logs.extend(resource(value)),
            _ => {}
        }
        let is_taken = matches!(results[..], [Val::Result(Ok(_))]);
        if ends.is_some() && !is_taken {
            // It was wrong, and the run goes on.
            self.own_ending.set(None);
        }
        let waits = of_this_run && (is_taken && function.waits.is_some() || function.waits == Some(Waits::Flush));
        if waits {
            if ends.is_some() {
                self.ended_at.get_or_insert(self.clock.elapsed());
            }
            let delivered = self.wait_for(gone).await;
            if let Some(outcome) = ends {
                let is_acknowledged = !lacks_its_ending(&self.shortfall().await) && self.broken.is_none();
                self.own_ending.set(Some(OwnEnding { outcome, is_acknowledged }));
            }
            if !delivered {
                return None;
            }
            results = self.flushed(asked, results).await;
        }
        Some(Ok(results))
    }

    /// As blocking delivery would: an ending and `flush` wait. `false` if the caller is gone.
    async fn wait_for(&mut self, is_gone: impl Future<Output = ()>) -> bool {
        let until = match self.ended_at {
            Some(ended_at) => ended_at + self.times.delivery_timeout,
            None => self.clock.elapsed() + self.times.budget,
        };
        let clock = self.clock.clone();
        let over = async {
            tokio::select! {
                () = clock.reaches(until) => true,
                () = is_gone => false,
            }
        };
        self.deliver(over).await.unwrap_or(true)
    }

    /// What `flush` says after an ending or a flush was waited for, as that call's own result.
    async fn flushed(&mut self, asked: &Asked, results: Vec<Val>) -> Vec<Val> {
        let Some((flush, wrap)) = self.shared.contract.flush_for(asked) else { return results };
        match self.enter(&flush).await {
            Some(flushed) => wrap(flushed),
            None => results,
        }
    }

    /// The call itself. `None` if the instance broke over it.
    async fn enter(&mut self, asked: &Asked) -> Option<Vec<Val>> {
        let function = &asked.function;
        let mut results = vec![Val::Bool(false); function.result_types.len()];
        let called = match self.instance.get_func(&mut self.store, function.export) {
            Some(found) => found.call_async(&mut self.store, &asked.arguments, &mut results).await,
            None => Err(wasmtime::format_err!("it does not export {}", function.name)),
        };
        self.kept(called).map(|()| results)
    }
}

fn resource(value: &Val) -> Option<ResourceAny> {
    match value {
        Val::Resource(resource) => Some(*resource),
        _ => None,
    }
}

/// Whether the ending is not acknowledged, by the record of a run.
pub(crate) fn lacks_its_ending(shortfall: &Shortfall) -> bool {
    shortfall.further > 0 || shortfall.reports.iter().any(|error| matches!(error.report, Report::Ending(_)))
}

#[cfg(test)]
mod tests;
