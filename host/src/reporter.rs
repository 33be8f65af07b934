//! Who reports a run: the process component at work beside the task, in a store of its own. It outlives whatever becomes of
//! the task.

use std::sync::OnceLock;
use std::time::Duration;

use orchestra_policy::{Outcome, Shortfall};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use wasmtime::component::{ResourceAny, ResourceType};

use crate::end::Ending;
use crate::forward::{Answer, Asked, Job};
use crate::instance::{Instance, OwnEnding, OwnEndingOf, Recipe, lacks_its_ending};
use crate::reporting::Reporting;
use crate::shared::Shared;

/// At most this many calls of a task wait. A task makes one at a time.
const JOBS: usize = 1;
/// A run that a task has opened itself may block the instance: for its retry budget, of a minute, or for its delivery timeout.
const LONGEST_CALL: Duration = Duration::from_secs(400);

/// The last reports of a run, and how long they may take.
pub(crate) struct Farewell {
    pub(crate) ending: Ending,
    /// A log's name, and its text.
    pub(crate) log: Option<(String, String)>,
    pub(crate) patience: Patience,
}

/// How long the end of a run may take: as long as delivery may; from a cancellation on, no longer than its grace.
pub(crate) struct Patience {
    cancellation: CancellationToken,
    cancelled: OnceLock<Instant>,
    grace: Duration,
}

impl Patience {
    pub(crate) fn new(cancellation: CancellationToken, grace: Duration) -> Self {
        Self { cancellation, cancelled: OnceLock::new(), grace }
    }

    /// Ends with a cancellation, and returns what is left of its grace.
    async fn cancelled(&self) -> Duration {
        self.cancellation.cancelled().await;
        let cancelled = *self.cancelled.get_or_init(Instant::now);
        after(cancelled, self.grace).saturating_duration_since(Instant::now())
    }

    /// Ends when an instance that is stuck must be given up, so that there is time for the ending.
    async fn is_stuck(&self) {
        tokio::select! {
            () = sleep(LONGEST_CALL) => {}
            left = self.cancelled() => sleep(left / 2).await,
        }
    }
}

/// A century is long enough never to fire.
pub(crate) fn after(moment: Instant, span: Duration) -> Instant {
    moment + span.min(Duration::from_secs(100 * 365 * 24 * 3600))
}

/// What came of a run's reports.
pub(crate) struct Parting {
    pub(crate) outcome: Outcome,
    /// Whether the endpoint has acknowledged the ending.
    pub(crate) is_acknowledged: bool,
    pub(crate) shortfall: Shortfall,
    /// Everything that did not go well, a sentence each.
    pub(crate) trouble: Vec<String>,
}

/// An instance at work: it reports the start, and then does what the task calls for until the task is gone.
pub(crate) struct RunReporter {
    pub(crate) jobs: mpsc::Sender<Job>,
    pub(crate) types: Vec<ResourceType>,
    pub(crate) run: ResourceAny,
    recipe: Recipe,
    own_ending: OwnEndingOf,
    working: JoinHandle<Instance>,
}

impl RunReporter {
    /// If the configuration is wrong, nothing is reported, and that is said at the end.
    pub(crate) async fn start(shared: Shared, reporting: Option<Reporting>, name: String) -> wasmtime::Result<Self> {
        let recipe = Recipe { shared, reporting, name };
        let mut instance = recipe.open().await?;
        let types = instance.resource_types()?;
        let (jobs, to_do) = mpsc::channel(JOBS);
        let (run, own_ending) = (instance.run, instance.own_ending.clone());
        let working = tokio::spawn(async move {
            instance.report_start().await;
            work(&mut instance, to_do).await;
            instance
        });
        Ok(Self { jobs, types, run, recipe, own_ending, working })
    }

    /// The task is gone: what it has left is delivered, and the end. An instance that is stuck or lost is replaced by
    /// a fresh one, which reports the end alone; unless the task has ended the run itself, which may have arrived.
    pub(crate) async fn end(self, farewell: Farewell) -> Parting {
        let Self { jobs, recipe, own_ending, mut working, .. } = self;
        drop(jobs);
        let Farewell { ending, log, patience } = farewell;
        let worked = tokio::select! {
            biased;
            worked = &mut working => worked.ok(),
            () = patience.is_stuck() => None,
        };
        working.abort();
        let Some(mut instance) = worked else {
            return replaced(&recipe, own_ending.get(), &ending, &patience, vec![GIVEN_UP.into()], false).await;
        };
        part(&mut instance, &ending, log, &patience).await;
        match instance.failure() {
            None => parting(&mut instance, ending.outcome).await,
            Some(why) => replaced(&recipe, own_ending.get(), &ending, &patience, vec![why], true).await,
        }
    }
}

const GIVEN_UP: &str = "a call that did not end was given up, and with it what was reported before";

/// Ends when the task is gone, and with it the last that could ask for something.
async fn work(instance: &mut Instance, mut jobs: mpsc::Receiver<Job>) {
    loop {
        let job = match instance.advance().await {
            0 if !instance.has_open_logs() => jobs.recv().await,
            _ => tokio::select! {
                biased;
                job = jobs.recv() => job,
                () = instance.moved() => continue,
            },
        };
        match job {
            None => return,
            Some(Job::Call { asked, answer }) => answer_call(instance, &asked, answer).await,
            Some(Job::Drop { resource, done }) => {
                instance.drop_resource(resource).await;
                _ = done.send(());
            }
        }
    }
}

async fn answer_call(instance: &mut Instance, asked: &Asked, answer: oneshot::Sender<Answer>) {
    let mut answer = answer;
    if let Some(result) = instance.call(asked, answer.closed()).await {
        // A task that was given up waits for no answer.
        _ = answer.send(result);
    }
}

/// Report the end, and deliver what is left. Whatever goes wrong is in the instance.
async fn part(instance: &mut Instance, ending: &Ending, log: Option<(String, String)>, patience: &Patience) {
    instance.report_ending(ending).await;
    instance.close_logs().await;
    if let Some((name, text)) = log {
        instance.report_log(&name, &text).await;
    }
    if let Some(left) = instance.deliver_to_the_end(patience.cancelled()).await {
        instance.deliver_within(left).await;
        instance.deliver_for(left).await;
    }
}

/// What came of it, after the last attempt.
async fn parting(instance: &mut Instance, reported: Outcome) -> Parting {
    let outcome = instance.ended().await.unwrap_or(reported);
    let shortfall = instance.shortfall().await;
    let is_reported = instance.refused.is_none();
    let mut trouble: Vec<String> = instance.renamed.iter().cloned().collect();
    trouble.extend(instance.refused.iter().map(|why| format!("nothing is reported: {why}")));
    trouble.extend(shortfall.sentences());
    trouble.extend(instance.failure());
    let is_acknowledged = is_reported && instance.broken.is_none() && !lacks_its_ending(&shortfall);
    Parting { outcome, is_acknowledged, shortfall, trouble }
}

/// The end of a run whose instance is lost: by a fresh one, once.
async fn replaced(
    recipe: &Recipe,
    own: Option<OwnEnding>,
    ending: &Ending,
    patience: &Patience,
    trouble: Vec<String>,
    is_known_to_be_lost: bool,
) -> Parting {
    let mut trouble = trouble;
    let stands = match own {
        Some(OwnEnding { outcome, is_acknowledged: true }) => Some((outcome, true)),
        // It may be on its way: no other ending may follow it.
        Some(OwnEnding { outcome, .. }) if !is_known_to_be_lost => Some((outcome, false)),
        _ => None,
    };
    if let Some((outcome, is_acknowledged)) = stands {
        return Parting { outcome, is_acknowledged, shortfall: Shortfall::default(), trouble };
    }
    let ending = own.map_or_else(|| ending.clone(), |own| Ending::of(own.outcome));
    let failed =
        |trouble| Parting { outcome: ending.outcome, is_acknowledged: false, shortfall: Shortfall::default(), trouble };
    let mut fresh = match recipe.open().await {
        Ok(fresh) => fresh,
        Err(error) => {
            trouble.push(format!("the ending is not reported: the process component cannot be started: {error:#}"));
            return failed(trouble);
        }
    };
    part(&mut fresh, &ending, None, patience).await;
    if let Some(why) = fresh.failure() {
        trouble.push(format!("the ending is not reported: {why}"));
        return failed(trouble);
    }
    let parting = parting(&mut fresh, ending.outcome).await;
    trouble.extend(parting.trouble);
    Parting { trouble, ..parting }
}

/// Whether a run can be reported; if not, why.
pub(crate) async fn check(shared: &Shared, reporting: &Reporting, name: &str) -> Result<(), String> {
    let recipe = Recipe { shared: shared.clone(), reporting: Some(reporting.clone()), name: name.into() };
    let instance =
        recipe.open().await.map_err(|error| format!("the process component cannot be started: {error:#}"))?;
    instance.refused.map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use host_test::component;
    use host_test::endpoint::{MockEndpoint, status};
    use host_test::guest::{API_KEY, RUN_ID};

    use crate::network::cache;
    use crate::{ApiKey, Config, End, Host, Outcome, Reporting, Run};

    /// Enough for it to work, and too little for a log.
    const TOO_LITTLE: usize = 3 * 1024 * 1024;

    /// No input is known that makes it trap, so its memory is made too small. The log is lost, and that is told; the task
    /// goes on, and its ending arrives.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_process_component_that_traps_is_replaced() {
        let endpoint = MockEndpoint::script(vec![status(200); 2]);
        let mut host = Host::new(&Config { cache: cache(), ..Config::default() }).unwrap();
        host.0.process_memory_bytes = TOO_LITTLE;
        let task = host.load(component::test_task()).unwrap();
        let reporting = Reporting {
            run_id: RUN_ID.into(),
            api_key: ApiKey::new(API_KEY),
            endpoint: Some(endpoint.url()),
            delivery: Vec::new(),
        };
        let input = r#"{"do": "log", "kib": 3000}"#.into();
        let ended = task.run(Run { reporting: Some(reporting), input, ..Run::default() }).await;

        assert!(matches!(&ended.end, End::Failed(Some(error)) if error.contains("the process component failed")));
        assert_eq!((ended.outcome, ended.is_acknowledged), (Outcome::Failed, true));
        let [trouble] = &ended.trouble[..] else { panic!("{ended:?}") };
        assert!(trouble.starts_with("the process component failed: "), "{trouble}");
        let [start, end] = endpoint.requests();
        assert_eq!((start.json()["status"].as_str(), end.json()["status"].as_str()), (Some("RUNNING"), Some("FAILED")));
    }
}
