use host_test::endpoint::{MockEndpoint, retry_after};
use host_test::guest::{Delivery, Guest, GuestProcess, ReportError, Reporter};
use host_test::host::TestHost;

use crate::acknowledged;

fn invalid(result: Result<(), ReportError>, what: &str) {
    let Err(ReportError::InvalidArgument(text)) = result else { panic!("{result:?}") };
    assert!(text.contains(what), "{text}");
}

#[test]
fn what_is_over_a_limit_is_named_and_not_sent() {
    let endpoint = MockEndpoint::script([]);
    let process = Reporter::to(&endpoint).run();
    invalid(process.start(Some(&"x".repeat(64 * 1024 + 1)), None), "64 KiB");
    invalid(process.send_log("run.log", &"x".repeat(4 * 1024 * 1024 + 1)), "4 MiB");
    invalid(process.set_output("a", &format!("\"{}\"", "x".repeat(1024 * 1024))), "1 MiB");
    invalid(process.set_output("a", &format!("{}{}", "[".repeat(1000), "]".repeat(1000))), "128 levels");
    invalid(process.start(None, Some(&format!("{{\"a\":{}{}}}", "[".repeat(1000), "]".repeat(1000)))), "128 levels");
    invalid(process.set_output(&"a".repeat(257), "1"), "256 bytes");
    invalid(process.start(None, Some("[]")), "no JSON object");
}

#[test]
fn what_is_at_a_limit_arrives() {
    let endpoint = MockEndpoint::script(acknowledged(3));
    let process = Reporter::to(&endpoint).run();
    process.send_log("run.log", &"x".repeat(4 * 1024 * 1024)).unwrap();
    process.set_output("a", &format!("\"{}\"", "x".repeat(1024 * 1024 - 2))).unwrap();
    process.complete(Some(&"x".repeat(64 * 1024)), None).unwrap();
    assert_eq!(endpoint.requests::<3>()[2].json()["message"].as_str().unwrap().len(), 64 * 1024);
}

/// A run in background delivery that holds as many reports as it may, while the endpoint asks it to wait.
fn full_run(guest: &Guest, endpoint: &MockEndpoint) -> GuestProcess {
    let reporter = guest.reporter(endpoint);
    reporter.set_delivery(Delivery::Background);
    let process = reporter.run();
    for number in 0..128 {
        process.set_output("rows", &number.to_string()).unwrap();
    }
    assert_eq!((guest.seconds(), process.pending()), (0.0, 128));
    process
}

#[test]
fn a_full_outbox_makes_the_next_report_wait() {
    let endpoint = MockEndpoint::script([vec![retry_after(503, "30")], acknowledged(130)].concat());
    let guest = Guest::on(TestHost::simulated(&endpoint));
    let process = full_run(&guest, &endpoint);

    process.set_output("rows", "128").unwrap();
    assert_eq!(guest.seconds(), 30.0);

    process.complete(None, None).unwrap();
    let requests = endpoint.requests::<131>();
    assert_eq!(requests[129].json()["output_value"], 128);
    assert_eq!(requests[130].json()["status"], "SUCCEEDED");
}

#[test]
fn a_report_that_finds_no_room_within_the_budget_is_not_taken() {
    let endpoint = MockEndpoint::script([retry_after(503, "61")]);
    let guest = Guest::on(TestHost::simulated(&endpoint));
    let process = full_run(&guest, &endpoint);
    assert!(matches!(process.set_output("rows", "128"), Err(ReportError::OutboxFull(_))));
    assert_eq!(process.pending(), 128);
}

#[test]
fn an_ending_is_taken_beyond_the_limit() {
    let endpoint = MockEndpoint::script([vec![retry_after(503, "61")], acknowledged(1)].concat());
    let guest = Guest::on(TestHost::simulated(&endpoint));
    let process = full_run(&guest, &endpoint);
    assert!(matches!(process.complete(None, None), Err(ReportError::Undelivered(_))));
    assert_eq!(process.pending(), 129);
    // The outputs are lost with the run, the ending is not.
    drop(process);
    assert_eq!(endpoint.requests::<2>()[1].json()["status"], "SUCCEEDED");
}
