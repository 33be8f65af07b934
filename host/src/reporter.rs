//! Who reports a run: the process component at work beside the task, in a store of its own. It outlives whatever becomes of
//! the task.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use orchestra_policy::{Outcome, Shortfall};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::end::Ending;
use crate::instance::{Instance, Recipe, lacks_its_ending};
use crate::lent::Lent;
use crate::own::Own;
use crate::reporting::Reporting;
use crate::shared::Shared;

/// The last reports of a run, and how long they may take.
pub(crate) struct Farewell {
    pub(crate) ending: Ending,
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

/// A run that is reported: from its start on, until the task is gone and all is said.
pub(crate) struct RunReporter {
    pub(crate) lent: Arc<Lent>,
    recipe: Recipe,
    /// If something is reported.
    moving: Option<JoinHandle<()>>,
}

impl RunReporter {
    /// With the name of the log of what the task writes. If the configuration is wrong, nothing is reported, and that is said
    /// at the end.
    pub(crate) fn start(
        shared: Shared,
        reporting: Option<Reporting>,
        name: String,
        log: Option<String>,
    ) -> wasmtime::Result<Self> {
        let recipe = Recipe::new(shared, reporting, name);
        let mut instance = recipe.open()?;
        instance.report_start();
        let is_reported = instance.is_reported;
        let lent = Arc::new(Lent::new(instance, log)?);
        let moving = is_reported.then(|| moving(&lent));
        Ok(Self { lent, recipe, moving })
    }

    /// Where the task makes reporters of its own.
    pub(crate) fn own(&self) -> Own {
        Own::new(self.recipe.shared.clone(), self.recipe.endpoint())
    }

    /// The task is gone: what it has left is delivered, and the end. An instance that is lost is replaced by a fresh one,
    /// which reports the ending alone: the same one, with the same key, so that it counts once whoever has sent it before.
    pub(crate) async fn end(self, farewell: Farewell) -> Parting {
        let Farewell { ending, patience } = farewell;
        part(&self.lent, &ending, &patience).await;
        let mut parting = self.came_to(ending, &patience).await;
        if let Some(left) = self.lent.log.as_ref().and_then(|log| log.left()) {
            parting.trouble.push(left.to_string());
            parting.shortfall.reports.push(left);
        }
        parting
    }

    /// What was reported, but for what is left of the log.
    async fn came_to(&self, ending: Ending, patience: &Patience) -> Parting {
        let (failure, own) = self.lent.enter(|instance| (instance.failure(), instance.own_ending.clone()));
        let Some(failure) = failure else { return self.lent.enter(|instance| parting(instance, ending.outcome)) };
        if let Some(own) = own.as_ref().filter(|own| own.is_acknowledged) {
            let (outcome, shortfall) = (own.ending.outcome, Shortfall::default());
            return Parting { outcome, is_acknowledged: true, shortfall, trouble: vec![failure] };
        }
        let ending = own.map_or(ending, |own| own.ending);
        replaced(&self.recipe, &ending, patience, failure).await
    }
}

impl Drop for RunReporter {
    fn drop(&mut self) {
        self.moving.iter().for_each(JoinHandle::abort);
    }
}

fn moving(lent: &Arc<Lent>) -> JoinHandle<()> {
    let lent = Arc::clone(lent);
    tokio::spawn(async move { lent.move_on().await })
}

/// Report the end, and deliver what is left. Whatever goes wrong is in the instance.
async fn part(lent: &Lent, ending: &Ending, patience: &Patience) {
    let until = lent.enter(|instance| {
        instance.report_ending(ending);
        instance.close_logs();
        if let Some(log) = &lent.log {
            log.close(instance);
        }
        instance.last_moment()
    });
    let interruption = async {
        tokio::select! {
            () = lent.reaches(until) => None,
            left = patience.cancelled() => Some(left),
        }
    };
    if let Some(left) = lent.delivered(interruption).await.flatten() {
        lent.enter(|instance| instance.deliver_within(left));
        lent.delivered(sleep(left)).await;
    }
}

/// What came of it, after the last attempt.
fn parting(instance: &mut Instance, reported: Outcome) -> Parting {
    let outcome = instance.ended().unwrap_or(reported);
    let shortfall = instance.shortfall();
    let is_refused = instance.refused.is_some();
    let mut trouble: Vec<String> = instance.renamed.iter().cloned().collect();
    trouble.extend(instance.refused.iter().map(|why| format!("nothing is reported: {why}")));
    trouble.extend(shortfall.sentences());
    trouble.extend(instance.failure());
    let is_acknowledged = !is_refused && instance.broken.is_none() && !lacks_its_ending(&shortfall);
    Parting { outcome, is_acknowledged, shortfall, trouble }
}

/// The end of a run whose instance is lost: by a fresh one, once.
async fn replaced(recipe: &Recipe, ending: &Ending, patience: &Patience, failure: String) -> Parting {
    let failed = |why: String| Parting {
        outcome: ending.outcome,
        is_acknowledged: false,
        shortfall: Shortfall::default(),
        trouble: vec![failure.clone(), format!("the ending is not reported: {why}")],
    };
    let fresh = match recipe.open().and_then(|instance| Lent::new(instance, None)) {
        Ok(fresh) => Arc::new(fresh),
        Err(error) => return failed(format!("the process component cannot be started: {error:#}")),
    };
    let moving = moving(&fresh);
    part(&fresh, ending, patience).await;
    moving.abort();
    let (again, parting) = fresh.enter(|instance| (instance.failure(), parting(instance, ending.outcome)));
    match again {
        Some(why) => failed(why),
        None => Parting { trouble: [vec![failure], parting.trouble].concat(), ..parting },
    }
}

/// Whether a run can be reported; if not, why.
pub(crate) fn check(shared: &Shared, reporting: &Reporting, name: &str) -> Result<(), String> {
    let recipe = Recipe::new(shared.clone(), Some(reporting.clone()), name.into());
    let instance = recipe.open().map_err(|error| format!("the process component cannot be started: {error:#}"))?;
    instance.refused.map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use host_test::component;
    use host_test::endpoint::{MockEndpoint, status};
    use host_test::guest::{API_KEY, RUN_ID};

    use crate::network::cache;
    use crate::{ApiKey, Config, End, Ended, Host, Outcome, Reporting, Run};

    /// Enough for it to work, and too little for a log.
    const TOO_LITTLE: usize = 3 * 1024 * 1024;

    /// No input is known that makes the process component trap, so its memory is made too small. The start is waited for: the
    /// task might be faster.
    async fn ran(endpoint: &MockEndpoint, then: &str, log: Option<String>) -> Ended {
        let input = format!(r#"{{"do": "time-acknowledged", "times": 0, "then": {then}}}"#);
        let mut host = Host::new(&Config { cache: cache(), ..Config::default() }).unwrap();
        host.0.process_memory_bytes = TOO_LITTLE;
        let task = host.load(component::test_task()).unwrap();
        let reporting = Reporting {
            run_id: RUN_ID.into(),
            api_key: ApiKey::new(API_KEY),
            endpoint: Some(endpoint.url()),
            delivery: Vec::new(),
        };
        task.run(Run { reporting: Some(reporting), input, log, ..Run::default() }).await
    }

    /// The log is lost, and that is told; the task goes on, and its ending arrives.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_process_component_that_traps_is_replaced() {
        let endpoint = MockEndpoint::script(vec![status(200); 2]);
        let ended = ran(&endpoint, r#"{"do": "log", "kib": 3000}"#, None).await;

        assert!(matches!(&ended.end, End::Failed(Some(error)) if error.contains("the process component failed")));
        assert_eq!((ended.outcome, ended.is_acknowledged), (Outcome::Failed, true));
        let [trouble] = &ended.trouble[..] else { panic!("{ended:?}") };
        assert!(trouble.starts_with("the process component failed: "), "{trouble}");
        let [start, end] = endpoint.requests();
        assert_eq!((start.json()["status"].as_str(), end.json()["status"].as_str()), (Some("RUNNING"), Some("FAILED")));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_a_process_component_that_traps_has_not_sent_of_the_log_is_told_and_kept() {
        let endpoint = MockEndpoint::script(vec![status(200); 2]);
        let input = r#"{"do": "write", "text": "a line", "then": {"do": "log", "kib": 3000}}"#;
        let ended = ran(&endpoint, input, Some("task.log".into())).await;

        assert!(ended.is_acknowledged && ended.output.ends_with("a line\na line\n"));
        let [failed, log] = &ended.trouble[..] else { panic!("{ended:?}") };
        assert!(failed.starts_with("the process component failed: "), "{failed}");
        let bytes = ended.output.len();
        assert_eq!(*log, format!("not reported: log task.log: {bytes} bytes of it were not sent"));
        assert_eq!(ended.shortfall.reports.len(), 1);
        endpoint.requests::<2>();
    }
}
