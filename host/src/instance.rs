//! One instance of the process component, with the run that is open in it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::timeout;
use wasmtime::Store;
use wasmtime::component::{ResourceAny, ResourceType, Val};
use wasmtime_wasi::WasiCtx;

use crate::bindings::ProcessComponent;
use crate::bindings::lifecycle::{ConfigError, Delivery, Outcome, ReportError, State};
use crate::forward::Job;
use crate::host::Inner;
use crate::limits::Limits;
use crate::network::Allowed;
use crate::run::Reporting;
use crate::{store, words};

/// Orchestra's own, where no other is given.
const DEFAULT_ENDPOINT: &str = "https://webhook.getorchestra.io";
/// A silent run needs an id, too.
const NO_RUN: &str = "00000000-0000-0000-0000-000000000000";
/// The name of a run whose own cannot be used: better reported under another name than not at all.
pub(crate) const DEFAULT_NAME: &str = "task";
/// What an outbox may hold, and several times the longest report while it becomes a request.
pub(crate) const MEMORY_BYTES: usize = 256 * 1024 * 1024;
/// While a task calls for nothing, what it has reported goes on: soon after its last call, and then less and less often.
const FIRST_LOOK: Duration = Duration::from_millis(5);
const LAST_LOOK: Duration = Duration::from_millis(500);
/// What a run keeps of its rejections, and with it the ending's own.
const REJECTIONS: usize = 129;

/// A message has a limit, and 250 code points of it are shown.
const MESSAGE_CHARS: usize = 1000;

/// The last report of a run.
#[derive(Clone, Debug)]
pub(crate) struct Ending {
    pub(crate) outcome: Outcome,
    pub(crate) message: Option<String>,
    pub(crate) data: Option<String>,
}

impl Ending {
    pub(crate) fn of(outcome: Outcome) -> Self {
        Self { outcome, message: None, data: None }
    }

    pub(crate) fn failure(message: &str) -> Self {
        let message = message.chars().take(MESSAGE_CHARS).collect();
        Self { message: Some(message), ..Self::of(Outcome::Failed) }
    }
}

/// What an instance is made from, once more where one is lost.
#[derive(Clone)]
pub(crate) struct Origin {
    pub(crate) host: Inner,
    pub(crate) reporting: Option<Reporting>,
    pub(crate) name: String,
}

/// One instance, and the run that is open in it.
pub(crate) struct Instance {
    origin: Origin,
    store: Store<store::Ctx>,
    exports: ProcessComponent,
    instance: wasmtime::component::Instance,
    /// All handles to the run: the one that was opened, and those that a task has made of it.
    handles: Vec<ResourceAny>,
    pub(crate) run: ResourceAny,
    pub(crate) own_ending: OwnEndingOf,
    /// Set once it has trapped, and cannot be entered any more.
    pub(crate) broken: Option<String>,
    /// What was not reported, a sentence each.
    pub(crate) trouble: Vec<String>,
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

impl Origin {
    pub(crate) async fn open(&self) -> wasmtime::Result<Instance> {
        let endpoint =
            self.reporting.as_ref().map(|reporting| reporting.endpoint.as_deref().unwrap_or(DEFAULT_ENDPOINT));
        let hooks = self.host.client.for_reports(endpoint.and_then(Allowed::resource));
        let limits = Limits::new(self.host.process_memory_bytes);
        let mut store = store::new(&self.host.engine, WasiCtx::builder().build(), hooks, limits, None);
        let instance = self.host.process.instantiate_async(&mut store).await?;
        let exports = ProcessComponent::new(&mut store, &instance)?;
        let mut trouble = Vec::new();
        let lifecycle = exports.orchestra_process_lifecycle();
        let mut opened = None;
        if let Some(reporting) = &self.reporting {
            match self.open_reported(&mut store, &exports, reporting).await? {
                Ok(run) => opened = Some(run),
                Err(ConfigError::InvalidName(what)) => {
                    trouble.push(format!("{what}; it is reported as `{DEFAULT_NAME}`"));
                    let renamed = Self { name: DEFAULT_NAME.into(), ..self.clone() };
                    opened = renamed.open_reported(&mut store, &exports, reporting).await?.ok();
                }
                Err(error) => trouble.push(format!("nothing is reported: {}", words::of_config(&error))),
            }
        }
        let run = match opened {
            Some(run) => run,
            None => {
                let reporter = lifecycle.reporter().call_silent(&mut store).await?;
                let run = lifecycle.reporter().call_open(&mut store, reporter, NO_RUN, None).await?;
                run.map_err(|error| wasmtime::format_err!("{}", words::of_config(&error)))?
            }
        };
        Ok(Instance {
            origin: self.clone(),
            store,
            exports,
            instance,
            handles: vec![run],
            run,
            own_ending: OwnEndingOf::default(),
            broken: None,
            trouble,
        })
    }

    async fn open_reported(
        &self,
        store: &mut Store<store::Ctx>,
        exports: &ProcessComponent,
        reporting: &Reporting,
    ) -> wasmtime::Result<Result<ResourceAny, ConfigError>> {
        let lifecycle = exports.orchestra_process_lifecycle();
        let reporter = match lifecycle.reporter().call_webhook(&mut *store, reporting.api_key.expose()).await? {
            Ok(reporter) => reporter,
            Err(error) => return Ok(Err(error)),
        };
        if let Some(endpoint) = &reporting.endpoint
            && let Err(error) = lifecycle.reporter().call_set_endpoint(&mut *store, reporter, endpoint).await?
        {
            return Ok(Err(error));
        }
        // As the runner has it: no report stops the task, nor is an error that it could fail of.
        lifecycle.reporter().call_set_delivery(&mut *store, reporter, Delivery::Background).await?;
        let run = lifecycle.reporter().call_open(&mut *store, reporter, &reporting.run_id, Some(&self.name)).await?;
        reporter.resource_drop_async(store).await?;
        Ok(run)
    }
}

impl Instance {
    /// Those of the contract, in its order.
    pub(crate) fn resource_types(&mut self) -> Vec<ResourceType> {
        let resources = &self.origin.host.contract.resources;
        let types = resources.iter().map(|(export, _, _)| self.instance.get_resource(&mut self.store, export));
        types.map(|ty| ty.expect("the component exports what its type says")).collect()
    }

    pub(crate) async fn report_start(&mut self) {
        let process = self.exports.orchestra_process_lifecycle().process();
        let reported = process.call_start(&mut self.store, self.run, None, None).await;
        self.note("the start", reported);
    }

    pub(crate) async fn report_log(&mut self, name: &str, text: &str) {
        let process = self.exports.orchestra_process_lifecycle().process();
        let mut reported = process.call_send_log(&mut self.store, self.run, name, text).await;
        if let Ok(Ok(())) = reported {
            reported = process.call_flush(&mut self.store, self.run).await;
        }
        self.note("the log", reported);
    }

    /// Delivers what is in the outbox, so that an ending need not wait behind it. The error says why that is in vain.
    pub(crate) async fn make_way(&mut self) -> Result<(), String> {
        if self.broken.is_some() || self.ended().await.is_some() {
            return Ok(());
        }
        for _ in 0..REJECTIONS {
            let process = self.exports.orchestra_process_lifecycle().process();
            match process.call_flush(&mut self.store, self.run).await {
                Ok(Err(ReportError::Undelivered(why))) => {
                    let process = self.exports.orchestra_process_lifecycle().process();
                    let pending = process.call_pending(&mut self.store, self.run).await.unwrap_or_default();
                    return Err(format!("{pending} pending; {why}"));
                }
                rejected @ Ok(Err(ReportError::Refused(_) | ReportError::Denied(_))) => self.note("a report", rejected),
                delivered => {
                    self.note("a report", delivered);
                    break;
                }
            }
        }
        Ok(())
    }

    /// How the run has ended, if it has.
    async fn ended(&mut self) -> Option<Outcome> {
        let process = self.exports.orchestra_process_lifecycle().process();
        match process.call_state(&mut self.store, self.run).await {
            Ok(State::Ended(outcome)) => Some(outcome),
            _ => None,
        }
    }

    /// How the run has ended; nothing if this instance broke over it.
    pub(crate) async fn report_ending(&mut self, ending: &Ending) -> Option<Outcome> {
        let process = self.exports.orchestra_process_lifecycle().process();
        let (store, run, message, data) = (&mut self.store, self.run, ending.message.as_deref(), ending.data.as_ref());
        let mut reported = match ending.outcome {
            Outcome::Succeeded => process.call_complete(store, run, message, data).await,
            Outcome::Warning => process.call_warn(store, run, message, data).await,
            Outcome::Failed => process.call_fail(store, run, message, data).await,
            Outcome::Cancelled => process.call_cancel(store, run, message, data).await,
        };
        for _ in 0..REJECTIONS {
            let may_be_more =
                matches!(reported, Ok(Err(ReportError::Refused(_) | ReportError::Denied(_) | ReportError::Ended(_))));
            self.note("the ending", reported);
            if !may_be_more {
                break;
            }
            let process = self.exports.orchestra_process_lifecycle().process();
            reported = process.call_flush(&mut self.store, self.run).await;
        }
        if self.broken.is_some() {
            return None;
        }
        // Only an argument that breaks a rule leaves a run open, and none does.
        Some(self.ended().await.unwrap_or(ending.outcome))
    }

    /// Drops the run, and so delivers what is left of it. A task that was stopped may have left handles to it.
    pub(crate) async fn close(mut self) {
        for handle in std::mem::take(&mut self.handles) {
            _ = handle.resource_drop_async(&mut self.store).await;
        }
    }

    fn note(&mut self, report: &str, reported: wasmtime::Result<Result<(), ReportError>>) {
        match reported {
            Ok(Ok(())) => {}
            Ok(Err(error)) => self.trouble.extend(words::of_report(report, &error)),
            Err(trap) => self.broken = Some(trap.root_cause().to_string()),
        }
    }

    /// What it broke of, if it is broken.
    pub(crate) fn failure(self) -> Option<String> {
        self.broken.map(|why| format!("the process component failed: {why}"))
    }

    /// Ends when the task is gone, and with it the last that could ask for something.
    pub(crate) async fn work(&mut self, mut jobs: mpsc::Receiver<Job>) {
        let mut look = FIRST_LOOK;
        loop {
            let job = match self.has_pending().await {
                true => timeout(look, jobs.recv()).await,
                false => Ok(jobs.recv().await),
            };
            match job {
                Ok(None) => return,
                Ok(Some(job)) => {
                    self.perform(job).await;
                    look = FIRST_LOOK;
                }
                Err(_) => look = LAST_LOOK.min(look * 2),
            }
        }
    }

    /// Whether there are reports without an acknowledgement. Asking moves them on.
    async fn has_pending(&mut self) -> bool {
        if self.broken.is_some() {
            return false;
        }
        let process = self.exports.orchestra_process_lifecycle().process();
        match process.call_pending(&mut self.store, self.run).await {
            Ok(pending) => pending > 0,
            Err(trap) => {
                self.broken = Some(trap.root_cause().to_string());
                false
            }
        }
    }

    async fn perform(&mut self, job: Job) {
        match job {
            Job::Call { number, arguments, answer } => {
                let result = self.call(number, &arguments).await;
                // A task that was given up waits for no answer.
                _ = answer.send(result);
            }
            Job::Drop { resource, done } => {
                self.handles.retain(|handle| *handle != resource);
                if self.broken.is_none()
                    && let Err(trap) = resource.resource_drop_async(&mut self.store).await
                {
                    self.broken = Some(trap.root_cause().to_string());
                }
                _ = done.send(());
            }
        }
    }

    async fn call(&mut self, number: usize, arguments: &[Val]) -> Result<Vec<Val>, String> {
        if let Some(why) = &self.broken {
            return Err(format!("the process component failed: {why}"));
        }
        let function = &self.origin.host.contract.functions[number];
        let of_this_run = matches!(arguments, [Val::Resource(handle), ..] if self.handles.contains(handle));
        let ends = function.ends.filter(|_| of_this_run && self.own_ending.get().is_none());
        if let Some(outcome) = ends {
            self.own_ending.set(Some(OwnEnding { outcome, is_acknowledged: false }));
        }
        let mut results = vec![Val::Bool(false); function.result_types.len()];
        let found = self.instance.get_func(&mut self.store, function.export);
        let called = match found {
            Some(function) => function.call_async(&mut self.store, arguments, &mut results).await,
            None => Err(wasmtime::format_err!("it does not export function {number}")),
        };
        match called {
            Ok(()) => {
                if ends.is_some() {
                    let is_acknowledged = matches!(results[..], [Val::Result(Ok(_))]);
                    let ended = self.ended().await;
                    self.own_ending.set(ended.map(|outcome| OwnEnding { outcome, is_acknowledged }));
                }
                if let [Val::Resource(handle)] = results[..]
                    && of_this_run
                {
                    self.handles.push(handle);
                }
                Ok(results)
            }
            Err(trap) => {
                let why = trap.root_cause().to_string();
                self.broken = Some(why.clone());
                Err(format!("the process component failed: {why}"))
            }
        }
    }
}
