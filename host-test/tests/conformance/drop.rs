use host_test::endpoint::{MockEndpoint, hang};
use host_test::guest::{Guest, QUICK, Reporter, RetryPolicy};
use host_test::host::TestHost;

use crate::acknowledged;

#[test]
fn a_run_that_is_dropped_without_an_ending_has_failed() {
    let endpoint = MockEndpoint::script(acknowledged(2));
    let process = Reporter::to(&endpoint).run();
    process.start(None, None).unwrap();
    drop(process);
    let [_, ending] = endpoint.requests();
    assert_eq!(ending.json()["status"], "FAILED");
    assert_eq!(ending.json()["message"], "ended without reporting an outcome");
}

#[test]
fn a_run_that_has_ended_reports_nothing_when_it_is_dropped() {
    let endpoint = MockEndpoint::script(acknowledged(2));
    let process = Reporter::to(&endpoint).run();
    process.start(None, None).unwrap();
    process.complete(None, None).unwrap();
    drop(process);
    let [_, _] = endpoint.requests();
}

/// What stands in the way is lost with the run; the ending need not be.
#[test]
fn an_ending_goes_out_alone_if_an_earlier_report_does_not() {
    let endpoint = MockEndpoint::script([vec![hang(); 4], acknowledged(1)].concat());
    let guest = Guest::on(TestHost::simulated(&endpoint));
    let reporter = guest.reporter(&endpoint);
    reporter.set_retry_policy(RetryPolicy { budget: 40_000, delivery_timeout: 40_000, ..QUICK }).unwrap();
    let process = reporter.run();
    process.start(None, None).unwrap_err();
    drop(process);
    let requests = endpoint.requests::<5>();
    assert!(requests[..4].iter().all(|request| request.json()["status"] == "RUNNING"));
    assert_eq!(requests[4].json()["status"], "FAILED");
}

/// A guard can end the run that a task holds, and the run does not end twice.
#[test]
fn a_run_is_dropped_with_its_last_handle() {
    let endpoint = MockEndpoint::script(acknowledged(2));
    let process = Reporter::to(&endpoint).run();
    let other = process.share();
    process.start(None, None).unwrap();
    drop(process);
    other.complete(None, None).unwrap();
    let [_, ending] = endpoint.requests();
    assert_eq!(ending.json()["status"], "SUCCEEDED");
}
