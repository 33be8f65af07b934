//! The process component of one run, in a store of its own: it outlives whatever becomes of the task.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};
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
const DEFAULT_NAME: &str = "task";
/// What an outbox may hold, and several times the longest report while it becomes a request.
pub(crate) const MEMORY_BYTES: usize = 256 * 1024 * 1024;
/// So many calls of a task may wait. A task makes one at a time.
const JOBS: usize = 1;
/// A call of the process component takes at most its retry budget, of a minute; dropping a run at most two.
const LONGEST_CALL: Duration = Duration::from_secs(150);
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

/// What is to be said at the end, and how long that may take.
pub(crate) struct Farewell {
    pub(crate) ending: Ending,
    /// A log's name, and its text.
    pub(crate) log: Option<(String, String)>,
    /// Without one, as long as the process component's own limits are.
    pub(crate) within: Option<Duration>,
}

/// What came of it.
pub(crate) struct Ended {
    pub(crate) outcome: Outcome,
    /// What was not reported, a sentence each.
    pub(crate) trouble: Vec<String>,
}

/// What an instance is made from, once more where one is lost.
#[derive(Clone)]
struct Origin {
    host: Inner,
    reporting: Option<Reporting>,
    name: String,
}

/// One instance, and the run that is open in it.
struct Instance {
    origin: Origin,
    store: Store<store::Ctx>,
    exports: ProcessComponent,
    instance: wasmtime::component::Instance,
    /// All handles to the run: the one that was opened, and those that a task has made of it.
    handles: Vec<ResourceAny>,
    run: ResourceAny,
    own_ending: OwnEnding,
    /// Set once it has trapped, and cannot be entered any more.
    broken: Option<String>,
    trouble: Vec<String>,
}

/// An ending that the task is reporting itself, and that may or may not have arrived: no other may follow it.
#[derive(Clone, Default)]
struct OwnEnding(Arc<Mutex<Option<Outcome>>>);

impl OwnEnding {
    fn get(&self) -> Option<Outcome> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, outcome: Option<Outcome>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = outcome;
    }
}

/// An instance at work: it reports the start, and then does what the task calls for until nobody can call any more.
pub(crate) struct Process {
    pub(crate) jobs: mpsc::Sender<Job>,
    pub(crate) types: Vec<ResourceType>,
    pub(crate) run: ResourceAny,
    origin: Origin,
    own_ending: OwnEnding,
    working: JoinHandle<Instance>,
}

impl Process {
    /// Where the configuration is wrong, nothing is reported, and that is said at the end.
    pub(crate) async fn start(host: Inner, reporting: Option<Reporting>, name: String) -> wasmtime::Result<Self> {
        let origin = Origin { host, reporting, name };
        let mut instance = origin.open().await?;
        let mut types = Vec::new();
        for (export, _, _) in &instance.origin.host.contract.resources {
            types.extend(instance.instance.get_resource(&mut instance.store, export));
        }
        let (jobs, to_do) = mpsc::channel(JOBS);
        let (run, own_ending) = (instance.run, instance.own_ending.clone());
        let working = tokio::spawn(async move {
            instance.report_start().await;
            instance.work(to_do).await;
            instance
        });
        Ok(Self { jobs, types, run, origin, own_ending, working })
    }

    /// The task is gone: what it has left is delivered, and then the end. An instance that is stuck or lost is replaced by
    /// a fresh one, which reports the end alone; unless it is stuck in an ending.
    pub(crate) async fn end(self, farewell: Farewell) -> Ended {
        let Self { jobs, origin, own_ending, mut working, .. } = self;
        drop(jobs);
        let Farewell { ending, log, within } = farewell;
        let now = Instant::now();
        let half = now + within.map_or(LONGEST_CALL, |within| within / 2);
        let whole = now + within.unwrap_or(2 * LONGEST_CALL);
        let mut worked = timeout_at(half, &mut working).await;
        if worked.is_err() && own_ending.get().is_some() {
            worked = timeout_at(whole, &mut working).await;
        }
        working.abort();
        let own_ending = own_ending.get();
        if let (Err(_), Some(outcome)) = (&worked, own_ending) {
            return Ended { outcome, trouble: vec![unacknowledged("the task's own ending")] };
        }

        let mut parting = Parting { outcome: None, trouble: Vec::new() };
        let mut instance = worked.ok().and_then(Result::ok);
        if within.is_some() {
            instance = parting.settle(instance, half).await;
        }
        if instance.is_none() {
            parting.trouble.push("a report that was still under way was given up".into());
        }
        let ending = own_ending.map_or(ending, Ending::of);
        let is_said = timeout_at(whole, parting.say(instance, &origin, &ending, log)).await.is_ok();
        let Parting { outcome, mut trouble } = parting;
        if !is_said {
            trouble.push(unacknowledged(if outcome.is_none() { "the ending" } else { "what followed the ending" }));
        }
        Ended { outcome: outcome.unwrap_or(ending.outcome), trouble }
    }
}

fn unacknowledged(report: &str) -> String {
    format!("{report} was not reported: no acknowledgement in time")
}

/// What is known of a run's last reports, at any moment.
struct Parting {
    /// Once the ending was reported, or given up by the process component: which one stands.
    outcome: Option<Outcome>,
    trouble: Vec<String>,
}

impl Parting {
    /// Where time is short, half of it is for what was reported before, so that the other is for the end. An instance that
    /// cannot deliver it is given up.
    async fn settle(&mut self, instance: Option<Instance>, half: Instant) -> Option<Instance> {
        let mut instance = instance?;
        let is_ready = timeout_at(half, instance.is_ready_to_end()).await.unwrap_or(false);
        self.trouble.append(&mut instance.trouble);
        is_ready.then_some(instance)
    }

    async fn say(
        &mut self,
        instance: Option<Instance>,
        origin: &Origin,
        ending: &Ending,
        log: Option<(String, String)>,
    ) {
        let mut instance = instance;
        // An instance that traps over the ending is replaced once.
        for _ in 0..2 {
            let mut current = match instance.take() {
                Some(current) if current.broken.is_none() => current,
                lost => {
                    self.trouble.extend(lost.and_then(Instance::failure));
                    match origin.open().await {
                        Ok(fresh) => fresh,
                        Err(error) => return self.trouble.push(format!("the ending was not reported: {error:#}")),
                    }
                }
            };
            self.outcome = current.report_ending(ending).await;
            self.trouble.append(&mut current.trouble);
            if self.outcome.is_some() {
                if let Some((name, text)) = &log {
                    current.report_log(name, text).await;
                    self.trouble.append(&mut current.trouble);
                }
                return current.close().await;
            }
            instance = Some(current);
        }
        self.trouble.extend(instance.and_then(Instance::failure));
        self.trouble.push("the ending was not reported".into());
    }
}

/// Whether a run can be reported; if not, why.
pub(crate) async fn check(host: &Inner, reporting: &Reporting) -> Result<(), String> {
    let origin = Origin { host: host.clone(), reporting: Some(reporting.clone()), name: DEFAULT_NAME.into() };
    let instance =
        origin.open().await.map_err(|error| format!("the process component cannot be started: {error:#}"))?;
    instance.trouble.into_iter().next().map_or(Ok(()), Err)
}

impl Origin {
    async fn open(&self) -> wasmtime::Result<Instance> {
        let endpoint =
            self.reporting.as_ref().map(|reporting| reporting.endpoint.as_deref().unwrap_or(DEFAULT_ENDPOINT));
        let hooks = self.host.client.for_reports(endpoint.and_then(Allowed::origin));
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
            own_ending: OwnEnding::default(),
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
    async fn report_start(&mut self) {
        let process = self.exports.orchestra_process_lifecycle().process();
        let reported = process.call_start(&mut self.store, self.run, None, None).await;
        self.note("the start", reported);
    }

    async fn report_log(&mut self, name: &str, text: &str) {
        let process = self.exports.orchestra_process_lifecycle().process();
        let mut reported = process.call_send_log(&mut self.store, self.run, name, text).await;
        if let Ok(Ok(())) = reported {
            reported = process.call_flush(&mut self.store, self.run).await;
        }
        self.note("the log", reported);
    }

    /// Delivers what is in the outbox. False where that is in vain, and an ending would wait behind it.
    async fn is_ready_to_end(&mut self) -> bool {
        if self.broken.is_some() {
            return true;
        }
        let process = self.exports.orchestra_process_lifecycle().process();
        if let Ok(State::Ended(_)) = process.call_state(&mut self.store, self.run).await {
            return true;
        }
        for _ in 0..REJECTIONS {
            let process = self.exports.orchestra_process_lifecycle().process();
            let delivered = process.call_flush(&mut self.store, self.run).await;
            let is_over = !matches!(delivered, Ok(Err(ReportError::Refused(_) | ReportError::Denied(_))));
            let is_undelivered = matches!(delivered, Ok(Err(ReportError::Undelivered(_))));
            if !is_undelivered {
                self.note("a report", delivered);
            }
            if is_over {
                return !is_undelivered;
            }
        }
        true
    }

    /// How the run has ended; nothing if this instance broke over it.
    async fn report_ending(&mut self, ending: &Ending) -> Option<Outcome> {
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
        let process = self.exports.orchestra_process_lifecycle().process();
        match process.call_state(&mut self.store, self.run).await {
            Ok(State::Ended(outcome)) => Some(outcome),
            // Only an argument that breaks a rule leaves a run open, and none does.
            _ => Some(ending.outcome),
        }
    }

    /// Delivers what is left in its outbox, and drops the run.
    async fn close(mut self) {
        _ = self.run.resource_drop_async(&mut self.store).await;
    }

    fn note(&mut self, report: &str, reported: wasmtime::Result<Result<(), ReportError>>) {
        match reported {
            Ok(Ok(())) => {}
            Ok(Err(error)) => self.trouble.extend(words::of_report(report, &error)),
            Err(trap) => self.broken = Some(trap.root_cause().to_string()),
        }
    }

    /// What it broke of, if it is broken.
    fn failure(self) -> Option<String> {
        self.broken.map(|why| format!("the process component failed: {why}"))
    }

    /// Ends when the task is gone, and with it the last that could ask for something.
    async fn work(&mut self, mut jobs: mpsc::Receiver<Job>) {
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
        let ends = function.ends.filter(|_| of_this_run);
        if ends.is_some() {
            self.own_ending.set(ends);
        }
        let mut results = vec![Val::Bool(false); function.results];
        let found = self.instance.get_func(&mut self.store, function.export);
        let called = match found {
            Some(function) => function.call_async(&mut self.store, arguments, &mut results).await,
            None => Err(wasmtime::format_err!("it does not export function {number}")),
        };
        match called {
            Ok(()) => {
                // From here on the run's state tells.
                self.own_ending.set(None);
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

#[cfg(test)]
mod tests {
    use host_test::component;
    use host_test::endpoint::{MockEndpoint, status};
    use host_test::guest::{API_KEY, RUN_ID};

    use super::*;
    use crate::{ApiKey, Cache, Config, End, Host, Run};

    /// Enough for it to work, and too little for a log.
    const TOO_LITTLE: usize = 3 * 1024 * 1024;

    /// Nothing that is known makes it trap, so its memory is made too small. The log is lost, and told; the task and the
    /// ending are not.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_process_component_that_traps_is_replaced() {
        let endpoint = MockEndpoint::script(vec![status(200); 2]);
        let mut host = Host::new(&Config { cache: Cache::Off, certificate_authorities: None }).unwrap();
        host.0.process_memory_bytes = TOO_LITTLE;
        let task = host.load(component::test_task()).unwrap();
        let reporting =
            Reporting { run_id: RUN_ID.into(), api_key: ApiKey::new(API_KEY), endpoint: Some(endpoint.url()) };
        let input = r#"{"do": "log", "kib": 3000}"#.into();
        let ended = task.run(Run { reporting: Some(reporting), input, ..Run::default() }).await;

        assert!(matches!(&ended.end, End::Failed(Some(error)) if error.contains("the process component failed")));
        assert_eq!(ended.outcome, Outcome::Failed);
        let [trouble] = &ended.trouble[..] else { panic!("{ended:?}") };
        assert!(trouble.starts_with("the process component failed: "), "{trouble}");
        let [start, end] = endpoint.requests();
        assert_eq!((start.json()["status"].as_str(), end.json()["status"].as_str()), (Some("RUNNING"), Some("FAILED")));
    }
}
