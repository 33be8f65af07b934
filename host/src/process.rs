//! The process component of one run, in a store of its own: it outlives whatever becomes of the task.

use std::sync::OnceLock;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use wasmtime::component::{ResourceAny, ResourceType};

use crate::bindings::lifecycle::Outcome;
use crate::forward::Job;
use crate::host::Inner;
use crate::instance::{DEFAULT_NAME, Ending, Instance, Origin, OwnEnding, OwnEndingOf};
use crate::run::Reporting;

/// So many calls of a task may wait. A task makes one at a time.
const JOBS: usize = 1;
/// A call of the process component takes at most its retry budget, of a minute; dropping a run at most two.
const LONGEST_CALL: Duration = Duration::from_secs(150);

/// What is to be said at the end, and how long that may take.
pub(crate) struct Farewell {
    pub(crate) ending: Ending,
    /// A log's name, and its text.
    pub(crate) log: Option<(String, String)>,
    pub(crate) patience: Patience,
}

/// How long the end of a run may take: in each half of it as long as a call; from a cancellation on, no longer than its grace.
///
/// The first half is for what was reported before, so that the other is for the end.
pub(crate) struct Patience {
    began: Instant,
    cancellation: CancellationToken,
    cancelled: OnceLock<Instant>,
    grace: Duration,
}

impl Patience {
    pub(crate) fn new(cancellation: CancellationToken, grace: Duration) -> Self {
        Self { began: Instant::now(), cancellation, cancelled: OnceLock::new(), grace }
    }

    /// None where so many halves were not enough.
    async fn within<T>(&self, halves: u32, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            done = work => Some(done),
            () = self.end(halves) => None,
        }
    }

    async fn end(&self, halves: u32) {
        let of_grace = async {
            self.cancellation.cancelled().await;
            let cancelled = *self.cancelled.get_or_init(Instant::now);
            sleep_until(after(cancelled, self.grace / 2 * halves)).await;
        };
        tokio::select! {
            () = sleep_until(self.began + LONGEST_CALL * halves) => {}
            () = of_grace => {}
        }
    }
}

/// A century is for ever.
pub(crate) fn after(moment: Instant, span: Duration) -> Instant {
    moment + span.min(Duration::from_secs(100 * 365 * 24 * 3600))
}

/// What came of it.
pub(crate) struct Ended {
    pub(crate) outcome: Outcome,
    /// What was not reported, a sentence each.
    pub(crate) trouble: Vec<String>,
}

/// An instance at work: it reports the start, and then does what the task calls for until nobody can call any more.
pub(crate) struct Process {
    pub(crate) jobs: mpsc::Sender<Job>,
    pub(crate) types: Vec<ResourceType>,
    pub(crate) run: ResourceAny,
    origin: Origin,
    own_ending: OwnEndingOf,
    working: JoinHandle<Instance>,
}

impl Process {
    /// Where the configuration is wrong, nothing is reported, and that is said at the end.
    pub(crate) async fn start(host: Inner, reporting: Option<Reporting>, name: String) -> wasmtime::Result<Self> {
        let origin = Origin { host, reporting, name };
        let mut instance = origin.open().await?;
        let types = instance.resource_types();
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
    /// a fresh one, which reports the end alone; unless the task has ended the run itself, which may have arrived.
    pub(crate) async fn end(self, farewell: Farewell) -> Ended {
        let Self { jobs, origin, own_ending, mut working, .. } = self;
        drop(jobs);
        let Farewell { ending, log, patience } = farewell;
        let mut worked = patience.within(1, &mut working).await;
        if worked.is_none() && own_ending.get().is_some() {
            worked = patience.within(2, &mut working).await;
        }
        working.abort();
        if let (None, Some(own)) = (&worked, own_ending.get()) {
            return Ended { outcome: own.outcome, trouble: vec![unacknowledged("what the task reported last")] };
        }

        let mut parting = Parting { outcome: None, trouble: Vec::new() };
        let instance = match worked {
            Some(Ok(instance)) => parting.settle(instance, &patience).await,
            _ => {
                parting.trouble.push("a report that was still under way was given up".into());
                None
            }
        };
        let own = own_ending.get();
        if let Some(OwnEnding { outcome, is_acknowledged: true }) = own
            && instance.as_ref().is_none_or(|instance| instance.broken.is_some())
        {
            parting.trouble.extend(instance.and_then(Instance::failure));
            return Ended { outcome, trouble: parting.trouble };
        }
        let ending = own.map_or(ending, |own| Ending::of(own.outcome));
        let is_said = patience.within(2, parting.say(instance, &origin, &ending, log)).await.is_some();
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
    /// Has the instance deliver what was reported before the end. If it cannot, it is given up: an ending would wait behind.
    async fn settle(&mut self, instance: Instance, patience: &Patience) -> Option<Instance> {
        let mut instance = instance;
        let settled = patience.within(1, instance.make_way()).await;
        self.trouble.append(&mut instance.trouble);
        match settled {
            Some(Ok(())) => return Some(instance),
            Some(Err(why)) => self.trouble.push(format!("what was reported before the end was given up: {why}")),
            None => self.trouble.push("a report that was still under way was given up".into()),
        }
        None
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
