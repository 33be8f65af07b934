use std::future::pending;

use host_test::endpoint::{MockEndpoint, Request, status};
use host_test::guest::{API_KEY, RUN_ID};
use tokio::sync::{mpsc, oneshot};
use tokio::task::spawn_blocking;
use tokio::time;

use super::*;
use crate::forward::{Answer, Job};
use crate::network::cache;
use crate::reporter::RunReporter;
use crate::{ApiKey, Config, Host};

/// Longer than a run's last reports are delivered.
const LONG: Duration = Duration::from_secs(400);

fn recipe(endpoint: &MockEndpoint) -> Recipe {
    let host = Host::new(&Config { cache: cache(), ..Config::default() }).unwrap();
    let reporting = Reporting {
        run_id: RUN_ID.into(),
        api_key: ApiKey::new(API_KEY),
        endpoint: Some(endpoint.url()),
        delivery: Vec::new(),
    };
    Recipe { shared: host.0, reporting: Some(reporting), name: "task".into() }
}

/// Time that nobody waits for.
async fn pass(span: Duration) {
    time::pause();
    time::advance(span).await;
    time::resume();
}

fn asked(shared: &Shared, name: &str, arguments: Vec<Val>) -> Asked {
    let function = shared.contract.functions.iter().find(|function| function.name == name).unwrap();
    Asked { function: Arc::clone(function), arguments }
}

fn text(text: &str) -> Val {
    Val::String(text.into())
}

fn none() -> Val {
    Val::Option(None)
}

/// As a task calls it.
async fn ask(jobs: &mpsc::Sender<Job>, asked: Asked) -> Vec<Val> {
    let (answer, answered) = oneshot::channel::<Answer>();
    jobs.send(Job::Call { asked, answer }).await.ok().unwrap();
    answered.await.unwrap().unwrap()
}

fn opened([result]: [Val; 1]) -> Val {
    match result {
        Val::Result(Ok(Some(resource))) => *resource,
        other => panic!("{other:?}"),
    }
}

async fn requests(endpoint: MockEndpoint, count: usize) -> Vec<Request> {
    spawn_blocking(move || endpoint.wait_for_requests(count)).await.unwrap()
}

/// A task may work for hours after it has reported its own ending.
#[tokio::test]
async fn a_log_that_is_sent_long_after_the_ending_has_time_to_arrive() {
    let endpoint = MockEndpoint::script([status(200), status(200)]);
    let mut instance = recipe(&endpoint).open().await.unwrap();
    instance.report_ending(&Ending::of(Outcome::Succeeded)).await;
    instance.deliver_to_the_end(pending::<()>()).await;
    pass(LONG).await;
    instance.report_log("run.log", "a line").await;
    instance.deliver_to_the_end(pending::<()>()).await;
    assert_eq!(instance.shortfall().await, Shortfall::default());
    endpoint.requests::<2>();
}

#[tokio::test]
async fn an_ending_that_was_not_taken_does_not_begin_the_runs_last_time() {
    let endpoint = MockEndpoint::script([status(200)]);
    let recipe = recipe(&endpoint);
    let mut instance = recipe.open().await.unwrap();
    let wrong = Val::Option(Some(Box::new(text("not JSON"))));
    let ending = asked(&recipe.shared, "[method]process.complete", vec![Val::Resource(instance.run), none(), wrong]);
    let results = instance.call(&ending, pending()).await.unwrap().unwrap();
    assert!(matches!(results[..], [Val::Result(Err(_))]), "{results:?}");
    assert!(instance.own_ending.get().is_none());
    pass(LONG).await;
    instance.report_ending(&Ending::of(Outcome::Succeeded)).await;
    instance.deliver_to_the_end(pending::<()>()).await;
    assert_eq!(instance.shortfall().await, Shortfall::default());
    endpoint.requests::<1>();
}

/// Every later call fails, too, and only because of the first one.
#[tokio::test]
async fn a_broken_instance_says_what_it_broke_of_first() {
    let endpoint = MockEndpoint::script([]);
    let mut instance = recipe(&endpoint).open().await.unwrap();
    instance.kept::<()>(Err(wasmtime::format_err!("the first")));
    instance.kept::<()>(Err(wasmtime::format_err!("cannot enter component instance")));
    assert_eq!(instance.failure().unwrap(), "the process component failed: the first");
}

#[tokio::test]
async fn what_a_log_has_held_for_ten_seconds_is_sent_while_the_task_calls_nothing() {
    let endpoint = MockEndpoint::script([status(200), status(200)]);
    let recipe = recipe(&endpoint);
    let reporter = RunReporter::start(recipe.shared.clone(), recipe.reporting.clone(), "task".into()).await.unwrap();
    let run = Val::Resource(reporter.run);
    let log =
        ask(&reporter.jobs, asked(&recipe.shared, "[method]process.open-log", vec![run.clone(), text("run.log")]))
            .await;
    let log = opened(log.try_into().unwrap());
    ask(&reporter.jobs, asked(&recipe.shared, "[method]log.write", vec![log, text("a line")])).await;
    // Then the start is acknowledged, and nothing waits any more.
    ask(&reporter.jobs, asked(&recipe.shared, "[method]process.flush", vec![run])).await;
    pass(Duration::from_secs(10)).await;
    let requests = requests(endpoint, 2).await;
    assert_eq!(requests[1].json()["data"], "a line");
}
