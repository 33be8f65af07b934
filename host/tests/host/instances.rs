//! How many runs a host has room for.

use host_test::component;
use host_test::endpoint::{MockEndpoint, status};
use host_test::report::{line, lines};
use orchestra_host::{CancellationToken, Config, End, Host, Instances, Outcome, Run, Task};

use crate::{cache, runtime, with_input};

/// A task on a host of its own.
fn with_room_for_one() -> &'static Task {
    let host = Host::new(&Config { cache: cache(), instances: Instances::Pooled(1), ..Config::default() }).unwrap();
    Box::leak(Box::new(host.load(component::test_task()).unwrap()))
}

#[test]
fn a_run_that_finds_no_room_begins_when_another_has_ended() {
    let task = with_room_for_one();
    let endpoint = MockEndpoint::always(status(200));
    // It waits for what it has reported.
    let first = runtime().spawn(task.run(with_input(&endpoint, r#"{"do": "report-often", "times": 100}"#)));
    endpoint.wait_for_requests(1);
    let second = runtime().spawn(task.run(with_input(&endpoint, "{}")));
    for run in [first, second] {
        assert_eq!(runtime().block_on(run).unwrap().trouble, [""; 0]);
    }
    let lines: Vec<_> = endpoint.all_requests().iter().map(line).collect();
    let started = |lines: &[String]| lines.iter().filter(|line| line.starts_with("RUNNING")).count();
    assert_eq!(lines.len(), 104);
    assert_eq!((started(&lines[..101]), started(&lines)), (1, 2), "{lines:?}");
}

#[test]
fn a_run_that_is_cancelled_while_it_finds_no_room_is_reported() {
    let task = with_room_for_one();
    let (busy, waiting) = (MockEndpoint::always(status(200)), MockEndpoint::always(status(200)));
    let stop = CancellationToken::new();
    let run = Run { cancellation: stop.clone(), ..with_input(&busy, r#"{"do": "loop"}"#) };
    let first = runtime().spawn(task.run(run));
    busy.wait_for_requests(1);
    let cancellation = CancellationToken::new();
    cancellation.cancel();
    let ended = runtime().block_on(task.run(Run { cancellation, ..with_input(&waiting, "{}") }));
    assert_eq!((ended.end, ended.outcome, ended.is_acknowledged), (End::Cancelled, Outcome::Cancelled, true));
    assert_eq!(lines(&waiting.all_requests()), ["RUNNING task started.", "CANCELLED "]);
    stop.cancel();
    runtime().block_on(first).unwrap();
}

#[test]
fn a_pool_without_room_is_refused_by_name() {
    let error = Host::new(&Config { instances: Instances::Pooled(0), ..Config::default() }).err().unwrap().to_string();
    assert!(error.contains("a pool for 0 runs can run nothing: `Instances::Pooled` takes 1 or more"), "{error}");
}
