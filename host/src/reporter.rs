//! Who reports a run: the process component at work beside the task, in a store of its own. It outlives whatever becomes of
//! the task.

use std::sync::Arc;

use orchestra_policy::Outcome;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::end::Ending;
use crate::farewell::{Farewell, Parting, Patience, Speaker, part_with};
use crate::instance::{Instance, OwnEnding, Recipe, lacks_its_ending};
use crate::lent::Lent;
use crate::own::Own;
use crate::reporting::Reporting;
use crate::shared::Shared;

/// A run that is reported: from its start on, until the task is gone and all is said.
pub(crate) struct RunReporter {
    recipe: Recipe,
    first: Moving,
}

/// A run, and what moves it on if something is reported.
struct Moving {
    lent: Arc<Lent>,
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
        Ok(Self { recipe, first: Moving::new(instance, log)? })
    }

    /// The run, for the task.
    pub(crate) fn lent(&self) -> Arc<Lent> {
        Arc::clone(&self.first.lent)
    }

    /// Where the task makes reporters of its own.
    pub(crate) fn own(&self) -> Own {
        Own::new(self.recipe.shared.clone(), self.recipe.endpoint())
    }

    /// The task is gone: what it has left is delivered, and the end.
    pub(crate) async fn end(self, farewell: Farewell) -> Parting {
        let Self { recipe, first } = self;
        let log = first.lent.log.clone();
        let fresh = || {
            let fresh = recipe.open().and_then(|instance| Moving::new(instance, None));
            fresh.map_err(|error| format!("{error:#}"))
        };
        let mut parting = part_with(first, fresh, &farewell).await;
        if let Some(left) = log.and_then(|log| log.left()) {
            parting.trouble.push(left.to_string());
            parting.shortfall.reports.push(left);
        }
        parting
    }
}

impl Moving {
    fn new(instance: Instance, log: Option<String>) -> wasmtime::Result<Self> {
        let is_reported = instance.is_reported;
        let lent = Arc::new(Lent::new(instance, log)?);
        let moving = is_reported.then(|| {
            let lent = Arc::clone(&lent);
            tokio::spawn(async move { lent.move_on().await })
        });
        Ok(Self { lent, moving })
    }
}

impl Drop for Moving {
    fn drop(&mut self) {
        self.moving.iter().for_each(JoinHandle::abort);
    }
}

impl Speaker for Moving {
    async fn say(&self, ending: &Ending, patience: &Patience) {
        let lent = &self.lent;
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

    fn failure(&self) -> Option<String> {
        self.lent.enter(|instance| instance.failure())
    }

    fn own_ending(&self) -> Option<OwnEnding> {
        self.lent.enter(|instance| instance.own_ending.clone())
    }

    fn parting(&self, reported: Outcome) -> Parting {
        self.lent.enter(|instance| {
            let outcome = instance.ended().unwrap_or(reported);
            let shortfall = instance.shortfall();
            let mut trouble: Vec<String> = instance.renamed.iter().cloned().collect();
            trouble.extend(instance.refused.iter().map(|why| format!("nothing is reported: {why}")));
            trouble.extend(shortfall.sentences());
            trouble.extend(instance.failure());
            let is_lost = instance.refused.is_some() || instance.broken.is_some();
            let is_acknowledged = !is_lost && !lacks_its_ending(&shortfall);
            Parting { outcome, is_acknowledged, shortfall, trouble }
        })
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
