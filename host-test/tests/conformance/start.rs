use host_test::endpoint::MockEndpoint;
use host_test::guest::{RUN_ID, Reporter, State};
use serde_json::json;

use crate::acknowledged;

#[test]
fn opening_a_run_sends_nothing() {
    let endpoint = MockEndpoint::script([]);
    let process = Reporter::to(&endpoint).run();
    assert!(matches!(process.state(), State::Open));
    drop(process);
    let [] = endpoint.requests();
}

#[test]
fn start_reports_running() {
    let endpoint = MockEndpoint::script(acknowledged(2));
    let process = Reporter::to(&endpoint).run();

    process.start(None, None).unwrap();
    assert!(matches!(process.state(), State::Running));
    process.complete(None, None).unwrap();

    let [start, _] = endpoint.requests();
    assert_eq!((start.method.as_str(), start.path.as_str(), start.query.as_deref()), ("POST", "/", None));
    assert_eq!(
        start.json(),
        json!({"event_type": "UPDATE_STATUS", "metadata": {}, "task_run_id": RUN_ID, "status": "RUNNING"})
    );
    assert_eq!(start.header("content-type"), Some("application/json"));
    assert_eq!(start.header("authorization"), Some("Bearer test-key-7f3a"));
    assert_eq!(start.header("content-length"), Some(start.body.len().to_string().as_str()));
}

#[test]
fn a_name_speaks_as_the_decorator() {
    let endpoint = MockEndpoint::script(acknowledged(2));
    let process = Reporter::to(&endpoint).open(RUN_ID, Some("etl")).unwrap();

    process.start(None, None).unwrap();
    process.complete(None, None).unwrap();

    let [start, complete] = endpoint.requests();
    assert_eq!(start.json()["message"], "etl started.");
    assert_eq!(complete.json()["message"], "etl succeeded.");
}

#[test]
fn the_endpoints_path_and_query_are_kept() {
    let endpoint = MockEndpoint::script(acknowledged(2));
    let reporter = Reporter::to(&endpoint);
    reporter.set_endpoint(&format!("{}/a/b?c=d", endpoint.url())).unwrap();
    let process = reporter.run();

    process.start(None, None).unwrap();
    process.complete(None, None).unwrap();

    let [start, _] = endpoint.requests();
    assert_eq!((start.path.as_str(), start.query.as_deref()), ("/a/b", Some("c=d")));
}

#[test]
fn ipv6_is_an_endpoint() {
    let endpoint = MockEndpoint::script_ipv6(acknowledged(2));
    let process = Reporter::to(&endpoint).run();
    process.start(None, None).unwrap();
    process.complete(None, None).unwrap();
}
