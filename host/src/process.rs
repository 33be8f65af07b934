//! The process component of one run, in a store of its own: it outlives whatever becomes of the task.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use wasmtime::Store;
use wasmtime::component::{ResourceAny, ResourceType, Val};
use wasmtime_wasi::WasiCtx;

use crate::bindings::ProcessComponent;
use crate::bindings::lifecycle::{ConfigError, Outcome, ReportError, State};
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
/// What an outbox may hold, twice, and what it takes to work.
const MEMORY_BYTES: usize = 64 * 1024 * 1024;
/// So many calls of a task may wait. A task makes one at a time.
const JOBS: usize = 1;
/// A call of the process component takes at most its retry budget, of a minute; dropping a run at most two.
const LONGEST_CALL: Duration = Duration::from_secs(150);

/// A message has a limit, and 250 code points of it are shown.
pub(crate) const MESSAGE_CHARS: usize = 1000;

/// The last report of a run.
#[derive(Clone, Debug)]
pub(crate) enum Ending {
    Complete,
    Fail { message: String, data: Option<String> },
    Cancel,
}

/// What is to be said at the end, and how long that may take.
pub(crate) struct Farewell {
    pub(crate) ending: Ending,
    /// A log's name, and its text.
    pub(crate) log: Option<(String, String)>,
    /// Without one, as long as the process component's own limits are.
    pub(crate) within: Option<Duration>,
}

impl Farewell {
    pub(crate) fn failure(message: &str) -> Self {
        let message = message.chars().take(MESSAGE_CHARS).collect();
        Self { ending: Ending::Fail { message, data: None }, log: None, within: None }
    }
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
    run: ResourceAny,
    /// Set once it has trapped, and cannot be entered any more.
    broken: Option<String>,
    trouble: Vec<String>,
}

/// An instance at work: it reports the start, and then does what the task calls for until nobody can call any more.
pub(crate) struct Process {
    pub(crate) jobs: mpsc::Sender<Job>,
    pub(crate) types: Vec<ResourceType>,
    pub(crate) run: ResourceAny,
    origin: Origin,
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
        let origin = instance.origin.clone();
        let (jobs, to_do) = mpsc::channel(JOBS);
        let run = instance.run;
        let working = tokio::spawn(async move {
            instance.report_start().await;
            instance.work(to_do).await;
            instance
        });
        Ok(Self { jobs, types, run, origin, working })
    }

    /// The task is gone: what it has left is delivered, and then the end. An instance that is stuck or lost is replaced by
    /// a fresh one, which reports the end alone.
    pub(crate) async fn end(self, farewell: Farewell) -> Ended {
        let Self { jobs, origin, mut working, .. } = self;
        drop(jobs);
        let Farewell { ending, log, within } = farewell;
        let patience = within.map_or(LONGEST_CALL, |within| within / 2);
        let mut trouble = Vec::new();
        let instance = match timeout(patience, &mut working).await {
            Ok(Ok(instance)) => Some(instance),
            Ok(Err(_)) => None,
            Err(_) => {
                working.abort();
                trouble.push("a report that was still under way was given up".to_string());
                None
            }
        };
        let patience = within.map_or(LONGEST_CALL, |within| within - within / 2);
        match timeout(patience, say_farewell(instance, &origin, &ending, log, &mut trouble)).await {
            Ok(outcome) => Ended { outcome, trouble },
            Err(_) => {
                trouble.push("the ending was not reported: no acknowledgement within the grace period".into());
                Ended { outcome: ending.outcome(), trouble }
            }
        }
    }
}

async fn say_farewell(
    instance: Option<Instance>,
    origin: &Origin,
    ending: &Ending,
    log: Option<(String, String)>,
    trouble: &mut Vec<String>,
) -> Outcome {
    let mut instance = instance;
    // An instance that traps over the ending is replaced once.
    for _ in 0..2 {
        let mut current = match instance.take() {
            Some(current) if current.broken.is_none() => current,
            lost => {
                trouble.extend(
                    lost.and_then(|lost| lost.broken).map(|why| format!("the process component failed: {why}")),
                );
                match origin.open().await {
                    Ok(fresh) => fresh,
                    Err(error) => {
                        trouble.push(format!("the ending was not reported: {error:#}"));
                        return ending.outcome();
                    }
                }
            }
        };
        let outcome = current.report_ending(ending).await;
        if let (Some(_), Some((name, text))) = (outcome, &log) {
            current.report_log(name, text).await;
        }
        trouble.append(&mut current.trouble);
        if let Some(outcome) = outcome {
            current.close().await;
            return outcome;
        }
        instance = Some(current);
    }
    trouble.extend(instance.and_then(|lost| lost.broken).map(|why| format!("the ending was not reported: {why}")));
    ending.outcome()
}

impl Origin {
    async fn open(&self) -> wasmtime::Result<Instance> {
        let endpoint =
            self.reporting.as_ref().map(|reporting| reporting.endpoint.as_deref().unwrap_or(DEFAULT_ENDPOINT));
        let hooks = self.host.client.for_reports(endpoint.and_then(Allowed::origin));
        let limits = Limits::new(MEMORY_BYTES);
        let mut store = store::new(&self.host.engine, WasiCtx::builder().build(), hooks, limits, None);
        let instance = self.host.process.instantiate_async(&mut store).await?;
        let exports = ProcessComponent::new(&mut store, &instance)?;
        let mut trouble = Vec::new();
        let lifecycle = exports.orchestra_process_lifecycle();
        let mut opened = None;
        if let Some(reporting) = &self.reporting {
            match self.open_reported(&mut store, &exports, reporting).await? {
                Ok(run) => opened = Some(run),
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
        Ok(Instance { origin: self.clone(), store, exports, instance, run, broken: None, trouble })
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
        let reported = process.call_send_log(&mut self.store, self.run, name, text).await;
        self.note("the log", reported);
    }

    /// How the run has ended; nothing if this instance broke over it.
    async fn report_ending(&mut self, ending: &Ending) -> Option<Outcome> {
        let process = self.exports.orchestra_process_lifecycle().process();
        let (store, run) = (&mut self.store, self.run);
        let reported = match ending {
            Ending::Complete => process.call_complete(store, run, None, None).await,
            Ending::Fail { message, data } => process.call_fail(store, run, Some(message), data.as_ref()).await,
            Ending::Cancel => process.call_cancel(store, run, None, None).await,
        };
        self.note("the ending", reported);
        if self.broken.is_some() {
            return None;
        }
        let process = self.exports.orchestra_process_lifecycle().process();
        match process.call_state(&mut self.store, self.run).await {
            Ok(State::Ended(outcome)) => Some(outcome),
            // Only an argument that breaks a rule leaves a run open, and none does.
            _ => Some(ending.outcome()),
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

    /// Ends when the task is gone, and with it the last that could ask for something.
    async fn work(&mut self, mut jobs: mpsc::Receiver<Job>) {
        while let Some(job) = jobs.recv().await {
            match job {
                Job::Call { number, arguments, answer } => {
                    let result = self.call(number, &arguments).await;
                    // A task that was given up waits for no answer.
                    _ = answer.send(result);
                }
                Job::Drop { resource, done } => {
                    if self.broken.is_none()
                        && let Err(trap) = resource.resource_drop_async(&mut self.store).await
                    {
                        self.broken = Some(trap.root_cause().to_string());
                    }
                    _ = done.send(());
                }
            }
        }
    }

    async fn call(&mut self, number: usize, arguments: &[Val]) -> Result<Vec<Val>, String> {
        if let Some(why) = &self.broken {
            return Err(format!("the process component failed: {why}"));
        }
        let function = &self.origin.host.contract.functions[number];
        let mut results = vec![Val::Bool(false); function.results];
        let found = self.instance.get_func(&mut self.store, function.export);
        let called = match found {
            Some(function) => function.call_async(&mut self.store, arguments, &mut results).await,
            None => Err(wasmtime::format_err!("it does not export function {number}")),
        };
        match called {
            Ok(()) => Ok(results),
            Err(trap) => {
                let why = trap.root_cause().to_string();
                self.broken = Some(why.clone());
                Err(format!("the process component failed: {why}"))
            }
        }
    }
}

impl Ending {
    fn outcome(&self) -> Outcome {
        match self {
            Self::Complete => Outcome::Succeeded,
            Self::Fail { .. } => Outcome::Failed,
            Self::Cancel => Outcome::Cancelled,
        }
    }
}
