use std::future::pending;

use host_test::endpoint::{MockEndpoint, Request, status};
use host_test::guest::{API_KEY, RUN_ID};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time;

use super::*;
use crate::lent::Lent;
use crate::network::cache;
use crate::{ApiKey, Config, Host, Instances};

/// Longer than a run's last reports are delivered.
const LONG: Duration = Duration::from_secs(400);

pub(crate) fn recipe(endpoint: &MockEndpoint) -> Recipe {
    let host = Host::new(&Config { cache: cache(), instances: Instances::OnDemand, ..Config::default() }).unwrap();
    let reporting = Reporting {
        run_id: RUN_ID.into(),
        api_key: ApiKey::new(API_KEY),
        endpoint: Some(endpoint.url()),
        delivery: Vec::new(),
    };
    Recipe::new(host.0, Some(reporting), "task".into())
}

/// Time that nobody waits for.
pub(crate) async fn pass(span: Duration) {
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

fn lent(recipe: &Recipe) -> (Arc<Lent>, JoinHandle<()>) {
    lent_with(recipe, None)
}

/// The run that a task would be lent, with the log of what it writes, and what moves it on.
pub(crate) fn lent_with(recipe: &Recipe, log: Option<String>) -> (Arc<Lent>, JoinHandle<()>) {
    let lent = Arc::new(Lent::new(recipe.open().unwrap(), log).unwrap());
    let moving = tokio::spawn({
        let lent = Arc::clone(&lent);
        async move { lent.move_on().await }
    });
    (lent, moving)
}

/// Until all is delivered.
pub(crate) async fn delivered(lent: &Lent) -> Shortfall {
    lent.delivered(pending::<()>()).await;
    lent.enter(Instance::shortfall)
}

fn opened([result]: [Val; 1]) -> Val {
    match result {
        Val::Result(Ok(Some(resource))) => *resource,
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn requests(endpoint: MockEndpoint, count: usize) -> Vec<Request> {
    spawn_blocking(move || endpoint.wait_for_requests(count)).await.unwrap()
}

/// A task may work for hours after it has reported its own ending.
#[tokio::test]
async fn a_log_that_is_sent_long_after_the_ending_has_time_to_arrive() {
    let endpoint = MockEndpoint::script([status(200), status(200)]);
    let (lent, moving) = lent(&recipe(&endpoint));
    lent.enter(|instance| instance.report_ending(&Ending::of(Outcome::Succeeded)));
    delivered(&lent).await;
    pass(LONG).await;
    let until = lent.enter(|instance| {
        instance.report_log("run.log", "a line");
        instance.last_moment()
    });
    assert_eq!(lent.delivered(lent.reaches(until)).await, None);
    assert_eq!(lent.enter(Instance::shortfall), Shortfall::default());
    endpoint.requests::<2>();
    moving.abort();
}

#[tokio::test]
async fn an_ending_that_was_not_taken_does_not_begin_the_runs_last_time() {
    let endpoint = MockEndpoint::script([status(200)]);
    let recipe = recipe(&endpoint);
    let (lent, moving) = lent(&recipe);
    let wrong = Val::Option(Some(Box::new(text("not JSON"))));
    let ending = asked(&recipe.shared, "[method]process.complete", vec![Val::Resource(lent.run), none(), wrong]);
    let results = lent.call(&ending).await.unwrap();
    assert!(matches!(results[..], [Val::Result(Err(_))]), "{results:?}");
    assert!(lent.enter(|instance| instance.own_ending.is_none()));
    pass(LONG).await;
    lent.enter(|instance| instance.report_ending(&Ending::of(Outcome::Succeeded)));
    assert_eq!(delivered(&lent).await, Shortfall::default());
    endpoint.requests::<1>();
    moving.abort();
}

/// Every later call fails, too, and only because of the first one.
#[tokio::test]
async fn a_broken_instance_says_what_it_broke_of_first() {
    let endpoint = MockEndpoint::script([]);
    let mut instance = recipe(&endpoint).open().unwrap();
    instance.enter::<()>(|_, _, _| Err(wasmtime::format_err!("the first")));
    instance.enter::<()>(|_, _, _| Err(wasmtime::format_err!("cannot enter component instance")));
    assert_eq!(instance.failure().unwrap(), "the process component failed: the first");
}

#[tokio::test]
async fn what_a_log_has_held_for_ten_seconds_is_sent_while_the_task_calls_nothing() {
    let endpoint = MockEndpoint::script([status(200)]);
    let recipe = recipe(&endpoint);
    let (lent, moving) = lent(&recipe);
    let run = Val::Resource(lent.run);
    let log = lent.call(&asked(&recipe.shared, "[method]process.open-log", vec![run, text("run.log")])).await;
    let log = opened(log.unwrap().try_into().unwrap());
    lent.call(&asked(&recipe.shared, "[method]log.write", vec![log, text("a line")])).await.unwrap();
    // Nothing is to be sent yet.
    delivered(&lent).await;
    pass(Duration::from_secs(10)).await;
    let requests = requests(endpoint, 1).await;
    assert_eq!(requests[0].json()["data"], "a line");
    moving.abort();
}

/// As after a trap: the endpoint may have the first one, and counts both as one.
#[tokio::test]
async fn two_instances_of_one_run_send_the_same_ending() {
    let endpoint = MockEndpoint::script([status(200), status(200)]);
    let recipe = recipe(&endpoint);
    let ending = Ending { data: Some(r#"{"rows": 3}"#.into()), message: Some("all".into()), outcome: Outcome::Warning };
    for _ in 0..2 {
        let (lent, moving) = lent(&recipe);
        lent.enter(|instance| instance.report_ending(&ending));
        assert_eq!(delivered(&lent).await, Shortfall::default());
        moving.abort();
    }
    let [first, second] = endpoint.requests();
    assert_eq!(first.header("idempotency-key"), second.header("idempotency-key"));
    assert_eq!(first.body, second.body);
}

/// The host sends the ending once more under the key that it knows.
#[tokio::test]
async fn a_task_does_not_change_the_key_of_its_runs_ending() {
    let endpoint = MockEndpoint::script([status(200)]);
    let recipe = recipe(&endpoint);
    let (lent, moving) = lent(&recipe);
    let key = text("12345678-1234-5678-1234-000000000000");
    let set = asked(&recipe.shared, "[method]process.set-ending-key", vec![Val::Resource(lent.run), key]);
    let answer = format!("{:?}", lent.call(&set).await);
    assert!(answer.contains("has given its ending a key"), "{answer}");
    lent.enter(|instance| instance.report_ending(&Ending::of(Outcome::Succeeded)));
    assert_eq!(delivered(&lent).await, Shortfall::default());
    let [ending] = endpoint.requests();
    assert_eq!(ending.header("idempotency-key"), Some(&*recipe.ending_key.to_string()));
    moving.abort();
}
